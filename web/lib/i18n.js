// The catalogue: every string a person sees, by key. Placeholders are `{name}`; `key.one`, `key.other` ... are chosen by the argument `n`.

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

/** With one digit after the point, whatever it is. @param {number} n */
export const tenths = (n) => n.toLocaleString(lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** @param {string} key */
export const has = (key) => key in catalogue;

/**
 * Strings of strangers are isolated, so that a right-to-left name leaves the sentence around it alone.
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
