// The whole dashboard: header, meetings, people, dock. Templates only; what happens is the desk's.

import { t } from "../i18n.js";
import { html, nothing } from "../vendor/lit.js";
import { board } from "./board.js";
import { dialog } from "./dialog.js";
import { displays } from "./displays.js";
import { dock } from "./dock.js";
import { header } from "./header.js";
import { keysPanel } from "./help.js";
import { meetings } from "./meetings.js";
import { menu } from "./menu.js";
import { people } from "./people.js";

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
