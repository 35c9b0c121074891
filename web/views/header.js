// The top line: name, links to the other pages, search, bridges, the user and the menu. While the notices are in view, they say what a
// bridge's fault is, and the top line only marks the bridge.

import { t } from "../lib/i18n.js";
import { condition } from "../state/bridges.js";
import { html, live, nothing, repeat } from "../vendor/lit.js";
import { bell } from "./alert_settings.js";
import { faultText, retryButton } from "./bridge_fault.js";
import { icon } from "./icons.js";
import { presence } from "./presence.js";
import { written } from "./shortcuts_help.js";
import { siteNav } from "./site_nav.js";

/**
 * @typedef {import("./alert_settings.js").Parts & import("./bridge_fault.js").Parts & import("./presence.js").Parts &
 *   import("./site_nav.js").Parts & {
 *   base: string,
 *   navigation: import("../ui/navigation.js").Navigation,
 *   panels: import("../ui/panels.js").Panels,
 *   renderer: import("../ui/renderer.js").Renderer,
 *   roster: import("../state/roster.js").Roster,
 *   screen: import("../state/screen.js").Screen,
 *   shortcuts: import("../ui/shortcuts.js").Shortcuts,
 *   upgrade: import("../ui/upgrade.js").Upgrade,
 * }} Parts
 */

/** @typedef {import("../net/protocol.js").BridgeRow} Bridge */

/** The most bridges without a fault that are named; more are only counted. */
const NAMED = 3;

/** @param {Parts} parts */
export const header = (parts) => html`
  <header class="top" ?inert=${parts.panels.open === "keys"}>
    <a class="brand" href="${parts.base}/" aria-label=${t("brand_home")}><img src="${parts.base}/static/icons/usher.svg" alt=""
      width="22" height="22" /><span>Usher</span></a>
    ${siteNav(parts)}
    <div class="search" role="search">
      ${icon("search")}
      <input id="search" type="search" autocomplete="off" spellcheck="false" dir="auto" placeholder=${t("search_hint")}
        aria-label=${t("search_hint")}
        aria-keyshortcuts="/" .value=${live(parts.screen.query)}
        @input=${(/** @type {InputEvent} */ event) => parts.navigation.search(/** @type {HTMLInputElement} */ (event.target).value)} />
      <kbd aria-hidden="true">/</kbd>
    </div>
    ${bridges(parts)} ${presence(parts)} ${bell(parts)} ${me(parts)}
  </header>
`;

