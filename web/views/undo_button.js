// The button that undoes the user's last admissions: it is there for some seconds, or as long as the user reaches for it. Its text says
// how many they are.

import { t } from "../lib/i18n.js";
import { html, nothing } from "../vendor/lit.js";

/**
 * @typedef {{
 *   screen: import("../state/screen.js").Screen,
 *   undoActions: import("../actions/undo.js").UndoActions,
 *   undoOffers: import("../state/undo_offers.js").UndoOffers,
 * }} Parts
 */

/**
 * @param {Parts} parts @param {import("../state/undo_offers.js").Series | null} series @param {boolean} named whether it has to say
 *   what it undoes
 */
export function undoButton(parts, series, named) {
  if (!series) return nothing;
  const { undoActions, undoOffers, screen } = parts;
  const n = series.people.size;
  const [name = ""] = series.people.values();
  const why = undoActions.why(series.people);
  return html`<span class="undo" role="group" aria-label=${t("undo.label")}>
    ${named ? html`<span>${t("did.admit", { n })}</span>${n === 1 ? html`<bdi class="quiet target-name">${name}</bdi>` : nothing}` : nothing}
    ${
      why === null
        ? html`<button class="quiet-button" type="button" data-action="undo" aria-keyshortcuts="u" ?disabled=${!screen.live}
          @click=${() => undoActions.undo()}>
            <span class="unseen">${n === 1 ? t("undo.for_one", { name }) : t("undo.for_n", { n })}</span><span
              aria-hidden="true">${n === 1 ? t("undo.undo") : t("undo.undo_n", { n })} <kbd>u</kbd></span></button>
          <span class="quiet number" aria-hidden="true">${t("seconds", { s: undoOffers.left(series, performance.now()) })}</span>`
        : html`<span class="quiet">${t("undo.can_not", { why: t(why) })}</span>`
    }</span>`;
}
