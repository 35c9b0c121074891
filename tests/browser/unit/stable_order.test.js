import assert from "node:assert/strict";
import { test } from "node:test";
import { nextEntries, TRACE } from "../../../web/lists/stable_order.js";

const row = (id, at) => ({ id, at });
const how = (more = {}) => ({ id: (each) => each.id, compare: (a, b) => a.at - b.at, now: 1000, frozen: false, ...more });
const shown = (entries) => entries.map((each) => (each.gone === null ? each.id : `(${each.id})`)).join(" ");
const [a, b, c, d] = [row("a", 1), row("b", 2), row("c", 3), row("d", 4)];

test("the list has the wanted order unless it is frozen", () => assert.equal(shown(nextEntries([], [a, b, c], how())), "a b c"));

test("a row that goes leaves a trace in its place, for a while", () => {
  const before = nextEntries([], [a, b, c], how());
  const after = nextEntries(before, [a, c], how());
  assert.equal(shown(after), "a (b) c");
  assert.equal(shown(nextEntries(after, [a, c], how({ now: 1000 + TRACE - 1 }))), "a (b) c");
  assert.equal(shown(nextEntries(after, [a, c], how({ now: 1000 + TRACE }))), "a c");
});

test("traces of rows that went shortly after each other disappear together", () => {
  let list = nextEntries(nextEntries([], [a, b, c, d], how()), [b, c, d], how());
  list = nextEntries(list, [c, d], how({ now: 2000 }));
  list = nextEntries(list, [d], how({ now: 4000 }));
  assert.equal(shown(nextEntries(list, [d], how({ now: 999 + TRACE }))), "(a) (b) (c) d");
  assert.equal(shown(nextEntries(list, [d], how({ now: 1000 + TRACE }))), "(c) d");
});

test("a frozen list keeps every place: arrivals are added below, traces stay", () => {
  let list = nextEntries([], [b, c], how());
  list = nextEntries(list, [a, c, d], how({ frozen: true }));
  assert.equal(shown(list), "(b) c a d");
  list = nextEntries(list, [a, c, d], how({ frozen: true, now: 99_000 }));
  assert.equal(shown(list), "(b) c a d");
  assert.equal(shown(nextEntries(list, [a, c, d], how({ now: 99_000 }))), "a c d");
});

const all = (ids) => ids.split(" ").map((id, at) => row(id, at));
const pinned = (id, least, most = least) => ({ pinned: { id, least, most }, now: 99_000 });

test("other rows move up around the pinned row, in their order", () => {
  const before = nextEntries([], all("a b c p d e f"), how());
  const wanted = all("a b c p d e f").filter(({ id }) => !"abc".includes(id));
  const after = nextEntries(nextEntries(before, wanted, how({ now: 5000 })), wanted, how(pinned("p", 3)));
  assert.equal(shown(after), "d e f p");
  assert.equal(shown(nextEntries(after, wanted, how({ now: 99_000 }))), "p d e f", "until it is no longer pinned");
});

test("the pinned row moves up if too few rows are left", () => {
  const before = nextEntries([], all("a b c p d"), how());
  assert.equal(
    shown(nextEntries(nextEntries(before, [row("p", 3), row("d", 4)], how()), [row("p", 3), row("d", 4)], how(pinned("p", 3)))),
    "d p",
  );
});

test("a row that belongs above the pinned row goes right below it", () => {
  const before = nextEntries([], [b, c], how());
  assert.equal(shown(nextEntries(before, [a, b, c], how(pinned("b", 0)))), "b a c");
});

test("the pinned row needs only the rows in view above it", () => {
  const before = nextEntries([], all("a b c p d"), how());
  const wanted = [row("c", 2), row("p", 3), row("d", 4)];
  assert.equal(shown(nextEntries(nextEntries(before, wanted, how()), wanted, how(pinned("p", 1, 3)))), "c p d");
});

test("the pinned row stays as a trace, and no row takes its place", () => {
  let list = nextEntries(nextEntries([], [a, b, c], how()), [a, c], how({ now: 5000 }));
  list = nextEntries(list, [a, c], how(pinned("b", 1)));
  assert.equal(shown(list), "a (b) c");
  list = nextEntries(nextEntries(list, [c], how({ now: 99_000, frozen: true })), [c], how({ ...pinned("b", 1), now: 199_000 }));
  assert.equal(shown(list), "c (b)");
});

test("the pinned row disappears if no other row is left", () => {
  const before = nextEntries(nextEntries([], [a, b], how()), [], how({ now: 5000 }));
  assert.equal(shown(nextEntries(before, [], how(pinned("b", 1)))), "");
});

test("a row that returns gets its place back", () => {
  const list = nextEntries(nextEntries([], [a, b], how()), [a], how());
  assert.equal(shown(nextEntries(list, [a, b], how({ frozen: true }))), "a b");
});

test("a newer row replaces an older one", () => {
  const newer = { ...a, name: "new" };
  assert.equal(nextEntries(nextEntries([], [a], how()), [newer], how({ frozen: true }))[0].row.name, "new");
});
