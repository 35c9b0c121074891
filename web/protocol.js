// What travels over the socket, as types and constants (docs/protocol.md). No behaviour.

/**
 * @typedef {{ code: string, what: string }} Trouble
 * @typedef {{ kind: "server", id: string, hidden_meetings: number, trouble: Trouble | null }} ServerRow
 * @typedef {{ kind: "bridge", id: string, state: "connecting" | "live" | "polling" | "refused" | "unreachable" | "paused",
 *   since: number, silent_since?: number | null, trouble: Trouble | null, version: string | null, can_admit: boolean,
 *   polled_calls: number, cdr: "off" | "expected" | "arriving" | "stalled" | "partial", cdr_trouble: Trouble | null,
 *   paused_by?: string | null }} BridgeRow
 * @typedef {{ kind: "meeting", id: string, name: string, named_by: "name" | "space" | "address" | "owner" | "nothing", waiting: number,
 *   in_call: number, unknown: number, longest_since: number | null, locked: boolean | null, lobby: "yes" | "no" | "unknown",
 *   recording: boolean, streaming: boolean, bridges: string[] }} MeetingRow
 * @typedef {"done" | "unconfirmed" | "already" | "left" | "refused" | "unreachable" | "interrupted"} ResultWord
 * @typedef {{ kind: "person", id: string, meeting: string, name: string, address: string, lobby: "unknown" | "waiting" | "in",
 *   waiting_since: number | null, waiting_up_to: boolean, seen_since: number, bridge: string | null,
 *   state: "initial" | "ringing" | "connected" | "on_hold" | "other", muted: boolean, presenter: boolean, activator: boolean | null,
 *   admitting: { by: string, since: number } | null, outcome: { result: ResultWord, reason: string, by: string, at: number } | null,
 *   admitted: { by: string, at: number } | null }} PersonRow
 * @typedef {ServerRow | BridgeRow | MeetingRow | PersonRow} Row
 * @typedef {Row["kind"]} Kind
 * @typedef {{ kind: Kind, id: string }} RowKey
 */

/**
 * @typedef {{ person: string, result: ResultWord, reason?: string | null, by?: string | null, at?: number | null }} Result
 * @typedef {{ type: "welcome", protocol: number, epoch: string, version: string, time: number, user: { name: string, role: Role },
 *   beat_s: number }} Welcome
 * @typedef {{ type: "snapshot", epoch: string, seq: number, part: number, rows: Row[] }} SnapshotPart
 * @typedef {{ type: "snapshot_end", epoch: string, seq: number, parts: number, rows: number }} SnapshotEnd
 * @typedef {{ type: "delta", epoch: string, seq: number, put: Row[], drop: RowKey[] }} Delta
 * @typedef {{ type: "reply", ref: string, at_seq: number, state: "started" | "progress" | "finished", people: number,
 *   results: Result[] }} Reply
 * @typedef {{ type: "error", ref: string | null, code: string, message: string }} Refusal
 * @typedef {{ type: "beat", time: number }} Beat
 * @typedef {{ id: string, at: number, requests_per_s: number, in_flight: number, slots: number, busy_last_minute: number, busy: number,
 *   sockets_open: number, sockets_wanted: number, subscriptions: number, calls: number, people: number, answered: number | null,
 *   queue: { lane: string, waiting: number }[], cdr: { records: number, last: number | null } | null }} BridgeFigures
 * @typedef {{ type: "figures", time: number, bridges: BridgeFigures[] }} FiguresFrame
 * @typedef {Welcome | SnapshotPart | SnapshotEnd | Delta | Reply | Refusal | Beat | FiguresFrame} Frame
 * @typedef {"viewer" | "moderator" | "admin"} Role
 * @typedef {"person" | "selection" | "meeting" | "shown"} Scope
 */

export const CLOSE = { restart: 1001, bad: 4400, signedOut: 4401, slow: 4008, tooMany: 4429 };

/** The most ids that one `admit` may carry. */
export const ADMIT_LIMIT = 5000;
