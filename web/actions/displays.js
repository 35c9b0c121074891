// Administrators' actions on displays: pair a screen, change what it shows, identify it, revoke it. Draws nothing.

import { has, t } from "../lib/i18n.js";
import { codeOf, Draft, displayOf, formOf, newForm } from "../state/display_draft.js";
import { displayQuestion, linkQuestion, revokeQuestion } from "../views/display_dialogs.js";

/**
 * @typedef {import("../net/protocol.js").DisplayRow} DisplayRow
 * @typedef {import("../net/requests.js").Answer} Answer
 */

/** The server's message for each kind of draft. @type {Record<import("../state/display_draft.js").DraftKind, string>} */
const MESSAGES = { pair: "display_pair", link: "display_link", edit: "display_set" };

export class DisplayActions {
  /**
   * @param {{
   *   roster: import("../state/roster.js").Roster,
   *   requests: import("../net/requests.js").Requests,
   *   dialogs: import("../ui/dialogs.js").Dialogs,
   *   renderer: import("../ui/renderer.js").Renderer,
   *   notice: import("../ui/notice.js").Notice,
   *   announcer: import("../alerts/announcer.js").Announcer,
   *   base: string,
   * }} parts
   */
  constructor({ roster, requests, dialogs, renderer, notice, announcer, base }) {
    this.roster = roster;
    this.requests = requests;
    this.dialogs = dialogs;
    this.renderer = renderer;
    this.notice = notice;
    this.announcer = announcer;
    this.base = base;
    /** Whether the link in the dialog was copied. */
    this.copied = false;
  }

  // Questions.

  /** Pairs a screen that shows a code. */
  pair() {
    this.#begin(new Draft("pair", newForm(pageLanguage())));
  }

  /** Makes a link for a screen that is opened by its address. */
  link() {
    this.#begin(new Draft("link", newForm(pageLanguage())));
  }

  /** @param {DisplayRow} row */
  edit(row) {
    this.#begin(new Draft("edit", formOf(row.display), row));
  }

  /** @param {DisplayRow} row */
  revoke(row) {
    const act = () => this.#send({ type: "display_revoke", id: row.id }, "displays.did.revoke", row);
    this.dialogs.ask(revokeQuestion(row, act));
  }

  /** @param {Draft} draft */
  #begin(draft) {
    draft.question = displayQuestion(this, draft, () => this.#submit(draft));
    this.dialogs.ask(draft.question);
  }

  /** @param {Draft} draft */
  #submit(draft) {
    if (draft.busy) return;
    draft.tried = true;
    draft.refusal = "";
    const [fault] = draft.faults;
    if (fault) return this.#show(fault.field);
    const display = displayOf(draft.form);
    const which = draft.kind === "pair" ? { code: codeOf(draft.code) } : draft.row ? { id: draft.row.id } : {};
    draft.busy = true;
    this.requests.ask({ type: MESSAGES[draft.kind], ...which, display }, (answer) => this.#answered(draft, display.name, answer));
    this.renderer.draw();
  }

  /** @param {Draft} draft @param {string} name @param {Answer} answer */
  #answered(draft, name, answer) {
    const { dialogs } = this;
    const open = dialogs.question !== null && dialogs.question === draft.question;
    draft.busy = false;
    if (!answer.ok) return open ? this.#refuse(draft, answer) : this.notice.say(refusal(answer));
    const opener = open ? dialogs.opener : null;
    if (open) dialogs.dismiss();
    // The link is sent only once, so it is shown even when the user has closed the question meanwhile.
    if (answer.link) return this.#showLink(name, answer.link, opener);
    this.notice.say(t(draft.kind === "edit" ? "displays.did.edit" : "displays.did.pair", { name }));
  }

  /** @param {Draft} draft @param {Answer} answer */
  #refuse(draft, answer) {
    draft.refusal = refusal(answer);
    draft.badCode = answer.code === "no_such_code";
    this.#show(draft.badCode ? "code" : "");
    this.renderer.root.querySelector("dialog .refusal")?.scrollIntoView({ block: "nearest" });
  }

  /** Shows what is wrong, and moves the focus to the field. @param {string} field */
  #show(field) {
    this.renderer.draw();
    const element = /** @type {HTMLElement | null} */ (field ? this.renderer.root.querySelector(`#display-${field}`) : null);
    element?.focus();
  }

  /** @param {string} name @param {string} path @param {HTMLElement | null} opener */
  #showLink(name, path, opener) {
    this.copied = false;
    this.dialogs.ask(
      linkQuestion({ displayActions: this, dialogs: this.dialogs }, { name, link: location.origin + path }),
      opener ?? undefined,
    );
  }

  /** @param {string} text */
  async copy(text) {
    await navigator.clipboard.writeText(text);
    this.copied = true;
    this.announcer.announce(t("view.copied"));
    this.renderer.changed();
  }

  // Actions without a question.

  /** @param {DisplayRow} row */
  identify(row) {
    this.#send({ type: "display_identify", id: row.id }, "displays.did.identify", row);
  }

  /** @param {DisplayRow} row */
  reload(row) {
    this.#send({ type: "display_reload", id: row.id }, "displays.did.reload", row);
  }

  /** Removes a revoked display from the list. @param {DisplayRow} row */
  drop(row) {
    this.#send({ type: "display_forget", id: row.id }, "displays.did.forget", row);
  }

  /** @param {object} message @param {string} done the key of the notice @param {DisplayRow} row */
  #send(message, done, row) {
    const { name } = row.display;
    this.requests.ask(message, (answer) => this.notice.say(answer.ok ? t(done, { name }) : refusal(answer)));
  }
}

const pageLanguage = () => document.documentElement.lang;

/** Why a request failed, in words. @param {Answer} answer */
function refusal({ code, why }) {
  if (!code) return t("displays.unanswered");
  const key = `displays.failed.${code}`;
  return has(key) ? t(key) : t("displays.refused", { why });
}
