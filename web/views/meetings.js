// The left column: all meetings, those with waiting participants first, and the notices below.

import { number, t } from "../lib/i18n.js";
import { meetingNameOf } from "../lib/names.js";
import { isBlank } from "../lib/text.js";
import { html, nothing, repeat } from "../vendor/lit.js";
import { admitButton } from "./admit_button.js";
import { followMark } from "./follow_mute.js";
import { icon, sign } from "./icons.js";
import { menuButton } from "./menu.js";
import { nameText } from "./name_text.js";
import { noticeList } from "./notice_list.js";
import { lookers } from "./presence.js";
import { longestOf } from "./wait.js";

/**
 * @typedef {import("./admit_button.js").Parts &
 *   import("./follow_mute.js").Parts &
 *   import("./menu.js").Parts &
 *   import("./notice_list.js").Parts &
 *   import("./presence.js").Parts &
 *   import("./wait.js").Parts &
 *   {
 *   actionRequests: import("../net/action_requests.js").ActionRequests,
 *   navigation: import("../ui/navigation.js").Navigation,
 *   screen: import("../state/screen.js").Screen,
 * }} Parts
 */

/** @typedef {import("../net/protocol.js").MeetingRow} Meeting */

/** @param {Parts} parts */
export function meetings(parts) {
  const { screen } = parts;
  const { entries } = screen.meetings;
  const all = screen.openId === null;
  return html`
    <nav class="meetings" aria-label=${t("meetings_label")}>
      ${screen.choice.pane === "meetings" ? html`<h1 class="unseen">${t("meetings_label")}</h1>` : nothing}
      <button class="all" type="button" aria-current=${all} @click=${() => parts.navigation.open(null)}>
        <span>${t("all_meetings")}</span> <span class="number"
          title=${t("meetings_n", { n: entries.length })}>${number(entries.length)}</span>
      </button>
      <div class="scroller" data-scroller>
        <ul class="rows" data-list="meetings" role="list" aria-label=${t("meetings_n", { n: entries.length })}>
          ${repeat(
            screen.meetings.drawn(),
            ({ entry }) => entry.id,
            ({ entry, index }) => card(parts, entry, index),
          )}
        </ul>
        ${
          entries.length === 0 && screen.link.shown
            ? html`<p class="none">${screen.query ? t("no_meeting_matches") : t("no_meetings")}</p>`
            : nothing
        }
      </div>
      ${noticeList(parts)}
    </nav>
  `;
}

/** @param {Parts} parts @param {import("../lists/stable_order.js").Entry<Meeting>} entry @param {number} index */
function card(parts, { row, id, gone }, index) {
  const { screen } = parts;
  const open = screen.openId === id;
  const people = gone === null && row.waiting > 0 && screen.acts ? screen.admissibleOf(id) : [];
  // The button is for the participants who pass the search and the filters, and says so.
  const some = people.length > 0 && screen.hiddenOf(id) > 0;
  const place = `card:${id}`;
  return html`<li class="card" data-index=${index} data-meeting=${id} data-gone=${gone === null ? "no" : "yes"}
    data-open=${open ? "yes" : "no"}
    data-waiting=${row.waiting > 0 ? "yes" : "no"} data-stale=${screen.staleMeeting(row) ? "yes" : "no"}
      aria-setsize=${screen.meetings.entries.length}
    aria-posinset=${index + 1}>
    <button class="open" type="button" data-row=${id} tabindex=${screen.meetings.tabStop === id ? 0 : -1} aria-current=${open}
      ?disabled=${gone !== null} @click=${() => parts.navigation.open(id)}>
      <span class="title">${meetingName(row)} ${followMark(parts, row)}${marks(row)}${gone === null ? lookers(parts, id) : nothing}</span>
      <span class="facts">${gone === null ? facts(parts, row) : t("meeting_ended")}</span>
    </button>
    <span class="side">
      <span class="number" title=${t("waiting_n", { n: active(row) })}
        aria-hidden="true">${active(row) > 0 ? number(active(row)) : nothing}</span>
      ${
        people.length > 0 || parts.actionRequests.atPlace(place)
          ? admitButton(parts, people, "meeting", {
              key: some ? "admit_shown_n" : "admit_n",
              label: some ? "admit_meeting_shown_n" : "admit_meeting_n",
              meeting: meetingNameOf(row),
              style: "link",
              place,
            })
          : nothing
      }
    </span>
    ${
      gone === null && screen.acts
        ? menuButton(parts, "meeting", id, { label: t("menu.of", { name: meetingNameOf(row) }), rove: true })
        : nothing
    }
  </li>`;
}

/** @param {Meeting} row */
export function meetingName(row) {
  if (row.named_by === "nothing" || isBlank(row.name)) return html`<span class="nameless">${t("meeting_no_name")}</span>`;
  const hint = row.named_by === "name" ? nothing : t(`named_by.${row.named_by}`);
  return html`<bdi title=${hint}>${nameText(row.name)}</bdi>`;
}

/** @param {Meeting} row */
export const marks = (row) => html`<span class="marks">
  ${row.locked === true ? sign("lock", t("locked")) : nothing} ${row.recording ? sign("recording", t("recording")) : nothing}
  ${row.streaming ? sign("streaming", t("streaming")) : nothing} ${
    row.message ? sign("message", t("message.is", { text: row.message.text })) : nothing
  }</span>`;

/** @param {Parts} parts @param {Meeting} row */
const facts = (
  parts,
  row,
) => html`${lobbyWords(parts, row)}${unreadable(row)}${handler(parts, row)}<span class="fact">${t("in_call_n", { n: row.in_call })}</span
  >${row.claim ? nothing : html`<span class="fact bridges-of">${row.bridges.join(", ")}</span>`}`;

/** Participants whose data from CMS can't be read: they may be waiting, and no list shows that. @param {Meeting} row */
const unreadable = (row) =>
  row.unreadable
    ? html`<span class="fact unreadable" title=${t("unreadable_why")}>${icon("warning")}${t("unreadable_n", { n: row.unreadable })}</span>`
    : nothing;

/** The moderator who handles the whole meeting. @param {Parts} parts @param {Meeting} row */
export function handler(parts, { claim }) {
  if (!claim) return nothing;
  const mine = claim.by === parts.screen.me;
  return html`<span
      class=${mine ? "fact handling mine" : "fact handling"}>${icon("hand")}${
        mine ? t("claim.mine") : t("claim.by", { by: claim.by })
      }</span>`;
}

/** How many wait, without those on hold. @param {Meeting} row */
export const active = (row) => row.waiting - (row.held ?? 0);

/** Distinguishes a meeting without a lobby from an empty lobby and from an unknown one. @param {Parts} parts @param {Meeting} row */
function lobbyWords(parts, row) {
  const held = row.held ? html`<span class="fact held">${icon("hold")}${t("held_n", { n: row.held })}</span>` : nothing;
  if (active(row) > 0)
    return html`<span class="unseen">${t("waiting_n", { n: active(row) })}</span>${longestOf(parts, row)}${held}`;
  if (row.held) return held;
  if (row.unknown > 0) return html`<span class="fact">${t("checking_n", { n: row.unknown })}</span>`;
  const words = { no: "no_lobby", unknown: "lobby_unknown", yes: "nobody_waiting_short" }[row.lobby];
  return html`<span class="fact">${t(words)}</span>`;
}
