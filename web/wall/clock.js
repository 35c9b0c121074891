// The server's time, by a monotonic clock; the wall clock only shows when the machine slept.

/** The fastest of so many beats sets the time. */
const BEATS = 5;
/** A larger step between the clocks means sleep, in ms. */
const JUMP = 5000;
/** After waking, a live server is heard within this, in ms. */
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

  /** A frame came. @param {number} [time] @param {boolean} [anew] on a new connection */
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

  /** Call it every second. */
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

  /** Since the server was last heard, in ms. */
  silence() {
    return this.ticks() - this.heardAt + this.sleep();
  }
}
