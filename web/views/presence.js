// Other users with an open page, in the top line and on the meetings that they look at.

import { t } from "../lib/i18n.js";
import { meetingNameOf } from "../lib/names.js";
import { duration } from "../lib/time.js";
import { initials, others, usersLookingAt } from "../state/presence.js";
import { html, nothing } from "../vendor/lit.js";
import { icon } from "./icons.js";

/**
 * @typedef {{
 *   navigation: import("../ui/navigation.js").Navigation,
 *   panels: import("../ui/panels.js").Panels,
 *   roster: import("../state/roster.js").Roster,
 *   screen: import("../state/screen.js").Screen,
 * }} Parts
 */

/** @typedef {import("../net/protocol.js").UserRow} User */

/** The most users shown by their initials; more are only counted. */
const SHOWN = 4;

/** The users in the top line; only their number if there is no room. @param {Parts} parts */
export function presence(parts) {
  const all = others(parts.roster.users, parts.screen.me);
  if (all.length === 0) return nothing;
  const open = parts.panels.open === "presence";
  const names = all.map((user) => nameText(user)).join(t("list_comma"));
  return html`<div class="holder">
    <button class="presence" type="button" data-unfolds="presence" aria-expanded=${open} @click=${() => parts.panels.toggle("presence")}>
      <span class="unseen">${t("presence.label", { n: all.length, names })}</span>
      <span class="avatars">${all.slice(0, SHOWN).map((user) => avatar(user, `${nameText(user)}: ${lookText(parts, user)}`))}</span>
      ${
        all.length > SHOWN
          ? html`<span class="rest number" aria-hidden="true">${t("presence.more", { n: all.length - SHOWN })}</span>`
          : nothing
      }
      <span class="count number" aria-hidden="true">${icon("people")}${all.length}</span>
    </button>
    ${open ? panel(parts, all) : nothing}
  </div>`;
}

/** @param {Parts} parts @param {User[]} all */
const panel = (parts, all) => html`<div class="panel presence-panel" tabindex="-1" role="dialog" aria-label=${t("presence.title")}>
  <h2>${t("presence.title")}</h2>
  <ul>${all.map(
    (user) => html`<li data-user=${user.id} data-idle=${user.idle_since === null ? "no" : "yes"}>${avatar(user, "")}
      <div><div class="line"><bdi class="strong">${user.id}</bdi><span class="quiet">${t(`role_short.${user.role}`)}</span></div>
        <div class="quiet">${where(parts, user)}${
          user.idle_since === null
            ? nothing
            : html`<span class="idle">${t("presence.idle_for", { time: duration(parts.screen.now - user.idle_since) })}</span>`
        }</div></div></li>`,
  )}</ul>
</div>`;

/** The meetings that a user looks at, as links. @param {Parts} parts @param {User} user */
function where(parts, user) {
  const meetings = user.looks_at.flatMap((id) => parts.roster.meetings.get(id) ?? []);
  if (meetings.length === 0) return t("presence.looks_at_all");
  return meetings.map(
    (row, at) =>
      html`${at > 0 ? t("list_comma") : nothing}<button class="text link" type="button" title=${t("open_meeting")}
        @click=${() => go(parts, row.id)}><bdi>${meetingNameOf(row)}</bdi></button>`,
  );
}

/** @param {Parts} parts @param {string} meeting */
function go(parts, meeting) {
  parts.panels.close();
  parts.navigation.open(meeting);
}

/** The users who look at a meeting. @param {Parts} parts @param {string} meeting */
export function lookers(parts, meeting) {
  const all = usersLookingAt(others(parts.roster.users, parts.screen.me), meeting);
  if (all.length === 0) return nothing;
  const words = t("presence.look_here", { n: all.length, names: all.map((user) => nameText(user)).join(t("list_comma")) });
  return html`<span class="avatars lookers" title=${words}><span
    class="unseen">${words}</span>${all.slice(0, 3).map((user) => avatar(user, ""))}${
      all.length > 3 ? html`<span class="rest" aria-hidden="true">${t("presence.more", { n: all.length - 3 })}</span>` : nothing
    }</span>`;
}

/** @param {User} user @param {string} title */
const avatar = (
  user,
  title,
) => html`<span class="avatar" data-user=${user.id} data-idle=${user.idle_since === null ? "no" : "yes"} title=${title || nothing}
  aria-hidden="true">${initials(user.id)}</span>`;

/** @param {User} user */
const nameText = (user) => (user.idle_since === null ? user.id : t("presence.idle", { name: user.id }));

/** @param {Parts} parts @param {User} user */
function lookText(parts, user) {
  const names = user.looks_at.flatMap((id) => parts.roster.meetings.get(id) ?? []).map((row) => meetingNameOf(row));
  return names.length === 0 ? t("presence.looks_at_all") : t("presence.looks_at", { meetings: names.join(t("list_comma")) });
}
