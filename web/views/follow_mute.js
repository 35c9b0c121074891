// Whether a meeting is followed or muted by this user: the two buttons of an open meeting, and the mark on its card.

import { t } from "../lib/i18n.js";
import { withIt, without } from "../state/meeting_subscriptions.js";
import { html, nothing } from "../vendor/lit.js";
import { icon, sign } from "./icons.js";

/** @typedef {import("../desk.js").Desk} Desk */
/** @typedef {import("../net/protocol.js").MeetingRow} Meeting */

const SIGNS = /** @type {const} */ ({ followed: "followed", muted: "muted_meeting" });

/** @param {Desk} desk @param {Meeting} row */
export const stanceButtons = (desk, row) =>
  html`<span class="stances">${button(desk, row, "followed")}${button(desk, row, "muted")}</span>`;

/** @param {Desk} desk @param {Meeting} row @param {"followed" | "muted"} which */
function button(desk, row, which) {
  const on = desk.alerts.stance(row.id) === which;
  return html`<button class="icon-button stance" type="button" data-stance=${which} aria-pressed=${on} aria-label=${t(`alarm.${which}_label`)}
    title=${t(on ? `alarm.${which}_now` : `alarm.${which}_why`)} @click=${() => choose(desk, row, on ? "" : which)}>${icon(SIGNS[which])}</button>`;
}

/** @param {Desk} desk @param {Meeting} row @param {import("../state/meeting_subscriptions.js").Stance} stance */
function choose({ prefs }, row, stance) {
  const { follows, mutes } = prefs.kept;
  prefs.set({
    follows: stance === "followed" ? withIt(follows, row) : without(follows, row),
    mutes: stance === "muted" ? withIt(mutes, row) : without(mutes, row),
  });
}

/** @param {Desk} desk @param {Meeting} row */
export function stanceMark(desk, row) {
  const stance = desk.alerts.stance(row.id);
  return stance === "" ? nothing : sign(SIGNS[stance], t(`alarm.${stance}_now`));
}
