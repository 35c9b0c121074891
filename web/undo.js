// What one's own last admissions offer to take back, newest first, each for some seconds that stand still while somebody reaches for it. Pure.

/**
 * @typedef {{ ref: string, people: Map<string, string>, until: number }} Offer  names by id, of those who were let in
 */

export class Undos {
  constructor() {
    /** @type {Offer[]} newest last */
    this.offers = [];
    /** @type {number | null} since when time stands still */
    this.stoppedAt = null;
  }

  /** @param {string} ref of the press @param {Map<string, string>} people @param {number} now ms @param {number} seconds */
  offer(ref, people, now, seconds) {
    if (people.size > 0 && seconds > 0) this.offers.push({ ref, people, until: this.#time(now) + seconds * 1000 });
  }

  /** The one that the key and the button take back. @param {number} now @returns {Offer | null} */
  current(now) {
    const time = this.#time(now);
    this.offers = this.offers.filter((offer) => offer.until > time);
    return this.offers.at(-1) ?? null;
  }

  /** How many seconds it is still offered, rounded up. @param {Offer} offer @param {number} now */
  left(offer, now) {
    return Math.max(0, Math.ceil((offer.until - this.#time(now)) / 1000));
  }

  /** Somebody points at it or has the focus on it: time stands still. @param {number} now */
  pause(now) {
    this.stoppedAt ??= now;
  }

  /** @param {number} now */
  resume(now) {
    if (this.stoppedAt === null) return;
    for (const offer of this.offers) offer.until += now - this.stoppedAt;
    this.stoppedAt = null;
  }

  /** @param {string} ref */
  forget(ref) {
    this.offers = this.offers.filter((offer) => offer.ref !== ref);
  }

  /** @param {number} now */
  #time(now) {
    return this.stoppedAt ?? now;
  }
}
