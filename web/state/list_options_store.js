// The list options of this page: those of its address, else the user's saved ones. It saves them from the first change on.

import { address, clean, equal, fromQuery, PLAIN, UNFILTERED } from "./list_options.js";

/** How long typing is gathered before the address follows, in ms: browsers refuse to change it too often. */
const PAUSE = 300;
/** How long it is said that the address was copied, in ms. */
const SAID = 4000;

export class ListOptionsStore {
  /** @param {import("../desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    desk.screen.me = desk.me;
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
    this.desk.screen.choose({ query: query.get("q") ?? "" });
    // Going back is for meetings; the view stays, and the address says so.
    addEventListener("popstate", () => this.write());
  }

  /** The user's preferences have come. An open page keeps its own view, whatever another page does. */
  known() {
    if (!this.decided) this.#choose(this.desk.prefs.kept.view);
    this.write();
  }

  /** @param {Partial<import("./list_options.js").ListOptions>} what */
  change(what) {
    this.#choose(clean({ ...this.view, ...what }));
    this.desk.prefs.set({ view: this.view });
    this.write();
  }

  /** Takes the filters and the search away, so that all are shown. */
  unfilter() {
    this.change(UNFILTERED);
    this.desk.search("");
  }

  /** Something was typed into the search. */
  searched() {
    this.timer ??= setTimeout(() => this.write(), PAUSE);
  }

  /** The query of this page's address. */
  get query() {
    return address(this.view, this.desk.screen.choice.query, this.decided && !equal(this.desk.prefs.kept.view, PLAIN));
  }

  /** An address that shows this view to any user who opens it. */
  get link() {
    return location.origin + location.pathname + address(this.view, this.desk.screen.choice.query, true) + location.hash;
  }

  /** Whether the browser lets a page write the clipboard: not over plain HTTP. */
  get copies() {
    return navigator.clipboard !== undefined;
  }

  async copy() {
    await navigator.clipboard.writeText(this.link);
    this.copied = true;
    this.desk.changed();
    setTimeout(() => {
      this.copied = false;
      this.desk.changed();
    }, SAID);
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
    this.desk.screen.choose({ view });
    document.documentElement.dataset.density = view.density;
    this.desk.changed();
  }
}
