// Keeps a list calm: what is being pointed at stays in its place, what goes leaves a short trace. Pure.

/** How long a person who is no longer waiting is still shown, in ms. */
export const TRACE = 6000;
/** Traces that began within this time go together, in ms, so that the list moves once. */
const TOGETHER = 1500;

/**
 * @template T
 * @typedef {{ id: string, row: T, gone: number | null }} Entry  `gone`: when it stopped being listed
 */

/**
 * The row that keeps its place: it has `least` entries before it where there are so many, and no more than `most`.
 * @typedef {{ id: string, least: number, most: number }} Kept
 */

/**
 * The next list, from the one on screen and the one that should be.
 * While it is `held` all entries stay where they are, gone or not, and arrivals go below. Else it is in the wanted order, with young
 * traces among it, around the row that keeps its place. That may be a trace, as long as there is anybody: what is under a pointer does not
 * become somebody else.
 * @template T
 * @param {Entry<T>[]} before what is on screen
 * @param {T[]} wanted the rows that belong into the list, in order
 * @param {{ id: (row: T) => string, compare: (a: T, b: T) => number, now: number, held: boolean, kept?: Kept | null, trace?: number }} how
 * @returns {Entry<T>[]}
 */
export function nextEntries(before, wanted, { id, compare, now, held, kept = null, trace = TRACE }) {
  const rows = new Map(wanted.map((row) => [id(row), row]));
  /** @type {(entry: Entry<T>) => Entry<T>} */
  const refreshed = (entry) => {
    const row = rows.get(entry.id);
    return row ? { id: entry.id, row, gone: null } : { ...entry, gone: entry.gone ?? now };
  };
  const stands = before.map(refreshed);
  if (held) for (const entry of stands) rows.delete(entry.id);
  const rest = [...rows].map(([key, row]) => /** @type {Entry<T>} */ ({ id: key, row, gone: null }));
  if (held) return [...stands, ...rest];
  const keeps = rest.length > 0 ? kept?.id : undefined;
  const lasts = stands.some(({ gone }) => gone !== null && now - gone >= trace) ? trace - TOGETHER : trace;
  const traces = stands.filter(({ id, gone }) => gone !== null && (now - gone < lasts || id === keeps));
  traces.sort((a, b) => compare(a.row, b.row));
  return around(traces.length > 0 ? merge(rest, traces, compare) : rest, kept);
}

/** @template T @param {Entry<T>[]} entries @param {Kept | null} kept */
function around(entries, kept) {
  const at = kept === null ? -1 : entries.findIndex(({ id }) => id === kept.id);
  if (kept === null || at < 0) return entries;
  const to = Math.min(Math.max(at, kept.least), kept.most);
  if (to !== at) entries.splice(to, 0, ...entries.splice(at, 1));
  return entries;
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