/** @param {Parts} parts */
function bridges(parts) {
  const all = [...parts.roster.bridges.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  const said = all.flatMap((bridge) => {
    const what = condition(bridge, parts.screen.now);
    return what ? [{ bridge, what }] : [];
  });
  const fine = all.filter((bridge) => !said.some((each) => each.bridge === bridge));
  return html`
    <div class="holder">
      <button class="bridges" type="button" data-unfolds="bridges" aria-expanded=${parts.panels.open === "bridges"}
        ?hidden=${all.length === 0} @click=${() => parts.panels.toggle("bridges")}>
        <span class="unseen">${t("bridges.label")}</span>
        ${said.slice(0, 2).map(
          ({ bridge, what }) => html`<span class=${what.grave ? "bridge grave" : "bridge"}>${icon(signOf(what))}
            <bdi>${bridge.id}</bdi> <span class="said">${t(what.key, what.args)}</span></span>`,
        )}
        ${said.length > 2 ? html`<span class="bridge grave">${t("bridges.more", { n: said.length - 2 })}</span>` : nothing}
        ${fine.length > 0 ? connected(fine) : nothing}
      </button>
      ${parts.panels.open === "bridges" ? bridgesPanel(parts, all) : nothing}
    </div>
  `;
}

/** @param {{ grave: boolean }} what */
const signOf = ({ grave }) => (grave ? "warning" : "note");

/** A quiet sign that these bridges are connected: a shape, and one word for all. @param {Bridge[]} fine */
const connected = (fine) =>
  html`<span class="bridge well">${
    fine.length > NAMED
      ? html`${icon("well")}${t("bridges.n", { n: fine.length })}`
      : fine.map(({ id }) => html`<span>${icon("well")}<bdi>${id}</bdi></span>`)
  } <span class="said">${t("bridge.live")}</span></span>`;

/** @param {Parts} parts @param {Bridge[]} all */
const bridgesPanel = (parts, all) => html`
  <div class="panel bridge-panel" tabindex="-1" role="dialog" aria-label=${t("bridges.label")}>
    <ul>
      ${repeat(
        all,
        (bridge) => bridge.id,
        (bridge) => {
          const what = condition(bridge, parts.screen.now);
          return html`<li>
          <div class="line"><bdi class="strong">${bridge.id}</bdi>${
            bridge.unique_name ? html` <bdi class="quiet" title=${t("unique_name_why")}>${bridge.unique_name}</bdi>` : nothing
          } <span class="quiet">${bridge.version ?? t("version_unknown")}</span></div>
          <div class=${what?.grave ? "said grave" : "said"}>${icon(what ? signOf(what) : "well")} ${
            what ? t(what.key, what.args) : t("bridge.live")
          }</div>
          ${faultText(parts, bridge)} ${retryButton(parts, bridge)}
        </li>`;
        },
      )}
    </ul>
    ${
      parts.screen.manages
        ? html`<p class="all-figures"><a href="#bridges" @click=${() => parts.panels.close()}>${t("all_figures")}</a></p>`
        : nothing
    }
  </div>
`;

/** @param {Parts} parts */
function me(parts) {
  const user = parts.screen.me;
  return html`
    <div class="holder">
      <button class="me" type="button" data-unfolds="menu" aria-expanded=${parts.panels.open === "menu"}
        aria-label=${t("menu_label", { user })}
        @click=${() => parts.panels.toggle("menu")}>
        ${icon("menu")}<bdi>${user}</bdi>${icon("down")}
      </button>
      ${parts.panels.open === "menu" ? menu(parts) : nothing}
    </div>
  `;
}

/** @param {Parts} parts */
function menu(parts) {
  const csrf = document.querySelector('meta[name="csrf"]')?.getAttribute("content") ?? "";
  const theme = document.documentElement.dataset.theme ?? "system";
  return html`
    <div class="panel menu" tabindex="-1" role="dialog" aria-label=${t("menu")}>
      <p class="quiet">${t(`role.${parts.screen.role}`)}</p>
      <fieldset class="themes">
        <legend>${t("theme")}</legend>
        ${["system", "light", "dark"].map(
          (each) =>
            html`<label><input type="radio" name="theme" .checked=${live(theme === each)}
              @change=${() => setTheme(parts, each)} /><span>${t(`theme.${each}`)}</span></label>`,
        )}
      </fieldset>
      <button class="entry" type="button" aria-keyshortcuts="Control+K Meta+K" data-action="palette"
        @click=${() => parts.shortcuts.togglePalette()}>${t("palette.title")} <kbd>${written("Ctrl+K")}</kbd></button>
      <button class="entry" type="button" @click=${() => parts.panels.toggle("keys")}>${t("keys_title")} <kbd>?</kbd></button>
      <a class="entry" href="${parts.base}/account">${t("account")}</a>
      ${
        parts.screen.manages
          ? html`<a class="entry in-bar" href="#bridges" @click=${() => parts.panels.close()}>${t("bridges.label")}</a>
        <a class="entry in-bar" href="#displays" @click=${() => parts.panels.close()}>${t("displays.label")}</a>
        <a class="entry in-bar" href="${parts.base}/users">${t("users")}</a>
        <a class="entry in-bar" href="${parts.base}/log">${t("log.title")}</a>`
          : nothing
      }
      <form method="post" action="${parts.base}/logout">
        <input type="hidden" name="csrf" value=${csrf} />
        <button class="entry" type="submit">${t("sign_out")}</button>
      </form>
      <p class="quiet">${t("version", { version: parts.upgrade.version })}</p>
    </div>
  `;
}

/** @param {Parts} parts @param {string} theme */
function setTheme(parts, theme) {
  dispatchEvent(new CustomEvent("usher-theme", { detail: theme }));
  parts.renderer.draw();
}
