// The menu of a participant, a meeting or the selection. An action that makes no sense for it ("Unmute 0") is left out; one that is only not
// possible now says why. Which entries there are is decided when the menu opens, so that none moves under the pointer.

import { t } from "../lib/i18n.js";
import { meetingNameOf, nameOf } from "../lib/names.js";
import { html, nothing } from "../vendor/lit.js";
import { icon } from "./icons.js";

/**
 * @typedef {{
 *   claiming: import("../actions/claiming.js").Claiming,
 *   menus: import("../ui/menus.js").Menus,
 *   moderation: import("../actions/moderation.js").Moderation,
 *   navigation: import("../ui/navigation.js").Navigation,
 *   roster: import("../state/roster.js").Roster,
 *   screen: import("../state/screen.js").Screen,
 *   selection: import("../state/selection.js").Selection,
 * }} Parts
 */

/**
 * @typedef {import("../net/protocol.js").PersonRow} Person
 * @typedef {import("../net/protocol.js").MeetingRow} Meeting
 * @typedef {{ name: string, label: string, why?: string | null, pointless?: boolean, shortcut?: string, danger?: boolean,
 *   act: () => void }} Entry
 *   `why`: a catalogue key, if the entry can't be chosen; `pointless`: it makes no sense, whatever else changes
 */

/** Reasons for which an action of a participant makes no sense. */
const POINTLESS = ["why.is_waiting", "why.is_in"];

/** @param {Parts} parts */
export function menu(parts) {
  const { open } = parts.menus;
  if (!open) return nothing;
  const { title, entries } = entriesOf(parts, open.kind, open.id);
  open.absent ??= new Set(entries.flatMap(({ name, why, pointless }) => (pointless || isPointless(why) ? name : [])));
  const { absent } = open;
  return html`<div class="menu-layer" @click=${(/** @type {Event} */ event) => event.target === event.currentTarget && parts.menus.close()}
    @contextmenu=${(/** @type {Event} */ event) => event.preventDefault()}>
    <div class="actions" role="menu" aria-label=${title.label}>
      <p class="title" aria-hidden="true">${title.name}${title.more ? html`<span class="quiet">${title.more}</span>` : nothing}</p>
      ${entries.filter(({ name }) => !absent.has(name)).map((each) => entry(parts, each))}
    </div>
  </div>`;
}

/** A menu's title and entries. @param {Parts} parts @param {import("../ui/menus.js").MenuKind} kind @param {string} id */
export const entriesOf = (parts, kind, id) => ({ person: ofPerson, meeting: ofMeeting, selection: ofSelection })[kind](parts, id);

/** @param {string | null} [why] */
const isPointless = (why) => POINTLESS.includes(why ?? "");

/** @param {Parts} parts @param {Entry} what */
const entry = (
  parts,
  { name, label, why = null, shortcut, danger = false, act },
) => html`<button class=${danger ? "entry grave" : "entry"} type="button"
  role="menuitem" tabindex="-1" data-entry=${name} aria-disabled=${why === null ? nothing : "true"}
    aria-describedby=${why === null ? nothing : `why-${name}`}
  @click=${() => why === null && parts.menus.choose(act)}><span class="label">${label}</span>${
    shortcut ? html`<kbd aria-hidden="true">${shortcut}</kbd>` : nothing
  }${why === null ? nothing : html`<span class="why" id="why-${name}" aria-hidden="true">${t(why)}</span>`}</button>`;

