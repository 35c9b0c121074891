// The one panel that is unfolded over the page, if any: opens and closes it, and moves the focus into it and back.

/** @typedef {"" | "menu" | "bridges" | "presence" | "keys" | "results" | "alerts" | "display" | "thresholds"} PanelName  "": none */

export class Panels {
  /** @param {{ root: HTMLElement, draw: () => void }} page */
  constructor({ root, draw }) {
    this.root = root;
    this.draw = draw;
    /** @type {PanelName} */
    this.open = "";
  }

  /** Opens a panel, or closes it where it is open already. @param {PanelName} name */
  toggle(name) {
    this.open = this.open === name ? "" : name;
    this.draw();
    /** @type {HTMLElement | null} */ (this.root.querySelector(".panel"))?.focus();
  }

  /** Closes the open panel and gives the focus back to its button. */
  close() {
    const opener = /** @type {HTMLElement | null} */ (this.root.querySelector(`[data-unfolds="${this.open}"]`));
    this.open = "";
    this.draw();
    opener?.focus();
  }

  /** Closes it with the next drawing, and leaves the focus where it is. */
  forget() {
    this.open = "";
  }
}
