// The desk's current content, from the roster and the user's choices. Touches no element.

import { fold } from "../lib/text.js";
import { List } from "../lists/virtual_list.js";
import { isRead, isStale } from "./bridges.js";
import { claimOf } from "./claims.js";
import { meetingsOf } from "./group.js";
import { comparison, filters, PLAIN, passes } from "./list_options.js";
import { whyNot, whyNotMeeting } from "./permissions.js";
import { byWait } from "./roster.js";
import { tooLong } from "./wait_thresholds.js";

/**
 * @typedef {import("../net/protocol.js").PersonRow} Person
 * @typedef {import("../net/protocol.js").MeetingRow} Meeting
 * @typedef {"" | "bridges" | "displays"} AdminPage  an administrators' page instead of the lists
 * @typedef {{ query: string, open: string | null, pane: "people" | "meetings", adminPage: AdminPage,
 *   view: import("./list_options.js").ListOptions }} Choice
 * @typedef {{ phase: import("../net/connection.js").Phase, reason: string, asOf: number, shown: boolean, doubt: boolean }} Link
 *   `shown`: there are rows, old or not; `doubt`: the socket is open, but the server may not have received a request
 */

const byId = (/** @type {Person} */ a, /** @type {Person} */ b) => (a.id < b.id ? -1 : 1);

export class Screen {
  /** @param {import("./roster.js").Roster} roster @param {import("./selection.js").Selection} selection
   * @param {{ name: string, role: import("../net/protocol.js").Role }} user of this page */
  constructor(roster, selection, user) {
    this.roster = roster;
    this.selection = selection;
    /** @type {List<Person>} participants in a lobby, in all meetings or the open one, who are not on hold */
    this.lobby = new List("lobby", byWait);
    /** @type {List<Person>} participants in a lobby who are on hold */
    this.held = new List("held", byWait);
    /** @type {List<Person>} */
    this.inCall = new List("in_call", byId, 3000);
    /** @type {List<Person>} */
    this.unsure = new List("unsure", byId, 0);
    /** @type {List<Person>} participants who have not answered the call yet */
    this.calling = new List("calling", byId, 0);
    /** @type {List<Meeting>} */
    this.meetings = new List("meetings", (a, b) => this.byUrgency(a, b), 3000);
    /** The user's name. */
    this.me = user.name;
    this.role = user.role;
    /** @type {Choice} */
    this.choice = { query: "", open: null, pane: "people", adminPage: "", view: PLAIN };
    /** @type {(meeting: Meeting) => import("./followed_meetings.js").FollowState} */
    this.followState = () => "";
    /** Whether a participant is the target of a request of this page and has no result yet. @type {(id: string) => boolean} */
    this.awaits = () => false;
    /** Whether a participant passes the search and the filters. @type {(person: Person) => boolean} */
    this.matches = () => true;
    /** @type {(person: Person) => boolean} */
    this.passes = () => true;
    /** @type {Link} */
    this.link = { phase: "connecting", reason: "", asOf: 0, shown: false, doubt: false };
    /** Whether the window has room for a pane beside the list: with the call of the open meeting, or of any meeting. */
    this.room = { open: false, any: false };
    /** @type {string | null} the meeting whose call is listed: the open one, or the one in the pane */
    this.callOf = null;
    /** @type {number | null} when the session ends even if it is used, once that is near */
    this.sessionEnds = null;
    this.now = 0;
    /** @type {Person[]} participants shown as waiting who are not on hold, in view or not */
    this.shown = [];
    /** @type {Person[]} participants shown as on hold */
    this.shownHeld = [];
    /** @type {Person | undefined} the one of `shown` with the longest wait */
    this.longest = undefined;
    /** How many more wait but are hidden by the search or a filter. */
    this.hidden = 0;
    /** @type {Person[]} those of `shown` that "admit all shown" admits; participants on hold are only admitted one by one */
    this.admissible = [];
    /** @type {Person[]} the selected participants who can be admitted and are not hidden */
    this.chosen = [];
  }

  /** The lists of participants in a lobby, from top to bottom. */
  get lobbies() {
    return [this.lobby, this.held];
  }

  /** Whether a list shows participants in a lobby, on hold or not. @param {List<any>} list */
  isLobby(list) {
    return this.lobbies.includes(list);
  }

  get people() {
    return [...this.lobbies, this.inCall, this.calling, this.unsure];
  }

  get lists() {
    return [...this.people, this.meetings];
  }

  /** The id of the open meeting; null if all are shown. */
  get openId() {
    return this.choice.open;
  }

  get query() {
    return this.choice.query;
  }

  get showsAdminPage() {
    return this.adminPage !== "";
  }

  get acts() {
    return this.role !== "viewer";
  }

  /** Whether the user is an administrator; the server checks every request itself. */
  get manages() {
    return this.role === "admin";
  }

  /** The open administrators' page; empty for users who may not see it. @returns {AdminPage} */
  get adminPage() {
    return this.manages ? this.choice.adminPage : "";
  }

