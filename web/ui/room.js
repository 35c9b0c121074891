// Whether the window has room for a pane beside the list.

/** The least widths, in pixels: for the pane of an open meeting, whose list has one column less, and for that of all meetings. */
export const WIDTHS = { open: 1720, any: 2200 };

export class Room {
  /** @param {{ screen: import("../state/screen.js").Screen, changed: () => void }} parts */
  constructor({ screen, changed }) {
    this.screen = screen;
    this.changed = changed;
    this.ends = new AbortController();
  }

  start() {
    for (const which of /** @type {const} */ (["open", "any"])) {
      const query = matchMedia(`(width >= ${WIDTHS[which]}px)`);
      const update = () => {
        this.screen.room = { ...this.screen.room, [which]: query.matches };
        this.changed();
      };
      query.addEventListener("change", update, { signal: this.ends.signal });
      update();
    }
  }

  stop() {
    this.ends.abort();
  }
}
