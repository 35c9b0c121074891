// Keeps a press from hitting a control that it was not meant for. A control that appears under a resting pointer ignores presses until the
// pointer moves or a second has passed. So does the button of a request that has just ended, and a control that replaces the one that a key
// has just pressed. Touches no element: controls are names.

/** How long a control ignores presses after it appeared under a resting pointer, or after its request ended, in ms. */
export const REST = 1000;
/** How far the pointer has to go to count as moved, in pixels: hands tremble, and no finger hits the same spot twice. */
const MOVED = { pointer: 3, touch: 24 };
/** Within this time, the same key pressed again is meant for the same control as before, in ms. */
const SAME_KEY = 500;

export class PressGuard {
  /** @param {() => number} [now] ms */
  constructor(now = () => performance.now()) {
    this.now = now;
    /** The position where the pointer rests, or was last pressed. @type {{ x: number, y: number } | null} */
    this.spot = null;
    /** @type {{ what: string | null, since: number, aimed: boolean }} what is under it, since when, and whether the pointer was moved
     * there */
    this.at = { what: null, since: -Infinity, aimed: false };
    /** @type {Set<string>} places with a request under way */
    this.underWay = new Set();
    /** @type {Map<string, number>} when a place's last request ended */
    this.ended = new Map();
    /** @type {{ key: string, what: string, at: number } | null} */
    this.pressed = null;
  }

  // The pointer.

  /**
   * The pointer is there, over this control.
   * @param {number} x @param {number} y @param {string | null} what @param {"pointer" | "touch"} [by]
   * @returns {boolean} whether resting buttons take presses again
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

  /** The page may have changed under the pointer. @param {string | null} what */
  under(what) {
    if (what !== this.at.what) this.at = { what, since: this.now(), aimed: false };
  }

  /** The pointer left the page. */
  left() {
    this.spot = null;
    this.under(null);
  }

  /** Whether a press by the pointer counts. @param {string} what */
  takes(what) {
    this.under(what);
    return this.at.aimed || this.now() - this.at.since >= REST;
  }

  // Keys.

  /** Whether a press by a key counts; the key must not be held down. @param {string} key @param {string} what */
  takesKey(key, what) {
    const [before, at] = [this.pressed, this.now()];
    if (before && before.key === key && before.what !== what && at - before.at < SAME_KEY) return false;
    this.pressed = { key, what, at };
    return true;
  }

  /** Another key was pressed, so the user has seen the change. */
  otherKey() {
    this.pressed = null;
  }

  // Places of buttons.

  /** Sets the places with a request under way. @param {Set<string>} places @returns {boolean} whether a request has ended */
  follow(places) {
    const over = [...this.underWay].filter((place) => !places.has(place));
    for (const place of over) this.ended.set(place, this.now());
    this.underWay = places;
    return over.length > 0;
  }

  /** Whether a place's button ignores presses. @param {string} place */
  rests(place) {
    const at = this.ended.get(place);
    if (at === undefined) return false;
    if (this.now() - at < REST) return true;
    this.ended.delete(place);
    return false;
  }
}
