// The whole dashboard: header, meetings, people, dock. Templates only; what happens is the desk's.

import { t } from "../lib/i18n.js";
import { html, nothing } from "../vendor/lit.js";
import { dock } from "./action_bar.js";
import { board } from "./bridges_page.js";
import { dialog } from "./dialog.js";
import { displays } from "./displays_page.js";
import { header } from "./header.js";
import { meetings } from "./meetings.js";
import { menu } from "./menu.js";
import { people } from "./people.js";
import { keysPanel } from "./shortcuts_help.js";

/** @param {import("../desk.js").Desk} desk */
export function shell(desk) {
  const { choice, link } = desk.screen;
  const old = link.shown && !desk.screen.live;
  return html`
    ${header(desk)}
    <div class="columns" data-pane=${choice.pane} data-view=${desk.showsBoard ? "board" : "people"} data-old=${old ? "yes" : "no"} data-phase=${link.phase} ?inert=${desk.unfolded === "keys"}>
      ${desk.showsBoard ? nothing : meetings(desk)}
      ${
        desk.showsBoard
          ? administered(desk)
          : html`<main class="people" id="people" aria-label=${t("people_label")}>${people(desk)} ${dock(desk)} ${menu(desk)}</main>`
      }
    </div>
    ${desk.unfolded === "keys" ? keysPanel(desk) : nothing} ${dialog(desk)}
    <div class="unseen" id="live-region" role="status" aria-live="polite"></div>
  `;
}

/** What only administrators see. @param {import("../desk.js").Desk} desk */
const administered = (desk) =>
  desk.screen.board === "displays"
    ? html`<main class="people" id="people" aria-label=${t("displays.label")}>${displays(desk)}</main>`
    : html`<main class="people" id="people" aria-label=${t("bridges_label")}>${board(desk)}</main>`;
