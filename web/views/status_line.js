// The line below the title and the text of an empty list: how far the data shown can be trusted.

import { t } from "../lib/i18n.js";
import { meetingNameOf } from "../lib/names.js";
import { clockTimes } from "../lib/time.js";
import { isStale } from "../state/bridges.js";
import { html, nothing } from "../vendor/lit.js";
import { icon } from "./icons.js";
import { codeOf, outcomeText } from "./outcome_text.js";
import { lateOnes, longestShown } from "./wait.js";

/**
 * @typedef {import("./wait.js").Parts & {
 *   moderation: import("../actions/moderation.js").Moderation,
 *   navigation: import("../ui/navigation.js").Navigation,
 *   roster: import("../state/roster.js").Roster,
 *   screen: import("../state/screen.js").Screen,
 * }} Parts
 */

const times = clockTimes(document.documentElement.lang || "en");

/** The text before the first snapshot, by phase of the connection. */
const FIRST_WORDS = {
  connecting: "connecting",
  loading: "loading",
  live: "connecting",
  lost: "lost_at_once",
  stopped: "stopped",
};

/** Always there, so that nothing below it moves when it gets longer. @param {Parts} parts */
export function statusLine(parts) {
  const { screen } = parts;
  const { phase, shown, asOf } = screen.link;
  if (!shown) return t(FIRST_WORDS[phase]);
  if (screen.link.doubt) return staleFact(t("doubtful", { at: times.long(asOf) }));
  if (phase === "loading" || phase === "connecting") return staleFact(t("refreshing", { at: times.long(asOf) }));
  if (phase !== "live")
    return staleFact(
      t(phase === "lost" ? "lost" : "stopped_at", { at: times.long(asOf), n: Math.max(0, Math.round((screen.now - asOf) / 1000)) }),
    );
  const { unknown, done, all } = screen.checked;
  return html`${longestShown(parts)}
    ${lateOnes(parts)}
    ${
      screen.shownHeld.length > 0
        ? html`<span class="fact held">${icon("hold")}${t("held_n", { n: screen.shownHeld.length })}</span>`
        : nothing
    }
    ${unknown > 0 ? html`<span class="fact">${t("checked", { done, all })}</span>` : nothing}
    ${screen.acts ? nothing : html`<span class="fact">${icon("note")}${t("viewer_only")}</span>`}
    ${staleBridges(parts)} ${ofMeeting(parts)}`;
}

/** The message that the open meeting shows, and its last failed action. @param {Parts} parts */
function ofMeeting(parts) {
  const row = parts.screen.meeting;
  if (!row) return nothing;
  const { message, outcome, pending } = row;
  const failed =
    outcome && !pending
      ? t(`not_done.${outcome.action}`, {
          name: meetingNameOf(row),
          why: outcomeText(outcome, outcome.action, parts.screen.now, times.short),
        })
      : null;
  const until = message?.until ? t("message.until", { at: times.short(message.until) }) : "";
  return html`${
    failed === null
      ? nothing
      : html`<span class="fact grave" title=${failed}>${icon("warning")}${failed} <small
        class="code">${outcome ? codeOf(outcome) : nothing}</small></span>`
  }
    ${
      message
        ? html`<span class="fact message" title=${message.text}>${icon("message")}<bdi>${message.text}</bdi>${
            until ? html` <span class="quiet">${until}</span>` : nothing
          }</span>
          ${
            parts.screen.acts
              ? html`<button class="text link" type="button" data-action="unmessage"
                ?disabled=${parts.screen.whyNotMeeting("unmessage", row) !== null}
                @click=${() => parts.moderation.requestForMeeting("unmessage", row)}>${t("message.take_away")}</button>`
              : nothing
          }`
        : nothing
    }`;
}

/** @param {string} text */
const staleFact = (text) => html`<span class="fact grave">${icon("warning")}${text}</span>`;

/** Where the notices are in view, they say it, and this is hidden (header.css). @param {Parts} parts */
function staleBridges(parts) {
  const stale = [...parts.roster.bridges.values()].filter(isStale);
  if (stale.length === 0) return nothing;
  const [only] = stale;
  const paused = stale.every((bridge) => bridge.state === "paused");
  const one = paused ? "bridge.paused_one" : "bridge.old_one";
  const text = stale.length === 1 && only ? t(one, { bridge: only.id }) : t("bridges.old", { n: stale.length });
  return html`<span class="fact of-bridges ${paused ? "amber" : "grave"}">${icon(paused ? "note" : "warning")}${text}</span>`;
}

/** Says why nobody is listed, but never that nobody waits while that is not known. @param {Parts} parts */
export function emptyListMessage(parts) {
  const { screen } = parts;
  if (screen.shown.length > 0) return nothing;
  if (!screen.link.shown)
    return html`<div class="empty"><p
      class="large">${t(screen.link.phase === "loading" ? "loading" : "connecting")}</p>${reason(screen.link.reason)}</div>`;
  const [large, small] = emptyListText(parts);
  const open = screen.openId !== null || screen.shownHeld.length > 0;
  return html`<div class=${open ? "empty small" : "empty"}><p class="large">${large}</p>${small ? html`<p>${small}</p>` : nothing}
    ${
      screen.query
        ? html`<button class="quiet-button" type="button" @click=${() => parts.navigation.search("")}>${t("clear_search")}</button>`
        : nothing
    }</div>`;
}

/** @param {string} text */
const reason = (text) => (text ? html`<p dir="auto">${text}</p>` : nothing);

/** @param {Parts} parts @returns {string[]} */
function emptyListText({ screen, roster }) {
  const { unknown, done, all } = screen.checked;
  const { read, all: bridges } = screen.bridgesRead;
  if (screen.query) return [t("nobody_matches", { query: screen.query })];
  if (screen.hidden > 0) return [t("filter.nobody_left"), t("filter.hidden_n", { n: screen.hidden })];
  if (!screen.live) return [t("nobody_was_waiting")];
  if (unknown > 0) return [t("checked", { done, all }), t("nobody_found_yet")];
  if (bridges > 0 && read === 0) return [t("no_bridge"), t("no_bridge_advice")];
  if (screen.shownHeld.length > 0 && read === bridges) return [t("nobody_but_held")];
  if (screen.meeting?.lobby === "no") return [t("no_lobby"), t("no_lobby_why")];
  if (screen.meeting?.lobby === "unknown") return [t("lobby_unknown")];
  if (read < bridges) return [t("nobody_on_these", { read, bridges })];
  if (roster.meetings.size === 0) return [t("nobody_waiting"), t("no_meetings")];
  return [t("nobody_waiting"), screen.openId === null ? t("meetings_running_n", { n: roster.meetings.size }) : ""];
}
