// The open menu, at most one: of a participant, a meeting or the selection. Places it, moves the focus in it, and claims its target.

/**
 * @typedef {"person" | "meeting" | "selection"} MenuKind
 * @typedef {{ kind: MenuKind, id: string, x: number, below: number, above: number, opener: HTMLElement | null, fresh: boolean,
 *   absent: Set<string> | null }} Menu
 *   `x`: its start, from the start edge, or its end, as a negative number; `below`, `above`: its top if it opens downwards, its bottom if
 *   upwards; `fresh`: not shown yet; `absent`: the entries left out while it is open; null before the first drawing
 */

/** The least distance from the edges of the window, in pixels. */
const MARGIN = 8;
/** The distance from the point where it opened, in pixels. */
const GAP = 2;

export class Menus {
  /**
   * @param {{
   *   screen: import("../state/screen.js").Screen,
   *   renderer: import("./renderer.js").Renderer,
   *   focus: import("./focus.js").Focus,
   *   opened: (kind: import("../state/claims.js").ClaimKind, id: string) => void,
   * }} parts
   */
  constructor({ screen, renderer, focus, opened }) {
    this.screen = screen;
    this.renderer = renderer;
    this.focus = focus;
    this.opened = opened;
    /** @type {Menu | null} */
    this.open = null;
  }

  /**
   * Opens a menu at an element or a point, or closes it if it is open.
   * @param {MenuKind} kind @param {string} id @param {HTMLElement} anchor @param {{ x: number, y: number }} [point]
   */
  toggle(kind, id, anchor, point) {
    if (this.open?.kind === kind && this.open.id === id) return this.close();
    if (!this.screen.acts) return;
    const box = anchor.getBoundingClientRect();
    const fromStart = (/** @type {number} */ x) => (isLeftToRight() ? x : innerWidth - x);
    const place = point
      ? { x: fromStart(point.x) + GAP, below: point.y + GAP, above: point.y - GAP }
      : { x: -fromStart(isLeftToRight() ? box.right : box.left), below: box.bottom + GAP, above: box.top - GAP };
    this.open = { kind, id, ...place, opener: anchor, fresh: true, absent: null };
    if (kind !== "selection") this.opened(kind, id);
    this.renderer.draw();
  }

  close() {
    this.choose(() => {});
  }

  /** Runs an entry's action. If it opens a question, that later returns the focus to the menu's opener. @param {() => void} act */
  choose(act) {
    const opener = this.open?.opener;
    this.open = null;
    if (opener?.isConnected) opener.focus();
    else this.focus.restore();
    // Act before the next drawing, which releases claims that no menu or question holds.
    act();
    this.renderer.draw();
  }

  /** Called after a drawing. */
  shown() {
    const element = /** @type {HTMLElement | null} */ (this.renderer.root.querySelector('[role="menu"]'));
    if (!this.open || !element) return;
    this.#place(element, this.open);
    if (this.open.fresh) this.#entries()[0]?.focus();
    this.open.fresh = false;
  }

  /** Places the menu below or else above its opening point, so that no entry is under the pointer, and always wholly in the window.
   * @param {HTMLElement} element @param {Menu} menu */
  #place(element, { x, below, above }) {
    const { offsetWidth: width, offsetHeight: height } = element;
    const start = x < 0 ? -x - width : x;
    const y = below + height + MARGIN > innerHeight && above - height > MARGIN ? above - height : below;
    const inside = (/** @type {number} */ at, /** @type {number} */ size, /** @type {number} */ all) =>
      `${Math.max(MARGIN, Math.min(at, all - size - MARGIN))}px`;
    element.style.setProperty("--start", inside(start, width, innerWidth));
    element.style.setProperty("--top", inside(y, height, innerHeight));
  }

  /** @returns {HTMLElement[]} */
  #entries() {
    return [...this.renderer.root.querySelectorAll('[role="menu"] [role="menuitem"]')].map(
      (each) => /** @type {HTMLElement} */ (each),
    );
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the menu used the key */
  key(event) {
    const entries = this.#entries();
    const at = entries.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const to = { ArrowDown: at + 1, ArrowUp: at < 0 ? -1 : at - 1, Home: 0, End: -1 }[event.key];
    if (event.key === "Escape" || event.key === "Tab" || event.key === "ContextMenu") this.close();
    else if (to !== undefined) entries.at(to % entries.length)?.focus();
    else if (event.key.length === 1 && event.key !== " ") this.#typed(event.key, entries, at);
    else return false;
    return true;
  }

  /** Moves the focus to the next entry that begins with a letter. @param {string} letter @param {HTMLElement[]} entries @param {number} at */
  #typed(letter, entries, at) {
    const order = [...entries.slice(at + 1), ...entries.slice(0, at + 1)];
    order.find((entry) => entry.textContent?.trim().toLocaleLowerCase().startsWith(letter.toLocaleLowerCase()))?.focus();
  }
}

const isLeftToRight = () => document.documentElement.dir !== "rtl";
