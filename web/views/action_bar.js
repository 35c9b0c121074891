// The foot of the middle column: what the last presses did, and the selection with its button. Always there: it never shifts the list.

import { t } from "../lib/i18n.js";
import { codeOf, lineWords, pressWords, undoneWords } from "../lib/outcome_text.js";
import { clockTimes } from "../lib/time.js";
import { failures, idOf, isInTheWay, isUnderWay, isWorthAnotherTry } from "../net/action_requests.js";
import { html, nothing } from "../vendor/lit.js";
import { admitButton } from "./admit_button.js";
import { icon } from "./icons.js";
import { menuButton } from "./menu.js";
import { undoBar } from "./undo_button.js";

/** @typedef {import("../desk.js").Desk} Desk */
/** @typedef {import("../net/action_requests.js").Press} Press */

/** So many results of a press are listed. */
const LISTED = 200;
/** The place of the selection's button. */
const SELECTION = "selection";

const times = clockTimes(document.documentElement.lang || "en");

/** @param {Desk} desk */
export function dock(desk) {
  const { screen, selection } = desk;
  const { chosen } = screen;
  // The bar stays where it is until its press has its result.
  const some = selection.size > 0 || desk.presses.from(SELECTION) !== undefined;
  const hidden = some ? screen.chosenHidden : 0;
  const shownPresses = [...desk.presses.all.values()].filter(worthShowing);
  return html`
    <div class="dock" data-selecting=${some ? "yes" : "no"}>
      ${desk.unfolded === "results" ? results(desk, shownPresses) : nothing}
      <div class="dock-line">${line(desk, shownPresses, some)}</div>
      ${
        some
          ? html`<div class="selection" role="group" aria-label=${t("selection_label")}>
              <span class="selected">${t("selected_n", { n: selection.size })} <span class="where">${t("in_meetings_n", { n: screen.chosenMeetings })}${hidden > 0 ? `${t("list_comma")}${t("selected_hidden_n", { n: hidden })}` : nothing}</span></span>
              <button class="quiet-button" type="button" @click=${() => desk.clearSelection()}>${t("clear")}</button>
              ${menuButton(desk, "selection", "", { label: t("menu.selection"), words: t("menu.more") })}
              ${admitButton(desk, chosen, "selection", { key: keyOf(chosen.length, hidden), label: hidden > 0 ? "admit_selection_shown_n" : "admit_selection_n", look: "main", place: SELECTION })}
            </div>`
          : screen.acts
            ? html`<button class="quiet-button next" type="button" data-action="next" aria-keyshortcuts="n" title=${t("next.why")} ?disabled=${!screen.live}
                @click=${() => desk.deeds.takeNext()}>${t("next.take")} <kbd aria-hidden="true">n</kbd></button>`
            : nothing
      }
    </div>
    <div class="tabs" role="group" aria-label=${t("panes_label")}>
      ${tab(desk, "people", "people", t("waiting_now"))} ${tab(desk, "meetings", "meetings", t("meetings_label"))}
    </div>
  `;
}

/** What the button says: where some of those selected are hidden, that it is for the others. @param {number} n @param {number} hidden */
const keyOf = (n, hidden) => (n === 0 ? "admit" : hidden > 0 ? "admit_shown_n" : "admit_n");

/** @param {Desk} desk @param {"people" | "meetings"} pane @param {"people" | "meetings"} name @param {string} label */
const tab = (desk, pane, name, label) =>
  html`<button type="button" aria-pressed=${desk.screen.choice.pane === pane} @click=${() => desk.show(pane)}>${icon(name)}<span>${label}</span></button>`;

/** Whether the connection kept its result from this page, or it from the server. @param {import("../net/action_requests.js").Press} press */
const isCut = ({ state }) => state === "cut_off" || state === "unheard" || state === "unsent";

/** What a bridge is told is answered by its row; only a failure has a word of its own. @param {Press} press */
const worthShowing = (press) => press.deed !== "bridge" || press.state === "failed" || isCut(press);

