// Which meetings a user follows and which are muted. Pure.
//
// A meeting's id changes from day to day, but its name usually stays. An entry has both: it stands for the meeting with its id while that
// runs, and afterwards for every meeting with its name.

import { caseless, cut, plain } from "../lib/text.js";

/**
 * @typedef {"followed" | "muted" | ""} FollowState
 * @typedef {{ id: string, name: string }} Entry
 * @typedef {import("../net/protocol.js").MeetingRow} Meeting
 */

/** How many entries of each kind are kept, the newest ones, and how many UTF-16 units of a name. */
const KEPT = 60;
const LETTERS = 80;

/** The entry for a meeting. @param {Meeting} meeting @returns {Entry} */
export const entryOf = (meeting) => ({
  id: meeting.id,
  name: meeting.named_by === "nothing" ? "" : cut(plain(meeting.name), LETTERS),
});

/** The valid entries of a stored value. @param {unknown} value @returns {Entry[]} */
export function cleanEntries(value) {
  if (!Array.isArray(value)) return [];
  const entries = value.flatMap((each) => {
    const { id, name } = each ?? {};
    if (typeof id !== "string" || typeof name !== "string" || id.length > 128) return [];
    return [{ id, name: cut(name, LETTERS) }];
  });
  return entries.slice(-KEPT);
}

/** @param {Entry[]} entries @param {Meeting} meeting */
export function withoutMeeting(entries, meeting) {
  const { id, name } = entryOf(meeting);
  return entries.filter((entry) => entry.id !== id && !(name !== "" && caseless(entry.name) === caseless(name)));
}

/** @param {Entry[]} entries @param {Meeting} meeting */
export const withMeeting = (entries, meeting) => [...withoutMeeting(entries, meeting), entryOf(meeting)].slice(-KEPT);

export class FollowedMeetings {
  /** @param {Entry[]} follows @param {Entry[]} mutes @param {Map<string, Meeting>} meetings those that run, updated by the caller */
  constructor(follows, mutes, meetings) {
    this.meetings = meetings;
    /** @type {Map<string, FollowState>} */
    this.byId = new Map();
    /** @type {Map<string, { id: string, followState: FollowState }[]>} */
    this.byName = new Map();
    for (const entry of follows) this.#keep(entry, "followed");
    for (const entry of mutes) this.#keep(entry, "muted");
  }

  /** @param {Entry} entry @param {FollowState} followState */
  #keep({ id, name }, followState) {
    this.byId.set(id, followState);
    const key = caseless(name);
    if (key !== "") this.byName.set(key, [...(this.byName.get(key) ?? []), { id, followState }]);
  }

  /** @param {Meeting | undefined} meeting @returns {FollowState} */
  of(meeting) {
    if (!meeting || this.byId.size === 0) return "";
    const own = this.byId.get(meeting.id);
    if (own || meeting.named_by === "nothing") return own ?? "";
    return (
      this.byName.get(caseless(cut(plain(meeting.name), LETTERS)))?.find(({ id }) => !this.meetings.has(id))?.followState ?? ""
    );
  }
}
