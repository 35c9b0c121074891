// Which row has the focus, and which one gets it when the focused element is gone.

/** @typedef {import("../lists/virtual_list.js").List<any>} List */

export class Focus {
  /**
   * @param {{
   *   screen: import("../state/screen.js").Screen,
   *   renderer: import("./renderer.js").Renderer,
   * }} parts
   */
  constructor({ screen, renderer }) {
    this.screen = screen;
    this.renderer = renderer;
    /** The participant and the meeting that had the focus last. @type {{ person: string | null, meeting: string | null }} */
    this.at = { person: null, meeting: null };
  }

  /** Moves it to a row. @param {List} list @param {string} id */
  goTo(list, id) {
    list.active = id;
    list.stability.touch();
    this.at[list === this.screen.meetings ? "meeting" : "person"] = id;
    this.renderer.draw();
    list.focus(id);
  }

  /** The focused element is gone: moves the focus to the list. */
  restore() {
    if (this.screen.showsAdminPage) return this.#adminPage?.focus();
    const list = this.screen.lobby;
    if (list.tabStop !== null) list.focus(list.tabStop);
  }

  /** The row with the focus, before a drawing. */
  before() {
    for (const list of this.screen.lists) {
      if (list.focused && list.active !== null) return { list, id: list.active };
    }
    const row = document.activeElement?.closest("[data-display]");
    return row ? { display: row.getAttribute("data-display") ?? "" } : null;
  }

  /** After the drawing: if the focused button or its row has disappeared, the row or else its neighbour gets the focus.
   * @param {ReturnType<Focus["before"]>} before */
  after(before) {
    if (!before) return;
    if (before.display !== undefined) return this.#afterDisplay(before.display);
    const { list, id } = before;
    if (list.focused && !document.activeElement?.matches(":disabled")) return;
    const next = list.indexOf(id) >= 0 ? id : list.tabStop;
    if (next === null) return;
    list.active = next;
    list.focus(next);
  }

  /**
   * A revoked display has only the button that removes it, which a second click must not hit; a removed one has none.
   * @param {string} id
   */
  #afterDisplay(id) {
    if (document.activeElement !== document.body) return;
    const row = this.renderer.root.querySelector(`[data-display="${CSS.escape(id)}"]`);
    const button = /** @type {HTMLElement | null | undefined} */ (row?.querySelector("[data-action=display-edit]:enabled"));
    (button ?? this.#adminPage)?.focus();
  }

  /** @returns {HTMLElement | null} */
  get #adminPage() {
    return this.renderer.root.querySelector(".people [data-scroller]");
  }
}
