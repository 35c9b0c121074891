import assert from "node:assert/strict";
import { test } from "node:test";
import { BridgeStats, curve, KEPT, queued } from "../../../web/state/bridge_stats.js";

const bridge = (id, requests_per_s = 1) => ({ id, requests_per_s, queue: [] });

test("the page requests statistics once, and again on a new connection", () => {
  const sent = [];
  const stats = new BridgeStats((message) => sent.push(message.on) > 0);
  for (const wanted of [true, true, false, true]) stats.watch(wanted);
  stats.forget();
  stats.watch(true);
  assert.deepEqual(sent, [true, false, true, true]);
});

test("the page repeats a request that a closed socket did not take", () => {
  let open = false;
  const stats = new BridgeStats(() => open);
  stats.watch(true);
  assert.equal(stats.watching, false);
  open = true;
  stats.watch(true);
  assert.equal(stats.watching, true);
});

test("the page keeps one minute, and nothing of a removed bridge", () => {
  const stats = new BridgeStats(() => true);
  for (let n = 0; n < 500; n++) stats.receive({ type: "figures", time: n, bridges: [bridge("a", n), bridge("b")] });
  assert.equal(stats.rates.get("a")?.length, KEPT);
  assert.equal(stats.rates.get("a")?.at(-1), 499);
  stats.receive({ type: "figures", time: 1, bridges: [bridge("a")] });
  assert.deepEqual([...stats.rates.keys(), ...stats.latest.keys()], ["a", "a"]);
});

test("the queue is counted in total and by lane", () => {
  const queue = ["action", "arrival", "in_call"].map((lane, n) => ({ lane, waiting: n * 3 }));
  assert.deepEqual(queued({ ...bridge("a"), queue }), { all: 9, lanes: queue.slice(1) });
});

test("a curve ends at the right and stays in its box", () => {
  assert.equal(curve([4, 2], 59, 10), "58.0,0.0 59.0,5.0");
  assert.equal(curve([], 59, 10), "");
  assert.equal(curve([0], 59, 10), "59.0,10.0");
});
