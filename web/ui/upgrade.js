// A new version of the server has a new page: it is fetched when nothing would be lost by it, once for each version.

const RELOADED = "usher-reloaded-for";

export class Upgrade {
  /** @param {import("../desk.js").Desk} desk @param {string} version of this page */
  constructor(desk, version) {
    this.desk = desk;
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
    const { selection, actionRequests, screen, dialogs } = this.desk;
    if (!this.pending || selection.size > 0 || actionRequests.busy || screen.choice.query || dialogs.isOpen) return;
    if (sessionStorage.getItem(RELOADED) === this.pending) return;
    sessionStorage.setItem(RELOADED, this.pending);
    location.reload();
  }
}
