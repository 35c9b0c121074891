// How the command palette matches and ranks.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fold, searchWords } from "../../../web/lib/text.js";
import { best, ELSEWHERE, EXACT, INSIDE, NONE, PREFIX, rankOf, WORD } from "../../../web/state/palette_search.js";

const rank = (query, name, more = "", context = "") => rankOf(searchWords(query), fold(name), fold(more), fold(context));

test("a whole name is before a prefix, that before the start of a word, and that before the inside of one", () => {
  assert.equal(rank("bo berg", "Bo Berg"), EXACT);
  assert.equal(rank("bo", "Bo Berg"), PREFIX);
  assert.equal(rank("bo be", "Bo Berg"), PREFIX);
  assert.equal(rank("berg", "Bo Berg"), WORD);
  assert.equal(rank("berg bo", "Bo Berg"), WORD);
  assert.equal(rank("er", "Bo Berg"), INSIDE);
  assert.equal(rank("bo er", "Bo Berg"), INSIDE);
  assert.equal(rank("x", "Bo Berg"), NONE);
});

test("a word begins after anything but a letter or digit, and its best place counts", () => {
  for (const name of ["Smith-Anders", "O'Anders", "(Anders)", "Dr. Anders"]) assert.equal(rank("anders", name), WORD, name);
  assert.equal(rank("an", "Hans Anders"), WORD);
  assert.equal(rank("ans", "Hans Anders"), INSIDE);
});

test("accents, case and widths are folded as in the search", () => {
  for (const query of ["zoe muller", "ZOË", "ｚｏｅ"]) assert.equal(rank(query, "Zoë Müller") <= PREFIX, true, query);
  assert.equal(rank("strasse", "Straße 9"), PREFIX);
});

test("an address counts like a name, only later; a meeting's name only beside one of its own", () => {
  assert.equal(rank("bo@", "Berg", "bo@example.org"), ELSEWHERE);
  assert.equal(rank("berg board", "Bo Berg", "", "Board call"), ELSEWHERE);
  assert.equal(rank("board", "Bo Berg", "", "Board call"), NONE);
  assert.equal(rank("berg ward", "Bo Berg", "", "Board call"), NONE);
});

test("without a text everything matches equally", () => {
  assert.equal(rank("", "Bo"), rank("  ", ""));
  assert.ok(rank("", "") < NONE);
});

test("the best of many are those that sorting would put first, in its order", () => {
  const items = Array.from({ length: 500 }, (_, at) => ({ at, value: (at * 7919) % 97 }));
  const compare = (a, b) => a.value - b.value;
  for (const most of [1, 30, 500, 600])
    assert.deepEqual(best(items, compare, most), items.toSorted(compare).slice(0, most), `${most}`);
  assert.deepEqual(best([], compare, 3), []);
});

test("the best of 5,000 cost a bounded number of comparisons", () => {
  let compared = 0;
  const items = Array.from({ length: 5000 }, (_, at) => (at * 7919) % 5003);
  best(
    items,
    (a, b) => {
      compared += 1;
      return a - b;
    },
    30,
  );
  assert.ok(compared < 8000, `${compared}`);
});
