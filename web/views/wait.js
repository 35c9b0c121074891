// A wait, its marks when it is long (shape, text and colour), and the button that acknowledges it.

import { t } from "../lib/i18n.js";
import { nameOf } from "../lib/names.js";
import { clockTimes, duration, isoDuration } from "../lib/time.js";
import { isNew, level, thresholdsOf } from "../state/wait_thresholds.js";
import { html, nothing } from "../vendor/lit.js";
import { icon, sign } from "./icons.js";

/**
 * @typedef {{
 *   roster: import("../state/roster.js").Roster,
 *   screen: import("../state/screen.js").Screen,
 *   waitActions: import("../actions/waits.js").WaitActions,
 * }} Parts
 */

/** @typedef {import("../net/protocol.js").PersonRow} Person */
/** @typedef {import("../net/protocol.js").MeetingRow} Meeting */

const times = clockTimes(document.documentElement.lang || "en");

/** @param {Parts} parts @param {Person} row @param {number | null} gone */
export function wait(parts, row, gone) {
  if (row.waiting_since === null) return nothing;
  const ms = Math.max(0, (gone ?? parts.screen.waitsAt) - row.waiting_since);
  const meeting = parts.roster.meetings.get(row.meeting);
  const late = gone === null && !row.hold ? level(ms, thresholdsOf(meeting)) : 0;
  return html`<span class="wait" data-level=${late}>${lead(parts, row, gone)}
    <time datetime=${isoDuration(ms)}>${duration(ms)}</time>${late === 0 ? nothing : shape(parts, row, meeting, late)}</span>`;
}

/** The word before a wait: it may be shorter, or it has only just begun. @param {Parts} parts @param {Person} row
 * @param {number | null} gone */
function lead({ screen }, row, gone) {
  if (row.waiting_up_to) return html`<span class="lead up-to" title=${t("up_to_why")}>${t("up_to")}</span>`;
  const fresh = gone === null && !row.hold && isNew(row, screen.waitsAt);
  return fresh ? html`<span class="lead new" title=${t("new_why")}>${t("new")}</span>` : nothing;
}

/** @param {Parts} parts @param {Person} row @param {Meeting | undefined} meeting @param {number} late */
function shape(parts, row, meeting, late) {
  const { first_s, second_s } = thresholdsOf(meeting);
  if (late === 1) return sign("late", t("wait.long", { time: duration(first_s * 1000) }));
  const words = t("wait.too_long", { time: duration(second_s * 1000) });
  if (!parts.screen.acts || !parts.screen.standsOut(row)) return sign("very_late", words);
  return html`<button class="sign seen" type="button" tabindex="-1" data-action="acknowledge" title="${words} ${t("wait.seen_why")}"
    aria-label=${t("wait.seen_one", { name: nameOf(row) })} ?disabled=${!parts.screen.live}
      @click=${() => parts.waitActions.acknowledge([row])}>${icon("very_late")}</button>`;
}

/** The time of day when a wait began. @param {Person} row */
export const began = (row) =>
  row.waiting_since === null
    ? nothing
    : html`<time datetime=${new Date(row.waiting_since).toISOString()}>${t("at_time", { at: times.short(row.waiting_since) })}</time>`;

/** The user who acknowledged a long wait; "" if nobody did. @param {Person} row */
export const seenBy = ({ acknowledged }) =>
  acknowledged ? t("wait.seen_by", { by: acknowledged.by, at: times.short(acknowledged.at) }) : "";

/** For the line below the title: how many of those shown wait too long, and one button for them all. @param {Parts} parts */
export function lateOnes(parts) {
  const { shown, acts, live } = parts.screen;
  const late = shown.filter((person) => parts.screen.standsOut(person));
  if (late.length === 0) return nothing;
  return html`<span class="fact grave late-ones">${icon("very_late")}${t("wait.too_long_n", { n: late.length })}
    ${
      acts
        ? html`<button class="quiet-button seen-all" type="button" data-action="acknowledge-all" title=${t("wait.seen_why")}
          aria-label=${t("wait.seen_n", { n: late.length })}
      ?disabled=${!live} @click=${() => parts.waitActions.acknowledge(late)}>${t("wait.seen")}</button>`
        : nothing
    }</span>`;
}

/** The longest wait of those shown. The alert about it is on its row and in `lateOnes`, so here it is only a number. @param {Parts} parts */
export function longestShown({ screen }) {
  if (screen.longestSince === null) return nothing;
  const ms = Math.max(0, screen.waitsAt - screen.longestSince);
  return html`<span class="fact longest">${t("longest")} <time class="strong" datetime=${isoDuration(ms)}>${duration(ms)}</time></span>`;
}

/** The longest wait of a meeting. @param {Parts} parts @param {Meeting} meeting */
export function longestOf(parts, meeting) {
  if (meeting.longest_since === null) return nothing;
  const ms = Math.max(0, parts.screen.waitsAt - meeting.longest_since);
  const late = level(ms, thresholdsOf(meeting));
  return html`<span class="fact wait" data-level=${late}><time
      datetime=${isoDuration(ms)}>${duration(ms)}</time>${
        late === 0 ? nothing : sign(late === 1 ? "late" : "very_late", t(late === 1 ? "wait.long_short" : "wait.too_long_short"))
      }</span>`;
}
