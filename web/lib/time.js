// Instants and durations as people read them, and the server's clock. Pure but for `Clock.now`, whose source is a parameter.

/** A wait: 0:48, 12:05, 1:02:03. @param {number} ms */
export function duration(ms) {
  const all = Math.max(0, Math.floor(ms / 1000));
  const [h, m, s] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** The form of the `datetime` attribute. @param {number} ms */
export const isoDuration = (ms) => `PT${Math.max(0, Math.floor(ms / 1000))}S`;

/** @param {string} lang */
export function clockTimes(lang) {
  const short = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const long = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  return { short: (/** @type {number} */ at) => short.format(at), long: (/** @type {number} */ at) => long.format(at) };
}

/**
 * The server's time. A frame tells it late by the network's delay, so of the last few the largest offset is the truest. In between
 *   the page's
 * own clock runs on, which nobody can set: setting the computer's must not move a wait.
 */
export class Clock {
  /** @param {() => number} local */
  constructor(local = () => performance.now()) {
    this.local = local;
    /** @type {number[]} */
    this.offsets = [];
    this.offset = 0;
  }

  /** @param {number} time the server's, just received */
  sync(time) {
    this.offsets = [...this.offsets.slice(-4), time - this.local()];
    this.offset = Math.max(...this.offsets);
  }

  /** A new connection may be a new server: older offsets say nothing about it. */
  forget() {
    this.offsets = [];
  }

  now() {
    return this.local() + this.offset;
  }
}
