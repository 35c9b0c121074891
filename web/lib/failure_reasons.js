// Why an action failed, in words, with a next step. Reads CMS's codes (the children of `failureDetails`), HTTP statuses, and what Usher's
// server says of bridges that it could not ask. Stored reasons keep their form; this file only interprets them. Pure.

import { t } from "./i18n.js";

/**
 * @typedef {{ words: string, next: string, code: string }} Reason  `code`: the original code, for small print
 * @typedef {{ action?: string, noHost?: boolean }} About  the action, and whether it is known that no host is in the meeting
 */

/** Codes are cut to this length. */
const LONGEST_CODE = 80;

/** The next step (`reason_next.*`) for each reason (`reason.*`). @type {Readonly<Record<string, string>>} */
export const STEPS = {
  gone: "list",
  call_gone: "list",
  no_host: "host",
  no_admission: "host",
  cannot_modify: "elsewhere",
  cannot_delete: "elsewhere",
  participant_limit: "room",
  tenant_limit: "room",
  bridge_unknown: "admin",
  bridge_down: "again",
  load_balancing: "admin",
  recording_fixed: "admin",
  streaming_fixed: "admin",
  recording_limit: "again",
  recording_license: "admin",
  space_gone: "admin",
  tenant_gone: "admin",
  cdr_gone: "admin",
  cdr_full: "admin",
  parameter: "admin",
  invalid_operation: "list",
  invalid_version: "admin",
  unrecognized: "admin",
  database: "again",
  ldap: "again",
  credentials: "credentials",
  forbidden: "credentials",
  conflict: "list",
  server_error: "again",
  busy: "again",
  no_reason: "again",
  timeout: "look",
  unreachable: "again",
  untrusted: "certificate",
  garbled: "look",
  paused: "resume",
  not_followed: "configuration",
  too_old_admit: "version",
  too_old_send_back: "version",
  refuses_send_back: "elsewhere",
  elsewhere: "configuration",
  home_unknown: "again",
  unanswered: "look",
  unconfirmed: "look",
  interrupted: "look",
  not_waiting: "list",
  stopping: "again",
  log_full: "log",
  left: "list",
  unknown: "code",
};

/** CMS's codes. @type {Readonly<Record<string, keyof typeof STEPS>>} */
export const CODES = {
  callDoesNotExist: "call_gone",
  callLegDoesNotExist: "gone",
  participantDoesNotExist: "gone",
  callLegCannotBeDeleted: "cannot_delete",
  participantCannotBeModified: "cannot_modify",
  participantCannotBeDeleted: "cannot_delete",
  participantLimitReached: "participant_limit",
  tenantParticipantLimitReached: "tenant_limit",
  callBridgeDoesNotExist: "bridge_unknown",
  callBridgeUnavailable: "bridge_down",
  callBridgeGroupUnavailable: "bridge_down",
  loadBalancingDisabled: "load_balancing",
  callRecordingCannotBeModified: "recording_fixed",
  callStreamingCannotBeModified: "streaming_fixed",
  recordingLimitReached: "recording_limit",
  recordingNotAllowedByLicensing: "recording_license",
  coSpaceDoesNotExist: "space_gone",
  tenantDoesNotExist: "tenant_gone",
  cdrReceiverDoesNotExist: "cdr_gone",
  tooManyCdrReceivers: "cdr_full",
  parameterError: "parameter",
  invalidOperation: "invalid_operation",
  invalidVersion: "invalid_version",
  unrecognizedObject: "unrecognized",
  databaseNotReady: "database",
  tooManyLdapSyncs: "ldap",
};

/** Sentences of Usher's server; the first pattern that matches counts. @type {readonly (readonly [RegExp, keyof typeof STEPS])[]} */
const SENTENCES = [
  [/^the log of actions has no room/, "log_full"],
  [/\(401\)/, "credentials"],
  [/\(403\)/, "forbidden"],
  [/^404\b|\(404\)|no call leg/, "gone"],
  [/\(409\)/, "conflict"],
  [/\(503\)/, "busy"],
  [/\(5\d\d\)/, "server_error"],
  [/^without a reason/, "no_reason"],
  [/^(left|ended) after /, "left"],
  [/is paused|paused by/, "paused"],
  [/not followed|follows it no more/, "not_followed"],
  [/needs 2\.9/, "too_old_admit"],
  [/needs 3\.4/, "too_old_send_back"],
  [/refused to put people back/, "refuses_send_back"],
  [/^hosted on the Call Bridge/, "elsewhere"],
  [/which bridge hosts/, "home_unknown"],
  [/^CMS has not answered the request/, "unanswered"],
  [/^CMS accepted the request/, "unconfirmed"],
  [/^no answer within|timed out/, "timeout"],
  [/^not reachable|does not answer|unreachable/, "unreachable"],
  [/certificate|fingerprint|not trusted/i, "untrusted"],
  [/cannot be read|can't be read/, "garbled"],
  [/restarted/, "interrupted"],
  [/only who waits/, "not_waiting"],
  [/^Usher (is stopping|was stopped)/, "stopping"],
];

/** The form of CMS's codes. */
const CODE = /^[A-Za-z][A-Za-z0-9_]*$/;

/** Which reason of the table it is. @param {string} reason @param {About} [about] @returns {keyof typeof STEPS} */
export function kindOf(reason, { action = "", noHost = false } = {}) {
  const codes = reason.split(",").map((part) => part.trim().split(/\s/)[0] ?? "");
  const code = codes.find((each) => Object.hasOwn(CODES, each));
  if (code !== undefined) return ofCode(CODES[code] ?? "unknown", action, noHost);
  // The table lacks some codes, but their names say what they mean.
  if (codes.some((each) => CODE.test(each) && each.endsWith("DoesNotExist"))) return "gone";
  return SENTENCES.find(([pattern]) => pattern.test(reason))?.[1] ?? "unknown";
}

/** When CMS refuses to admit a participant who is there, a host is usually missing. @param {string} kind @param {string} action @param {boolean} noHost */
function ofCode(kind, action, noHost) {
  if (kind !== "cannot_modify" || action !== "admit") return kind;
  return noHost ? "no_host" : "no_admission";
}

/** @param {string} reason as the server sent it, "" for none @param {About} [about] @returns {Reason | null} */
export function reasonOf(reason, about) {
  if (reason.trim() === "") return null;
  const kind = kindOf(reason, about);
  const code = shortened(reason);
  const [, parameter = "?"] = /\bparameter=(\S+)/.exec(code) ?? [];
  return { words: t(`reason.${kind}`, { code, parameter }), next: t(`reason_next.${STEPS[kind]}`, { code }), code };
}

/** The words and the next step as one text. @param {Reason} reason */
export const sentence = ({ words, next }) => `${words} ${next}`;

/** @param {string} text */
function shortened(text) {
  const letters = [...text.replace(/\s+/g, " ").trim()];
  return letters.length > LONGEST_CODE ? `${letters.slice(0, LONGEST_CODE).join("")}…` : letters.join("");
}
