// One row: a participant who waits or is in the call, or the trace of one who has just left.

import { t } from "../lib/i18n.js";
import { nameOf } from "../lib/names.js";
import { isBlank, plain } from "../lib/text.js";
import { clockTimes } from "../lib/time.js";
import { isDue } from "../state/wait_thresholds.js";
import { html, live, nothing } from "../vendor/lit.js";
import { admitButton } from "./admit_button.js";
import { icon, sign } from "./icons.js";
import { meetingName } from "./meetings.js";
import { menuButton } from "./menu.js";
import { nameText } from "./name_text.js";
import { codeOf, outcomeText } from "./outcome_text.js";
import { began, seenBy, wait } from "./wait.js";

/**
 * @typedef {import("./admit_button.js").Parts & import("./menu.js").Parts & import("./wait.js").Parts & {
 *   actionRequests: import("../net/action_requests.js").ActionRequests,
 *   connection: import("../net/connection.js").Connection,
 *   navigation: import("../ui/navigation.js").Navigation,
 *   roster: import("../state/roster.js").Roster,
 *   screen: import("../state/screen.js").Screen,
 *   selection: import("../state/selection.js").Selection,
 *   selectionActions: import("../actions/selection.js").SelectionActions,
 * }} Parts
 */

/** @typedef {import("../net/protocol.js").PersonRow} Person */

const times = clockTimes(document.documentElement.lang || "en");

/**
 * @param {Parts} parts @param {import("../lists/virtual_list.js").List<Person>} list
 *   @param {import("../lists/stable_order.js").Entry<Person>} entry
 * @param {number} index @param {"lobby" | "call"} kind
 */
export function personRow(parts, list, { id, row, gone }, index, kind) {
  const { screen, selection } = parts;
  const waits = kind === "lobby" && gone === null;
  const chosen = waits && selection.has(id);
  const claim = gone === null ? screen.handling(row) : null;
  const handled = claim?.by === screen.me ? "mine" : "other";
  const longest = waits && screen.longest?.id === id;
  return html`<div class="person" role="row" data-row=${id} data-index=${index} aria-rowindex=${index + 2}
    tabindex=${list.tabStop === id ? 0 : -1}
    data-participant=${gone === null ? id : nothing} data-meeting=${gone === null ? row.meeting : nothing}
      data-gone=${gone === null ? "no" : "yes"}
    data-stale=${screen.stale(row) ? "yes" : "no"} data-handled=${claim === null ? "no" : handled}
    data-longest=${longest ? (leads(parts) ? "leads" : "yes") : nothing}
    data-late=${waits && screen.standsOut(row) ? "yes" : "no"} aria-selected=${waits && screen.acts ? String(chosen) : nothing}>
    ${tick(parts, row, waits, chosen)}
    <div class="when" role="gridcell">${kind === "lobby" ? wait(parts, row, gone) : since(row)}</div>
    <div class="who" role="gridcell"><span
        class="name">${personName(row)}${namesake(parts, row)}${doing(row, kind)}</span>${
          gone === null ? about(parts, row, claim) : nothing
        }</div>
    ${kind === "lobby" ? html`<div class="began" role="gridcell">${began(row)}</div>` : nothing}
    <div class="address" role="gridcell"><bdi>${isBlank(row.address) ? nothing : row.address}</bdi></div>
    ${kind === "lobby" && screen.openId === null ? meetingCell(parts, row) : nothing}
    <div class="bridge-cell" role="gridcell">${bridgeName(row)}</div>
    <div class="act" role="gridcell">${gone === null ? action(parts, row, kind) : trace(parts, row, kind)}</div>
  </div>`;
}

/** Whether the Admit button of the longest wait is the page's main one: there is no selection, and no button for all. @param {Parts} parts */
const leads = ({ screen, selection, actionRequests }) =>
  screen.acrossMeetings && selection.size === 0 && actionRequests.atPlace("selection") === undefined;

/** The bridge that hosts a participant, or the name of one that Usher is not configured for. @param {Person} row */
function bridgeName({ bridge, elsewhere }) {
  if (bridge !== null) return html`<bdi>${bridge}</bdi>`;
  return elsewhere ? html`<bdi class="quiet" title=${t("elsewhere_why")}>${elsewhere}</bdi>` : nothing;
}

/** @param {Parts} parts @param {Person} row @param {boolean} waits @param {boolean} chosen */
function tick(parts, row, waits, chosen) {
  const pick = (/** @type {MouseEvent} */ event) => {
    parts.selectionActions.pick(row.id, { range: event.shiftKey, on: /** @type {HTMLInputElement} */ (event.target).checked });
  };
  return html`<div class="tick" role="gridcell">${
    waits && parts.screen.acts
      ? html`<label><input type="checkbox" tabindex="-1" .checked=${live(chosen)} ?disabled=${!chosen && !parts.screen.can(row)}
          aria-label=${t("select_person", { name: nameOf(row) })} @click=${pick} /></label>`
      : nothing
  }</div>`;
}

