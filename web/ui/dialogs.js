// The open question, at most one, and its answer. Native dialogs keep the focus inside and restore it afterwards.

/**
 * @typedef {{ title: string | (() => string), body: (typed: string) => unknown, confirm: string | (() => string),
 *   danger?: boolean, plain?: boolean, act: (fields: FormData) => void,
 *   valid?: (typed: string) => boolean, other?: { label: string, act: () => void } | null, typed?: string, stays?: boolean,
 *   only?: boolean, undo?: boolean }} Question
 *   `danger`: looks dangerous; `plain`: Enter confirms it; `typed`: the initial text of its main field; `other`: a second answer, which
 *   ignores the fields; `stays`: neither an answer nor a click outside closes it, `act` does; `only`: it can't be declined; `undo`: offers
 *   to undo wait for the answer
 */

export class Dialogs {
  /** @param {{ root: HTMLElement, draw: () => void, restoreFocus: () => void }} page */
  constructor(page) {
    this.page = page;
    /** @type {Question | null} */
    this.question = null;
    this.typed = "";
    /** @type {HTMLElement | null} the element that had the focus before */
    this.opener = null;
  }

  get isOpen() {
    return this.question !== null;
  }

  /** @param {Question} question @param {HTMLElement | null} [opener] the element that gets the focus afterwards */
  ask(question, opener = /** @type {HTMLElement | null} */ (document.activeElement)) {
    this.#end();
    this.opener = opener;
    this.question = question;
    this.typed = question.typed ?? "";
    this.page.draw();
  }

  /** @param {string} text */
  type(text) {
    this.typed = text;
    this.page.draw();
  }

  get valid() {
    return this.question?.valid?.(this.typed) ?? true;
  }

  /** @param {FormData} fields */
  answer(fields) {
    const { question } = this;
    if (!question || !this.valid) return;
    if (!question.stays) this.dismiss();
    question.act(fields);
  }

  answerOther() {
    const other = this.question?.other;
    this.dismiss();
    other?.act();
  }

  /** Closes the question without acting. */
  dismiss() {
    if (!this.question) return;
    this.#end();
    this.page.draw();
    if (this.opener?.isConnected) this.opener.focus();
    else this.page.restoreFocus();
  }

  /** Called after a drawing: shows a new question. */
  shown() {
    const element = this.#element;
    if (element && !element.open) element.showModal();
  }

  #end() {
    this.#element?.close();
    this.question = null;
  }

  /** @returns {HTMLDialogElement | null} */
  get #element() {
    return this.page.root.querySelector("dialog.question");
  }
}
