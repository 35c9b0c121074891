// The server's time and when it was last heard, by a monotonic clock; the wall clock only tells of sleep.

/** The quickest of so many beats tells the time. */
const BEATS = 5;
/** A larger step between the clocks is a sleep, in ms. */
const JUMP = 5000;
/** How soon after it a live server is heard, in ms. */
const GRACE = 3000;

export class Clock {
  constructor(ticks = () => performance.now(), wall = Date.now) {
    this.ticks = ticks;
    this.wall = wall;
    /** @type {number[]} */
    this.offsets = [];
    this.offset = this.ahead = wall() - ticks();
    this.heardAt = ticks();
    this.slept = this.wokeAt = 0;
  }

  /** Something came from the server. @param {number} [time] @param {boolean} [anew] it may be another one */
  heard(time, anew) {
    this.check();
    this.slept = 0;
    this.heardAt = this.ticks();
    if (anew) this.offsets = [];
    if (time === undefined) return;
    // Frames come late: the largest offset is the truest.
    this.offsets = this.offsets.slice(1 - BEATS).concat(time - this.heardAt);
    this.offset = Math.max(...this.offsets);
  }

  /** To be called every second. */
  check() {
    const before = this.ahead;
    this.ahead = this.wall() - this.ticks();
    if (this.ahead - before < JUMP) return;
    this.slept += this.ahead - before;
    this.wokeAt = this.ticks();
  }

  /** How long the machine slept since the server was heard, in ms. */
  sleep() {
    return this.ticks() - this.wokeAt > GRACE ? this.slept : 0;
  }

  /** The server's time. */
  now() {
    return this.ticks() + this.offset + this.sleep();
  }

  /** For how long the server has not been heard, in ms. */
  silence() {
    return this.ticks() - this.heardAt + this.sleep();
  }
}