/** @param {Person} row */
const since = (row) =>
  html`<time datetime=${new Date(row.seen_since).toISOString()} title=${t("since_why")}>${t("at_time", { at: times.short(row.seen_since) })}</time>`;

/** @param {Person} row */
const personName = (row) =>
  isBlank(row.name)
    ? html`<span class="nameless">${t("person_no_name")}</span>`
    : html`<bdi title=${plain(row.name)}>${nameText(row.name)}</bdi>`;

/** The end of the id, for namesakes in one meeting and participants without a name.
 * @param {{ roster: import("../state/roster.js").Roster }} parts @param {Person} row */
export const namesake = (parts, row) =>
  isBlank(row.name) || parts.roster.hasNamesake(row)
    ? html`<span class="tag" title=${t("namesake_why")}>${row.id.slice(-4)}</span>`
    : nothing;

/** @param {Person} row @param {"lobby" | "call"} kind */
const doing = (row, kind) => html`<span class="marks">${kind === "call" && row.muted ? sign("muted", t("muted")) : nothing}
  ${row.presenter ? sign("presenting", t("presenting")) : nothing}${
    row.activator && kind === "call" ? html`<span class="tag" title=${t("activator_why")}>${t("activator")}</span>` : nothing
  }
  ${kind === "call" && row.state === "on_hold" ? html`<span class="tag">${t("on_hold")}</span>` : nothing}</span>`;

/** @typedef {{ kind: string, sign: Parameters<typeof icon>[0] | null, text: string, code?: string }} Fact */

/** Further facts about a participant, on one line: the claim, a failure, a hold.
 * @param {Parts} parts @param {Person} row @param {import("../net/protocol.js").Claim | null} claim */
function about(parts, row, claim) {
  const facts = [
    unconfirmed(parts, row),
    handling(parts, row, claim),
    outcome(parts, row),
    held(parts, row),
    outOfDate(parts, row),
    ...marks(row),
  ].filter((each) => each !== null);
  if (facts.length === 0) return nothing;
  return html`<span class="about" title=${facts.map(({ text, code }) => (code ? `${text} (${code})` : text)).join(" · ")}>${facts.map(
    ({ kind, sign, text, code }) =>
      html`<span class=${kind}>${sign ? icon(sign) : nothing}<span>${text}${
        code ? html` <small class="code">${code}</small>` : nothing
      }</span></span>`,
  )}</span>`;
}

/** A request for this participant whose receipt is overdue. @param {Parts} parts @param {Person} row @returns {Fact | null} */
function unconfirmed(parts, { id }) {
  const request = parts.actionRequests.forPerson(id);
  return request && parts.connection.isOverdue(request.ref)
    ? { kind: "outcome", sign: "warning", text: t("press_doubtful") }
    : null;
}

/** @param {Parts} parts @param {Person} row @param {import("../net/protocol.js").Claim | null} claim @returns {Fact | null} */
function handling(parts, row, claim) {
  if (!claim) return null;
  if (claim.by === parts.screen.me) return row.claim ? { kind: "handling mine", sign: "hand", text: t("claim.mine") } : null;
  if (row.claim) return { kind: "handling", sign: "hand", text: t("claim.by", { by: claim.by }) };
  // The open meeting's title already shows its claim.
  return parts.screen.openId === null ? { kind: "handling", sign: "hand", text: t("claim.by_meeting", { by: claim.by }) } : null;
}

/** @param {Parts} parts @param {Person} row @returns {Fact | null} */
function outcome(parts, row) {
  if (!row.outcome || row.pending) return null;
  const words = outcomeText(row.outcome, row.outcome.action, parts.screen.now, times.short, parts.screen.about(row.id));
  const text = row.outcome.action === "admit" ? words : t(`not_done.${row.outcome.action}`, { name: nameOf(row), why: words });
  return { kind: "outcome", sign: "warning", text, code: codeOf(row.outcome) };
}

/** @param {Parts} parts @param {Person} row @returns {Fact | null} */
function held(parts, { hold, ...row }) {
  if (!hold) return null;
  const due = isDue({ ...row, hold }, parts.screen.now);
  const { by, reason, remind_at } = hold;
  const at = remind_at === null ? "" : times.short(remind_at);
  const later = remind_at === null ? "hold.by" : "hold.by_until";
  const key = due ? "hold.due" : later;
  return { kind: due ? "held due" : "held", sign: due ? "due" : "hold", text: t(reason ? `${key}.why` : key, { by, reason, at }) };
}

/** The participant's bridge has a fault, so the row may be out of date. @param {Parts} parts @param {Person} row
 * @returns {Fact | null} */
function outOfDate(parts, row) {
  const why = parts.screen.whyStale(row);
  return why && { kind: "mark", sign: "warning", text: t(why.key, why.args) };
}

