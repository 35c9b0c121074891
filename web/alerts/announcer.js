// Announcements for screen readers: polite, at most every few seconds, with arrivals counted by meeting.

import { t } from "../lib/i18n.js";
import { plain } from "../lib/text.js";

const PAUSE = 5000;

export class Announcer {
  /** @param {(text: string) => void} say */
  constructor(say) {
    this.say = say;
    /** @type {Map<string, number>} arrivals by meeting name */
    this.arrivals = new Map();
    /** @type {string[]} */
    this.words = [];
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.quietUntil = 0;
    this.spoken = "";
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** @param {string} meeting */
  arrived(meeting) {
    this.arrivals.set(meeting, (this.arrivals.get(meeting) ?? 0) + 1);
    this.#soon();
  }

  /** Announces what the user did or has to know. @param {string} text */
  announce(text) {
    if (!this.words.includes(text)) this.words.push(text);
    this.#soon();
  }

  #soon() {
    if (this.timer !== undefined) return;
    this.timer = setTimeout(() => this.#speak(), Math.max(200, this.quietUntil - performance.now()));
  }

  #speak() {
    this.timer = undefined;
    this.quietUntil = performance.now() + PAUSE;
    const text = [...this.words, ...this.#gathered()].join(" ");
    // A screen reader would not read the same text again, so it has to differ.
    this.spoken = text === this.spoken ? `${text}\u00a0` : text;
    this.say(this.spoken);
    this.words = [];
    this.arrivals.clear();
  }

  #gathered() {
    const counts = [...this.arrivals];
    if (counts.length <= 3) {
      return counts.map(([meeting, n]) => t("said.waiting", { n, meeting: plain(meeting) || t("meeting_no_name") }));
    }
    return [t("said.waiting_many", { n: counts.reduce((sum, [, n]) => sum + n, 0), meetings: counts.length })];
  }
}
