// The action bar below the list: results of the last requests, and the selection with its button. It is always there, so that it never
// moves the list.

import { t } from "../lib/i18n.js";
import { clockTimes } from "../lib/time.js";
import { failures, idOf, isInTheWay, isUnderWay, isWorthAnotherTry } from "../net/action_requests.js";
import { html, nothing } from "../vendor/lit.js";
import { admitButton } from "./admit_button.js";
import { icon } from "./icons.js";
import { menuButton } from "./menu.js";
import { codeOf, resultText, undoResultText } from "./outcome_text.js";
import { requestLine } from "./request_line.js";
import { undoButton } from "./undo_button.js";

/**
 * @typedef {import("./admit_button.js").Parts & import("./menu.js").Parts & import("./undo_button.js").Parts & {
 *   actionRequests: import("../net/action_requests.js").ActionRequests,
 *   claiming: import("../actions/claiming.js").Claiming,
 *   moderation: import("../actions/moderation.js").Moderation,
 *   navigation: import("../ui/navigation.js").Navigation,
 *   notice: import("../ui/notice.js").Notice,
 *   panels: import("../ui/panels.js").Panels,
 *   roster: import("../state/roster.js").Roster,
 *   screen: import("../state/screen.js").Screen,
 *   selection: import("../state/selection.js").Selection,
 *   selectionActions: import("../actions/selection.js").SelectionActions,
 *   undoOffers: import("../state/undo_offers.js").UndoOffers,
 * }} Parts
 */

/** @typedef {import("../net/action_requests.js").ActionRequest} ActionRequest */

/** The most results listed for a request. */
const LISTED = 200;
/** The place of the selection's button. */
const SELECTION = "selection";

const times = clockTimes(document.documentElement.lang || "en");

/** @param {Parts} parts */
export function actionBar(parts) {
  const { screen, selection } = parts;
  const { chosen } = screen;
  // The selection stays in the bar until its request has its results.
  const some = selection.size > 0 || parts.actionRequests.atPlace(SELECTION) !== undefined;
  const hidden = some ? screen.chosenHidden : 0;
  const shownRequests = [...parts.actionRequests.all.values()].filter(worthShowing);
  return html`
    <div class="action-bar" data-selecting=${some ? "yes" : "no"}>
      ${parts.panels.open === "results" ? results(parts, shownRequests) : nothing}
      <div class="action-bar-line">${line(parts, shownRequests, some)}</div>
      ${
        some
          ? html`<div class="selection" role="group" aria-label=${t("selection_label")}>
              <span class="selected">${t("selected_n", { n: selection.size })} <span
                class="where">${t("in_meetings_n", { n: screen.chosenMeetings })}${
                  hidden > 0 ? `${t("list_comma")}${t("selected_hidden_n", { n: hidden })}` : nothing
                }</span></span>
              <button class="quiet-button" type="button" @click=${() => parts.selectionActions.clear()}>${t("clear")}</button>
              ${menuButton(parts, "selection", "", { label: t("menu.selection"), words: t("menu.more") })}
              ${admitButton(parts, chosen, "selection", {
                key: keyOf(chosen.length, hidden),
                label: hidden > 0 ? "admit_selection_shown_n" : "admit_selection_n",
                style: "main",
                place: SELECTION,
              })}
            </div>`
          : screen.acts
            ? html`<button class="quiet-button next" type="button" data-action="next" aria-keyshortcuts="n" title=${t("next.why")}
              ?disabled=${!screen.live}
                @click=${() => parts.claiming.takeNext()}>${t("next.take")} <kbd aria-hidden="true">n</kbd></button>`
            : nothing
      }
    </div>
    <div class="tabs" role="group" aria-label=${t("panes_label")}>
      ${tab(parts, "people", "people", t("waiting_now"))} ${tab(parts, "meetings", "meetings", t("meetings_label"))}
    </div>
  `;
}

/** The button's text; if a filter hides some of the selection, it says that it is for the others. @param {number} n
 * @param {number} hidden */
function keyOf(n, hidden) {
  if (n === 0) return "admit";
  return hidden > 0 ? "admit_shown_n" : "admit_n";
}