/** @param {Person} row @returns {Fact[]} */
function marks(row) {
  /** @type {Fact[]} */
  const facts = [];
  if (row.unreadable) facts.push({ kind: "outcome", sign: "warning", text: t("person_unreadable") });
  if (row.sent_back && row.lobby === "waiting") facts.push({ kind: "mark", sign: null, text: sentBack(row.sent_back) });
  if (seenBy(row)) facts.push({ kind: "mark", sign: null, text: seenBy(row) });
  if (row.label) facts.push({ kind: "mark", sign: null, text: t("label.shown_as", { label: row.label }) });
  return facts;
}

/** @param {Parts} parts @param {Person} row */
function meetingCell(parts, row) {
  const meeting = parts.roster.meetings.get(row.meeting);
  return html`<div class="meeting-cell" role="gridcell">${
    meeting
      ? html`<button class="text" type="button" tabindex="-1" title=${t("open_meeting")}
        @click=${() => parts.navigation.open(row.meeting)}>${meetingName(meeting)}</button>`
      : nothing
  }</div>`;
}

/** @param {Parts} parts @param {Person} row @param {"lobby" | "call"} kind */
function action(parts, row, kind) {
  const { screen } = parts;
  const ready = kind === "lobby" ? admit(parts, row) : letIn(row);
  const what = row.pending ? pending(parts, row, row.pending) : ready;
  // The Cancel button needs the room.
  const menu =
    screen.acts && !isHeldBack(parts, row)
      ? menuButton(parts, "person", row.id, { label: t("menu.of", { name: nameOf(row) }), rove: true })
      : nothing;
  return html`${what}${menu}`;
}

/** Whether the user can still cancel a request for a participant. @param {Parts} parts @param {Person} row */
const isHeldBack = (parts, { id, pending }) =>
  (pending?.until ?? 0) > parts.screen.now &&
  pending?.by === parts.screen.me &&
  parts.actionRequests.forPerson(id)?.names.size === 1;

/** @param {Parts} parts @param {Person} row */
const admit = (parts, row) =>
  parts.screen.acts
    ? admitButton(parts, [row], "person", {
        ...{ key: "admit", label: "admit_person", style: "row", rove: true },
        name: nameOf(row),
        place: `row:${row.id}`,
        why: parts.screen.whyNot("admit", row),
      })
    : nothing;

/** An action under way. Its user can cancel it before it is sent, if this is its only target.
 * @param {Parts} parts @param {Person} row @param {import("../net/protocol.js").Pending} what */
function pending(parts, row, { action, by, until }) {
  const mine = by === parts.screen.me;
  const n = Math.ceil(((until ?? 0) - parts.screen.now) / 1000);
  if (n <= 0) return html`<span class="doing">${mine ? t(`pending.${action}`) : t(`pending_by.${action}`, { by })}</span>`;
  const request = parts.actionRequests.forPerson(row.id);
  return html`<span class="doing">${mine ? t("pending.admit_in", { n }) : t("pending_by.admit_in", { n, by })}</span>
    ${
      request && isHeldBack(parts, row)
        ? html`<button class="quiet-button" type="button" data-action="stop" tabindex="-1" ?disabled=${request.stopping}
          aria-label=${t("cancel_admit", { name: nameOf(row) })}
          @click=${() => parts.actionRequests.stop(request)}>${t("dialog.cancel")}</button>`
        : nothing
    }`;
}

/** @param {Person} row */
const letIn = ({ admitted }) =>
  admitted
    ? html`<span class="trace"
        title=${t("admitted_by", { by: admitted.by, at: times.long(admitted.at) })}>${t("admitted_by", {
          by: admitted.by,
          at: times.short(admitted.at),
        })}</span>`
    : nothing;

/** The text in place of a participant who has left the list. @param {Parts} parts @param {Person} old @param {"lobby" | "call"} kind */
function trace(parts, old, kind) {
  const row = parts.roster.people.get(old.id);
  if (!row) return html`<span class="trace">${t("trace.left")}</span>`;
  // The participant was in the call and is in the lobby again.
  const inLobby = kind === "call" && row.lobby === "waiting";
  if (inLobby) return html`<span class="trace">${row.sent_back ? sentBack(row.sent_back) : t("trace.lobby")}</span>`;
  if (row.lobby === "waiting" && kind === "lobby" && Boolean(row.hold) !== Boolean(old.hold))
    return html`<span class="trace">${t(row.hold ? "trace.held" : "trace.unheld")}</span>`;
  if (row.lobby === "waiting" && row.meeting === old.meeting) return html`<span class="trace">${t("trace.filtered")}</span>`;
  if (row.admitted)
    return html`<span class="trace">${t("trace.admitted", { by: row.admitted.by, at: times.short(row.admitted.at) })}</span>`;
  const words = { in: "trace.in", unknown: "trace.unknown", waiting: "trace.elsewhere" }[row.lobby];
  return html`<span class="trace">${t(words)}</span>`;
}

/** @param {import("../net/protocol.js").Mark} mark */
const sentBack = ({ by, at }) => t("sent_back_by", { by, at: times.short(at) });
