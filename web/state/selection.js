// The selection: a set of participants' ids, and the row where a range starts. Pure.

export class Selection {
  constructor() {
    /** @type {Set<string>} */
    this.ids = new Set();
    /** @type {string | null} */
    this.anchor = null;
  }

  get size() {
    return this.ids.size;
  }

  /** @param {string} id */
  has(id) {
    return this.ids.has(id);
  }

  /** @param {string} id @param {boolean} [on] */
  toggle(id, on = !this.ids.has(id)) {
    if (on) this.ids.add(id);
    else this.ids.delete(id);
    this.anchor = id;
  }

  /** Selects or clears all rows from the anchor to `id`, in the order shown. @param {string[]} order @param {string} id */
  range(order, id, on = true) {
    const from = this.anchor === null ? -1 : order.indexOf(this.anchor);
    const to = order.indexOf(id);
    if (from < 0 || to < 0) return this.toggle(id, on);
    for (const each of order.slice(Math.min(from, to), Math.max(from, to) + 1)) {
      if (on) this.ids.add(each);
      else this.ids.delete(each);
    }
  }

  /** @param {Iterable<string>} ids @param {boolean} on */
  all(ids, on) {
    for (const id of ids) {
      if (on) this.ids.add(id);
      else this.ids.delete(id);
    }
  }

  /** Removes participants who may no longer be selected. @param {(id: string) => boolean} may */
  keep(may) {
    for (const id of this.ids) if (!may(id)) this.ids.delete(id);
  }

  clear() {
    this.ids.clear();
    this.anchor = null;
  }
}
