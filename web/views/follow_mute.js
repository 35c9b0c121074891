// Following and muting a meeting: the two buttons of an open meeting, and the mark on its card.

import { t } from "../lib/i18n.js";
import { withMeeting, withoutMeeting } from "../state/followed_meetings.js";
import { html, nothing } from "../vendor/lit.js";
import { icon, sign } from "./icons.js";

/**
 * @typedef {{
 *   alerts: import("../alerts/alerts.js").Alerts,
 *   prefs: import("../state/prefs.js").Prefs,
 * }} Parts
 */

/** @typedef {import("../net/protocol.js").MeetingRow} Meeting */

const SIGNS = /** @type {const} */ ({ followed: "followed", muted: "muted_meeting" });

/** @param {Parts} parts @param {Meeting} row */
export const followButtons = (parts, row) =>
  html`<span class="follow-buttons">${button(parts, row, "followed")}${button(parts, row, "muted")}</span>`;

/** @param {Parts} parts @param {Meeting} row @param {"followed" | "muted"} which */
function button(parts, row, which) {
  const on = parts.alerts.followStateOf(row.id) === which;
  return html`<button class="chip follow-button" type="button" data-follow=${which} aria-pressed=${on}
    aria-label=${t(`alarm.${which}.label`)}
    title=${t(
      on ? `alarm.${which}.now` : `alarm.${which}.why`,
    )} @click=${() => choose(parts, row, on ? "" : which)}>${icon(SIGNS[which])}${t(`alarm.${which}.short`)}</button>`;
}

/** @param {Parts} parts @param {Meeting} row @param {import("../state/followed_meetings.js").FollowState} followState */
function choose({ prefs }, row, followState) {
  const { follows, mutes } = prefs.current;
  prefs.set({
    follows: followState === "followed" ? withMeeting(follows, row) : withoutMeeting(follows, row),
    mutes: followState === "muted" ? withMeeting(mutes, row) : withoutMeeting(mutes, row),
  });
}

/** @param {Parts} parts @param {Meeting} row */
export function followMark(parts, row) {
  const followState = parts.alerts.followStateOf(row.id);
  return followState === "" ? nothing : sign(SIGNS[followState], t(`alarm.${followState}.now`));
}
