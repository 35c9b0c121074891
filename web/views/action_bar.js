// The action bar below the list: results of the last requests, and the selection with its button. Always there, so that it never shifts the
// list.

import { t } from "../lib/i18n.js";
import { clockTimes } from "../lib/time.js";
import { failures, idOf, isInTheWay, isUnderWay, isWorthAnotherTry } from "../net/action_requests.js";
import { html, nothing } from "../vendor/lit.js";
import { admitButton } from "./admit_button.js";
import { icon } from "./icons.js";
import { menuButton } from "./menu.js";
import { codeOf, requestText, resultText, undoResultText } from "./outcome_text.js";
import { undoButton } from "./undo_button.js";

/** @typedef {import("../desk.js").Desk} Desk */
/** @typedef {import("../net/action_requests.js").ActionRequest} ActionRequest */

/** The most results of a request that are listed. */
const LISTED = 200;
/** The place of the selection's button. */
const SELECTION = "selection";

const times = clockTimes(document.documentElement.lang || "en");

/** @param {Desk} desk */
export function actionBar(desk) {
  const { screen, selection } = desk;
  const { chosen } = screen;
  // The bar stays where it is until its request has its result.
  const some = selection.size > 0 || desk.actionRequests.atPlace(SELECTION) !== undefined;
  const hidden = some ? screen.chosenHidden : 0;
  const shownRequests = [...desk.actionRequests.all.values()].filter(worthShowing);
  return html`
    <div class="action-bar" data-selecting=${some ? "yes" : "no"}>
      ${desk.unfolded === "results" ? results(desk, shownRequests) : nothing}
      <div class="action-bar-line">${line(desk, shownRequests, some)}</div>
      ${
        some
          ? html`<div class="selection" role="group" aria-label=${t("selection_label")}>
              <span class="selected">${t("selected_n", { n: selection.size })} <span class="where">${t("in_meetings_n", { n: screen.chosenMeetings })}${hidden > 0 ? `${t("list_comma")}${t("selected_hidden_n", { n: hidden })}` : nothing}</span></span>
              <button class="quiet-button" type="button" @click=${() => desk.clearSelection()}>${t("clear")}</button>
              ${menuButton(desk, "selection", "", { label: t("menu.selection"), words: t("menu.more") })}
              ${admitButton(desk, chosen, "selection", { key: keyOf(chosen.length, hidden), label: hidden > 0 ? "admit_selection_shown_n" : "admit_selection_n", style: "main", place: SELECTION })}
            </div>`
          : screen.acts
            ? html`<button class="quiet-button next" type="button" data-action="next" aria-keyshortcuts="n" title=${t("next.why")} ?disabled=${!screen.live}
                @click=${() => desk.moderation.takeNext()}>${t("next.take")} <kbd aria-hidden="true">n</kbd></button>`
            : nothing
      }
    </div>
    <div class="tabs" role="group" aria-label=${t("panes_label")}>
      ${tab(desk, "people", "people", t("waiting_now"))} ${tab(desk, "meetings", "meetings", t("meetings_label"))}
    </div>
  `;
}

/** The button's text: where a filter hides some of the selection, it says that it is for the others. @param {number} n @param {number} hidden */
const keyOf = (n, hidden) => (n === 0 ? "admit" : hidden > 0 ? "admit_shown_n" : "admit_n");

/** @param {Desk} desk @param {"people" | "meetings"} pane @param {"people" | "meetings"} name @param {string} label */
const tab = (desk, pane, name, label) =>
  html`<button type="button" aria-pressed=${desk.screen.choice.pane === pane} @click=${() => desk.show(pane)}>${icon(name)}<span>${label}</span></button>`;

/** Whether the connection kept its result from this page, or it from the server. @param {import("../net/action_requests.js").ActionRequest} request */
const isCut = ({ state }) => state === "cut_off" || state === "unheard" || state === "unsent";

/** A bridge answers a request by its row; only a failure is shown here. @param {ActionRequest} request */
const worthShowing = (request) => request.action !== "bridge" || request.state === "failed" || isCut(request);

