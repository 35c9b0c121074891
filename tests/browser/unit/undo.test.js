import assert from "node:assert/strict";
import { test } from "node:test";
import { Undos } from "../../../web/undo.js";

const names = (...ids) => new Map(ids.map((id) => [id, id.toUpperCase()]));
const offers = (...all) => {
  const undos = new Undos();
  for (const [ref, at, ...ids] of all) undos.offer(ref, names(...ids), at, 8);
  return undos;
};

test("the newest admission is offered first, the one before after it", () => {
  const undos = offers(["one", 0, "a"], ["two", 1000, "b", "c"]);
  assert.equal(undos.current(1500)?.ref, "two");
  undos.forget("two");
  assert.equal(undos.current(1500)?.ref, "one");
});

test("each is offered for its own seconds", () => {
  const undos = offers(["one", 0, "a"], ["two", 1000, "b"]);
  assert.equal(undos.left(undos.current(0), 1000), 8);
  assert.equal(undos.current(8500)?.ref, "two");
  assert.equal(undos.current(9000), null);
});

test("time stands still while somebody reaches for it, and goes on from there", () => {
  const undos = offers(["one", 0, "a"]);
  undos.pause(7000);
  undos.pause(9000);
  assert.equal(undos.left(undos.current(60_000), 60_000), 1);
  undos.resume(60_000);
  assert.equal(undos.current(60_999)?.ref, "one");
  assert.equal(undos.current(61_000), null);
});

test("nobody admitted, or no seconds: nothing to take back", () => {
  const undos = new Undos();
  undos.offer("one", names(), 0, 8);
  undos.offer("two", names("a"), 0, 0);
  assert.equal(undos.current(0), null);
});
