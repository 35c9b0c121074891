// The rows as they come from the server: applies snapshots and deltas in sequence, and waits for a server that has just started.

import { LONGEST_GRACE, RestartGrace } from "./restart_grace.js";
import { apply, diff, Follower } from "./rows.js";

/** @typedef {import("./rows.js").Changes} Changes */

export class Feed {
  /**
   * @param {(changes: Changes, whole: "first" | "again" | null) => void} onChanges changes of the rows shown; `whole`: from a
   *   snapshot
   * @param {() => void} resync
   */
  constructor(onChanges, resync) {
    this.onChanges = onChanges;
    this.resync = resync;
    this.rows = /** @type {import("./rows.js").Rows} */ (new Map());
    this.follower = new Follower();
    /** The epoch of the server whose rows are shown; empty before the first snapshot. */
    this.epoch = "";
    this.restartGrace = new RestartGrace();
  }

  /** A new connection. */
  restart() {
    this.follower.restart();
  }

  /** The connection is lost. */
  onDisconnected() {
    this.restartGrace.forget();
  }

  /** @param {import("./protocol.js").SnapshotPart} frame */
  part(frame) {
    this.follower.part(frame);
  }

  /** @param {import("./protocol.js").SnapshotEnd} frame */
  end(frame) {
    const rows = this.follower.end(frame);
    if (!rows) return this.resync();
    if (this.epoch === "" || frame.epoch === this.epoch) return this.#show(rows);
    this.restartGrace.begin(rows, performance.now());
    setTimeout(() => this.#endGrace(), LONGEST_GRACE);
    this.#endGrace();
  }

  /** @param {import("./protocol.js").Delta} frame */
  delta(frame) {
    const verdict = this.follower.delta(frame);
    if (verdict === "resync") this.resync();
    if (verdict !== "apply") return;
    if (this.restartGrace.underWay) {
      this.restartGrace.apply(frame);
      return this.#endGrace();
    }
    apply(this.rows, frame);
    this.onChanges(frame, null);
  }

  /** The server has restarted: the rows shown change once it has read its bridges. */
  #endGrace() {
    const rows = this.restartGrace.end(performance.now());
    if (rows) this.#show(rows);
  }

  /** @param {import("./rows.js").Rows} rows the whole view */
  #show(rows) {
    const whole = this.epoch === "" ? "first" : "again";
    const changes = diff(this.rows, rows);
    this.epoch = this.follower.epoch;
    apply(this.rows, changes);
    this.onChanges(changes, whole);
  }
}
