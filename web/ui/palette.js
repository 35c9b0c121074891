// The command palette's dialog: opens and closes it, and keeps the typed text. Its entries are loaded when it opens first.

import { t } from "../lib/i18n.js";

/**
 * @typedef {{ kind: import("../state/claims.js").ClaimKind, id: string }} Target  the row that had the focus
 * @typedef {import("../actions/palette_entries.js").PaletteEntries} Entries
 */

/** What browsers report for keys that an input method uses. */
const COMPOSING = 229;

export class Palette {
  /**
   * @param {{
   *   renderer: import("./renderer.js").Renderer,
   *   focus: import("./focus.js").Focus,
   *   load: () => Promise<Entries>,
   * }} parts
   */
  constructor({ renderer, focus, load }) {
    this.renderer = renderer;
    this.focus = focus;
    this.load = load;
    /** @type {Entries | null} null until they are loaded */
    this.entries = null;
    this.isLoading = false;
    this.isOpen = false;
    /** @type {Target | null} */
    this.target = null;
    /** @type {HTMLElement | null} the element that had the focus before */
    this.opener = null;
    this.query = "";
    /** Why the last chosen entry was not run, or why there are none; "" for neither. */
    this.said = "";
    /** Whether the pointer is over the list. */
    this.pointing = false;
  }

  /** @param {Target | null} target */
  toggle(target) {
    if (this.isOpen) return this.close();
    const opener = /** @type {HTMLElement | null} */ (document.activeElement);
    Object.assign(this, { isOpen: true, target, opener, query: "", said: "", pointing: false });
    this.entries?.reset();
    this.renderer.draw();
    if (!this.entries && !this.isLoading) this.#load();
  }

  async #load() {
    this.isLoading = true;
    try {
      this.entries = await this.load();
    } catch {
      this.said = t("palette.not_loaded");
    }
    this.isLoading = false;
    this.renderer.changed();
  }

  /** Closes it and returns the focus. */
  close() {
    if (!this.isOpen) return;
    this.#element?.close();
    this.isOpen = false;
    this.renderer.draw();
    if (this.opener?.isConnected) this.opener.focus({ preventScroll: true });
    else this.focus.restore();
  }

  /** @param {string} text */
  type(text) {
    this.query = text;
    if (this.entries) this.said = "";
    // At once, so that Enter never meets the entries of an older text.
    this.renderer.draw();
  }

  /** Called before a drawing. */
  update() {
    if (this.isOpen) this.entries?.update();
  }

  /** Called after a drawing. */
  shown() {
    const element = this.#element;
    if (!this.isOpen || !element) return;
    if (!element.open) element.showModal();
    this.entries?.scroll(element);
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the palette used the key */
  key({ key, keyCode, shiftKey, target }) {
    if (keyCode === COMPOSING) return false;
    if (key === "Escape") {
      this.close();
      return true;
    }
    const inField = /** @type {Element} */ (target).getAttribute("role") === "combobox";
    return inField && !shiftKey && (this.entries?.key(key) ?? false);
  }

  /** @returns {HTMLDialogElement | null} */
  get #element() {
    return this.renderer.root.querySelector("dialog.palette");
  }
}
