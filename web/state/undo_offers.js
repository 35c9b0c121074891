// Offers to undo the user's last admissions: all of them together, each for some seconds. The countdown pauses while the user reaches for
// the button or answers the question. Pure.

/**
 * @typedef {{ ref: string, people: Map<string, string>, until: number, latest: number }} Offer
 *   `people`: names, by id, of those who were or may still be admitted; `latest`: when it ends even if the countdown is paused
 * @typedef {{ refs: string[], people: Map<string, string>, until: number }} Series all that can be undone now; `until`: when the
 *   first offer ends
 */

/** The longest pause of the countdown, in ms. After that the server has forgotten the wait before the admission. */
export const LONGEST_PAUSE = 60_000;

export class UndoOffers {
  constructor() {
    /** @type {Offer[]} newest last */
    this.offers = [];
    /** Requests that were undone, some of them before they had ended. @type {Set<string>} */
    this.withdrawn = new Set();
    /** @type {number | null} when the countdown was paused */
    this.pausedAt = null;
  }

  /** @param {string} ref of the request @param {Map<string, string>} people @param {number} now ms @param {number} seconds */
  offer(ref, people, now, seconds) {
    if (people.size === 0 || seconds <= 0 || this.withdrawn.has(ref)) return;
    this.offers.push({ ref, people, until: this.#time(now) + seconds * 1000, latest: now + seconds * 1000 + LONGEST_PAUSE });
  }

  /** The admissions that the key and the button undo. @param {number} now @returns {Series | null} */
  series(now) {
    const time = this.#time(now);
    this.offers = this.offers.filter((offer) => offer.until > time && offer.latest > now);
    if (this.offers.length === 0) return null;
    const people = new Map(this.offers.flatMap((offer) => [...offer.people]));
    return { refs: this.offers.map((offer) => offer.ref), people, until: Math.min(...this.offers.map((offer) => offer.until)) };
  }

  /** The seconds until the first offer ends, rounded up. @param {Series} series @param {number} now */
  left(series, now) {
    return Math.max(0, Math.ceil((series.until - this.#time(now)) / 1000));
  }

  /** The user points at the button, has the focus on it or answers the question. @param {number} now */
  pause(now) {
    this.pausedAt ??= now;
  }

  /** @param {number} now */
  resume(now) {
    if (this.pausedAt === null) return;
    for (const offer of this.offers) offer.until += now - this.pausedAt;
    this.pausedAt = null;
  }

  /** It was undone, or dismissed. @param {string} ref */
  forget(ref) {
    this.withdrawn.add(ref);
    this.offers = this.offers.filter((offer) => offer.ref !== ref);
  }

  /** @param {number} now */
  #time(now) {
    return this.pausedAt ?? now;
  }
}
