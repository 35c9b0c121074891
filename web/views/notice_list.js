// Notices about bridges with a fault, hidden meetings and a new version. They are at the foot, so that they move nothing.

import { t } from "../lib/i18n.js";
import { clockTimes } from "../lib/time.js";
import { condition, consequence } from "../state/bridges.js";
import { html, nothing, repeat } from "../vendor/lit.js";
import { faultText, retryButton } from "./bridge_fault.js";
import { icon } from "./icons.js";

/**
 * @typedef {import("./bridge_fault.js").Parts & {
 *   roster: import("../state/roster.js").Roster,
 *   screen: import("../state/screen.js").Screen,
 *   upgrade: import("../ui/upgrade.js").Upgrade,
 * }} Parts
 */

const times = clockTimes(document.documentElement.lang || "en");

/** @param {Parts} parts */
export function noticeList(parts) {
  const { server, bridges } = parts.roster;
  const said = [...bridges.values()].filter((bridge) => condition(bridge, parts.screen.now)).sort(newestFirst);
  const hidden = server?.hidden_meetings ?? 0;
  const { phase, reason } = parts.screen.link;
  const { sessionEnds } = parts.screen;
  // Each kind has its own place, and each bridge its own element, so that a click never hits another bridge's button.
  const all = [
    phase === "stopped" ? note(true, t("stopped"), t("stopped_why", { reason }), reload()) : nothing,
    sessionEnds ? note(true, t("session_ends", { at: times.long(sessionEnds) }), t("session_ends_why")) : nothing,
    server?.trouble ? note(true, t("server_trouble"), server.trouble.what) : nothing,
    said.length > 0
      ? repeat(
          said,
          (bridge) => bridge.id,
          (bridge) => bridgeNote(parts, bridge),
        )
      : nothing,
    parts.upgrade.pending ? note(false, t("new_version", { version: parts.upgrade.pending }), "", reload()) : nothing,
    hidden > 0 ? note(false, t("hidden_n", { n: hidden }), "") : nothing,
  ];
  return all.every((each) => each === nothing) ? nothing : html`<ul class="notes" aria-label=${t("notes_label")}>${all}</ul>`;
}

/** Newest first: the list grows at its top, away from the foot, so that notices already shown stay where they are.
 * @param {import("../net/protocol.js").BridgeRow} a @param {import("../net/protocol.js").BridgeRow} b */
const newestFirst = (a, b) => b.since - a.since || (a.id < b.id ? -1 : 1);

/** @param {Parts} parts @param {import("../net/protocol.js").BridgeRow} bridge */
function bridgeNote(parts, bridge) {
  const what = condition(bridge, parts.screen.now);
  if (!what) return nothing;
  const brief = parts.screen.manages ? null : consequence(bridge, what.key);
  const text = brief
    ? t(brief, { bridge: bridge.id })
    : html`<bdi class="strong">${bridge.id}</bdi> ${t(what.key, what.args)}${since(bridge)}`;
  return note(what.grave, text, "", html`${faultText(parts, bridge)}${retryButton(parts, bridge)}`);
}

/** When the fault began. @param {import("../net/protocol.js").BridgeRow} bridge */
const since = (bridge) =>
  bridge.trouble ? html` <span class="quiet">${t("since_at", { at: times.long(bridge.since) })}</span>` : nothing;

/** @param {boolean} grave @param {unknown} text @param {string} detail @param {unknown} [button] */
const note = (grave, text, detail, button = nothing) => html`<li class=${grave ? "grave" : ""}>
  ${icon(grave ? "warning" : "note")}<div><p>${text}</p>${
    detail ? html`<p class="quiet" dir="auto">${detail}</p>` : nothing
  }${button}</div></li>`;

const reload = () => html`<button class="quiet-button" type="button" @click=${() => location.reload()}>${t("reload")}</button>`;
