// What moderators do: asks first where somebody else is at it or it can't be taken back, then presses. Draws nothing; the desk is its page.

import { claimOf, handledByOthers, takeable } from "./claims.js";
import { t } from "./i18n.js";
import { nameOf, namesOf } from "./names.js";
import { idOf, withResult } from "./presses.js";
import { CLAIM_LIMIT, PEOPLE_LIMIT } from "./protocol.js";
import { byWait } from "./roster.js";
import { holdQuestion, lockQuestion, messageQuestion, renameQuestion, sureQuestion } from "./view/questions.js";

/**
 * @typedef {import("./protocol.js").PersonRow} Person
 * @typedef {import("./protocol.js").MeetingRow} Meeting
 * @typedef {import("./protocol.js").Scope} Scope
 * @typedef {import("./abilities.js").PersonDeed} PersonDeed
 * @typedef {import("./abilities.js").MeetingDeed} MeetingDeed
 * @typedef {import("./claims.js").ClaimKind} ClaimKind
 */

/** Deeds that are asked about whoever they hit: they interrupt somebody, or open their microphone. @type {ReadonlySet<PersonDeed>} */
const ASKED = new Set(["send_back", "remove"]);

/** What a deed is called in the protocol, and what it says besides whom. @type {Record<Exclude<PersonDeed, "rename">, object>} */
const MESSAGES = {
  admit: { type: "admit" },
  send_back: { type: "send_back" },
  remove: { type: "remove" },
  mute: { type: "mute", on: true },
  unmute: { type: "mute", on: false },
  hold: { type: "hold", on: true },
  unhold: { type: "hold", on: false, reason: "", remind_s: null },
};

