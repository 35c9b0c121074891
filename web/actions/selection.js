// Selects participants in the lobby, by checkbox, range and key. Sends nothing.

export class SelectionActions {
  /**
   * @param {import("../state/screen.js").Screen} screen @param {import("../state/selection.js").Selection} selection
   * @param {{ changed: () => void, cleared: () => void }} page
   */
  constructor(screen, selection, page) {
    this.screen = screen;
    this.selection = selection;
    this.page = page;
  }

  /** @param {string} id @param {{ range?: boolean, on?: boolean }} [how] */
  pick(id, { range = false, on = !this.selection.has(id) } = {}) {
    const entries = this.screen.lobbies.flatMap((list) => list.entries);
    const order = entries.filter((entry) => entry.gone === null).map((entry) => entry.id);
    if (range) this.selection.range(order, id, on);
    else this.selection.toggle(id, on);
    this.page.changed();
  }

  /** @param {boolean} on */
  selectAll(on) {
    this.selection.all(
      this.screen.admissible.map((person) => person.id),
      on,
    );
    this.page.changed();
  }

  clear() {
    this.selection.clear();
    this.page.cleared();
  }
}
