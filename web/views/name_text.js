// The text of a name, for its `bdi`: where it doesn't fit in one line, it is cut before its end.

import { splitEnd } from "../lib/name_end.js";
import { html } from "../vendor/lit.js";

/** @param {string} name */
export function nameText(name) {
  const [start, end] = splitEnd(name);
  return end === "" ? start : html`<span class="start">${start}</span><span class="end">${end}</span>`;
}
