// A participant's lobby state as the pages show it. Pure.

/** @typedef {import("../net/protocol.js").PersonRow} Person */

/** A participant who has not answered the call yet can't be in a lobby, so there is nothing to check. @param {Person} person */
const beingCalled = (person) => person.lobby === "unknown" && (person.state === "initial" || person.state === "ringing");

/** @param {Person} person @returns {Person["lobby"] | "called"} */
export const lobbyStateOf = (person) => (beingCalled(person) ? "called" : person.lobby);
