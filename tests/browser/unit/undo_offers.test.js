import assert from "node:assert/strict";
import { test } from "node:test";
import { REACH, Undos } from "../../../web/state/undo_offers.js";

const names = (...ids) => new Map(ids.map((id) => [id, id.toUpperCase()]));
const offers = (...all) => {
  const undos = new Undos();
  for (const [ref, at, ...ids] of all) undos.offer(ref, names(...ids), at, 8);
  return undos;
};
const ids = (series) => series && [...series.people.keys()];

test("all of one's own last admissions are taken back together", () => {
  const undos = offers(["one", 0, "a"], ["two", 1000, "b", "c"]);
  assert.deepEqual(undos.series(1500)?.refs, ["one", "two"]);
  assert.deepEqual(ids(undos.series(1500)), ["a", "b", "c"]);
  undos.forget("two");
  assert.deepEqual(ids(undos.series(1500)), ["a"]);
});

test("each is offered for its own seconds, and the first to end is told", () => {
  const undos = offers(["one", 0, "a"], ["two", 1000, "b"]);
  assert.equal(undos.left(undos.series(1000), 1000), 7);
  assert.deepEqual(ids(undos.series(8500)), ["b"]);
  assert.equal(undos.left(undos.series(8500), 8500), 1);
  assert.equal(undos.series(9000), null);
});

test("time stands still while somebody reaches for it, and goes on from there", () => {
  const undos = offers(["one", 0, "a"]);
  undos.pause(7000);
  undos.pause(9000);
  assert.equal(undos.left(undos.series(60_000), 60_000), 1);
  undos.resume(60_000);
  assert.deepEqual(ids(undos.series(60_999)), ["a"]);
  assert.equal(undos.series(61_000), null);
});

test("it stands still no longer than the server keeps places in line", () => {
  const undos = offers(["one", 0, "a"]);
  undos.pause(1000);
  assert.deepEqual(ids(undos.series(7999 + REACH)), ["a"]);
  assert.equal(undos.series(8000 + REACH), null);
});

test("what was taken back while it was under way is not offered when it ends", () => {
  const undos = new Undos();
  undos.forget("one");
  undos.offer("one", names("a"), 0, 8);
  assert.equal(undos.series(0), null);
});

test("nobody admitted, or no seconds: nothing to take back", () => {
  const undos = new Undos();
  undos.offer("one", names(), 0, 8);
  undos.offer("two", names("a"), 0, 0);
  assert.equal(undos.series(0), null);
});
