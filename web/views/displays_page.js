// The administrators' page of displays: each one's place, views, state and actions.

import { number, t } from "../lib/i18n.js";
import { dateTimes, duration } from "../lib/time.js";
import { chosenIn, stateOf, viewLabel, viewsLabel } from "../state/displays.js";
import { html, nothing, repeat } from "../vendor/lit.js";
import { icon } from "./icons.js";
import { statusLine } from "./status_line.js";

/**
 * @typedef {import("./status_line.js").Parts & {
 *   base: string,
 *   displayActions: import("../actions/displays.js").DisplayActions,
 *   displays: import("../state/displays.js").Displays,
 *   navigation: import("../ui/navigation.js").Navigation,
 *   notice: import("../ui/notice.js").Notice,
 *   screen: import("../state/screen.js").Screen,
 * }} Parts
 */

/** @typedef {import("../net/protocol.js").DisplayRow} DisplayRow */
/** @typedef {import("../net/protocol.js").DisplayView} DisplayView */

const COLUMNS = ["name", "views", "state", "browser", "version"];
/** The page names so many chosen meetings or bridges, and counts the others. */
const NAMED = 3;
/** Times up to so long ago are shown relative to now, in ms; older ones have a date. */
const RECENT = 3_600_000;

const dates = dateTimes(document.documentElement.lang || "en");

/** @param {Parts} parts */
export function displaysPage(parts) {
  const { list } = parts.displays;
  return html`
    <div class="heading displays-heading">
      <div class="words">
        <h1 id="displays-title">
          <button class="icon-button" type="button" title=${t("back_to_all")} aria-label=${t("back_to_all")}
            @click=${() => parts.navigation.open(null)}>${icon("back")}</button>
          ${t("displays.label")} <span class="number">${list === null ? "" : number(list.length)}</span>
        </h1>
        <p class="status-line">${parts.screen.live ? summary(parts) : statusLine(parts)}</p>
      </div>
      <div class="display-tools">
        <button class="quiet-button" type="button" data-action="display-link" ?disabled=${!parts.screen.live}
          @click=${() => parts.displayActions.link()}>${t("displays.link")}</button>
        <button class="main" type="button" data-action="display-pair" ?disabled=${!parts.screen.live}
          @click=${() => parts.displayActions.pair()}>${t("displays.pair")}</button>
      </div>
    </div>
    <div class="scroller" data-scroller tabindex="0" role="region"
      aria-labelledby="displays-title">${list === null ? nothing : list.length === 0 ? none(parts) : table(parts, list)}</div>
  `;
}

/** Screens that show a code, and the last notice. @param {Parts} parts */
function summary(parts) {
  const { list, waiting } = parts.displays;
  if (list === null) return t("loading");
  const connected = list.filter((row) => row.revoked === null && row.connected > 0).length;
  return html`${list.length > 0 ? html`<span class="fact">${t("displays.connected_n", { n: connected })}</span>` : nothing}
    ${waiting > 0 ? html`<span class="fact showing-code">${icon("note")}${t("displays.waiting_n", { n: waiting })}</span>` : nothing}
    ${parts.notice.text ? html`<span class="fact said">${parts.notice.text}</span>` : nothing}`;
}

/** @param {Parts} parts */
const none = (parts) => html`<div class="no-displays"><p class="strong">${t("displays.none")}</p>
  <p>${t("displays.none_how", { address: wallAddress(parts.base) })}</p></div>`;

/** The address at which a screen shows a code. @param {string} base */
export const wallAddress = (base) => `${location.origin}${base}/wall`;

/** @param {Parts} parts @param {DisplayRow[]} list */
const table = (parts, list) => html`
  <table class="table admin-table displays-table" aria-labelledby="displays-title">
    <thead><tr>
      ${COLUMNS.map((name) => html`<th scope="col">${t(`displays.col.${name}`)}</th>`)}
      <th scope="col"><span class="unseen">${t("col.act")}</span></th>
    </tr></thead>
    <tbody>${repeat(
      list,
      (row) => row.id,
      (row) => line(parts, row),
    )}</tbody>
  </table>
`;

