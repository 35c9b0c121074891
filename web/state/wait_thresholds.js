// Thresholds of waits: a meeting's own or the configured ones, and which waits have passed them. Pure.

/**
 * @typedef {import("../net/protocol.js").PersonRow} Person
 * @typedef {import("../net/protocol.js").MeetingRow} Meeting
 * @typedef {{ first_s: number, second_s: number, own: boolean }} Thresholds  in seconds; `own`: moderators set them
 */

/** Used while a participant's meeting is not known yet: the defaults of `src/config/mod.rs`. @type {Thresholds} */
const ASSUMED = { first_s: 120, second_s: 300, own: false };

/** @param {Meeting | undefined} meeting @returns {Thresholds} */
export const thresholdsOf = (meeting) => meeting?.thresholds ?? ASSUMED;

/** 0, 1 or 2: how many thresholds a wait has passed. @param {number} ms @param {Thresholds} thresholds */
export function level(ms, { first_s, second_s }) {
  if (ms >= second_s * 1000) return 2;
  return ms >= first_s * 1000 ? 1 : 0;
}

/** How long a participant has waited, in ms; null if they don't wait. @param {Person} person @param {number} now */
export const waited = (person, now) =>
  person.lobby === "waiting" && person.waiting_since !== null ? Math.max(0, now - person.waiting_since) : null;

/** Whether a participant waits too long, unacknowledged. Participants on hold don't count: they wait on purpose.
 * @param {Person} person @param {Meeting | undefined} meeting @param {number} now */
export function tooLong(person, meeting, now) {
  const ms = waited(person, now);
  return ms !== null && !person.acknowledged && !person.hold && level(ms, thresholdsOf(meeting)) === 2;
}

/** How long a participant counts as new, in ms. */
const NEW = 10_000;

/** Whether a participant's wait began in the last seconds. If Usher doesn't know when it began, it may be long ago.
 * @param {Person} person @param {number} now */
export const isNew = (person, now) => !person.waiting_up_to && (waited(person, now) ?? NEW) < NEW;

/** The user who handles a participant, or else their meeting; "" if nobody does.
 * @param {Person} person @param {Meeting | undefined} meeting */
export const handler = (person, meeting) => (person.claim ?? meeting?.claim)?.by ?? "";

/** Whether the reminder of a waiting participant's hold is due. @param {Person} person @param {number} now the server's */
export const isDue = (person, now) =>
  person.lobby === "waiting" && person.hold !== null && person.hold.remind_at !== null && person.hold.remind_at <= now;

/** The longest threshold, in seconds: a day. */
export const MOST = 86_400;

/** Reads a typed duration, in seconds: minutes ("2"), or the form on the page ("2:30", "1:02:03"); null if it is neither. @param {string} text */
export function readDuration(text) {
  const parts = text.trim().split(":");
  if (parts.length > 3 || !parts.every((part) => /^\d{1,5}$/.test(part))) return null;
  if (parts.length > 1 && parts.slice(1).some((part) => part.length !== 2 || Number(part) > 59)) return null;
  const numbers = parts.map(Number);
  return numbers.length === 1 ? Number(numbers[0]) * 60 : numbers.reduce((sum, part) => sum * 60 + part, 0);
}