/** The text of a request's progress or result. @param {Desk} desk @param {ActionRequest} request */
export const requestLine = (desk, request) =>
  requestText(request, desk.screen.now, times.short, (result) => desk.screen.about(result.person ?? ""));

/** @param {Desk} desk @param {ActionRequest[]} requests @param {boolean} selecting */
function line(desk, requests, selecting) {
  const last = requests.findLast(isUnderWay) ?? requests.at(-1);
  const offer = desk.undoOffers.series(performance.now());
  if (desk.notice.text)
    return html`<span class="notice">${icon("note")}<span>${desk.notice.text}</span></span>${undoButton(desk, offer, false)}`;
  if (!last && offer) return undoButton(desk, offer, true);
  if (!last) return selecting || !desk.screen.acts ? nothing : html`<span class="quiet hint">${t("dock_hint")}</span>`;
  return summary(
    desk,
    requests,
    last,
    isUnderWay(last) ? nothing : undoButton(desk, offer, !offer || offer.refs.length > 1 || offer.refs[0] !== last.ref),
  );
}

/** @param {Desk} desk @param {ActionRequest[]} requests @param {ActionRequest} last @param {unknown} undo */
function summary(desk, requests, last, undo) {
  const failed = requests.flatMap(listed).length;
  const [only] = last.names.size === 1 ? [...last.names.values()] : [];
  const claimed =
    last.names.size === 1 && last.state === "finished" ? last.results.filter((result) => isInTheWay(last, result)) : [];
  const code = failures(last).length === 1 ? codeOf(/** @type {import("../net/protocol.js").Result} */ (failures(last)[0])) : "";
  return html`<span class="request" data-state=${last.state} data-failed=${failures(last).length > 0 ? "yes" : "no"}>${bad(last) ? icon("trouble") : nothing}<span>${requestLine(desk, last)}</span></span>${code ? html` <small class="code">${code}</small>` : nothing}
    ${only && claimed.length === 0 && last.message.meeting === undefined ? html`<bdi class="quiet of-whom">${only}</bdi>` : nothing}
    ${isUnderWay(last) ? progress(desk, last) : nothing}
    ${claimed.length > 0 ? html`<button class="quiet-button" type="button" data-action="anyway" @click=${() => desk.moderation.retry(last, claimed)}>${t(`anyway.${last.action}`)}</button>` : nothing}
    ${failed > 0 ? html`<button class="quiet-button" type="button" data-unfolds="results" aria-expanded=${desk.unfolded === "results"} @click=${() => desk.unfold("results")}>${t("show_n", { n: failed })}</button>` : nothing}
    ${undo} ${isUnderWay(last) ? nothing : html`<button class="icon-button" type="button" aria-label=${t("dismiss")} title=${t("dismiss")} @click=${() => dismiss(desk, requests)}>${icon("close")}</button>`}`;
}

/** The progress of a request for many, and the button that ends it. @param {Desk} desk @param {ActionRequest} request */
function progress(desk, request) {
  const [done, n] = [request.results.length, request.names.size];
  const [first = ""] = request.names.keys();
  const left = Math.ceil(((desk.roster.people.get(first)?.pending?.until ?? 0) - desk.screen.now) / 1000);
  if (n === 1 && left <= 0) return nothing;
  const stop = html`<button class="quiet-button" type="button" data-action="stop" ?disabled=${request.stopping} @click=${() => desk.actionRequests.stop(request)}>${t(left > 0 ? "dialog.cancel" : "stop")}</button>`;
  if (left > 0 && done === 0) return html`<span class="quiet number">${t("not_before_s", { n: left })}</span>${stop}`;
  return html`<progress max=${n} value=${done} aria-label=${requestLine(desk, request)}></progress><span class="quiet number done-of">${t("done_of", { done, n })}</span>${stop}`;
}

