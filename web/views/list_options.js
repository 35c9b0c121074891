// How the list is shown: a panel for columns, density, order and filters, and the active filters as chips below the title.

import { canCopy } from "../lib/clipboard.js";
import { t } from "../lib/i18n.js";
import { duration } from "../lib/time.js";
import { COLUMNS, filters, LONGER, ORDERS, UNFILTERED } from "../state/list_options.js";
import { html, live, nothing } from "../vendor/lit.js";
import { icon } from "./icons.js";

/**
 * @typedef {{
 *   listOptions: import("../state/list_options_store.js").ListOptionsStore,
 *   navigation: import("../ui/navigation.js").Navigation,
 *   panels: import("../ui/panels.js").Panels,
 *   roster: import("../state/roster.js").Roster,
 *   screen: import("../state/screen.js").Screen,
 * }} Parts
 */

/** @typedef {import("../state/list_options.js").ListOptions} View */

/** @param {Parts} parts */
export const listOptionsButton = (parts) => html`
  <div class="holder">
    <button class="quiet-button display-button" type="button" data-unfolds="display"
      aria-expanded=${parts.panels.open === "display"} title=${t("view.title")}
      @click=${() => parts.panels.toggle("display")}>${icon("display")}<span>${t("view.button")}</span></button>
    ${parts.panels.open === "display" ? panel(parts) : nothing}
  </div>
`;

/** @param {Parts} parts */
function panel(parts) {
  const { view } = parts.listOptions;
  const change = (/** @type {Partial<View>} */ what) => parts.listOptions.change(what);
  const open = parts.screen.openId !== null;
  return html`
    <div class="panel display" tabindex="-1" role="dialog" aria-label=${t("view.title")}>
      <div class="line"><h2>${t("view.title")}</h2>
        <button class="icon-button" type="button" aria-label=${t("close")}
          @click=${() => parts.panels.close()}>${icon("close")}</button></div>
      <fieldset><legend>${t("columns.title")}</legend>
        ${COLUMNS.map((each) =>
          ticked(t(`columns.${each}`), view.columns.includes(each), (on) =>
            change({ columns: withOrWithout(view.columns, each, on) }),
          ),
        )}
      </fieldset>
      <fieldset class="row"><legend>${t("density.title")}</legend>
        ${
          /** @type {const} */ (["comfortable", "compact"]).map((each) =>
            radio("density", t(`density.${each}`), view.density === each, () => change({ density: each })),
          )
        }
      </fieldset>
      <div class="field"><label for="view-order">${t("order.title")}</label>
        <select id="view-order"
          @change=${(/** @type {Event} */ event) => change({ order: /** @type {View["order"]} */ (chosenIn(event)) })}>
          ${ORDERS.map((each) => html`<option value=${each} .selected=${live(view.order === each)}>${t(`order.${each}`)}</option>`)}
        </select>
        <button class="quiet-button" type="button" aria-pressed=${view.reverse}
          @click=${() => change({ reverse: !view.reverse })}>${t("order.reverse")}</button>
      </div>
      <h3>${t("filter.title")}</h3>
      ${open ? nothing : many(parts, "meetings")} ${many(parts, "bridges")}
      <div class="fields"><div class="field"><label for="view-longer">${t("filter.label.longer")}</label>
        <select id="view-longer" @change=${(/** @type {Event} */ event) => change({ longer: Number(chosenIn(event)) })}>
          ${[...new Set([...LONGER, view.longer])]
            .sort((a, b) => a - b)
            .map(
              (s) =>
                html`<option value=${s} .selected=${live(view.longer === s)}>${s === 0 ? t("filter.any") : duration(s * 1000)}</option>`,
            )}
        </select></div>
      <div class="field"><label for="view-by">${t("filter.label.by")}</label>
        <select id="view-by" @change=${(/** @type {Event} */ event) => change({ by: chosenIn(event) })}>
          ${handlers(parts).map(([value, text]) => html`<option value=${value} .selected=${live(view.by === value)}>${text}</option>`)}
        </select></div></div>
      <div class="line foot"><button class="quiet-button" type="button" data-action="copy-view" ?hidden=${!canCopy()}
        @click=${() => parts.listOptions.copy()}>${icon("link")} ${t(parts.listOptions.copied ? "view.copied" : "view.copy")}</button>
        <button class="quiet-button" type="button" ?disabled=${filters(view, !open).length === 0}
          @click=${() => change(UNFILTERED)}>${t("filter.clear")}</button></div>
    </div>
  `;
}

/** Several can be chosen. A choice that does not exist now stays, so that it can be removed. Ordered by name, so that a choice moves
 * none. @param {Parts} parts @param {"meetings" | "bridges"} which */
