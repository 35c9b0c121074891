// Rows, snapshots, deltas, and the difference of two sets of rows. Pure: no clock, no socket, no page.

/**
 * @typedef {import("./protocol.js").Row} Row
 * @typedef {import("./protocol.js").RowKey} RowKey
 * @typedef {Map<string, Row>} Rows  by `keyOf`
 * @typedef {{ put: Row[], drop: RowKey[] }} Changes
 */

/** @param {RowKey} row */
const keyOf = (row) => `${row.kind}\n${row.id}`;

/** Fields that few participants have; the server leaves them out if they are empty. */
const RARE = /** @type {const} */ (["label", "pending", "outcome", "admitted", "sent_back", "claim", "hold", "acknowledged"]);

/** Fills absent fields with null. @param {Row[]} rows */
function filled(rows) {
  for (const row of rows) if (row.kind === "person") for (const field of RARE) row[field] ??= null;
  return rows;
}

/** @param {Iterable<Row>} rows @returns {Rows} */
export function collect(rows) {
  /** @type {Rows} */
  const map = new Map();
  for (const row of rows) map.set(keyOf(row), row);
  return map;
}

/**
 * Removes what was dropped, then inserts or replaces what was put. Changes `rows` and returns it.
 * @param {Rows} rows @param {Changes} changes
 */
export function apply(rows, changes) {
  for (const key of changes.drop) rows.delete(keyOf(key));
  for (const row of changes.put) rows.set(keyOf(row), row);
  return rows;
}

/**
 * The changes that turn `before` into `after`. Equal rows are left out, so that their objects stay the same.
 * @param {Rows} before @param {Rows} after @returns {Changes}
 */
export function diff(before, after) {
  /** @type {Changes} */
  const changes = { put: [], drop: [] };
  for (const [key, row] of before) if (!after.has(key)) changes.drop.push({ kind: row.kind, id: row.id });
  for (const [key, row] of after) if (!isEqual(before.get(key), row)) changes.put.push(row);
  return changes;
}

/** Whether two values are equal as JSON, regardless of the order of keys. @param {unknown} a @param {unknown} b @returns {boolean} */
function isEqual(a, b) {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const [left, right] = [Object.entries(a), /** @type {Record<string, unknown>} */ (b)];
  return left.length === Object.keys(right).length && left.every(([key, value]) => key in right && isEqual(value, right[key]));
}

/**
 * Follows the sequence numbers of one server, and says what each frame means for the rows.
 * A gap gives one `resync`; deltas are then ignored until the next snapshot ends.
 */
export class Follower {
  constructor() {
    this.epoch = "";
    this.seq = -1;
    /** False until this connection's first snapshot has ended, and again after a gap. */
    this.current = false;
    /** @type {Row[][]} */
    this.parts = [];
  }

  /** A new connection: nothing is current until its first snapshot. */
  restart() {
    this.current = false;
    this.parts = [];
  }

  /** @param {import("./protocol.js").SnapshotPart} frame */
  part(frame) {
    if (frame.part === 0) this.parts = [];
    this.parts[frame.part] = filled(frame.rows);
  }

  /**
   * @param {import("./protocol.js").SnapshotEnd} frame
   * @returns {Rows | null} the whole view, or null where parts are missing
   */
  end(frame) {
    const rows = this.parts.flat();
    const whole = this.parts.length === frame.parts && rows.length === frame.rows;
    this.parts = [];
    if (!whole) return null;
    Object.assign(this, { epoch: frame.epoch, seq: frame.seq, current: true });
    return collect(rows);
  }

  /** @param {import("./protocol.js").Delta} frame @returns {"apply" | "ignore" | "resync"} */
  delta(frame) {
    if (!this.current) return "ignore";
    if (frame.epoch === this.epoch && frame.seq === this.seq + 1) {
      this.seq = frame.seq;
      filled(frame.put);
      return "apply";
    }
    this.current = false;
    return "resync";
  }
}
