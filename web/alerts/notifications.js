// Desktop notifications: at most one of each kind, replaced in place and closed when its reason is gone. Knows nothing of participants.

/** @typedef {"granted" | "denied" | "default" | "missing"} Permission  `missing`: not on this browser, or not over plain HTTP */
/** @typedef {{ title: string, body: string, again: boolean, silent: boolean, onClick: () => void }} Notice `again`: alert again,
 * not only replace it */

export class Notifications {
  /** @param {string} prefix what the tags of this user begin with @param {() => void} changed */
  constructor(prefix, changed) {
    this.prefix = prefix;
    this.changed = changed;
    /** @type {Map<string, { notification: Notification, words: string, putAway: boolean }>} by kind */
    this.shown = new Map();
    /** Browsers on Android have the interface but refuse to let a page use it. */
    this.refused = false;
  }

  /** @returns {Permission} */
  get permission() {
    if (typeof Notification === "undefined" || !isSecureContext || this.refused) return "missing";
    return Notification.permission;
  }

  /** Browsers allow this only while they handle a click. */
  async ask() {
    await Notification.requestPermission();
    this.changed();
  }

  /** @param {string} kind @param {Notice} notice */
  show(kind, { title, body, again, silent, onClick }) {
    const words = `${title}\n${body}`;
    const before = this.shown.get(kind);
    // A user who dismissed it has read it: it comes back only with something new.
    if (this.permission !== "granted" || (!again && (before?.putAway || before?.words === words))) return;
    const options = { body, tag: `${this.prefix}-${kind}`, renotify: again, silent, lang: document.documentElement.lang };
    try {
      const notification = new Notification(title, options);
      notification.onclick = () => {
        window.focus();
        onClick();
        this.close(kind);
      };
      const shown = { notification, words, putAway: false };
      notification.onclose = () => {
        shown.putAway = true;
      };
      this.shown.set(kind, shown);
    } catch {
      this.refused = true;
      this.changed();
    }
  }

  /** @param {string} kind */
  close(kind) {
    this.shown.get(kind)?.notification.close();
    this.shown.delete(kind);
  }

  closeAll() {
    for (const kind of [...this.shown.keys()]) this.close(kind);
  }
}
