import assert from "node:assert/strict";
import { test } from "node:test";
import { PressGuard, REST } from "../../../web/ui/press_guard.js";

/** A guard, and its clock. */
function guarded() {
  const clock = { ms: 0 };
  return { clock, pressGuard: new PressGuard(() => clock.ms) };
}

test("a control that the pointer moved to takes a press at once", () => {
  const { pressGuard } = guarded();
  pressGuard.moved(10, 10, "admit");
  assert.equal(pressGuard.takes("admit"), true);
});

test("a control that appears under a resting pointer takes no press for a second", () => {
  const { pressGuard, clock } = guarded();
  pressGuard.moved(10, 10, "admit");
  pressGuard.under("another");
  assert.equal(pressGuard.takes("another"), false);
  clock.ms = REST - 1;
  assert.equal(pressGuard.takes("another"), false);
  clock.ms = REST;
  assert.equal(pressGuard.takes("another"), true);
});

test("such a control takes a press once the pointer has moved; a tremble is no movement", () => {
  const { pressGuard } = guarded();
  pressGuard.moved(10, 10, "admit");
  pressGuard.under("another");
  pressGuard.moved(11, 11, "another");
  assert.equal(pressGuard.takes("another"), false);
  pressGuard.moved(13, 12, "another");
  assert.equal(pressGuard.takes("another"), true);
});

test("many small steps are a movement", () => {
  const { pressGuard } = guarded();
  pressGuard.moved(10, 10, "admit");
  pressGuard.under("another");
  for (const x of [11, 12, 13]) pressGuard.moved(x, 10, "another");
  assert.equal(pressGuard.takes("another"), true);
});

test("a control first seen when it is pressed counts from that moment", () => {
  const { pressGuard } = guarded();
  pressGuard.moved(10, 10, "admit");
  assert.equal(pressGuard.takes("another"), false);
});

test("a control that appears where there was none counts as new", () => {
  const { pressGuard } = guarded();
  pressGuard.moved(10, 10, null);
  pressGuard.under("admit");
  assert.equal(pressGuard.takes("admit"), false);
});

test("a touch in the same spot is a resting pointer; elsewhere it was aimed", () => {
  const { pressGuard } = guarded();
  pressGuard.moved(100, 100, "admit", "touch");
  pressGuard.under("another");
  pressGuard.moved(115, 110, "another", "touch");
  assert.equal(pressGuard.takes("another"), false);
  pressGuard.moved(160, 100, "third", "touch");
  assert.equal(pressGuard.takes("third"), true);
});

test("a place ignores presses for a second after its request, or until the pointer moves", () => {
  const { pressGuard, clock } = guarded();
  pressGuard.moved(10, 10, "admit");
  assert.equal(pressGuard.follow(new Set(["heading"])), false);
  assert.equal(pressGuard.rests("heading"), false, "its press is under way");
  assert.equal(pressGuard.follow(new Set()), true);
  assert.equal(pressGuard.rests("heading"), true);
  assert.equal(pressGuard.rests("card"), false);
  clock.ms = REST;
  assert.equal(pressGuard.rests("heading"), false);
  pressGuard.follow(new Set(["heading"]));
  pressGuard.follow(new Set());
  assert.equal(pressGuard.moved(11, 10, "admit"), false);
  assert.equal(pressGuard.rests("heading"), true);
  assert.equal(pressGuard.moved(20, 10, "admit"), true, "buttons take presses again");
  assert.equal(pressGuard.rests("heading"), false);
});

test("the same key pressed at once on another control was meant for the first", () => {
  const { pressGuard, clock } = guarded();
  assert.equal(pressGuard.takesKey("Enter", "admit"), true);
  clock.ms = 499;
  assert.equal(pressGuard.takesKey("Enter", "yes"), false);
  assert.equal(pressGuard.takesKey("Enter", "admit"), true, "pressed twice on purpose");
  clock.ms = 1000;
  assert.equal(pressGuard.takesKey("Enter", "yes"), true);
  assert.equal(pressGuard.takesKey(" ", "another"), true, "another key");
  pressGuard.otherKey();
  assert.equal(pressGuard.takesKey(" ", "third"), true, "after a third one");
});
