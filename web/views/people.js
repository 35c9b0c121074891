// The middle column: all waiting participants, or one meeting with its two lists.

import { number, t } from "../lib/i18n.js";
import { meetingNameOf } from "../lib/names.js";
import { isStale } from "../state/bridges.js";
import { meetingsOf } from "../state/group.js";
import { html, live, nothing } from "../vendor/lit.js";
import { admitButton } from "./admit_button.js";
import { callLists } from "./call_lists.js";
import { followButtons } from "./follow_mute.js";
import { icon } from "./icons.js";
import { activeFilters, listOptionsButton } from "./list_options.js";
import { handler, marks, meetingName } from "./meetings.js";
import { menuButton } from "./menu.js";
import { personGrid } from "./person_grid.js";
import { lookers } from "./presence.js";
import { emptyListMessage, statusLine } from "./status_line.js";
import { thresholdsChip } from "./thresholds.js";

/**
 * @typedef {import("./admit_button.js").Parts &
 *   import("./follow_mute.js").Parts &
 *   import("./list_options.js").Parts &
 *   import("./meetings.js").Parts &
 *   import("./menu.js").Parts &
 *   import("./presence.js").Parts &
 *   import("./person_grid.js").Parts &
 *   import("./status_line.js").Parts &
 *   import("./thresholds.js").Parts &
 *   {
 *   actionRequests: import("../net/action_requests.js").ActionRequests,
 *   navigation: import("../ui/navigation.js").Navigation,
 *   roster: import("../state/roster.js").Roster,
 *   screen: import("../state/screen.js").Screen,
 *   selection: import("../state/selection.js").Selection,
 *   selectionActions: import("../actions/selection.js").SelectionActions,
 * }} Parts
 */

/** @typedef {import("../net/protocol.js").PersonRow} Person */

/** @param {Parts} parts */
export function people(parts) {
  const { screen } = parts;
  const open = screen.openId !== null;
  return html`
    <div class="heading" data-meeting=${screen.openId ?? nothing}>
      <div class="words">${open ? meetingTitle(parts) : waitingTitle(parts)}
        <p class="status-line">${
          screen.meeting ? html`<span class="chips">${chips(parts, screen.meeting)}</span>` : nothing
        }${statusLine(parts)}</p>
      </div>
      ${
        screen.meeting
          ? html`<div class="tools">${followButtons(parts, screen.meeting)}${thresholdsChip(parts, screen.meeting)}</div>`
          : nothing
      }
      ${listOptionsButton(parts)} ${screen.acts ? everything(parts, open) : nothing}
    </div>
    ${activeFilters(parts)}
    <div class="scroller" data-scroller data-open=${open ? "yes" : "no"} data-columns=${screen.choice.view.columns.join(" ")}>
      ${open ? html`<h2 class="section">${t("in_lobby")} <span class="number">${number(screen.shown.length)}</span></h2>` : nothing}
      ${personGrid(parts, screen.lobby, open ? t("in_lobby") : t("waiting_now"), "lobby")} ${emptyListMessage(parts)}
      ${onHold(parts)} ${open && !screen.hasPane ? callLists(parts) : nothing}
    </div>
  `;
}

/** @param {Parts} parts */
const waitingTitle = ({ screen }) =>
  html`<h1>${t("waiting_now")} <span class="number" id="waiting-count">${screen.link.shown ? number(screen.shown.length) : ""}</span></h1>`;

/** @param {Parts} parts */
function meetingTitle(parts) {
  const row = parts.screen.meeting;
  return html`<h1>
    <button class="icon-button" type="button" title=${t("back_to_all")} aria-label=${t("back_to_all")}
      @click=${() => parts.navigation.open(null)}>${icon("back")}</button>
    ${row ? meetingName(row) : t(parts.screen.link.shown ? "meeting_ended" : "loading")}
    ${row ? html`<span class="only-phone">${marks(row)}</span>${lookers(parts, row.id)}` : nothing}
  </h1>`;
}

/** @param {boolean | null} locked */
function lockText(locked) {
  if (locked === null) return "lock_unknown";
  return locked ? "locked" : "unlocked";
}