/** What became of a press so far. @param {Desk} desk @param {Press} press */
export const wordsOf = (desk, press) =>
  pressWords(press, desk.screen.now, times.short, (result) => desk.screen.about(result.person ?? ""));

/** @param {Desk} desk @param {Press[]} presses @param {boolean} selecting */
function line(desk, presses, selecting) {
  const last = presses.findLast(isUnderWay) ?? presses.at(-1);
  const offer = desk.undos.series(performance.now());
  if (desk.notice.text)
    return html`<span class="notice">${icon("note")}<span>${desk.notice.text}</span></span>${undoBar(desk, offer, false)}`;
  if (!last && offer) return undoBar(desk, offer, true);
  if (!last) return selecting || !desk.screen.acts ? nothing : html`<span class="quiet hint">${t("dock_hint")}</span>`;
  return summary(
    desk,
    presses,
    last,
    isUnderWay(last) ? nothing : undoBar(desk, offer, !offer || offer.refs.length > 1 || offer.refs[0] !== last.ref),
  );
}

/** @param {Desk} desk @param {Press[]} presses @param {Press} last @param {unknown} undo */
function summary(desk, presses, last, undo) {
  const failed = presses.flatMap(listed).length;
  const [only] = last.names.size === 1 ? [...last.names.values()] : [];
  const claimed =
    last.names.size === 1 && last.state === "finished" ? last.results.filter((result) => isInTheWay(last, result)) : [];
  const code = failures(last).length === 1 ? codeOf(/** @type {import("../net/protocol.js").Result} */ (failures(last)[0])) : "";
  return html`<span class="press" data-state=${last.state} data-failed=${failures(last).length > 0 ? "yes" : "no"}>${bad(last) ? icon("trouble") : nothing}<span>${wordsOf(desk, last)}</span></span>${code ? html` <small class="code">${code}</small>` : nothing}
    ${only && claimed.length === 0 && last.message.meeting === undefined ? html`<bdi class="quiet of-whom">${only}</bdi>` : nothing}
    ${isUnderWay(last) ? progress(desk, last) : nothing}
    ${claimed.length > 0 ? html`<button class="quiet-button" type="button" data-action="anyway" @click=${() => desk.deeds.again(last, claimed)}>${t(`anyway.${last.deed}`)}</button>` : nothing}
    ${failed > 0 ? html`<button class="quiet-button" type="button" data-unfolds="results" aria-expanded=${desk.unfolded === "results"} @click=${() => desk.unfold("results")}>${t("show_n", { n: failed })}</button>` : nothing}
    ${undo} ${isUnderWay(last) ? nothing : html`<button class="icon-button" type="button" aria-label=${t("dismiss")} title=${t("dismiss")} @click=${() => dismiss(desk, presses)}>${icon("close")}</button>`}`;
}

/** How far a press for many has come, and the button that ends it. @param {Desk} desk @param {Press} press */
function progress(desk, press) {
  const [done, n] = [press.results.length, press.names.size];
  const [first = ""] = press.names.keys();
  const left = Math.ceil(((desk.roster.people.get(first)?.pending?.until ?? 0) - desk.screen.now) / 1000);
  if (n === 1 && left <= 0) return nothing;
  const stop = html`<button class="quiet-button" type="button" data-action="stop" ?disabled=${press.stopping} @click=${() => desk.presses.stop(press)}>${t(left > 0 ? "dialog.cancel" : "stop")}</button>`;
  if (left > 0 && done === 0) return html`<span class="quiet number">${t("not_before_s", { n: left })}</span>${stop}`;
  return html`<progress max=${n} value=${done} aria-label=${wordsOf(desk, press)}></progress><span class="quiet number done-of">${t("done_of", { done, n })}</span>${stop}`;
}

