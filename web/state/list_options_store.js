// The list options of this page: those of its address, else the user's saved ones. It saves them from the first change on.

import { address, clean, equal, fromQuery, PLAIN, UNFILTERED } from "./list_options.js";

/** How long typing is gathered before the address follows, in ms: browsers refuse to change it too often. */
const PAUSE = 300;
/** How long it is said that the address was copied, in ms. */
const COPIED_SHOWN = 4000;

export class ListOptionsStore {
  /**
   * @param {{
   *   screen: import("./screen.js").Screen,
   *   prefs: import("./prefs.js").Prefs,
   *   changed: () => void,
   * }} parts
   */
  constructor({ screen, prefs, changed }) {
    this.screen = screen;
    this.prefs = prefs;
    this.changed = changed;
    this.view = PLAIN;
    /** Whether the view is decided: by the address, by what was kept, or by a choice made here. */
    this.decided = false;
    this.copied = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  start() {
    const query = new URLSearchParams(location.search);
    const named = fromQuery(query);
    if (named) this.#choose(named);
    this.screen.choose({ query: query.get("q") ?? "" });
    // Going back is for meetings; the view stays, and the address says so.
    addEventListener("popstate", () => this.write());
  }

  /** The user's preferences have come. An open page keeps its own view, whatever another page does. */
  known() {
    if (!this.decided) this.#choose(this.prefs.current.view);
    this.write();
  }

  /** @param {Partial<import("./list_options.js").ListOptions>} what */
  change(what) {
    this.#choose(clean({ ...this.view, ...what }));
    this.prefs.set({ view: this.view });
    this.write();
  }

  clearFilters() {
    this.change(UNFILTERED);
  }

  /** Something was typed into the search. */
  searched() {
    this.timer ??= setTimeout(() => this.write(), PAUSE);
  }

  /** The query of this page's address. */
  get query() {
    return address(this.view, this.screen.choice.query, this.decided && !equal(this.prefs.current.view, PLAIN));
  }

  /** An address that shows this view to any user who opens it. */
  get link() {
    return location.origin + location.pathname + address(this.view, this.screen.choice.query, true) + location.hash;
  }

  async copy() {
    await navigator.clipboard.writeText(this.link);
    this.copied = true;
    this.changed();
    setTimeout(() => {
      this.copied = false;
      this.changed();
    }, COPIED_SHOWN);
  }

  /** Brings the address up to date. */
  write() {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.decided && this.query !== location.search)
      history.replaceState(history.state, "", location.pathname + this.query + location.hash);
  }

  /** @param {import("./list_options.js").ListOptions} view */
  #choose(view) {
    this.decided = true;
    this.view = view;
    this.screen.choose({ view });
    document.documentElement.dataset.density = view.density;
    this.changed();
  }
}
