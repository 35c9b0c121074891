// The server's time on a wall, over slow networks, sleep, and clocks that are set.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Clock } from "../../../web/wall/clock.js";
import { NOW } from "./wall-sample_rows.js";

/** A machine with both clocks; `pass` runs both, `sleep` the one on the wall only, `set` sets that one. */
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

test("the server's time is told by its beats, whatever the screen's own clock says, and runs on between them", () => {
  const { clock, pass } = machine();
  clock.heard(NOW);
  pass(1500);
  assert.equal(clock.now(), NOW + 1500);
});

test("a beat that was long under way does not set it back", () => {
  const { clock, pass } = machine();
  clock.heard(NOW);
  pass(2000);
  clock.heard(NOW + 2000 - 800);
  assert.equal(clock.now(), NOW + 2000);
});

test("after some beats it follows a server that was set back, and at once on a new connection", () => {
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

test("silence counts from the last frame, with a time or without", () => {
  const { clock, pass } = machine();
  clock.heard(NOW);
  pass(4000);
  assert.equal(clock.silence(), 4000);
  clock.heard();
  assert.equal(clock.silence(), 0);
  pass(7000);
  assert.equal(clock.silence(), 7000);
});

test("the screen's clock is set by hours while beats arrive: nothing is old, and no wait moves", () => {
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

test("a sleep without a server afterwards is time without it", () => {
  const { clock, pass, sleep } = machine();
  clock.heard(NOW);
  pass(1000);
  sleep(8 * 3_600_000);
  pass(4000);
  assert.equal(clock.silence(), 8 * 3_600_000 + 5000);
  assert.equal(clock.now(), NOW + 8 * 3_600_000 + 5000);
});

test("after a sleep the first beat sets all right, and two sleeps add up", () => {
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

test("a machine whose clocks both run in its sleep is no other", () => {
  const { clock, pass } = machine();
  clock.heard(NOW);
  pass(600_000);
  assert.equal(clock.silence(), 600_000);
  assert.equal(clock.now(), NOW + 600_000);
});

test("before any beat it tells the screen's own time", () => {
  assert.equal(machine().clock.now(), NOW + 7_200_000);
});
