// Text from outside: cut between characters as people see them, and whether it is visible.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { caseless, cut, fold, isBlank } from "../../../web/lib/text.js";
import { entryOf } from "../../../web/state/followed_meetings.js";

test("a text is cut to a length, and never within a character", () => {
  assert.equal(cut("Board", 10), "Board");
  assert.equal(cut("Board", 3), "Boa");
  assert.equal(cut("ab\u{1f600}", 3), "ab");
  assert.equal(cut("ae\u0301", 2), "a");
  assert.equal(cut("a\u{1f469}\u200d\u2696\ufe0f", 4), "a");
  assert.equal(cut("a\ud83d", 5), "a\ufffd", "a lone surrogate");
  assert.equal(cut("a\ude00\ud83d", 5), "a\ufffd\ufffd");
});

test("a followed meeting's stored name has no half emoji", () => {
  const name = `Emoji ${"x".repeat(73)}\u{1f600}`;
  const kept = entryOf(/** @type {any} */ ({ id: "m", name, named_by: "name" })).name;
  assert.equal(kept, `Emoji ${"x".repeat(73)}`);
  assert.ok(!/\p{Surrogate}/u.test(kept));
});

test("an invisible text is blank; a visible one with such characters is not", () => {
  for (const blank of ["", " ", "\u200b", "\u2800", "\u00ad", "\u{e0041}", "\u3164\u00a0\ufeff"])
    assert.ok(isBlank(blank), JSON.stringify(blank));
  for (const shown of ["a", "\u200bBo", "\u06dd", "\u0600", "\ufffd"]) assert.ok(!isBlank(shown), JSON.stringify(shown));
});

test("names and searches are compared as on the server", () => {
  /** @type {{ a: string, b: string, caseless: boolean, search: boolean }[]} */
  const pairs = JSON.parse(readFileSync(new URL("../../same-texts.json", import.meta.url), "utf8"));
  assert.ok(pairs.length > 25);
  for (const { a, b, ...expected } of pairs) {
    const found = { caseless: caseless(a) === caseless(b), search: fold(a) === fold(b) };
    assert.deepEqual(found, expected, JSON.stringify([a, b]));
  }
});
