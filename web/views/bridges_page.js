// The bridges, for administrators: each one's state and statistics, once a second, and the button that pauses it.

import { number, t, tenths } from "../lib/i18n.js";
import { duration } from "../lib/time.js";
import { curve, queued } from "../state/bridge_stats.js";
import { condition } from "../state/bridges.js";
import { html, nothing, repeat, svg } from "../vendor/lit.js";
import { icon } from "./icons.js";
import { requestLine } from "./request_line.js";
import { statusLine } from "./status_line.js";

/**
 * @typedef {import("./status_line.js").Parts & {
 *   actionRequests: import("../net/action_requests.js").ActionRequests,
 *   bridgeStats: import("../state/bridge_stats.js").BridgeStats,
 *   navigation: import("../ui/navigation.js").Navigation,
 *   roster: import("../state/roster.js").Roster,
 *   screen: import("../state/screen.js").Screen,
 * }} Parts
 */

/** @typedef {import("../net/protocol.js").BridgeRow} Bridge */
/** @typedef {import("../net/protocol.js").BridgeFigures} BridgeFigures */

const COLUMNS = ["name", "state", "rate", "flight", "busy", "events", "cdr", "answered", "calls", "people", "queue"];

/** @param {Parts} parts */
export function bridgesPage(parts) {
  const bridges = [...parts.roster.bridges.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  return html`
    <div class="heading">
      <div class="words">
        <h1 id="bridges-title">
          <button class="icon-button" type="button" title=${t("back_to_all")} aria-label=${t("back_to_all")}
            @click=${() => parts.navigation.open(null)}>${icon("back")}</button>
          ${t("bridges.label")} <span class="number">${parts.screen.link.shown ? number(bridges.length) : ""}</span>
        </h1>
        <p class="status-line">${parts.screen.live ? summary(parts) : statusLine(parts)}</p>
      </div>
    </div>
    <div class="scroller" data-scroller tabindex="0" role="region" aria-labelledby="bridges-title">
      <table class="table admin-table" aria-labelledby="bridges-title">
        <thead><tr>
          ${COLUMNS.map(
            (name) =>
              html`<th scope="col" class=${isCount(name) ? "right" : ""} title=${t(`board.${name}.why`)}>${t(`board.${name}`)}</th>`,
          )}
          <th scope="col"><span class="unseen">${t("col.act")}</span></th>
        </tr></thead>
        <tbody>${repeat(
          bridges,
          (bridge) => bridge.id,
          (bridge) => line(parts, bridge, parts.bridgeStats.latest.get(bridge.id)),
        )}</tbody>
      </table>
    </div>
  `;
}

/** The sums of all bridges. @param {Parts} parts */
function summary(parts) {
  const all = [...parts.bridgeStats.latest.values()];
  const sum = (/** @type {(figures: BridgeFigures) => number} */ of) => all.reduce((total, figures) => total + of(figures), 0);
  const rate = tenths(sum((figures) => figures.requests_per_s));
  const facts = [
    t("board.calls_n", { n: sum((each) => each.calls) }),
    t("board.people_n", { n: sum((each) => each.people) }),
    t("board.rate_n", { rate }),
  ];
  const failed = [...parts.actionRequests.all.values()].findLast(
    (request) => request.action === "bridge" && request.state === "failed",
  );
  return html`${all.length === 0 ? t("loading") : facts.map((fact) => html`<span class="fact">${fact}</span>`)}
    ${failed ? html`<span class="fact grave" role="alert">${icon("warning")}${requestLine(parts.screen, failed)}</span>` : nothing}`;
}

const isCount = (/** @type {string} */ name) => !["name", "state", "queue", "cdr"].includes(name);

/** @param {Parts} parts @param {Bridge} bridge @param {BridgeFigures | undefined} figures */
function line(parts, bridge, figures) {
  const { now } = parts.screen;
  const paused = bridge.state === "paused";
  return html`<tr data-bridge=${bridge.id} data-state=${bridge.state}>
    <th scope="row"><bdi>${bridge.id}</bdi>${
      bridge.unique_name ? html` <bdi class="quiet" title=${t("unique_name_why")}>${bridge.unique_name}</bdi>` : nothing
    }<span class="quiet">${bridge.version ?? t("version_unknown")}</span></th>
    ${cell("state", state(bridge, now))}
    ${cell(
      "rate",
      figures && html`${sparkline(parts.bridgeStats.rates.get(bridge.id) ?? [])}<span>${tenths(figures.requests_per_s)}</span>`,
    )}
    ${cell("flight", figures && html`${number(figures.in_flight)}<span class="quiet of">${t("of_n", { n: figures.slots })}</span>`)}
    ${cell(
      "busy",
      figures &&
        html`<span class=${figures.busy_last_minute > 0 ? "amber" : ""}>${number(figures.busy_last_minute)}</span><span
          class="quiet why">${t("in_all_n", { n: figures.busy })}</span>`,
    )}
    ${cell("events", figures && events(bridge, figures))}
    ${cell("cdr", figures && cdr(bridge, figures, now))}
    ${cell("answered", figures && html`<time>${figures.answered === null ? "–" : age(now - figures.answered)}</time>`)}
    ${cell("calls", figures && number(figures.calls))}
    ${cell("people", figures && number(figures.people))}
    ${cell("queue", figures && queue(figures))}
    <td class="acts"><button class="quiet-button" type="button" data-action=${paused ? "resume" : "pause"} ?disabled=${!parts.screen.live}
      aria-label=${t(paused ? "resume_bridge" : "pause_bridge", { bridge: bridge.id })} title=${t(paused ? "resume_why" : "pause_why")}
          @click=${() =>
            parts.actionRequests.tellBridge(paused ? "resume" : "pause", bridge.id)}>${t(paused ? "resume" : "pause")}</button></td>
  </tr>`;
}

/** @param {string} name @param {unknown} what */
const cell = (name, what) =>
  html`<td class=${
    isCount(name) ? `right number col-${name}` : `col-${name}`
  } data-label=${t(`board.${name}`)}>${what ?? html`<span class="quiet">–</span>`}</td>`;

/** @param {Bridge} bridge @param {number} now */
function state(bridge, now) {
  const what = condition(bridge, now);
  const since =
    bridge.state === "paused" || bridge.silent_since ? nothing : html` <time class="quiet">${duration(now - bridge.since)}</time>`;
  return html`<span class=${what?.grave ? "grave" : what ? "amber" : ""}>${what ? icon(what.grave ? "warning" : "note") : nothing}
      ${what ? t(what.key, what.args) : t("bridge.live")}</span>${since}
    ${bridge.trouble ? html`<span class="quiet why" dir="auto">${bridge.trouble.what}</span>` : nothing}`;
}

/** The requests per second in the last minute. @param {number[]} rates */
const sparkline = (rates) =>
  html`<svg class="spark" viewBox="0 0 60 16" preserveAspectRatio="none" aria-hidden="true" focusable="false">${svg`<polyline
    points=${curve(rates, 60, 15)} />`}</svg>`;

/** @param {Bridge} bridge @param {BridgeFigures} figures */
const events = (bridge, figures) => html`<span
    class=${
      figures.sockets_open < figures.sockets_wanted && bridge.state !== "paused" ? "amber" : ""
    }>${number(figures.sockets_open)}</span><span
    class="quiet of">${t("of_n", { n: figures.sockets_wanted })}</span>
  <span class="quiet why">${t("subscriptions_n", { n: figures.subscriptions })}${
    bridge.polled_calls > 0 ? html`, ${t("polled_n", { n: bridge.polled_calls })}` : nothing
  }</span>`;

/** @param {Bridge} bridge @param {BridgeFigures} figures @param {number} now */
function cdr(bridge, { cdr: records }, now) {
  if (!records) return html`<span class="quiet">${t("cdr.off")}</span>`;
  const fine = bridge.cdr === "arriving" || (bridge.cdr === "expected" && !bridge.cdr_trouble);
  return html`<span class=${fine ? "" : "amber"}
    title=${t(`cdr.${bridge.cdr}.why`)}>${fine ? nothing : icon("note")} ${t(`cdr.${bridge.cdr}`)}</span>
    ${bridge.cdr_trouble ? html`<span class="quiet why" dir="auto">${bridge.cdr_trouble.what}</span>` : nothing}
    <span class="quiet why">${t("records_n", { n: records.records })}${
      records.last === null ? nothing : html`, <time>${age(now - records.last)}</time>`
    }</span>`;
}

/** Below a minute with tenths of a second, so that the reader sees it change. @param {number} ms */
const age = (ms) => (ms < 60_000 ? t("seconds", { s: tenths(Math.max(0, ms) / 1000) }) : duration(ms));

/** @param {BridgeFigures} figures */
function queue(figures) {
  const { all, lanes } = queued(figures);
  return html`<span class="number">${number(all)}</span>
    <span class="quiet why">${lanes.map(
      ({ lane, waiting }, at) => html`${at > 0 ? t("list_comma") : nothing}${number(waiting)} ${t(`lane.${lane}`)}`,
    )}</span>`;
}
