// Moderators' actions: asks first if another moderator handles a target or the action can't be undone, then sends the request. Draws
// nothing.

import { t } from "../lib/i18n.js";
import { meetingNameOf, namesOf } from "../lib/names.js";
import { idOf } from "../net/action_requests.js";
import { traitsOf } from "../net/person_actions.js";
import { CLAIM_LIMIT, PEOPLE_LIMIT } from "../net/protocol.js";
import { handledByOthers } from "../state/claims.js";
import { needsConfirmation } from "../state/group.js";
import { holdQuestion, lockQuestion, messageQuestion, renameQuestion, sureQuestion } from "../views/questions.js";

/**
 * @typedef {import("../net/protocol.js").PersonRow} Person
 * @typedef {import("../net/protocol.js").MeetingRow} Meeting
 * @typedef {import("../net/protocol.js").Scope} Scope
 * @typedef {import("../net/person_actions.js").PersonAction} PersonAction
 * @typedef {import("../net/person_actions.js").PlainAction} PlainAction
 * @typedef {import("../state/permissions.js").MeetingAction} MeetingAction
 */

export class Moderation {
  /**
   * @param {{
   *   screen: import("../state/screen.js").Screen,
   *   roster: import("../state/roster.js").Roster,
   *   clock: import("../lib/time.js").Clock,
   *   selection: import("../state/selection.js").Selection,
   *   actionRequests: import("../net/action_requests.js").ActionRequests,
   *   pressGuard: import("../ui/press_guard.js").PressGuard,
   *   dialogs: import("../ui/dialogs.js").Dialogs,
   *   notice: import("../ui/notice.js").Notice,
   *   changed: () => void
   * }} parts
   */
  constructor({ screen, roster, clock, selection, actionRequests, pressGuard, dialogs, notice, changed }) {
    this.screen = screen;
    this.roster = roster;
    this.clock = clock;
    this.selection = selection;
    this.actionRequests = actionRequests;
    this.pressGuard = pressGuard;
    this.dialogs = dialogs;
    this.notice = notice;
    this.changed = changed;
  }

