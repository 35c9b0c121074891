// Moderators' actions: asks first where another moderator handles a target or the action can't be undone, then sends the request. Draws
// nothing.

import { t } from "../lib/i18n.js";
import { nameOf, namesOf } from "../lib/names.js";
import { idOf } from "../net/action_requests.js";
import { CLAIM_LIMIT, PEOPLE_LIMIT } from "../net/protocol.js";
import { claimOf, handledByOthers, takeable } from "../state/claims.js";
import { needsConfirmation } from "../state/group.js";
import { byWait } from "../state/roster.js";
import { holdQuestion, lockQuestion, messageQuestion, renameQuestion, sureQuestion } from "../views/questions.js";

/**
 * @typedef {import("../net/protocol.js").PersonRow} Person
 * @typedef {import("../net/protocol.js").MeetingRow} Meeting
 * @typedef {import("../net/protocol.js").Scope} Scope
 * @typedef {import("../state/permissions.js").PersonAction} PersonAction
 * @typedef {import("../state/permissions.js").MeetingAction} MeetingAction
 * @typedef {import("../state/claims.js").ClaimKind} ClaimKind
 */

/** Actions that need a confirmation for any target: they interrupt a participant. @type {ReadonlySet<PersonAction>} */
const ASKED = new Set(["send_back", "remove"]);

/** How long "take next" may go without an answer before a key means the row with the focus again, in ms. */
const LONGEST_TAKING = 3000;

/** The protocol's message for each action, without the targets. @type {Record<Exclude<PersonAction, "rename">, object>} */
const MESSAGES = {
  admit: { type: "admit" },
  send_back: { type: "send_back" },
  remove: { type: "remove" },
  mute: { type: "mute", on: true },
  unmute: { type: "mute", on: false },
  hold: { type: "hold", on: true },
  unhold: { type: "hold", on: false, reason: "", remind_s: null },
};