/** @param {Parts} parts @param {DisplayRow} row */
const line = (parts, row) => html`
  <tr data-display=${row.id} data-state=${stateOf(row)}>
    <th scope="row" class="col-name"><bdi>${row.display.name}</bdi>${
      row.display.place ? html`<bdi class="quiet">${row.display.place}</bdi>` : nothing
    }</th>
    ${cell("views", views(row.display.views))}
    ${cell("state", state(row, parts.screen.now))}
    ${cell("browser", browser(row))}
    ${cell("version", row.version ?? html`<span class="quiet">–</span>`)}
    <td class="acts">${row.revoked === null ? acts(parts, row) : act(parts, "forget", row, () => parts.displayActions.drop(row))}</td>
  </tr>
`;

/** @param {string} name @param {unknown} what */
const cell = (name, what) => html`<td class="col-${name}" data-label=${t(`displays.col.${name}`)}>${what}</td>`;

/** @param {DisplayView[]} all */
function views(all) {
  const { key, args } = viewsLabel(all);
  const details = all.length === 1 && all[0] ? names(chosenIn(all[0])) : all.map(inTurn).join(t("list_comma"));
  return html`${t(key, args)}${details ? html`<bdi class="quiet why">${details}</bdi>` : nothing}`;
}

/** @param {DisplayView} view */
const inTurn = (view) => {
  const { key, args } = viewLabel(view);
  return t("displays.view_for", { what: t(key, args), s: view.seconds });
};

/** @param {string[]} all */
const names = (all) =>
  [
    ...all.slice(0, NAMED).map((name) => name || t("meeting_no_name")),
    ...(all.length > NAMED ? [t("and_more_n", { n: all.length - NAMED })] : []),
  ].join(t("list_comma"));

/** @param {DisplayRow} row @param {number} now */
function state(row, now) {
  const what = stateOf(row);
  if (what === "revoked") return t("displays.revoked", { at: dates.minutes(row.revoked ?? now) });
  if (what === "connected") return t("displays.connected");
  if (what === "shared")
    return html`<span class="amber">${icon("note")} ${t("displays.shared_n", { n: row.connected })}</span><span
      class="quiet why">${t("displays.shared_why")}</span>`;
  if (what === "never") return html`<span class="quiet">${t("displays.never")}</span>`;
  const [at, ago] = [row.last_seen ?? now, now - (row.last_seen ?? now)];
  const seen = ago < RECENT ? t("displays.seen_ago", { time: duration(ago) }) : t("displays.seen_at", { at: dates.minutes(at) });
  return html`<span class="amber">${icon("note")} ${t("displays.away")}</span><time class="quiet why"
    datetime=${new Date(at).toISOString()}>${seen}</time>`;
}

/** @param {DisplayRow} row */
function browser({ browser: name, width, height, ratio }) {
  const size = { width: String(width), height: String(height), ratio: String(ratio) };
  const dense = ratio !== null && ratio !== 1;
  return html`${name ? html`<bdi>${name}</bdi>` : html`<span class="quiet">–</span>`}
    ${
      width === null || height === null
        ? nothing
        : html`<span class="quiet why number">${t(dense ? "displays.size_dense" : "displays.size", size)}</span>`
    }`;
}

/** @param {Parts} parts @param {DisplayRow} row */
const acts = (parts, row) => html`
  ${act(parts, "edit", row, () => parts.displayActions.edit(row))}
  ${act(parts, "identify", row, () => parts.displayActions.identify(row), row.connected === 0)}
  ${act(parts, "reload", row, () => parts.displayActions.reload(row), row.connected === 0)}
  ${act(parts, "revoke", row, () => parts.displayActions.revoke(row))}
`;

/** @param {Parts} parts @param {"edit" | "identify" | "reload" | "revoke" | "forget"} what @param {DisplayRow} row @param {() => void} onClick
 * @param {boolean} [away] whether no screen is connected */
const act = (parts, what, row, onClick, away = false) =>
  html`<button class="quiet-button" type="button" data-action="display-${what}" ?disabled=${!parts.screen.live || away}
    aria-label=${t(`displays.do.${what}`, { name: row.display.name })} title=${t(away ? "displays.away" : `displays.why.${what}`)}
      @click=${onClick}>${t(`displays.act.${what}`)}</button>`;