  /** Whether the page can send any request now. */
  get #canSend() {
    return this.screen.acts && this.screen.live && this.actionRequests.mayAsk();
  }

  // People.

  /**
   * Sends an action for exactly the participants shown; later arrivals do not join. Asks first if they are many or in several meetings,
   * if another user handles one of them, if one is on hold, or if the action can't be undone.
   * @param {PlainAction} action @param {Person[]} shown @param {Scope} scope
   * @param {{ ask?: boolean, place?: string, hidden?: number }} [how] `ask`: ask in any case; `place`: of the button; `hidden`: how
   *   many more wait there but are hidden by the search or a filter
   */
  request(action, shown, scope, { ask = traitsOf(action).grave, place = "", hidden = 0 } = {}) {
    // A second click before the next drawing finds no target left.
    const people = shown.filter((person) => !this.actionRequests.awaits(person.id));
    if (people.length === 0 || !this.#canSend || this.#isInert(place)) return;
    const handled = handledByOthers(people, this.roster.meetings, this.screen.me);
    const held = action === "admit" ? people.filter((person) => person.hold !== null) : [];
    const many = needsConfirmation(people, this.roster.server?.ask_above) || (traitsOf(action).askMany && people.length > 1);
    // In the protocol, `unhold` has no scope.
    const how = action === "unhold" ? {} : { scope };
    const overriding = { ...how, over: overridden(handled), ...(held.length > 0 ? { held: true } : {}) };
    if (handled.length + held.length === 0 && !ask && !many) return this.#send(action, people, how, place);
    const claimedOrHeld = new Set([...handled.map((each) => each.person), ...held]);
    const rest = people.filter((person) => !claimedOrHeld.has(person));
    const act = (/** @type {Person[]} */ still) => this.#send(action, still, overriding, place);
    const actOnRest = (/** @type {Person[]} */ still) => this.#send(action, still, how, place);
    this.dialogs.ask(sureQuestion(this, { action, people, handled, held, rest, hidden, act, actOnRest }));
  }

  /** Whether a button's request is under way or has only just ended. @param {string} place */
  #isInert(place) {
    return this.actionRequests.atPlace(place) !== undefined || this.pressGuard.rests(place);
  }

  /** @param {Person[]} people @param {Scope} scope @param {string} [place] */
  admit(people, scope, place = "") {
    this.request("admit", people, scope, { place });
  }

  /** For the key: admits all who wait in a meeting. @param {string} meeting */
  admitMeeting(meeting) {
    const people = this.screen.admissibleOf(meeting);
    if (people.length === 0) return this.notice.say(t("why.nobody_to_admit"));
    const hidden = this.screen.hiddenOf(meeting);
    this.request("admit", people, hidden > 0 ? "shown" : "meeting", { ask: true, hidden });
  }

  /** Puts participants on hold, with a reason and a reminder. @param {Person[]} people */
  hold(people) {
    if (people.length === 0 || !this.#canSend) return;
    const handled = handledByOthers(people, this.roster.meetings, this.screen.me);
    const act = (/** @type {string} */ reason, /** @type {number | null} */ remind_s) =>
      this.#send("hold", people, { reason, remind_s, over: overridden(handled) });
    const end = () => this.#send("unhold", people, { over: overridden(handled) });
    this.dialogs.ask(holdQuestion(this, { people, handled, act, end }));
  }

  /** Changes the name that the meeting shows for a participant. @param {Person} person */
  rename(person) {
    if (!this.#canSend) return;
    const handled = handledByOthers([person], this.roster.meetings, this.screen.me);
    const act = (/** @type {string} */ label) => {
      this.actionRequests.start("rename", namesOf([person]), {
        type: "rename",
        person: person.id,
        label,
        over: overridden(handled),
      });
    };
    this.dialogs.ask(renameQuestion({ person, handled, act }));
  }

  /** @param {Exclude<PersonAction, "rename">} action @param {Person[]} people @param {object} more @param {string} [place] */
  #send(action, people, more, place) {
    for (let from = 0; from < people.length; from += PEOPLE_LIMIT) {
      const some = people.slice(from, from + PEOPLE_LIMIT);
      const ids = some.map((person) => person.id);
      const message = /** @type {import("../net/action_requests.js").Message} */ ({
        ...traitsOf(action).message,
        people: ids,
        ...more,
      });
      this.actionRequests.start(action, namesOf(some), message, place);
    }
    this.selection.all(
      people.map((person) => person.id),
      false,
    );
    this.changed();
  }

  // Meetings.

  /** @param {MeetingAction} action @param {Meeting} meeting */
  requestForMeeting(action, meeting) {
    if (!this.#canSend) return;
    const claim = meeting.claim && meeting.claim.by !== this.screen.me ? meeting.claim : null;
    const names = new Map([[meeting.id, meetingNameOf(meeting)]]);
    const act = (/** @type {object} */ fields) => {
      const message = {
        type: action.endsWith("lock") ? "lock" : "message",
        meeting: meeting.id,
        ...fields,
        over: claim ? [claim.id] : [],
      };
      this.actionRequests.start(action, names, message);
    };
    if (action === "message") return this.dialogs.ask(messageQuestion({ meeting, claim, act }));
    if (action === "unmessage" && !claim) return act({ text: "", seconds: null });
    this.dialogs.ask(lockQuestion(this, { action, meeting, claim, act }));
  }

  /** Sends a request again for targets that failed, that another user handles or that are on hold.
   * @param {import("../net/action_requests.js").ActionRequest} request @param {import("../net/protocol.js").Result[]} results */
  retry(request, results) {
    if (!this.#canSend || results.some((result) => this.actionRequests.awaits(idOf(result)))) return;
    const over = [...new Set(results.flatMap((result) => result.claim ?? []))].slice(0, CLAIM_LIMIT);
    const held = results.some((result) => result.result === "held") ? { held: true } : {};
    this.actionRequests.retry(request, results.map(idOf), { over, ...held });
  }
}

/** @param {{ claim: import("../net/protocol.js").Claim }[]} handled */
const overridden = (handled) => [...new Set(handled.map((each) => each.claim.id))].slice(0, CLAIM_LIMIT);
