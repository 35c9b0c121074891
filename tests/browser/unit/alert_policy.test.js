import assert from "node:assert/strict";
import { test } from "node:test";
import { Arrivals, countPeople, LONGEST_PAUSE, Once, REPEAT_AFTER, Repeated, SHORTEST_PAUSE } from "../../../web/alerts/policy.js";

/** Simulates arrivals and departures and counts sounds: `happens` has them by second, and the policy is also asked every second. */
function play(seconds, happens) {
  const arrivals = new Arrivals();
  const sounds = [];
  for (let at = 0; at <= seconds; at++) {
    happens(arrivals, at);
    if (arrivals.sounds(at * 1000)) sounds.push(at);
  }
  return sounds;
}

test("the first arrival sounds at once", () => {
  assert.deepEqual(
    play(60, (arrivals, at) => at === 7 && arrivals.arrived("a", at * 1000)),
    [7],
  );
});

test("twenty arrivals in ten seconds make one sound", () => {
  assert.deepEqual(
    play(120, (arrivals, at) => {
      if (at > 10) return;
      for (const id of [`${at}a`, `${at}b`]) arrivals.arrived(id, at * 1000);
    }),
    [0],
  );
});

test("a second situation sounds as soon as the pause after the first ends", () => {
  const apart = SHORTEST_PAUSE / 1000 + 1;
  assert.deepEqual(
    play(60, (arrivals, at) => (at === 0 || at === apart) && arrivals.arrived(String(at), at * 1000)),
    [0, apart],
  );
});

test("an arrival after the earlier ones were admitted sounds at the end of the pause, not at once", () => {
  const sounds = play(60, (arrivals, at) => {
    if (at === 0) arrivals.arrived("a", 0);
    if (at === 3) arrivals.left("a");
    if (at === 5) arrivals.arrived("b", 5000);
  });
  assert.deepEqual(sounds, [0, SHORTEST_PAUSE / 1000]);
});

test("an arrival that is admitted before its sound makes no sound", () => {
  const sounds = play(60, (arrivals, at) => {
    if (at === 0) arrivals.arrived("a", 0);
    if (at === 3) arrivals.left("a");
    if (at === 5) arrivals.arrived("b", 5000);
    if (at === 8) arrivals.left("b");
  });
  assert.deepEqual(sounds, [0]);
});

test("endless arrivals sound less and less often, down to once a minute, but never stop sounding", () => {
  const hour = play(3600, (arrivals, at) => arrivals.arrived(String(at), at * 1000));
  const pauses = hour.slice(1).map((at, index) => at - hour[index]);
  assert.ok(hour.length >= 55 && hour.length <= 65, `${hour.length} in an hour`);
  assert.ok(
    pauses.every((pause, index) => pause >= (pauses[index - 1] ?? 0)),
    pauses.join(),
  );
  assert.equal(pauses.at(-1), LONGEST_PAUSE / 1000);
});

test("after a quiet time the next arrival sounds at once, and its pause is the short one", () => {
  const sounds = play(1000, (arrivals, at) => {
    if (at < 300) arrivals.arrived(String(at), at * 1000);
    if (at === 600) arrivals.arrived("x", at * 1000);
    if (at === 600 + SHORTEST_PAUSE / 1000) arrivals.arrived("y", at * 1000);
  });
  assert.deepEqual(sounds.slice(-2), [600, 600 + SHORTEST_PAUSE / 1000]);
});

test("sounds do not depend on how often the policy is asked", () => {
  const arrivals = new Arrivals();
  arrivals.arrived("a", 0);
  assert.equal(arrivals.sounds(0), true);
  arrivals.left("a");
  arrivals.arrived("b", 1000);
  assert.equal(arrivals.sounds(1000), false);
  assert.equal(arrivals.sounds(90_000), true, "it sounds even if asked a minute late");
  assert.equal(arrivals.sounds(91_000), false);
});

test("a lasting condition sounds at once, then once a minute, and stops when it is over", () => {
  const late = new Repeated();
  const sounds = [];
  for (let at = 0; at < 300; at++) if (late.sounds(at >= 10 && at < 200, at * 1000)) sounds.push(at);
  assert.deepEqual(sounds, [10, 70, 130, 190]);
  assert.equal(REPEAT_AFTER, 60_000);
});

test("a condition that returns within the minute sounds only when the minute ends", () => {
  const late = new Repeated();
  const sounds = [];
  for (let at = 0; at < 120; at++) if (late.sounds(at < 5 || at > 20, at * 1000)) sounds.push(at);
  assert.deepEqual(sounds, [0, 60]);
});

test("a reminder sounds once; a later one of the same participant sounds again", () => {
  const once = new Once();
  const asked = [["a 1"], ["a 1"], ["a 1", "b 1"], ["b 1"], [], ["a 2"]];
  assert.deepEqual(
    asked.map((keys) => once.sounds(keys)),
    [true, false, true, false, false, true],
  );
});

test("participants and their meetings are counted", () => {
  const of = (...meetings) => countPeople(meetings.map((meeting) => ({ meeting })));
  assert.deepEqual(of("a", "a"), { n: 2, meetings: 1, only: "a" });
  assert.deepEqual(of("a", "b", "b"), { n: 3, meetings: 2, only: null });
  assert.deepEqual(of(), { n: 0, meetings: 0, only: null });
});
