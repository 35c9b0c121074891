// Elects one of a browser's tabs to alert: of those that can, the one that the user looked at last. It uses the browser's locks, so that
// another tab takes over at once when the leader closes or crashes. Without locks (plain HTTP to another machine) every tab leads.

export class TabLeader {
  /** @param {string} name of the lock @param {() => void} changed @param {LockManager | undefined} [locks] */
  constructor(name, changed, locks = navigator.locks) {
    this.name = name;
    this.changed = changed;
    this.locks = locks;
    this.held = !locks;
    /** @type {(() => void) | null} releases the lock; null unless this tab holds it */
    this.release = null;
    /** @type {AbortController | null} */
    this.waiting = null;
  }

  /** Asks for the lock, or gives it up. @param {boolean} can whether this tab is able to alert */
  want(can) {
    if (!this.locks || can === (this.waiting !== null)) return;
    if (can) void this.#take(false);
    else this.#leave();
  }

  /** The user looks at this tab now: takes the lock from the leader. */
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
      // The API allows no `signal` together with `steal`.
      await this.locks?.request(this.name, steal ? { steal } : { signal: mine.signal }, hold);
    } catch {
      // Another tab took the lock, or this one stopped waiting for it.
    }
    if (this.waiting !== mine) return;
    this.#leave();
    this.changed();
    // Another tab took the lock: wait until it is free again.
    void this.#take(false);
  }
}