/** @param {Parts} parts @param {string} id */
function ofPerson(parts, id) {
  const { moderation, claiming, screen, roster } = parts;
  const person = roster.people.get(id);
  const row = person ?? screen.lastKnown(id);
  const claim = row ? screen.handling(row) : null;
  const other = claim && claim.by !== parts.screen.me ? claim : null;
  const name = row ? nameOf(row) : "";
  const why = (/** @type {import("../state/permissions.js").PersonAction} */ action) => screen.whyNot(action, person);
  const request = (/** @type {import("../net/person_actions.js").PlainAction} */ action) => () =>
    person && moderation.request(action, [person], "person");
  const mine = claiming.isMine("person", id);
  const mute = person?.muted ? "unmute" : "mute";
  /** @type {Entry[]} */
  const entries = [
    { name: "admit", label: t("menu.admit"), why: why("admit"), shortcut: "a", act: request("admit") },
    { name: "send_back", label: t("menu.send_back"), why: why("send_back"), act: request("send_back") },
    {
      name: "hold",
      label: t(person?.hold ? "menu.held" : "menu.hold"),
      why: person?.hold ? null : why("hold"),
      shortcut: "h",
      act: () => person && moderation.hold([person]),
    },
    {
      name: "claim",
      label: t(mine ? "menu.release" : "menu.claim"),
      why: mine ? null : screen.whyNoClaim(person, other),
      shortcut: "c",
      act: () => claiming.toggleClaim("person", id),
    },
    { name: mute, label: t(`menu.${mute}`), why: why(mute), act: request(mute) },
    { name: "rename", label: t("menu.rename"), why: why("rename"), act: () => person && moderation.rename(person) },
    {
      name: "open",
      label: t("open_meeting"),
      why: row ? null : "why.ended",
      shortcut: "Enter",
      act: () => row && parts.navigation.open(row.meeting),
    },
    { name: "remove", label: t("menu.remove"), why: why("remove"), danger: true, act: request("remove") },
  ];
  const more = other ? handling(other.by) : "";
  return { title: { label: labelOf(name, other), name: html`<bdi>${name}</bdi>`, more }, entries };
}

/** @param {Parts} parts @param {string} id */
function ofMeeting(parts, id) {
  const { moderation, claiming, screen, roster } = parts;
  const meeting = roster.meetings.get(id);
  const name = meetingNameOf(meeting);
  const mine = claiming.isMine("meeting", id);
  const other = meeting?.claim && meeting.claim.by !== parts.screen.me ? meeting.claim : null;
  const [admissible, heard, muted] = [screen.admissibleOf(id), screen.mutable(id, "mute"), screen.mutable(id, "unmute")];
  // With those for whom it is not possible now, so that the entry says why.
  const waiting = screen.waitingIn(id);
  const [unmuted, silent] = [screen.inCallOf(id, { muted: false }), screen.inCallOf(id, { muted: true })];
  const [hidden, mutes] = [screen.hiddenOf(id), screen.searching ? "menu.mute_shown_n" : "menu.mute_n"];
  const unmutes = screen.searching ? "menu.unmute_shown_n" : "menu.unmute_n";
  const why = (/** @type {import("../state/permissions.js").MeetingAction} */ action) => screen.whyNotMeeting(action, meeting);
  const on = (/** @type {import("../state/permissions.js").MeetingAction} */ action) => () =>
    meeting && moderation.requestForMeeting(action, meeting);
  const nobody = (/** @type {Person[]} */ people, /** @type {string} */ word) =>
    meeting ? reasonFor(parts, people, word) : "why.ended";
  /** @type {Entry[]} */
  const entries = [
    {
      name: "admit",
      label: t(hidden > 0 ? "menu.admit_shown_n" : "menu.admit_n", { n: admissible.length || waiting.length }),
      why: nobody(admissible, "why.nobody_to_admit"),
      pointless: waiting.length === 0,
      shortcut: "Shift+E",
      act: () => moderation.request("admit", admissible, hidden > 0 ? "shown" : "meeting", { hidden }),
    },
    {
      name: "claim",
      label: t(mine ? "menu.release" : "menu.claim_meeting"),
      why: mine ? null : screen.whyNoClaim(meeting, other),
      shortcut: "c",
      act: () => claiming.toggleClaim("meeting", id),
    },
    {
      name: "lock",
      label: t("menu.lock"),
      why: meeting?.locked === true ? "why.is_locked" : why("lock"),
      pointless: meeting?.locked === true,
      act: on("lock"),
    },
    {
      name: "unlock",
      label: t("menu.unlock"),
      why: meeting?.locked === false ? "why.is_unlocked" : why("unlock"),
      pointless: meeting?.locked === false,
      act: on("unlock"),
    },
    {
      name: "mute",
      label: t(mutes, { n: heard.length || unmuted.length }),
      why: nobody(heard, "why.nobody_to_mute"),
      pointless: unmuted.length === 0,
      act: () => moderation.request("mute", heard, "meeting"),
    },
    {
      name: "unmute",
      label: t(unmutes, { n: muted.length || silent.length }),
      why: nobody(muted, "why.nobody_muted"),
      pointless: silent.length === 0,
      act: () => moderation.request("unmute", muted, "meeting"),
    },
    {
      name: "message",
      label: t(meeting?.message ? "menu.message_other" : "menu.message"),
      why: why("message"),
      act: on("message"),
    },
    {
      name: "unmessage",
      label: t("menu.unmessage"),
      why: why("unmessage"),
      pointless: !meeting?.message,
      act: on("unmessage"),
    },
  ];
  const more = other ? handling(other.by) : "";
  return { title: { label: labelOf(name, other), name: html`<bdi>${name}</bdi>`, more }, entries };
}

