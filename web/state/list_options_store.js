// The list options of this page: those of its address, or else the user's saved ones. The first change made here saves them.

import { address, clean, equal, fromQuery, PLAIN, UNFILTERED } from "./list_options.js";

/** How long after typing the address is updated, in ms: browsers refuse to change it too often. */
const PAUSE = 300;
/** How long the page says that the address was copied, in ms. */
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
    /** Whether the view is decided: by the address, by saved preferences, or by a choice made here. */
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
    // Going back changes the meeting only; the view stays, and the address has to hold it.
    addEventListener("popstate", () => this.write());
  }

  /** The user's preferences have arrived. An open page keeps its own view, whatever another page does. */
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

  /** The search has changed. */
  searched() {
    this.timer ??= setTimeout(() => this.write(), PAUSE);
  }

  /** The query of this page's address. */
  get query() {
    return address(this.view, this.screen.choice.query, this.decided && !equal(this.prefs.current.view, PLAIN));
  }

  /** An address that shows this view to every user who opens it. */
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

  /** Updates the address. */
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
