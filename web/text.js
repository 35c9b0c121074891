// Text of strangers: folding for search and comparison, and what may stand inside a sentence. Pure.

const MARKS = /\p{M}+/gu;
const CONTROLS = /[\p{Cc}\u2028\u2029]+/gu;
const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
// What shows nothing wherever it stands: default-ignorable characters, and those whose picture is blank.
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\u2800\u{1d159}]+/gu;
// Letters that have no decomposition but that people type without their mark.
const LETTERS = /[øłđħıßæœþð]/g;
/** @type {Record<string, string>} */
const PLAIN = { ø: "o", ł: "l", đ: "d", ħ: "h", ı: "i", ß: "ss", æ: "ae", œ: "oe", þ: "th", ð: "d" };

/** Lower case without accents, controls and outer blanks: "Zoë " and "ZOE" fold to one text. @param {string} text */
export function fold(text) {
  const lower = text.normalize("NFKD").toLowerCase().replace(MARKS, "");
  return lower
    .replace(LETTERS, (letter) => PLAIN[letter] ?? letter)
    .replace(CONTROLS, " ")
    .replace(UNSEEN, "")
    .trim();
}

/** Whether a text shows nothing at all: blanks, controls and characters without a picture. @param {string} text */
export const isBlank = (text) => text.replace(UNSEEN, "").trim() === "";

/** One line of text that cannot turn the direction of what follows it; empty where it shows nothing. @param {string} text */
export const plain = (text) => (isBlank(text) ? "" : text.replace(DIRECTION, "").replace(CONTROLS, " ").trim());

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** One line of text for use inside a sentence: isolated where it may run the other way. @param {string} text @param {boolean} [toTheLeft] of
 * the sentence: that it runs from right to left */
export function isolate(text, toTheLeft = false) {
  const line = plain(text);
  return toTheLeft || RIGHT_TO_LEFT.test(line) ? `\u2068${line}\u2069` : line;
}

/** The words of a search; every one must occur. @param {string} query */
export const words = (query) => fold(query).split(/\s+/).filter(Boolean);

/** How long a text is as UTF-8. @param {string} text */
export const bytes = (text) => new TextEncoder().encode(text).length;
