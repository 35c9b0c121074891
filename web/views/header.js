// The top line: name, search, bridges (in words only when there is something to say), who I am and the menu.

import { number, t } from "../lib/i18n.js";
import { condition } from "../state/bridges.js";
import { html, live, nothing, repeat } from "../vendor/lit.js";
import { bell } from "./alert_settings.js";
import { icon } from "./icons.js";
import { faultText } from "./notice_list.js";
import { presence } from "./presence.js";

/** Up to this many fine bridges are named; more are only counted. */
const NAMED = 3;

/** @typedef {import("../desk.js").Desk} Desk */

/** @param {Desk} desk */
export const header = (desk) => html`
  <header class="top" ?inert=${desk.unfolded === "keys"}>
    <a class="brand" href="${desk.base}/" aria-label=${t("brand_home")}><img src="${desk.base}/static/icons/usher.svg" alt="" width="22" height="22" /><span>Usher</span></a>
    <div class="search" role="search">
      ${icon("search")}
      <input id="search" type="search" autocomplete="off" spellcheck="false" dir="auto" placeholder=${t("search_hint")} aria-label=${t("search_hint")}
        aria-keyshortcuts="/" .value=${live(desk.screen.choice.query)}
        @input=${(/** @type {InputEvent} */ event) => desk.search(/** @type {HTMLInputElement} */ (event.target).value)} />
      <kbd aria-hidden="true">/</kbd>
    </div>
    ${bridges(desk)} ${presence(desk)} ${bell(desk)} ${me(desk)}
  </header>
`;

/** @param {Desk} desk */
function bridges(desk) {
  const all = [...desk.roster.bridges.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  const said = all.flatMap((bridge) => {
    const what = condition(bridge, desk.screen.now);
    return what ? [{ bridge, what }] : [];
  });
  const fine = all.filter((bridge) => !said.some((each) => each.bridge === bridge));
  return html`
    <div class="holder">
      <button class="bridges" type="button" data-unfolds="bridges" aria-expanded=${desk.unfolded === "bridges"}
        ?hidden=${all.length === 0} @click=${() => desk.unfold("bridges")}>
        <span class="unseen">${t("bridges_label")}</span>
        ${said.slice(0, 2).map(
          ({
            bridge,
            what,
          }) => html`<span class=${what.grave ? "bridge grave" : "bridge"}>${what.grave ? icon("trouble") : icon("note")}
            <bdi>${bridge.id}</bdi> <span class="said">${t(what.key, what.args)}</span></span>`,
        )}
        ${said.length > 2 ? html`<span class="bridge grave">${t("bridges_more", { n: said.length - 2 })}</span>` : nothing}
        ${
          fine.length > NAMED
            ? html`<span class="bridge">${t("bridges_n", { n: fine.length })}</span>`
            : fine.map((bridge) => html`<span class="bridge"><bdi>${bridge.id}</bdi></span>`)
        }
      </button>
      ${desk.unfolded === "bridges" ? bridgesPanel(desk, all) : nothing}
    </div>
  `;
}

/** @param {Desk} desk @param {import("../net/protocol.js").BridgeRow[]} all */
const bridgesPanel = (desk, all) => html`
  <div class="panel bridge-panel" tabindex="-1" role="dialog" aria-label=${t("bridges_label")}>
    <ul>
      ${repeat(
        all,
        (bridge) => bridge.id,
        (bridge) => {
          const what = condition(bridge, desk.screen.now);
          return html`<li>
          <div class="line"><bdi class="strong">${bridge.id}</bdi>${bridge.unique_name ? html` <bdi class="quiet" title=${t("unique_name_why")}>${bridge.unique_name}</bdi>` : nothing} <span class="quiet">${bridge.version ?? t("version_unknown")}</span></div>
          <div class=${what?.grave ? "said grave" : "said"}>${what ? t(what.key, what.args) : t("bridge_live")}</div>
          ${faultText(bridge)} ${retry(desk, bridge)}
        </li>`;
        },
      )}
    </ul>
    ${desk.screen.manages ? html`<p class="all-figures"><a href="#bridges" @click=${() => desk.fold()}>${t("all_figures")}</a></p>` : nothing}
  </div>
`;

/** The user's button for a bridge that is not followed. @param {Desk} desk @param {import("../net/protocol.js").BridgeRow} bridge */
export const retry = (desk, bridge) =>
  ["refused", "unreachable", "polling"].includes(bridge.state) && desk.screen.acts
    ? html`<button class="quiet-button" type="button" data-action="retry" ?disabled=${!desk.screen.live} @click=${() => desk.actionRequests.tellBridge("retry", bridge.id)}>
        ${t("try_again")}</button>`
    : bridge.state === "paused" && desk.screen.manages
      ? html`<button class="quiet-button" type="button" data-action="resume" ?disabled=${!desk.screen.live} aria-label=${t("resume_bridge", { bridge: bridge.id })}
          @click=${() => desk.actionRequests.tellBridge("resume", bridge.id)}>${t("resume")}</button>`
      : nothing;

/** @param {Desk} desk */
function me(desk) {
  const user = desk.me;
  return html`
    <div class="holder">
      <button class="me" type="button" data-unfolds="menu" aria-expanded=${desk.unfolded === "menu"} aria-label=${t("menu_label", { user })}
        @click=${() => desk.unfold("menu")}>
        ${icon("menu")}<bdi>${user}</bdi>${icon("down")}
      </button>
      ${desk.unfolded === "menu" ? menu(desk) : nothing}
    </div>
  `;
}

/** @param {Desk} desk */
function menu(desk) {
  const csrf = document.querySelector('meta[name="csrf"]')?.getAttribute("content") ?? "";
  const theme = document.documentElement.dataset.theme ?? "system";
  return html`
    <div class="panel menu" tabindex="-1" role="dialog" aria-label=${t("menu")}>
      <p class="quiet">${t(`role_${desk.screen.role}`)}</p>
      <fieldset class="themes">
        <legend>${t("theme")}</legend>
        ${["system", "light", "dark"].map(
          (each) =>
            html`<label><input type="radio" name="theme" .checked=${live(theme === each)} @change=${() => setTheme(desk, each)} /><span>${t(`theme_${each}`)}</span></label>`,
        )}
      </fieldset>
      <button class="entry" type="button" @click=${() => desk.unfold("keys")}>${t("keys_title")} <kbd>?</kbd></button>
      <a class="entry" href="${desk.base}/account">${t("account")}</a>
      ${
        desk.screen.manages
          ? html`<a class="entry" href="#bridges" @click=${() => desk.fold()}>${t("bridges_label")}</a>
        <a class="entry" href="#displays" @click=${() => desk.fold()}>${t("displays.label")}</a>
        <a class="entry" href="${desk.base}/users">${t("users")}</a>
        <a class="entry" href="${desk.base}/log">${t("log.title")}</a>`
          : nothing
      }
      <form method="post" action="${desk.base}/logout">
        <input type="hidden" name="csrf" value=${csrf} />
        <button class="entry" type="submit">${t("sign_out")}</button>
      </form>
      <p class="quiet">${t("version", { version: desk.upgrade.version })}</p>
    </div>
  `;
}

/** @param {Desk} desk @param {string} theme */
function setTheme(desk, theme) {
  dispatchEvent(new CustomEvent("usher-theme", { detail: theme }));
  desk.draw();
}

/** @param {number} n */
export const count = (n) => html`<span class="number">${number(n)}</span>`;
