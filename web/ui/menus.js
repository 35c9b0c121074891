// The one open menu: of a participant, a meeting or the selection. Places it, moves the focus in it, and claims its target meanwhile.

/**
 * @typedef {"person" | "meeting" | "selection"} MenuKind
 * @typedef {{ kind: MenuKind, id: string, x: number, below: number, above: number, opener: HTMLElement | null, fresh: boolean }} Menu
 *   `x`: where it begins, from the start edge, or where it ends, as a negative; `below`, `above`: where it may begin and may end, from the
 *   top; `fresh`: not shown yet
 */

/** How far it stays from the edges of the window, in pixels. */
const MARGIN = 8;
/** How far from what it came from. */
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
   * Opens one at an element or a point, or closes it where it stands open already.
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
    this.open = { kind, id, ...place, opener: anchor, fresh: true };
    if (kind !== "selection") this.opened(kind, id);
    this.renderer.draw();
  }

  close() {
    this.choose(() => {});
  }

  /** Does what an entry says; a question that follows gives the focus back to where the menu came from. @param {() => void} act */
  choose(act) {
    const opener = this.open?.opener;
    this.open = null;
    if (opener?.isConnected) opener.focus();
    else this.focus.restore();
    // Before the next drawing, which lets a claim go that neither a menu nor a question keeps.
    act();
    this.renderer.draw();
  }

  /** Called when the page was drawn. */
  shown() {
    const element = /** @type {HTMLElement | null} */ (this.renderer.root.querySelector('[role="menu"]'));
    if (!this.open || !element) return;
    this.#place(element, this.open);
    if (this.open.fresh) this.#entries()[0]?.focus();
    this.open.fresh = false;
  }

  /** Below or else above where it came from, so that no entry lies under the pointer; always whole in the window.
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

  /** @param {KeyboardEvent} event @returns {boolean} whether the key meant the menu */
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

  /** To the next entry that begins with a letter. @param {string} letter @param {HTMLElement[]} entries @param {number} at */
  #typed(letter, entries, at) {
    const order = [...entries.slice(at + 1), ...entries.slice(0, at + 1)];
    order.find((entry) => entry.textContent?.trim().toLocaleLowerCase().startsWith(letter.toLocaleLowerCase()))?.focus();
  }
}

const isLeftToRight = () => document.documentElement.dir !== "rtl";
