import assert from "node:assert/strict";
import { test } from "node:test";
import { settle, TRACE } from "../../../web/order.js";

const row = (id, at) => ({ id, at });
const how = (more = {}) => ({ id: (each) => each.id, compare: (a, b) => a.at - b.at, now: 1000, held: 0, ...more });
const shown = (entries) => entries.map((each) => (each.gone === null ? each.id : `(${each.id})`)).join(" ");
const [a, b, c, d] = [row("a", 1), row("b", 2), row("c", 3), row("d", 4)];

test("the list is in the wanted order when nothing holds it", () => assert.equal(shown(settle([], [a, b, c], how())), "a b c"));

test("who goes leaves a trace in their place, for a while", () => {
  const before = settle([], [a, b, c], how());
  const after = settle(before, [a, c], how());
  assert.equal(shown(after), "a (b) c");
  assert.equal(shown(settle(after, [a, c], how({ now: 1000 + TRACE - 1 }))), "a (b) c");
  assert.equal(shown(settle(after, [a, c], how({ now: 1000 + TRACE }))), "a c");
});

test("a held list keeps every place: arrivals go below, traces stay", () => {
  let list = settle([], [b, c], how());
  list = settle(list, [a, c, d], how({ held: Number.POSITIVE_INFINITY }));
  assert.equal(shown(list), "(b) c a d");
  list = settle(list, [a, c, d], how({ held: Number.POSITIVE_INFINITY, now: 99_000 }));
  assert.equal(shown(list), "(b) c a d");
  assert.equal(shown(settle(list, [a, c, d], how({ now: 99_000 }))), "a c d");
});

test("up to the pointed row nothing moves, below it the order returns", () => {
  let list = settle([], [b, c], how());
  list = settle(list, [a, c, d], how({ held: 2, now: 5000 }));
  assert.equal(shown(list), "(b) c a d");
  list = settle(list, [a, d], how({ held: 1, now: 50_000 }));
  assert.equal(shown(list), "(b) a (c) d");
});

test("who comes back has their place again", () => {
  const list = settle(settle([], [a, b], how()), [a], how());
  assert.equal(shown(settle(list, [a, b], how({ held: Number.POSITIVE_INFINITY }))), "a b");
});

test("a row is replaced by its newer self", () => {
  const newer = { ...a, name: "new" };
  assert.equal(settle(settle([], [a], how()), [newer], how({ held: 1 }))[0].row.name, "new");
});
