// The condition of bridges, with advice. Pure. permissions.js has the actions that a bridge prevents.

import { duration } from "../lib/time.js";

/**
 * @typedef {import("../net/protocol.js").BridgeRow} Bridge
 */

/** Whether a bridge's data may be out of date. @param {Bridge | undefined} bridge */
export const isStale = (bridge) =>
  bridge !== undefined && (Boolean(bridge.silent_since) || ["unreachable", "refused", "paused"].includes(bridge.state));

/** Whether Usher reads the bridge at all. @param {Bridge} bridge */
export const isRead = (bridge) => bridge.state === "live" || bridge.state === "polling";

/** Faults in which a bridge answers, but its answers can't be read. */
const UNREADABLE = ["busy", "forbidden", "unexpected_answer"];

/** The codes of the faults with advice; each has its text in the catalogue. */
const ADVISED = new Set([
  ...UNREADABLE,
  ...[
    "certificate",
    "credentials_refused",
    "events_lost",
    "events_not_permitted",
    "events_refused",
    "failed",
    "timed_out",
    "unreachable",
  ],
]);

/** The advice for a bridge's fault, as a catalogue key; null where there is none. @param {Bridge} bridge */
export const advice = (bridge) => (bridge.trouble && ADVISED.has(bridge.trouble.code) ? `advice.${bridge.trouble.code}` : null);

/**
 * The catalogue key and arguments for a bridge that needs attention; null if it is fine.
 * @param {Bridge} bridge @param {number} now
 * @returns {{ key: string, args: Record<string, string | number>, grave: boolean } | null}
 */
export function condition(bridge, now) {
  if (bridge.state === "paused")
    return { key: "bridge.paused", args: { by: bridge.paused_by ?? "?", time: duration(now - bridge.since) }, grave: false };
  const silent = bridge.silent_since ? Math.max(0, Math.floor((now - bridge.silent_since) / 1000)) : 0;
  if (bridge.state === "refused") return { key: "bridge.refused", args: {}, grave: true };
  if (bridge.state === "unreachable") {
    const code = bridge.trouble?.code ?? "";
    if (code === "certificate") return { key: "bridge.untrusted", args: {}, grave: true };
    const key = UNREADABLE.includes(code) ? "bridge.unreadable" : "bridge.unreachable";
    if (!bridge.silent_since) return { key, args: {}, grave: true };
    return { key: `${key}.for`, args: { time: duration(silent * 1000) }, grave: true };
  }
  if (silent >= 120) return { key: "bridge.silent_long", args: { time: duration(silent * 1000) }, grave: true };
  if (bridge.silent_since) return { key: "bridge.silent", args: { n: silent }, grave: true };
  if (bridge.state === "connecting") return { key: "bridge.connecting", args: {}, grave: false };
  if (bridge.state === "polling") return { key: "bridge.polling", args: {}, grave: false };
  if (!bridge.can_admit) return { key: "bridge.too_old", args: { version: bridge.version ?? "?" }, grave: false };
  if (bridge.unreadable_calls) return { key: "bridge.unreadable_calls", args: { n: bridge.unreadable_calls }, grave: true };
  if (bridge.polled_calls > 0) return { key: "bridge.polled_calls", args: { n: bridge.polled_calls }, grave: false };
  if (bridge.cdr_trouble) return { key: `bridge.${bridge.cdr_trouble.code}`, args: {}, grave: false };
  if (bridge.cdr === "stalled") return { key: "bridge.cdr_stalled", args: {}, grave: false };
  return null;
}

/**
 * What a bridge's condition means for users who can't repair it, as a catalogue key; null if the condition's own text says it.
 * @param {Bridge} bridge @param {string} condition its key
 */
export function consequence(bridge, condition) {
  if (bridge.state === "paused") return null;
  if (isStale(bridge)) return "bridge.old_one";
  return LATE.test(condition) ? "bridge.late" : null;
}

/** Conditions in which the bridge is read, but some changes are seen late. */
const LATE = /^bridge\.(polling|polled_calls|cdr_\w+)$/;
