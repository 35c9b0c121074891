import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { t, use } from "../../../web/lib/i18n.js";

const root = new URL("../../../", import.meta.url);
const read = (path) => readFileSync(new URL(path, root), "utf8");
const catalogue = JSON.parse(read("web/i18n/en.json"));
const files = (folder, ending) =>
  readdirSync(new URL(folder, root), { recursive: true })
    .filter((file) => file.endsWith(ending))
    .map((file) => folder + file);
/** Without the displays' scripts, which have their own tests, and Lit, which has its hash. */
const sources = files("web/", ".js").filter((file) => !/^web\/(wall|vendor)\//.test(file));
const templates = files("templates/", ".html");
const known = (key) => key in catalogue || `${key}.other` in catalogue;

test("the catalogue has every key that code and templates name", () => {
  for (const file of [...sources, ...templates]) {
    for (const [, key] of read(file).matchAll(/\bt\(\s*["']([a-z0-9_.]+)["']\s*[,)]/g)) assert.ok(known(key), `${file}: ${key}`);
    for (const [, key] of read(file).matchAll(/\b(?:key|label): "([a-z0-9_.]+)"/g)) assert.ok(known(key), `${file}: ${key}`);
  }
});

/** Patterns that may use a key: its name or the end of it in quotes, or a name made of parts, in JavaScript, templates and Rust. */
function* namesIn(text) {
  const literal = /["']([a-z0-9_.]+)["']/g;
  for (const [, key] of text.matchAll(literal)) yield new RegExp(key.startsWith("_") ? `${key}$` : `^${key}$`);
  for (const [, made] of text.matchAll(/`([a-z0-9_.]*(?:\$\{[^`]*?\}[a-z0-9_.]*)+)`/g)) yield pattern(made, /\$\{.*?\}/);
  for (const [, made] of text.matchAll(/"([a-z0-9_.]+" ~ [\w.]+(?: ~ "[a-z0-9_.]+)?)"?/g))
    yield pattern(made, /" ~ [\w.]+(?: ~ ")?/);
  for (const [, made] of text.matchAll(/format!\("([a-z0-9_.{}]+)"/g)) yield pattern(made, /\{\w*\}/);
}

/** A name made only of parts would match every key, so it matches none. @param {string} made @param {RegExp} part */
const pattern = (made, part) =>
  made.split(part).join("").length < 3 ? /^$/ : new RegExp(`^${made.split(part).join("[a-z0-9_.]+")}$`);

test("code or templates name every key of the catalogue", () => {
  const rust = [...files("src/http/", ".rs"), ...files("src/accounts/", ".rs")];
  const names = [...sources, ...templates, ...rust].flatMap((file) => [...namesIn(read(file))]);
  const keys = new Set(Object.keys(catalogue).map((key) => key.replace(/\.(one|other)$/, "")));
  // The displays' scripts name keys without `wall.`; wall-texts.test.js checks those.
  const ours = [...keys].filter((key) => !key.startsWith("wall."));
  assert.deepEqual(
    ours.filter((key) => !names.some((name) => name.test(key))),
    [],
  );
});

test("every plural has `one` and `other`, with the same placeholders", () => {
  const holes = (text) => [...text.matchAll(/\{\w+\}/g)].map(String).sort().join();
  for (const key of Object.keys(catalogue).filter((each) => each.endsWith(".one"))) {
    const other = catalogue[key.replace(/one$/, "other")];
    assert.ok(other, key);
    assert.equal(holes(catalogue[key]), holes(other), key);
  }
});

test("texts have plurals, numbers and isolated names", () => {
  use(catalogue, "en");
  assert.equal(t("admit_n", { n: 1234 }), "Admit 1,234");
  assert.equal(t("said.waiting", { n: 1, meeting: "Board" }), "1 person started waiting in Board.");
  assert.equal(t("said.waiting", { n: 3, meeting: "{n}" }), "3 people started waiting in {n}.");
  assert.equal(t("no_such_key"), "no_such_key");
});

test("no page carries inline script or style, and nothing is loaded from elsewhere", () => {
  for (const file of templates) {
    // Except the watchdog in a display's page, which the policy allows by its hash.
    const text = read(file).replace("<script>{{ watchdog | safe }}</script>", "");
    assert.doesNotMatch(text, /\sstyle=|<style|\son\w+=|https?:\/\//, file);
    // A block of JSON does not run.
    assert.doesNotMatch(text, /<script(?![^>]*\s(?:src=|type="application\/json"))/, file);
  }
  for (const file of sources) assert.doesNotMatch(read(file), /\sstyle=|https?:\/\/(?!www\.w3\.org)/, file);
});

test("the vendored module is the one that was recorded", () => {
  const { file, integrity } = JSON.parse(read("web/vendor/lit.json"));
  assert.equal(
    `sha384-${createHash("sha384")
      .update(readFileSync(new URL(`web/vendor/${file}`, root)))
      .digest("base64")}`,
    integrity,
  );
});

test("no file has more than 400 lines", () => {
  for (const file of [...sources, ...files("web/", ".css"), ...files("web/wall/", ".js"), ...templates])
    assert.ok(read(file).split("\n").length <= 401, file);
});
