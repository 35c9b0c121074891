// Instants and durations as people read them, and the server's clock. Pure, except that `Clock` reads the clock that it is given.

/** A wait: 0:48, 12:05, 1:02:03. @param {number} ms */
export function duration(ms) {
  const all = Math.max(0, Math.floor(ms / 1000));
  const [h, m, s] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A duration for the `datetime` attribute. @param {number} ms */
export const isoDuration = (ms) => `PT${Math.max(0, Math.floor(ms / 1000))}S`;

/** @param {string} lang */
export function clockTimes(lang) {
  const short = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const long = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  return { short: (/** @type {number} */ at) => short.format(at), long: (/** @type {number} */ at) => long.format(at) };
}

/** English dates have the day first, as those of the other languages. @type {Record<string, string>} */
const DATE_LOCALES = { en: "en-GB" };

/** Dates, and dates with a time of day, in the one style of all pages: 29 Nov 2026, 14:05. The month is a word and hours have two digits, so
 * that neither looks like a duration. @param {string} lang */
export function dateTimes(lang) {
  const locale = DATE_LOCALES[lang] ?? lang;
  /** @type {Intl.DateTimeFormatOptions} */
  const date = { day: "numeric", month: "short", year: "numeric" };
  /** @type {Intl.DateTimeFormatOptions} */
  const time = { ...date, hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const format = (/** @type {Intl.DateTimeFormatOptions} */ options) => {
    const { format: text } = new Intl.DateTimeFormat(locale, options);
    return (/** @type {number} */ at) => text(at);
  };
  return { day: format(date), minutes: format(time), seconds: format({ ...time, second: "2-digit" }) };
}

/**
 * The server's time. The network delays every frame, so the largest offset of the last few frames is the best. Between frames the page's
 * monotonic clock carries it on, so that setting the computer's clock changes no wait.
 */
export class Clock {
  /** @param {() => number} local */
  constructor(local = () => performance.now()) {
    this.local = local;
    /** @type {number[]} */
    this.offsets = [];
    this.offset = 0;
  }

  /** @param {number} time the server's time, just received */
  sync(time) {
    this.offsets = [...this.offsets.slice(-4), time - this.local()];
    this.offset = Math.max(...this.offsets);
  }

  /** A new connection may be to a new server, for which older offsets mean nothing. */
  forget() {
    this.offsets = [];
  }

  now() {
    return this.local() + this.offset;
  }
}
