// The whole desk: header, meetings, participants, action bar, and the pane beside them.

import { t } from "../lib/i18n.js";
import { html, nothing } from "../vendor/lit.js";
import { actionBar } from "./action_bar.js";
import { bridgesPage } from "./bridges_page.js";
import { callPane } from "./call_pane.js";
import { dialog } from "./dialog.js";
import { displaysPage } from "./displays_page.js";
import { header } from "./header.js";
import { meetings } from "./meetings.js";
import { menu } from "./menu.js";
import { palette } from "./palette.js";
import { people } from "./people.js";
import { shortcutsHelp } from "./shortcuts_help.js";

/**
 * @typedef {import("./action_bar.js").Parts &
 *   import("./bridges_page.js").Parts &
 *   import("./call_pane.js").Parts &
 *   import("./dialog.js").Parts &
 *   import("./displays_page.js").Parts &
 *   import("./header.js").Parts &
 *   import("./meetings.js").Parts &
 *   import("./menu.js").Parts &
 *   import("./palette.js").Parts &
 *   import("./people.js").Parts &
 *   import("./shortcuts_help.js").Parts &
 *   {
 *   panels: import("../ui/panels.js").Panels,
 *   screen: import("../state/screen.js").Screen,
 * }} Parts
 */

/** @param {Parts} parts */
export function shell(parts) {
  const { choice, link } = parts.screen;
  const old = link.shown && !parts.screen.live;
  return html`
    ${header(parts)}
    <div class="columns" data-pane=${choice.pane} data-view=${parts.screen.showsAdminPage ? "admin" : "people"}
      data-call-pane=${parts.screen.hasPane ? "yes" : "no"} data-old=${old ? "yes" : "no"} data-phase=${link.phase}
      ?inert=${parts.panels.open === "keys"}>
      ${parts.screen.showsAdminPage ? nothing : meetings(parts)}
      ${
        parts.screen.showsAdminPage
          ? administered(parts)
          : html`<main class="people" id="people"
            aria-label=${t("people_label")}>${people(parts)} ${actionBar(parts)} ${menu(parts)}</main>`
      }
      ${parts.screen.hasPane ? callPane(parts) : nothing}
    </div>
    ${parts.panels.open === "keys" ? shortcutsHelp(parts) : nothing} ${palette(parts)} ${dialog(parts)}
    <div class="unseen" id="live-region" role="status" aria-live="polite"></div>
  `;
}

/** The administrators' pages. @param {Parts} parts */
const administered = (parts) =>
  parts.screen.adminPage === "displays"
    ? html`<main class="people" id="people" aria-label=${t("displays.label")}>${displaysPage(parts)}</main>`
    : html`<main class="people" id="people" aria-label=${t("bridges.label")}>${bridgesPage(parts)}</main>`;
