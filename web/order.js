// Keeps a list calm: what is being pointed at stays in its place, what goes leaves a short trace. Pure.

/** How long a person who is no longer waiting is still shown, in ms. */
export const TRACE = 6000;

/**
 * @template T
 * @typedef {{ id: string, row: T, gone: number | null }} Entry  `gone`: when it stopped being listed
 */

/**
 * The next list, from the one on screen and the one that should be.
 * The first `held` entries stay where they are, gone or not (Infinity: all of them, arrivals go below); the rest is in the wanted order,
 * with young traces among it.
 * @template T
 * @param {Entry<T>[]} before what is on screen
 * @param {T[]} wanted the rows that belong into the list, in order
 * @param {{ id: (row: T) => string, compare: (a: T, b: T) => number, now: number, held: number, trace?: number }} how
 * @returns {Entry<T>[]}
 */
export function settle(before, wanted, { id, compare, now, held, trace = TRACE }) {
  const rows = new Map(wanted.map((row) => [id(row), row]));
  /** @type {(entry: Entry<T>) => Entry<T>} */
  const refreshed = (entry) => {
    const row = rows.get(entry.id);
    return row ? { id: entry.id, row, gone: null } : { ...entry, gone: entry.gone ?? now };
  };
  const head = before.slice(0, held).map(refreshed);
  const young = before
    .slice(head.length)
    .map(refreshed)
    .filter((entry) => entry.gone !== null && now - entry.gone < trace);
  for (const entry of head) rows.delete(entry.id);
  const rest = [...rows].map(([key, row]) => /** @type {Entry<T>} */ ({ id: key, row, gone: null }));
  if (young.length === 0) return [...head, ...rest];
  return [
    ...head,
    ...merge(
      rest,
      young.sort((a, b) => compare(a.row, b.row)),
      compare,
    ),
  ];
}

/** @template T @param {Entry<T>[]} a @param {Entry<T>[]} b @param {(a: T, b: T) => number} compare */
function merge(a, b, compare) {
  /** @type {Entry<T>[]} */
  const all = [];
  let next = 0;
  for (const entry of a) {
    for (let other = b[next]; other && compare(other.row, entry.row) <= 0; other = b[next]) {
      all.push(other);
      next += 1;
    }
    all.push(entry);
  }
  return [...all, ...b.slice(next)];
}
