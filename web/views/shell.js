// The whole desk: header, meetings, participants, action bar. Templates only.

import { t } from "../lib/i18n.js";
import { html, nothing } from "../vendor/lit.js";
import { actionBar } from "./action_bar.js";
import { bridgesPage } from "./bridges_page.js";
import { dialog } from "./dialog.js";
import { displaysPage } from "./displays_page.js";
import { header } from "./header.js";
import { meetings } from "./meetings.js";
import { menu } from "./menu.js";
import { people } from "./people.js";
import { shortcutsHelp } from "./shortcuts_help.js";

/** @param {import("../desk.js").Desk} desk */
export function shell(desk) {
  const { choice, link } = desk.screen;
  const old = link.shown && !desk.screen.live;
  return html`
    ${header(desk)}
    <div class="columns" data-pane=${choice.pane} data-view=${desk.showsAdminPage ? "admin" : "people"} data-old=${old ? "yes" : "no"} data-phase=${link.phase} ?inert=${desk.unfolded === "keys"}>
      ${desk.showsAdminPage ? nothing : meetings(desk)}
      ${
        desk.showsAdminPage
          ? administered(desk)
          : html`<main class="people" id="people" aria-label=${t("people_label")}>${people(desk)} ${actionBar(desk)} ${menu(desk)}</main>`
      }
    </div>
    ${desk.unfolded === "keys" ? shortcutsHelp(desk) : nothing} ${dialog(desk)}
    <div class="unseen" id="live-region" role="status" aria-live="polite"></div>
  `;
}

/** The administrators' pages. @param {import("../desk.js").Desk} desk */
const administered = (desk) =>
  desk.screen.adminPage === "displays"
    ? html`<main class="people" id="people" aria-label=${t("displays.label")}>${displaysPage(desk)}</main>`
    : html`<main class="people" id="people" aria-label=${t("bridges_label")}>${bridgesPage(desk)}</main>`;
