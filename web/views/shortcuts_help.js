// The list of keys, opened with `?`.

import { t } from "../lib/i18n.js";
import { html, live } from "../vendor/lit.js";
import { icon } from "./icons.js";

/**
 * @typedef {{
 *   panels: import("../ui/panels.js").Panels,
 *   shortcuts: import("../ui/shortcuts.js").Shortcuts,
 * }} Parts
 */

const KEYS = [
  ["Ctrl+K", "key.palette"],
  ["/", "key.search"],
  ["j k ↓ ↑", "key.move"],
  ["← →", "key.within"],
  ["[ ]", "key.meeting"],
  ["Enter", "key.open"],
  ["x Space", "key.select"],
  ["Shift+↓ ↑", "key.range"],
  ["a", "key.admit"],
  ["Shift+A", "key.admit_chosen"],
  ["Shift+E", "key.admit_meeting"],
  ["u", "key.undo"],
  ["n", "key.next"],
  ["c", "key.claim"],
  ["h", "key.hold"],
  ["s", "key.seen"],
  ["m Shift+F10", "key.menu"],
  ["Esc", "key.escape"],
  ["?", "key.help"],
];

/** Keys as a keyboard of this language labels them. @param {string} keys */
export const written = (keys) => keys.replace(/Ctrl|Shift|Space|Enter|Esc/g, (name) => t(`kbd.${name.toLowerCase()}`));

/** @param {Parts} parts */
export const shortcutsHelp = (parts) => html`
  <div class="veil">
    <div class="panel keys" tabindex="-1" role="dialog" aria-modal="true" aria-labelledby="keys-title">
      <div class="line">
        <h2 id="keys-title">${t("keys_title")}</h2>
        <button class="icon-button" type="button" aria-label=${t("close")} @click=${() => parts.panels.close()}>${icon("close")}</button>
      </div>
      <dl>
        ${KEYS.map(
          ([keys = "", key = ""]) =>
            html`<div><dt>${keys.split(" ").map((each) => html`<kbd>${written(each)}</kbd> `)}</dt><dd>${t(key)}</dd></div>`,
        )}
      </dl>
      <label class="letters"><input type="checkbox" .checked=${live(parts.shortcuts.letters)} aria-describedby="letters-why"
            @change=${(/** @type {Event} */ event) =>
              parts.shortcuts.useLetters(
                /** @type {HTMLInputElement} */ (event.target).checked,
              )} /><span>${t("key.letters")}</span></label>
      <p class="quiet" id="letters-why">${t("key.letters_why")}</p>
    </div>
  </div>
`;
