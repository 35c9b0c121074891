// The rows as the page needs them: by kind, participants by meeting, namesakes, who waits, and the search. Updated with every change. Pure.

import { lobbyStateOf } from "../lib/lobby.js";
import { fold, searchWords } from "../lib/text.js";

/**
 * @typedef {import("../net/protocol.js").Row} Row
 * @typedef {import("../net/protocol.js").PersonRow} Person
 * @typedef {import("../net/protocol.js").MeetingRow} Meeting
 * @typedef {import("../net/protocol.js").BridgeRow} Bridge
 */

/** Longest wait first; the id decides between equal waits, so that all users see the same order. @param {Person} a @param {Person} b */
export const byWait = (a, b) => (a.waiting_since ?? 0) - (b.waiting_since ?? 0) || (a.id < b.id ? -1 : 1);

export class Roster {
  constructor() {
    /** @type {import("../net/protocol.js").ServerRow | null} */
    this.server = null;
    /** @type {Map<string, import("../net/protocol.js").UserRow>} users with an open page */
    this.users = new Map();
    /** @type {Map<string, Bridge>} */
    this.bridges = new Map();
    /** @type {Map<string, Meeting>} */
    this.meetings = new Map();
    /** @type {Map<string, Person>} */
    this.people = new Map();
    /** @type {Map<string, Set<string>>} ids of participants by meeting */
    this.idsByMeeting = new Map();
    /** @type {Set<string>} */
    this.waiting = new Set();
    /** How many who wait are on hold. */
    this.held = 0;
    this.unknown = 0;
    /** @type {Map<string, number>} how many participants are being called, by meeting */
    this.calledByMeeting = new Map();
    this.calledInAll = 0;
    /** @type {Map<string, number>} participants by meeting and folded name */
    this.names = new Map();
    /** @type {WeakMap<Row, string>} a row's folded text */
    this.folded = new WeakMap();
  }

  /** @param {import("../net/rows.js").Changes} changes */
  apply(changes) {
    for (const key of changes.drop) this.#replace(key, null);
    for (const row of changes.put) this.#replace(row, row);
  }