/** @param {Parts} parts @param {import("../net/protocol.js").MeetingRow} row */
const chips = (parts, row) => html`
  ${row.claim ? html`<span class="chip" data-chip="claim">${handler(parts, row)}</span>` : nothing}
  <span class="chip" data-chip="lock" title=${
    row.lock_mode ? t(`lock_mode.${row.lock_mode}.why`) : nothing
  }>${row.locked === true ? icon("lock") : nothing}${
    row.pending && row.pending.action !== "message" ? pending(parts, row.pending) : t(lockText(row.locked))
  }${row.locked && row.lock_mode ? html`<span class="quiet">${t(`lock_mode.${row.lock_mode}`)}</span>` : nothing}</span>
  ${
    row.activator === null
      ? nothing
      : html`<span class="chip" data-chip="activator" title=${t("host_in_why")}>${t(row.activator ? "host_in" : "host_out")}</span>`
  }
  ${row.recording ? html`<span class="chip">${icon("recording")}${t("recording")}</span>` : nothing}
  ${row.streaming ? html`<span class="chip">${icon("streaming")}${t("streaming")}</span>` : nothing}
  ${row.bridges.map((bridge) => {
    const old = isStale(parts.roster.bridges.get(bridge));
    return html`<span class="chip" data-chip="bridge" data-old=${old ? "yes" : "no"}
      title=${old ? t("part_unseen_why", { bridge }) : nothing}>${old ? icon("note") : nothing}<bdi>${bridge}</bdi>${
        old ? html`<span class="quiet">${t("part_unseen")}</span>` : nothing
      }</span>`;
  })}
  ${
    row.unreadable
      ? html`<span class="chip" data-chip="unreadable"
        title=${t("unreadable_why")}>${icon("warning")}${t("unreadable_n", { n: row.unreadable })}</span>`
      : nothing
  }
  ${
    row.out_of_sight > 0
      ? html`<span class="chip" data-chip="out-of-sight"
        title=${t("out_of_sight_why")}>${icon("note")}${t("out_of_sight_n", { n: row.out_of_sight })}</span>`
      : nothing
  }
`;

/** @param {Parts} parts @param {boolean} open */
function everything(parts, open) {
  const { screen, selection } = parts;
  const { admissible } = screen;
  const ticked = admissible.filter((person) => selection.has(person.id)).length;
  const all = ticked > 0 && ticked === admissible.length;
  const { size } = meetingsOf(admissible);
  const meeting = open && !screen.filtered;
  // If nothing is hidden, those shown are all who wait, even if they are in one meeting.
  const one =
    screen.filtered || size !== 1 ? undefined : (screen.meeting ?? parts.roster.meetings.get(admissible[0]?.meeting ?? ""));
  const how = one
    ? { label: "admit_meeting_n", meeting: meetingNameOf(one) }
    : { label: screen.filtered || size < 2 ? "admit_shown_n" : "admit_across_n" };
  const some = screen.filtered ? "admit_shown_n" : "admit_n";
  const key = admissible.length === 0 ? "admit" : some;
  const place = `heading:${screen.openId ?? ""}`;
  // Only one button stands out: the selection's, if there is one, and never one for participants of several meetings.
  const aside = selection.size > 0 && !parts.actionRequests.atPlace(place);
  return html`
    <label class="tick-all"><input type="checkbox" id="select-all" .checked=${live(all)} .indeterminate=${live(ticked > 0 && !all)}
      ?disabled=${admissible.length === 0} @change=${() => parts.selectionActions.selectAll(!all)} /><span>${t("select_all")}</span></label>
    <span class="bulk"
        data-aside=${aside ? "yes" : "no"}>${admitButton(parts, admissible, meeting ? "meeting" : "shown", {
          key,
          style: size > 1 || aside ? "second" : "main",
          place,
          meetings: size,
          ...how,
        })}</span>
    ${
      open && screen.meeting
        ? menuButton(parts, "meeting", screen.meeting.id, { label: t("menu.of", { name: meetingNameOf(screen.meeting) }) })
        : nothing
    }
  `;
}

/** @param {Parts} parts @param {import("../net/protocol.js").Pending} what */
const pending = (parts, { action, by }) => (by === parts.screen.me ? t(`pending.${action}`) : t(`pending_by.${action}`, { by }));

/** Participants on hold, in a group below the other waiting participants. @param {Parts} parts */
const onHold = (parts) =>
  parts.screen.held.entries.length > 0
    ? html`<h2 class="section" data-section="held">${icon("hold")}${t("on_hold_group")} <span class="number"
      id="held-count">${number(parts.screen.shownHeld.length)}</span></h2>
      ${personGrid(parts, parts.screen.held, t("on_hold_group"), "lobby")}`
    : nothing;
