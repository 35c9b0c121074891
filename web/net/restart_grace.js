// A server that has just started knows no participants yet. Until it has read its bridges, an open page keeps showing its old rows, and
// this holds the new ones back. Pure.

import { lobbyStateOf } from "../lib/lobby.js";
import { apply as applyChanges } from "./rows.js";

/** How long the new rows are held back at most, in ms: reading a large cluster takes longer than anybody should wait. */
export const LONGEST_GRACE = 5000;

export class RestartGrace {
  constructor() {
    /** @type {import("./rows.js").Rows | null} the new server's rows so far */
    this.rows = null;
    this.until = 0;
  }

  get underWay() {
    return this.rows !== null;
  }

  /** @param {import("./rows.js").Rows} rows of its snapshot @param {number} now */
  begin(rows, now) {
    if (this.rows === null) this.until = now + LONGEST_GRACE;
    this.rows = rows;
  }

  /** @param {import("./rows.js").Changes} changes */
  apply(changes) {
    if (this.rows) applyChanges(this.rows, changes);
  }

  forget() {
    this.rows = null;
  }

  /** The rows, once they can be shown; this ends the grace. @param {number} now */
  end(now) {
    const { rows } = this;
    if (rows === null || (now < this.until && !isRead(rows))) return null;
    this.rows = null;
    return rows;
  }
}

/** Whether every bridge was tried and every participant's lobby state is known. @param {import("./rows.js").Rows} rows */
function isRead(rows) {
  let bridges = 0;
  for (const row of rows.values()) {
    if (row.kind === "bridge") bridges += 1;
    if (row.kind === "bridge" && row.state === "connecting") return false;
    if (row.kind === "person" && lobbyStateOf(row) === "unknown") return false;
  }
  return bridges > 0;
}