function many(parts, which) {
  const { view } = parts.listOptions;
  const there =
    which === "bridges"
      ? [...parts.roster.bridges.keys()]
      : [...parts.roster.meetings.values()].filter((row) => row.named_by !== "nothing").map((row) => row.name);
  const all = [...new Set([...view[which], ...there])].sort();
  if (all.length === 0) return nothing;
  return html`<fieldset class="many"><legend>${t(`filter.label.${which}`)}</legend><div class="choices" data-of=${which}>
    ${all.map((name) =>
      ticked(html`<bdi>${name}</bdi>`, view[which].includes(name), (on) =>
        parts.listOptions.change({ [which]: withOrWithout(view[which], name, on) }),
      ),
    )}</div></fieldset>`;
}

/** @param {Parts} parts @returns {[string, string][]} */
function handlers(parts) {
  const { by } = parts.listOptions.view;
  const names = new Set(parts.screen.handlers);
  if (by.startsWith("is:")) names.add(by.slice("is:".length));
  return [
    ["", t("filter.any_body")],
    ["me", t("filter.me")],
    ["nobody", t("filter.nobody")],
    ...[...names].sort().map((name) => /** @type {[string, string]} */ ([`is:${name}`, name])),
  ];
}

/** @param {unknown} text @param {boolean} on @param {(on: boolean) => void} set */
const ticked = (text, on, set) =>
  html`<label class="tick-line"><input type="checkbox" .checked=${live(on)} @change=${() => set(!on)} /><span>${text}</span></label>`;

/** @param {string} name @param {string} text @param {boolean} on @param {() => void} set */
const radio = (name, text, on, set) =>
  html`<label class="tick-line"><input type="radio" name=${name} .checked=${live(on)} @change=${set} /><span>${text}</span></label>`;

/** @template T @param {readonly T[]} list @param {T} item @param {boolean} on */
const withOrWithout = (list, item, on) => (on ? [...list, item] : list.filter((each) => each !== item));

/** @param {Event} event */
const chosenIn = (event) => /** @type {HTMLSelectElement} */ (event.target).value;

/** The order for each column that can have one. @type {Record<string, View["order"]>} */
const ORDER_OF = { when: "wait", who: "name", meeting: "meeting", bridge: "bridge" };

/** A column's head: a click orders the list by it, another click reverses the order. Keyboard users have the panel for that.
 * @param {Parts} parts @param {string} head @param {"lobby" | "call"} kind */
export function columnHead({ listOptions }, head, kind) {
  const words = t(`col.${head}`);
  const order = kind === "lobby" ? ORDER_OF[head] : undefined;
  if (head === "tick" || head === "act")
    return html`<span class="col-${head}" role="columnheader"><span class="unseen">${words}</span></span>`;
  if (!order) return html`<span class="col-${head}" role="columnheader">${words}</span>`;
  const { view } = listOptions;
  const on = view.order === order;
  // The plain order has the longest wait first, and A before Z.
  const rising = (order === "wait") === view.reverse;
  return html`<span class="col-${head}" role="columnheader"
    aria-sort=${on ? (rising ? "ascending" : "descending") : nothing}><button type="button" tabindex="-1"
    title=${t(`order.by.${order}`)}
        @click=${() =>
          listOptions.change({
            order,
            reverse: on ? !view.reverse : false,
          })}>${words}${on ? icon(rising ? "up" : "down") : nothing}</button></span>`;
}

/** The active filters, and how many participants they hide, so that a forgotten filter is noticed. @param {Parts} parts */
export function activeFilters(parts) {
  const { screen, listOptions } = parts;
  const all = screen.openId === null;
  const inForce = filters(listOptions.view, all);
  const { query } = screen.choice;
  if (inForce.length === 0 && query.trim() === "") return nothing;
  return html`<div class="filters" role="group" aria-label=${t("filter.in_force")}>
    ${inForce.map(({ key, args, rest }) => filterChip(t(key, worded(args)), () => listOptions.change(rest)))}
    ${query.trim() === "" ? nothing : filterChip(t("filter.search", { query }), () => parts.navigation.search(""))}
    <span
        class=${
          screen.hidden > 0 ? "hidden-ones amber" : "hidden-ones quiet"
        }>${screen.hidden > 0 ? icon("late") : nothing}${t("filter.hidden_n", { n: screen.hidden })}</span>
    ${
      screen.hidden > 0
        ? html`<button class="quiet-button" type="button" data-action="show-all"
          @click=${() => parts.navigation.unfilter()}>${t("filter.show_n", { n: screen.hidden })}</button>`
        : nothing
    }
  </div>`;
}

/** @param {Record<string, string | number>} args */
const worded = (args) => (typeof args.s === "number" ? { time: duration(args.s * 1000) } : args);

/** @param {string} text @param {() => void} remove */
const filterChip = (text, remove) =>
  html`<span class="chip filter">${text}<button type="button" aria-label=${t("filter.remove", { filter: text })}
    title=${t("filter.remove", { filter: text })} @click=${remove}>${icon("close")}</button></span>`;