/** @param {Parts} parts @param {"people" | "meetings"} pane @param {"people" | "meetings"} name @param {string} label */
const tab = (parts, pane, name, label) =>
  html`<button type="button" aria-pressed=${parts.screen.choice.pane === pane}
    @click=${() => parts.navigation.show(pane)}>${icon(name)}<span>${label}</span></button>`;

/** Whether the connection broke before the request reached the server, or before its result reached the page.
 * @param {import("../net/action_requests.js").ActionRequest} request */
const isCut = ({ state }) => state === "cut_off" || state === "unheard" || state === "unsent";

/** A bridge's row shows the answer to its request, so only failures are shown here. @param {ActionRequest} request */
const worthShowing = (request) => request.action !== "bridge" || request.state === "failed" || isCut(request);

/** @param {Parts} parts @param {ActionRequest[]} requests @param {boolean} selecting */
function line(parts, requests, selecting) {
  const last = requests.findLast(isUnderWay) ?? requests.at(-1);
  const offer = parts.undoOffers.series(performance.now());
  if (parts.notice.text)
    return html`<span class="notice">${icon("note")}<span>${parts.notice.text}</span></span>${undoButton(parts, offer, false)}`;
  if (!last && offer) return undoButton(parts, offer, true);
  if (!last) return selecting || !parts.screen.acts ? nothing : html`<span class="quiet hint">${t("dock_hint")}</span>`;
  return summary(
    parts,
    requests,
    last,
    isUnderWay(last) ? nothing : undoButton(parts, offer, !offer || offer.refs.length > 1 || offer.refs[0] !== last.ref),
  );
}

/** @param {Parts} parts @param {ActionRequest[]} requests @param {ActionRequest} last @param {unknown} undo */
function summary(parts, requests, last, undo) {
  const failed = requests.flatMap(listed).length;
  const [only] = last.names.size === 1 ? [...last.names.values()] : [];
  const claimed =
    last.names.size === 1 && last.state === "finished" ? last.results.filter((result) => isInTheWay(last, result)) : [];
  const code = failures(last).length === 1 ? codeOf(/** @type {import("../net/protocol.js").Result} */ (failures(last)[0])) : "";
  return html`<span class="request" data-state=${last.state}
        data-failed=${failures(last).length > 0 ? "yes" : "no"}>${hasFailed(last) ? icon("warning") : nothing}<span>${requestLine(parts.screen, last)}</span></span>${
          code ? html` <small class="code">${code}</small>` : nothing
        }
    ${only && claimed.length === 0 && last.message.meeting === undefined ? html`<bdi class="quiet target-name">${only}</bdi>` : nothing}
    ${isUnderWay(last) ? progress(parts, last) : nothing}
    ${
      claimed.length > 0
        ? html`<button class="quiet-button" type="button" data-action="anyway"
          @click=${() => parts.moderation.retry(last, claimed)}>${t(`anyway.${last.action}`)}</button>`
        : nothing
    }
    ${
      failed > 0
        ? html`<button class="quiet-button" type="button" data-unfolds="results" aria-expanded=${parts.panels.open === "results"}
          @click=${() => parts.panels.toggle("results")}>${t("show_n", { n: failed })}</button>`
        : nothing
    }
    ${undo} ${
      isUnderWay(last)
        ? nothing
        : html`<button class="icon-button" type="button" aria-label=${t("dismiss")} title=${t("dismiss")}
          @click=${() => dismiss(parts, requests)}>${icon("close")}</button>`
    }`;
}

/** The progress of a request for many, and the button that stops it. @param {Parts} parts @param {ActionRequest} request */
function progress(parts, request) {
  const [done, n] = [request.results.length, request.names.size];
  const [first = ""] = request.names.keys();
  const left = Math.ceil(((parts.roster.people.get(first)?.pending?.until ?? 0) - parts.screen.now) / 1000);
  if (n === 1 && left <= 0) return nothing;
  const stop = html`<button class="quiet-button" type="button" data-action="stop" ?disabled=${request.stopping}
    @click=${() => parts.actionRequests.stop(request)}>${t(left > 0 ? "dialog.cancel" : "stop")}</button>`;
  if (left > 0 && done === 0) return html`<span class="quiet number">${t("not_before_s", { n: left })}</span>${stop}`;
  return html`<progress max=${n} value=${done} aria-label=${requestLine(parts.screen, request)}></progress><span
    class="quiet number done-of">${t("done_of", { done, n })}</span>${stop}`;
}

