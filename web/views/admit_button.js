// The Admit button. It admits exactly the participants that it was drawn with, whose number it shows. While a request from its place is
// under way it stays, inert, and says so.

import { t } from "../lib/i18n.js";
import { html, nothing } from "../vendor/lit.js";

/**
 * @typedef {{
 *   actionRequests: import("../net/action_requests.js").ActionRequests,
 *   moderation: import("../actions/moderation.js").Moderation,
 *   pressGuard: import("../ui/press_guard.js").PressGuard,
 *   screen: import("../state/screen.js").Screen,
 * }} Parts
 */

/**
 * @typedef {{ key: string, label: string, meeting?: string, name?: string, meetings?: number, style: "main" | "second" | "row" | "link", place: string,
 *   why?: string | null, rove?: boolean }} How
 *   `place`: identifies the button across drawings, as long as it means the same to the user
 */

/** @param {Parts} parts @param {import("../net/protocol.js").PersonRow[]} people @param {import("../net/protocol.js").Scope} scope
 * @param {How} how */
export function admitButton(
  parts,
  people,
  scope,
  { key, label, meeting = "", name = "", meetings = 0, style, place, why = null, rove = false },
) {
  const request = parts.actionRequests.atPlace(place);
  const inert = request !== undefined || parts.pressGuard.rests(place);
  const off = request === undefined && (why !== null || people.length === 0 || !parts.screen.live);
  const doing = request && (style === "row" ? t("pending.admit") : t("doing.admit", { n: request.names.size }));
  return html`<button
    type="button" class="admit ${style}" data-action="admit" data-scope=${scope} data-place=${place}
      tabindex=${rove || style === "link" ? -1 : 0}
    aria-label=${doing ?? t(label, { n: people.length, meeting, name, meetings })} title=${why === null || request ? nothing : t(why)}
    aria-disabled=${inert ? "true" : nothing} ?disabled=${off}
    @click=${() => parts.moderation.admit(people, scope, place)}>${doing ?? t(key, { n: people.length })}</button>`;
}
