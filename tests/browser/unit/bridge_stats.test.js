import assert from "node:assert/strict";
import { test } from "node:test";
import { curve, Figures, KEPT, queued } from "../../../web/state/bridge_stats.js";

const bridge = (id, requests_per_s = 1) => ({ id, requests_per_s, queue: [] });

test("figures are asked for once, and again on a new connection", () => {
  const sent = [];
  const figures = new Figures((message) => sent.push(message.on) > 0);
  for (const wanted of [true, true, false, true]) figures.want(wanted);
  figures.forget();
  figures.want(true);
  assert.deepEqual(sent, [true, false, true, true]);
});

test("what a closed socket did not take is asked for again", () => {
  let open = false;
  const figures = new Figures(() => open);
  figures.want(true);
  assert.equal(figures.watching, false);
  open = true;
  figures.want(true);
  assert.equal(figures.watching, true);
});

test("a minute is kept, and nothing of a bridge that is gone", () => {
  const figures = new Figures(() => true);
  for (let n = 0; n < 500; n++) figures.take({ type: "figures", time: n, bridges: [bridge("a", n), bridge("b")] });
  assert.equal(figures.rates.get("a")?.length, KEPT);
  assert.equal(figures.rates.get("a")?.at(-1), 499);
  figures.take({ type: "figures", time: 1, bridges: [bridge("a")] });
  assert.deepEqual([...figures.rates.keys(), ...figures.latest.keys()], ["a", "a"]);
});

test("the queue in all and by lane", () => {
  const queue = ["action", "arrival", "in_call"].map((lane, n) => ({ lane, waiting: n * 3 }));
  assert.deepEqual(queued({ ...bridge("a"), queue }), { all: 9, lanes: queue.slice(1) });
});

test("a curve ends at the right and stays in its box", () => {
  assert.equal(curve([4, 2], 59, 10), "58.0,0.0 59.0,5.0");
  assert.equal(curve([], 59, 10), "");
  assert.equal(curve([0], 59, 10), "59.0,10.0");
});
