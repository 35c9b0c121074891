// Those in the call of a meeting, those who are being called, and those whose state is being checked.

import { number, t } from "../lib/i18n.js";
import { html, nothing } from "../vendor/lit.js";
import { personGrid } from "./person_grid.js";

/**
 * @typedef {import("./person_grid.js").Parts & {
 *   roster: import("../state/roster.js").Roster,
 *   screen: import("../state/screen.js").Screen,
 * }} Parts
 */

/** @typedef {import("../net/protocol.js").PersonRow} Person */

/** @param {Parts} parts */
export function callLists(parts) {
  const { inCall, calling, unsure, callOf } = parts.screen;
  const count = inCall.entries.filter((entry) => entry.gone === null).length;
  return html`
    <h2 class="section">${t("in_call")} <span class="number">${number(count)}</span></h2>
    ${personGrid(parts, inCall, t("in_call"), "call")}
    ${count === 0 ? html`<p class="none">${t(parts.screen.query ? "nobody_matches_in_call" : "nobody_in_call")}</p>` : nothing}
    ${section(parts, calling, t("being_called"))} ${section(parts, unsure, t("being_checked"))}
    ${parts.roster.meetings.has(callOf ?? "") ? nothing : html`<p class="none">${t("meeting_over")}</p>`}
  `;
}

/** A list that is only shown while it has entries. @param {Parts} parts
 * @param {import("../lists/virtual_list.js").List<Person>} list @param {string} title */
const section = (parts, list, title) =>
  list.entries.length > 0
    ? html`<h2 class="section">${title} <span class="number">${number(list.entries.length)}</span></h2> ${personGrid(parts, list, title, "call")}`
    : nothing;
