// Splits a long name before its end, so that the end stays visible where the name doesn't fit: names often differ only there ("District court,
// hall 3"). Pure.

/** A name up to this length is not split, in UTF-16 units. */
const SHORT = 20;
/** The longest end, in UTF-16 units. */
const LONGEST_END = 12;
/** The end of a name without blanks, in characters. */
const UNSPACED_END = 4;

const BLANKS = /\s+/gu;
/** A name can be split after these: it changes no letter's shape, and both parts can be read aloud. */
const BOUNDARY = /[\s\-\u2010-\u2014,;:/|·(]/u;
const MARK = /^\p{M}/u;
/** Scripts without blanks, whose letters have one shape only. */
const UNSPACED = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{N}]+$/u;

/**
 * The two parts of a name, which together are the name with single blanks; the second one is empty if the name is not split.
 * @param {string} name @returns {[start: string, end: string]}
 */
export function splitEnd(name) {
  const line = name.replace(BLANKS, " ").trim();
  if (line.length <= SHORT) return [line, ""];
  for (let at = line.length - LONGEST_END; at < line.length; at += 1) {
    const rest = line.slice(at);
    if (BOUNDARY.test(line.charAt(at - 1)) && !BOUNDARY.test(rest.charAt(0)) && !MARK.test(rest)) return [line.slice(0, at), rest];
  }
  const letters = Array.from(line);
  // The letter before the end counts, too: the end must not begin inside a word of another script.
  if (!UNSPACED.test(letters.slice(-UNSPACED_END - 1).join(""))) return [line, ""];
  return [letters.slice(0, -UNSPACED_END).join(""), letters.slice(-UNSPACED_END).join("")];
}
