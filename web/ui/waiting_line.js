// The line in the top line of plain pages that says how many people wait, and when it can't say so.

import { loadCatalogue, t } from "../lib/i18n.js";
import { Clock, clockTimes, duration, isoDuration } from "../lib/time.js";
import { WaitingPoll } from "../net/waiting_poll.js";
import { summary } from "../state/waiting_summary.js";

export class WaitingLine {
  /** @param {HTMLElement} line @param {HTMLElement} said what screen readers are told @param {string} url of the sums
   * @param {string} lang */
  constructor(line, said, url, lang) {
    this.line = line;
    this.text = /** @type {HTMLElement} */ (line.querySelector("[data-text]"));
    this.said = said;
    this.times = clockTimes(lang);
    this.clock = new Clock();
    /** @type {import("../net/waiting_poll.js").Lobbies | null} the answer that the clock was set by */
    this.seen = null;
    /** @type {import("../state/waiting_summary.js").LineState} */
    this.state = "connecting";
    /** The number that was shown last; null if it was not known. @type {number | null} */
    this.waiting = null;
    this.poll = new WaitingPoll(url, () => this.draw());
  }

  start() {
    this.line.hidden = false;
    const look = () => (document.hidden ? this.poll.stop() : this.poll.start());
    document.addEventListener("visibilitychange", look);
    addEventListener("online", look);
    // A page that the browser keeps for going back has slept.
    addEventListener("pageshow", (event) => event.persisted && look());
    setInterval(() => this.draw(), 1000);
    look();
  }

  draw() {
    const { latest, signedOut, isOutOfDate } = this.poll;
    if (latest && latest !== this.seen) this.clock.sync(latest.time);
    this.seen = latest;
    if (signedOut) return this.#show("signed_out", t("waiting_line.signed_out"));
    if (isOutOfDate)
      return this.#show("lost", latest ? t("waiting_line.lost", { at: this.times.long(latest.time) }) : t("lost_at_once"));
    if (!latest) return this.#show("connecting", t("connecting"));
    const { state, count, longest, rest } = summary(latest, this.clock.now());
    const parts = [part("count", t(count.key, count.args))];
    if (longest !== null) parts.push(longestPart(longest));
    if (rest) parts.push(part("rest", t(rest.key, rest.args)));
    this.#announce(state, latest.waiting);
    this.#set(state, ...parts);
  }

  /** @param {import("../state/waiting_summary.js").LineState} state @param {string} words */
  #show(state, words) {
    this.#announce(state, null);
    this.#set(state, part("count", words));
  }

  /** @param {import("../state/waiting_summary.js").LineState} state @param {...HTMLElement} parts */
  #set(state, ...parts) {
    this.state = state;
    this.line.dataset.state = state;
    this.text.replaceChildren(...parts.flatMap((each, at) => (at > 0 ? [" ", each] : [each])));
  }

  /** Tells screen readers when the connection ends or returns, and when the first person waits.
   * @param {import("../state/waiting_summary.js").LineState} state @param {number | null} waiting */
  #announce(state, waiting) {
    if (state === "lost" && this.state !== "lost") this.said.textContent = t("said.lost");
    const isBack = this.state === "lost" && waiting !== null;
    if (isBack || (this.waiting === 0 && waiting !== null && waiting > 0))
      this.said.textContent = t("said.loaded", { n: waiting ?? 0 });
    if (waiting !== null) this.waiting = waiting;
  }
}

/** @param {string} name @param {...(string | HTMLElement)} content */
function part(name, ...content) {
  const element = document.createElement("span");
  element.className = name;
  element.append(...content);
  return element;
}

/** @param {number} ms */
function longestPart(ms) {
  const time = document.createElement("time");
  time.dateTime = isoDuration(ms);
  time.textContent = duration(ms);
  return part("rest", part("word", t("longest"), " "), time);
}

/** Starts the line of a page that has one. @param {Document} page */
export async function startWaitingLine(page) {
  const line = /** @type {HTMLElement | null} */ (page.querySelector("[data-waiting-line]"));
  const said = /** @type {HTMLElement | null} */ (page.querySelector("[data-waiting-said]"));
  if (!line || !said) return;
  const base = page.body.dataset.base ?? "";
  const lang = page.documentElement.lang || "en";
  await loadCatalogue(base, lang);
  new WaitingLine(line, said, `${base}/waiting`, lang).start();
}