/** @param {Desk} desk @param {ActionRequest[]} requests */
function dismiss(desk, requests) {
  desk.unfolded = "";
  for (const { ref } of requests.filter((request) => !isUnderWay(request))) {
    desk.undoOffers.forget(ref);
    desk.actionRequests.dismiss(ref);
  }
}

/** @param {ActionRequest} request */
const bad = (request) =>
  request.state === "failed" || request.state === "unanswered" || isCut(request) || failures(request).length > 0;

/** The results of a request to list: the failures; for an undo all of them, since each answers a question of its own. @param {ActionRequest} request */
const listed = (request) => (request.message.scope === "undo" && request.names.size > 1 ? request.results : failures(request));

/** @param {Desk} desk @param {ActionRequest[]} requests */
function results(desk, requests) {
  const label = t(labelOf(requests.filter((request) => listed(request).length > 0)));
  return html`<div class="panel results" tabindex="-1" role="dialog" aria-label=${label}>
    <div class="line"><h2>${label}</h2>
      <button class="icon-button" type="button" aria-label=${t("close")} @click=${() => desk.fold()}>${icon("close")}</button></div>
    ${requests.filter((request) => listed(request).length > 0).map((request) => ofPress(desk, request))}
  </div>`;
}

/** @param {ActionRequest[]} requests */
function labelOf(requests) {
  if (requests.every((request) => request.message.scope === "undo")) return "results.undo";
  return requests.every((request) => request.action === "admit") ? "results_label" : "results.label";
}

/** @param {Desk} desk @param {ActionRequest} request */
function ofPress(desk, request) {
  const some = listed(request);
  const [again, claimed] = [
    some.filter((result) => canTry(desk, request, result)),
    some.filter((result) => isInTheWay(request, result)),
  ];
  const all = (
    /** @type {import("../net/protocol.js").Result[]} */ those,
    /** @type {string} */ action,
    /** @type {string} */ words,
  ) =>
    those.length > 0
      ? html`<button class="quiet-button" type="button" data-action=${action} ?disabled=${!desk.screen.live} @click=${() => desk.moderation.retry(request, those)}>${words}</button>`
      : nothing;
  return html`<section data-request=${request.action}>
    <div class="line"><p class="quiet">${requestLine(desk, request)}</p>
      <span>${all(again, "again", t("try_again_n", { n: again.length }))} ${all(claimed, "anyway", t("results.anyway_n", { n: claimed.length }))}</span></div>
    <ul>${some.slice(0, LISTED).map((result) => one(desk, request, result))}</ul>
  </section>`;
}

/** @param {Desk} desk @param {ActionRequest} request @param {import("../net/protocol.js").Result} result */
function one(desk, request, result) {
  const name = request.names.get(idOf(result)) || t("person_no_name");
  const undo = request.message.scope === "undo";
  const words = undo
    ? undoResultText(result, desk.screen.now, times.short)
    : resultText(result, request.action, name, desk.screen.now, times.short, desk.screen.about(result.person ?? ""));
  const code = codeOf(result);
  const claimed = isInTheWay(request, result);
  const button = claimed || canTry(desk, request, result);
  return html`<li data-person=${idOf(result)}><bdi class="strong">${name}</bdi><span>${words}${code ? html` <small class="code">${code}</small>` : nothing}</span>
    ${button ? html`<button class="quiet-button" type="button" ?disabled=${!desk.screen.live} @click=${() => desk.moderation.retry(request, [result])}>${t(claimed ? `anyway.${request.action}` : "try_again")}</button>` : nothing}</li>`;
}

/** Whether another try makes sense, and can be made now. @param {Desk} desk @param {ActionRequest} request @param {import("../net/protocol.js").Result} result */
function canTry({ screen, roster }, { action, message }, result) {
  if (!isWorthAnotherTry(result) || action === "bridge") return false;
  if (message.meeting !== undefined)
    return screen.whyNotMeeting(/** @type {any} */ (action), roster.meetings.get(idOf(result))) === null;
  return screen.whyNot(/** @type {any} */ (action), roster.people.get(idOf(result))) === null;
}
