import assert from "node:assert/strict";
import { test } from "node:test";
import { summary } from "../../../web/state/waiting_summary.js";

const NOW = 1_000_000;
const calm = {
  time: NOW,
  waiting: 0,
  held: 0,
  longest_since: null,
  long_at: null,
  too_long_at: null,
  unknown: 0,
  bridges: 2,
  bridges_out_of_date: 0,
};
const one = { ...calm, waiting: 1, longest_since: NOW - 61_000, long_at: NOW + 1, too_long_at: NOW + 2 };
const line = (changes) => summary({ ...calm, ...changes }, NOW);

test("nobody waits only if everyone has been checked on bridges that respond", () => {
  assert.deepEqual(line({}), { state: "none", count: { key: "nobody_waiting_short" }, longest: null, rest: null });
  assert.deepEqual(line({ unknown: 3 }).count, { key: "waiting_line.unknown", args: { n: 3 } });
  assert.deepEqual(line({ bridges_out_of_date: 2 }), { state: "doubtful", count: { key: "no_bridge" }, longest: null, rest: null });
  assert.equal(line({ bridges: 0 }).count.key, "no_bridge");
  assert.deepEqual(line({ bridges_out_of_date: 1 }).rest, { key: "waiting_line.bridges", args: { n: 1 } });
  assert.equal(line({ bridges_out_of_date: 1 }).state, "doubtful");
});

test("the longest wait runs on, and passes its thresholds at their moments", () => {
  assert.equal(summary(one, NOW).longest, 61_000);
  assert.deepEqual(
    [0, 1, 2].map((later) => summary(one, NOW + later).state),
    ["waiting", "long", "too_long"],
  );
  assert.equal(summary({ ...one, bridges_out_of_date: 1 }, NOW + 2).state, "too_long");
});

test("people on hold are named if no one else waits", () => {
  assert.deepEqual(line({ held: 2 }).rest, { key: "held_n", args: { n: 2 } });
  assert.equal(summary({ ...one, held: 2 }, NOW).rest, null);
});
