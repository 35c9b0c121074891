// Rotation: a view's pages, a playlist's views. Pure.

/** How long a page is shown, in ms. */
const PAGE = 10000;

/** Urgent rows stay on every page, the others rotate. @type {Paginate} */
export const paginate = (rows, room, urgent, pick) => {
  const all = rows.length <= room;
  const pinned = all ? rows.length : Math.max(1, Math.min(urgent, Math.floor(room / 2)));
  const each = Math.max(1, room - pinned);
  const pages = all ? 1 : Math.ceil((rows.length - pinned) / each);
  const page = pick(pages);
  const others = rows.slice(pinned + page * each);
  return { pinned, pages, page, shown: rows.slice(0, pinned).concat(others.slice(0, Math.max(0, room - pinned))) };
};

export class Playlist {
  constructor() {
    this.view = this.viewAt = this.pageAt = 0;
    /** Each view continues where it was left. @type {number[]} */
    this.pages = [];
  }

  /** The view to show. @param {View[]} views @param {number} now @param {number[]} worst views with waits too long */
  step(views, now, worst) {
    const { seconds = 0 } = views[this.view] || {};
    const due = now - this.viewAt >= seconds * 1000;
    const [held = due ? (this.view + 1) % views.length : this.view] = worst.includes(this.view) ? [this.view] : worst;
    if (due || worst.length > 0) this.viewAt = now;
    if (held !== this.view || now - this.pageAt >= PAGE) {
      this.pages[this.view] = this.page(Infinity) + 1;
      this.view = held;
      this.pageAt = now;
    }
    return held;
  }

  /** The view's page, from 0. @param {number} pages of so many */
  page(pages) {
    const page = (this.pages[this.view] || 0) % pages;
    this.pages[this.view] = page;
    return page;
  }
}
