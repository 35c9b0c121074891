// The display's texts: the page has them in its language.

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/** @type {Texts} */
let texts = {};
let lang = "en";
let forms = new Intl.PluralRules(lang);

/** @param {Texts} words @param {string} language */
export function use(words, language) {
  texts = words;
  lang = language;
  forms = new Intl.PluralRules(lang);
}

/** Without `wall.`, in the form for `n`. @param {string} name @param {Record<string, any>} [args] */
export function t(name, args = {}) {
  const key = `wall.${name}`;
  const form = forms.select(Number(args.n));
  const text = texts[key] || texts[`${key}.${form}`] || texts[`${key}.other`] || name;
  return text.replace(/\{(\w+)\}/g, (hole, part) => {
    const value = part in args ? args[part].toLocaleString(lang) : hole;
    // Isolates right-to-left names.
    return RIGHT_TO_LEFT.test(value) ? `\u2068${value}\u2069` : value;
  });
}

/** A wait: 0:48, 12:05, 1:02:03. @param {number} ms */
export function duration(ms) {
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const all = Math.floor(ms / 1000);
  const [h, m, s] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, two(all % 60)];
  return h > 0 ? `${h}:${two(m)}:${s}` : `${m}:${s}`;
}

/** How many are left out: "+2", or nothing. @param {number} n */
export const more = (n) => (n > 0 ? `+${n}` : "");
