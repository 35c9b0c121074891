import assert from "node:assert/strict";
import { test } from "node:test";
import { Guard, REST } from "../../../web/ui/press_guard.js";

/** A guard, and its clock. */
function guarded() {
  const clock = { ms: 0 };
  return { clock, guard: new Guard(() => clock.ms) };
}

test("what the pointer was led to takes a press at once", () => {
  const { guard } = guarded();
  guard.moved(10, 10, "admit");
  assert.equal(guard.takes("admit"), true);
});

test("what has come under a resting pointer takes none before a second has passed", () => {
  const { guard, clock } = guarded();
  guard.moved(10, 10, "admit");
  guard.under("another");
  assert.equal(guard.takes("another"), false);
  clock.ms = REST - 1;
  assert.equal(guard.takes("another"), false);
  clock.ms = REST;
  assert.equal(guard.takes("another"), true);
});

test("or before the pointer has moved: a tremble is no movement", () => {
  const { guard } = guarded();
  guard.moved(10, 10, "admit");
  guard.under("another");
  guard.moved(11, 11, "another");
  assert.equal(guard.takes("another"), false);
  guard.moved(13, 12, "another");
  assert.equal(guard.takes("another"), true);
});

test("many small steps are a movement", () => {
  const { guard } = guarded();
  guard.moved(10, 10, "admit");
  guard.under("another");
  for (const x of [11, 12, 13]) guard.moved(x, 10, "another");
  assert.equal(guard.takes("another"), true);
});

test("a control that was seen before the page was drawn counts from when it is pressed", () => {
  const { guard } = guarded();
  guard.moved(10, 10, "admit");
  assert.equal(guard.takes("another"), false);
});

test("where nothing was under it, what comes is as new", () => {
  const { guard } = guarded();
  guard.moved(10, 10, null);
  guard.under("admit");
  assert.equal(guard.takes("admit"), false);
});

test("a finger in the same spot is one that rests, elsewhere it was aimed", () => {
  const { guard } = guarded();
  guard.moved(100, 100, "admit", "touch");
  guard.under("another");
  guard.moved(115, 110, "another", "touch");
  assert.equal(guard.takes("another"), false);
  guard.moved(160, 100, "third", "touch");
  assert.equal(guard.takes("third"), true);
});

test("a place rests for a second after its press, or until the pointer moves", () => {
  const { guard, clock } = guarded();
  guard.moved(10, 10, "admit");
  assert.equal(guard.follow(new Set(["heading"])), false);
  assert.equal(guard.rests("heading"), false, "its press is under way");
  assert.equal(guard.follow(new Set()), true);
  assert.equal(guard.rests("heading"), true);
  assert.equal(guard.rests("card"), false);
  clock.ms = REST;
  assert.equal(guard.rests("heading"), false);
  guard.follow(new Set(["heading"]));
  guard.follow(new Set());
  assert.equal(guard.moved(11, 10, "admit"), false);
  assert.equal(guard.rests("heading"), true);
  assert.equal(guard.moved(20, 10, "admit"), true, "the page is told");
  assert.equal(guard.rests("heading"), false);
});

test("the same key at once on another control was meant for the first", () => {
  const { guard, clock } = guarded();
  assert.equal(guard.takesKey("Enter", "admit"), true);
  clock.ms = 499;
  assert.equal(guard.takesKey("Enter", "yes"), false);
  assert.equal(guard.takesKey("Enter", "admit"), true, "pressed twice on purpose");
  clock.ms = 1000;
  assert.equal(guard.takesKey("Enter", "yes"), true);
  assert.equal(guard.takesKey(" ", "another"), true, "another key");
  guard.otherKey();
  assert.equal(guard.takesKey(" ", "third"), true, "after a third one");
});
