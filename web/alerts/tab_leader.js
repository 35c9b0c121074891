// Elects the tab of a browser that alerts: the one that was looked at last, of those that can. It uses the browser's locks, so that a tab
// that closes or crashes hands on at once; without locks (plain HTTP to another machine) every tab alerts for itself.

export class TabLeader {
  /** @param {string} name of the lock @param {() => void} changed @param {LockManager | undefined} [locks] */
  constructor(name, changed, locks = navigator.locks) {
    this.name = name;
    this.changed = changed;
    this.locks = locks;
    this.held = !locks;
    /** @type {(() => void) | null} gives it back; null while it is neither held nor waited for */
    this.release = null;
    /** @type {AbortController | null} */
    this.waiting = null;
  }

  /** Whether this tab would speak: waits for its turn, or hands it on. @param {boolean} can */
  want(can) {
    if (!this.locks || can === (this.waiting !== null)) return;
    if (can) void this.#take(false);
    else this.#leave();
  }

  /** This tab is looked at now: it speaks from here on. */
  seize() {
    if (!this.locks || this.held || this.waiting === null) return;
    this.#leave();
    void this.#take(true);
  }

  #leave() {
    this.waiting?.abort();
    this.waiting = null;
    this.release?.();
    this.release = null;
    this.held = !this.locks;
  }

  /** @param {boolean} steal */
  async #take(steal) {
    const mine = new AbortController();
    this.waiting = mine;
    const hold = () =>
      new Promise((resolve) => {
        if (this.waiting !== mine) return resolve(undefined);
        this.held = true;
        this.release = () => resolve(undefined);
        this.changed();
      });
    try {
      // A lock that is stolen can't be waited for, so it takes no signal.
      await this.locks?.request(this.name, steal ? { steal } : { signal: mine.signal }, hold);
    } catch {
      // Stolen by the tab that is looked at now, or given up.
    }
    if (this.waiting !== mine) return;
    this.#leave();
    this.changed();
    // Stolen: wait for its return.
    void this.#take(false);
  }
}
