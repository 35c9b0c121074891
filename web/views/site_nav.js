// The links to the other pages in the top line, as `templates/header.html` draws them on plain pages.

import { t } from "../lib/i18n.js";
import { html, nothing } from "../vendor/lit.js";

/**
 * @typedef {{
 *   base: string,
 *   navigation: import("../ui/navigation.js").Navigation,
 *   screen: import("../state/screen.js").Screen,
 * }} Parts
 */

/** Only administrators have more than one page to go to. @param {Parts} parts */
export function siteNav(parts) {
  if (!parts.screen.manages) return nothing;
  const { adminPage } = parts.screen;
  const current = (/** @type {string} */ page) => (adminPage === page ? "page" : nothing);
  return html`<nav class="pages" aria-label=${t("nav.label")}>
    <a href="${parts.base}/" aria-current=${current("")} @click=${(/** @type {MouseEvent} */ event) => toDesk(parts, event)}>${t("nav.desk")}</a>
    <a href="#bridges" aria-current=${current("bridges")}>${t("bridges.label")}</a>
    <a href="#displays" aria-current=${current("displays")}>${t("displays.label")}</a>
    <a href="${parts.base}/users">${t("users")}</a>
    <a href="${parts.base}/log">${t("log.title")}</a>
  </nav>`;
}

/** Shows all meetings without loading the page again, unless a new tab or window is wanted. @param {Parts} parts @param {MouseEvent} event */
function toDesk(parts, event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  parts.navigation.open(null);
}
