// Keeps a list still while the user works in it. No row moves while the pointer moves in the list. Afterwards the rows are ordered now and
// then, around the row under the pointer, or so that the focused row keeps its place. A row that has just moved has no button for the
// pointer: a press there was meant for another row.

/** How long after the pointer's last movement inside it a list stays as it is, in ms. */
const AFTER_MOVE = 3000;
/** How long it stays as it is once its order has changed, in ms: with the pointer inside, and without. */
const AFTER_ORDER = { pointing: 5000, free: 2000 };
/** For so long nobody can have aimed at a row that has just moved there, in ms. */
const REACTION = 700;

export class Stability {
  /** @param {import("./virtual_list.js").List<any>} list */
  constructor(list) {
    this.list = list;
    /** @type {string | null} the row under the pointer */
    this.pointed = null;
    this.pointing = false;
    /** When the pointer moved in it, when a row got the focus, and when rows last changed places. */
    this.movedAt = this.focusedAt = this.orderedAt = -Infinity;
    /** @type {{ id: string, top: number } | null} the row that is to stay where it is on the screen in the next drawing */
    this.anchor = null;
    /** @type {import("./stable_order.js").Pinned | null} the one under the pointer, around which the others order themselves */
    this.pinned = null;
    /** @type {Map<string, number> | null} where rows were in the last drawing, if they are elsewhere now or others have come */
    this.before = null;
    /** @type {WeakMap<Element, number>} when a row moved to its place */
    this.shiftedAt = new WeakMap();
  }

  reset() {
    this.pointed = this.anchor = this.pinned = null;
    this.movedAt = this.orderedAt = -Infinity;
  }

  /** @param {string | null} id the row under the pointer, null when it left @param {boolean} inside the list @param {boolean} moved
   * and not the page under it */
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

  /** The next list. @param {import("./stable_order.js").Entry<any>[]} before @param {import("./stable_order.js").Entry<any>[]} after */
  changes(before, after) {
    const ordered = before.some((entry, at) => after[at]?.id !== entry.id);
    if (ordered) this.orderedAt = performance.now();
    const others = before.length > 0 && (ordered || after.length > before.length);
    this.before = others ? new Map(before.map((entry, at) => [entry.id, at])) : null;
  }

  /** Finds the row that is to keep its place: the one pointed at, or the one that got the focus since. Before a drawing; reads only. */
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
    // A user of keys follows the focus through the rows in their order.
    if (!points) return;
    const most = list.indexOf(id);
    this.pinned = { id, most, least: Math.min(most, Math.round((top - begins) / height)) };
  }

  /** Scrolls so that it is where it was. After a drawing. */
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

  /** The rows that are not where they were on the screen. @param {Map<string, number>} before @param {number} scrolled */
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
