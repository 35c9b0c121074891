// Text on a display is readable from its distance, on any screen.
import assert from "node:assert/strict";
import { test } from "node:test";
import { capacity, fitting, readable, roomFor, sizesOf } from "../../../web/wall/text_size.js";

const box = (width, height) => ({ width, height });
const hung = (distance_m = 5, diagonal_in = 55) => ({ distance_m, diagonal_in });
const HD = box(1920, 1080);

test("55 inches of 1080p seen from 5 m: capitals of 37 px, a font of 53 px, digits for 10 m and more", () => {
  assert.deepEqual(readable(HD, 55, 5), { cap: 37, font: 53 });
  assert.deepEqual(readable(HD, 55, 10), { cap: 74, font: 106 });
  assert.deepEqual(sizesOf(HD, hung()), { base: 53, rows: 53, digits: 108, small: false });
});

test("capitals are 16 arc minutes high at any distance, on any screen", () => {
  for (const [width, height] of [
    [1280, 720],
    [1280, 1024],
    [1920, 1080],
    [3840, 2160],
    [1080, 1920],
    [15360, 8640],
  ]) {
    for (const diagonal of [24, 55, 98, 220]) {
      for (const distance of [1, 3, 5, 8]) {
        const sizes = sizesOf(box(width, height), hung(distance, diagonal));
        const millimetres = (diagonal * 25.4) / Math.hypot(width, height);
        const minutes = (px) => (Math.atan((px * 0.7 * millimetres) / (distance * 1000)) * 180 * 60) / Math.PI;
        const what = `${width} x ${height}, ${diagonal} in, ${distance} m: ${JSON.stringify(sizes)}`;
        assert.equal(sizes.small, minutes(sizes.rows) < 15.98, what);
        assert.ok(sizes.base >= sizes.rows && sizes.digits >= 2 * sizes.rows - 1, what);
        if (!sizes.small) assert.ok(minutes(sizes.digits) >= 31.9, what);
      }
    }
  }
});

test("a screen too small for its distance has the largest text with room for three rows, and says so", () => {
  const sizes = sizesOf(box(1280, 1024), hung(5, 19));
  assert.equal(sizes.small, true);
  assert.ok(sizes.rows < readable(box(1280, 1024), 19, 5).font);
  assert.ok(1024 / sizes.rows >= 18);
});

test("the same picture on twice the pixels has twice the sizes", () => {
  const [one, two] = [sizesOf(HD, hung()), sizesOf(box(3840, 2160), hung())];
  for (const key of ["base", "rows", "digits"]) assert.ok(Math.abs(two[key] - 2 * one[key]) <= 2, key);
});

test("digits are readable from ten metres even if the text is for one, as far as they leave room for meetings", () => {
  assert.ok(sizesOf(HD, hung(1)).digits <= 1080 / 8 + 5);
  assert.ok(sizesOf(HD, hung(4)).digits >= 106);
});

test("a wall of 4 x 4 tiles has larger text than needed if everything fits", () => {
  const [sizes, space] = [sizesOf(box(15360, 8640), hung(5, 220)), box(15000, 6500)];
  assert.ok(sizes.base > sizes.rows);
  assert.equal(roomFor(5, space, sizes).font, sizes.base);
  const many = roomFor(100, space, sizes);
  assert.ok(many.room >= 100 && many.columns >= 3 && many.font > sizes.rows);
  assert.equal(roomFor(5000, space, sizes).font, sizes.rows);
});

test("rows have one line if that fits more, two on a narrow screen", () => {
  assert.equal(capacity(box(1846, 660), 53).lines, 1);
  const narrow = capacity(box(1000, 1300), 53);
  assert.deepEqual([narrow.lines, narrow.columns, narrow.deep], [2, 1, 8]);
  const wide = capacity(box(3700, 660), 53);
  assert.equal(wide.columns, 2);
  for (const room of [narrow, wide]) assert.equal(room.room, room.columns * room.deep);
});

test("room is never negative", () => {
  assert.equal(capacity(box(100, -20), 53).room, 0);
});

test("texts that fit are counted, with room for the count of the others", () => {
  assert.equal(fitting([3, 3, 3], 9, 1, 2, 0), 3, "all fit: no count is needed");
  assert.equal(fitting([3, 3, 4], 9, 1, 2, 0), 2);
  assert.equal(fitting([3, 5, 4], 9, 1, 2, 0), 1, "the second would leave no place for the count");
  assert.equal(fitting([10, 1], 9, 1, 2, 0), 0, "no text is skipped");
  assert.equal(fitting([3, 3, 3], 9, 1, 2, 2), 1);
  assert.equal(fitting([5, 5, 5, 5], 9, 2, 2, 0), 2);
  assert.equal(fitting([5, 4, 5, 2, 5], 9, 2, 2, 0), 4);
  assert.equal(fitting([3, 3], 9, 0, 2, 0), 0);
  assert.equal(fitting([5], 9, 3, 2, 12), 1, "a long text before takes its own lines");
  assert.equal(fitting([5], 9, 2, 2, 12), 0);
  assert.equal(fitting([], 9, 1, 2, 0), 0);
});
