// Other users with an open page, the meetings that they look at, and whether the user is at this page. Touches no element.

/**
 * @typedef {import("../net/protocol.js").UserRow} User
 */

/** After so long without input the user counts as away, in ms. */
export const IDLE = 3 * 60_000;

/** One or two letters for a name: "max" is M, "max.muster" and "Max Muster" are MM. @param {string} name */
export function initials(name) {
  const parts = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const letters = [parts[0], parts.length > 1 ? parts.at(-1) : undefined].map((part) => (part ? [...part][0] : ""));
  return letters.join("").toLocaleUpperCase() || "?";
}

/** All other users; those who are away come last. @param {Map<string, User>} users @param {string} me */
export const others = (users, me) =>
  [...users.values()]
    .filter((user) => user.id !== me)
    .sort((a, b) => Number(a.idle_since !== null) - Number(b.idle_since !== null) || (a.id < b.id ? -1 : 1));

/** The users who look at a meeting. @param {User[]} all @param {string} meeting */
export const usersLookingAt = (all, meeting) => all.filter((user) => user.looks_at.includes(meeting));

/** Tells the server which meeting this page shows and whether the user is there, whenever one of them changes. */
export class Attention {
  /** @param {(message: object) => boolean} send @param {() => number} [now] ms, monotonic */
  constructor(send, now = () => performance.now()) {
    this.send = send;
    this.now = now;
    this.inputAt = now();
    this.sent = "";
  }

  /** The user has made some input. */
  touch() {
    this.inputAt = this.now();
  }

  /** @param {boolean} hidden whether the page is hidden */
  idle(hidden) {
    return hidden || this.now() - this.inputAt >= IDLE;
  }

  /** @param {string | null} meeting @param {boolean} hidden */
  report(meeting, hidden) {
    const message = { type: "look", meeting, idle: this.idle(hidden) };
    const words = JSON.stringify(message);
    if (words !== this.sent && this.send(message)) this.sent = words;
  }

  /** A new connection: the server knows nothing yet. */
  forget() {
    this.sent = "";
  }
}
