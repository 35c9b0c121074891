// The one question that stands over the page, and what becomes of its answer. Native dialogs keep the focus in and give it back.

/**
 * @typedef {{ title: string | (() => string), body: (typed: string) => unknown, confirm: string | (() => string),
 *   danger?: boolean, plain?: boolean, act: (fields: FormData) => void,
 *   valid?: (typed: string) => boolean, other?: { label: string, act: () => void } | null, typed?: string, stays?: boolean,
 *   only?: boolean, undo?: boolean }} Question
 *   `danger`: looks like it; `plain`: Enter says yes; `typed`: what its main field holds at first; `other`: a second answer, for
 *   which nothing typed counts;
 *   `stays`: neither an answer nor a click beside it ends it, `act` does that when it is time; `only`: there is nothing to decline;
 *   `undo`: what can be undone waits for the answer
 */

export class Dialogs {
  /** @param {{ root: HTMLElement, draw: () => void, restoreFocus: () => void }} page */
  constructor(page) {
    this.page = page;
    /** @type {Question | null} */
    this.question = null;
    this.typed = "";
    /** @type {HTMLElement | null} what had the focus before */
    this.opener = null;
  }

  get isOpen() {
    return this.question !== null;
  }

  /** @param {Question} question @param {HTMLElement | null} [opener] what gets the focus afterwards */
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

  /** Nothing is done. */
  dismiss() {
    if (!this.question) return;
    this.#end();
    this.page.draw();
    if (this.opener?.isConnected) this.opener.focus();
    else this.page.restoreFocus();
  }

  /** Called when the page was drawn: a new question is shown over it. */
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
    return this.page.root.querySelector("dialog");
  }
}
