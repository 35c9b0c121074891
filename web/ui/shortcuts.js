// The keyboard. A letter acts only on the focused row; actions on more need Shift. Without a focus, nothing acts.

import { controlName } from "./pointer.js";

const LETTERS = "usher-letters";
const FIELDS = "input:not([type=checkbox]), textarea, select";

export class Shortcuts {
  /**
   * @param {{
   *   screen: import("../state/screen.js").Screen,
   *   roster: import("../state/roster.js").Roster,
   *   selection: import("../state/selection.js").Selection,
   *   claims: import("../state/claims.js").Claims,
   *   renderer: import("./renderer.js").Renderer,
   *   focus: import("./focus.js").Focus,
   *   panels: import("./panels.js").Panels,
   *   menus: import("./menus.js").Menus,
   *   dialogs: import("./dialogs.js").Dialogs,
   *   palette: import("./palette.js").Palette,
   *   navigation: import("./navigation.js").Navigation,
   *   pressGuard: import("./press_guard.js").PressGuard,
   *   visibility: import("../state/visibility.js").Visibility,
   *   moderation: import("../actions/moderation.js").Moderation,
   *   claiming: import("../actions/claiming.js").Claiming,
   *   selectionActions: import("../actions/selection.js").SelectionActions,
   *   undoActions: import("../actions/undo.js").UndoActions,
   *   rowShortcuts: import("./row_shortcuts.js").RowShortcuts,
   * }} parts
   */
  constructor({
    screen,
    roster,
    selection,
    claims,
    renderer,
    focus,
    panels,
    menus,
    dialogs,
    palette,
    navigation,
    pressGuard,
    visibility,
    moderation,
    claiming,
    selectionActions,
    undoActions,
    rowShortcuts,
  }) {
    this.screen = screen;
    this.roster = roster;
    this.selection = selection;
    this.claims = claims;
    this.renderer = renderer;
    this.focus = focus;
    this.panels = panels;
    this.menus = menus;
    this.dialogs = dialogs;
    this.palette = palette;
    this.navigation = navigation;
    this.pressGuard = pressGuard;
    this.visibility = visibility;
    this.moderation = moderation;
    this.claiming = claiming;
    this.selectionActions = selectionActions;
    this.undoActions = undoActions;
    this.rowShortcuts = rowShortcuts;
    this.ends = new AbortController();
    /** Whether letter keys act; users who dictate can switch them off. */
    this.letters = stored(LETTERS) !== "off";
  }

  /** @param {boolean} on */
  useLetters(on) {
    this.letters = on;
    store(LETTERS, on ? "on" : "off");
    this.renderer.changed();
  }

  start() {
    const how = { signal: this.ends.signal };
    addEventListener("keydown", (event) => this.#pressed(event), { ...how, capture: true });
    addEventListener("keydown", (event) => this.#key(event), how);
    this.renderer.root.addEventListener("focusin", (event) => this.#focused(event), how);
    document.addEventListener("click", (event) => this.#outside(event), how);
    this.renderer.root.addEventListener("contextmenu", (event) => this.#context(event), how);
    for (const input of ["keydown", "pointerdown", "pointermove", "wheel"])
      addEventListener(input, () => this.visibility.touch(), { ...how, passive: true, capture: true });
  }

  stop() {
    this.ends.abort();
  }

  /** @param {FocusEvent} event */
  #focused(event) {
    const target = /** @type {Element} */ (event.target);
    const { list, id } = this.#rowOf(target);
    if (!list || !id) return;
    list.stability.touch();
    this.focus.at[list === this.screen.meetings ? "meeting" : "person"] = id;
    if (list.active === id) return;
    list.active = id;
    this.renderer.changed();
  }

  /** @param {Event} event */
  #outside(event) {
    const target = /** @type {Element} */ (event.target);
    if (this.panels.open && target.isConnected && !target.closest(".panel, [data-unfolds]")) this.panels.close();
  }

  /** @param {Element | null} element */
  #listOf(element) {
    const name = element?.closest("[data-list]")?.getAttribute("data-list");
    return this.screen.lists.find((list) => list.name === name);
  }

  /** Opens the row's menu instead of the browser's, which Shift still opens. @param {MouseEvent} event */
  #context(event) {
    const { element, list, id } = this.#rowOf(/** @type {HTMLElement} */ (event.target));
    const opener = list && id && (list.rowElement(id) ?? element);
    if (!opener || event.shiftKey || !this.screen.acts) return;
    event.preventDefault();
    // The menu key has no position.
    const point = event.clientX > 0 ? { x: event.clientX, y: event.clientY } : undefined;
    if (this.menus.open?.id !== id) this.menus.toggle(this.#kindOf(list), id, opener, point);
  }

  /** @param {import("../lists/virtual_list.js").List<any>} list @returns {import("../state/claims.js").ClaimKind} */
  #kindOf(list) {
    return list === this.screen.meetings ? "meeting" : "person";
  }

  /** The row, or the meeting's card, that an element is part of. @param {Element} target */
  #rowOf(target) {
    const element = /** @type {HTMLElement | null} */ (target.closest(".person, .card"));
    const list = this.#listOf(element);
    const id = list === this.screen.meetings ? element?.dataset.meeting : element?.dataset.row;
    return { element, list, id };
  }

