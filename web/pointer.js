// What the pointer is doing: on which row it rests, and whether a button is held down. While one is, nothing is redrawn.

import { t } from "./i18n.js";

/** A press longer than this holds the page no longer, in ms. */
const LONGEST_PRESS = 3000;

export class Pointer {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.pressedAt = -Infinity;
    /** Where it is; null where nobody knows. @type {{ x: number, y: number } | null} */
    this.at = null;
    /** @type {AbortController} */
    this.ends = new AbortController();
  }

  get pressing() {
    return performance.now() - this.pressedAt < LONGEST_PRESS;
  }

  start() {
    const root = this.desk.root;
    const how = { signal: this.ends.signal, passive: true };
    root.addEventListener("pointermove", (event) => this.#over(event), how);
    root.addEventListener("pointerdown", (event) => this.#down(event), how);
    root.addEventListener("click", (event) => this.#click(event), how);
    root.addEventListener("scroll", () => this.#scrolled(), { ...how, capture: true });
    document.documentElement.addEventListener("pointerleave", () => this.#away(), how);
    addEventListener("pointerup", (event) => this.#up(event), how);
    addEventListener("pointercancel", () => this.#up(), how);
    addEventListener("blur", () => this.#up(), how);
    document.addEventListener("visibilitychange", () => this.#away(), how);
  }

  stop() {
    this.ends.abort();
  }

  /** @param {PointerEvent} event */
  #over(event) {
    this.at = { x: event.clientX, y: event.clientY };
    this.#point(/** @type {Element} */ (event.target), true);
  }

  /** @param {Element | null} target @param {boolean} moved or the page did, under it */
  #point(target, moved) {
    const name = target?.closest("[data-list]")?.getAttribute("data-list");
    const row = target?.closest("[data-index]");
    // Of a meeting's card only a part has its id.
    const id = (row?.matches("[data-row]") ? row : row?.querySelector("[data-row]"))?.getAttribute("data-row") ?? null;
    for (const list of this.desk.screen.lists)
      list.calm.point(list.name === name ? id : null, list.name === name, moved && list.name === name);
  }

  #away() {
    this.at = null;
    for (const list of this.desk.screen.lists) list.calm.point(null, false, false);
  }

  /** @param {PointerEvent} event */
  #down(event) {
    this.pressedAt = performance.now();
    if (event.pointerType === "touch") this.#over(event);
  }

  /** A press where a row has only just come was meant for another one; its buttons are out of reach. @param {MouseEvent} event */
  #click(event) {
    const target = /** @type {Element} */ (event.target);
    // By a key they are within reach.
    if (target.closest("button, label, a")) return;
    const row = target.closest('[data-came="yes"]');
    const meant = [...(row?.querySelectorAll("button, label, a") ?? [])].some((each) => {
      const { left, right, top, bottom } = each.getBoundingClientRect();
      return event.clientX >= left && event.clientX <= right && event.clientY >= top && event.clientY <= bottom;
    });
    if (meant) this.desk.tell(t("list_moved"));
  }

  /** The click comes right after: it must meet the page as it was pressed. */
  #up(/** @type {PointerEvent | undefined} */ event = undefined) {
    // A finger that was lifted rests nowhere.
    if (event?.pointerType === "touch") this.#away();
    if (this.pressedAt === -Infinity) return;
    this.pressedAt = -Infinity;
    setTimeout(() => this.desk.changed());
  }

  /** It may rest on another row now: the page moved under it. */
  rest() {
    if (this.at) this.#point(document.elementFromPoint(this.at.x, this.at.y), false);
  }

  #scrolled() {
    this.rest();
    if (this.desk.screen.lists.some((list) => list.look())) this.desk.changed();
  }
}
