import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { use } from "../../../web/lib/i18n.js";
import { outcomeWords, pressWords, undoneWords } from "../../../web/lib/outcome_text.js";
import { failures, Presses } from "../../../web/net/action_requests.js";

const catalogue = JSON.parse(readFileSync(new URL("../../../web/i18n/en.json", import.meta.url), "utf8"));
use(catalogue, "en");
const NOW = 100_000;
const clock = () => "14:02";
const names = (...ids) => new Map(ids.map((id) => [id, id.toUpperCase()]));

function page() {
  const sent = [];
  const presses = new Presses(
    (message) => sent.push(message) > 0,
    () => {},
    () => NOW,
  );
  const act = (deed, ids, message) => presses.act(deed, names(...ids), { people: ids, ...message });
  const reply = (press, state, results = []) =>
    presses.reply({ type: "reply", ref: press.ref, at_seq: 1, state, people: press.names.size, results });
  return { sent, presses, act, reply, words: (press) => pressWords(press, NOW, clock) };
}
const result = (person, word, more = {}) => ({ person, result: word, ...more });

test("a press says what it does, then what it did, with every failure counted by kind", () => {
  const { act, reply, words } = page();
  const press = act("admit", ["a", "b", "c", "d"], { type: "admit", scope: "selection" });
  assert.equal(words(press), "Admitting 4 ...");
  reply(press, "progress", [result("a", "done"), result("b", "refused", { reason: "participantLimitReached" })]);
  assert.equal(words(press), "Admitting 4 ...");
  reply(press, "finished", [result("c", "claimed", { by: "max" }), result("d", "stopped")]);
  assert.equal(words(press), "Admitted 1, 1 refused: The meeting is full, 1 handled by others, 1 stopped");
  assert.deepEqual(
    failures(press).map((each) => each.person),
    ["b", "c"],
    "who was stopped is no failure",
  );
});

test("a result that is put right takes the place of the first, also after the end", () => {
  const { act, reply, words } = page();
  const press = act("admit", ["a", "b"], { type: "admit", scope: "selection" });
  reply(press, "progress", [result("a", "unconfirmed")]);
  reply(press, "progress", [result("a", "done", { corrected: true })]);
  reply(press, "finished", [result("b", "unconfirmed")]);
  assert.equal(words(press), "Admitted 1, 1 not confirmed");
  reply(press, "finished", [result("b", "done", { corrected: true })]);
  assert.equal(words(press), "Admitted 2");
  assert.deepEqual(failures(press), []);
});

test("somebody who was let in before is told with who did it, and when", () => {
  const { act, reply, words } = page();
  const press = act("admit", ["a"], { type: "admit", scope: "person" });
  reply(press, "finished", [result("a", "already", { by: "max", at: NOW - 2000 })]);
  assert.equal(words(press), "Already admitted by max 2 s ago");
  assert.equal(
    outcomeWords(result("a", "already", { by: "max", at: NOW - 600_000 }), "admit", NOW, clock),
    "Already admitted by max at 14:02",
  );
  assert.equal(outcomeWords(result("a", "already"), "mute", NOW, clock), "Was already muted");
});

test("what another handles is said by name, and tried again over their claim alone", () => {
  const { act, reply, words, presses, sent } = page();
  const press = act("admit", ["a", "b"], { type: "admit", scope: "selection" });
  reply(press, "finished", [result("a", "done"), result("b", "claimed", { by: "max", claim: "c7" })]);
  const again = presses.again(press, ["b"], { over: ["c7"] });
  assert.deepEqual({ ...sent.at(-1), ref: "" }, { type: "admit", people: ["b"], scope: "selection", over: ["c7"], ref: "" });
  assert.deepEqual([[...again.names.values()], failures(press)], [["B"], []]);
  reply(again, "finished", [result("b", "claimed", { by: "max", claim: "c9" })]);
  assert.equal(words(again), "max is handling B.");
});

