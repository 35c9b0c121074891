// What came of presses and of actions, in words: for the dock, the rows and the screen reader. No page in here.

import { isUnderWay, withResult } from "../net/action_requests.js";
import { reasonOf, sentence } from "./failure_reasons.js";
import { t } from "./i18n.js";

/**
 * @typedef {import("../net/action_requests.js").Press} Press
 * @typedef {{ result: string, reason?: string | null, by?: string | null, at?: number | null }} Outcome
 * @typedef {import("./failure_reasons.js").About} About
 */

/** Until when "ago" is counted in seconds, in ms; what is older has a time of day. */
const JUST_NOW = 120_000;

/** @param {number | null | undefined} at @param {number} now @param {(at: number) => string} clock */
const ago = (at, now, clock) =>
  at == null
    ? ""
    : now - at < JUST_NOW
      ? t("ago_s", { n: Math.max(0, Math.round((now - at) / 1000)) })
      : t("at_time", { at: clock(at) });

/**
 * What a result means, with its reason where there is one.
 * @param {Outcome} outcome @param {string} deed @param {number} now the server's @param {(at: number) => string} clock @param {About} [about]
 */
export function outcomeWords({ result, reason, by, at }, deed, now, clock, about = {}) {
  if (result === "already" && by && at != null) return t(`already_by.${deed}`, { by, ago: ago(at, now, clock) });
  if (result === "already") return t(`already.${deed}`);
  if (!EXPLAINED.has(result)) return t(`outcome_${result}`, { by: by ?? "" });
  const why = reasonOf(reason ?? "", { deed, ...about });
  if (result === "refused") return why ? t("outcome_refused", { reason: sentence(why) }) : t("outcome_refused_plain");
  return why ? sentence(why) : t(`outcome_${result}`);
}

/** What goes wrong at bridges: its reason is a code, or a sentence of the server's. */
const EXPLAINED = new Set(["refused", "unreachable", "unconfirmed", "interrupted"]);

/** Whether the reason of a result has words. @param {string} result */
export const isExplained = (result) => EXPLAINED.has(result);

/** What the reason of a result is called where it comes from, for small print; "" where it says nothing more. @param {Outcome} outcome */
export const codeOf = ({ result, reason }) => (EXPLAINED.has(result) ? (reasonOf(reason ?? "")?.code ?? "") : "");

/** As `outcomeWords`, for a list in which each has a line of their own. @param {Outcome} outcome @param {string} deed @param {string} name
 * @param {number} now @param {(at: number) => string} clock @param {About} [about] */
export function lineWords(outcome, deed, name, now, clock, about = {}) {
  const why = outcome.result === "refused" && deed === "admit" ? reasonOf(outcome.reason ?? "", { deed, ...about }) : null;
  return why ? t("refused.admit", { name, why: sentence(why) }) : outcomeWords(outcome, deed, now, clock, about);
}

/** One who was to be sent back by an undo: whether they are. @param {Outcome} outcome @param {number} now @param {(at: number) => string} clock */
export function undoneWords(outcome, now, clock) {
  if (outcome.result === "done" || outcome.result === "already") return t("undo.sent_back");
  if (outcome.result === "left") return t("outcome_left");
  return t("undo.still_in", { why: outcomeWords(outcome, "send_back", now, clock) });
}

/** What became of a press so far. @param {Press} press @param {number} now @param {(at: number) => string} clock
 * @param {(result: import("../net/protocol.js").Result) => About} [about] what is known of whom a result is about */
export function pressWords(press, now, clock, about = () => ({})) {
  const [n, name] = [press.names.size, [...press.names.values()][0] ?? ""];
  if (press.state === "failed")
    return t(`failed_${press.code}`) === `failed_${press.code}` ? press.says : t(`failed_${press.code}`);
  if (press.state === "unanswered") return t("unanswered", { n });
  if (press.state === "cut_off" || press.state === "unheard" || press.state === "unsent") return t(press.state);
  if (isUnderWay(press)) return press.stopping ? t("stopping") : t(`doing.${press.deed}`, { n, name });
  if (press.message.scope === "undo") return undone(press);
  if (press.message.meeting !== undefined) return ofMeeting(press, name, now, clock);
  const [only] = press.results;
  if (n === 1 && only && ["already", "held", "stopped"].includes(only.result)) return outcomeWords(only, press.deed, now, clock);
  if (n === 1 && only?.result === "claimed") return t("claim.handles", { by: only.by ?? "?", name });
  return [t(`did.${press.deed}`, { n: withResult(press, "done").length }), ...others(press, about)].join(t("list_comma"));
}

/** @param {Press} press @param {string} name @param {number} now @param {(at: number) => string} clock */
function ofMeeting(press, name, now, clock) {
  const [only] = press.results;
  if (!only || only.result === "done") return t(`did.${press.deed}`, { name });
  return t(`not_done.${press.deed}`, { name, why: outcomeWords(only, press.deed, now, clock) });
}

/** @param {Press} press */
function undone(press) {
  const count = (/** @type {import("../net/protocol.js").ResultWord[]} */ ...words) =>
    press.results.filter((result) => words.includes(result.result)).length;
  const [back, left] = [count("done", "already"), count("left")];
  const still = press.results.length - back - left;
  const parts = [t("undo.back_n", { n: back })];
  if (still > 0) parts.push(t("undo.still_in_n", { n: still }));
  if (left > 0) parts.push(t("result_left_n", { n: left }));
  return parts.join(t("list_comma"));
}

/** @type {import("../net/protocol.js").ResultWord[]} */
const NOT_DONE = ["already", "left", "unconfirmed", "refused", "unreachable", "claimed", "held", "stopped", "interrupted"];

/** The reason of one of a press's results; the next step only where there is no other result. @param {Press} press
 * @param {import("../net/protocol.js").Result} result @param {About} about */
function whyOf(press, { result, reason }, about) {
  if (!EXPLAINED.has(result)) return reason ?? "";
  const why = reasonOf(reason ?? "", { deed: press.deed, ...about });
  return why && (press.names.size === 1 ? sentence(why) : why.words.replace(/\.$/, ""));
}

/** @param {Press} press @param {(result: import("../net/protocol.js").Result) => About} about */
function others(press, about) {
  return NOT_DONE.flatMap((word) => {
    const some = withResult(press, word);
    const reasons = [...new Set(some.flatMap((result) => whyOf(press, result, about(result)) || []))];
    const key = word === "already" && press.deed !== "admit" ? "result_so_already_n" : `result_${word}_n`;
    const text = t(key, { n: some.length });
    return some.length === 0
      ? []
      : [reasons.length === 1 && reasons[0] ? t("result_reason", { result: text, reason: reasons[0] }) : text];
  });
}
