// Keeps a list stable: the row under the pointer stays in its place, and a row that goes leaves a trace for a while. Pure.

/** How long the trace of a row that is no longer listed is shown, in ms. */
export const TRACE = 6000;
/** Traces that began within this time of each other, in ms, disappear together, so that the list moves only once. */
const TOGETHER = 1500;

/**
 * @template T
 * @typedef {{ id: string, row: T, gone: number | null }} Entry  `gone`: when it stopped being listed
 */

/**
 * The row that keeps its place: at least `least` entries stay before it, if there are so many, and at most `most`.
 * @typedef {{ id: string, least: number, most: number }} Pinned
 */

/**
 * Makes the next list from the one on the screen and the wanted one.
 * While the list is `frozen`, all entries stay where they are, gone or not, and arrivals are added below. Otherwise it has the wanted order,
 * with recent traces in it, around the row that keeps its place. That row may be a trace unless the list is empty: the row under a pointer
 * must not turn into somebody else's.
 * @template T
 * @param {Entry<T>[]} before what is on screen
 * @param {T[]} wanted the rows to list, in order
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