  /** Enter and Space press a control once, however long they are held, and not a control that has just replaced it.
   * @param {KeyboardEvent} event */
  #pressed(event) {
    const { key, repeat, target } = event;
    if (key !== "Enter" && key !== " ") return this.pressGuard.otherKey();
    const on = /** @type {Element} */ (target);
    const control = on.closest("button, a, summary");
    if (repeat) {
      if (!control && (key === " " || !on.matches("input, [data-row]"))) return;
    } else if (!control || this.pressGuard.takesKey(key, controlName(control))) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing || this.dialogs.isOpen) return;
    if (opensPalette(event)) {
      if (!event.repeat) this.togglePalette();
      event.preventDefault();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.palette.isOpen) {
      if (this.palette.key(event)) event.preventDefault();
      return;
    }
    if (this.menus.open) {
      if (this.menus.key(event)) event.preventDefault();
      return;
    }
    const target = /** @type {HTMLElement} */ (event.target);
    if (this.#handle(event, target)) event.preventDefault();
  }

  /** Opens the command palette about the focused row, if one has the focus, or closes the palette. */
  togglePalette() {
    if (this.menus.open) this.menus.close();
    const { list, id } = this.#rowOf(document.activeElement ?? document.body);
    if (this.panels.open) this.panels.close();
    this.palette.toggle(list && id ? { kind: this.#kindOf(list), id } : null);
  }

  /** @param {KeyboardEvent} event @param {HTMLElement} target @returns {boolean} whether the key was used */
  #handle(event, target) {
    if (event.key === "Escape") return this.#escape();
    return target.matches(FIELDS) ? this.#inSearch(event, target) : this.#command(event, target);
  }

  /** Esc closes, clears or leaves one thing at a time. */
  #escape() {
    const { panels, navigation, selection, claims } = this;
    if (panels.open) panels.close();
    else if (this.screen.query) navigation.search("");
    else if (document.activeElement?.matches(FIELDS)) /** @type {HTMLElement} */ (document.activeElement).blur();
    else if (selection.size > 0) this.selectionActions.clear();
    else if (claims.own.size > 0) for (const kind of [...claims.own.keys()]) claims.release(kind);
    else if (this.screen.openId !== null || this.screen.showsAdminPage) navigation.open(null);
    else return false;
    return true;
  }

  /** @param {KeyboardEvent} event @param {HTMLElement} field */
  #inSearch(event, field) {
    if (field.id !== "search" || (event.key !== "ArrowDown" && event.key !== "Enter")) return false;
    this.renderer.draw();
    const first = this.screen.lobby.entries.find((entry) => entry.gone === null);
    if (first) this.focus.goTo(this.screen.lobby, first.id);
    return true;
  }

  /** @param {KeyboardEvent} event @param {HTMLElement} target */
  #command(event, target) {
    const { panels } = this;
    const list = this.#listOf(target);
    if (!this.letters && event.key.length === 1 && event.key !== " ") return false;
    // Only keys that move the focus repeat while they are held.
    if (event.repeat && event.key.length === 1 && !"jkJK ".includes(event.key)) return true;
    if (event.key === "/") return this.#search();
    if (event.key === "?") return this.#toggle("keys");
    if (event.key === "A" && event.shiftKey && panels.open !== "keys") return this.#admitChosen();
    if (panels.open) return false;
    return (
      this.#anywhere(event) ||
      this.#move(event, list) ||
      this.#onRowOrMeeting(event, target) ||
      (list !== undefined && this.rowShortcuts.key(event, list, target))
    );
  }

  /** Handles keys that need no row. @param {KeyboardEvent} event */
  #anywhere({ key }) {
    const { claiming } = this;
    if (key === "n") claiming.takeNext();
    else if (key === "a" && claiming.admitTaken()) return true;
    else if (key === "u") this.undoActions.undo();
    else if (key === "[" || key === "]") this.navigation.openNext(key === "]" ? 1 : -1);
    else if (key === "E") this.#admitMeeting();
    else return false;
    return true;
  }

  /** Handles keys for the focused row, or else for the open meeting. @param {KeyboardEvent} event @param {HTMLElement} target */
  #onRowOrMeeting({ key, shiftKey }, target) {
    const menu = key === "m" || key === "ContextMenu" || (key === "F10" && shiftKey);
    if (!menu && key !== "c") return false;
    const row = this.#rowOf(target);
    const open = this.screen.openId;
    const [kind, id] = row.list ? [this.#kindOf(row.list), row.id] : [/** @type {const} */ ("meeting"), open ?? undefined];
    const heading = /** @type {HTMLElement | null} */ (this.renderer.root.querySelector('.heading [data-menu="meeting"]'));
    const anchor = (row.list && row.id && row.list.rowElement(row.id)) || heading;
    if (id === undefined) return false;
    if (!menu) this.claiming.toggleClaim(kind, id);
    else if (anchor) this.menus.toggle(kind, id, anchor);
    return true;
  }

  /** Admits all who wait in the open meeting, or else in the focused row's; asks first, since they were not selected one by one. */
  #admitMeeting() {
    const { screen, roster } = this;
    const list = screen.lists.find((each) => each.focused);
    const id = list?.active ?? "";
    const meeting = screen.openId ?? (list === screen.meetings ? id || undefined : roster.people.get(id)?.meeting);
    if (meeting !== undefined) this.moderation.admitMeeting(meeting);
  }

  #search() {
    const field = /** @type {HTMLInputElement | null} */ (document.getElementById("search"));
    field?.focus();
    field?.select();
    return field !== null;
  }

  /** @param {import("./panels.js").PanelName} name */
  #toggle(name) {
    this.panels.toggle(name);
    return true;
  }

  #admitChosen() {
    this.moderation.admit(this.screen.chosen, "selection", "selection");
    return true;
  }

  /** @param {KeyboardEvent} event @param {import("../lists/virtual_list.js").List<any> | undefined} list */
  #move(event, list = this.screen.lobby) {
    /** @type {Record<string, number>} */
    const steps = { ArrowDown: 1, j: 1, J: 1, ArrowUp: -1, k: -1, K: -1, PageDown: 10, PageUp: -10, Home: -1e9, End: 1e9 };
    const step = steps[event.key];
    if (step === undefined) return false;
    const from = list.active;
    const to = list.focused ? list.step(step) : list.tabStop;
    const neighbour = list.focused && to === from ? this.#neighbouringRow(list, step) : null;
    if (neighbour !== null) {
      this.focus.goTo(neighbour.list, neighbour.id);
      return true;
    }
    if (event.shiftKey && this.screen.isLobby(list) && from !== null && to !== null) this.#extend(from, to);
    if (to !== null) this.focus.goTo(list, to);
    return true;
  }

  /** The row after the end of a list: keys go on from the waiting participants to those on hold, and back.
   * @param {import("../lists/virtual_list.js").List<any>} list @param {number} step */
  #neighbouringRow(list, step) {
    const { lobby, held } = this.screen;
    const above = list === held && step < 0 ? lobby : null;
    const next = list === lobby && step > 0 ? held : above;
    const there = next?.entries.filter((entry) => entry.gone === null) ?? [];
    const entry = there.at(step > 0 ? 0 : -1);
    return next && entry ? { list: next, id: entry.id } : null;
  }

  /** @param {string} from @param {string} to */
  #extend(from, to) {
    if (this.selection.anchor === null || !this.selection.has(from)) this.selectionActions.pick(from, { on: true });
    this.selectionActions.pick(to, { range: true, on: true });
  }
}

/** Ctrl+K, or the command key on a Mac. On keyboards without Latin letters, it is the key in the place of K.
 * @param {KeyboardEvent} event */
function opensPalette({ key, code, ctrlKey, metaKey, altKey, shiftKey }) {
  if (ctrlKey === metaKey || altKey || shiftKey) return false;
  return key.toLowerCase() === "k" || (code === "KeyK" && !/^[a-z]$/i.test(key));
}

/** @param {string} key */
function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Without storage the choice lasts as long as the page. @param {string} key @param {string} value */
function store(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // No storage.
  }
}
