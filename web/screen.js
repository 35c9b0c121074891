// What the dashboard shows at one moment, from the roster and from what the person at the page chose. No page in here.

import { whyNot, whyNotMeeting } from "./abilities.js";
import { isRead, isStale } from "./bridges.js";
import { claimOf } from "./claims.js";
import { List } from "./list.js";
import { byWait } from "./roster.js";

/**
 * @typedef {import("./protocol.js").PersonRow} Person
 * @typedef {import("./protocol.js").MeetingRow} Meeting
 * @typedef {{ query: string, open: string | null, pane: "people" | "meetings", board: boolean }} Choice
 * @typedef {{ phase: import("./connection.js").Phase, reason: string, asOf: number, shown: boolean }} Link
 *   `shown`: a snapshot was seen, so there are rows, old or not
 */

const byId = (/** @type {Person} */ a, /** @type {Person} */ b) => (a.id < b.id ? -1 : 1);

export class Screen {
  /** @param {import("./roster.js").Roster} roster @param {import("./selection.js").Selection} selection */
  constructor(roster, selection) {
    this.roster = roster;
    this.selection = selection;
    /** @type {List<Person>} everybody in a lobby, or those of the open meeting */
    this.lobby = new List("lobby", byWait);
    /** @type {List<Person>} */
    this.inCall = new List("in_call", byId, 3000);
    /** @type {List<Person>} */
    this.unsure = new List("unsure", byId, 0);
    /** @type {List<Person>} those whose call is not answered yet */
    this.calling = new List("calling", byId, 0);
    /** @type {List<Meeting>} */
    this.meetings = new List("meetings", roster.byUrgency, 3000);
    this.role = /** @type {import("./protocol.js").Role} */ ("viewer");
    /** @type {Choice} */
    this.choice = { query: "", open: null, pane: "people", board: false };
    /** @type {Link} */
    this.link = { phase: "connecting", reason: "", asOf: 0, shown: false };
    this.now = 0;
    /** @type {Person[]} those who are shown waiting, whether in view or not */
    this.shown = [];
    /** @type {Person[]} of these, those whom a press on "everything shown" admits: who is on hold is only admitted by name */
    this.admissible = [];
    /** @type {Person[]} */
    this.chosen = [];
  }

  get people() {
    return [this.lobby, this.inCall, this.calling, this.unsure];
  }

  get acts() {
    return this.role !== "viewer";
  }

  /** Whether this is an administrator's page; the server decides each time. */
  get manages() {
    return this.role === "admin";
  }

  get live() {
    return this.link.phase === "live";
  }

  /** The open meeting's row; undefined when it has ended. */
  get meeting() {
    return this.choice.open === null ? undefined : this.roster.meetings.get(this.choice.open);
  }

  /** @param {Partial<Choice>} choice */
  choose(choice) {
    const next = { ...this.choice, ...choice };
    if (next.open !== this.choice.open || next.query !== this.choice.query) for (const list of this.people) list.reset();
    if (next.query !== this.choice.query) this.meetings.reset();
    this.choice = next;
  }

  /** Brings everything up to date. @param {number} now the server's */
  update(now) {
    this.now = now;
    const { query, open } = this.choice;
    const matches = this.roster.matcher(query);
    this.shown = this.roster.lobby(open ?? undefined).filter(matches);
    this.lobby.update(this.shown, now);
    this.inCall.update(open === null ? [] : this.roster.peopleOf(open, "in").filter(matches), now);
    this.unsure.update(open === null ? [] : this.roster.peopleOf(open, "unknown").filter(matches), now);
    this.calling.update(open === null ? [] : this.roster.peopleOf(open, "called").filter(matches), now);
    const meetings = [...this.roster.meetings.values()].filter(this.roster.meetingMatcher(query));
    this.meetings.update(meetings.sort(this.roster.byUrgency), now);
    this.selection.keep((id) => this.roster.mayWait(id));
    this.admissible = this.shown.filter((person) => this.can(person) && !person.hold);
    this.chosen = [...this.selection.ids].flatMap((id) => this.roster.people.get(id) ?? []).filter((person) => this.can(person));
  }

  /** Whether a press would admit this person now. @param {Person} person */
  can(person) {
    return this.whyNot("admit", person) === null;
  }

  /** Why something can't be done with a person now, as a catalogue key. @param {import("./abilities.js").PersonDeed} deed
   * @param {Person | undefined} person */
  whyNot(deed, person) {
    return whyNot(deed, person, this.roster.bridges, this);
  }

  /** @param {import("./abilities.js").MeetingDeed} deed @param {Meeting | undefined} meeting */
  whyNotMeeting(deed, meeting) {
    return whyNotMeeting(deed, meeting, this.roster.bridges, this);
  }

  /** Why it can't be claimed. @param {Person | Meeting | undefined} row @param {import("./protocol.js").Claim | null} claim of somebody else */
  whyNoClaim(row, claim) {
    if (!this.live) return "why_not_connected";
    if (!row) return "why.left";
    return claim ? "why.claimed" : null;
  }

  /** Who handles a person, by a claim on them or on their meeting. @param {Person} person */
  handling(person) {
    return claimOf(person, this.roster.meetings);
  }

  /** Who of a meeting would be admitted by its button. @param {string} meeting */
  admissibleOf(meeting) {
    return this.roster.lobby(meeting).filter((person) => this.can(person) && !person.hold);
  }

  /** Who of a meeting can be muted, or unmuted. @param {string} meeting @param {"mute" | "unmute"} deed */
  mutable(meeting, deed) {
    const people = this.roster.peopleOf(meeting, "in");
    return people.filter((person) => person.muted === (deed === "unmute") && this.whyNot(deed, person) === null);
  }

  /** Somebody who is shown, be it as a trace. @param {string} id */
  lastKnown(id) {
    return this.people.flatMap((list) => list.entries).find((entry) => entry.id === id)?.row;
  }

  /** @param {Person} person */
  stale(person) {
    return person.bridge !== null && isStale(this.roster.bridges.get(person.bridge));
  }

  /** @param {Meeting} meeting */
  staleMeeting(meeting) {
    return meeting.bridges.length > 0 && meeting.bridges.every((id) => isStale(this.roster.bridges.get(id)));
  }

  get longestSince() {
    return this.shown[0]?.waiting_since ?? null;
  }

  /** How far the lobby is known: of the open meeting, or of everything. */
  get checked() {
    const meeting = this.meeting;
    const [all, unknown] = meeting
      ? [this.roster.checkable(meeting.id), meeting.unknown]
      : [this.roster.checkable(), this.roster.unknown];
    return { all, unknown, done: all - unknown };
  }

  get bridgesRead() {
    const bridges = [...this.roster.bridges.values()];
    return { all: bridges.length, read: bridges.filter((bridge) => isRead(bridge) && !isStale(bridge)).length };
  }

  /** In how many meetings the chosen people are. */
  get chosenMeetings() {
    return new Set([...this.selection.ids].map((id) => this.roster.people.get(id)?.meeting)).size;
  }
}
