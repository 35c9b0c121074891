// The messages of the socket, as types and constants (docs/protocol.md). No behaviour.

/**
 * @typedef {{ code: string, what: string }} Fault
 * @typedef {{ by: string, at: number }} Mark
 * @typedef {{ id: string, by: string, since: number }} Claim
 * @typedef {{ by: string, at: number, reason: string, remind_at: number | null }} Hold
 * @typedef {import("./person_actions.js").CmsAction | "lock" | "unlock" | "message"} ActionKind
 * @typedef {{ action: ActionKind, by: string, since: number, until?: number | null }} Pending
 * @typedef {{ action: ActionKind, result: ResultWord, reason: string, by: string, at: number }} Outcome
 * @typedef {"viewer" | "moderator" | "admin"} Role
 * @typedef {{ kind: "server", id: string, hidden_meetings: number, trouble: Fault | null, admit_delay_s: number, ask_above: number,
 *   undo_s: number, claim_s: number }} ServerRow
 * @typedef {{ kind: "user", id: string, role: Role, looks_at: string[], idle_since: number | null }} UserRow
 * @typedef {{ kind: "bridge", id: string, state: "connecting" | "live" | "polling" | "refused" | "unreachable" | "paused",
 *   since: number, silent_since?: number | null, trouble: Fault | null, version: string | null, unique_name: string | null,
 *   can_admit: boolean,
 *   can_send_back: boolean, polled_calls: number, unreadable_calls?: number | null, cdr: "off" | "expected" | "arriving" |
 *   "stalled" | "partial", cdr_trouble: Fault | null,
 *   paused_by?: string | null }} BridgeRow
 * @typedef {{ kind: "meeting", id: string, name: string, named_by: "name" | "space" | "address" | "owner" | "nothing", waiting: number,
 *   held?: number, in_call: number, unknown: number, longest_since: number | null, locked: boolean | null,
 *   lock_mode: "all" | "needs_activation" | null, activator: boolean | null, unreadable?: number | null, out_of_sight: number,
 *   lobby: "yes" | "no" | "unknown",
 *   recording: boolean, streaming: boolean, bridges: string[], claim: Claim | null,
 *   thresholds: { first_s: number, second_s: number, own: boolean }, message: { text: string, until: number | null } | null,
 *   pending: Pending | null, outcome: Outcome | null }} MeetingRow
 * @typedef {"done" | "unconfirmed" | "already" | "left" | "refused" | "unreachable" | "claimed" | "held" | "stopped" | "interrupted"}
 *   ResultWord
 * @typedef {{ kind: "person", id: string, meeting: string, name: string, address: string, lobby: "unknown" | "waiting" | "in",
 *   waiting_since: number | null, waiting_up_to: boolean, seen_since: number, bridge: string | null, elsewhere: string | null,
 *   state: "initial" | "ringing" | "connected" | "on_hold" | "other", unreadable?: boolean | null, muted: boolean, presenter:
 *   boolean, activator: boolean | null,
 *   label: string | null, pending: Pending | null, outcome: Outcome | null, admitted: Mark | null, sent_back: Mark | null,
 *   claim: Claim | null, hold: Hold | null, acknowledged: Mark | null }} PersonRow
 * @typedef {ServerRow | UserRow | BridgeRow | MeetingRow | PersonRow} Row
 * @typedef {Row["kind"]} Kind
 * @typedef {{ kind: Kind, id: string }} RowKey
 */

/**
 * @typedef {{ person?: string, meeting?: string, result: ResultWord, reason?: string | null, by?: string | null, at?: number | null,
 *   claim?: string | null, corrected?: boolean }} Result
 * @typedef {{ type: "welcome", protocol: number, epoch: string, version: string, time: number, user: { name: string, role: Role },
 *   beat_s: number, prefs: object | null }} Welcome
 * @typedef {{ type: "snapshot", epoch: string, seq: number, part: number, rows: Row[] }} SnapshotPart
 * @typedef {{ type: "snapshot_end", epoch: string, seq: number, parts: number, rows: number }} SnapshotEnd
 * @typedef {{ type: "delta", epoch: string, seq: number, put: Row[], drop: RowKey[] }} Delta
 * @typedef {{ type: "reply", ref: string, at_seq: number, state: "started" | "progress" | "finished", people: number,
 *   results: Result[] }} Reply
 * @typedef {{ type: "error", ref: string | null, code: string, message: string }} Refusal
 * @typedef {{ type: "prefs", value: object }} Prefs
 * @typedef {{ type: "beat", time: number }} Beat
 * @typedef {{ type: "receipt", ref: string }} Receipt  the server has received a request whose result comes later
 * @typedef {{ type: "session_ends", at: number }} SessionEnds
 * @typedef {{ id: string, at: number, requests_per_s: number, in_flight: number, slots: number, busy_last_minute: number, busy: number,
 *   sockets_open: number, sockets_wanted: number, subscriptions: number, calls: number, people: number, answered: number | null,
 *   queue: { lane: string, waiting: number }[], cdr: { records: number, last: number | null } | null }} BridgeFigures
 * @typedef {{ type: "figures", time: number, bridges: BridgeFigures[] }} FiguresFrame
 * @typedef {{ type: "answer", ref: string, link?: string | null }} AnswerFrame  `link`: shown once
 * @typedef {Welcome | SnapshotPart | SnapshotEnd | Delta | Reply | Refusal | Prefs | Beat | Receipt | SessionEnds
 *   | FiguresFrame | DisplaysFrame | AnswerFrame}
 *   Frame
 * @typedef {"person" | "selection" | "meeting" | "shown" | "next" | "undo"} Scope
 */

/**
 * @typedef {{ id: string, name: string }} ChosenMeeting
 * @typedef {{ what: "all", seconds: number } | { what: "meetings", meetings: ChosenMeeting[], seconds: number }
 *   | { what: "bridges", bridges: string[], seconds: number }} DisplayView
 * @typedef {"full" | "short" | "initials" | "number" | "none"} DisplayNames
 * @typedef {"dark" | "light" | "grey"} DisplayTheme
 * @typedef {{ name: string, place: string, views: DisplayView[], names: DisplayNames, titles: boolean, distance_m: number, diagonal_in: number,
 *   themes: { from: string, theme: DisplayTheme }[], dim: { from: string, to: string } | null, sound: boolean, lang: string }} Display
 *   the settings of a display
 * @typedef {{ id: string, display: Display, connected: number, last_seen: number | null, browser: string | null, width: number | null,
 *   height: number | null, ratio: number | null, version: string | null, created: number, created_by: string, revoked: number |
 *   null }} DisplayRow
 * @typedef {{ type: "displays", time: number, waiting: number, displays: DisplayRow[] }} DisplaysFrame
 */

export const CLOSE = { restart: 1001, bad: 4400, signedOut: 4401, slow: 4008, tooMany: 4429 };

/** The most people that one action may carry. */
export const PEOPLE_LIMIT = 5000;
/** The most ids that one `claim` may carry, and the most claims that one action may override. */
export const CLAIM_LIMIT = 200;
/** The longest name label, in bytes of UTF-8. */
export const LABEL_BYTES = 50;
/** The longest message to a meeting and reason of a hold, in characters. */
export const TEXT_LENGTH = 200;
