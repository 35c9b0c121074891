import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { use } from "../../../web/lib/i18n.js";
import { ActionRequests, failures } from "../../../web/net/action_requests.js";
import { outcomeText, requestText, undoResultText } from "../../../web/views/outcome_text.js";

const catalogue = JSON.parse(readFileSync(new URL("../../../web/i18n/en.json", import.meta.url), "utf8"));
use(catalogue, "en");
const NOW = 100_000;
const clock = () => "14:02";
const names = (...ids) => new Map(ids.map((id) => [id, id.toUpperCase()]));

function page() {
  const sent = [];
  const actionRequests = new ActionRequests(
    (message) => sent.push(message) > 0,
    () => {},
    () => NOW,
  );
  const act = (action, ids, message) => actionRequests.start(action, names(...ids), { people: ids, ...message });
  const reply = (request, state, results = []) =>
    actionRequests.onReply({ type: "reply", ref: request.ref, at_seq: 1, state, people: request.names.size, results });
  return { sent, actionRequests, act, reply, words: (request) => requestText(request, NOW, clock) };
}
const result = (person, word, more = {}) => ({ person, result: word, ...more });

test("a request says what it does, then what it did, with failures counted by kind", () => {
  const { act, reply, words } = page();
  const request = act("admit", ["a", "b", "c", "d"], { type: "admit", scope: "selection" });
  assert.equal(words(request), "Admitting 4");
  reply(request, "progress", [result("a", "done"), result("b", "refused", { reason: "participantLimitReached" })]);
  assert.equal(words(request), "Admitting 4");
  reply(request, "finished", [result("c", "claimed", { by: "max" }), result("d", "stopped")]);
  assert.equal(words(request), "Admitted 1, 1 refused: The meeting is full, 1 claimed by others, 1 stopped");
  assert.deepEqual(
    failures(request).map((each) => each.person),
    ["b", "c"],
    "who was stopped is no failure",
  );
});

test("a corrected result replaces the first one, even after the end", () => {
  const { act, reply, words } = page();
  const request = act("admit", ["a", "b"], { type: "admit", scope: "selection" });
  reply(request, "progress", [result("a", "unconfirmed")]);
  reply(request, "progress", [result("a", "done", { corrected: true })]);
  reply(request, "finished", [result("b", "unconfirmed")]);
  assert.equal(words(request), "Admitted 1, 1 not confirmed");
  reply(request, "finished", [result("b", "done", { corrected: true })]);
  assert.equal(words(request), "Admitted 2");
  assert.deepEqual(failures(request), []);
});

test("the result for somebody already admitted says who did it, and when", () => {
  const { act, reply, words } = page();
  const request = act("admit", ["a"], { type: "admit", scope: "person" });
  reply(request, "finished", [result("a", "already", { by: "max", at: NOW - 2000 })]);
  assert.equal(words(request), "Already admitted by max 2 s ago");
  assert.equal(
    outcomeText(result("a", "already", { by: "max", at: NOW - 600_000 }), "admit", NOW, clock),
    "Already admitted by max at 14:02",
  );
  assert.equal(outcomeText(result("a", "already"), "mute", NOW, clock), "Was already muted");
});

test("the result names another user's claim, and a retry overrides only that claim", () => {
  const { act, reply, words, actionRequests, sent } = page();
  const request = act("admit", ["a", "b"], { type: "admit", scope: "selection" });
  reply(request, "finished", [result("a", "done"), result("b", "claimed", { by: "max", claim: "c7" })]);
  const again = actionRequests.retry(request, ["b"], { over: ["c7"] });
  assert.deepEqual({ ...sent.at(-1), ref: "" }, { type: "admit", people: ["b"], scope: "selection", over: ["c7"], ref: "" });
  assert.deepEqual([[...again.names.values()], failures(request)], [["B"], []]);
  reply(again, "finished", [result("b", "claimed", { by: "max", claim: "c9" })]);
  assert.equal(words(again), "max has claimed B.");
});

test("an undo reports each participant: sent back, or still in", () => {
  const { act, reply, words } = page();
  const request = act("send_back", ["a", "b", "c"], { type: "send_back", scope: "undo" });
  const results = [
    result("a", "done"),
    result("b", "refused", { reason: "eu-1 runs CMS 3.3; putting people back into the lobby needs 3.4 or later" }),
    result("c", "left"),
  ];
  reply(request, "finished", results);
  assert.equal(words(request), "Sent 1 back, 1 could not be undone, 1 left before");
  assert.deepEqual(
    results.map((each) => undoResultText(each, NOW, clock)),
    [
      "Sent back",
      "Could not be undone. Refused: This bridge’s version of CMS can’t send people back to the lobby. Tell a CMS administrator that a newer version can.",
      "Left before",
    ],
  );
});

test("a meeting's request is shown with its name, and why it failed", () => {
  const { actionRequests, reply, words } = page();
  const lock = () => actionRequests.start("lock", names("m"), { type: "lock", meeting: "m", on: true });
  const [one, two] = [lock(), lock()];
  reply(one, "finished", [{ meeting: "m", result: "done" }]);
  reply(two, "finished", [{ meeting: "m", result: "unreachable" }]);
  assert.deepEqual([words(one), words(two)], ["Locked M", "Not locked. The bridge did not respond"]);
});

test("a stop names the request", () => {
  const { act, actionRequests, sent, words } = page();
  const request = act("admit", ["a", "b"], { type: "admit", scope: "meeting" });
  actionRequests.stop(request);
  assert.deepEqual([sent.at(-1).type, sent.at(-1).press, words(request)], ["stop", request.ref, "Stopping"]);
});

test("a request that was cut off says whether the server received it, and one that may not be sent says so", () => {
  const { actionRequests, act, words } = page();
  const [heard, unheard] = [act("admit", ["a"], { type: "admit" }), act("admit", ["b"], { type: "admit" })];
  actionRequests.onReceipt(heard.ref);
  actionRequests.onDisconnected();
  assert.deepEqual([heard.state, unheard.state], ["cut_off", "unheard"]);
  assert.match(words(unheard), /before the server confirmed this/);
  const sent = [];
  const doubtful = new ActionRequests(
    (message) => sent.push(message) > 0,
    () => {},
    () => NOW,
    () => false,
  );
  const request = doubtful.start("admit", names("c"), { type: "admit", people: ["c"] });
  assert.deepEqual([request.state, sent.length], ["unsent", 0]);
  assert.match(words(request), /^Not sent/);
});
