// A user's saved preferences: sound, notifications, followed and muted meetings, the view. The server stores one object; a page knows some
// of its fields and leaves the others alone. Touches no element.

import { cleanEntries } from "./followed_meetings.js";
import { clean, PLAIN } from "./list_options.js";

/**
 * @typedef {{ sound: boolean, volume: number, notify: boolean, follows: import("./followed_meetings.js").Entry[],
 *   mutes: import("./followed_meetings.js").Entry[], view: import("./list_options.js").ListOptions }} SavedPrefs  `volume`: 0 to 1
 */

/** @type {SavedPrefs} */
export const DEFAULTS = { sound: true, volume: 0.6, notify: true, follows: [], mutes: [], view: PLAIN };

/** The largest object to send, in bytes: the server takes 16 KiB. */
const LIMIT = 15 * 1024;
/** How long changes are collected before they are sent, in ms: a slider makes many. */
const PAUSE = 800;

/** The preferences in a stored value, with defaults for what is missing or invalid. @param {unknown} value @returns {SavedPrefs} */
export function parsePrefs(value) {
  const { sound, volume, notify, follows, mutes, view } = /** @type {Record<string, unknown>} */ (
    typeof value === "object" && value !== null && !Array.isArray(value) ? value : {}
  );
  return {
    sound: sound !== false,
    volume: typeof volume === "number" && volume >= 0 && volume <= 1 ? volume : DEFAULTS.volume,
    notify: notify !== false,
    follows: cleanEntries(follows),
    mutes: cleanEntries(mutes),
    view: clean(view),
  };
}

export class Prefs {
  /** @param {(message: object) => boolean} send @param {() => void} changed */
  constructor(send, changed) {
    this.send = send;
    this.changed = changed;
    /** The server's object, as received. @type {Record<string, unknown>} */
    this.raw = {};
    /** This page's changes that are not sent yet. @type {Partial<SavedPrefs>} */
    this.unsent = {};
    this.current = DEFAULTS;
    /** Whether the server's object has arrived. Before that nothing is sent, since it would overwrite the stored object. */
    this.known = false;
    this.count = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  start() {
    addEventListener("pagehide", () => this.flush());
    // A hidden tab's timers sleep.
    document.addEventListener("visibilitychange", () => this.flush());
  }

  /** The server's object arrived, in `welcome` or because another page changed it. @param {unknown} value */
  receive(value) {
    this.raw = typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
    this.known = true;
    this.#update();
    if (Object.keys(this.unsent).length > 0) this.#later();
  }

  /** @param {Partial<SavedPrefs>} what */
  set(what) {
    this.unsent = { ...this.unsent, ...what };
    this.#update();
    this.#later();
  }

  /** Sends changes now, because the page may be about to close. */
  flush() {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (!this.known || Object.keys(this.unsent).length === 0) return;
    const value = fitted({ ...this.raw, ...this.unsent });
    this.count += 1;
    if (!this.send({ type: "prefs", ref: `prefs-${this.count}`, value })) return;
    this.raw = value;
    this.unsent = {};
  }

  #update() {
    this.current = parsePrefs({ ...this.raw, ...this.unsent });
    this.changed();
  }

  #later() {
    if (this.timer === undefined) this.timer = setTimeout(() => this.flush(), PAUSE);
  }
}

/** Drops the oldest followed and muted meetings if the object is too large. @param {Record<string, unknown>} value */
function fitted(value) {
  const fits = { ...value };
  const size = () => new TextEncoder().encode(JSON.stringify(fits)).length;
  for (const list of ["follows", "mutes"]) {
    while (size() > LIMIT && Array.isArray(fits[list]) && fits[list].length > 0) fits[list] = fits[list].slice(1);
  }
  return fits;
}
