// Stilted English: forms that once made the pages read as translated. Each pattern comes with what to write instead.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../../../", import.meta.url);
const read = (path) => readFileSync(new URL(path, root), "utf8");
/** @type {Record<string, string>} */
const english = JSON.parse(read("web/i18n/en.json"));

/** In pages and documents. @type {[RegExp, string][]} */
const ANYWHERE = [
  [/\b(some|every|any|no)body\b/i, "someone, everyone, anyone, no one"],
  [/\banew\b|\bonce more\b/i, "again"],
  [/\bjust now\b/i, "right now, or a time"],
  [/\bcan['’]t be believed\b/i, "what is wrong"],
  [/\btak(e|es|en|ing)\b[^.:;]{0,40}\b(away|back)\b/i, "remove, undo"],
  [/\blog(s|ged|ging)? (in|out)\b/i, "sign in, sign out"],
  [/\bis to show\b|\bno longer, or\b|\bturns? it round\b/i, "a plain verb"],
];

/** In the pages' texts, which are shorter than a document's. @type {[RegExp, string][]} */
const ON_PAGES = [
  [/\.\.\.|\s…/, "one character, without a blank before it"],
  [/[a-z’)}]: [a-z]/, "two sentences, or a comma, instead of a clause after a colon"],
  [/;/, "two sentences"],
  [/['"]|--/, "typographic apostrophes, quotation marks and dashes"],
  [/\bwhom(ever)?\b|\bwho(so)?ever\b/i, "everyone who, the person who"],
  [/^(Who|What) (?!.*\?$)\S+ (is|are|has|gets)\b/, "a noun instead of a clause"],
  [/\bcan’t be (read|seen|heard)\b/i, "unreachable, damaged, out of date"],
  [/\bby (itself|themselves)\b/i, "automatically, or nothing"],
  [/\bor (no longer|not)[.?]?$/i, "both choices by name"],
  [/\b(you|they) may (look|not)\b|\bmay look\b/i, "view only, don’t have access"],
  [/\b(have|has) to be\b/i, "must, or who does it"],
  [/\bso already\b|\balready so\b/i, "no change"],
  [/\btake turns\b|\bin turn$/i, "rotate, in rotation"],
  [/\b(tick|press when)\b/i, "select, click"],
  [/(^|[.,:] )(see|look) (whether|if)\b/i, "check whether"],
  [/\b(telephone|machine)\b/i, "phone, computer, server"],
  [/\b(is|are) handling\b|\bhandled by\b|\blets? (you|\{\w+\}) in\b/i, "the glossary’s claim and admit"],
  [/\bof th(is|e same) name\b|\bthere (is|are) no such\b/i, "with this name, does not exist"],
];

/** Texts that keep a form, with the reason. */
const ALLOWED = new Map([["log.lead", '"who did what to whom" is an idiom']]);

/** @param {string} text @param {[RegExp, string][]} patterns */
const found = (text, patterns) => patterns.filter(([pattern]) => pattern.test(text));

test("no text of a page has a form of stilted English", () => {
  const patterns = [...ANYWHERE, ...ON_PAGES];
  const stilted = Object.entries(english).filter(([, text]) => found(text, patterns).length > 0);
  const said = stilted.map(([key, text]) => `${key}: ${text} (better: ${found(text, patterns).map(([, better]) => better)})`);
  // Also finds an entry of the list that is no longer needed.
  assert.deepEqual(
    stilted.map(([key]) => key),
    [...ALLOWED.keys()],
    said.join("\n"),
  );
});

test("an ellipsis stands only on entries of menus, where a dialog follows", () => {
  for (const [key, text] of Object.entries(english)) if (text.includes("…")) assert.match(key, /^menu\./, text);
});

test("a text neither begins nor ends with a blank, and has no double blank", () => {
  for (const [key, text] of Object.entries(english).filter(([key]) => key !== "list_comma"))
    assert.doesNotMatch(text, /^\s|\s$|\s\s/, key);
});

test("templates have no words of their own", () => {
  for (const file of readdirSync(new URL("templates/", root))) {
    const words = read(`templates/${file}`)
      .replace(/\{% block page %\}\w+|\{%-? macro .*?\{%-? endmacro -?%\}|\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}/gs, "")
      .replace(/<script[^>]*>.*?<\/script>|<[^>]*>|[\w-]+="[^"]*"|\/wall\b/gs, " ")
      .match(/(?!UTC\b)\b[A-Za-z]{2,}/g);
    assert.deepEqual(words ?? [], [], file);
  }
});

/** Without code, where a word may be a name. @param {string} text */
const prose = (text) => text.replace(/^```[\s\S]*?^```/gm, "").replace(/`[^`\n]*`/g, "");

test("no document has a form of stilted English", () => {
  const guides = readdirSync(new URL("docs/", root)).filter((file) => file.endsWith(".md"));
  for (const file of ["README.md", "CONTRIBUTING.md", "SECURITY.md", ...guides.map((guide) => `docs/${guide}`)]) {
    for (const line of prose(read(file)).split("\n")) assert.deepEqual(found(line, ANYWHERE), [], `${file}: ${line}`);
  }
});
