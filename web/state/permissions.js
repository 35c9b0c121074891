// Whether an action is possible for a participant or a meeting now, or else the first obstacle. Pure.

import { lobbyStateOf } from "../lib/lobby.js";
import { traitsOf } from "../net/person_actions.js";

/**
 * @typedef {import("../net/protocol.js").PersonRow} Person
 * @typedef {import("../net/protocol.js").MeetingRow} Meeting
 * @typedef {import("../net/protocol.js").BridgeRow} Bridge
 * @typedef {import("../net/person_actions.js").PersonAction} PersonAction
 * @typedef {"lock" | "unlock" | "message" | "unmessage"} MeetingAction
 * @typedef {{ acts: boolean, live: boolean }} Page  whether its user may act at all, and whether it is connected
 */

/**
 * Why a bridge can't be asked, as a catalogue key; null if it can be tried. A bridge that is only silent may answer again.
 * @param {Bridge | undefined} bridge @param {PersonAction} [action]
 */
function bridgeObstacle(bridge, action) {
  if (!bridge) return null;
  if (bridge.state === "paused") return "why.paused";
  if (bridge.state === "unreachable" || bridge.state === "refused") return "why.unreachable";
  if (action === "admit" && !bridge.can_admit) return "why.too_old";
  if (action === "send_back" && !bridge.can_send_back) return "why.send_back_too_old";
  return null;
}

/** @param {Page} page */
function pageObstacle({ acts, live }) {
  if (!acts) return "why.viewer";
  return live ? null : "why.not_connected";
}

/**
 * Why an action is not possible for a participant now, as a catalogue key; null if it is.
 * @param {PersonAction} action @param {Person | undefined} person undefined: no longer there @param {Map<string, Bridge>} bridges
 *   @param {Page} page
 */
export function whyNot(action, person, bridges, page) {
  const first = pageObstacle(page);
  if (first) return first;
  if (!person) return "why.left";
  const there = placeObstacle(action, person);
  if (there || traitsOf(action).own) return there;
  if (person.pending) return "why.pending";
  if (person.elsewhere !== null) return "why.elsewhere";
  return bridgeObstacle(person.bridge === null ? undefined : bridges.get(person.bridge), action);
}

/** @param {PersonAction} action @param {Person} person */
function placeObstacle(action, person) {
  const place = lobbyStateOf(person);
  if (action === "unhold") return person.hold ? null : "why.not_held";
  const wanted = traitsOf(action).place;
  if (wanted === "any" || place === wanted) return null;
  return { waiting: "why.is_waiting", in: "why.is_in", called: "why.is_called", unknown: "why.is_checked" }[place];
}

/**
 * Like `whyNot`, for a whole meeting. One usable bridge is enough, because bridges share changes of a meeting.
 * @param {MeetingAction} action @param {Meeting | undefined} meeting undefined: it has ended @param {Map<string, Bridge>} bridges
 *   @param {Page} page
 */
export function whyNotMeeting(action, meeting, bridges, page) {
  const first = pageObstacle(page);
  if (first) return first;
  if (!meeting) return "why.ended";
  if (action === "unmessage" && !meeting.message) return "why.no_message";
  if (meeting.pending) return "why.pending_meeting";
  const obstacles = meeting.bridges.map((id) => bridgeObstacle(bridges.get(id)));
  return obstacles.every((each) => each !== null) ? (obstacles[0] ?? null) : null;
}
