// The command palette's entries for a typed text: actions, people, meetings and pages, ranked and bounded. An entry is about an id, never
// about a place in the list. While the user reaches for one, all entries keep their places. Pure.

import { fold, searchWords } from "../lib/text.js";
import { best, NONE, rankOf } from "./palette_search.js";
import { byWait } from "./roster.js";

/**
 * @typedef {import("../net/protocol.js").PersonRow} Person
 * @typedef {import("../net/protocol.js").MeetingRow} Meeting
 * @typedef {{ id: string, label: string, why?: string | null, shortcut?: string, danger?: boolean, act: () => void }} Command
 *   `why`: a catalogue key, if it is not possible
 * @typedef {{ id: string, title: string, acts: boolean, commands: Command[] }} CommandGroup  `acts`: not just pages to go to
 * @typedef {{ id: string, rank: number, why: string | null, command: Command | null, row: Person | Meeting | null }} Entry
 *   `why`: it was possible when it was listed, and is not any more
 * @typedef {{ id: string, title: string, acts: boolean, entries: Entry[], total: number }} Group  `total`: also counts those not listed
 */

/** The most people and meetings listed. */
export const MOST = { people: 30, meetings: 20 };

export class PaletteList {
  /** @param {import("./roster.js").Roster} roster */
  constructor(roster) {
    this.roster = roster;
    /** @type {Group[]} */
    this.groups = [];
    /** How many entries match, listed or not. */
    this.total = 0;
  }

  /** The listed entries, from top to bottom. */
  get entries() {
    return this.groups.flatMap((group) => group.entries);
  }

  /** @param {string | null} id */
  find(id) {
    return this.entries.find((entry) => entry.id === id);
  }

  /**
   * @param {string} query @param {CommandGroup[]} commands those possible now, and others @param {boolean} frozen whether all entries keep
   *   their places: those that are gone stay, and new ones are only counted
   */
  update(query, commands, frozen) {
    const found = this.#search(searchWords(query), commands);
    this.total = found.reduce((sum, group) => sum + group.total, 0);
    this.groups = frozen ? this.groups.map((group) => this.#refresh(group, found, commands)) : found;
  }

  /** The entry to highlight for a typed text: the best match. Of equal ones it is one that only goes somewhere, so that a name typed halfway
   * never runs an action. @returns {string | null} */
  get bestId() {
    const ranked = this.groups.flatMap(({ acts, entries }) => entries.map(({ id, rank }) => ({ id, rank, acts })));
    const [first] = best(ranked, (a, b) => a.rank - b.rank || Number(a.acts) - Number(b.acts), 1);
    return first?.id ?? null;
  }

  /** @param {string[]} words @param {CommandGroup[]} commands @returns {Group[]} */
  #search(words, commands) {
    const [actions, pages] = [commands.filter(({ acts }) => acts), commands.filter(({ acts }) => !acts)];
    const of = (/** @type {CommandGroup[]} */ groups) => groups.map((group) => commandsFor(words, group));
    return [...of(actions), this.#people(words), this.#meetings(words), ...of(pages)].filter(({ total }) => total > 0);
  }

  /** @param {string[]} words @returns {Group} */
  #people(words) {
    const { people, meetings } = this.roster;
    const found = entriesOf(people, "person", (row) => {
      const text = this.roster.textOf(row);
      const end = text.indexOf("\n");
      const meeting = meetings.get(row.meeting);
      return rankOf(words, text.slice(0, end), text.slice(end + 1), meeting ? this.roster.textOf(meeting) : "");
    });
    const entries = best(found, (a, b) => a.rank - b.rank || this.#byLobby(a.row, b.row), MOST.people);
    return { id: "people", title: "", acts: false, entries, total: found.length };
  }

  /** @param {string[]} words @returns {Group} */
  #meetings(words) {
    const found = entriesOf(this.roster.meetings, "meeting", (row) => rankOf(words, this.roster.textOf(row)));
    const entries = best(found, (a, b) => a.rank - b.rank || this.roster.byUrgency(a.row, b.row), MOST.meetings);
    return { id: "meetings", title: "", acts: false, entries, total: found.length };
  }

  /** Waiting people first, by their wait; the others by name. @param {Person} a @param {Person} b */
  #byLobby(a, b) {
    const [first, second] = [a.lobby === "waiting", b.lobby === "waiting"];
    if (first !== second) return first ? -1 : 1;
    return first ? byWait(a, b) : this.roster.compareText(a, b);
  }

  /** @param {Group} group @param {Group[]} found @param {CommandGroup[]} commands @returns {Group} */
  #refresh(group, found, commands) {
    const now = commands.find(({ id }) => id === group.id);
    return {
      ...group,
      title: now?.title ?? group.title,
      total: found.find(({ id }) => id === group.id)?.total ?? 0,
      entries: group.entries.map((entry) => (entry.row ? this.#sameRow(entry, entry.row) : sameCommand(entry, now))),
    };
  }

  /** @param {Entry} entry @param {Person | Meeting} row @returns {Entry} */
  #sameRow(entry, { kind, id }) {
    const row = kind === "person" ? this.roster.people.get(id) : this.roster.meetings.get(id);
    if (row) return { ...entry, row, why: null };
    return { ...entry, why: kind === "person" ? "why.left" : "why.ended" };
  }
}

/** @template {Person | Meeting} T @param {Map<string, T>} rows @param {string} kind @param {(row: T) => number} rankOfRow */
function entriesOf(rows, kind, rankOfRow) {
  /** @type {(Entry & { row: T })[]} */
  const found = [];
  for (const row of rows.values()) {
    const rank = rankOfRow(row);
    if (rank < NONE) found.push({ id: `${kind}:${row.id}`, rank, why: null, command: null, row });
  }
  return found;
}

/** The possible commands of a group that match, in the group's order if they match equally well. A command is found by its own words, never by
 * its target's name. @param {string[]} words @param {CommandGroup} group @returns {Group} */
function commandsFor(words, { id, title, acts, commands }) {
  const entries = commands
    .filter(({ why }) => !why)
    .map((command) => ({ id: command.id, rank: rankOf(words, wordsOf(command)), why: null, command, row: null }))
    .filter(({ rank }) => rank < NONE)
    .sort((a, b) => a.rank - b.rank);
  return { id, title, acts, entries, total: entries.length };
}

/** A label's ellipsis is not typed. @param {Command} command */
const wordsOf = ({ label }) => fold(label.replace(/\s?…$/, ""));

/** @param {Entry} entry @param {CommandGroup | undefined} group @returns {Entry} */
function sameCommand(entry, group) {
  const command = group?.commands.find(({ id }) => id === entry.id);
  return command ? { ...entry, command, why: command.why ?? null } : { ...entry, why: "why.left" };
}
