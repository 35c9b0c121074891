// Text of strangers: folding for search and comparison, and what may stand inside a sentence. Pure.

const MARKS = /\p{M}+/gu;
const CONTROLS = /[\p{Cc}\u2028\u2029]+/gu;
const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
// Letters that have no decomposition but that people type without their mark.
const LETTERS = /[øłđħıßæœþð]/g;
/** @type {Record<string, string>} */
const PLAIN = { ø: "o", ł: "l", đ: "d", ħ: "h", ı: "i", ß: "ss", æ: "ae", œ: "oe", þ: "th", ð: "d" };

/** Lower case without accents, controls and outer blanks: "Zoë " and "ZOE" fold to one text. @param {string} text */
export function fold(text) {
  const lower = text.normalize("NFKD").toLowerCase().replace(MARKS, "");
  return lower
    .replace(LETTERS, (letter) => PLAIN[letter] ?? letter)
    .replace(DIRECTION, "")
    .replace(CONTROLS, " ")
    .trim();
}

/** One line of text that cannot turn the direction of what follows it. @param {string} text */
export const plain = (text) => text.replace(DIRECTION, "").replace(CONTROLS, " ").trim();

/** Isolated inside a sentence, whatever its direction. @param {string} text */
export const isolate = (text) => `\u2068${plain(text)}\u2069`;

/** The words of a search; every one must occur. @param {string} query */
export const words = (query) => fold(query).split(/\s+/).filter(Boolean);