/** @param {Parts} parts */
function ofSelection(parts) {
  const { moderation, screen, selection, roster } = parts;
  const chosen = [...selection.ids].flatMap((id) => roster.people.get(id) ?? []).filter(screen.passes);
  const able = (/** @type {import("../state/permissions.js").PersonAction} */ action) =>
    chosen.filter((person) => !screen.whyNot(action, person));
  const [hold, held, remove] = [able("hold"), able("unhold"), able("remove")];
  const none = (/** @type {Person[]} */ people, /** @type {string} */ word) => reasonFor(parts, people, word);
  /** @type {Entry[]} */
  const entries = [
    {
      name: "hold",
      label: t("menu.hold_n", { n: hold.length }),
      why: none(hold, "why.nobody_chosen"),
      act: () => moderation.hold(hold),
    },
    {
      name: "unhold",
      label: t("menu.unhold_n", { n: held.length }),
      why: none(held, "why.nobody_held"),
      pointless: chosen.every((person) => !person.hold),
      act: () => moderation.request("unhold", held, "selection"),
    },
    {
      name: "remove",
      label: t("menu.remove_n", { n: remove.length }),
      why: none(remove, "why.nobody_chosen"),
      danger: true,
      act: () => moderation.request("remove", remove, "selection"),
    },
  ];
  const name = t("selected_n", { n: selection.size });
  return { title: { label: t("menu.selection"), name: html`${name}`, more: "" }, entries };
}

/** Why an entry for several participants can't be chosen. @param {Parts} parts @param {Person[]} people @param {string} word if none */
function reasonFor({ screen }, people, word) {
  if (!screen.live) return "why.not_connected";
  return people.length === 0 ? word : null;
}

/** @param {string} name @param {import("../net/protocol.js").Claim | null} other */
const labelOf = (name, other) => (other ? t("menu.of_handled", { name, by: other.by }) : t("menu.of", { name }));

/** @param {string} by */
const handling = (by) => html`${icon("hand")}${t("claim.by", { by })}`;

/**
 * The button that opens a menu.
 * @param {Parts} parts @param {import("../ui/menus.js").MenuKind} kind @param {string} id
 * @param {{ label: string, rove?: boolean, words?: string }} how `words`: shown instead of the three dots
 */
export const menuButton = (parts, kind, id, { label, rove = false, words }) => {
  const open = parts.menus.open?.kind === kind && parts.menus.open.id === id;
  return html`<button class=${words ? "quiet-button" : "icon-button more"} type="button" data-menu=${kind} tabindex=${rove ? -1 : 0}
    aria-haspopup="menu"
    aria-expanded=${open} aria-label=${words ? nothing : label} title=${label}
        @click=${(/** @type {Event} */ event) =>
          parts.menus.toggle(kind, id, /** @type {HTMLElement} */ (event.currentTarget))}>${words ?? icon("more")}</button>`;
};
