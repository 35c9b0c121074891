// The command palette's entries on the screen: which one is highlighted, and running one. Loaded when the palette opens first, because most
// visits need none of it.

import { t } from "../lib/i18n.js";
import { PaletteList } from "../state/palette_list.js";
import { optionId, paletteOptions, statusOf } from "../views/palette_options.js";
import { PaletteCommands } from "./palette_commands.js";

/** @typedef {import("../state/palette_list.js").Entry} Entry */

/** How many entries a key goes on. @type {Record<string, number>} */
const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };

export class PaletteEntries {
  /**
   * @param {import("./palette_commands.js").Parts & import("../views/palette_options.js").Parts & {
   *   palette: import("../ui/palette.js").Palette,
   *   pressGuard: import("../ui/press_guard.js").PressGuard,
   * }} parts
   */
  constructor(parts) {
    this.parts = parts;
    this.palette = parts.palette;
    this.list = new PaletteList(parts.roster);
    this.commands = new PaletteCommands(parts);
    /** @type {string | null} the text that the list was made for; null if it was made for none yet */
    this.listed = null;
    /** @type {string | null} the id of the highlighted entry */
    this.active = null;
    /** Whether the next drawing scrolls to the highlighted entry. */
    this.scrolls = false;
  }

  /** Starts over, because the palette opens. */
  reset() {
    this.listed = null;
  }

  /** Before a drawing. Nothing is highlighted until the user types or moves there, so that Enter alone does nothing. */
  update() {
    const { query, target, pointing } = this.palette;
    const typed = query !== this.listed;
    this.list.update(query, this.commands.groups(target), !typed && (this.active !== null || pointing));
    if (!typed) return;
    this.listed = query;
    this.active = query.trim() === "" ? null : this.list.bestId;
    this.scrolls = true;
  }

  /** After a drawing. @param {HTMLElement} dialog */
  scroll(dialog) {
    if (!this.scrolls) return;
    this.scrolls = false;
    const active = dialog.querySelector('[aria-selected="true"]');
    if (active) active.scrollIntoView({ block: "nearest" });
    else dialog.querySelector('[role="listbox"]')?.scrollTo(0, 0);
  }

  // Drawing.

  get options() {
    return paletteOptions(this.parts, this);
  }

  get status() {
    return statusOf(this.list);
  }

  /** The highlighted option's element; "" for none. */
  get activeOption() {
    const at = this.list.entries.findIndex(({ id }) => id === this.active);
    return at < 0 ? "" : optionId(at);
  }

  // Choosing.

  /** @param {string} key @returns {boolean} whether it was used */
  key(key) {
    const step = STEPS[key];
    if (step !== undefined) this.#move(step);
    else if (key === "Enter") this.#enter();
    else return false;
    return true;
  }

  /** Moves the highlight; goes round at the ends. @param {number} by */
  #move(by) {
    const entries = this.list.entries.filter(({ id, why }) => why === null || id === this.active);
    const at = entries.findIndex(({ id }) => id === this.active);
    const last = entries.length - 1;
    const from = at < 0 && by < 0 ? entries.length : at;
    const isAtEnd = by > 0 ? at === last : at === 0;
    const to = isAtEnd ? last - at : Math.min(last, Math.max(0, from + by));
    this.active = entries[to]?.id ?? null;
    this.scrolls = true;
    this.#say("");
  }

  #enter() {
    const entry = this.list.find(this.active);
    // The same key pressed again right afterwards must not also answer the question that the action opens.
    if (entry && this.parts.pressGuard.takesKey("Enter", `palette ${entry.id}`)) this.run(entry);
  }

  /** Runs an entry as it was drawn. @param {Entry} entry */
  run({ why, command, row }) {
    if (why !== null) return this.#say(t(why));
    this.palette.close();
    if (command) command.act();
    else if (row) this.commands.goTo(row);
  }

  /** @param {string} text */
  #say(text) {
    this.palette.said = text;
    this.parts.renderer.draw();
  }
}
