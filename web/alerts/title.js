// The tab's title counts waiting participants. Frames update it, not only timers: a hidden tab's timers may sleep for a minute.

const PAUSE = 1000;

export class Title {
  /** @param {(n: number, away: boolean) => string} words @param {() => number} [now] ms, monotonic @param {{ title: string }} [tab] */
  constructor(words, now = () => performance.now(), tab = document) {
    this.words = words;
    this.now = now;
    this.tab = tab;
    this.shown = "";
    this.at = -Infinity;
  }

  /** Called with every frame and every tick; changes the title at most once a second. @param {number} waiting
   * @param {boolean} [away] the number is no longer known */
  count(waiting, away = false) {
    const shown = `${waiting} ${away}`;
    if (shown === this.shown || this.now() - this.at < PAUSE) return;
    this.shown = shown;
    this.at = this.now();
    this.tab.title = this.words(waiting, away);
  }
}