/** @param {Parts} parts @param {ActionRequest[]} requests */
function dismiss(parts, requests) {
  parts.panels.forget();
  for (const { ref } of requests.filter((request) => !isUnderWay(request))) {
    parts.undoOffers.forget(ref);
    parts.actionRequests.dismiss(ref);
  }
}

/** @param {ActionRequest} request */
const hasFailed = (request) =>
  request.state === "failed" || request.state === "unanswered" || isCut(request) || failures(request).length > 0;

/** The results to list for a request: the failures, or all results of an undo, since the user wants to know each.
 * @param {ActionRequest} request */
const listed = (request) => (request.message.scope === "undo" && request.names.size > 1 ? request.results : failures(request));

/** @param {Parts} parts @param {ActionRequest[]} requests */
function results(parts, requests) {
  const label = t(labelOf(requests.filter((request) => listed(request).length > 0)));
  return html`<div class="panel results" tabindex="-1" role="dialog" aria-label=${label}>
    <div class="line"><h2>${label}</h2>
      <button class="icon-button" type="button" aria-label=${t("close")}
        @click=${() => parts.panels.close()}>${icon("close")}</button></div>
    ${requests.filter((request) => listed(request).length > 0).map((request) => requestSection(parts, request))}
  </div>`;
}

/** @param {ActionRequest[]} requests */
function labelOf(requests) {
  if (requests.every((request) => request.message.scope === "undo")) return "results.undo";
  return requests.every((request) => request.action === "admit") ? "results_label" : "results.label";
}

/** @param {Parts} parts @param {ActionRequest} request */
function requestSection(parts, request) {
  const some = listed(request);
  const [again, claimed] = [
    some.filter((result) => canTry(parts, request, result)),
    some.filter((result) => isInTheWay(request, result)),
  ];
  const all = (
    /** @type {import("../net/protocol.js").Result[]} */ those,
    /** @type {string} */ action,
    /** @type {string} */ words,
  ) =>
    those.length > 0
      ? html`<button class="quiet-button" type="button" data-action=${action} ?disabled=${!parts.screen.live}
        @click=${() => parts.moderation.retry(request, those)}>${words}</button>`
      : nothing;
  return html`<section data-request=${request.action}>
    <div class="line"><p class="quiet">${requestLine(parts.screen, request)}</p>
      <span>${all(again, "again", t("try_again_n", { n: again.length }))} ${all(
        claimed,
        "anyway",
        t("results.anyway_n", { n: claimed.length }),
      )}</span></div>
    <ul>${some.slice(0, LISTED).map((result) => resultItem(parts, request, result))}</ul>
  </section>`;
}

/** @param {Parts} parts @param {ActionRequest} request @param {import("../net/protocol.js").Result} result */
function resultItem(parts, request, result) {
  const name = request.names.get(idOf(result)) || t("person_no_name");
  const undo = request.message.scope === "undo";
  const words = undo
    ? undoResultText(result, parts.screen.now, times.short)
    : resultText(result, request.action, name, parts.screen.now, times.short, parts.screen.about(result.person ?? ""));
  const code = codeOf(result);
  const claimed = isInTheWay(request, result);
  const button = claimed || canTry(parts, request, result);
  return html`<li data-person=${idOf(result)}><bdi class="strong">${name}</bdi><span>${words}${
    code ? html` <small class="code">${code}</small>` : nothing
  }</span>
    ${
      button
        ? html`<button class="quiet-button" type="button" ?disabled=${!parts.screen.live}
          @click=${() => parts.moderation.retry(request, [result])}>${t(
            claimed ? `anyway.${request.action}` : "try_again",
          )}</button>`
        : nothing
    }</li>`;
}

/** Whether another try makes sense, and can be made now. @param {Parts} parts @param {ActionRequest} request
 * @param {import("../net/protocol.js").Result} result */
function canTry({ screen, roster }, { action, message }, result) {
  if (!isWorthAnotherTry(result) || action === "bridge") return false;
  if (message.meeting !== undefined)
    return screen.whyNotMeeting(/** @type {any} */ (action), roster.meetings.get(idOf(result))) === null;
  return screen.whyNot(/** @type {any} */ (action), roster.people.get(idOf(result))) === null;
}
