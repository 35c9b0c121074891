import assert from "node:assert/strict";
import { test } from "node:test";
import { LONGEST_PAUSE, UndoOffers } from "../../../web/state/undo_offers.js";

const names = (...ids) => new Map(ids.map((id) => [id, id.toUpperCase()]));
const offers = (...all) => {
  const undoOffers = new UndoOffers();
  for (const [ref, at, ...ids] of all) undoOffers.offer(ref, names(...ids), at, 8);
  return undoOffers;
};
const ids = (series) => series && [...series.people.keys()];

test("one undo covers all of the user's last admissions", () => {
  const undoOffers = offers(["one", 0, "a"], ["two", 1000, "b", "c"]);
  assert.deepEqual(undoOffers.series(1500)?.refs, ["one", "two"]);
  assert.deepEqual(ids(undoOffers.series(1500)), ["a", "b", "c"]);
  undoOffers.forget("two");
  assert.deepEqual(ids(undoOffers.series(1500)), ["a"]);
});

test("each offer has its own seconds, and the first end is shown", () => {
  const undoOffers = offers(["one", 0, "a"], ["two", 1000, "b"]);
  assert.equal(undoOffers.left(undoOffers.series(1000), 1000), 7);
  assert.deepEqual(ids(undoOffers.series(8500)), ["b"]);
  assert.equal(undoOffers.left(undoOffers.series(8500), 8500), 1);
  assert.equal(undoOffers.series(9000), null);
});

test("the countdown pauses while the user reaches for the button, and then continues", () => {
  const undoOffers = offers(["one", 0, "a"]);
  undoOffers.pause(7000);
  undoOffers.pause(9000);
  assert.equal(undoOffers.left(undoOffers.series(60_000), 60_000), 1);
  undoOffers.resume(60_000);
  assert.deepEqual(ids(undoOffers.series(60_999)), ["a"]);
  assert.equal(undoOffers.series(61_000), null);
});

test("the pause ends before the server forgets the wait", () => {
  const undoOffers = offers(["one", 0, "a"]);
  undoOffers.pause(1000);
  assert.deepEqual(ids(undoOffers.series(7999 + LONGEST_PAUSE)), ["a"]);
  assert.equal(undoOffers.series(8000 + LONGEST_PAUSE), null);
});

test("an admission undone while under way is not offered when it ends", () => {
  const undoOffers = new UndoOffers();
  undoOffers.forget("one");
  undoOffers.offer("one", names("a"), 0, 8);
  assert.equal(undoOffers.series(0), null);
});

test("without an admitted participant or without seconds there is no offer", () => {
  const undoOffers = new UndoOffers();
  undoOffers.offer("one", names(), 0, 8);
  undoOffers.offer("two", names("a"), 0, 0);
  assert.equal(undoOffers.series(0), null);
});
