// The button that lets people in. It holds exactly the people it was painted with; the number on it is theirs.

import { t } from "../i18n.js";
import { html, nothing } from "../vendor/lit.js";

/**
 * @param {import("../desk.js").Desk} desk @param {import("../protocol.js").PersonRow[]} people @param {import("../protocol.js").Scope} scope
 * @param {{ key: string, label: string, meeting?: string, name?: string, look: "main" | "row" | "link", why?: string | null, rove?: boolean }} how
 */
export const admitButton = (
  desk,
  people,
  scope,
  { key, label, meeting = "", name = "", look, why = null, rove = false },
) => html`<button
  type="button" class="admit ${look}" data-action="admit" data-scope=${scope} tabindex=${rove || look === "link" ? -1 : 0}
  aria-label=${t(label, { n: people.length, meeting, name })} title=${why === null ? nothing : t(why)}
  ?disabled=${why !== null || people.length === 0 || !desk.screen.live} @click=${() => desk.deeds.admit(people, scope)}>${t(key, { n: people.length })}</button>`;
