// The open panel, at most one: opens and closes it, and moves the focus into it and back.

/** @typedef {"" | "menu" | "bridges" | "presence" | "keys" | "results" | "alerts" | "display" | "thresholds"} PanelName  "": none */

export class Panels {
  /** @param {{ root: HTMLElement, draw: () => void }} page */
  constructor({ root, draw }) {
    this.root = root;
    this.draw = draw;
    /** @type {PanelName} */
    this.open = "";
  }

  /** Opens a panel, or closes it if it is open. @param {PanelName} name */
  toggle(name) {
    this.open = this.open === name ? "" : name;
    this.draw();
    /** @type {HTMLElement | null} */ (this.root.querySelector(".panel"))?.focus();
  }

  /** Closes the open panel and returns the focus to its button. */
  close() {
    const opener = /** @type {HTMLElement | null} */ (this.root.querySelector(`[data-unfolds="${this.open}"]`));
    this.open = "";
    this.draw();
    opener?.focus();
  }

  /** Closes the open panel with the next drawing, without moving the focus. */
  forget() {
    this.open = "";
  }
}
