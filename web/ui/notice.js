// A short message about what the user just tried, if no row or request shows it. It disappears by itself.

/** How long a notice stays, in ms. */
const STAY = 6000;

export class Notice {
  /** @param {() => void} changed @param {(text: string) => void} announce to screen readers */
  constructor(changed, announce) {
    this.changed = changed;
    this.announce = announce;
    this.text = "";
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.ends = undefined;
  }

  /** @param {string} text */
  say(text) {
    this.stop();
    this.text = text;
    this.ends = setTimeout(() => {
      this.text = "";
      this.changed();
    }, STAY);
    this.changed();
    this.announce(text);
  }

  stop() {
    clearTimeout(this.ends);
  }
}
