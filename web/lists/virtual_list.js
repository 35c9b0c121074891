// One list on the screen: its stable order, the part of it that is in view, and the row that has the focus.

import { Stability } from "./stability.js";
import { nextEntries } from "./stable_order.js";

/** How many rows are drawn beyond each edge of the view, so that scrolling shows them at once. */
const SPARE = 5;

/**
 * @template {{ id: string }} T
 */
export class List {
  /** @param {string} name @param {(a: T, b: T) => number} compare @param {number} [trace] how long traces stay, in ms */
  constructor(name, compare, trace) {
    this.name = name;
    this.compare = compare;
    this.trace = trace;
    /** @type {import("./stable_order.js").Entry<T>[]} */
    this.entries = [];
    this.first = 0;
    this.last = 40;
    /** @type {string | null} the row that Tab goes to */
    this.active = null;
    this.stability = new Stability(this);
  }

  /** Starts over, for another search or another meeting. */
  reset() {
    this.entries = [];
    this.stability.reset();
  }

  /** @param {T[]} wanted in order @param {number} now */
  update(wanted, now) {
    const { compare, trace, entries, active } = this;
    const { frozen, pinned } = this.stability;
    this.entries = nextEntries(entries, wanted, { id: (row) => row.id, compare, now, frozen, pinned, trace });
    this.stability.changes(entries, this.entries);
    if (active !== null && this.indexOf(active) < 0) this.active = this.#neighbour(entries, active);
  }

  /** The row next to one that is no longer listed: the one below it, or else the one above.
   * @param {import("./stable_order.js").Entry<T>[]} before @param {string} id */
  #neighbour(before, id) {
    const at = before.findIndex((entry) => entry.id === id);
    if (at < 0) return id;
    const listed = new Set(this.entries.map((entry) => entry.id));
    const near = [...before.slice(at), ...before.slice(0, at).reverse()];
    return near.find((entry) => listed.has(entry.id))?.id ?? id;
  }

  /** @returns {HTMLElement | null} */
  get element() {
    return document.querySelector(`[data-list="${this.name}"]`);
  }

  get scroller() {
    return this.element?.closest("[data-scroller]") ?? null;
  }

  get focused() {
    return this.element?.contains(document.activeElement) ?? false;
  }

  /** @param {string} id */
  indexOf(id) {
    return this.entries.findIndex((entry) => entry.id === id);
  }

  /** The row that Tab goes to: the last one that had the focus, or else the first. */
  get tabStop() {
    if (this.active !== null && this.indexOf(this.active) >= 0) return this.active;
    return (this.entries.find(isListed) ?? this.entries[0])?.id ?? null;
  }

  /** The rows to draw: those in view, and the one that Tab goes to, wherever it is. */
  drawn() {
    const part = this.entries.slice(this.first, this.last).map((entry, at) => ({ entry, index: this.first + at }));
    const index = this.tabStop === null ? -1 : this.indexOf(this.tabStop);
    const entry = this.entries[index];
    if (entry && index < this.first) part.unshift({ entry, index });
    if (entry && index >= this.last) part.push({ entry, index });
    return part;
  }

  /** Moves the drawn rows to their places. Only writes: reading in between would cost a layout for each list. */
  place() {
    const element = this.element;
    if (!element) return;
    put(element, "height", this.entries.length);
    for (const row of element.querySelectorAll("[data-index]")) {
      const place = /** @type {HTMLElement} */ (row);
      put(place, "top", Number(place.dataset.index));
    }
  }

  /** Finds the part in view, and returns whether some of its rows are not drawn. Only reads. */
  updateRange() {
    const { element, scroller } = this;
    if (!element || !scroller || this.entries.length === 0) return false;
    const box = element.getBoundingClientRect();
    const height = box.height / this.entries.length || 40;
    // If the whole page scrolls, the scroller is as high as its rows, so the view ends with the window.
    const view = scroller.getBoundingClientRect();
    const [top, bottom] = [Math.max(view.top, 0), Math.min(view.bottom, innerHeight)];
    const from = Math.max(0, Math.floor((top - box.top) / height));
    const to = Math.max(from, Math.ceil((bottom - box.top) / height));
    const seen =
      from >= this.first && Math.min(to, this.entries.length) <= this.last && this.last - this.first < to - from + 4 * SPARE;
    if (seen) return false;
    this.first = Math.max(0, from - SPARE);
    this.last = to + SPARE;
    return true;
  }

  /** The row `by` places away from the active one, or the next one that is not a trace. @param {number} by
   * @returns {string | null} */
  step(by) {
    const at = this.active === null ? -1 : this.indexOf(this.active);
    if (at < 0) return this.tabStop;
    const next = Math.min(this.entries.length - 1, Math.max(0, at + by));
    const [before, after] = [this.entries.slice(0, next).reverse(), this.entries.slice(next)];
    const candidates = by > 0 ? [after, before] : [[...after.slice(0, 1), ...before], after];
    return candidates.flatMap((entries) => entries.find(isListed) ?? [])[0]?.id ?? this.active;
  }

  /** @param {string} id */
  rowElement(id) {
    return /** @type {HTMLElement | null} */ (this.element?.querySelector(`[data-row="${CSS.escape(id)}"]`) ?? null);
  }

  /** Moves the focus to a drawn row. @param {string} id */
  focus(id) {
    const row = this.rowElement(id);
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "nearest" });
  }
}

/** @param {import("./stable_order.js").Entry<any>} entry */
const isListed = (entry) => entry.gone === null;

/** @type {WeakMap<HTMLElement, number>} the height of an element, or its distance from the top, in rows */
const places = new WeakMap();

/** @param {HTMLElement} element @param {"height" | "top"} property @param {number} rows */
function put(element, property, rows) {
  if (places.get(element) === rows) return;
  places.set(element, rows);
  element.style.setProperty(property, `calc(${rows} * var(--row))`);
}
