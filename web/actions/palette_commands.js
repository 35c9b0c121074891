// The command palette's actions and pages, and going to a person or a meeting. The actions are those of the menus and keys, with their
// conditions and questions.

import { t } from "../lib/i18n.js";
import { meetingNameOf, nameOf } from "../lib/names.js";
import { entriesOf } from "../views/menu.js";

/**
 * @typedef {import("../net/protocol.js").PersonRow} Person
 * @typedef {import("../net/protocol.js").MeetingRow} Meeting
 * @typedef {import("../state/palette_list.js").Command} Command
 * @typedef {import("../state/palette_list.js").CommandGroup} CommandGroup
 */

/**
 * @typedef {import("../views/menu.js").Parts & {
 *   base: string,
 *   focus: import("../ui/focus.js").Focus,
 *   notice: import("../ui/notice.js").Notice,
 *   panels: import("../ui/panels.js").Panels,
 *   renderer: import("../ui/renderer.js").Renderer,
 *   selectionActions: import("./selection.js").SelectionActions,
 *   undoActions: import("./undo.js").UndoActions,
 *   undoOffers: import("../state/undo_offers.js").UndoOffers,
 *   waitActions: import("./waits.js").WaitActions,
 * }} Parts
 */

export class PaletteCommands {
  /** @param {Parts} parts */
  constructor(parts) {
    this.parts = parts;
  }

  /** All commands, possible or not, about the selection, the row that had the focus, and the open meeting.
   * @param {import("../ui/palette.js").Target | null} target @returns {CommandGroup[]} */
  groups(target) {
    const { screen } = this.parts;
    /** @type {CommandGroup[]} */
    const groups = [];
    // The administrators' pages show neither rows nor the selection, and nothing hidden is acted on.
    if (screen.acts && !screen.showsAdminPage) {
      groups.push(...this.#ofSelection(), ...(target?.kind === "person" ? this.#ofPerson(target.id) : []));
      const meetings = [target?.kind === "meeting" ? target.id : null, screen.openId];
      for (const id of new Set(meetings)) if (id !== null) groups.push(...this.#ofMeeting(id));
    }
    if (screen.acts) groups.push(this.#general());
    return [...groups, this.#pages()];
  }

  // Actions.

  #ofSelection() {
    const { screen, selection, moderation, selectionActions } = this.parts;
    if (selection.size === 0) return [];
    const [chosen, hidden] = [screen.chosen, screen.chosenHidden];
    const title = t("selected_n", { n: selection.size });
    /** @type {Command} */
    const admit = {
      id: "selection.admit",
      label: t(hidden > 0 ? "admit_shown_n" : "admit_n", { n: chosen.length }),
      why: chosen.length === 0 ? "why.nobody_chosen" : null,
      shortcut: "Shift+A",
      act: () => moderation.admit(chosen, "selection", "selection"),
    };
    const commands = [
      admit,
      ...this.#menu("selection", ""),
      { id: "selection.clear", label: t("palette.clear"), act: () => selectionActions.clear() },
    ];
    return [
      group("selection", hidden > 0 ? `${title}${t("list_comma")}${t("selected_hidden_n", { n: hidden })}` : title, commands),
    ];
  }

  /** @param {string} id */
  #ofPerson(id) {
    const { screen, roster, moderation, selectionActions, waitActions } = this.parts;
    const person = roster.people.get(id);
    if (!person) return [];
    const waits = person.lobby === "waiting";
    const hidden = waits ? !screen.passes(person) : !screen.matches(person);
    const late = waits && screen.standsOut(person);
    /** @type {Command[]} */
    const commands = [
      ...this.#menu("person", id),
      ...(waits ? [{ id: "person.select", label: t("key.select"), shortcut: "x", act: () => selectionActions.pick(id) }] : []),
      ...(late
        ? [{ id: "person.acknowledge", label: t("key.seen"), shortcut: "s", act: () => waitActions.acknowledge([person]) }]
        : []),
    ].map((command) => (hidden ? { ...command, why: "why.hidden" } : command));
    const admit = commands.find((command) => command.id === "person.admit");
    // The row's place, so that its button is inert as after a press on it.
    if (admit) admit.act = () => moderation.admit([person], "person", `row:${id}`);
    return [group("person", t("menu.of", { name: nameOf(person) }), commands)];
  }

  /** @param {string} id */
  #ofMeeting(id) {
    const { roster, moderation } = this.parts;
    const meeting = roster.meetings.get(id);
    if (!meeting) return [];
    const commands = this.#menu("meeting", id);
    const admit = commands.find((command) => command.id === "meeting.admit");
    // Like the key: asks in any case, because no one selected these people one by one.
    if (admit) admit.act = () => moderation.admitMeeting(id);
    const name = t("menu.of", { name: meetingNameOf(meeting) });
    return [
      group(
        `meeting:${id}`,
        name,
        commands.map((command) => ({ ...command, id: `${command.id}:${id}` })),
      ),
    ];
  }

  /** A menu's entries. @param {import("../ui/menus.js").MenuKind} kind @param {string} id @returns {Command[]} */
  #menu(kind, id) {
    return entriesOf(this.parts, kind, id).entries.map(({ name, ...entry }) => ({ ...entry, id: `${kind}.${name}` }));
  }

