// Results of requests and actions in words, for the action bar, the rows and screen readers. Touches no element.

import { reasonOf, sentence } from "../lib/failure_reasons.js";
import { t } from "../lib/i18n.js";
import { isUnderWay, withResult } from "../net/action_requests.js";

/**
 * @typedef {import("../net/action_requests.js").ActionRequest} ActionRequest
 * @typedef {{ result: string, reason?: string | null, by?: string | null, at?: number | null }} Outcome
 * @typedef {import("../lib/failure_reasons.js").About} About
 */

/** Times up to so long ago are counted in seconds, in ms; older ones have a time of day. */
const JUST_NOW = 120_000;

/** @param {number | null | undefined} at @param {number} now @param {(at: number) => string} clock */
function ago(at, now, clock) {
  if (at == null) return "";
  if (now - at >= JUST_NOW) return t("at_time", { at: clock(at) });
  return t("ago_s", { n: Math.max(0, Math.round((now - at) / 1000)) });
}

/**
 * The text of a result, with its reason if there is one.
 * @param {Outcome} outcome @param {string} action @param {number} now the server's @param {(at: number) => string} clock
 *   @param {About} [about]
 */
export function outcomeText({ result, reason, by, at }, action, now, clock, about = {}) {
  if (result === "already" && by && at != null) return t(`already_by.${action}`, { by, ago: ago(at, now, clock) });
  if (result === "already") return t(`already.${action}`);
  if (!EXPLAINED.has(result)) return t(`outcome.${result}`, { by: by ?? "" });
  const why = reasonOf(reason ?? "", { action, ...about });
  if (result === "refused") return why ? t("outcome.refused", { reason: sentence(why) }) : t("outcome.refused_plain");
  return why ? sentence(why) : t(`outcome.${result}`);
}

/** The results whose reason is a code or a sentence from the server. */
const EXPLAINED = new Set(["refused", "unreachable", "unconfirmed", "interrupted"]);

/** Whether a result can have a reason. @param {string} result */
export const hasReason = (result) => EXPLAINED.has(result);

/** The code of a result's reason, for small print; "" if there is none. @param {Outcome} outcome */
export const codeOf = ({ result, reason }) => (EXPLAINED.has(result) ? (reasonOf(reason ?? "")?.code ?? "") : "");

/** Like `outcomeText`, for a list with one line for each target. @param {Outcome} outcome @param {string} action @param {string} name
 * @param {number} now @param {(at: number) => string} clock @param {About} [about] */
export function resultText(outcome, action, name, now, clock, about = {}) {
  const why = outcome.result === "refused" && action === "admit" ? reasonOf(outcome.reason ?? "", { action, ...about }) : null;
  return why ? t("refused.admit", { name, why: sentence(why) }) : outcomeText(outcome, action, now, clock, about);
}

/** The result of an undo for one participant. @param {Outcome} outcome @param {number} now
 * @param {(at: number) => string} clock */
export function undoResultText(outcome, now, clock) {
  if (outcome.result === "done" || outcome.result === "already") return t("undo.sent_back");
  if (outcome.result === "left") return t("outcome.left");
  return t("undo.still_in", { why: outcomeText(outcome, "send_back", now, clock) });
}

/** The text of a request's progress or result. @param {ActionRequest} request @param {number} now @param {(at: number) => string} clock
 * @param {(result: import("../net/protocol.js").Result) => About} [about] facts about a result's target */
export function requestText(request, now, clock, about = () => ({})) {
  const [n, name] = [request.names.size, [...request.names.values()][0] ?? ""];
  if (request.state === "failed")
    return t(`failed.${request.code}`) === `failed.${request.code}` ? request.refusal : t(`failed.${request.code}`);
  if (request.state === "unanswered") return t("unanswered", { n });
  if (request.state === "cut_off" || request.state === "unheard" || request.state === "unsent") return t(request.state);
  if (isUnderWay(request)) return request.stopping ? t("stopping") : t(`doing.${request.action}`, { n, name });
  if (request.message.scope === "undo") return undone(request);
  if (request.message.meeting !== undefined) return ofMeeting(request, name, now, clock);
  const [only] = request.results;
  if (n === 1 && only && ["already", "held", "stopped"].includes(only.result)) return outcomeText(only, request.action, now, clock);
  if (n === 1 && only?.result === "claimed") return t("claim.handles", { by: only.by ?? "?", name });
  return [t(`did.${request.action}`, { n: withResult(request, "done").length }), ...others(request, about)].join(t("list_comma"));
}

/** @param {ActionRequest} request @param {string} name @param {number} now @param {(at: number) => string} clock */
function ofMeeting(request, name, now, clock) {
  const [only] = request.results;
  if (!only || only.result === "done") return t(`did.${request.action}`, { name });
  return t(`not_done.${request.action}`, { name, why: outcomeText(only, request.action, now, clock) });
}

/** @param {ActionRequest} request */
function undone(request) {
  const count = (/** @type {import("../net/protocol.js").ResultWord[]} */ ...words) =>
    request.results.filter((result) => words.includes(result.result)).length;
  const [back, left] = [count("done", "already"), count("left")];
  const still = request.results.length - back - left;
  const parts = [t("undo.back_n", { n: back })];
  if (still > 0) parts.push(t("undo.still_in_n", { n: still }));
  if (left > 0) parts.push(t("result_n.left", { n: left }));
  return parts.join(t("list_comma"));
}

/** @type {import("../net/protocol.js").ResultWord[]} */
const NOT_DONE = ["already", "left", "unconfirmed", "refused", "unreachable", "claimed", "held", "stopped", "interrupted"];

/** The reason of one of a request's results; the next step is added only if there is no other result. @param {ActionRequest} request
 * @param {import("../net/protocol.js").Result} result @param {About} about */
function whyOf(request, { result, reason }, about) {
  if (!EXPLAINED.has(result)) return reason ?? "";
  const why = reasonOf(reason ?? "", { action: request.action, ...about });
  return why && (request.names.size === 1 ? sentence(why) : why.words.replace(/\.$/, ""));
}

/** @param {ActionRequest} request @param {(result: import("../net/protocol.js").Result) => About} about */
function others(request, about) {
  return NOT_DONE.flatMap((word) => {
    const some = withResult(request, word);
    const reasons = [...new Set(some.flatMap((result) => whyOf(request, result, about(result)) || []))];
    const key = word === "already" && request.action !== "admit" ? "result_n.unchanged" : `result_n.${word}`;
    const text = t(key, { n: some.length });
    return some.length === 0
      ? []
      : [reasons.length === 1 && reasons[0] ? t("result_reason", { result: text, reason: reasons[0] }) : text];
  });
}
