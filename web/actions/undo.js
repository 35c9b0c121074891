// Undoes the user's last admissions: chooses them, asks where needed, and sends the requests. Draws nothing.

import { t } from "../lib/i18n.js";
import { idOf, isUnderWay, withResult } from "../net/action_requests.js";
import { PEOPLE_LIMIT } from "../net/protocol.js";
import { needsConfirmation } from "../state/group.js";
import { undoQuestion } from "../views/questions.js";

/** @typedef {import("../net/action_requests.js").ActionRequest} ActionRequest */

export class UndoActions {
  /**
   * @param {{
   *   screen: import("../state/screen.js").Screen,
   *   roster: import("../state/roster.js").Roster,
   *   clock: import("../lib/time.js").Clock,
   *   actionRequests: import("../net/action_requests.js").ActionRequests,
   *   undoOffers: import("../state/undo_offers.js").UndoOffers,
   *   dialogs: import("../ui/dialogs.js").Dialogs,
   *   focus: import("../ui/focus.js").Focus,
   *   notice: import("../ui/notice.js").Notice,
   *   root: HTMLElement,
   * }} parts
   */
  constructor({ screen, roster, clock, actionRequests, undoOffers, dialogs, focus, notice, root }) {
    this.screen = screen;
    this.roster = roster;
    this.clock = clock;
    this.actionRequests = actionRequests;
    this.undoOffers = undoOffers;
    this.dialogs = dialogs;
    this.focus = focus;
    this.notice = notice;
    this.root = root;
  }

  /** @param {ActionRequest} request a finished admission */
  offer(request) {
    // A participant whose admission CMS accepted but did not show yet may still be let in.
    const ids = [...withResult(request, "done"), ...withResult(request, "unconfirmed")].map(idOf);
    const people = new Map(ids.map((id) => [id, request.names.get(id) ?? ""]));
    this.undoOffers.offer(request.ref, people, performance.now(), this.roster.server?.undo_s ?? 0);
  }

  /** An offer does not expire while the pointer or the focus is on it, or while a question about it is open. */
  pauseWhileReached() {
    const { root, undoOffers, dialogs } = this;
    const reached = dialogs.question?.undo || root.querySelector(".undo:hover, .undo:focus-within");
    if (reached) undoOffers.pause(performance.now());
    else undoOffers.resume(performance.now());
  }

  /** The user's admissions under way, which an undo stops too. @returns {ActionRequest[]} */
  get #underWay() {
    return [...this.actionRequests.all.values()].filter((request) => request.action === "admit" && isUnderWay(request));
  }

  /** Sends the participants of the user's last admissions back to the lobby; asks first if they are many or in several meetings. */
  undo() {
    const { screen, undoOffers, dialogs, roster } = this;
    if (!screen.acts || !screen.live) return;
    const [series, underWay] = [undoOffers.series(performance.now()), this.#underWay];
    const people = new Map([...(series?.people ?? []), ...underWay.flatMap((request) => [...request.names])]);
    if (people.size === 0) return this.notice.say(t("undo.nothing"));
    const why = this.why(people);
    if (why) return this.notice.say(t("undo.can_not", { why: t(why) }));
    for (const request of underWay) this.actionRequests.stop(request);
    const refs = [...(series?.refs ?? []), ...underWay.map((request) => request.ref)];
    const act = () => this.#send(refs, people);
    const rows = [...people.keys()].flatMap((id) => roster.people.get(id) ?? []);
    if (!needsConfirmation(rows, roster.server?.ask_above)) return act();
    dialogs.ask(undoQuestion(this, { people, rows, act }));
  }

  /** @param {string[]} refs of the requests @param {Map<string, string>} people */
  #send(refs, people) {
    // The button is about to disappear.
    if (document.activeElement?.closest(".undo")) this.focus.restore();
    for (const ref of refs) {
      this.undoOffers.forget(ref);
      const request = this.actionRequests.all.get(ref);
      if (request && !isUnderWay(request)) this.actionRequests.dismiss(ref);
    }
    const all = [...people];
    for (let from = 0; from < all.length; from += PEOPLE_LIMIT) {
      const some = new Map(all.slice(from, from + PEOPLE_LIMIT));
      const message = { type: "send_back", people: [...some.keys()], scope: /** @type {const} */ ("undo") };
      this.actionRequests.start("send_back", some, message);
    }
  }

  /** Why none of them can be sent back; null if one can, since the request reports the others. @param {Map<string, string>} people */
  why(people) {
    const { roster } = this;
    const bridges = [...people.keys()].map((id) => roster.bridges.get(roster.people.get(id)?.bridge ?? ""));
    return bridges.every((bridge) => bridge && !bridge.can_send_back) ? "why.send_back_too_old" : null;
  }
}
