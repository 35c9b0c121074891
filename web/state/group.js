// Facts about several participants before an action: whether it needs a confirmation, their meetings, and the longest waits. Pure.

import { byWait } from "./roster.js";

/** @typedef {import("../net/protocol.js").PersonRow} Person */

/** So many people are named in a question, those who wait longest; more are only counted. */
export const NAMED = 5;
/** So many meetings are named. */
export const MEETINGS = 6;
/** The limit before the server has told its own. */
const ABOVE = 10;

/** Whether it is asked about: it goes over the border of a meeting, or is for many. @param {Person[]} people @param {number} [above] */
export const needsConfirmation = (people, above = ABOVE) => people.length > above || meetingsOf(people).size > 1;

/** How many of them are in each meeting, most first. @param {Person[]} people @returns {Map<string, number>} */
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
