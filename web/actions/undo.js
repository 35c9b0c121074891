// Taking one's own admissions back: which, whether it is asked about, and what is sent. Draws nothing; the desk is its page.

import { t } from "../lib/i18n.js";
import { idOf, isUnderWay, withResult } from "../net/action_requests.js";
import { PEOPLE_LIMIT } from "../net/protocol.js";
import { asks } from "../state/group.js";
import { undoQuestion } from "../views/questions.js";

/** @typedef {import("../net/action_requests.js").Press} Press */

export class Undoing {
  /** @param {import("../desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** @param {Press} press a finished admission */
  offer(press) {
    // Whom CMS took and did not show as in yet may still be let in.
    const ids = [...withResult(press, "done"), ...withResult(press, "unconfirmed")].map(idOf);
    const people = new Map(ids.map((id) => [id, press.names.get(id) ?? ""]));
    this.desk.undos.offer(press.ref, people, performance.now(), this.desk.roster.server?.undo_s ?? 0);
  }

  /** What somebody points at, has the focus on or is asked about does not run out under them. */
  reach() {
    const { root, undos, dialogs } = this.desk;
    const reached = dialogs.question?.undo || root.querySelector(".undo:hover, .undo:focus-within");
    if (reached) undos.pause(performance.now());
    else undos.resume(performance.now());
  }

  /** The own admissions that are under way: an undo ends them, too. @returns {Press[]} */
  get #underWay() {
    return [...this.desk.presses.all.values()].filter((press) => press.deed === "admit" && isUnderWay(press));
  }

  /** Sends those of the own last admissions back to the lobby; asks where they are of several meetings, or many. */
  undo() {
    const { screen, undos, dialogs, roster } = this.desk;
    if (!screen.acts || !screen.live) return;
    const [series, underWay] = [undos.series(performance.now()), this.#underWay];
    const people = new Map([...(series?.people ?? []), ...underWay.flatMap((press) => [...press.names])]);
    if (people.size === 0) return this.desk.tell(t("undo.nothing"));
    const why = this.why(people);
    if (why) return this.desk.tell(t("undo.can_not", { why: t(why) }));
    for (const press of underWay) this.desk.presses.stop(press);
    const refs = [...(series?.refs ?? []), ...underWay.map((press) => press.ref)];
    const act = () => this.#send(refs, people);
    const rows = [...people.keys()].flatMap((id) => roster.people.get(id) ?? []);
    if (!asks(rows, roster.server?.ask_above)) return act();
    dialogs.ask(undoQuestion(this.desk, { people, rows, act }));
  }

  /** @param {string[]} refs of the presses @param {Map<string, string>} people */
  #send(refs, people) {
    // The button is about to go.
    if (document.activeElement?.closest(".undo")) this.desk.focus.anew();
    for (const ref of refs) {
      this.desk.undos.forget(ref);
      const press = this.desk.presses.all.get(ref);
      if (press && !isUnderWay(press)) this.desk.presses.dismiss(ref);
    }
    const all = [...people];
    for (let from = 0; from < all.length; from += PEOPLE_LIMIT) {
      const some = new Map(all.slice(from, from + PEOPLE_LIMIT));
      const message = { type: "send_back", people: [...some.keys()], scope: /** @type {const} */ ("undo") };
      this.desk.presses.act("send_back", some, message);
    }
  }

  /** Why none of them can be sent back; one who can suffices, the others are reported. @param {Map<string, string>} people */
  why(people) {
    const { roster } = this.desk;
    const bridges = [...people.keys()].map((id) => roster.bridges.get(roster.people.get(id)?.bridge ?? ""));
    return bridges.every((bridge) => bridge && !bridge.can_send_back) ? "why.send_back_too_old" : null;
  }
}