  get live() {
    return this.link.phase === "live" && !this.link.doubt;
  }

  /** The time up to which waits count. They stop without a connection, since nobody knows who still waits. */
  get waitsAt() {
    return this.live || this.link.asOf === 0 ? this.now : this.link.asOf;
  }

  /** The open meeting's row; undefined if it has ended. */
  get meeting() {
    return this.choice.open === null ? undefined : this.roster.meetings.get(this.choice.open);
  }

  /** @param {Partial<Choice>} choice */
  choose(choice) {
    const next = { ...this.choice, ...choice };
    const other = next.open !== this.choice.open || next.query !== this.choice.query || next.view !== this.choice.view;
    if (other) for (const list of this.people) list.reset();
    if (next.query !== this.choice.query) this.meetings.reset();
    this.choice = next;
  }

  /** Updates everything. @param {number} now the server's */
  update(now) {
    this.now = now;
    const { query } = this.choice;
    const matches = this.roster.matcher(query);
    this.matches = matches;
    this.#lobby(matches);
    this.lobby.update(this.shown, now);
    this.held.update(this.shownHeld, now);
    this.#call(matches);
    const meetings = [...this.roster.meetings.values()].filter(this.roster.meetingMatcher(query));
    this.meetings.update(meetings.sort(this.byUrgency), now);
    this.selection.keep((id) => this.roster.mayWait(id));
    this.admissible = this.shown.filter((person) => this.can(person));
    this.chosen = [...this.selection.ids]
      .flatMap((id) => this.roster.people.get(id) ?? [])
      .filter((person) => this.passes(person) && this.can(person));
  }

