// Questions to moderators before an action: its targets, other moderators' claims, and its effects.

import { number, t } from "../lib/i18n.js";
import { meetingNameOf, nameOf } from "../lib/names.js";
import { bytes } from "../lib/text.js";
import { clockTimes, duration } from "../lib/time.js";
import { traitsOf } from "../net/person_actions.js";
import { LABEL_BYTES, TEXT_LENGTH } from "../net/protocol.js";
import { longest, MEETINGS, meetingsOf, NAMED } from "../state/group.js";
import { consequences } from "../state/lock_effects.js";
import { html, nothing } from "../vendor/lit.js";
import { icon } from "./icons.js";

/**
 * @typedef {{
 *   clock: import("../lib/time.js").Clock,
 *   roster: import("../state/roster.js").Roster,
 *   screen: import("../state/screen.js").Screen,
 * }} Parts
 */

/**
 * @typedef {import("../net/protocol.js").PersonRow} Person
 * @typedef {import("../net/protocol.js").MeetingRow} Meeting
 * @typedef {import("../net/protocol.js").Claim} Claim
 * @typedef {import("../ui/dialogs.js").Question} Question
 * @typedef {{ person: Person, claim: Claim }[]} Handled
 */

/** The choices for a reminder, in minutes. */
const REMINDERS = [2, 5, 10, 15, 30, 60];
/** The reminder chosen at first. */
const REMINDER = 10;
/** The choices for how long a message is shown, in seconds. */
const MESSAGE_TIMES = [30, 60, 300, 900, 3600];

const times = clockTimes(document.documentElement.lang || "en");

/**
 * Asks about several participants, or about one who is claimed or on hold. Participants who leave meanwhile drop out; no others join.
 * @param {Parts} parts
 * @param {{ action: import("../net/person_actions.js").PlainAction, people: Person[], handled: Handled, held: Person[], rest: Person[],
 *   hidden: number, act: (still: Person[]) => void, actOnRest: (still: Person[]) => void }} what
 * @returns {Question}
 */
export function sureQuestion(parts, { action, people, handled, held, rest, hidden, act, actOnRest }) {
  const only = people.length === 1 ? people[0] : undefined;
  const claimedOrHeld = handled.length + held.length > 0;
  const traits = traitsOf(action);
  const still = (/** @type {Person[]} */ of) => stillThere(parts, action, of);
  const confirm = () => {
    if (only) return claimedOrHeld ? t(`anyway.${action}`) : t(`do.${action}`);
    return t(`do_n.${action}`, { n: still(people).length });
  };
  return {
    title: () => (only ? t(`ask.${action}`, { name: nameOf(only) }) : titleOf(action, still(people))),
    body: () => html`${handledLines(handled, people)} ${heldLines(held, people)}
      ${only && !claimedOrHeld ? personLine(parts, only) : nothing}
      ${only ? nothing : groupDetails(parts, still(people))} ${gone(parts, people, still(people))}
      ${hidden > 0 ? html`<p class="quiet">${t("ask.hidden_stay_n", { n: hidden })}</p>` : nothing}
      ${traits.explained ? html`<p>${t(`ask_why.${action}`)}</p>` : nothing}`,
    confirm,
    danger: traits.grave === true,
    plain: traits.plain === true && !claimedOrHeld,
    valid: () => only !== undefined || still(people).length > 0,
    act: () => act(only ? people : still(people)),
    other:
      claimedOrHeld && rest.length > 0
        ? { label: t("ask.only_others", { n: rest.length }), act: () => actOnRest(still(rest)) }
        : null,
  };
}

/**
 * Asks whether to undo the user's last admissions.
 * @param {Parts} parts @param {{ people: Map<string, string>, rows: Person[], act: () => void }} what `rows`: those of them who are there
 * @returns {Question}
 */
export function undoQuestion(parts, { people, rows, act }) {
  return {
    title: titleOf("undo", rows, people.size),
    body: () => html`${groupDetails(parts, rows)}<p>${t("ask_why.undo")}</p>`,
    confirm: t("do_n.send_back", { n: people.size }),
    plain: true,
    undo: true,
    act,
  };
}

/** The question's participants for whom the action is still possible; all of them without a connection.
 * @param {Parts} parts @param {import("../state/permissions.js").PersonAction} action @param {Person[]} people */
function stillThere(parts, action, people) {
  if (!parts.screen.live) return people;
  return people
    .flatMap((person) => parts.roster.people.get(person.id) ?? [])
    .filter((person) => parts.screen.whyNot(action, person) === null);
}

/** @param {string} action @param {Person[]} people @param {number} [n] */
function titleOf(action, people, n = people.length) {
  const meetings = meetingsOf(people).size;
  return meetings > 1 ? t(`ask_across_n.${action}`, { n, meetings }) : t(`ask_n.${action}`, { n });
}

