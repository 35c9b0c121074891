import assert from "node:assert/strict";
import { test } from "node:test";
import { handler, isDue, isNew, level, readDuration, thresholdsOf, tooLong, waited } from "../../../web/state/wait_thresholds.js";

const own = { id: "m", thresholds: { first_s: 60, second_s: 90, own: true } };
const waits = (more = {}) => ({ id: "p", meeting: "m", lobby: "waiting", waiting_since: 1000, ...more });

test("a wait has its meeting's thresholds, or the default ones if the meeting is not known", () => {
  assert.deepEqual(
    [59_999, 60_000, 89_999, 90_000].map((ms) => level(ms, thresholdsOf(own))),
    [0, 1, 1, 2],
  );
  assert.deepEqual(
    [119_999, 120_000, 300_000].map((ms) => level(ms, thresholdsOf(undefined))),
    [0, 1, 2],
  );
});

test("only participants in the lobby wait", () => {
  assert.equal(waited(waits(), 3000), 2000);
  assert.equal(waited(waits({ lobby: "in" }), 3000), null);
  assert.equal(waited(waits(), 500), 0, "a slow clock makes no wait negative");
});

test("a participant is new for ten seconds, but not if the wait may have begun earlier", () => {
  assert.equal(isNew(waits(), 1000), true);
  assert.equal(isNew(waits(), 10_999), true);
  assert.equal(isNew(waits(), 11_000), false);
  assert.equal(isNew(waits({ waiting_up_to: true }), 1000), false);
  assert.equal(isNew(waits({ lobby: "in" }), 1000), false);
});

test("a long wait is marked until it is acknowledged, but not during a hold", () => {
  const late = 1000 + 90_000;
  const mark = { by: "anne", at: late };
  assert.equal(tooLong(waits(), own, late - 1), false);
  assert.equal(tooLong(waits(), own, late), true);
  assert.equal(tooLong(waits({ acknowledged: mark }), own, late), false);
  assert.equal(tooLong(waits({ hold: { ...mark, reason: "", remind_at: null } }), own, late), false);
  assert.equal(tooLong(waits({ lobby: "in" }), own, late), false);
});

test("the user who handles a participant counts before the one who handles the meeting", () => {
  const claim = (by) => ({ id: "c1", by, since: 1 });
  assert.equal(handler(waits(), own), "");
  assert.equal(handler(waits(), { ...own, claim: claim("anne") }), "anne");
  assert.equal(handler(waits({ claim: claim("bert") }), { ...own, claim: claim("anne") }), "bert");
});

test("a reminder is due from its time on, while the participant waits", () => {
  const held = waits({ hold: { by: "anne", at: 1, reason: "", remind_at: 5000 } });
  assert.equal(isDue(held, 4999), false);
  assert.equal(isDue(held, 5000), true);
  assert.equal(isDue({ ...held, lobby: "in" }, 9000), false);
  assert.equal(isDue(waits({ hold: null }), 9000), false);
});

test("a duration is read as minutes, or in the form on the page", () => {
  const cases = { 2: 120, " 2 ": 120, "2:30": 150, "0:45": 45, "1:02:03": 3723, "00:05": 5 };
  for (const [text, seconds] of Object.entries(cases)) assert.equal(readDuration(text), seconds, text);
  for (const text of ["", "x", "2:3", "2:60", "1:2:03", "-1", "2.5", "1:00:00:00", ":30", "999999"])
    assert.equal(readDuration(text), null, text);
});