  /** Splits the lobby into listed and hidden participants, in the view's order. @param {(person: Person) => boolean} matches */
  #lobby(matches) {
    const { view, open } = this.choice;
    const meetingOf = (/** @type {Person} */ person) => this.roster.meetings.get(person.meeting);
    const through = passes(view, { meetingOf, me: this.me, now: this.now, all: open === null });
    const all = this.roster.lobby(open ?? undefined);
    this.lobby.compare = comparison(view, (person) => meetingOf(person)?.name ?? "", fold, byWait);
    this.held.compare = this.lobby.compare;
    this.passes = (person) => matches(person) && through(person);
    const listed = all.filter(this.passes);
    if (view.order !== "wait" || view.reverse) listed.sort(this.lobby.compare);
    this.shown = listed.filter((person) => !person.hold);
    this.shownHeld = listed.filter((person) => person.hold);
    this.hidden = all.length - listed.length;
    this.longest = view.order === "wait" && !view.reverse ? this.shown[0] : longestOf(this.shown);
  }

  /** Lists those in the call of the open meeting, or of the meeting in the pane. @param {(person: Person) => boolean} matches */
  #call(matches) {
    const of = this.choice.open ?? (this.room.any ? this.#meetingInPane() : null);
    const lists = /** @type {const} */ ([
      [this.inCall, "in"],
      [this.unsure, "unknown"],
      [this.calling, "called"],
    ]);
    // Those of another meeting leave no traces.
    if (of !== this.callOf) for (const [list] of lists) list.reset();
    this.callOf = of;
    for (const [list, place] of lists) list.update(of === null ? [] : this.roster.peopleOf(of, place).filter(matches), this.now);
  }

  /** The meeting in the pane while all meetings are listed: that of the row that had the focus last, or else of the longest wait. It stays
   * while the pointer or the focus is in the pane. */
  #meetingInPane() {
    const { lobby, held, inCall, calling, unsure, roster } = this;
    const kept = this.callOf !== null && roster.meetings.has(this.callOf) ? this.callOf : null;
    const focusedAt = (/** @type {List<Person>[]} */ ...lists) => Math.max(...lists.map((list) => list.stability.focusedAt));
    const pane = [inCall, calling, unsure];
    const inUse = pane.some((list) => list.stability.pointing) || focusedAt(...pane) > focusedAt(lobby, held);
    if (kept !== null && inUse) return kept;
    const list = focusedAt(held) > focusedAt(lobby) ? held : lobby;
    const focused = list.entries.find((entry) => entry.id === list.active)?.row;
    return (focused ?? this.longest ?? this.shownHeld[0])?.meeting ?? kept;
  }

  /** Followed meetings first. @param {Meeting} a @param {Meeting} b */
  byUrgency = (a, b) => {
    const follows = Number(this.followState(b) === "followed") - Number(this.followState(a) === "followed");
    return follows || this.roster.byUrgency(a, b);
  };

  /** Whether a pane beside the list shows those in the call. */
  get hasPane() {
    if (this.showsAdminPage) return false;
    return this.openId === null ? this.room.any : this.room.open;
  }

  /** Whether those who can be admitted are in several meetings, so that no button for all of them stands out. */
  get acrossMeetings() {
    return meetingsOf(this.admissible).size > 1;
  }

  /** Whether the search or a filter may hide participants. */
  get filtered() {
    const { query, view, open } = this.choice;
    return query.trim() !== "" || filters(view, open === null).length > 0;
  }

  get searching() {
    return this.choice.query.trim() !== "";
  }

  /** The users who handle a participant or meeting. */
  get handlers() {
    const rows = [...this.roster.people.values(), ...this.roster.meetings.values()];
    return new Set(rows.flatMap((row) => row.claim?.by ?? []));
  }

  /** Whether a row is marked until its long wait is acknowledged. @param {Person} person */
  standsOut(person) {
    return tooLong(person, this.roster.meetings.get(person.meeting), this.now);
  }

  /** Whether this participant can be admitted now. @param {Person} person */
  can(person) {
    return this.whyNot("admit", person) === null;
  }

  /** Why an action is not possible for a participant now, as a catalogue key. @param {import("./permissions.js").PersonAction} action
   * @param {Person | undefined} person */
  whyNot(action, person) {
    const why = whyNot(action, person, this.roster.bridges, this);
    return why === null && person && this.awaits(person.id) ? "why.pending" : why;
  }

  /** @param {import("./permissions.js").MeetingAction} action @param {Meeting | undefined} meeting */
  whyNotMeeting(action, meeting) {
    return whyNotMeeting(action, meeting, this.roster.bridges, this);
  }

  /** Why a row can't be claimed. @param {Person | Meeting | undefined} row @param {import("../net/protocol.js").Claim | null} claim of
   * another user */
  whyNoClaim(row, claim) {
    if (!this.live) return "why.not_connected";
    if (!row) return "why.left";
    return claim ? "why.claimed" : null;
  }

  /** The claim on a participant, or else on their meeting. @param {Person} person */
  handling(person) {
    return claimOf(person, this.roster.meetings);
  }

  /** Facts about the target of a failed action. @param {string} id @returns {import("../lib/failure_reasons.js").About} */
  about(id) {
    const meeting = this.roster.meetings.get(this.roster.people.get(id)?.meeting ?? "");
    return { noHost: meeting?.activator === false };
  }

  /** The participants that a meeting's button admits: none hidden by the search or a filter. @param {string} meeting */
  admissibleOf(meeting) {
    return this.waitingIn(meeting).filter((person) => this.can(person));
  }

  /** The participants shown as waiting in a meeting, without those on hold. @param {string} meeting */
  waitingIn(meeting) {
    return this.roster.lobby(meeting).filter((person) => this.passes(person) && !person.hold);
  }

  /** How many participants who wait in a meeting are hidden by the search or a filter. @param {string} meeting */
  hiddenOf(meeting) {
    return this.roster.lobby(meeting).filter((person) => !this.passes(person)).length;
  }

  /** How many selected participants are hidden by the search or a filter. */
  get chosenHidden() {
    const chosen = [...this.selection.ids].flatMap((id) => this.roster.people.get(id) ?? []);
    return chosen.filter((person) => !this.passes(person)).length;
  }

  /** The participants of a meeting who can be muted or unmuted: none hidden by the search. @param {string} meeting
   * @param {"mute" | "unmute"} action */
  mutable(meeting, action) {
    return this.inCallOf(meeting, { muted: action === "unmute" }).filter((person) => this.whyNot(action, person) === null);
  }

  /** Those in the call of a meeting who are muted, or who are not: none hidden by the search. @param {string} meeting
   * @param {{ muted: boolean }} which */
  inCallOf(meeting, { muted }) {
    const people = this.roster.peopleOf(meeting, "in").filter(this.matches);
    return people.filter((person) => person.muted === muted);
  }

  /** The last known row of a participant who is shown, even as a trace. @param {string} id */
  lastKnown(id) {
    return this.people.flatMap((list) => list.entries).find((entry) => entry.id === id)?.row;
  }

  /** @param {Person} person */
  stale(person) {
    return this.whyStale(person) !== null;
  }

  /** Why a participant's data may be out of date, as a catalogue key with its argument. @param {Person} person
   * @returns {{ key: string, args: { bridge: string } } | null} */
  whyStale(person) {
    const bridge = person.bridge === null ? undefined : this.roster.bridges.get(person.bridge);
    if (!bridge || !isStale(bridge)) return null;
    return { key: bridge.state === "paused" ? "person_paused" : "person_old", args: { bridge: bridge.id } };
  }

  /** @param {Meeting} meeting */
  staleMeeting(meeting) {
    return meeting.bridges.length > 0 && meeting.bridges.every((id) => isStale(this.roster.bridges.get(id)));
  }

  get longestSince() {
    return this.longest?.waiting_since ?? null;
  }

  /** How much of the lobby is known: in the open meeting, or in all. */
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

  /** In how many meetings the chosen participants are. */
  get chosenMeetings() {
    return new Set([...this.selection.ids].map((id) => this.roster.people.get(id)?.meeting)).size;
  }
}

/** The participant with the longest wait. @param {Person[]} people @returns {Person | undefined} */
const longestOf = (people) =>
  people.reduce(
    (/** @type {Person | undefined} */ longest, person) => (longest && byWait(longest, person) <= 0 ? longest : person),
    undefined,
  );
