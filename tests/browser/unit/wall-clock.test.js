// The server's time on a display, with slow networks, sleep, and clocks that are set.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Clock } from "../../../web/wall/clock.js";
import { NOW } from "./wall-sample_rows.js";

/** A machine with both clocks: `pass` advances both, `sleep` only the wall clock, and `set` sets that one. */
function machine() {
  let [ticks, wall] = [1000, NOW + 7_200_000];
  const clock = new Clock(
    () => ticks,
    () => wall,
  );
  return {
    clock,
    pass: (ms) => {
      for (let left = ms; left > 0; left -= 1000) {
        ticks += Math.min(left, 1000);
        wall += Math.min(left, 1000);
        clock.check();
      }
    },
    sleep: (ms) => {
      wall += ms;
      clock.check();
    },
    set: (ms) => {
      wall += ms;
      clock.check();
    },
  };
}

test("beats set the server's time, whatever the screen's own clock says, and it runs on between them", () => {
  const { clock, pass } = machine();
  clock.heard(NOW);
  pass(1500);
  assert.equal(clock.now(), NOW + 1500);
});

test("a delayed beat does not set the clock back", () => {
  const { clock, pass } = machine();
  clock.heard(NOW);
  pass(2000);
  clock.heard(NOW + 2000 - 800);
  assert.equal(clock.now(), NOW + 2000);
});

test("the clock follows a server that was set back after some beats, or at once on a new connection", () => {
  const { clock, pass } = machine();
  clock.heard(NOW);
  for (let beat = 1; beat <= 5; beat++) {
    pass(2000);
    clock.heard(NOW - 60_000 + beat * 2000);
  }
  assert.equal(clock.now(), NOW - 50_000);
  clock.heard(NOW - 600_000, true);
  assert.equal(clock.now(), NOW - 600_000);
});

test("silence counts from the last frame, with or without a time", () => {
  const { clock, pass } = machine();
  clock.heard(NOW);
  pass(4000);
  assert.equal(clock.silence(), 4000);
  clock.heard();
  assert.equal(clock.silence(), 0);
  pass(7000);
  assert.equal(clock.silence(), 7000);
});

test("setting the screen's clock by hours makes nothing stale and moves no wait", () => {
  for (const by of [3 * 3_600_000, -3 * 3_600_000]) {
    const { clock, pass, set } = machine();
    clock.heard(NOW);
    pass(1000);
    set(by);
    assert.equal(clock.silence(), 1000, "not in the moment");
    pass(1000);
    assert.equal(clock.silence(), 2000);
    clock.heard(NOW + 2000);
    pass(1000);
    assert.deepEqual([clock.silence(), clock.now()], [1000, NOW + 3000]);
  }
});

test("a sleep without a server afterwards counts as silence", () => {
  const { clock, pass, sleep } = machine();
  clock.heard(NOW);
  pass(1000);
  sleep(8 * 3_600_000);
  pass(4000);
  assert.equal(clock.silence(), 8 * 3_600_000 + 5000);
  assert.equal(clock.now(), NOW + 8 * 3_600_000 + 5000);
});

test("the first beat after a sleep corrects everything, and two sleeps add up", () => {
  const { clock, pass, sleep } = machine();
  clock.heard(NOW);
  sleep(60_000);
  pass(1000);
  sleep(60_000);
  pass(4000);
  assert.equal(clock.silence(), 125_000);
  clock.heard(NOW + 125_000);
  assert.deepEqual([clock.silence(), clock.now()], [0, NOW + 125_000]);
});

test("a machine whose clocks both run during sleep needs nothing else", () => {
  const { clock, pass } = machine();
  clock.heard(NOW);
  pass(600_000);
  assert.equal(clock.silence(), 600_000);
  assert.equal(clock.now(), NOW + 600_000);
});

test("before any beat the clock has the screen's own time", () => {
  assert.equal(machine().clock.now(), NOW + 7_200_000);
});
