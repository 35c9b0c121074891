// Keys for the focused participant's row: select, admit, hold, acknowledge, open, and move through its controls.

import { t } from "../lib/i18n.js";

/** @typedef {import("../lists/virtual_list.js").List<any>} List */
/** @typedef {import("../net/protocol.js").PersonRow} Person */

export class RowShortcuts {
  /**
   * @param {{
   *   screen: import("../state/screen.js").Screen,
   *   roster: import("../state/roster.js").Roster,
   *   selection: import("../state/selection.js").Selection,
   *   focus: import("./focus.js").Focus,
   *   dialogs: import("./dialogs.js").Dialogs,
   *   navigation: import("./navigation.js").Navigation,
   *   notice: import("./notice.js").Notice,
   *   moderation: import("../actions/moderation.js").Moderation,
   *   selectionActions: import("../actions/selection.js").SelectionActions,
   *   waitActions: import("../actions/waits.js").WaitActions,
   * }} parts
   */
  constructor({ screen, roster, selection, focus, dialogs, navigation, notice, moderation, selectionActions, waitActions }) {
    this.screen = screen;
    this.roster = roster;
    this.selection = selection;
    this.focus = focus;
    this.dialogs = dialogs;
    this.navigation = navigation;
    this.notice = notice;
    this.moderation = moderation;
    this.selectionActions = selectionActions;
    this.waitActions = waitActions;
  }

  /**
   * A key on the focused row.
   * @param {KeyboardEvent} event @param {List} list @param {HTMLElement} target @returns {boolean} whether the row used it
   */
  key(event, list, target) {
    const [on, back] = document.documentElement.dir === "rtl" ? ["ArrowLeft", "ArrowRight"] : ["ArrowRight", "ArrowLeft"];
    if (event.key === on || event.key === back) return this.#within(event.key === on ? 1 : -1, target);
    const person = list.active === null ? undefined : this.roster.people.get(list.active);
    if (!person || list === this.screen.meetings) return false;
    if (event.key === "h") return this.#hold(person);
    if (!this.screen.isLobby(list)) return false;
    const onRow = target.hasAttribute("data-row");
    if (event.key === "x" || event.key === "X" || (event.key === " " && onRow)) return this.#pick(person, event.shiftKey);
    if (event.key === "a") return this.#admitOne(list, person);
    if (event.key === "s") return this.#acknowledge(person);
    if (event.key === "Enter" && onRow) {
      this.navigation.open(person.meeting);
      return true;
    }
    return false;
  }

  /** @param {Person} person */
  #hold(person) {
    const why = person.hold ? null : this.screen.whyNot("hold", person);
    if (why === null) this.moderation.hold([person]);
    else this.notice.say(t(why));
    return true;
  }

  /** Moves the focus from the row to its checkbox, links and button, and back. @param {number} by @param {HTMLElement} target */
  #within(by, target) {
    const row = /** @type {HTMLElement} */ (target.closest(".person, .card"));
    const parts = /** @type {NodeListOf<HTMLElement>} */ (row.querySelectorAll("input, button:not(:disabled)"));
    const stops = row.matches("[data-row]") ? [row, ...parts] : [...parts];
    stops[Math.min(stops.length - 1, Math.max(0, stops.indexOf(target) + by))]?.focus();
    return true;
  }

  /** @param {Person} person @param {boolean} range */
  #pick(person, range) {
    if (this.screen.can(person) || this.selection.has(person.id)) this.selectionActions.pick(person.id, { range });
    return true;
  }

  /** @param {Person} person */
  #acknowledge(person) {
    if (this.screen.acts && this.screen.standsOut(person)) this.waitActions.acknowledge([person]);
    return true;
  }

  /** Admits the participant that "take next" has claimed. @param {string} id */
  admit(id) {
    const { lobby } = this.screen;
    const person = this.roster.people.get(id);
    if (person) this.#admitOne(lobby, person);
  }

  /** Moves the focus to the next participant who can be admitted, so that "a a a" admits three. @param {List} list
   * @param {Person} person */
  #admitOne(list, person) {
    if (!this.screen.can(person)) return true;
    const rest = list.entries.slice(list.indexOf(person.id) + 1);
    this.moderation.admit([person], "person", `row:${person.id}`);
    if (this.dialogs.isOpen) return true;
    const next = rest.find((entry) => entry.gone === null && this.screen.can(entry.row));
    if (next) this.focus.goTo(list, next.id);
    return true;
  }
}
