// Every language is complete: the keys, placeholders and order of English, the plural forms that it needs, and no text left in English.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { t, use } from "../../../web/lib/i18n.js";

const folder = new URL("../../../web/i18n/", import.meta.url);
const languages = readdirSync(folder).map((file) => file.replace(/\.json$/, ""));
const others = languages.filter((language) => language !== "en");
const catalogues = Object.fromEntries(
  languages.map((language) => [language, JSON.parse(readFileSync(new URL(`${language}.json`, folder), "utf8"))]),
);
const english = catalogues.en;
/** Keys whose words are the same as in English on purpose, by language. */
const same = JSON.parse(readFileSync(new URL("same-as-english.json", import.meta.url), "utf8"));

const FORM = /\.(zero|one|two|few|many|other)$/;
const base = (key) => key.replace(FORM, "");
const isPlural = (key) => `${base(key)}.other` in english;
const holes = (text) => [...text.matchAll(/\{\w+\}/g)].map(String).sort().join();
/** The plural forms of numbers below a million; larger ones may use `other`. */
const formsOf = (language) => {
  const rules = new Intl.PluralRules(language);
  return new Set(Array.from({ length: 1000 }, (_, n) => rules.select(n)));
};
/** @param {Record<string, string>} catalogue */
const keysOf = (catalogue) => [...new Set(Object.keys(catalogue).map(base))];

test("English, German, French and Spanish exist, each with its own name", () => {
  assert.deepEqual(Object.fromEntries(languages.map((language) => [language, catalogues[language].language_name])), {
    de: "Deutsch",
    en: "English",
    es: "Español",
    fr: "Français",
  });
  for (const language of languages) assert.match(catalogues[language].direction, /^(ltr|rtl)$/, language);
});

for (const language of languages) {
  test(`${language} has every key of English, in its order, and no other`, () => {
    assert.deepEqual(keysOf(catalogues[language]), keysOf(english));
  });

  test(`${language} has the plural forms that it needs, and no word is empty`, () => {
    const forms = formsOf(language);
    const rules = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    for (const [key, text] of Object.entries(catalogues[language])) {
      assert.notEqual(text.trim(), "", key);
      const [, form] = FORM.exec(key) ?? [];
      assert.equal(form !== undefined, isPlural(key), key);
      if (form) assert.ok(rules.includes(form), `${key}: ${language} has no such form`);
    }
    for (const key of keysOf(english).filter((each) => isPlural(each))) {
      for (const form of [...forms, "other"]) assert.ok(`${key}.${form}` in catalogues[language], `${key}.${form}`);
    }
  });

  test(`${language} has the placeholders of English`, () => {
    for (const [key, text] of Object.entries(catalogues[language])) {
      assert.equal(holes(text), holes(english[key] ?? english[`${base(key)}.other`]), key);
    }
  });
}

const plain = (text) => text.normalize("NFKC").toLowerCase();

for (const language of others) {
  test(`${language} has no English text that is not listed`, () => {
    const equal = Object.keys(english).filter((key) => plain(catalogues[language][key] ?? "") === plain(english[key]));
    assert.deepEqual([...new Set(equal.map(base))], same[language]);
  });
}

test("French has its narrow no-break spaces and apostrophes, German no straight quotes", () => {
  for (const [key, text] of Object.entries(catalogues.fr)) assert.doesNotMatch(text, /[^\u202f][:;!?](?!\d)|'|"/, key);
  for (const [key, text] of Object.entries(catalogues.de)) assert.doesNotMatch(text, /["']/, key);
  for (const [key, text] of Object.entries(catalogues.es)) assert.equal(/\?$/.test(text), /¿/.test(text), key);
});

test("a count has the plural form and the digits of its language", () => {
  const textOf = (language, key, n) => {
    use(catalogues[language], language);
    return t(key, { n });
  };
  assert.equal(textOf("de", "said.loaded", 1), "1 Person wartet.");
  assert.equal(textOf("de", "said.loaded", 1234), "1.234 Personen warten.");
  assert.equal(textOf("fr", "said.loaded", 0), "0 personne attend.");
  // A million is `many` in French and Spanish, which may use `other`.
  assert.equal(textOf("fr", "said.loaded", 1_000_000), "1\u202f000\u202f000 personnes attendent.");
  assert.equal(textOf("es", "said.loaded", 2_000_000), "2.000.000 personas esperan.");
});

test("a right-to-left language isolates every foreign text", () => {
  use({ direction: "rtl", hello: "{name}" }, "he");
  assert.equal(t("hello", { name: "Zoë (2)" }), "\u2068Zoë (2)\u2069");
  use(english, "en");
  assert.equal(t("admit_person", { name: "Zoë (2)" }), "Admit Zoë (2)");
});
