// A list of participants as a grid: its column heads, and its rows in view.

import { html, nothing, repeat } from "../vendor/lit.js";
import { columnHead } from "./list_options.js";
import { personRow } from "./person_row.js";

/** @typedef {import("./list_options.js").Parts & import("./person_row.js").Parts} Parts */
/** @typedef {import("../net/protocol.js").PersonRow} Person */

/** @param {Parts} parts @param {import("../lists/virtual_list.js").List<Person>} list @param {string} label
 * @param {"lobby" | "call"} kind */
export function personGrid(parts, list, label, kind) {
  const { entries } = list;
  const meeting = kind === "lobby" && parts.screen.openId === null;
  const heads = [
    "tick",
    kind === "lobby" ? "when" : "since",
    "who",
    ...(kind === "lobby" ? ["began"] : []),
    "address",
    ...(meeting ? ["meeting"] : []),
    "bridge",
    "act",
  ];
  return html`<div class="people-grid" data-kind=${kind} role="grid" aria-label=${label} aria-rowcount=${entries.length + 1}
    aria-multiselectable=${kind === "lobby" && parts.screen.acts ? "true" : nothing} ?hidden=${entries.length === 0}>
    <div class="grid-head" role="row" aria-rowindex="1">
      ${heads.map((head) => columnHead(parts, head, kind))}
    </div>
    <div class="rows ${kind}" role="rowgroup" data-list=${list.name}>
      ${repeat(
        list.drawn(),
        ({ entry }) => entry.id,
        ({ entry, index }) => personRow(parts, list, entry, index, kind),
      )}
    </div>
  </div>`;
}
