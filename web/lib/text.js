// Text of strangers: folding for search and comparison, and what may stand inside a sentence. Pure.

const MARKS = /\p{M}+/gu;
const CONTROLS = /[\p{Cc}\u2028\u2029]+/gu;
const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
// Invisible characters: default-ignorable ones, and those whose picture is blank.
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{Cc}\u2800\ufff9-\ufffb\u{1d159}]+/gu;
// Letters that have no decomposition but that people type without their mark.
const LETTERS = /[øłđħıςßæœþð]/g;
/** @type {Record<string, string>} */
const PLAIN = { ø: "o", ł: "l", đ: "d", ħ: "h", ı: "i", ς: "σ", ß: "ss", æ: "ae", œ: "oe", þ: "th", ð: "d" };

/** Lower case without accents, controls and outer blanks: "Zoë " and "ZOE" fold to one text. @param {string} text */
export function fold(text) {
  const lower = text.normalize("NFKD").toLowerCase().replace(MARKS, "");
  return lower
    .replace(LETTERS, (letter) => PLAIN[letter] ?? letter)
    .replace(CONTROLS, " ")
    .replace(UNSEEN, "")
    .trim();
}

/** Equal for names that differ by nothing but case and the way their letters are written, as for the server (`normal.rs`).
 * @param {string} text */
export function caseless(text) {
  const once = folded(text.normalize("NFKC")).normalize("NFKC");
  return folded(once).normalize("NFKC");
}

/** By way of capitals, which is how ß becomes ss; letter by letter, so that no letter depends on its neighbours. @param {string} text */
const folded = (text) => Array.from(text, (letter) => (letter === "ı" ? letter : letter.toUpperCase().toLowerCase())).join("");

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
export const searchWords = (query) => fold(query).split(/\s+/).filter(Boolean);

/** How long a text is as UTF-8. @param {string} text */
export const bytes = (text) => new TextEncoder().encode(text).length;

/** Splits a text into what people see as characters; browsers before 2024 may lack it. */
const segmenter = typeof Intl.Segmenter === "function" ? new Intl.Segmenter() : null;
const JOINED = /^(?:\p{M}|\u200d|[\u{1f3fb}-\u{1f3ff}])$/u;

/** The start of a text, at most so many UTF-16 units, never within what people see as one character, and without half a pair of its own.
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

/** Halves of surrogate pairs become U+FFFD: no server takes them. @param {string} text */
const wellFormed = (text) => text.replace(/\p{Surrogate}/gu, "\ufffd");

/** Where there is no segmenter: a character with the marks and joiners that follow it. @param {string} text */
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