test("an undo is reported per person: sent back, or still in", () => {
  const { act, reply, words } = page();
  const press = act("send_back", ["a", "b", "c"], { type: "send_back", scope: "undo" });
  const results = [
    result("a", "done"),
    result("b", "refused", { reason: "eu-1 runs CMS 3.3; putting people back into the lobby needs 3.4 or later" }),
    result("c", "left"),
  ];
  reply(press, "finished", results);
  assert.equal(words(press), "Sent 1 back, 1 still in, 1 left before");
  assert.deepEqual(
    results.map((each) => undoneWords(each, NOW, clock)),
    [
      "Sent back",
      "Still in: Refused: This bridge’s version of CMS can’t put people back into the lobby. Tell an administrator of CMS: a newer version can.",
      "Had left already",
    ],
  );
});

test("a meeting's press is told with its name, and why it failed", () => {
  const { presses, reply, words } = page();
  const lock = () => presses.act("lock", names("m"), { type: "lock", meeting: "m", on: true });
  const [one, two] = [lock(), lock()];
  reply(one, "finished", [{ meeting: "m", result: "done" }]);
  reply(two, "finished", [{ meeting: "m", result: "unreachable" }]);
  assert.deepEqual([words(one), words(two)], ["M is locked", "Not locked: The bridge did not answer"]);
});

test("a stop names the press", () => {
  const { act, presses, sent, words } = page();
  const press = act("admit", ["a", "b"], { type: "admit", scope: "meeting" });
  presses.stop(press);
  assert.deepEqual([sent.at(-1).type, sent.at(-1).press, words(press)], ["stop", press.ref, "Stopping ..."]);
});

test("every deed has all its words", () => {
  const has = (key) => key in catalogue || `${key}.other` in catalogue;
  const people = ["admit", "send_back", "remove", "mute", "unmute", "hold", "unhold", "rename"];
  const meetings = ["lock", "unlock", "message", "unmessage"];
  for (const deed of [...people, ...meetings]) {
    for (const family of ["do", "anyway", "doing", "did", "already", "already_by"])
      assert.ok(has(`${family}.${deed}`), `${family}.${deed}`);
  }
  for (const action of ["admit", "send_back", "remove", "mute", "unmute", "rename", "lock", "unlock", "message"]) {
    for (const family of ["pending", "pending_by"]) assert.ok(has(`${family}.${action}`), `${family}.${action}`);
    if (action !== "admit") assert.ok(has(`not_done.${action}`), action);
  }
  for (const deed of ["admit", "send_back", "remove", "mute", "unmute", "unhold"]) {
    for (const family of ["ask", "ask_n", "do_n"]) assert.ok(has(`${family}.${deed}`), `${family}.${deed}`);
  }
  for (const word of ["left", "unconfirmed", "refused", "unreachable", "claimed", "held", "stopped", "interrupted"])
    assert.ok(has(`outcome_${word}`) && has(`result_${word}_n`), word);
  const logged = ["done", "unconfirmed", "already", "left", "refused", "unreachable", "claimed", "held", "stopped", "interrupted"];
  for (const word of logged) assert.ok(has(`log.result_${word}`), word);
});

test("a press that was cut off says whether the server had it, and one that may not go says that it did not", () => {
  const { presses, act, words } = page();
  const [heard, unheard] = [act("admit", ["a"], { type: "admit" }), act("admit", ["b"], { type: "admit" })];
  presses.receipt(heard.ref);
  presses.cut();
  assert.deepEqual([heard.state, unheard.state], ["cut_off", "unheard"]);
  assert.match(words(unheard), /before the server confirmed this/);
  const sent = [];
  const doubtful = new Presses(
    (message) => sent.push(message) > 0,
    () => {},
    () => NOW,
    () => false,
  );
  const press = doubtful.act("admit", names("c"), { type: "admit", people: ["c"] });
  assert.deepEqual([press.state, sent.length], ["unsent", 0]);
  assert.match(words(press), /^Not sent/);
});