/** Several participants: their meetings, and those who wait longest. @param {Parts} parts @param {Person[]} people */
function groupDetails(parts, people) {
  const [meetings, { named, more }] = [[...meetingsOf(people)], longest(people)];
  const nameOfMeeting = (/** @type {string} */ id) => meetingNameOf(parts.roster.meetings.get(id));
  const others = meetings.slice(MEETINGS);
  return html`${
    meetings.length > 1
      ? html`<ul class="target-meetings" aria-label=${t("ask.meetings")}>
          ${meetings.slice(0, MEETINGS).map(
            ([id, n]) => html`<li><bdi>${nameOfMeeting(id)}</bdi> <span
            class="number">${number(n)}</span></li>`,
          )}
          ${others.length > 0 ? html`<li class="quiet">${t("and_more_meetings_n", { n: others.length })}</li>` : nothing}</ul>`
      : nothing
  }
    <ul class="target-list" aria-label=${t("ask.longest")}>
      ${named.map((person) => html`<li>${waitOf(parts, person)}${personLine(parts, person)}</li>`)}
      ${more > 0 ? html`<li class="quiet">${t("and_more_n", { n: more })}</li>` : nothing}</ul>`;
}

/** @param {Parts} parts @param {Person} person */
const waitOf = (parts, person) =>
  person.waiting_since === null
    ? nothing
    : html`<time class="number">${duration(Math.max(0, parts.clock.now() - person.waiting_since))}</time> `;

/** Names the participants who have dropped out. @param {Parts} parts @param {Person[]} people @param {Person[]} still */
function gone(parts, people, still) {
  if (!parts.screen.live) return warning(t("why.not_connected"));
  const left = people.length > 1 ? people.filter((person) => !still.some((each) => each.id === person.id)) : [];
  if (left.length === 0) return nothing;
  const names = left.slice(0, NAMED).map(nameOf).join(t("list_comma"));
  return html`<p class="warning"
      role="status">${icon("note")}<span>${t(left.length > NAMED ? "ask.gone_more_n" : "ask.gone_n", {
        n: left.length,
        names,
        more: left.length - NAMED,
      })}</span></p>`;
}

/**
 * @param {Parts} parts
 * @param {{ people: Person[], handled: Handled, act: (reason: string, remind_s: number | null) => void, end: () => void }} what
 * @returns {Question}
 */
export function holdQuestion(parts, { people, handled, act, end }) {
  const only = people.length === 1 ? people[0] : undefined;
  const now = parts.clock.now();
  // A future reminder is kept unless the user sets another one.
  const set = (only?.hold?.remind_at ?? 0) > now ? (only?.hold?.remind_at ?? 0) : 0;
  const remaining = () => Math.max(1, Math.round((set - parts.clock.now()) / 1000));
  return {
    title: only ? t("hold.title", { name: nameOf(only) }) : t("hold.title_n", { n: people.length }),
    body: () => html`${handledLines(handled, people)} ${only ? nothing : groupDetails(parts, people)}
      <div class="field"><label for="hold-reason">${t("hold.reason")}</label>
        <input id="hold-reason" name="reason" type="text" autocomplete="off" dir="auto" maxlength=${TEXT_LENGTH}
          value=${only?.hold?.reason ?? ""} autofocus /></div>
      <div class="field"><label for="hold-remind">${t("hold.remind")}</label>
        <select id="hold-remind" name="remind">
          ${set > 0 ? html`<option value="as_set" selected>${t("hold.remind_as_set", { at: times.short(set) })}</option>` : nothing}
          ${REMINDERS.map(
            (n) =>
              html`<option value=${n * 60}
                ?selected=${set === 0 && n === REMINDER}>${t("hold.remind_in", { n, at: times.short(now + n * 60_000) })}</option>`,
          )}
        </select></div>`,
    confirm: t("do.hold"),
    act: (fields) => act(textOf(fields, "reason"), fields.get("remind") === "as_set" ? remaining() : numberOf(fields, "remind")),
    other: people.every((person) => person.hold) ? { label: t("do.unhold"), act: end } : null,
  };
}

/** @param {{ person: Person, handled: Handled, act: (label: string) => void }} what @returns {Question} */
export function renameQuestion({ person, handled, act }) {
  return {
    title: t("rename.title", { name: nameOf(person) }),
    typed: person.label ?? "",
    valid: (typed) => bytes(typed.trim()) <= LABEL_BYTES,
    body: (typed) => html`${handledLines(handled, [person])}
      <div class="field"><label for="rename-label">${t("rename.label")}</label>
        <input id="rename-label" name="label" type="text" autocomplete="off" dir="auto" value=${person.label ?? ""}
          aria-describedby="rename-count rename-why" data-typed autofocus />
        ${counter("rename-count", "rename.bytes", bytes(typed.trim()), LABEL_BYTES)}</div>
      <p class="quiet" id="rename-why">${t("rename.why")}</p>`,
    confirm: t("do.rename"),
    act: (fields) => act(textOf(fields, "label")),
    other: person.label ? { label: t("rename.own_name"), act: () => act("") } : null,
  };
}

/**
 * @param {{ meeting: Meeting, claim: Claim | null, act: (fields: object) => void }} what
 * @returns {Question}
 */
