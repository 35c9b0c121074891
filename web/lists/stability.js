// Keeps a list still while the user works in it. No row moves while the pointer moves in the list. After that the list is reordered from
// time to time, in such a way that the row under the pointer, or else the focused row, keeps its place. The buttons of a row that has just
// moved ignore the pointer, because the click was meant for another row.

/** How long a list stays as it is after the pointer last moved in it, in ms. */
const AFTER_MOVE = 3000;
/** How long a list stays as it is after its order changed, in ms: with the pointer in it, and without. */
const AFTER_ORDER = { pointing: 5000, free: 2000 };
/** Within this time nobody can have aimed at a row that has just moved there, in ms. */
const REACTION = 700;

export class Stability {
  /** @param {import("./virtual_list.js").List<any>} list */
  constructor(list) {
    this.list = list;
    /** @type {string | null} the row under the pointer */
    this.pointed = null;
    this.pointing = false;
    /** When the pointer last moved in the list, a row last got the focus, and the order last changed. */
    this.movedAt = this.focusedAt = this.orderedAt = -Infinity;
    /** @type {{ id: string, top: number } | null} the row that keeps its place on the screen in the next drawing, and that place */
    this.anchor = null;
    /** @type {import("./stable_order.js").Pinned | null} the row under the pointer, around which the others are ordered */
    this.pinned = null;
    /** @type {Map<string, number> | null} the rows' indexes in the last drawing; null if no row moved and none was added */
    this.before = null;
    /** @type {WeakMap<Element, number>} when a row moved to its place */
    this.shiftedAt = new WeakMap();
  }

  reset() {
    this.pointed = this.anchor = this.pinned = null;
    this.movedAt = this.orderedAt = -Infinity;
  }

  /** @param {string | null} id the row under the pointer, null if there is none @param {boolean} inside whether it is in the list
   * @param {boolean} moved whether the pointer moved, and not just the page under it */
  point(id, inside, moved) {
    this.pointed = id;
    this.pointing = inside;
    if (moved) this.movedAt = performance.now();
  }

  touch() {
    this.focusedAt = performance.now();
  }

  /** Whether every row stays where it is. */
  get frozen() {
    const now = performance.now();
    const stability = this.pointing ? AFTER_ORDER.pointing : AFTER_ORDER.free;
    return now - this.orderedAt < stability || (this.pointing && now - this.movedAt < AFTER_MOVE);
  }

  /** The list has changed. @param {import("./stable_order.js").Entry<any>[]} before @param {import("./stable_order.js").Entry<any>[]} after */
  changes(before, after) {
    const ordered = before.some((entry, at) => after[at]?.id !== entry.id);
    if (ordered) this.orderedAt = performance.now();
    const others = before.length > 0 && (ordered || after.length > before.length);
    this.before = others ? new Map(before.map((entry, at) => [entry.id, at])) : null;
  }

  /** Finds the row that keeps its place: the one under the pointer, or the one that got the focus since. Before a drawing; only reads. */
  measure() {
    this.anchor = this.pinned = null;
    const { list, pointed } = this;
    const points = pointed !== null && !(list.focused && this.focusedAt > this.movedAt);
    const focused = list.focused ? list.active : null;
    const id = points ? pointed : focused;
    const top = id === null ? undefined : list.rowElement(id)?.getBoundingClientRect().top;
    const [box, view] = [list.element?.getBoundingClientRect(), list.scroller?.getBoundingClientRect()];
    if (id === null || top === undefined || !box || !view) return;
    const height = box.height / list.entries.length;
    const begins = Math.max(box.top, view.top, 0);
    if (top < begins - height || top > Math.min(view.bottom, innerHeight)) return;
    this.anchor = { id, top };
    // A keyboard user follows the focus, so the order around it may change.
    if (!points) return;
    const most = list.indexOf(id);
    this.pinned = { id, most, least: Math.min(most, Math.round((top - begins) / height)) };
  }

  /** Scrolls so that the row is where it was. After a drawing. */
  keepInPlace() {
    const { anchor, list, before } = this;
    this.before = null;
    const row = anchor && list.rowElement(anchor.id);
    const by = anchor && row ? row.getBoundingClientRect().top - anchor.top : 0;
    if (Math.abs(by) < 1 && !before) return;
    const { scroller } = list;
    const scrolls = scroller && scroller.scrollHeight > scroller.clientHeight ? scroller : document.scrollingElement;
    const from = scrolls?.scrollTop ?? 0;
    if (scrolls && Math.abs(by) >= 1) scrolls.scrollTop += by;
    if (before) this.#markShifted(before, (scrolls?.scrollTop ?? 0) - from);
  }

  /** Marks the rows whose place on the screen has changed. @param {Map<string, number>} before @param {number} scrolled */
  #markShifted(before, scrolled) {
    const { element, entries } = this.list;
    if (!element) return;
    const height = element.getBoundingClientRect().height / entries.length;
    const all = /** @type {NodeListOf<HTMLElement>} */ (element.querySelectorAll("[data-index]"));
    const shifted = [...all].filter(({ dataset }) => {
      const from = before.get(entries[Number(dataset.index)]?.id ?? "");
      return from === undefined || Math.abs((Number(dataset.index) - from) * height - scrolled) >= 1;
    });
    const now = performance.now();
    for (const row of shifted) {
      this.shiftedAt.set(row, now);
      row.dataset.shifted = "yes";
    }
    setTimeout(() => {
      for (const row of shifted) if (this.shiftedAt.get(row) === now) delete row.dataset.shifted;
    }, REACTION);
  }
}
