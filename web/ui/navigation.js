// The user's place: the open meeting or administrators' page, as in the address, the search, and the pane on a narrow screen.

/** The fragments ("#...") of the administrators' pages. */
const ADMIN_PAGES = /** @type {const} */ (["bridges", "displays"]);

export class Navigation {
  /**
   * @param {import("../state/screen.js").Screen} screen @param {import("../state/list_options_store.js").ListOptionsStore} listOptions
   * @param {import("./renderer.js").Renderer} renderer @param {() => void} moved called when the user sees another page
   */
  constructor(screen, listOptions, renderer, moved) {
    this.screen = screen;
    this.listOptions = listOptions;
    this.renderer = renderer;
    this.moved = moved;
  }

  start() {
    this.#readAddress();
    // Not every browser sends `hashchange` when going back changes only the query.
    for (const moved of ["hashchange", "popstate"]) addEventListener(moved, () => this.#readAddress());
  }

  /** Opens a meeting, or shows all for null. @param {string | null} meeting */
  open(meeting) {
    this.#go(meeting === null ? "" : `#meeting=${encodeURIComponent(meeting)}`);
  }

  /** Opens an administrators' page. @param {typeof ADMIN_PAGES[number]} page */
  openPage(page) {
    this.#go(`#${page}`);
  }

  /** @param {string} hash */
  #go(hash) {
    history.pushState(null, "", location.pathname + this.listOptions.query + hash);
    this.#readAddress();
  }

  #readAddress() {
    const wanted = /^#meeting=(.+)$/.exec(location.hash)?.[1];
    const adminPage = ADMIN_PAGES.find((each) => location.hash === `#${each}`) ?? "";
    this.screen.choose({ open: wanted ? decodeURIComponent(wanted) : null, pane: "people", adminPage });
    this.renderer.root.querySelector(".people [data-scroller]")?.scrollTo(0, 0);
    this.moved();
  }

  /** Opens the meeting before or after the open one, in the order shown. @param {1 | -1} by */
  openNext(by) {
    const ids = this.screen.meetings.entries.filter((entry) => entry.gone === null).map((entry) => entry.id);
    const at = this.screen.openId === null ? -1 : ids.indexOf(this.screen.openId);
    const id = at < 0 ? ids.at(by > 0 ? 0 : -1) : ids[at + by];
    if (id !== undefined) this.open(id);
  }

  /** @param {string} query */
  search(query) {
    if (this.screen.showsAdminPage && query) this.open(null);
    this.screen.choose({ query });
    this.listOptions.searched();
    for (const scroller of this.renderer.root.querySelectorAll("[data-scroller]"))
      if (scroller.scrollTop > 0) scroller.scrollTop = 0;
    // At once, not with the next frame: the user is typing and waits for this drawing.
    this.renderer.draw();
  }

  /** Clears the filters and the search, so that all are shown. */
  unfilter() {
    this.listOptions.clearFilters();
    this.search("");
  }

  /** @param {"people" | "meetings"} pane */
  show(pane) {
    this.screen.choose({ pane });
    this.renderer.changed();
  }
}
