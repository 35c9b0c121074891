// The state of all lobbies in a few words, as catalogue keys. Pure.

/**
 * @typedef {import("../net/waiting_poll.js").Lobbies} Lobbies
 * @typedef {"connecting" | "none" | "waiting" | "long" | "too_long" | "doubtful" | "lost" | "signed_out"} LineState
 * @typedef {{ key: string, args?: Record<string, string | number> }} Words
 * @typedef {{ state: LineState, count: Words, longest: number | null, rest: Words | null }} Line
 *   `longest`: the longest wait, in ms
 */

/** @param {Lobbies} lobbies @param {number} now the server's @returns {Line} */
export function summary(lobbies, now) {
  const { waiting, longest_since } = lobbies;
  return {
    state: stateOf(lobbies, now),
    count: waiting > 0 ? { key: "waiting_n", args: { n: waiting } } : nobody(lobbies),
    longest: longest_since === null ? null : Math.max(0, now - longest_since),
    rest: restOf(lobbies),
  };
}

/** @param {Lobbies} lobbies @param {number} now @returns {LineState} */
function stateOf({ waiting, long_at, too_long_at, unknown, bridges, bridges_out_of_date }, now) {
  if (too_long_at !== null && now >= too_long_at) return "too_long";
  if (bridges_out_of_date > 0 || bridges === 0) return "doubtful";
  if (long_at !== null && now >= long_at) return "long";
  if (waiting > 0) return "waiting";
  return unknown > 0 ? "connecting" : "none";
}

/** Never says that nobody waits while that is not known. @param {Lobbies} lobbies @returns {Words} */
function nobody({ unknown, bridges, bridges_out_of_date }) {
  if (bridges === bridges_out_of_date) return { key: "no_bridge" };
  return unknown > 0 ? { key: "waiting_line.unknown", args: { n: unknown } } : { key: "nobody_waiting_short" };
}

/** @param {Lobbies} lobbies @returns {Words | null} */
function restOf({ waiting, held, bridges, bridges_out_of_date }) {
  if (bridges_out_of_date > 0 && (waiting > 0 || bridges_out_of_date < bridges))
    return { key: "waiting_line.bridges", args: { n: bridges_out_of_date } };
  return waiting === 0 && held > 0 ? { key: "held_n", args: { n: held } } : null;
}
