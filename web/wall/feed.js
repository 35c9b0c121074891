// The rows: a snapshot replaces all at its end, a gap asks for one.

/** @param {Key} row */
const keyOf = ({ kind, id }) => `${kind}\n${id}`;

export class Feed {
  /** @param {() => void} resync asks for a snapshot */
  constructor(resync) {
    this.resync = resync;
    /** @type {Map<string, Row>} */
    this.rows = new Map();
    /** @type {Row[][]} */
    this.parts = [];
    this.epoch = "";
    this.seq = -1;
    /** A snapshot came: deltas can be applied. */
    this.current = false;
  }

  /** Returns whether rows changed. @param {RowFrame} frame */
  take(frame) {
    if (frame.type === "delta") return this.delta(frame);
    if (frame.type === "snapshot_end") return this.end(frame);
    if (frame.part === 0) this.parts = [];
    this.parts[frame.part] = frame.rows;
    return false;
  }

  /** @param {SnapshotEnd} frame */
  end({ epoch, seq, parts, rows }) {
    const all = this.parts.flat();
    if (this.parts.length !== parts || all.length !== rows) return this.ask();
    this.parts = [];
    this.rows = new Map(all.map((row) => [keyOf(row), row]));
    Object.assign(this, { epoch, seq, current: true });
    return true;
  }

  /** @param {Delta} frame */
  delta({ epoch, seq, drop, put }) {
    if (!this.current) return false;
    if (epoch !== this.epoch || seq !== this.seq + 1) return this.ask();
    this.seq = seq;
    for (const key of drop) this.rows.delete(keyOf(key));
    for (const row of put) this.rows.set(keyOf(row), row);
    return true;
  }

  /** After a gap deltas mean nothing until the next snapshot. */
  ask() {
    this.current = false;
    this.resync();
    return false;
  }
}
