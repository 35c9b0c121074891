// A bridge's fault in words, and the button that retries a bridge that is not connected.

import { t } from "../lib/i18n.js";
import { advice } from "../state/bridges.js";
import { html, nothing } from "../vendor/lit.js";

/**
 * @typedef {{
 *   actionRequests: import("../net/action_requests.js").ActionRequests,
 *   screen: import("../state/screen.js").Screen,
 * }} Parts
 */

/** @typedef {import("../net/protocol.js").BridgeRow} Bridge */

/** A bridge's fault in the words of CMS or the network, with advice; only for administrators, who can repair it.
 * @param {Pick<Parts, "screen">} parts @param {Bridge} bridge */
export function faultText({ screen }, bridge) {
  if (!screen.manages) return nothing;
  const key = advice(bridge);
  return html`${
    bridge.trouble ? html`<p class="quiet" dir="auto">${bridge.trouble.what}</p>` : nothing
  }${key ? html`<p class="advice">${t(key)}</p>` : nothing}`;
}

/** The button for a bridge that is not connected. @param {Parts} parts @param {Bridge} bridge */
export function retryButton(parts, bridge) {
  if (["refused", "unreachable", "polling"].includes(bridge.state) && parts.screen.acts)
    return html`<button class="quiet-button" type="button" data-action="retry" ?disabled=${!parts.screen.live}
      @click=${() => parts.actionRequests.tellBridge("retry", bridge.id)}>
        ${t("try_again")}</button>`;
  if (bridge.state === "paused" && parts.screen.manages)
    return html`<button class="quiet-button" type="button" data-action="resume" ?disabled=${!parts.screen.live}
        aria-label=${t("resume_bridge", { bridge: bridge.id })}
          @click=${() => parts.actionRequests.tellBridge("resume", bridge.id)}>${t("resume")}</button>`;
  return nothing;
}
