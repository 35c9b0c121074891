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
    this.owed = false;
  }

  /** @param {string} id @param {number} now ms */
  arrived(id, now) {
    const goesOn = this.owed || (this.people.size > 0 && now - this.soundedAt < this.pause);
    if (!goesOn) {
      this.people.clear();
      this.owed = true;
    }
    this.people.add(id);
  }

  /** A participant no longer waits. @param {string} id */
  left(id) {
    this.people.delete(id);
    if (this.people.size === 0) this.owed = false;
  }

  /** Whether to sound now; asked with everything that happens. @param {number} now ms */
  sounds(now) {
    const quiet = now - this.soundedAt;
    if (!this.owed || quiet < this.pause) return false;
    this.pause = quiet < 2 * this.pause ? Math.min(LONGEST_PAUSE, 2 * this.pause) : SHORTEST_PAUSE;
    this.soundedAt = now;
    this.owed = false;
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
    this.told = new Set();
  }

  /** Whether there is one that was not told; those that are there no longer are forgotten. @param {string[]} keys */
  sounds(keys) {
    const news = keys.some((key) => !this.told.has(key));
    this.told = new Set(keys);
    return news;
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
