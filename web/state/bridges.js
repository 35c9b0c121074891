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
export const advice = (bridge) => (bridge.trouble && ADVISED.has(bridge.trouble.code) ? `advice_${bridge.trouble.code}` : null);

/**
 * The catalogue key and arguments for a bridge that needs attention; null if it is fine.
 * @param {Bridge} bridge @param {number} now
 * @returns {{ key: string, args: Record<string, string | number>, grave: boolean } | null}
 */
export function condition(bridge, now) {
  if (bridge.state === "paused")
    return { key: "bridge_paused", args: { by: bridge.paused_by ?? "?", time: duration(now - bridge.since) }, grave: false };
  const silent = bridge.silent_since ? Math.max(0, Math.floor((now - bridge.silent_since) / 1000)) : 0;
  if (bridge.state === "refused") return { key: "bridge_refused", args: {}, grave: true };
  if (bridge.state === "unreachable") {
    const code = bridge.trouble?.code ?? "";
    if (code === "certificate") return { key: "bridge_untrusted", args: {}, grave: true };
    const key = UNREADABLE.includes(code) ? "bridge_unreadable" : "bridge_unreachable";
    if (!bridge.silent_since) return { key, args: {}, grave: true };
    return { key: `${key}_for`, args: { time: duration(silent * 1000) }, grave: true };
  }
  if (silent >= 120) return { key: "bridge_silent_long", args: { time: duration(silent * 1000) }, grave: true };
  if (bridge.silent_since) return { key: "bridge_silent", args: { n: silent }, grave: true };
  if (bridge.state === "connecting") return { key: "bridge_connecting", args: {}, grave: false };
  if (bridge.state === "polling") return { key: "bridge_polling", args: {}, grave: false };
  if (!bridge.can_admit) return { key: "bridge_too_old", args: { version: bridge.version ?? "?" }, grave: false };
  if (bridge.unreadable_calls) return { key: "bridge_unreadable_calls", args: { n: bridge.unreadable_calls }, grave: true };
  if (bridge.polled_calls > 0) return { key: "bridge_polled_calls", args: { n: bridge.polled_calls }, grave: false };
  if (bridge.cdr_trouble) return { key: `bridge_${bridge.cdr_trouble.code}`, args: {}, grave: false };
  if (bridge.cdr === "stalled") return { key: "bridge_cdr_stalled", args: {}, grave: false };
  return null;
}

/**
 * What a bridge's condition means for users who can't repair it, as a catalogue key; null if the condition's own text says it.
 * @param {Bridge} bridge @param {string} condition its key
 */
export function consequence(bridge, condition) {
  if (bridge.state === "paused") return null;
  if (isStale(bridge)) return "bridge_old_one";
  return LATE.test(condition) ? "bridge_late" : null;
}

/** Conditions in which the bridge is read, but some changes are seen late. */
const LATE = /^bridge_(polling|polled_calls|cdr_\w+)$/;
