// The bell in the top line, which warns if the browser blocks alerts, and its panel of settings.

import { t } from "../lib/i18n.js";
import { html, live, nothing } from "../vendor/lit.js";
import { icon } from "./icons.js";

/**
 * @typedef {{
 *   alerts: import("../alerts/alerts.js").Alerts,
 *   panels: import("../ui/panels.js").Panels,
 *   prefs: import("../state/prefs.js").Prefs,
 *   screen: import("../state/screen.js").Screen,
 * }} Parts
 */

/** The bell's state: the obstacle, if there is one, or else the user's choice. @param {Parts} parts */
function stateOf({ alerts, prefs, screen }) {
  const { sound, volume, notify } = prefs.current;
  if (alerts.blocked) return "blocked";
  if (notify && prefs.known && screen.link.shown && alerts.permission === "default") return "ask";
  return sound && volume > 0 ? "on" : "off";
}

/** @param {Parts} parts */
export function bell(parts) {
  const state = stateOf(parts);
  return html`
    <div class="holder">
      <button class="bell" type="button" data-unfolds="alerts" data-state=${state} aria-expanded=${parts.panels.open === "alerts"}
        title=${t(`alarm.label.${state}`)} @click=${() => parts.panels.toggle("alerts")}>
        ${icon(state === "on" || state === "ask" ? "bell" : "bell_off")}${
          state === "on" ? nothing : html`<span class="said">${t(`alarm.${state}`)}</span>`
        }
        <span class="unseen">${t(`alarm.label.${state}`)}</span>
      </button>
      ${parts.panels.open === "alerts" ? panel(parts) : nothing}
    </div>
  `;
}

/** @param {Parts} parts */
function panel(parts) {
  const { prefs, alerts } = parts;
  const { current } = prefs;
  return html`
    <div class="panel alerts" tabindex="-1" role="dialog" aria-label=${t("alarm.title")}>
      <h2>${t("alarm.title")}</h2>
      <label class="switch"><input type="checkbox" .checked=${live(current.sound)} @change=${() => prefs.set({ sound: !current.sound })} />
        <span>${t("alarm.sound")}<span class="quiet">${t("alarm.sound_why")}</span></span></label>
      <div class="volume">
        <label for="volume">${t("alarm.volume")}</label>
        <input id="volume" type="range" min="0" max="100" step="5" .value=${live(String(Math.round(current.volume * 100)))}
          ?disabled=${!current.sound && current.follows.length === 0}
              @input=${(/** @type {InputEvent} */ event) =>
                prefs.set({ volume: Number(/** @type {HTMLInputElement} */ (event.target).value) / 100 })} />
        <div class="tries"><button class="quiet-button" type="button"
          @click=${() => alerts.tryOut("arrival")}>${t("alarm.try_arrival")}</button>
        <button class="quiet-button" type="button"
          @click=${() => alerts.tryOut("late")}>${t("alarm.try_late")}</button></div>
      </div>
      ${alerts.blocked ? unlock(parts) : nothing}
      <label class="switch"><input type="checkbox" .checked=${live(current.notify)} @change=${() => prefs.set({ notify: !current.notify })} />
        <span>${t("notify.title")}<span class="quiet">${t("notify.why")}</span></span></label>
      ${permission(parts)} ${meetings(parts, "follows")} ${meetings(parts, "mutes")}
    </div>
  `;
}

/** The browser's permission for notifications, and the button that asks for it. @param {Parts} parts */
function permission({ alerts, prefs }) {
  const { permission } = alerts;
  if (permission === "granted") return nothing;
  if (permission !== "default") return html`<p class="quiet">${t(`notify.${permission}`)}</p>`;
  return html`<div class="tries"><button class="quiet-button" type="button" data-action="allow-notifications"
    @click=${() => alerts.askPermission()}>${t("notify.allow")}</button>
    ${
      prefs.current.notify
        ? html`<button class="quiet-button" type="button" @click=${() => prefs.set({ notify: false })}>${t("notify.not")}</button>`
        : nothing
    }</div>`;
}

/** @param {Parts} parts */
const unlock = ({ alerts }) => html`<div class="blocked"><p class="amber">${icon("note")} ${t("alarm.blocked_why")}</p>
  <button class="quiet-button" type="button" data-action="unlock-sound"
    @click=${() => alerts.unlockSound()}>${t("alarm.unlock")}</button></div>`;

/** @param {Parts} parts @param {"follows" | "mutes"} which */
function meetings({ prefs }, which) {
  const entries = prefs.current[which];
  if (entries.length === 0) return nothing;
  const drop = (/** @type {import("../state/followed_meetings.js").Entry} */ gone) =>
    prefs.set({ [which]: entries.filter((entry) => entry !== gone) });
  return html`<h3>${t(`alarm.${which}`)}</h3>
    <ul class="entries">${entries.map((entry) => {
      const name = entry.name || t("meeting_no_name");
      return html`<li><bdi>${name}</bdi>
        <button class="icon-button" type="button" aria-label=${t(`alarm.${which}.end`, { meeting: name })}
          title=${t(`alarm.${which}.end`, { meeting: name })}
          @click=${() => drop(entry)}>${icon("close")}</button></li>`;
    })}</ul>`;
}
