// Follows the pointer: the row it rests on, and whether a button is held down. Nothing is redrawn while one is.

import { t } from "../lib/i18n.js";

/** @type {WeakMap<Element, string>} */
const names = new WeakMap();
let named = 0;

/** A word that names a control for as long as it is there and can, or can't, be pressed. @param {Element} control */
export function controlName(control) {
  const name = names.get(control) ?? `${++named}`;
  names.set(control, name);
  const off = control.matches(":disabled") || control.getAttribute("aria-disabled") === "true";
  return off ? `${name} off` : name;
}

/** The control that is pressed there: trying a bridge again hits nobody. A dialog is one as well, since a press beside it ends it.
 * @param {EventTarget | Element | null} target */
function controlAt(target) {
  const control = target instanceof Element ? target.closest('button:not([data-action="retry"]), dialog') : null;
  return control && controlName(control);
}

/** A press longer than this holds the page no longer, in ms. */
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
    /** Where it is; null where nobody knows. @type {{ x: number, y: number } | null} */
    this.at = null;
    /** Whether the press that goes on hits something that has only just come there. */
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

  /** @param {Element | null} target @param {boolean} moved or the page did, under it */
  #point(target, moved) {
    const name = target?.closest("[data-list]")?.getAttribute("data-list");
    const row = target?.closest("[data-index]");
    // Only a part of a meeting's card carries its id.
    const id = (row?.matches("[data-row]") ? row : row?.querySelector("[data-row]"))?.getAttribute("data-row") ?? null;
    for (const list of this.screen.lists)
      list.stability.point(list.name === name ? id : null, list.name === name, moved && list.name === name);
  }

  /** @param {PointerEvent} event */
  #leave(event) {
    this.#away();
    // Where a finger was lifted, the next one may come down.
    if (event.pointerType !== "touch") this.pressGuard.left();
  }

  /** @param {PointerEvent} event @param {"touch"} [by] */
  #moved(event, by) {
    if (this.pressGuard.moved(event.clientX, event.clientY, controlAt(event.target), by)) this.renderer.changed();
  }

  /** The pressed control may not be the one that was aimed at. @param {PointerEvent} event */
  #aim(event) {
    this.#moved(event, event.pointerType === "touch" ? "touch" : undefined);
    const control = controlAt(event.target);
    this.refused = control !== null && !this.pressGuard.takes(control);
  }

  /** Keys press by a click as well, without a pointer. @param {MouseEvent} event */
  #refuse(event) {
    const refused = this.refused && event.detail > 0;
    this.refused = false;
    if (!refused) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    // The second click of two was no press of its own.
    if (event.detail === 1) this.notice.say(t("press_moved"));
  }

  /** After a drawing: another control may be under it now. */
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

  /** A press where a row has only just come was meant for another one; its buttons are out of reach. @param {MouseEvent} event */
  #click(event) {
    const target = /** @type {Element} */ (event.target);
    // By a key they are within reach.
    if (target.closest("button, label, a")) return;
    const row = target.closest('[data-shifted="yes"]');
    const meant = [...(row?.querySelectorAll("button, label, a") ?? [])].some((each) => {
      const { left, right, top, bottom } = each.getBoundingClientRect();
      return event.clientX >= left && event.clientX <= right && event.clientY >= top && event.clientY <= bottom;
    });
    if (meant) this.notice.say(t("list_moved"));
  }

  /** The click comes right after: it must meet the page as it was pressed. */
  #up(/** @type {PointerEvent | undefined} */ event = undefined) {
    // A finger that was lifted rests nowhere.
    if (event?.pointerType === "touch") this.#away();
    if (this.pressedAt === -Infinity) return;
    this.pressedAt = -Infinity;
    setTimeout(() => this.renderer.changed());
  }

  /** It may rest on another row now: the page moved under it. */
  rest() {
    if (this.at) this.#point(document.elementFromPoint(this.at.x, this.at.y), false);
  }

  #scrolled() {
    this.rest();
    if (this.screen.lists.some((list) => list.updateRange())) this.renderer.changed();
  }
}
