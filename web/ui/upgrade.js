// A new version of the server has a new page: it is fetched when nothing would be lost by it, once for each version.

const RELOADED = "usher-reloaded-for";

export class Upgrade {
  /** @param {string} version of this page @param {() => boolean} isBusy whether a reload would lose something of the user's */
  constructor(version, isBusy) {
    this.isBusy = isBusy;
    this.version = version;
    /** The server's version, where it is another one than this page's. */
    this.pending = "";
  }

  /** @param {string} version the server's */
  onServerVersion(version) {
    this.pending = version === this.version ? "" : version;
    this.reloadIfIdle();
  }

  reloadIfIdle() {
    if (!this.pending || this.isBusy()) return;
    if (sessionStorage.getItem(RELOADED) === this.pending) return;
    sessionStorage.setItem(RELOADED, this.pending);
    location.reload();
  }
}
