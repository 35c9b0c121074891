// Dialogs about displays: the form that pairs one, makes a link for one or changes one, the new link, and the question before revoking one.

import { canCopy } from "../lib/clipboard.js";
import { t } from "../lib/i18n.js";
import { html } from "../vendor/lit.js";
import { DisplayForm } from "./display_form.js";
import { icon } from "./icons.js";

/** @typedef {import("./display_form.js").Parts} Parts */

/**
 * @typedef {import("../state/display_draft.js").Draft} Draft
 * @typedef {import("../net/protocol.js").DisplayRow} DisplayRow
 * @typedef {import("../ui/dialogs.js").Question} Question
 */

/** @param {Parts} parts @param {Draft} draft @param {() => void} submit @returns {Question} */
export function displayQuestion(parts, draft, submit) {
  const name = draft.row?.display.name ?? "";
  return {
    title: draft.kind === "edit" ? t("displays.edit.title", { name }) : t(`displays.${draft.kind}.title`),
    body: () => new DisplayForm(parts, draft).whole(),
    confirm: t(`displays.${draft.kind}.confirm`),
    stays: true,
    act: submit,
  };
}

/**
 * @param {{ displayActions: import("../actions/displays.js").DisplayActions, dialogs: import("../ui/dialogs.js").Dialogs }} parts
 * @param {{ name: string, link: string }} what @returns {Question}
 */
export function linkQuestion({ displayActions, dialogs }, { name, link }) {
  const select = (/** @type {Event} */ event) => /** @type {HTMLTextAreaElement} */ (event.target).select();
  return {
    title: t("displays.link.made", { name }),
    body: () => html`<p>${t("displays.link.once")}</p>
      <div class="field"><label for="display-link">${t("displays.link.label")}</label>
        <textarea id="display-link" rows="3" readonly dir="ltr" .value=${link} aria-describedby="display-link-why" @focus=${select}
          autofocus></textarea>
        <button class="quiet-button" type="button" data-action="copy-link" ?hidden=${!canCopy()}
            @click=${() => displayActions.copy(link)}>${icon("link")} ${t(
              displayActions.copied ? "view.copied" : "displays.link.copy",
            )}</button></div>
      <p class="quiet" id="display-link-why">${t("displays.link.why")}</p>`,
    confirm: t("displays.link.done"),
    stays: true,
    only: true,
    act: () => dialogs.dismiss(),
  };
}

/** @param {DisplayRow} row @param {() => void} act @returns {Question} */
export const revokeQuestion = (row, act) => ({
  title: t("displays.revoke.title", { name: row.display.name }),
  body: () => html`<p>${t("displays.revoke.what")}</p><p>${t("displays.revoke.again")}</p>`,
  confirm: t("displays.revoke.confirm"),
  danger: true,
  act,
});
