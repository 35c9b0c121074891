// Holds: who is to stay in the lobby, and when somebody is to look at them again. Pure.

/** @typedef {import("./protocol.js").PersonRow} Person */

/** Whether a hold's reminder has come due. @param {Person} person @param {number} now the server's */
export const isDue = (person, now) =>
  person.lobby === "waiting" && person.hold !== null && person.hold.remind_at !== null && person.hold.remind_at <= now;

/** Those whose reminder has come due, the longest overdue first. @param {Iterable<Person>} people @param {number} now the server's */
export const dueReminders = (people, now) =>
  [...people].filter((person) => isDue(person, now)).sort((a, b) => (a.hold?.remind_at ?? 0) - (b.hold?.remind_at ?? 0));
