// The command palette: its field, and the list that palette_options.js draws.

import { t } from "../lib/i18n.js";
import { html, live, nothing } from "../vendor/lit.js";
import { icon } from "./icons.js";

/**
 * @typedef {{
 *   palette: import("../ui/palette.js").Palette,
 *   screen: import("../state/screen.js").Screen,
 * }} Parts
 */

/** The longest text that can be typed. */
const LENGTH = 200;

/** @param {Parts} parts */
export function palette({ palette, screen }) {
  if (!palette.isOpen) return nothing;
  const { entries } = palette;
  const [title, hint] = [t("palette.title"), t(screen.acts ? "palette.hint" : "palette.hint_viewer")];
  const point = (/** @type {boolean} */ inside) => () => {
    palette.pointing = inside;
  };
  return html`<dialog class="palette" aria-label=${title} @cancel=${(/** @type {Event} */ event) => cancel(palette, event)}
    @click=${(/** @type {Event} */ event) => event.target === event.currentTarget && palette.close()}>
    <div class="palette-field">${icon("search")}<input type="text" role="combobox" autocomplete="off" autocapitalize="none"
        spellcheck="false" dir="auto" maxlength=${LENGTH} placeholder=${hint} aria-label=${hint} aria-autocomplete="list"
        aria-controls="palette-list" aria-expanded=${(entries?.list.entries.length ?? 0) > 0}
        aria-activedescendant=${entries?.activeOption || nothing} autofocus .value=${live(palette.query)}
        @input=${(/** @type {InputEvent} */ event) => palette.type(/** @type {HTMLInputElement} */ (event.target).value)} />
      <button class="icon-button" type="button" aria-label=${t("close")} title=${t("close")}
        @click=${() => palette.close()}>${icon("close")}</button></div>
    <div id="palette-list" role="listbox" aria-label=${title} @pointerenter=${point(true)} @pointerleave=${point(false)}
      @mousedown=${(/** @type {Event} */ event) => event.preventDefault()}>${entries?.options}</div>
    <p class="palette-status quiet" role="status">${palette.said || (entries?.status ?? t("loading"))}</p>
  </dialog>`;
}

/** @param {import("../ui/palette.js").Palette} palette @param {Event} event */
function cancel(palette, event) {
  event.preventDefault();
  palette.close();
}
