// The offer to take the own last admission back: quiet, for some seconds, and as long as somebody reaches for it.

import { t } from "../i18n.js";
import { html, nothing } from "../vendor/lit.js";

/**
 * @param {import("../desk.js").Desk} desk @param {import("../undo.js").Offer | null} offer @param {boolean} named whether it has to say what it takes back
 */
export function undoBar(desk, offer, named) {
  if (!offer) return nothing;
  const { deeds, undos, screen } = desk;
  const n = offer.people.size;
  const [name = ""] = offer.people.values();
  const why = deeds.whyNoUndo(offer);
  return html`<span class="undo" role="group" aria-label=${t("undo.label")}>
    ${named ? html`<span>${t("did.admit", { n })}</span>${n === 1 ? html`<bdi class="quiet of-whom">${name}</bdi>` : nothing}` : nothing}
    ${
      why === null
        ? html`<button class="quiet-button" type="button" data-action="undo" aria-keyshortcuts="u" ?disabled=${!screen.live} @click=${() => deeds.undo()}>
            <span class="unseen">${n === 1 ? t("undo.for_one", { name }) : t("undo.for_n", { n })}</span><span aria-hidden="true">${t("undo.undo")} <kbd>u</kbd></span></button>
          <span class="quiet number" aria-hidden="true">${t("seconds", { s: undos.left(offer, performance.now()) })}</span>`
        : html`<span class="quiet">${t("undo.can_not", { why: t(why) })}</span>`
    }</span>`;
}
