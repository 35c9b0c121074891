// The keyboard. A letter acts on the focused row alone; what acts on more needs Shift. Nothing acts while the focus is nowhere.

const FIELDS = "input:not([type=checkbox]), textarea, select";

export class Keys {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.ends = new AbortController();
  }

  start() {
    const how = { signal: this.ends.signal };
    addEventListener("keydown", (event) => this.#key(event), how);
    this.desk.root.addEventListener("focusin", (event) => this.#focused(event), how);
    document.addEventListener("click", (event) => this.#outside(event), how);
  }

  stop() {
    this.ends.abort();
  }

  /** @param {FocusEvent} event */
  #focused(event) {
    const target = /** @type {Element} */ (event.target);
    const [list, id] = [this.#listOf(target), target.closest("[data-row]")?.getAttribute("data-row")];
    if (!list || !id) return;
    list.touch();
    if (list.active === id) return;
    list.active = id;
    this.desk.changed();
  }

  /** @param {Event} event */
  #outside(event) {
    const target = /** @type {Element} */ (event.target);
    if (this.desk.unfolded && target.isConnected && !target.closest(".panel, [data-unfolds]")) this.desk.fold();
  }

  /** @param {Element | null} element */
  #listOf(element) {
    const name = element?.closest("[data-list]")?.getAttribute("data-list");
    return [...this.desk.screen.people, this.desk.screen.meetings].find((list) => list.name === name);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const target = /** @type {HTMLElement} */ (event.target);
    const done =
      event.key === "Escape"
        ? this.#escape()
        : target.matches(FIELDS)
          ? this.#inSearch(event, target)
          : this.#command(event, target);
    if (done) event.preventDefault();
  }

  /** Closes, clears or leaves one thing at a time. */
  #escape() {
    const { desk } = this;
    if (desk.unfolded) desk.fold();
    else if (desk.screen.choice.query) desk.search("");
    else if (document.activeElement?.matches(FIELDS)) /** @type {HTMLElement} */ (document.activeElement).blur();
    else if (desk.selection.size > 0) desk.clearSelection();
    else if (desk.screen.choice.open !== null || desk.showsBoard) desk.open(null);
    else return false;
    return true;
  }

  /** @param {KeyboardEvent} event @param {HTMLElement} field */
  #inSearch(event, field) {
    if (field.id !== "search" || (event.key !== "ArrowDown" && event.key !== "Enter")) return false;
    this.desk.draw();
    this.#moveTo(this.desk.screen.lobby, this.desk.screen.lobby.entries[0]?.id ?? null);
    return true;
  }

  /** @param {KeyboardEvent} event @param {HTMLElement} target */
  #command(event, target) {
    const { desk } = this;
    const list = this.#listOf(target);
    if (event.key === "/") return this.#search();
    if (event.key === "?") return this.#unfold("keys");
    if (event.key === "A" && event.shiftKey) return this.#admitChosen();
    if (desk.unfolded) return false;
    return this.#move(event, list) || (list !== undefined && this.#onRow(event, list, target));
  }

  #search() {
    const field = /** @type {HTMLInputElement | null} */ (document.getElementById("search"));
    field?.focus();
    field?.select();
    return field !== null;
  }

  /** @param {import("./desk.js").Desk["unfolded"]} what */
  #unfold(what) {
    this.desk.unfold(what);
    return true;
  }

  #admitChosen() {
    this.desk.admit(this.desk.screen.chosen, "selection");
    return true;
  }

  /** @param {KeyboardEvent} event @param {import("./list.js").List<any> | undefined} list */
  #move(event, list = this.desk.screen.lobby) {
    /** @type {Record<string, number>} */
    const steps = { ArrowDown: 1, j: 1, J: 1, ArrowUp: -1, k: -1, K: -1, PageDown: 10, PageUp: -10, Home: -1e9, End: 1e9 };
    const step = steps[event.key];
    if (step === undefined) return false;
    const from = list.active;
    const to = list.focused ? list.step(step) : list.stop;
    if (event.shiftKey && list === this.desk.screen.lobby && from !== null && to !== null) this.#extend(from, to);
    this.#moveTo(list, to);
    return true;
  }

  /** @param {string} from @param {string} to */
  #extend(from, to) {
    if (this.desk.selection.anchor === null || !this.desk.selection.has(from)) this.desk.pick(from, { on: true });
    this.desk.pick(to, { range: true, on: true });
  }

  /** @param {import("./list.js").List<any>} list @param {string | null} id */
  #moveTo(list, id) {
    if (id === null) return;
    list.active = id;
    list.touch();
    this.desk.draw();
    list.focus(id);
  }

  /** @param {KeyboardEvent} event @param {import("./list.js").List<any>} list @param {HTMLElement} target */
  #onRow(event, list, target) {
    const [on, back] = document.documentElement.dir === "rtl" ? ["ArrowLeft", "ArrowRight"] : ["ArrowRight", "ArrowLeft"];
    if (event.key === on || event.key === back) return this.#within(event.key === on ? 1 : -1, target);
    if (list !== this.desk.screen.lobby || list.active === null) return false;
    const person = this.desk.roster.people.get(list.active);
    if (!person) return false;
    const onRow = target.hasAttribute("data-row");
    if (event.key === "x" || event.key === "X" || (event.key === " " && onRow)) return this.#pick(person, event.shiftKey);
    if (event.key === "a") return event.repeat || this.#admitOne(list, person);
    if (event.key === "Enter" && onRow) {
      this.desk.open(person.meeting);
      return true;
    }
    return false;
  }

  /** From the row to its tick, its links, its button, and back. @param {number} by @param {HTMLElement} target */
  #within(by, target) {
    const row = /** @type {HTMLElement} */ (target.closest("[data-row]"));
    const stops = [row, .../** @type {NodeListOf<HTMLElement>} */ (row.querySelectorAll("input, button:not(:disabled)"))];
    stops[Math.min(stops.length - 1, Math.max(0, stops.indexOf(target) + by))]?.focus();
    return true;
  }

  /** @param {import("./protocol.js").PersonRow} person @param {boolean} range */
  #pick(person, range) {
    if (this.desk.screen.can(person) || this.desk.selection.has(person.id)) this.desk.pick(person.id, { range });
    return true;
  }

  /** The focus goes on to the next who can be admitted, so that "a a a" lets three in. @param {import("./list.js").List<any>} list
   * @param {import("./protocol.js").PersonRow} person */
  #admitOne(list, person) {
    if (!this.desk.screen.can(person)) return true;
    const rest = list.entries.slice(list.indexOf(person.id) + 1);
    this.desk.admit([person], "person");
    const next = rest.find((entry) => entry.gone === null && this.desk.screen.can(entry.row));
    if (next) this.#moveTo(list, next.id);
    return true;
  }
}
