// Matches a typed text with names, ranks the matches, and takes the best ones. All texts are folded (lib/text.js). Pure.

/** How well a text matches, best first: it is the whole name, its start, starts of words, parts of words, or partly something else. */
export const EXACT = 0;
export const PREFIX = 1;
export const WORD = 2;
export const INSIDE = 3;
export const ELSEWHERE = 4;
export const NONE = 5;

const LETTER = /[\p{L}\p{N}]/u;

/**
 * The rank of a name. Every word has to match, and at least one in the name or in `more`.
 * @param {string[]} words of the typed text @param {string} name @param {string} [more] a further text of its own, such as an address
 * @param {string} [context] a text that it shares with others, such as a meeting's name
 */
export function rankOf(words, name, more = "", context = "") {
  const whole = words.join(" ");
  if (whole !== "" && name === whole) return EXACT;
  if (name.startsWith(whole)) return PREFIX;
  let worst = WORD;
  let own = false;
  for (const word of words) {
    const rank = rankOfWord(word, name);
    if (rank === NONE && !more.includes(word) && !context.includes(word)) return NONE;
    own ||= rank < NONE || more.includes(word);
    worst = Math.max(worst, rank === NONE ? ELSEWHERE : rank);
  }
  return own ? worst : NONE;
}

/** @param {string} word @param {string} name */
function rankOfWord(word, name) {
  let rank = NONE;
  for (let at = name.indexOf(word); at >= 0; at = name.indexOf(word, at + 1)) {
    if (at === 0 || !LETTER.test(name[at - 1] ?? "")) return WORD;
    rank = INSIDE;
  }
  return rank;
}

/** The first `most` of many in order; does not sort the others. @template T @param {T[]} items @param {(a: T, b: T) => number} compare
 * @param {number} most @returns {T[]} */
export function best(items, compare, most) {
  /** @type {T[]} */
  const kept = [];
  for (const item of items) {
    const last = kept.length < most ? undefined : kept.at(-1);
    if (last !== undefined && compare(item, last) >= 0) continue;
    kept.splice(placeOf(item, kept, compare), 0, item);
    if (kept.length > most) kept.pop();
  }
  return kept;
}

/** The place of an item in a sorted list, after equal ones. @template T @param {T} item @param {T[]} sorted
 * @param {(a: T, b: T) => number} compare */
function placeOf(item, sorted, compare) {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (compare(/** @type {T} */ (sorted[middle]), item) <= 0) from = middle + 1;
    else to = middle;
  }
  return from;
}