/** @param {Desk} desk @param {Press[]} presses */
function dismiss(desk, presses) {
  desk.unfolded = "";
  for (const { ref } of presses.filter((press) => !isUnderWay(press))) {
    desk.undos.forget(ref);
    desk.presses.dismiss(ref);
  }
}

/** @param {Press} press */
const bad = (press) => press.state === "failed" || press.state === "unanswered" || isCut(press) || failures(press).length > 0;

/** What is listed of a press: what failed; of an undo everybody, since each is a question of its own. @param {Press} press */
const listed = (press) => (press.message.scope === "undo" && press.names.size > 1 ? press.results : failures(press));

/** @param {Desk} desk @param {Press[]} presses */
function results(desk, presses) {
  const label = t(labelOf(presses.filter((press) => listed(press).length > 0)));
  return html`<div class="panel results" tabindex="-1" role="dialog" aria-label=${label}>
    <div class="line"><h2>${label}</h2>
      <button class="icon-button" type="button" aria-label=${t("close")} @click=${() => desk.fold()}>${icon("close")}</button></div>
    ${presses.filter((press) => listed(press).length > 0).map((press) => ofPress(desk, press))}
  </div>`;
}

/** @param {Press[]} presses */
function labelOf(presses) {
  if (presses.every((press) => press.message.scope === "undo")) return "results.undo";
  return presses.every((press) => press.deed === "admit") ? "results_label" : "results.label";
}

/** @param {Desk} desk @param {Press} press */
function ofPress(desk, press) {
  const some = listed(press);
  const [again, claimed] = [
    some.filter((result) => canTry(desk, press, result)),
    some.filter((result) => isInTheWay(press, result)),
  ];
  const all = (
    /** @type {import("../net/protocol.js").Result[]} */ those,
    /** @type {string} */ action,
    /** @type {string} */ words,
  ) =>
    those.length > 0
      ? html`<button class="quiet-button" type="button" data-action=${action} ?disabled=${!desk.screen.live} @click=${() => desk.deeds.again(press, those)}>${words}</button>`
      : nothing;
  return html`<section data-press=${press.deed}>
    <div class="line"><p class="quiet">${wordsOf(desk, press)}</p>
      <span>${all(again, "again", t("try_again_n", { n: again.length }))} ${all(claimed, "anyway", t("results.anyway_n", { n: claimed.length }))}</span></div>
    <ul>${some.slice(0, LISTED).map((result) => one(desk, press, result))}</ul>
  </section>`;
}

/** @param {Desk} desk @param {Press} press @param {import("../net/protocol.js").Result} result */
function one(desk, press, result) {
  const name = press.names.get(idOf(result)) || t("person_no_name");
  const undo = press.message.scope === "undo";
  const words = undo
    ? undoneWords(result, desk.screen.now, times.short)
    : lineWords(result, press.deed, name, desk.screen.now, times.short, desk.screen.about(result.person ?? ""));
  const code = codeOf(result);
  const claimed = isInTheWay(press, result);
  const button = claimed || canTry(desk, press, result);
  return html`<li data-person=${idOf(result)}><bdi class="strong">${name}</bdi><span>${words}${code ? html` <small class="code">${code}</small>` : nothing}</span>
    ${button ? html`<button class="quiet-button" type="button" ?disabled=${!desk.screen.live} @click=${() => desk.deeds.again(press, [result])}>${t(claimed ? `anyway.${press.deed}` : "try_again")}</button>` : nothing}</li>`;
}

/** Whether another try makes sense, and can be made now. @param {Desk} desk @param {Press} press @param {import("../net/protocol.js").Result} result */
function canTry({ screen, roster }, { deed, message }, result) {
  if (!isWorthAnotherTry(result) || deed === "bridge") return false;
  if (message.meeting !== undefined)
    return screen.whyNotMeeting(/** @type {any} */ (deed), roster.meetings.get(idOf(result))) === null;
  return screen.whyNot(/** @type {any} */ (deed), roster.people.get(idOf(result))) === null;
}
