import assert from "node:assert/strict";
import { test } from "node:test";
import { Attention, IDLE, initials, others, usersLookingAt } from "../../../web/state/presence.js";
import { byId } from "./sample_rows.js";

const user = (id, more = {}) => ({ kind: "user", id, role: "moderator", looks_at: [], idle_since: null, ...more });

test("every name has initials", () => {
  assert.deepEqual(["max", "max.muster", "Ana Lucía Silva", "é", "b@example.org", "..", "李雷"].map(initials), [
    ...["M", "MM", "AS", "É", "BO", "?", "李"],
  ]);
});

test("other users are listed, present ones first, and never the user", () => {
  const users = byId(user("zoe"), user("me"), user("max", { idle_since: 5 }), user("ana"));
  const all = others(users, "me");
  assert.deepEqual(
    all.map((each) => each.id),
    ["ana", "zoe", "max"],
  );
  assert.deepEqual(
    usersLookingAt([user("a", { looks_at: ["m"] }), user("b", { looks_at: ["n"] })], "m").map((each) => each.id),
    ["a"],
  );
});

/** A page's attention, with a clock and the messages sent. */
function page() {
  const sent = [];
  const all = { now: 0, sent };
  all.attention = new Attention(
    (message) => sent.push(message) > 0,
    () => all.now,
  );
  return all;
}

test("the open meeting is sent when it changes, and again on a new connection", () => {
  const { attention, sent } = page();
  for (const meeting of [null, null, "m", "m", null]) attention.report(meeting, false);
  attention.forget();
  attention.report(null, false);
  assert.deepEqual(
    sent.map((each) => each.meeting),
    [null, "m", null, null],
  );
});

test("a user is idle after three minutes without input or on a hidden page, until the next input", () => {
  const all = page();
  all.attention.report(null, false);
  all.now = IDLE - 1;
  all.attention.report(null, false);
  all.now = IDLE;
  all.attention.report(null, false);
  all.attention.touch();
  all.attention.report(null, false);
  all.attention.report(null, true);
  assert.deepEqual(
    all.sent.map((each) => each.idle),
    [false, true, false, true],
  );
});

test("a report that a closed socket did not take is sent later", () => {
  let open = false;
  const attention = new Attention(() => open);
  attention.report("m", false);
  assert.equal(attention.sent, "");
  open = true;
  attention.report("m", false);
  assert.notEqual(attention.sent, "");
});
