// Facts about the targets of an action: whether it needs a confirmation, their meetings, and the longest waits. Pure.

import { byWait } from "./roster.js";

/** @typedef {import("../net/protocol.js").PersonRow} Person */

/** A question names so many participants, those who wait longest, and counts the others. */
export const NAMED = 5;
/** A question names so many meetings. */
export const MEETINGS = 6;
/** The limit until the server has sent its own. */
const ABOVE = 10;

/** Whether an action needs a confirmation: its targets are in several meetings, or many. @param {Person[]} people @param {number} [above] */
export const needsConfirmation = (people, above = ABOVE) => people.length > above || meetingsOf(people).size > 1;

/** How many participants are in each meeting, largest number first. @param {Person[]} people @returns {Map<string, number>} */
export function meetingsOf(people) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { meeting } of people) counts.set(meeting, (counts.get(meeting) ?? 0) + 1);
  return new Map([...counts].sort((a, b) => b[1] - a[1]));
}

/** The participants to name, longest wait first, and how many more there are. @param {Person[]} people */
export function longest(people) {
  const named = [...people].sort(byWait).slice(0, NAMED);
  return { named, more: people.length - named.length };
}
