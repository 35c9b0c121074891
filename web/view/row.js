// One person: waiting, in the call, or the trace of somebody who waited a moment ago.

import { t } from "../i18n.js";
import { plain } from "../text.js";
import { clockTimes, duration, isoDuration, level } from "../time.js";
import { html, live, nothing } from "../vendor/lit.js";
import { admitButton } from "./admit.js";
import { icon, sign } from "./icons.js";
import { meetingName } from "./meetings.js";

/** @typedef {import("../desk.js").Desk} Desk */
/** @typedef {import("../protocol.js").PersonRow} Person */

const times = clockTimes(document.documentElement.lang || "en");

/**
 * @param {Desk} desk @param {import("../list.js").List<Person>} list @param {import("../order.js").Entry<Person>} entry
 * @param {number} index @param {"lobby" | "call"} kind
 */
export function personRow(desk, list, { id, row, gone }, index, kind) {
  const { screen, selection } = desk;
  const waits = kind === "lobby" && gone === null;
  const chosen = waits && selection.has(id);
  return html`<div class="person" role="row" data-row=${id} data-index=${index} aria-rowindex=${index + 2} tabindex=${list.stop === id ? 0 : -1}
    data-participant=${gone === null ? id : nothing} data-meeting=${gone === null ? row.meeting : nothing} data-gone=${gone === null ? "no" : "yes"}
    data-stale=${screen.stale(row) ? "yes" : "no"} aria-selected=${waits && screen.acts ? String(chosen) : nothing}>
    ${tick(desk, row, waits, chosen)}
    <div class="when" role="gridcell">${kind === "lobby" ? wait(desk, row, gone) : since(row)}</div>
    <div class="who" role="gridcell"><span class="name">${personName(row)}${namesake(desk, row)}${doing(row, kind)}</span>${waits ? outcome(row) : nothing}</div>
    <div class="address" role="gridcell"><bdi>${row.address}</bdi></div>
    ${kind === "lobby" && screen.choice.open === null ? meetingCell(desk, row) : nothing}
    <div class="bridge-cell" role="gridcell">${row.bridge !== null ? html`<bdi>${row.bridge}</bdi>` : row.elsewhere ? html`<bdi class="quiet" title=${t("elsewhere_why")}>${row.elsewhere}</bdi>` : nothing}</div>
    <div class="act" role="gridcell">${waits ? action(desk, row) : trace(desk, row, gone, kind)}</div>
  </div>`;
}

/** @param {Desk} desk @param {Person} row @param {boolean} waits @param {boolean} chosen */
function tick(desk, row, waits, chosen) {
  const pick = (/** @type {MouseEvent} */ event) => {
    desk.pick(row.id, { range: event.shiftKey, on: /** @type {HTMLInputElement} */ (event.target).checked });
  };
  return html`<div class="tick" role="gridcell">${
    waits && desk.screen.acts
      ? html`<label><input type="checkbox" tabindex="-1" .checked=${live(chosen)} ?disabled=${!chosen && !desk.screen.can(row)}
          aria-label=${t("select_person", { name: said(row) })} @click=${pick} /></label>`
      : nothing
  }</div>`;
}

/** @param {Desk} desk @param {Person} row @param {number | null} gone */
function wait(desk, row, gone) {
  if (row.waiting_since === null) return nothing;
  const ms = Math.max(0, (gone ?? desk.screen.now) - row.waiting_since);
  const late = gone === null ? level(ms) : 0;
  return html`<span class="wait" data-level=${late}>${row.waiting_up_to ? html`<span class="up-to" title=${t("up_to_why")}>${t("up_to")}</span>` : nothing}
    <time datetime=${isoDuration(ms)}>${duration(ms)}</time>${late === 0 ? nothing : late === 1 ? sign("late", t("late")) : sign("very_late", t("very_late"))}</span>`;
}

/** @param {Person} row */
const since = (row) =>
  html`<time datetime=${new Date(row.seen_since).toISOString()} title=${t("since_why")}>${times.short(row.seen_since)}</time>`;

/** @param {Person} row */
const personName = (row) =>
  row.name.trim() === ""
    ? html`<span class="nameless">${t("person_no_name")}</span>`
    : html`<bdi title=${plain(row.name)}>${row.name}</bdi>`;

/** Spoken and in messages: never empty. @param {Person} row */
const said = (row) => plain(row.name) || plain(row.address) || t("person_no_name");

/** Two of one name in one meeting both carry the end of their id. @param {Desk} desk @param {Person} row */
const namesake = (desk, row) =>
  desk.roster.hasNamesake(row) ? html`<span class="tag" title=${t("namesake_why")}>${row.id.slice(-4)}</span>` : nothing;

/** @param {Person} row @param {"lobby" | "call"} kind */
const doing = (row, kind) => html`<span class="marks">${kind === "call" && row.muted ? sign("muted", t("muted")) : nothing}
  ${row.presenter ? sign("presenting", t("presenting")) : nothing}${row.activator && kind === "call" ? html`<span class="tag" title=${t("activator_why")}>${t("activator")}</span>` : nothing}
  ${kind === "call" && row.state === "on_hold" ? html`<span class="tag">${t("on_hold")}</span>` : nothing}</span>`;

/** What a result means, with its reason where there is one. @param {{ result: string, reason?: string | null, by?: string | null }} outcome */
export function outcomeWords({ result, reason, by }) {
  const bare = (result === "refused" && !reason) || (result === "already" && !by);
  return t(bare ? `outcome_${result}_plain` : `outcome_${result}`, { reason: reason ?? "", by: by ?? "" });
}

/** @param {Person} row */
function outcome(row) {
  if (!row.outcome || row.admitting) return nothing;
  const text = outcomeWords(row.outcome);
  return html`<span class="outcome" title=${text}>${icon("trouble")}<span>${text}</span></span>`;
}

/** @param {Desk} desk @param {Person} row */
function meetingCell(desk, row) {
  const meeting = desk.roster.meetings.get(row.meeting);
  return html`<div class="meeting-cell" role="gridcell">${
    meeting
      ? html`<button class="text" type="button" tabindex="-1" title=${t("open_meeting")} @click=${() => desk.open(row.meeting)}>${meetingName(meeting)}</button>`
      : nothing
  }</div>`;
}

/** @param {Desk} desk @param {Person} row */
function action(desk, row) {
  const { screen } = desk;
  if (row.admitting) {
    const mine = row.admitting.by === document.body.dataset.user;
    return html`<span class="doing">${mine ? t("admitting") : t("admitting_by", { by: row.admitting.by })}</span>`;
  }
  if (!screen.acts) return nothing;
  return admitButton(desk, [row], "person", {
    key: "admit",
    label: "admit_person",
    name: said(row),
    look: "row",
    why: screen.obstacle(row),
    rove: true,
  });
}

/** What became of somebody who waited. @param {Desk} desk @param {Person} old @param {number | null} gone @param {"lobby" | "call"} kind */
function trace(desk, old, gone, kind) {
  if (gone === null) return nothing;
  const row = desk.roster.people.get(old.id);
  if (!row || kind === "call") return html`<span class="trace">${t("trace_left")}</span>`;
  if (row.admitted)
    return html`<span class="trace">${t("trace_admitted", { by: row.admitted.by, at: times.short(row.admitted.at) })}</span>`;
  return html`<span class="trace">${t(row.lobby === "in" ? "trace_in" : row.lobby === "unknown" ? "trace_unknown" : "trace_elsewhere")}</span>`;
}
