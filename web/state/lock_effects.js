// The effects of locking or unlocking a meeting on those who wait and those who arrive, as catalogue keys (docs/protocol.md, lock_mode).
// Pure.

/** @typedef {import("../net/protocol.js").MeetingRow} Meeting */
/** @typedef {{ key: string, args: Record<string, number> }} Line */

/** @param {Meeting} meeting @param {boolean} on @param {number} held how many who wait are on hold @returns {Line[]} */
export function consequences(meeting, on, held = 0) {
  const n = meeting.waiting;
  const mode = meeting.lock_mode ?? "unknown";
  if (on) return [line(`lock.comers.${mode}`), line("lock.in_stay"), ...(n > 0 ? [line("lock.waiting_stay", n)] : [])];
  if (n === 0) return [line("unlock.nobody_waits"), line(`unlock.comers.${mode}`)];
  const letsIn = mode === "all" || (mode === "needs_activation" && meeting.activator === true);
  const waits = mode === "needs_activation" && meeting.activator === false;
  const unsure = waits ? "unlock.waits_for_host" : "unlock.may_let_in";
  const first = line(letsIn ? "unlock.lets_in" : unsure, n);
  return [first, ...(held > 0 && !waits ? [line("unlock.held_too", held)] : []), line(`unlock.comers.${mode}`)];
}

/** @param {string} key @param {number} [n] @returns {Line} */
const line = (key, n) => ({ key, args: n === undefined ? {} : { n } });
