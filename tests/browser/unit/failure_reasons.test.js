import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { CODES, kindOf, reasonOf, STEPS, sentence } from "../../../web/lib/failure_reasons.js";
import { has, use } from "../../../web/lib/i18n.js";
import { codeOf, outcomeText, resultText } from "../../../web/views/outcome_text.js";

const catalogue = (language) => JSON.parse(readFileSync(new URL(`../../../web/i18n/${language}.json`, import.meta.url), "utf8"));
const LANGUAGES = ["en", "de", "fr", "es"];
use(catalogue("en"), "en");

/** The reasons that CMS's API documents, and the one for participants that it leaves out. */
const DOCUMENTED =
  `callDoesNotExist callLegDoesNotExist callLegCannotBeDeleted participantCannotBeModified participantCannotBeDeleted
  participantLimitReached tenantParticipantLimitReached callBridgeDoesNotExist callBridgeUnavailable callBridgeGroupUnavailable
  loadBalancingDisabled callRecordingCannotBeModified callStreamingCannotBeModified recordingLimitReached recordingNotAllowedByLicensing
  coSpaceDoesNotExist tenantDoesNotExist cdrReceiverDoesNotExist tooManyCdrReceivers parameterError invalidOperation invalidVersion
  unrecognizedObject databaseNotReady tooManyLdapSyncs participantDoesNotExist`.split(/\s+/);

test("the table has every reason that CMS documents", () => {
  assert.deepEqual(Object.keys(CODES).sort(), [...DOCUMENTED].sort());
});

for (const language of LANGUAGES) {
  test(`every reason has words and a next step in ${language}, short enough to be read`, () => {
    use(catalogue(language), language);
    try {
      for (const [kind, step] of Object.entries(STEPS)) {
        for (const key of [`reason.${kind}`, `reason_next.${step}`]) assert.ok(has(key), key);
      }
      for (const code of DOCUMENTED) {
        const text = sentence(reasonOf(code, { action: "admit" }));
        assert.ok(text.length > 20 && text.length < 230, text);
        assert.doesNotMatch(text, new RegExp(code), "the code is small print");
      }
    } finally {
      use(catalogue("en"), "en");
    }
  });
}

/** The server's sentences. @type {[string, string][]} */
const REASONS = [
  ["the user name or password was refused (401)", "credentials"],
  ["the user may not do this (403)", "forbidden"],
  ["404", "gone"],
  ["no call leg", "gone"],
  ["without a reason (409)", "conflict"],
  ["without a reason (500)", "server_error"],
  ["without a reason", "no_reason"],
  ["the bridge is busy (503)", "busy"],
  ["no answer within 10s; the person still reads as waiting", "timeout"],
  ["not reachable: connection refused (os error 111)", "unreachable"],
  ["not reachable: the bridge does not answer; it is not known whether the request was carried out", "unreachable"],
  ["not reachable: the bridge is not followed any more", "not_followed"],
  ["an answer that cannot be read: <html>", "garbled"],
  ["the certificate has expired", "untrusted"],
  ["eu-1 runs CMS 2.8; admitting one person needs 2.9 or later", "too_old_admit"],
  ["eu-1 runs CMS 3.3; putting people back into the lobby needs 3.4 or later", "too_old_send_back"],
  ["eu-1 refused to put people back into the lobby; it is asked again after it was away", "refuses_send_back"],
  ["hosted on the Call Bridge x, which is not configured in Usher", "elsewhere"],
  ["it is not known which bridge hosts the person", "home_unknown"],
  ["CMS accepted the request, but the person still reads as waiting", "unconfirmed"],
  ["CMS accepted the request, but eu-2 does not read so; eu-3 can't be read: busy", "unconfirmed"],
  ["left after CMS had accepted the request", "left"],
  ["Usher was restarted while this was under way; it was not sent again", "interrupted"],
  ["Usher is stopping", "stopping"],
  ["the log of actions has no room; nothing was done", "log_full"],
  ["is in the call; only who waits can be held", "not_waiting"],
  ["parameterError parameter=deactivated error=invalidValue", "parameter"],
  ["somethingDoesNotExist", "gone"],
  ["brandNew2027, participantLimitReached", "participant_limit"],
  ["brandNew2027", "unknown"],
  ["toString", "unknown"],
  ["constructor", "unknown"],
];

for (const [reason, kind] of REASONS) {
  test(`"${reason}" is ${kind}`, () => assert.equal(kindOf(reason), kind));
}

test("a refused admission has advice, which is more certain if no host is in the meeting", () => {
  const outcome = { result: "refused", reason: "participantCannotBeModified" };
  const words = (about) => resultText(outcome, "admit", "Björn Müller", 0, String, about);
  assert.equal(
    words({ noHost: true }),
    "CMS refused to admit Björn Müller. No host is in the meeting. Ask a host to join, then try again.",
  );
  assert.match(words({}), /^CMS refused to admit Björn Müller\. CMS does not allow anyone.* Ask a host to join, then try again\.$/);
  assert.equal(codeOf(outcome), "participantCannotBeModified");
  assert.doesNotMatch(outcomeText(outcome, "mute", 0, String), /host is in/);
});

test("an unknown reason is shown with its code, however long it is", () => {
  assert.equal(
    sentence(reasonOf("brandNew2027")),
    "CMS gave a reason that Usher doesn’t know: brandNew2027. Try again. If it keeps happening, give this code to a CMS administrator.",
  );
  const long = reasonOf("x".repeat(5000));
  assert.ok(long.code.length <= 81 && sentence(long).length < 300);
});

test("the reason names the parameter that CMS rejected", () => {
  assert.match(reasonOf("parameterError parameter=deactivated error=invalidValue").words, /\(deactivated\)/);
  assert.match(reasonOf("parameterError").words, /\(\?\)/);
});

test("a moderator's text is never taken for a reason of CMS", () => {
  assert.equal(codeOf({ result: "held", reason: "participantLimitReached" }), "");
});