export class Deeds {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  get #roster() {
    return this.desk.roster;
  }

  /** Whether anything can be pressed at all. */
  get #may() {
    return this.desk.screen.acts && this.desk.screen.live;
  }

  // People.

  /**
   * Does it to exactly those shown; asks first where somebody else handles one of them, where one is on hold, or where it can't be undone.
   * @param {Exclude<PersonDeed, "rename" | "hold">} deed @param {Person[]} people @param {Scope} scope @param {boolean} [ask] in any case
   */
  press(deed, people, scope, ask = ASKED.has(deed)) {
    if (people.length === 0 || !this.#may) return;
    const handled = handledByOthers(people, this.#roster.meetings, this.desk.me);
    const held = deed === "admit" ? people.filter((person) => person.hold !== null) : [];
    const opens = deed === "unmute" && people.length > 1;
    // The end of a hold is no press of a button for many.
    const how = deed === "unhold" ? {} : { scope };
    const told = { ...how, over: overs(handled), ...(held.length > 0 ? { held: true } : {}) };
    if (handled.length + held.length === 0 && !ask && !opens) return this.#send(deed, people, how);
    const careful = new Set([...handled.map((each) => each.person), ...held]);
    const rest = people.filter((person) => !careful.has(person));
    const act = () => this.#send(deed, people, told);
    const actOnRest = () => this.#send(deed, rest, how);
    this.desk.dialogs.ask(sureQuestion(this.desk, { deed, people, handled, held, rest, act, actOnRest }));
  }

  /** @param {Person[]} people @param {Scope} scope */
  admit(people, scope) {
    this.press("admit", people, scope);
  }

  /** Everybody who waits in a meeting, by a key. @param {string} meeting */
  admitMeeting(meeting) {
    const people = this.desk.screen.admissibleOf(meeting);
    if (people.length === 0) return this.desk.tell(t("why.nobody_to_admit"));
    this.press("admit", people, "meeting", true);
  }

  /** Those who are to stay in the lobby for now, with a reason and a reminder. @param {Person[]} people */
  hold(people) {
    if (people.length === 0 || !this.#may) return;
    const handled = handledByOthers(people, this.#roster.meetings, this.desk.me);
    const act = (/** @type {string} */ reason, /** @type {number | null} */ remind_s) =>
      this.#send("hold", people, { reason, remind_s, over: overs(handled) });
    const end = () => this.#send("unhold", people, { over: overs(handled) });
    this.desk.dialogs.ask(holdQuestion(this.desk, { people, handled, act, end }));
  }

  /** The name that the meeting shows for somebody. @param {Person} person */
  rename(person) {
    if (!this.#may) return;
    const handled = handledByOthers([person], this.#roster.meetings, this.desk.me);
    const act = (/** @type {string} */ label) => {
      this.desk.presses.act("rename", namesOf([person]), { type: "rename", person: person.id, label, over: overs(handled) });
    };
    this.desk.dialogs.ask(renameQuestion({ person, handled, act }));
  }

  /** @param {Exclude<PersonDeed, "rename">} deed @param {Person[]} people @param {object} more */
  #send(deed, people, more) {
    for (let from = 0; from < people.length; from += PEOPLE_LIMIT) {
      const some = people.slice(from, from + PEOPLE_LIMIT);
      const ids = some.map((person) => person.id);
      const message = /** @type {import("./presses.js").Message} */ ({ ...MESSAGES[deed], people: ids, ...more });
      this.desk.presses.act(deed, namesOf(some), message);
    }
    this.desk.selection.all(
      people.map((person) => person.id),
      false,
    );
    this.desk.changed();
  }

  // Meetings.

  /** @param {MeetingDeed} deed @param {Meeting} meeting */
  onMeeting(deed, meeting) {
    if (!this.#may) return;
    const claim = meeting.claim && meeting.claim.by !== this.desk.me ? meeting.claim : null;
    const names = new Map([[meeting.id, this.desk.nameOf(meeting)]]);
    const act = (/** @type {object} */ fields) => {
      const message = {
        type: deed.endsWith("lock") ? "lock" : "message",
        meeting: meeting.id,
        ...fields,
        over: claim ? [claim.id] : [],
      };
      this.desk.presses.act(deed, names, message);
    };
    if (deed === "message") return this.desk.dialogs.ask(messageQuestion(this.desk, { meeting, claim, act }));
    if (deed === "unmessage" && !claim) return act({ text: "", seconds: null });
    this.desk.dialogs.ask(lockQuestion(this.desk, { deed, meeting, claim, act }));
  }

  // Claims.

  /** By key: claims, or gives the own claim back. @param {ClaimKind} kind @param {string} id */
  toggleClaim(kind, id) {
    if (!this.#may) return;
    const { claims } = this.desk;
    if (this.isMine(kind, id)) this.#giveBack(kind, id);
    else if (claims.has(kind, id)) claims.keep(kind);
    else this.desk.claims.take(kind, [id], "key", (result) => this.#claimed(kind, result));
  }

  /** Whoever opens a menu is at it, as long as nobody else is. @param {ClaimKind} kind @param {string} id */
  claimByMenu(kind, id) {
    const person = kind === "person" ? this.#roster.people.get(id) : undefined;
    const claim = person ? claimOf(person, this.#roster.meetings) : this.#roster.meetings.get(id)?.claim;
    if (!claim && this.desk.screen.live) this.desk.claims.take(kind, [id], "menu", () => this.desk.changed());
  }

  /** Whether it is one's own for longer than a menu stands open. @param {ClaimKind} kind @param {string} id */
  isMine(kind, id) {
    const { claims } = this.desk;
    return claims.has(kind, id) ? claims.kept.get(kind)?.by === "key" : this.#says(kind, id);
  }

  /** Taken by this page, or by another one of the same user. @param {ClaimKind} kind @param {string} id */
  #giveBack(kind, id) {
    if (this.desk.claims.has(kind, id)) this.desk.claims.release(kind);
    else this.desk.claims.releaseElsewhere(id);
    this.desk.changed();
  }

  /** Claims the one who waits longest of those shown whom nobody handles, and goes there. */
  takeNext() {
    const { screen, claims } = this.desk;
    if (!this.#may) return;
    // Whom one takes one has to see.
    if (this.desk.showsBoard) {
      this.desk.open(null);
      this.desk.draw();
    }
    const shown = screen.lobby.entries.filter((entry) => entry.gone === null).map((entry) => entry.row);
    const ids = takeable(shown.filter((person) => screen.can(person)).sort(byWait), this.#roster.meetings);
    if (ids.length === 0) return this.desk.tell(t(shown.length === 0 ? "next.nobody_waits" : "next.nobody_left"));
    claims.take("person", ids, "key", (result) => {
      if (result.result === "done" && result.person) this.desk.focus.goTo(screen.lobby, result.person);
      else this.desk.tell(t(result.result === "refused" ? "failed_busy" : "next.nobody_left"));
    });
  }

  /** @param {ClaimKind} kind @param {import("./protocol.js").Result} result */
  #claimed(kind, result) {
    const row = kind === "person" ? this.#roster.people.get(result.person ?? "") : this.#roster.meetings.get(result.meeting ?? "");
    const name = row?.kind === "meeting" ? this.desk.nameOf(row) : row ? nameOf(row) : "";
    if (result.result === "claimed") this.desk.tell(t("claim.taken", { by: result.by ?? "?", name }));
    else if (result.result === "done") this.desk.announcer.tell(t("claim.done", { name }));
    else this.desk.tell(t(result.result === "refused" ? "failed_busy" : "why.left"));
    this.desk.changed();
  }

  /** The own claims, renewed and given back as the page's user goes along. */
  settleClaims() {
    const { screen, attention, keys, menus, dialogs, claims } = this.desk;
    if (!screen.live) return;
    const at = { person: [keys.at.person], meeting: [screen.choice.open, keys.at.meeting] };
    const open = menus.open !== null || dialogs.isOpen;
    claims.settle({ inputAt: attention.inputAt, open, idle: attention.idle(document.hidden), at }, (kind, id) =>
      this.#says(kind, id),
    );
  }

  /** Whether a row says that it is one's own. @param {ClaimKind} kind @param {string} id */
  #says(kind, id) {
    const row = kind === "person" ? this.#roster.people.get(id) : this.#roster.meetings.get(id);
    return row?.claim?.by === this.desk.me;
  }

  // Taking back.

  /** @param {import("./presses.js").Press} press a finished admission */
  offerUndo(press) {
    const done = withResult(press, "done").map(idOf);
    const people = new Map(done.map((id) => [id, press.names.get(id) ?? ""]));
    this.desk.undos.offer(press.ref, people, performance.now(), this.#roster.server?.undo_s ?? 0);
  }

  /** What somebody points at or has the focus on does not run out under them. */
  reachForUndo() {
    if (this.desk.root.querySelector(".undo:hover, .undo:focus-within")) this.desk.undos.pause(performance.now());
    else this.desk.undos.resume(performance.now());
  }

  /** Sends those of the own last admission back to the lobby. */
  undo() {
    if (!this.#may) return;
    const offer = this.desk.undos.current(performance.now());
    if (!offer) return this.desk.tell(t("undo.nothing"));
    const why = this.whyNoUndo(offer);
    if (why) return this.desk.tell(t("undo.can_not", { why: t(why) }));
    this.desk.undos.forget(offer.ref);
    // The button is about to go.
    if (document.activeElement?.closest(".undo")) this.desk.focus.anew();
    this.desk.presses.dismiss(offer.ref);
    const message = { type: "send_back", people: [...offer.people.keys()], scope: /** @type {Scope} */ ("undo") };
    this.desk.presses.act("send_back", offer.people, message);
  }

  /** Why none of them can be sent back; one who can suffices, the others are reported. @param {import("./undo.js").Offer} offer */
  whyNoUndo(offer) {
    const bridges = [...offer.people.keys()].map((id) => this.#roster.bridges.get(this.#roster.people.get(id)?.bridge ?? ""));
    return bridges.every((bridge) => bridge && !bridge.can_send_back) ? "why.send_back_too_old" : null;
  }

  /** Once more for those of a press that could not be done, that somebody else handles, or who are on hold.
   * @param {import("./presses.js").Press} press @param {import("./protocol.js").Result[]} results */
  again(press, results) {
    if (!this.#may) return;
    const over = [...new Set(results.flatMap((result) => result.claim ?? []))].slice(0, CLAIM_LIMIT);
    const held = results.some((result) => result.result === "held") ? { held: true } : {};
    this.desk.presses.again(press, results.map(idOf), { over, ...held });
  }
}

/** @param {{ claim: import("./protocol.js").Claim }[]} handled */
const overs = (handled) => [...new Set(handled.map((each) => each.claim.id))].slice(0, CLAIM_LIMIT);
