// Whether a meeting is followed or muted by this user: the two buttons of an open meeting, and the mark on its card.

import { t } from "../lib/i18n.js";
import { withIt, without } from "../state/followed_meetings.js";
import { html, nothing } from "../vendor/lit.js";
import { icon, sign } from "./icons.js";

/** @typedef {import("../desk.js").Desk} Desk */
/** @typedef {import("../net/protocol.js").MeetingRow} Meeting */

const SIGNS = /** @type {const} */ ({ followed: "followed", muted: "muted_meeting" });

/** @param {Desk} desk @param {Meeting} row */
export const followButtons = (desk, row) =>
  html`<span class="follow-buttons">${button(desk, row, "followed")}${button(desk, row, "muted")}</span>`;

/** @param {Desk} desk @param {Meeting} row @param {"followed" | "muted"} which */
function button(desk, row, which) {
  const on = desk.alerts.followStateOf(row.id) === which;
  return html`<button class="icon-button follow-button" type="button" data-follow=${which} aria-pressed=${on} aria-label=${t(`alarm.${which}_label`)}
    title=${t(on ? `alarm.${which}_now` : `alarm.${which}_why`)} @click=${() => choose(desk, row, on ? "" : which)}>${icon(SIGNS[which])}</button>`;
}

/** @param {Desk} desk @param {Meeting} row @param {import("../state/followed_meetings.js").FollowState} followState */
function choose({ prefs }, row, followState) {
  const { follows, mutes } = prefs.kept;
  prefs.set({
    follows: followState === "followed" ? withIt(follows, row) : without(follows, row),
    mutes: followState === "muted" ? withIt(mutes, row) : without(mutes, row),
  });
}

/** @param {Desk} desk @param {Meeting} row */
export function followMark(desk, row) {
  const followState = desk.alerts.followStateOf(row.id);
  return followState === "" ? nothing : sign(SIGNS[followState], t(`alarm.${followState}_now`));
}
