import assert from "node:assert/strict";
import { test } from "node:test";
import { Claims, claimOf, handledByOthers, nextStep, RENEW, takeable } from "../../../web/state/claims.js";
import { byId, claim, meeting, person } from "./sample_rows.js";

const kept = (more = {}) => ({ kind: "person", id: "p", by: "key", renewedAt: 0, seen: true, ...more });
const world = (more = {}) => ({
  now: RENEW,
  inputAt: 1,
  open: false,
  idle: false,
  at: { person: ["p"], meeting: [null] },
  ...more,
});

test("a claim on a participant counts before the one on their meeting", () => {
  const meetings = byId(meeting("m", { claim: claim("max") }));
  assert.equal(claimOf(person("a"), meetings)?.by, "max");
  assert.equal(claimOf(person("a", { claim: claim("mo") }), meetings)?.by, "mo");
  assert.equal(claimOf(person("a", { meeting: "n" }), meetings), null);
});

test("only other users' claims count, each with its participant", () => {
  const people = [
    person("a", { claim: claim("mo") }),
    person("b", { claim: claim("me") }),
    person("c"),
    person("d", { meeting: "n" }),
  ];
  const handled = handledByOthers(people, byId(meeting("m", { claim: claim("max") })), "me");
  assert.deepEqual(
    handled.map((each) => [each.person.id, each.claim.by]),
    [
      ["a", "mo"],
      ["c", "max"],
    ],
  );
});

test("take next asks for participants without a claim, in the order shown", () => {
  const people = [
    person("mine", { claim: claim("me") }),
    person("theirs", { claim: claim("max") }),
    person("held", { hold: { by: "max" } }),
    person("going", { pending: { action: "admit" } }),
    person("in", { lobby: "in" }),
    person("z"),
    person("covered", { meeting: "n" }),
    person("a"),
  ];
  assert.deepEqual(takeable(people, byId(meeting("m"), meeting("n", { claim: claim("max") }))), ["z", "a"]);
  assert.equal(
    takeable(
      Array.from({ length: 500 }, (_, n) => person(`p${n}`)),
      byId(),
    ).length,
    200,
  );
});

test("a claim is renewed while its user is active, and otherwise expires", () => {
  assert.equal(nextStep(kept(), world()), "renew");
  assert.equal(nextStep(kept(), world({ now: RENEW - 1 })), "leave", "not too often");
  assert.equal(nextStep(kept({ renewedAt: 10 }), world({ now: 60_000, inputAt: 9 })), "leave", "no input since");
  assert.equal(
    nextStep(kept({ renewedAt: 10 }), world({ now: 60_000, inputAt: 9, open: true })),
    "leave",
    "not while a menu is open",
  );
  assert.equal(nextStep(kept(), world({ open: true, idle: true })), "leave", "nobody is there");
});

test("moving to another row or closing the menu releases a claim", () => {
  assert.equal(nextStep(kept(), world({ at: { person: ["q"], meeting: [null] } })), "release");
  assert.equal(nextStep(kept(), world({ at: { person: ["q"], meeting: [null] }, open: true })), "renew", "the menu is of somebody");
  assert.equal(nextStep(kept({ by: "menu" }), world()), "release");
  assert.equal(nextStep(kept({ by: "menu" }), world({ open: true })), "renew");
  assert.equal(
    nextStep(kept({ kind: "meeting", id: "m" }), world({ at: { person: ["q"], meeting: ["open", "m"] } })),
    "renew",
    "of another one than the open",
  );
  assert.equal(nextStep(kept({ kind: "meeting", id: "m" }), world({ at: { person: ["q"], meeting: ["open", null] } })), "release");
});

/** A page's claims, with a clock and the messages sent. */
function page() {
  const sent = [];
  const all = { now: 0, sent, results: [] };
  all.claims = new Claims(
    (message) => sent.push(message) > 0,
    () => all.now,
  );
  all.claim = (ids, by = "key") => all.claims.claim("person", ids, by, (result) => all.results.push(result));
  all.answer = (person, result = "done") =>
    all.claims.onReply({ type: "reply", ref: sent.at(-1).ref, state: "finished", results: [{ person, result }] });
  all.update = (mine, more = {}) => all.claims.update({ ...world(more) }, () => mine);
  return all;
}

test("a granted claim is kept, renewed by its id, and released once", () => {
  const all = page();
  all.claim(["a", "p"]);
  assert.deepEqual([sentTypes(all), all.sent[0].ids], [["claim"], ["a", "p"]]);
  assert.equal(all.answer("p"), true);
  assert.deepEqual(all.results, [{ person: "p", result: "done" }]);
  assert.ok(all.claims.has("person", "p"));
  all.now = RENEW;
  all.update(true, { inputAt: 10 });
  assert.deepEqual(all.sent[1].ids, ["p"]);
  all.claims.release("person");
  all.claims.release("person");
  assert.deepEqual(sentTypes(all), ["claim", "claim", "release"]);
});

test("a claim of another user is not kept, and a late renewal ends a claim", () => {
  const all = page();
  all.claim(["a"]);
  all.answer("a", "claimed");
  assert.equal(all.claims.own.size, 0);
  all.claim(["p"]);
  all.answer("p");
  all.now = RENEW;
  all.update(true, { inputAt: 10 });
  all.answer("p", "claimed");
  assert.equal(all.claims.own.size, 0);
});

test("a claim that rows no longer show is forgotten, but not before they have shown it", () => {
  const all = page();
  all.claim(["p"]);
  all.answer("p");
  all.update(false);
  assert.ok(all.claims.has("person", "p"), "the row has not come yet");
  all.update(true);
  all.update(false);
  assert.equal(all.claims.own.size, 0);
});

test("answers to other requests are ignored", () => {
  assert.equal(page().claims.onReply({ type: "reply", ref: "x-1", state: "finished", results: [] }), false);
});

const sentTypes = (all) => all.sent.map((message) => message.type);
