// Moving, dimming and theming the picture, and the chime.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Chime } from "../../../web/wall/chime.js";
import { isDim, shift, themeAt } from "../../../web/wall/screen_care.js";

const at = (time) => new Date(`2026-03-02T${time}:00`);

test("the picture stays within some pixels of its place, moves every few minutes, and comes back", () => {
  const places = Array.from({ length: 60 }, (_, minute) => shift(minute * 60_000, 4));
  const numbers = places.map((place) => /^translate\((-?\d+)px, (-?\d+)px\)$/.exec(place)?.slice(1).map(Number));
  for (const numbersOf of numbers) for (const number of numbersOf ?? [NaN]) assert.ok(Math.abs(number) <= 4);
  assert.equal(new Set(places).size, 8);
  assert.equal(places.filter((place, minute) => minute > 0 && place !== places[minute - 1]).length, 19);
  for (let minute = 3; minute < 60; minute += 3) {
    const [[x = 0, y = 0] = [], [z = 0, w = 0] = []] = [numbers[minute], numbers[minute - 3]];
    assert.ok(Math.abs(x - z) <= 4 && Math.abs(y - w) <= 4, "one small step at a time");
  }
});

test("the theme is the one that began last, even before midnight", () => {
  const themes = [
    { from: "19:00", theme: "dark" },
    { from: "07:00", theme: "light" },
    { from: "12:30", theme: "grey" },
  ];
  assert.deepEqual(
    ["00:00", "06:59", "07:00", "12:29", "12:30", "18:59", "19:00", "23:59"].map((time) => themeAt(themes, at(time))),
    ["dark", "dark", "light", "light", "grey", "grey", "dark", "dark"],
  );
  assert.equal(themeAt([{ from: "08:00", theme: "light" }], at("03:00")), "light");
});

test("the screen dims between two times of day, even over midnight", () => {
  const hours = ["21:59", "22:00", "03:00", "05:59", "06:00", "12:00"];
  const dim = (span) => hours.map((time) => isDim(span, at(time)));
  assert.deepEqual(dim({ from: "22:00", to: "06:00" }), [false, true, true, true, false, false]);
  assert.deepEqual(dim({ from: "03:00", to: "06:00" }), [false, false, true, true, false, false]);
  assert.deepEqual(
    dim(null),
    hours.map(() => false),
  );
});

test("a wall sounds when a wait becomes too long, at most once a minute while that lasts", () => {
  const chime = new Chime();
  const sounds = [];
  for (let second = 0; second < 300; second++) {
    const lasts = (second >= 10 && second < 140) || (second > 150 && second < 160);
    if (chime.due(lasts, second * 1000)) sounds.push(second);
  }
  assert.deepEqual(sounds, [10, 70, 130]);
  assert.equal(chime.due(true, 400_000), true);
});
