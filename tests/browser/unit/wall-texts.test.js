// A display's texts: plural forms, digits and durations, and that every text used exists.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { duration, t, use } from "../../../web/wall/texts.js";
import { contents, linted } from "../lint_old_browsers.js";

const words = (language) => JSON.parse(readFileSync(new URL(`../../../web/i18n/${language}.json`, import.meta.url), "utf8"));

test("a count has the plural form of its language", () => {
  use(words("en"), "en");
  assert.equal(t("past_n", { n: 1 }), "1 meeting over its limit");
  assert.equal(t("past_n", { n: 1200 }), "1,200 meetings over their limits");
  use(words("fr"), "fr");
  assert.equal(t("quiet_n", { n: 0 }), "0 réunion sans attente");
  assert.equal(t("past_n", { n: 1_000_000 }).includes("{n}"), false);
  use(words("de"), "de");
  assert.equal(t("waiting", { n: 1 }), "wartet");
  assert.equal(t("too_small", { count: 4.5 }), "zu klein für 4,5 m");
});

test("filled-in text is not filled in again, and right-to-left text is isolated", () => {
  use(words("en"), "en");
  assert.equal(t("handled_by", { by: "{by}" }), "with {by}");
  assert.equal(t("handled_by", { by: "שרה" }), "with \u2068שרה\u2069");
  assert.equal(t("no_such_word"), "no_such_word");
});

test("durations have the form of the desk's", () => {
  assert.deepEqual([0, 999, 48_000, 725_000, 3_723_000, 360_000_000].map(duration), [
    "0:00",
    "0:00",
    "0:48",
    "12:05",
    "1:02:03",
    "100:00:00",
  ]);
});

test("the catalogue has every text that scripts and pages ask for, and no other", () => {
  const scripts = linted().filter((name) => name.endsWith(".js"));
  const pages = ["wall", "wall_code", "wall_gone"].map((name) =>
    readFileSync(new URL(`../../../templates/${name}.html`, import.meta.url), "utf8"),
  );
  const text = [...scripts.map(contents), ...pages].join("\n");
  const stem = (key) => key.replace(/^wall\./, "").replace(/\.(one|other)$/, "");
  const keys = new Set(
    Object.keys(words("en"))
      .filter((key) => key.startsWith("wall."))
      .map(stem),
  );
  // Some keys are made of parts: level.2, bridge.paused.
  const isAsked = (key) => text.includes(`"${key}"`) || text.includes(`"wall.${key}"`) || /^(level|bridge)\./.test(key);
  assert.deepEqual(
    [...keys].filter((key) => !isAsked(key)),
    [],
  );
  const asked = [...text.matchAll(/\bt\((?:[^()"]*\? )?"(?:wall\.)?([a-z_]+)"/g)].map(([, key]) => key);
  assert.deepEqual(
    asked.filter((key) => !keys.has(key) && !["direction", "title"].includes(key) && !/_$/.test(key)),
    [],
  );
});
