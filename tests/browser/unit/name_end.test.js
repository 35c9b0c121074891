import assert from "node:assert/strict";
import { test } from "node:test";
import { splitEnd } from "../../../web/lib/name_end.js";

test("a long name is split at a word, so that its end can stay visible", () => {
  assert.deepEqual(splitEnd("District court of Northern Jutland, hall 3"), ["District court of Northern Jutland, ", "hall 3"]);
  assert.deepEqual(splitEnd("Teleconsulta cardiología infantil-2"), ["Teleconsulta cardiología ", "infantil-2"]);
  assert.deepEqual(splitEnd("قاعة الاجتماعات الكبرى رقم 12"), ["قاعة الاجتماعات الكبرى ", "رقم 12"]);
});

test("a short name is whole", () => assert.deepEqual(splitEnd("Dr. Zoë Müller"), ["Dr. Zoë Müller", ""]));

test("a word is never split, except in a script without blanks", () => {
  assert.deepEqual(splitEnd("Donaudampfschifffahrtsgesellschaft"), ["Donaudampfschifffahrtsgesellschaft", ""]);
  assert.deepEqual(splitEnd("東京都庁第一本庁舎北塔四十二階特別会議室3"), ["東京都庁第一本庁舎北塔四十二階特別", "会議室3"]);
  assert.deepEqual(splitEnd("guest3254405@meet.example.org 2026"), ["guest3254405@meet.example.org ", "2026"]);
});

test("the parts are the name with single blanks, and no part begins with a mark or ends in one half of a character", () => {
  const names = [
    "line\u2028separator\u2029end of a name  ",
    "Z\u0337\u0322\u034e".repeat(30),
    `${"x".repeat(30)} \u0301a`,
    "😀".repeat(21),
  ];
  for (const name of names) {
    const [start, end] = splitEnd(name);
    assert.equal(start + end, name.replace(/\s+/gu, " ").trim());
    assert.doesNotMatch(end, /^[\p{M}\s]/u);
    assert.doesNotMatch(start, /\p{Surrogate}$/u);
  }
});
