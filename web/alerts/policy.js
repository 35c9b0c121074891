// Decides when to sound. Pure: it gets events with their times, and sets no timer.
//
// Arrivals are grouped into situations, each of which sounds once. A situation begins with an arrival, sounds at once, and lasts while its
// participants wait. An arrival within the pause after the sound joins the situation without another sound. If the earlier participants
// have left by then, the arrival begins a new situation, which sounds when the pause ends. The pause grows while sounds follow each other,
// so that a day of arrivals is not a day of chimes.

/** The pause after a sound for arrivals, in ms: at first, and at most. */
export const SHORTEST_PAUSE = 15_000;
export const LONGEST_PAUSE = 60_000;
/** How often the sound for waits that are too long repeats, in ms. */
export const REPEAT_AFTER = 60_000;

export class Arrivals {
  constructor() {
    /** @type {Set<string>} the situation's participants who still wait */
    this.people = new Set();
    this.soundedAt = -Infinity;
    this.pause = SHORTEST_PAUSE;
    /** Whether the situation has not sounded yet. */
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

  /** Whether to sound now. Ask with every event: the answer is yes only once. @param {number} now ms */
  sounds(now) {
    const elapsed = now - this.soundedAt;
    if (!this.pending || elapsed < this.pause) return false;
    this.pause = elapsed < 2 * this.pause ? Math.min(LONGEST_PAUSE, 2 * this.pause) : SHORTEST_PAUSE;
    this.soundedAt = now;
    this.pending = false;
    return true;
  }
}

/** Sounds again and again while something lasts. */
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

/** Sounds once for each key. */
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
 * Counts participants and their meetings; `only`: the meeting, if there is just one.
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
