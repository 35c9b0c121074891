// Follows the pointer: the row under it, and whether a mouse button is held down, during which nothing is drawn.

import { t } from "../lib/i18n.js";

/** @type {WeakMap<Element, string>} */
const names = new WeakMap();
let named = 0;

/** A control's name, which changes when the control is replaced, enabled or disabled. @param {Element} control */
export function controlName(control) {
  const name = names.get(control) ?? `${++named}`;
  names.set(control, name);
  const off = control.matches(":disabled") || control.getAttribute("aria-disabled") === "true";
  return off ? `${name} off` : name;
}

/** The control at an element, except those that retry a bridge, which affect nobody. A dialog counts too, since a click beside it closes it.
 * @param {EventTarget | Element | null} target */
function controlAt(target) {
  const control = target instanceof Element ? target.closest('button:not([data-action="retry"]), [role="option"], dialog') : null;
  return control && controlName(control);
}

/** A longer press no longer stops drawing, in ms. */
const LONGEST_PRESS = 3000;

export class Pointer {
  /**
   * @param {{
   *   screen: import("../state/screen.js").Screen,
   *   renderer: import("./renderer.js").Renderer,
   *   pressGuard: import("./press_guard.js").PressGuard,
   *   notice: import("./notice.js").Notice,
   * }} parts
   */
  constructor({ screen, renderer, pressGuard, notice }) {
    this.screen = screen;
    this.renderer = renderer;
    this.pressGuard = pressGuard;
    this.notice = notice;
    this.pressedAt = -Infinity;
    /** The pointer's position; null if unknown. @type {{ x: number, y: number } | null} */
    this.at = null;
    /** Whether the current press is on a control that has only just appeared there. */
    this.refused = false;
    /** @type {AbortController} */
    this.ends = new AbortController();
  }

  get pressing() {
    return performance.now() - this.pressedAt < LONGEST_PRESS;
  }

  start() {
    const root = this.renderer.root;
    const how = { signal: this.ends.signal, passive: true };
    document.addEventListener("pointerdown", (event) => this.#aim(event), { ...how, capture: true });
    document.addEventListener("click", (event) => this.#refuse(event), { signal: this.ends.signal, capture: true });
    root.addEventListener("pointermove", (event) => this.#over(event), how);
    root.addEventListener("pointerdown", (event) => this.#down(event), how);
    root.addEventListener("click", (event) => this.#click(event), how);
    root.addEventListener("scroll", () => this.#scrolled(), { ...how, capture: true });
    document.documentElement.addEventListener("pointerleave", (event) => this.#leave(event), how);
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
    if (event.pointerType !== "touch") this.#moved(event);
    this.#point(/** @type {Element} */ (event.target), true);
  }

  /** @param {Element | null} target @param {boolean} moved whether the pointer moved, and not the page under it */
  #point(target, moved) {
    const name = target?.closest("[data-list]")?.getAttribute("data-list");
    const row = target?.closest("[data-index]");
    // A meeting's id is on one part of its card only.
    const id = (row?.matches("[data-row]") ? row : row?.querySelector("[data-row]"))?.getAttribute("data-row") ?? null;
    for (const list of this.screen.lists)
      list.stability.point(list.name === name ? id : null, list.name === name, moved && list.name === name);
  }

  /** @param {PointerEvent} event */
  #leave(event) {
    this.#away();
    // The next touch may be where a finger was lifted.
    if (event.pointerType !== "touch") this.pressGuard.left();
  }

  /** @param {PointerEvent} event @param {"touch"} [by] */
  #moved(event, by) {
    if (this.pressGuard.moved(event.clientX, event.clientY, controlAt(event.target), by)) this.renderer.changed();
  }

  /** Stops a press on a control that may not be the one aimed at. @param {PointerEvent} event */
  #aim(event) {
    this.#moved(event, event.pointerType === "touch" ? "touch" : undefined);
    const control = controlAt(event.target);
    this.refused = control !== null && !this.pressGuard.takes(control);
  }

  /** A key on a button also makes a click, without a pointer. @param {MouseEvent} event */
  #refuse(event) {
    const refused = this.refused && event.detail > 0;
    this.refused = false;
    if (!refused) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    // The second click of a double click needs no notice.
    if (event.detail === 1) this.notice.say(t("press_moved"));
  }

  /** After a drawing another control may be under the pointer. */
  afterDrawing() {
    const { pressGuard } = this;
    if (pressGuard.spot) pressGuard.under(controlAt(document.elementFromPoint(pressGuard.spot.x, pressGuard.spot.y)));
  }

  #away() {
    this.at = null;
    for (const list of this.screen.lists) list.stability.point(null, false, false);
  }

  /** @param {PointerEvent} event */
  #down(event) {
    this.pressedAt = performance.now();
    if (event.pointerType === "touch") this.#over(event);
  }

  /** Tells the user when a click on a row that has just moved is ignored, since it was meant for another row. @param {MouseEvent} event */
  #click(event) {
    const target = /** @type {Element} */ (event.target);
    // The control was pressed by key, which still acts.
    if (target.closest("button, label, a")) return;
    const row = target.closest('[data-shifted="yes"]');
    const meant = [...(row?.querySelectorAll("button, label, a") ?? [])].some((each) => {
      const { left, right, top, bottom } = each.getBoundingClientRect();
      return event.clientX >= left && event.clientX <= right && event.clientY >= top && event.clientY <= bottom;
    });
    if (meant) this.notice.say(t("list_moved"));
  }

  /** The click comes next, and must find the page as it was pressed. */
  #up(/** @type {PointerEvent | undefined} */ event = undefined) {
    // A lifted finger points at nothing.
    if (event?.pointerType === "touch") this.#away();
    if (this.pressedAt === -Infinity) return;
    this.pressedAt = -Infinity;
    setTimeout(() => this.renderer.changed());
  }

  /** The page moved under the pointer, so another row may be there. */
  rest() {
    if (this.at) this.#point(document.elementFromPoint(this.at.x, this.at.y), false);
  }

  #scrolled() {
    this.rest();
    if (this.screen.lists.some((list) => list.updateRange())) this.renderer.changed();
  }
}
