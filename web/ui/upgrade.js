// Reloads the page when the server has a new version: once for each version, and only when nothing would be lost.

const RELOADED = "usher-reloaded-for";

export class Upgrade {
  /** @param {string} version of this page @param {() => boolean} isBusy whether a reload would lose the user's work */
  constructor(version, isBusy) {
    this.isBusy = isBusy;
    this.version = version;
    /** The server's version if it differs from this page's, else "". */
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