  /** @param {import("../net/protocol.js").RowKey} key @param {Row | null} row */
  #replace(key, row) {
    if (key.kind === "server") this.server = /** @type {import("../net/protocol.js").ServerRow | null} */ (row);
    else if (key.kind === "user") put(this.users, key.id, /** @type {import("../net/protocol.js").UserRow | null} */ (row));
    else if (key.kind === "bridge") put(this.bridges, key.id, /** @type {Bridge | null} */ (row));
    else if (key.kind === "meeting") put(this.meetings, key.id, /** @type {Meeting | null} */ (row));
    else if (key.kind === "person") this.#person(key.id, /** @type {Person | null} */ (row));
  }

  /** @param {string} id @param {Person | null} row */
  #person(id, row) {
    const old = this.people.get(id);
    if (old) this.#count(old, -1);
    if (row) this.#count(row, 1);
    put(this.people, id, row);
  }

  /** @param {Person} person @param {1 | -1} by */
  #count(person, by) {
    const place = lobbyStateOf(person);
    if (place === "unknown") this.unknown += by;
    if (place === "called") {
      this.calledInAll += by;
      add(this.calledByMeeting, person.meeting, by);
    }
    if (place === "waiting") {
      if (person.hold) this.held += by;
      if (by > 0) this.waiting.add(person.id);
      else this.waiting.delete(person.id);
    }
    add(this.names, this.#nameKey(person), by);
    const ids = this.idsByMeeting.get(person.meeting) ?? new Set();
    if (by > 0) ids.add(person.id);
    else ids.delete(person.id);
    if (ids.size > 0) this.idsByMeeting.set(person.meeting, ids);
    else this.idsByMeeting.delete(person.meeting);
  }

  /** Whether another participant of the meeting has the same name. @param {Person} person */
  hasNamesake(person) {
    return (this.names.get(this.#nameKey(person)) ?? 0) > 1;
  }

  /** Whether a participant waits, or waited when last known and is being checked. @param {string} id */
  mayWait(id) {
    return this.waiting.has(id) || this.people.get(id)?.lobby === "unknown";
  }

  /** The participants who wait, longest first. @param {string} [meeting] */
  lobby(meeting) {
    /** @type {Person[]} */
    const people = [];
    for (const id of meeting === undefined ? this.waiting : (this.idsByMeeting.get(meeting) ?? [])) {
      const person = this.people.get(id);
      if (person?.lobby === "waiting") people.push(person);
    }
    return people.sort(byWait);
  }

  /** How many participants may be in a lobby, known or not: in a meeting, or in all. @param {string} [meeting] */
  checkable(meeting) {
    if (meeting === undefined) return this.people.size - this.calledInAll;
    return (this.idsByMeeting.get(meeting)?.size ?? 0) - (this.calledByMeeting.get(meeting) ?? 0);
  }

  /** @param {string} meeting @param {ReturnType<typeof lobbyStateOf>} place */
  peopleOf(meeting, place) {
    const people = [...(this.idsByMeeting.get(meeting) ?? [])].map((id) => /** @type {Person} */ (this.people.get(id)));
    return people.filter((person) => lobbyStateOf(person) === place).sort((a, b) => this.compareText(a, b));
  }

  /** By name; the id decides between equal names. @param {Person | Meeting} a @param {Person | Meeting} b */
  compareText(a, b) {
    const [left, right] = [this.textOf(a), this.textOf(b)];
    if (left !== right) return left < right ? -1 : 1;
    return a.id < b.id ? -1 : 1;
  }

  /** Whether all words of the query occur in a participant's name, address or meeting. @param {string} query */
  matcher(query) {
    const wanted = searchWords(query);
    /** @type {Map<string, string>} */
    const titles = new Map();
    const title = (/** @type {string} */ id) => {
      const known = titles.get(id);
      if (known !== undefined) return known;
      const meeting = this.meetings.get(id);
      const text = meeting ? this.textOf(meeting) : "";
      titles.set(id, text);
      return text;
    };
    return (/** @type {Person} */ person) =>
      wanted.length === 0 || wanted.every((word) => this.textOf(person).includes(word) || title(person.meeting).includes(word));
  }

  /** Meetings with a name that matches, or with a participant who does. @param {string} query */
  meetingMatcher(query) {
    const wanted = searchWords(query);
    const person = this.matcher(query);
    return (/** @type {Meeting} */ meeting) => {
      if (wanted.length === 0 || wanted.every((word) => this.textOf(meeting).includes(word))) return true;
      for (const id of this.idsByMeeting.get(meeting.id) ?? [])
        if (person(/** @type {Person} */ (this.people.get(id)))) return true;
      return false;
    };
  }

  /** @param {Meeting} a @param {Meeting} b */
  byUrgency = (a, b) => {
    if (a.waiting > 0 !== b.waiting > 0) return a.waiting > 0 ? -1 : 1;
    const since = a.waiting > 0 ? (a.longest_since ?? Infinity) - (b.longest_since ?? Infinity) : 0;
    if (since !== 0 && !Number.isNaN(since)) return since;
    return this.compareText(a, b);
  };

  /** @param {Person} person */
  #nameKey(person) {
    const text = this.textOf(person);
    return `${person.meeting}\n${text.slice(0, text.indexOf("\n"))}`;
  }

  /** The folded text that a search compares: a participant's name and address, each on its line, or a meeting's name.
   * @param {Person | Meeting} row */
  textOf(row) {
    let text = this.folded.get(row);
    if (text === undefined) {
      text = row.kind === "person" ? `${fold(row.name)}\n${fold(row.address)}` : fold(row.name);
      this.folded.set(row, text);
    }
    return text;
  }
}

/** @template T @param {Map<string, T>} map @param {string} id @param {T | null} row */
function put(map, id, row) {
  if (row) map.set(id, row);
  else map.delete(id);
}

/** @param {Map<string, number>} counts @param {string} key @param {number} by */
function add(counts, key, by) {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
