// The foot of the middle column: what the last presses did, and the selection with its button. Always there: it never shifts the list.

import { t } from "../i18n.js";
import { countOf, failures } from "../presses.js";
import { html, nothing } from "../vendor/lit.js";
import { admitButton } from "./admit.js";
import { icon } from "./icons.js";
import { outcomeWords } from "./row.js";

/** @typedef {import("../desk.js").Desk} Desk */
/** @typedef {import("../presses.js").Press} Press */

/** @param {Desk} desk */
export function dock(desk) {
  const { screen, selection } = desk;
  const { chosen } = screen;
  const some = selection.size > 0;
  const shownPresses = [...desk.presses.all.values()].filter(worthShowing);
  return html`
    <div class="dock" data-selecting=${some ? "yes" : "no"}>
      ${desk.unfolded === "results" ? results(desk, shownPresses) : nothing}
      <div class="dock-line">${summary(desk, shownPresses, some)}</div>
      ${
        some
          ? html`<div class="selection" role="group" aria-label=${t("selection_label")}>
              <span class="selected">${t("selected_n", { n: selection.size })} <span class="where">${t("in_meetings_n", { n: screen.chosenMeetings })}</span></span>
              <button class="quiet-button" type="button" @click=${() => desk.clearSelection()}>${t("clear")}</button>
              ${admitButton(desk, chosen, "selection", { key: chosen.length === 0 ? "admit" : "admit_n", label: "admit_selection_n", look: "main" })}
            </div>`
          : nothing
      }
    </div>
    <div class="tabs" role="group" aria-label=${t("panes_label")}>
      ${tab(desk, "people", "people", t("waiting_now"))} ${tab(desk, "meetings", "meetings", t("meetings_label"))}
    </div>
  `;
}

/** @param {Desk} desk @param {"people" | "meetings"} pane @param {"people" | "meetings"} name @param {string} label */
const tab = (desk, pane, name, label) =>
  html`<button type="button" aria-pressed=${desk.screen.choice.pane === pane} @click=${() => desk.show(pane)}>${icon(name)}<span>${label}</span></button>`;

/** What a bridge is told is answered by its row; only a failure has a word of its own. @param {Press} press */
const worthShowing = (press) => press.scope !== "bridge" || press.state === "failed" || press.state === "cut_off";

/** @param {Desk} desk @param {Press[]} presses @param {boolean} selecting */
function summary(desk, presses, selecting) {
  const last = presses.at(-1);
  if (!last) return selecting || !desk.screen.acts ? nothing : html`<span class="quiet hint">${t("dock_hint")}</span>`;
  const failed = presses.reduce((sum, press) => sum + failures(press).length, 0);
  return html`<span class="press" data-state=${last.state} data-failed=${failed > 0 ? "yes" : "no"}>${bad(last) ? icon("trouble") : nothing}<span>${pressWords(last)}</span></span>
    ${failed > 0 ? html`<button class="quiet-button" type="button" data-unfolds="results" aria-expanded=${desk.unfolded === "results"} @click=${() => desk.unfold("results")}>${t("show_n", { n: failed })}</button>` : nothing}
    <button class="icon-button" type="button" aria-label=${t("dismiss")} title=${t("dismiss")} @click=${() => dismiss(desk, presses)}>${icon("close")}</button>`;
}

/** @param {Desk} desk @param {Press[]} presses */
function dismiss(desk, presses) {
  desk.unfolded = "";
  for (const press of presses) desk.presses.dismiss(press.ref);
}

/** @param {Press} press */
const bad = (press) =>
  press.state === "failed" || press.state === "unanswered" || press.state === "cut_off" || failures(press).length > 0;

/** @param {Press} press */
export function pressWords(press) {
  const n = press.people.length;
  if (press.state === "failed")
    return t(`failed_${press.code}`) === `failed_${press.code}` ? press.message : t(`failed_${press.code}`);
  if (press.state === "unanswered") return t("unanswered", { n });
  if (press.state === "cut_off") return t("cut_off");
  if (press.state === "sent" || press.state === "under_way")
    return press.results.length > 0 ? t("admitting_done", { n, done: press.results.length }) : t("admitting_n", { n });
  return [t("admitted_n", { n: countOf(press, "done") }), ...others(press)].join(t("list_comma"));
}

/** @param {Press} press */
function others(press) {
  return /** @type {const} */ (["already", "left", "unconfirmed", "refused", "unreachable", "interrupted"]).flatMap((word) => {
    const some = press.results.filter((result) => result.result === word);
    const reasons = [...new Set(some.flatMap((result) => result.reason || []))];
    const text = t(`result_${word}_n`, { n: some.length });
    return some.length === 0
      ? []
      : [reasons.length === 1 && reasons[0] ? t("result_reason", { result: text, reason: reasons[0] }) : text];
  });
}

/** @param {Desk} desk @param {Press[]} presses */
const results = (desk, presses) => html`
  <div class="panel results" tabindex="-1" role="dialog" aria-label=${t("results_label")}>
    <div class="line"><h2>${t("results_label")}</h2>
      <button class="icon-button" type="button" aria-label=${t("close")} @click=${() => desk.fold()}>${icon("close")}</button></div>
    <ul>
      ${presses.flatMap((press) =>
        failures(press)
          .slice(0, 200)
          .map(
            (result) => html`<li><bdi class="strong">${press.names.get(result.person) || t("person_no_name")}</bdi>
              <span>${outcomeWords(result)}</span></li>`,
          ),
      )}
    </ul>
  </div>
`;
