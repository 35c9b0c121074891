// Decides when to sound: once for a situation, however many participants it has. Pure: it gets events with their times, and sets no timer.
//
// A situation begins with an arrival, sounds at once, and goes on while its participants wait. An arrival within the
// pause that follows belongs to it and adds to its text, not to the noise. A situation that begins within a pause for another
// reason (those who were
// sounded are in already) is sounded at its end. Where one sound follows another the pause grows: a day of arrivals is no day of chimes.

/** How long a sound for arrivals stands for those who come after it, in ms: at first, and at most. */
export const SHORTEST_PAUSE = 15_000;
export const LONGEST_PAUSE = 60_000;
/** How often it sounds for those who wait too long, in ms. */
export const REPEAT_AFTER = 60_000;

export class Arrivals {
  constructor() {
    /** @type {Set<string>} who of the situation still waits */
    this.people = new Set();
    this.soundedAt = -Infinity;
    this.pause = SHORTEST_PAUSE;
    /** Whether the situation is still to be sounded. */
    this.pending = false;
  }

  /** @param {string} id @param {number} now ms */
  arrived(id, now) {
    const joins = this.pending || (this.people.size > 0 && now - this.soundedAt < this.pause);
    if (!joins) {
      this.people.clear();
      this.pending = true;
    }
    this.people.add(id);
  }

  /** A participant no longer waits. @param {string} id */
  left(id) {
    this.people.delete(id);
    if (this.people.size === 0) this.pending = false;
  }

  /** Whether to sound now; asked with everything that happens. @param {number} now ms */
  sounds(now) {
    const elapsed = now - this.soundedAt;
    if (!this.pending || elapsed < this.pause) return false;
    this.pause = elapsed < 2 * this.pause ? Math.min(LONGEST_PAUSE, 2 * this.pause) : SHORTEST_PAUSE;
    this.soundedAt = now;
    this.pending = false;
    return true;
  }
}

/** Sounds while something lasts, slowly. */
export class Repeated {
  constructor() {
    this.soundedAt = -Infinity;
  }

  /** @param {boolean} lasts @param {number} now ms */
  sounds(lasts, now) {
    if (!lasts || now - this.soundedAt < REPEAT_AFTER) return false;
    this.soundedAt = now;
    return true;
  }
}

/** Sounds once for each thing that has a key of its own. */
export class Once {
  constructor() {
    /** @type {Set<string>} */
    this.known = new Set();
  }

  /** Whether a key is new; keys that are gone are forgotten. @param {string[]} keys */
  sounds(keys) {
    const isNew = keys.some((key) => !this.known.has(key));
    this.known = new Set(keys);
    return isNew;
  }
}

/**
 * Counts the participants of a message and their meetings; `only`: the meeting where it is one.
 * @param {Iterable<{ meeting: string }>} people
 */
export function countPeople(people) {
  let n = 0;
  const meetings = new Set();
  for (const { meeting } of people) {
    n += 1;
    meetings.add(meeting);
  }
  const [only] = meetings;
  return { n, meetings: meetings.size, only: meetings.size === 1 ? /** @type {string} */ (only) : null };
}
