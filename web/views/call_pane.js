// The pane beside the list, where the window has room for it: those in the call of the open meeting, or, beside all who wait, of the meeting
// of the focused row.

import { t } from "../lib/i18n.js";
import { html, nothing } from "../vendor/lit.js";
import { callLists } from "./call_lists.js";
import { active, marks, meetingName } from "./meetings.js";

/**
 * @typedef {import("./call_lists.js").Parts & import("./meetings.js").Parts & {
 *   navigation: import("../ui/navigation.js").Navigation,
 *   roster: import("../state/roster.js").Roster,
 *   screen: import("../state/screen.js").Screen,
 * }} Parts
 */

/** @param {Parts} parts */
export function callPane(parts) {
  const { screen } = parts;
  return html`<aside class="call-pane" aria-label=${t("in_call")}>
    ${screen.openId === null ? heading(parts) : nothing}
    <div class="scroller" data-scroller data-columns=${screen.choice.view.columns.join(" ")}>
      ${screen.callOf === null ? html`<p class="none">${t("call_pane_empty")}</p>` : callLists(parts)}
    </div>
  </aside>`;
}

/** The meeting, which a click opens. @param {Parts} parts */
function heading(parts) {
  const row = parts.roster.meetings.get(parts.screen.callOf ?? "");
  if (!row) return nothing;
  return html`<div class="pane-heading">
    <h2><button class="text" type="button" title=${t("open_meeting")}
      @click=${() => parts.navigation.open(row.id)}>${meetingName(row)}</button>${marks(row)}</h2>
    <p class="facts"><span class="fact">${t("waiting_n", { n: active(row) })}</span><span class="fact">${t("in_call_n", {
      n: row.in_call,
    })}</span><span class="fact bridges-of">${row.bridges.join(", ")}</span></p>
  </div>`;
}
