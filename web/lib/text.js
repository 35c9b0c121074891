// Text from outside: folds it for search and comparison, and makes it safe inside a sentence. Pure.

const MARKS = /\p{M}+/gu;
const CONTROLS = /[\p{Cc}\u2028\u2029]+/gu;
const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
// Invisible characters: default-ignorable ones, and those with a blank glyph.
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{Cc}\u2800\ufff9-\ufffb\u{1d159}]+/gu;
// Letters that have no decomposition, but that people type without their mark.
const LETTERS = /[øłđħıςßæœþð]/g;
/** @type {Record<string, string>} */
const PLAIN = { ø: "o", ł: "l", đ: "d", ħ: "h", ı: "i", ς: "σ", ß: "ss", æ: "ae", œ: "oe", þ: "th", ð: "d" };

/** Lower case, without accents, controls and surrounding blanks: "Zoë " and "ZOE" fold to the same text. @param {string} text */
export function fold(text) {
  const lower = text.normalize("NFKD").toLowerCase().replace(MARKS, "");
  return lower
    .replace(LETTERS, (letter) => PLAIN[letter] ?? letter)
    .replace(CONTROLS, " ")
    .replace(UNSEEN, "")
    .trim();
}

/** The same for names that differ only in case and in how their letters are encoded, as on the server (`src/text/normalize.rs`).
 * @param {string} text */
export function caseless(text) {
  const once = folded(text.normalize("NFKC")).normalize("NFKC");
  return folded(once).normalize("NFKC");
}

/** Through upper case, so that ß becomes ss; letter by letter, so that no letter depends on its neighbours. @param {string} text */
const folded = (text) => Array.from(text, (letter) => (letter === "ı" ? letter : letter.toUpperCase().toLowerCase())).join("");

/** Whether nothing of a text is visible: only blanks, controls and invisible characters. @param {string} text */
export const isBlank = (text) => text.replace(UNSEEN, "").trim() === "";

/** One line of text that can't change the direction of what follows; empty if nothing of it is visible. @param {string} text */
export const plain = (text) => (isBlank(text) ? "" : text.replace(DIRECTION, "").replace(CONTROLS, " ").trim());

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** One line of text for use inside a sentence: isolated if it may run the other way. @param {string} text
 * @param {boolean} [toTheLeft] whether the sentence runs from right to left */
export function isolate(text, toTheLeft = false) {
  const line = plain(text);
  return toTheLeft || RIGHT_TO_LEFT.test(line) ? `\u2068${line}\u2069` : line;
}

/** The words of a search, all of which must occur. @param {string} query */
export const searchWords = (query) => fold(query).split(/\s+/).filter(Boolean);

/** The length of a text in UTF-8. @param {string} text */
export const bytes = (text) => new TextEncoder().encode(text).length;

/** Splits a text into the characters that people see; browsers before 2024 may lack it. */
const segmenter = typeof Intl.Segmenter === "function" ? new Intl.Segmenter() : null;
const JOINED = /^(?:\p{M}|\u200d|[\u{1f3fb}-\u{1f3ff}])$/u;

/** The start of a text, of at most `most` UTF-16 units. Never cuts a character as people see it, and leaves no lone surrogate.
 * @param {string} text @param {number} most */
export function cut(text, most) {
  const whole = wellFormed(text);
  if (whole.length <= most) return whole;
  let end = 0;
  for (const { index, segment } of segmenter ? segmenter.segment(whole) : clusters(whole)) {
    if (index + segment.length > most) break;
    end = index + segment.length;
  }
  return whole.slice(0, end);
}

/** Replaces lone surrogates by U+FFFD, since the server takes none. @param {string} text */
const wellFormed = (text) => text.replace(/\p{Surrogate}/gu, "\ufffd");

/** Without a segmenter: each character with the marks and joiners that follow it. @param {string} text */
function clusters(text) {
  /** @type {{ index: number, segment: string }[]} */
  const found = [];
  let index = 0;
  for (const char of text) {
    const last = found.at(-1);
    if (last && (JOINED.test(char) || last.segment.endsWith("\u200d"))) last.segment += char;
    else found.push({ index, segment: char });
    index += char.length;
  }
  return found;
}
