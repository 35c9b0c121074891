// The tab's title counts who waits. It is set by what the server says, not by a timer: those of a hidden tab sleep for up to a minute.

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
   * @param {boolean} [away] that is not known any more */
  count(waiting, away = false) {
    const shown = `${waiting} ${away}`;
    if (shown === this.shown || this.now() - this.at < PAUSE) return;
    this.shown = shown;
    this.at = this.now();
    this.tab.title = this.words(waiting, away);
  }
}
