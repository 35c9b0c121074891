// The open meeting's thresholds, from which a wait is long or too long: a chip, and its panel.

import { t } from "../lib/i18n.js";
import { duration } from "../lib/time.js";
import { MOST, readDuration, thresholdsOf } from "../state/wait_thresholds.js";
import { html, nothing } from "../vendor/lit.js";
import { icon } from "./icons.js";

/**
 * @typedef {{
 *   panels: import("../ui/panels.js").Panels,
 *   screen: import("../state/screen.js").Screen,
 *   waitActions: import("../actions/waits.js").WaitActions,
 * }} Parts
 */

/** @typedef {import("../net/protocol.js").MeetingRow} Meeting */

const shown = (/** @type {number} */ s) => duration(s * 1000);

/** @param {Parts} parts @param {Meeting} row */
export function thresholdsChip(parts, row) {
  const { first_s, second_s, own } = thresholdsOf(row);
  const words = t("thresholds.now", { first: shown(first_s), second: shown(second_s) });
  const why = t(own ? "thresholds.own" : "thresholds.configured");
  if (!parts.screen.acts)
    return html`<span class="chip" data-chip="thresholds"
      title="${words} ${why}">${t("thresholds.short")} <span class="number">${shown(first_s)} / ${shown(second_s)}</span></span>`;
  return html`<div class="holder"><button class="chip" type="button" data-chip="thresholds" data-unfolds="thresholds"
    aria-expanded=${parts.panels.open === "thresholds"}
    title="${words} ${why}" @click=${() => parts.panels.toggle("thresholds")}>${t("thresholds.short")} <span
      class="number">${shown(first_s)} / ${shown(second_s)}</span>
    ${own ? html`<span class="quiet">${t("thresholds.own_short")}</span>` : nothing}
    <span class="unseen">${words} ${why}</span></button>${parts.panels.open === "thresholds" ? panel(parts, row) : nothing}</div>`;
}

/** @param {Parts} parts @param {Meeting} row */
function panel(parts, row) {
  const { first_s, second_s, own } = thresholdsOf(row);
  return html`
    <div class="panel thresholds" tabindex="-1" role="dialog" aria-labelledby="thresholds-title"><form novalidate
      @submit=${(/** @type {SubmitEvent} */ event) => submit(parts, row, event)}>
      <h2 id="thresholds-title">${t("thresholds.title")}</h2>
      <p class="quiet">${t(own ? "thresholds.own" : "thresholds.configured")}</p>
      <div class="pair">
        <label for="threshold-first">${icon("late")} ${t("thresholds.first")}</label>
        <input id="threshold-first" name="first" inputmode="numeric" autocomplete="off" value=${shown(first_s)}
          aria-describedby="thresholds-how" />
        <label for="threshold-second">${icon("very_late")} ${t("thresholds.second")}</label>
        <input id="threshold-second" name="second" inputmode="numeric" autocomplete="off" value=${shown(second_s)}
          aria-describedby="thresholds-how" />
      </div>
      <p class="quiet" id="thresholds-how">${t("thresholds.how")}</p>
      <p class="said grave" role="alert">${parts.waitActions.fault}</p>
      <div class="line">
        <button class="main" type="submit" ?disabled=${!parts.screen.live}>${t("thresholds.set")}</button>
        ${
          own
            ? html`<button class="quiet-button" type="button" ?disabled=${!parts.screen.live}
              @click=${() => parts.waitActions.set(row.id, null, null)}>${t("thresholds.reset")}</button>`
            : nothing
        }
      </div>
    </form></div>
  `;
}

/** @param {Parts} parts @param {Meeting} row @param {SubmitEvent} event */
function submit(parts, row, event) {
  event.preventDefault();
  const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
  const [first, second] = ["first", "second"].map((name) => readDuration(String(form.get(name))));
  if (first == null || second == null) parts.waitActions.refuse(t("thresholds.not_time"));
  else if (first < 1 || first >= second || second > MOST)
    parts.waitActions.refuse(t("thresholds.not_order", { most: shown(MOST) }));
  else parts.waitActions.set(row.id, first, second);
}
