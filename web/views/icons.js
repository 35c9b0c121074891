// Icons. Each is next to a word, or has one for screen readers.

import { html, svg } from "../vendor/lit.js";

const paths = {
  search: svg`<circle cx="7" cy="7" r="4.5"/><path d="m10.5 10.5 3.5 3.5"/>`,
  lock: svg`<rect x="3.5" y="7" width="9" height="6.5" rx="1.2"/><path d="M5.5 7V5a2.5 2.5 0 0 1 5 0v2"/>`,
  muted: svg`<path d="M6 4a2 2 0 0 1 4 0v3.5M6 6.5V8a2 2 0 0 0 3 1.7M4 8a4 4 0 0 0 6.5 3.1M8 12v2M3 3l10 10"/>`,
  presenting: svg`<rect x="2.5" y="3.5" width="11" height="7.5" rx="1"/><path d="M6 13.5h4M8 9V5.8M6.4 7.2 8 5.6l1.6 1.6"/>`,
  recording: svg`<circle cx="8" cy="8" r="5.2"/><circle cx="8" cy="8" r="2" class="solid"/>`,
  streaming: svg`<path
    d="M4.6 11.4a4.8 4.8 0 0 1 0-6.8M11.4 4.6a4.8 4.8 0 0 1 0 6.8M2.7 13.3a7.5 7.5 0 0 1 0-10.6M13.3 2.7a7.5 7.5 0 0 1 0 10.6"/><circle
    cx="8" cy="8" r="1.2" class="solid"/>`,
  late: svg`<path d="M8 2.6 14.2 13.4H1.8z"/><path d="M8 6.6v3M8 11.4v.1"/>`,
  very_late: svg`<path d="M5.3 1.8h5.4l3.5 3.5v5.4l-3.5 3.5H5.3l-3.5-3.5V5.3z" class="filled"/><path
    d="M6.2 4.8v3.9M6.2 11v.1M9.8 4.8v3.9M9.8 11v.1" class="inverse"/>`,
  warning: svg`<path d="M8 2.6 14.2 13.4H1.8z" class="filled"/><path d="M8 6.6v3M8 11.4v.1" class="inverse"/>`,
  note: svg`<circle cx="8" cy="8" r="5.8"/><path d="M8 7.4v3.4M8 5.2v.1"/>`,
  well: svg`<circle cx="8" cy="8" r="5.8"/><path d="m5.4 8.3 1.8 1.8 3.4-3.9"/>`,
  close: svg`<path d="m4 4 8 8M12 4l-8 8"/>`,
  back: svg`<path d="M9.5 3.5 5 8l4.5 4.5"/>`,
  up: svg`<path d="m4 9.8 4-4 4 4"/>`,
  down: svg`<path d="m4 6.2 4 4 4-4"/>`,
  menu: svg`<circle cx="8" cy="6" r="2.6"/><path d="M3 13.6a5 5 0 0 1 10 0"/>`,
  bell: svg`<path d="M3.5 11.5c1-1 1.2-2.2 1.2-4.2a3.3 3.3 0 0 1 6.6 0c0 2 .2 3.2 1.2 4.2zM6.8 13.4a1.3 1.3 0 0 0 2.4 0"/>`,
  bell_off: svg`<path
    d="M3.5 11.5c1-1 1.2-2.2 1.2-4.2a3.3 3.3 0 0 1 6.6 0c0 2 .2 3.2 1.2 4.2zM6.8 13.4a1.3 1.3 0 0 0 2.4 0M2.5 2.5l11 11"/>`,
  followed: svg`<path d="m8 2.4 1.7 3.5 3.9.5-2.8 2.7.7 3.8L8 11.1l-3.5 1.8.7-3.8-2.8-2.7 3.9-.5z"/>`,
  muted_meeting: svg`<path d="M3.5 11.5c1-1 1.2-2.2 1.2-4.2a3.3 3.3 0 0 1 6.6 0c0 2 .2 3.2 1.2 4.2zM2.5 2.5l11 11"/>`,
  display: svg`<path d="M2 4.5h4M9.5 4.5H14M2 11.5h6M11.5 11.5H14"/><circle cx="7.7" cy="4.5" r="1.8"/><circle cx="9.7" cy="11.5"
    r="1.8"/>`,
  link: svg`<path
    d="M6.8 9.2a2.6 2.6 0 0 0 3.7 0l2.2-2.2a2.6 2.6 0 0 0-3.7-3.7l-.9.9M9.2 6.8a2.6 2.6 0 0 0-3.7 0L3.3 9a2.6 2.6 0 0 0 3.7 3.7l.9-.9"/>`,
  people: svg`<circle cx="6" cy="5.6" r="2.4"/><path
    d="M1.8 13a4.2 4.2 0 0 1 8.4 0M10.4 3.4a2.4 2.4 0 0 1 0 4.4M11.8 9.4A4.2 4.2 0 0 1 14.2 13"/>`,
  more: svg`<circle cx="8" cy="3.4" r="1.1" class="solid"/><circle cx="8" cy="8" r="1.1" class="solid"/><circle cx="8" cy="12.6"
    r="1.1" class="solid"/>`,
  hand: svg`<path
        d="M5.2 8.4V4.2a1 1 0 0 1 2 0v3M7.2 7V3a1 1 0 0 1 2 0v4M9.2 7V3.9a1 1 0 0 1 2 0v5.2c0 2.9-1.6 4.7-4 4.7-1.8 0-2.8-.8-3.7-2.4L2.3 9a1 1 0 0 1 1.7-1l1.2 1.5"/>`,
  hold: svg`<circle cx="8" cy="8" r="5.8"/><path d="M6.4 5.8v4.4M9.6 5.8v4.4"/>`,
  due: svg`<circle cx="8" cy="8.6" r="5"/><path d="M8 5.9v2.9l1.8 1M2.4 4.4l2-2M13.6 4.4l-2-2"/>`,
  message: svg`<path d="M2.5 3.5h11v7.5H7.2L4.4 13.6V11H2.5z"/>`,
  back_out: svg`<path d="M5.4 3.2 2.6 6l2.8 2.8M2.8 6h6.4a4 4 0 0 1 0 8H6.4"/>`,
  meetings: svg`<path d="M2.5 4h11M2.5 8h11M2.5 12h7"/>`,
};

/** @param {keyof typeof paths} name */
export const icon = (name) =>
  html`<svg class="icon icon-${name}" viewBox="0 0 16 16" aria-hidden="true" focusable="false">${paths[name]}</svg>`;

/** An icon with a meaning of its own, and its text. @param {keyof typeof paths} name @param {string} text */
export const sign = (name, text) => html`<span class="sign" title=${text}>${icon(name)}<span class="unseen">${text}</span></span>`;