export function messageQuestion({ meeting, claim, act }) {
  const old = meeting.message;
  return {
    title: t("message.title", { meeting: meetingNameOf(meeting) }),
    typed: old?.text ?? "",
    valid: (typed) => typed.trim() !== "",
    body: (typed) => html`${handler(claim)}
      <div class="field"><label for="message-text">${t("message.text")}</label>
        <textarea id="message-text" name="text" rows="2" dir="auto" maxlength=${TEXT_LENGTH}
          aria-describedby="message-count message-why" data-typed .defaultValue=${old?.text ?? ""} autofocus></textarea>
        ${counter("message-count", "message.letters", typed.length, TEXT_LENGTH)}</div>
      <div class="field"><label for="message-seconds">${t("message.stands")}</label>
        <select id="message-seconds" name="seconds">
          ${MESSAGE_TIMES.map(
            (s) =>
              html`<option value=${s}
                ?selected=${s === 300}>${s < 60 ? t("message.for_s", { n: s }) : t("message.for_min", { n: s / 60 })}</option>`,
          )}
          <option value="">${t("message.for_ever")}</option>
        </select></div>
      <p class="quiet" id="message-why">${t("message.why")}</p>`,
    confirm: t("do.message"),
    act: (fields) => act({ text: textOf(fields, "text"), seconds: numberOf(fields, "seconds") }),
    other: old ? { label: t("do.unmessage"), act: () => act({ text: "", seconds: null }) } : null,
  };
}

/**
 * @param {Parts} parts
 * @param {{ action: "lock" | "unlock" | "unmessage", meeting: Meeting, claim: Claim | null, act: (fields: object) => void }} what
 * @returns {Question}
 */
export function lockQuestion(parts, { action, meeting, claim, act }) {
  const on = action === "lock";
  const held = parts.roster.lobby(meeting.id).filter((person) => person.hold !== null).length;
  const lines = action === "unmessage" ? [] : consequences(meeting, on, held);
  return {
    title: t(`ask.${action}`, { name: meetingNameOf(meeting) }),
    body: () => html`${handler(claim)} <ul class="lines">${lines.map(({ key, args }) => html`<li>${t(key, args)}</li>`)}</ul>
      ${action === "unlock" ? letIn(parts, meeting) : nothing}`,
    plain: !claim,
    confirm: claim ? t(`anyway.${action}`) : t(`do.${action}`),
    act: () => act(action === "unmessage" ? { text: "", seconds: null } : { on }),
  };
}

/** Lists the participants that an unlock lets in or may let in, even if a filter hides them. @param {Parts} parts
 * @param {Meeting} meeting */
function letIn(parts, meeting) {
  const [people, hidden] = [parts.roster.lobby(meeting.id), parts.screen.hiddenOf(meeting.id)];
  if (people.length === 0) return nothing;
  return html`${groupDetails(parts, people)}${
    hidden > 0 ? html`<p class="warning">${icon("note")}<span>${t("unlock.hidden_too_n", { n: hidden })}</span></p>` : nothing
  }`;
}

/** @param {string} text */
const warning = (text) => html`<p class="warning">${icon("hand")}<span>${text}</span></p>`;

/** @param {Claim | null} claim */
const handler = (claim) => (claim ? warning(t("claim.by_meeting", { by: claim.by })) : nothing);

/** Names the other moderators who handle the targets. @param {Handled} handled @param {Person[]} people */
function handledLines(handled, people) {
  const [first] = handled;
  if (!first) return nothing;
  if (people.length === 1) return warning(t("claim.handles", { by: first.claim.by, name: nameOf(first.person) }));
  const by = [...new Set(handled.map((each) => each.claim.by))].join(t("list_comma"));
  return warning(t("claim.handle_n", { n: handled.length, all: people.length, by }));
}

/** @param {Person[]} held @param {Person[]} people */
function heldLines(held, people) {
  const [first] = held;
  if (!first?.hold) return nothing;
  if (people.length > 1) return warning(t("hold.some_n", { n: held.length, all: people.length }));
  const { by, reason } = first.hold;
  return warning(t(reason ? "hold.said_why" : "hold.said", { name: nameOf(first), by, reason }));
}

/** One participant, distinguished from namesakes. @param {Parts} parts @param {Person} person */
const personLine = (parts, person) => html`<p class="target"><bdi class="strong">${nameOf(person)}</bdi>
  <bdi>${person.address}</bdi><bdi class="quiet">${meetingNameOf(parts.roster.meetings.get(person.meeting))}</bdi></p>`;

/** @param {string} id @param {"rename.bytes" | "message.letters"} key @param {number} n @param {number} most */
const counter = (id, key, n, most) =>
  html`<span class=${n > most ? "quiet grave" : "quiet"} id=${id}>${n > most ? icon("warning") : nothing}${t(key, { n, most })}</span>`;

/** A field's text as one line: pasted text may have tabs, and typed text line breaks. @param {FormData} fields @param {string} name */
const textOf = (fields, name) =>
  String(fields.get(name) ?? "")
    .replace(/\p{Cc}+/gu, " ")
    .trim();

/** @param {FormData} fields @param {string} name */
const numberOf = (fields, name) => Number(fields.get(name)) || null;