export class Moderation {
  /** @param {import("../desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    /** "Take next" has no answer yet; `admit`: admit the participant that it brings. @type {{ admit: boolean, until: number } | null} */
    this.taking = null;
  }

  get #roster() {
    return this.desk.roster;
  }

  /** Whether the page can send any request now. */
  get #may() {
    return this.desk.screen.acts && this.desk.screen.live && !this.desk.connection.isDoubtful;
  }

  // People.

  /**
   * Sends an action for exactly the participants shown. Asks first where they are many or of several meetings, where another user handles
   * one of them, where one is on hold, or where it can't be undone; later arrivals do not join.
   * @param {Exclude<PersonAction, "rename" | "hold">} action @param {Person[]} shown @param {Scope} scope
   * @param {{ ask?: boolean, place?: string, hidden?: number }} [how] `ask`: in any case; `place`: of the button; `hidden`: how many more wait
   *   there whom the search or a filter hides
   */
  request(action, shown, scope, { ask = ASKED.has(action), place = "", hidden = 0 } = {}) {
    // A second click before the next drawing finds no target left.
    const people = shown.filter((person) => !this.desk.actionRequests.awaits(person.id));
    if (people.length === 0 || !this.#may || this.#isInert(place)) return;
    const handled = handledByOthers(people, this.#roster.meetings, this.desk.me);
    const held = action === "admit" ? people.filter((person) => person.hold !== null) : [];
    const many = needsConfirmation(people, this.#roster.server?.ask_above) || (action === "unmute" && people.length > 1);
    // The end of a hold has no scope in the protocol.
    const how = action === "unhold" ? {} : { scope };
    const told = { ...how, over: overs(handled), ...(held.length > 0 ? { held: true } : {}) };
    if (handled.length + held.length === 0 && !ask && !many) return this.#send(action, people, how, place);
    const careful = new Set([...handled.map((each) => each.person), ...held]);
    const rest = people.filter((person) => !careful.has(person));
    const act = (/** @type {Person[]} */ still) => this.#send(action, still, told, place);
    const actOnRest = (/** @type {Person[]} */ still) => this.#send(action, still, how, place);
    this.desk.dialogs.ask(sureQuestion(this.desk, { action, people, handled, held, rest, hidden, act, actOnRest }));
  }

  /** Whether a button's request is under way or has only just ended. @param {string} place */
  #isInert(place) {
    return this.desk.actionRequests.atPlace(place) !== undefined || this.desk.pressGuard.rests(place);
  }

  /** @param {Person[]} people @param {Scope} scope @param {string} [place] */
  admit(people, scope, place = "") {
    this.request("admit", people, scope, { place });
  }

  /** Admits all who wait in a meeting, by a key. @param {string} meeting */
  admitMeeting(meeting) {
    const people = this.desk.screen.admissibleOf(meeting);
    if (people.length === 0) return this.desk.tell(t("why.nobody_to_admit"));
    const hidden = this.desk.screen.hiddenOf(meeting);
    this.request("admit", people, hidden > 0 ? "shown" : "meeting", { ask: true, hidden });
  }

  /** Puts participants on hold, with a reason and a reminder. @param {Person[]} people */
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
      this.desk.actionRequests.start("rename", namesOf([person]), {
        type: "rename",
        person: person.id,
        label,
        over: overs(handled),
      });
    };
    this.desk.dialogs.ask(renameQuestion({ person, handled, act }));
  }

  /** @param {Exclude<PersonAction, "rename">} action @param {Person[]} people @param {object} more @param {string} [place] */
  #send(action, people, more, place) {
    for (let from = 0; from < people.length; from += PEOPLE_LIMIT) {
      const some = people.slice(from, from + PEOPLE_LIMIT);
      const ids = some.map((person) => person.id);
      const message = /** @type {import("../net/action_requests.js").Message} */ ({ ...MESSAGES[action], people: ids, ...more });
      this.desk.actionRequests.start(action, namesOf(some), message, place);
    }
    this.desk.selection.all(
      people.map((person) => person.id),
      false,
    );
    this.desk.changed();
  }

  // Meetings.

  /** @param {MeetingAction} action @param {Meeting} meeting */
  onMeeting(action, meeting) {
    if (!this.#may) return;
    const claim = meeting.claim && meeting.claim.by !== this.desk.me ? meeting.claim : null;
    const names = new Map([[meeting.id, this.desk.nameOf(meeting)]]);
    const act = (/** @type {object} */ fields) => {
      const message = {
        type: action.endsWith("lock") ? "lock" : "message",
        meeting: meeting.id,
        ...fields,
        over: claim ? [claim.id] : [],
      };
      this.desk.actionRequests.start(action, names, message);
    };
    if (action === "message") return this.desk.dialogs.ask(messageQuestion(this.desk, { meeting, claim, act }));
    if (action === "unmessage" && !claim) return act({ text: "", seconds: null });
    this.desk.dialogs.ask(lockQuestion(this.desk, { action, meeting, claim, act }));
  }

  // Claims.

  /** By key: claims, or gives the own claim back. @param {ClaimKind} kind @param {string} id */
  toggleClaim(kind, id) {
    if (!this.#may) return;
    const { claims } = this.desk;
    if (this.isMine(kind, id)) this.#giveBack(kind, id);
    else if (claims.has(kind, id)) claims.keep(kind);
    else this.desk.claims.claim(kind, [id], "key", (result) => this.#claimed(kind, result));
  }

  /** An open menu claims its target, as long as nobody else has. @param {ClaimKind} kind @param {string} id */
  claimByMenu(kind, id) {
    const person = kind === "person" ? this.#roster.people.get(id) : undefined;
    const claim = person ? claimOf(person, this.#roster.meetings) : this.#roster.meetings.get(id)?.claim;
    if (!claim && this.desk.screen.live) this.desk.claims.claim(kind, [id], "menu", () => this.desk.changed());
  }

  /** Whether it is one's own for longer than a menu stands open. @param {ClaimKind} kind @param {string} id */
  isMine(kind, id) {
    const { claims } = this.desk;
    return claims.has(kind, id) ? claims.own.get(kind)?.by === "key" : this.#says(kind, id);
  }

  /** Taken by this page, or by another one of the same user. @param {ClaimKind} kind @param {string} id */
  #giveBack(kind, id) {
    if (this.desk.claims.has(kind, id)) this.desk.claims.release(kind);
    else this.desk.claims.releaseElsewhere(id);
    this.desk.changed();
  }

  /** Claims the participant with the longest wait of those shown without a claim, and goes there. */
  takeNext() {
    const { screen, claims } = this.desk;
    if (!this.#may) return;
    // The user has to see the participant that is taken.
    if (this.desk.showsAdminPage) {
      this.desk.open(null);
      this.desk.draw();
    }
    const shown = screen.lobby.entries.filter((entry) => entry.gone === null).map((entry) => entry.row);
    const ids = takeable(shown.filter((person) => screen.can(person)).sort(byWait), this.#roster.meetings);
    if (ids.length === 0) return this.desk.tell(t(shown.length === 0 ? "next.nobody_waits" : "next.nobody_left"));
    this.taking = { admit: false, until: performance.now() + LONGEST_TAKING };
    claims.claim("person", ids, "key", (result) => {
      const admits = this.taking?.admit === true;
      this.taking = null;
      if (result.result === "done" && result.person) {
        this.desk.focus.goTo(screen.lobby, result.person);
        if (admits) this.desk.shortcuts.admit(result.person);
      } else this.desk.tell(t(result.result === "refused" ? "failed_busy" : "next.nobody_left"));
    });
  }

  /** The key "admit" is meant for the participant that "take next" brings, not for the one with the focus until then. @returns {boolean} whether it is under way */
  admitTaken() {
    if (!this.taking || performance.now() > this.taking.until) return false;
    this.taking.admit = true;
    return true;
  }

  /** @param {ClaimKind} kind @param {import("../net/protocol.js").Result} result */
  #claimed(kind, result) {
    const row = kind === "person" ? this.#roster.people.get(result.person ?? "") : this.#roster.meetings.get(result.meeting ?? "");
    const name = row?.kind === "meeting" ? this.desk.nameOf(row) : row ? nameOf(row) : "";
    if (result.result === "claimed") this.desk.tell(t("claim.taken", { by: result.by ?? "?", name }));
    else if (result.result === "done") this.desk.announcer.announce(t("claim.done", { name }));
    else this.desk.tell(t(result.result === "refused" ? "failed_busy" : "why.left"));
    this.desk.changed();
  }

  /** The own claims, renewed and given back as the page's user goes along. */
  updateClaims() {
    const { screen, attention, shortcuts, menus, dialogs, claims } = this.desk;
    if (!screen.live) return;
    const at = { person: [shortcuts.at.person], meeting: [screen.choice.open, shortcuts.at.meeting] };
    const open = menus.open !== null || dialogs.isOpen;
    claims.update({ inputAt: attention.inputAt, open, idle: attention.idle(document.hidden), at }, (kind, id) =>
      this.#says(kind, id),
    );
  }

  /** Whether a row says that it is one's own. @param {ClaimKind} kind @param {string} id */
  #says(kind, id) {
    const row = kind === "person" ? this.#roster.people.get(id) : this.#roster.meetings.get(id);
    return row?.claim?.by === this.desk.me;
  }

  /** Sends a request again for targets that failed, that another user handles, or that are on hold.
   * @param {import("../net/action_requests.js").ActionRequest} request @param {import("../net/protocol.js").Result[]} results */
  retry(request, results) {
    if (!this.#may || results.some((result) => this.desk.actionRequests.awaits(idOf(result)))) return;
    const over = [...new Set(results.flatMap((result) => result.claim ?? []))].slice(0, CLAIM_LIMIT);
    const held = results.some((result) => result.result === "held") ? { held: true } : {};
    this.desk.actionRequests.retry(request, results.map(idOf), { over, ...held });
  }
}

/** @param {{ claim: import("../net/protocol.js").Claim }[]} handled */
const overs = (handled) => [...new Set(handled.map((each) => each.claim.id))].slice(0, CLAIM_LIMIT);
