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
 * @typedef {{ id: string, least: number, most: number }} Pinned
 */

/**
 * The next list, from the one on screen and the one that should be.
 * While it is `frozen` all entries stay where they are, gone or not, and arrivals go below. Else it is in the wanted order, with young
 * traces among it, around the row that keeps its place. That may be a trace, as long as there is anybody: what is under a pointer does not
 * become somebody else.
 * @template T
 * @param {Entry<T>[]} before what is on screen
 * @param {T[]} wanted the rows that belong into the list, in order
 * @param {{ id: (row: T) => string, compare: (a: T, b: T) => number, now: number, frozen: boolean, pinned?: Pinned | null, trace?: number }} how
 * @returns {Entry<T>[]}
 */
export function nextEntries(before, wanted, { id, compare, now, frozen, pinned = null, trace = TRACE }) {
  const rows = new Map(wanted.map((row) => [id(row), row]));
  /** @type {(entry: Entry<T>) => Entry<T>} */
  const refresh = (entry) => {
    const row = rows.get(entry.id);
    return row ? { id: entry.id, row, gone: null } : { ...entry, gone: entry.gone ?? now };
  };
  const current = before.map(refresh);
  if (frozen) for (const entry of current) rows.delete(entry.id);
  const rest = [...rows].map(([key, row]) => /** @type {Entry<T>} */ ({ id: key, row, gone: null }));
  if (frozen) return [...current, ...rest];
  const pinnedId = rest.length > 0 ? pinned?.id : undefined;
  const traceTime = current.some(({ gone }) => gone !== null && now - gone >= trace) ? trace - TOGETHER : trace;
  const traces = current.filter(({ id, gone }) => gone !== null && (now - gone < traceTime || id === pinnedId));
  traces.sort((a, b) => compare(a.row, b.row));
  return placePinned(traces.length > 0 ? merge(rest, traces, compare) : rest, pinned);
}

/** @template T @param {Entry<T>[]} entries @param {Pinned | null} pinned */
function placePinned(entries, pinned) {
  const at = pinned === null ? -1 : entries.findIndex(({ id }) => id === pinned.id);
  if (pinned === null || at < 0) return entries;
  const to = Math.min(Math.max(at, pinned.least), pinned.most);
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
