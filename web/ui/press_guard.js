// Keeps a press from hitting a control that it was not aimed at. A control that appears under a resting pointer takes no press before the
// pointer moves or a second passes. The same holds for the button of a request that has just ended, and for a control that replaces the one
// that a key pressed. Touches no page: controls are names.

/** How long a control takes no press that has come under a resting pointer, or whose own press has just ended, in ms. */
export const REST = 1000;
/** How far a pointer has to go to have moved, in pixels: a hand trembles, and a finger never comes down twice in one spot. */
const MOVED = { pointer: 3, touch: 24 };
/** For so long the same key, pressed again, is meant for what it pressed before, in ms. */
const SAME_KEY = 500;

export class PressGuard {
  /** @param {() => number} [now] ms */
  constructor(now = () => performance.now()) {
    this.now = now;
    /** Where the pointer came to rest, or was last pressed. @type {{ x: number, y: number } | null} */
    this.spot = null;
    /** @type {{ what: string | null, since: number, aimed: boolean }} what is under it, since when, and whether the pointer was led
     * there */
    this.at = { what: null, since: -Infinity, aimed: false };
    /** @type {Set<string>} places with a press under way */
    this.underWay = new Set();
    /** @type {Map<string, number>} when the last press of a place ended */
    this.ended = new Map();
    /** @type {{ key: string, what: string, at: number } | null} */
    this.pressed = null;
  }

  // The pointer.

  /**
   * It is there, over this control.
   * @param {number} x @param {number} y @param {string | null} what @param {"pointer" | "touch"} [by]
   * @returns {boolean} whether buttons that rested are armed by it
   */
  moved(x, y, what, by = "pointer") {
    if (this.spot && Math.hypot(x - this.spot.x, y - this.spot.y) < MOVED[by]) {
      this.under(what);
      return false;
    }
    this.spot = { x, y };
    this.at = { what, since: this.now(), aimed: true };
    const armed = this.ended.size > 0;
    this.ended.clear();
    return armed;
  }

  /** The page may have changed under it. @param {string | null} what */
  under(what) {
    if (what !== this.at.what) this.at = { what, since: this.now(), aimed: false };
  }

  /** It left the page. */
  left() {
    this.spot = null;
    this.under(null);
  }

  /** Whether a press of the pointer counts. @param {string} what */
  takes(what) {
    this.under(what);
    return this.at.aimed || this.now() - this.at.since >= REST;
  }

  // Keys.

  /** Whether a press of a key that is not held down counts. @param {string} key @param {string} what */
  takesKey(key, what) {
    const [before, at] = [this.pressed, this.now()];
    if (before && before.key === key && before.what !== what && at - before.at < SAME_KEY) return false;
    this.pressed = { key, what, at };
    return true;
  }

  /** Another key went down: the user has seen the change. */
  otherKey() {
    this.pressed = null;
  }

  // Places of buttons.

  /** Where presses are under way now. @param {Set<string>} places @returns {boolean} whether one has its result since */
  follow(places) {
    const over = [...this.underWay].filter((place) => !places.has(place));
    for (const place of over) this.ended.set(place, this.now());
    this.underWay = places;
    return over.length > 0;
  }

  /** Whether its button takes no press yet. @param {string} place */
  rests(place) {
    const at = this.ended.get(place);
    if (at === undefined) return false;
    if (this.now() - at < REST) return true;
    this.ended.delete(place);
    return false;
  }
}
