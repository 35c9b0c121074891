// The catalogue: every text of the pages, by key. Placeholders are `{name}`; the argument `n` chooses between `key.one`, `key.other` and so on.

import { isolate } from "./text.js";

/** @type {Record<string, string>} */
let catalogue = {};
let lang = "en";
let toTheLeft = false;
let plurals = new Intl.PluralRules(lang);
let numbers = new Intl.NumberFormat(lang);

/** @param {string} base @param {string} language */
export async function loadCatalogue(base, language) {
  const answer = await fetch(`${base}/static/i18n/${language}.json`);
  if (!answer.ok) throw new Error(`catalogue ${language}: ${answer.status}`);
  use(await answer.json(), language);
}

/** @param {Record<string, string>} texts @param {string} language */
export function use(texts, language) {
  catalogue = texts;
  lang = language;
  toTheLeft = texts.direction === "rtl";
  plurals = new Intl.PluralRules(lang);
  numbers = new Intl.NumberFormat(lang);
}

/** @param {number} n */
export const number = (n) => numbers.format(n);

/** Always with one digit after the decimal point. @param {number} n */
export const tenths = (n) => n.toLocaleString(lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** @param {string} key */
export const has = (key) => key in catalogue;

/**
 * Isolates foreign text, so that a right-to-left name does not reorder the sentence around it.
 * @param {string} key @param {Record<string, string | number>} [args]
 */
export function t(key, args = {}) {
  const n = args.n;
  const plural = typeof n === "number" ? catalogue[`${key}.${plurals.select(n)}`] : undefined;
  const text = plural ?? catalogue[key] ?? catalogue[`${key}.other`] ?? key;
  return text.replace(/\{(\w+)\}/g, (hole, name) => {
    const value = args[name];
    if (value === undefined) return hole;
    return typeof value === "number" ? numbers.format(value) : isolate(value, toTheLeft);
  });
}
