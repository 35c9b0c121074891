// The options in the command palette's list, and its status.

import { number, t } from "../lib/i18n.js";
import { lobbyStateOf } from "../lib/lobby.js";
import { meetingNameOf, nameOf } from "../lib/names.js";
import { plain } from "../lib/text.js";
import { html, nothing, repeat } from "../vendor/lit.js";
import { namesake } from "./person_row.js";
import { written } from "./shortcuts_help.js";

/**
 * @typedef {{
 *   roster: import("../state/roster.js").Roster,
 *   shortcuts: import("../ui/shortcuts.js").Shortcuts,
 * }} Parts
 */

/**
 * @typedef {import("../state/palette_list.js").Entry} Entry
 * @typedef {import("../state/palette_list.js").Group} Group
 * @typedef {{ list: import("../state/palette_list.js").PaletteList, active: string | null, run: (entry: Entry) => void }} Entries
 */

/** @param {Parts} parts @param {Entries} entries */
export function paletteOptions(parts, entries) {
  /** @type {Map<string, string>} the options' element ids */
  const ids = new Map(entries.list.entries.map(({ id }, at) => [id, optionId(at)]));
  return repeat(
    entries.list.groups,
    (each) => each.id,
    (each) => group(parts, entries, each, ids),
  );
}

/** @param {number} at its place among all entries */
export const optionId = (at) => `palette-${at}`;

/** @param {import("../state/palette_list.js").PaletteList} list */
export function statusOf({ entries, total }) {
  const shown = entries.filter(({ why }) => why === null).length;
  if (shown < total) return t("palette.shown_n", { shown, n: total });
  return t(total === 0 ? "palette.none" : "palette.n", { n: total });
}

/** @param {Parts} parts @param {Entries} all @param {Group} what @param {Map<string, string>} ids */
function group(parts, all, { id, title, entries, total }, ids) {
  const titleId = `${ids.get(entries[0]?.id ?? "")}-title`;
  return html`<div role="group" aria-labelledby=${titleId}>
    <div class="palette-title" role="presentation" id=${titleId}><span>${titleOf(id) ?? title}</span>${total > entries.length ? html` <span class="number">${number(entries.length)} / ${number(total)}</span>` : nothing}</div>
    ${repeat(
      entries,
      (entry) => entry.id,
      (entry) => option(parts, all, entry, ids.get(entry.id)),
    )}</div>`;
}

/** The title of a group that lists rows. @param {string} id */
function titleOf(id) {
  if (id === "people") return t("people_label");
  return id === "meetings" ? t("meetings_label") : null;
}

/** @param {Parts} parts @param {Entries} all @param {Entry} entry @param {string | undefined} id */
function option(parts, all, entry, id) {
  const { command, row, why } = entry;
  return html`<div class=${command?.danger ? "palette-entry grave" : "palette-entry"} role="option" id=${id ?? nothing} data-entry=${entry.id}
    aria-selected=${all.active === entry.id} aria-disabled=${why === null ? nothing : "true"} @click=${() => all.run(entry)}>${
      row ? place(parts, row, why !== null) : html`<span>${command?.label}</span>${shortcut(parts, command?.shortcut)}`
    }${why === null ? nothing : html`<span class="why">${t(why)}</span>`}</div>`;
}

/** Only keys that act now are shown. @param {Parts} parts @param {string | undefined} keys */
function shortcut({ shortcuts }, keys) {
  if (!keys || (!shortcuts.letters && keys !== "Enter")) return nothing;
  return html`<kbd aria-hidden="true">${written(keys)}</kbd>`;
}

/** @param {Parts} parts @param {NonNullable<Entry["row"]>} row @param {boolean} isGone whether the row is only the last known one */
function place(parts, row, isGone) {
  if (row.kind === "meeting")
    return html`<bdi class="palette-name">${meetingNameOf(row)}</bdi><span
      class="quiet">${t("waiting_n", { n: row.waiting - (row.held ?? 0) })}</span>`;
  const [name, address] = [nameOf(row), plain(row.address)];
  return html`<span class="palette-name"><bdi>${name}</bdi>${namesake(parts, row)}${
    address === "" || address === name ? nothing : html` <bdi class="quiet">${address}</bdi>`
  }</span><span class="where quiet"><bdi>${meetingNameOf(parts.roster.meetings.get(row.meeting))}</bdi> <span
    class="state">${isGone ? nothing : t(stateOf(row))}</span></span>`;
}

/** @param {import("../net/protocol.js").PersonRow} person */
function stateOf(person) {
  if (person.hold) return "on_hold_group";
  return { waiting: "in_lobby", in: "in_call", called: "being_called", unknown: "being_checked" }[lobbyStateOf(person)];
}
