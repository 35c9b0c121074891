// The open question: its text, its fields and its answers. The caller decides what it asks.

import { t } from "../lib/i18n.js";
import { html, nothing, repeat } from "../vendor/lit.js";

/**
 * @typedef {{
 *   dialogs: import("../ui/dialogs.js").Dialogs,
 * }} Parts
 */

/** @param {Parts} parts */
export function dialog({ dialogs }) {
  const { question } = dialogs;
  // Keyed by the question, so that text typed into another one does not stay in the fields.
  return repeat(
    question ? [question] : [],
    (each) => each,
    (each) => html`
      <dialog class="question" aria-labelledby="question-title" @cancel=${(/** @type {Event} */ event) => leave(dialogs, event)}
        @click=${(/** @type {Event} */ event) => event.target === event.currentTarget && !each.stays && dialogs.dismiss()}>
        <form method="dialog" ?novalidate=${each.stays === true} @input=${(/** @type {Event} */ event) => typed(dialogs, event)}
          @submit=${(/** @type {SubmitEvent} */ event) => answer(dialogs, event)}>
          <h2 id="question-title">${textOf(each.title)}</h2>
          <div class="body">${each.body(dialogs.typed)}</div>
          <div class="answers">
            ${
              each.only
                ? nothing
                : html`<button class="quiet-button" type="button" data-answer="cancel" ?autofocus=${each.danger === true}
                  @click=${() => dialogs.dismiss()}>${t("dialog.cancel")}</button>`
            }
            ${
              each.other
                ? html`<button class="quiet-button" type="button" data-answer="other"
                  @click=${() => dialogs.answerOther()}>${each.other.label}</button>`
                : nothing
            }
            <button class=${each.danger ? "danger" : "main"} type="submit" data-answer="yes" ?autofocus=${each.plain === true}
              ?disabled=${!dialogs.valid}>${textOf(each.confirm)}</button>
          </div>
        </form>
      </dialog>
    `,
  );
}

/** A fixed text, or one that follows the page's state. @param {string | (() => string)} words */
const textOf = (words) => (typeof words === "string" ? words : words());

/** @param {import("../ui/dialogs.js").Dialogs} dialogs @param {Event} event */
function leave(dialogs, event) {
  event.preventDefault();
  dialogs.dismiss();
}

/** @param {import("../ui/dialogs.js").Dialogs} dialogs @param {SubmitEvent} event */
function answer(dialogs, event) {
  event.preventDefault();
  dialogs.answer(new FormData(/** @type {HTMLFormElement} */ (event.target)));
}

/** Keeps the main field's text, whose length the question shows. @param {import("../ui/dialogs.js").Dialogs} dialogs
 * @param {Event} event */
function typed(dialogs, event) {
  const field = /** @type {HTMLInputElement} */ (event.target);
  if (field.hasAttribute("data-typed")) dialogs.type(field.value);
}