  /** Actions that need no target. */
  #general() {
    const { screen, claiming, undoActions, undoOffers } = this.parts;
    const why = screen.live ? null : "why.not_connected";
    /** @type {Command[]} */
    const commands = [{ id: "next", label: t("key.next"), shortcut: "n", why, act: () => claiming.takeNext() }];
    if (undoOffers.series(performance.now()))
      commands.push({ id: "undo", label: t("key.undo"), shortcut: "u", why, act: () => undoActions.undo() });
    return group("general", t("palette.actions"), commands);
  }

  // Places.

  /** @returns {CommandGroup} */
  #pages() {
    const { base, screen, panels, navigation } = this.parts;
    const to = (/** @type {string} */ path) => () => location.assign(`${base}/${path}`);
    /** @type {Command[]} */
    const commands = [
      { id: "page.desk", label: t("all_meetings"), act: () => this.#show(() => navigation.open(null)) },
      ...(screen.manages
        ? [
            { id: "page.bridges", label: t("bridges.label"), act: () => this.#show(() => navigation.openPage("bridges")) },
            { id: "page.displays", label: t("displays.label"), act: () => this.#show(() => navigation.openPage("displays")) },
            { id: "page.users", label: t("users"), act: to("users") },
            { id: "page.log", label: t("log.title"), act: to("log") },
          ]
        : []),
      { id: "page.account", label: t("account"), act: to("account") },
      { id: "page.keys", label: t("keys_title"), shortcut: "?", act: () => panels.toggle("keys") },
    ];
    return { ...group("pages", t("palette.pages"), commands), acts: false };
  }

  /** @param {Person | Meeting} row as it was listed */
  goTo(row) {
    if (row.kind === "meeting") this.#show(() => this.parts.navigation.open(row.id));
    else this.#goToPerson(row.id);
  }

  /** Shows another page; if it has no place for the focus, its list gets it. @param {() => void} navigate */
  #show(navigate) {
    const { renderer, focus } = this.parts;
    navigate();
    renderer.draw();
    if (document.activeElement === document.body) focus.restore();
  }

  /** Moves the focus to a participant's row: in the list on the screen, or else in their meeting. If a search or a filter hides them, it is
   * cleared, and the page says so. @param {string} id */
  #goToPerson(id) {
    const { screen, roster, navigation, renderer, focus, notice } = this.parts;
    const person = roster.people.get(id);
    if (!person) return notice.say(t("why.left"));
    if (screen.choice.pane !== "people") navigation.show("people");
    if (screen.showsAdminPage || !this.#listOf(id)) this.#show(() => navigation.open(person.meeting));
    if (!this.#listOf(id)) {
      navigation.unfilter();
      notice.say(t("palette.unfiltered", { name: nameOf(person) }));
    }
    renderer.draw();
    const list = this.#listOf(id);
    if (list) focus.goTo(list, id);
  }

  /** The list that shows a participant. @param {string} id */
  #listOf(id) {
    return this.parts.screen.people.find((list) => list.entries.some((entry) => entry.id === id && entry.gone === null));
  }
}

/** @param {string} id @param {string} title @param {Command[]} commands @returns {CommandGroup} */
const group = (id, title, commands) => ({ id, title, acts: true, commands });
