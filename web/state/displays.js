// The displays as administrators see them: the list, which the server sends while their page is open, and its labels. Touches no element.

import { fold } from "../lib/text.js";

/**
 * @typedef {import("../net/protocol.js").DisplayRow} DisplayRow
 * @typedef {import("../net/protocol.js").DisplayView} DisplayView
 * @typedef {{ key: string, args: Record<string, string | number> }} Words  a text of the catalogue
 */

export class Displays {
  /** @param {(message: object) => boolean} send */
  constructor(send) {
    this.send = send;
    /** Whether the server sends the list over this connection. */
    this.watching = false;
    /** The list as last received; null before the first one. @type {DisplayRow[] | null} */
    this.list = null;
    /** How many screens show a code. */
    this.waiting = 0;
  }

  /** Starts or stops the stream of the list, if needed. @param {boolean} wanted */
  watch(wanted) {
    if (wanted === this.watching) return;
    const ref = wanted ? "displays" : "no-displays";
    if (this.send({ type: "displays", ref, on: wanted })) this.watching = wanted;
  }

  /** A new connection: the server sends no list until asked. The old list stays on the page. */
  forget() {
    this.watching = false;
  }

  /** @param {import("../net/protocol.js").DisplaysFrame} frame */
  receive(frame) {
    this.list = [...frame.displays].sort(byName);
    this.waiting = frame.waiting;
  }
}

/** Orders displays by name, revoked ones last. @param {DisplayRow} a @param {DisplayRow} b */
export function byName(a, b) {
  const name = (/** @type {DisplayRow} */ row) => fold(row.display.name);
  return Number(a.revoked !== null) - Number(b.revoked !== null) || name(a).localeCompare(name(b)) || (a.id < b.id ? -1 : 1);
}

/** @param {DisplayRow} row @returns {"revoked" | "connected" | "shared" | "away" | "never"} */
export function stateOf(row) {
  if (row.revoked !== null) return "revoked";
  if (row.connected > 0) return row.connected > 1 ? "shared" : "connected";
  return row.last_seen === null ? "never" : "away";
}

/** The label of one view. @param {DisplayView} view @returns {Words} */
export function viewLabel(view) {
  if (view.what === "meetings") return { key: "meetings_n", args: { n: view.meetings.length } };
  if (view.what === "bridges") return { key: "bridges.n", args: { n: view.bridges.length } };
  return { key: "all_meetings", args: {} };
}

/** The label of all views of a display together. @param {DisplayView[]} views @returns {Words} */
export const viewsLabel = (views) =>
  views.length === 1 && views[0] ? viewLabel(views[0]) : { key: "displays.views_n", args: { n: views.length } };

/** The names chosen for a view; none if it shows everything. @param {DisplayView} view */
export function chosenIn(view) {
  if (view.what === "meetings") return view.meetings.map((each) => each.name);
  return view.what === "bridges" ? view.bridges : [];
}
