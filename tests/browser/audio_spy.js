// Records a page's sounds and notifications, and can hide its tab and stop its timers as browsers do. The page's own code runs unchanged.

/** Runs in the page before anything else. @param {{ lets: boolean, permission: string }} how */
function prepare({ lets, permission }) {
  const audioSpy = { notes: [], notices: [], contexts: [], lets, hidden: false, focused: true, asleep: [], skew: 0 };
  globalThis.audioSpy = audioSpy;

  const value = () => ({ value: 0, setValueAtTime() {}, exponentialRampToValueAtTime() {} });
  const node = () => ({ gain: value(), frequency: value(), connect: (next) => next, stop() {} });
  globalThis.AudioContext = class {
    currentTime = 0;
    destination = node();
    onstatechange = null;
    state = audioSpy.lets ? "running" : "suspended";
    constructor() {
      audioSpy.contexts.push(this);
    }
    async resume() {
      if (!audioSpy.lets || this.state === "running") return;
      this.state = "running";
      this.onstatechange?.();
    }
    async close() {}
    createGain = node;
    createOscillator() {
      const tone = node();
      tone.start = () => audioSpy.notes.push({ at: Date.now(), frequency: tone.frequency.value });
      return tone;
    }
  };
  globalThis.Notification = class {
    static permission = permission;
    static async requestPermission() {
      globalThis.Notification.permission = "granted";
      return "granted";
    }
    constructor(title, options) {
      Object.assign(this, { title, ...options, open: true });
      for (const before of audioSpy.notices) if (before.tag === options.tag) before.open = false;
      audioSpy.notices.push(this);
    }
    close() {
      this.open = false;
    }
  };

  Object.defineProperty(document, "hidden", { get: () => audioSpy.hidden });
  document.hasFocus = () => audioSpy.focused && !audioSpy.hidden;
  // After a while a hidden tab's timers run once a minute; in a test, never.
  const set = globalThis.setTimeout;
  globalThis.setTimeout = (what, ms, ...rest) => set(() => (audioSpy.hidden ? audioSpy.asleep.push(what) : what(...rest)), ms);
  const now = performance.now.bind(performance);
  performance.now = () => now() + audioSpy.skew;
}

/** For `open`: the script to run in every tab of the browser. */
export const audioSpy = ({ lets = true, permission = "granted" } = {}) => ({ script: prepare, arg: { lets, permission } });

const KINDS = { 659: "arrival", 330: "late", 784: "reminder" };

/** The sounds so far, in order. @param {import("@playwright/test").Page} page @returns {Promise<string[]>} */
export async function sounded(page) {
  const notes = await page.evaluate(() => globalThis.audioSpy.notes);
  return notes.filter((note, at) => at === 0 || note.at - notes[at - 1].at > 50).map((note) => KINDS[note.frequency]);
}

/** The notifications that are open. @param {import("@playwright/test").Page} page */
export const notified = (page) =>
  page.evaluate(() =>
    globalThis.audioSpy.notices.filter((each) => each.open).map(({ title, body, tag }) => ({ title, body, tag })),
  );

/** Hides the tab, or shows it again. @param {import("@playwright/test").Page} page @param {boolean} hidden */
export const hide = (page, hidden) =>
  page.evaluate((value) => {
    globalThis.audioSpy.hidden = value;
    document.dispatchEvent(new Event("visibilitychange"));
    if (!value) for (const what of globalThis.audioSpy.asleep.splice(0)) what();
  }, hidden);

/** Moves the focus to another window, or back. @param {import("@playwright/test").Page} page @param {boolean} focused */
export const focus = (page, focused) =>
  page.evaluate((value) => {
    globalThis.audioSpy.focused = value;
    globalThis.dispatchEvent(new Event(value ? "focus" : "blur"));
  }, focused);

/** Lets time pass for the page. @param {import("@playwright/test").Page} page @param {number} ms */
export const pass = (page, ms) =>
  page.evaluate((by) => {
    globalThis.audioSpy.skew += by;
  }, ms);

/** Resets the preferences of a page's user. @param {import("@playwright/test").Page} page */
export async function forget(page) {
  await page.evaluate(() => globalThis.dispatchEvent(new Event("pagehide")));
  await page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}${document.body.dataset.base}/ws`);
        socket.onmessage = (event) => {
          const frame = JSON.parse(event.data);
          if (frame.type === "welcome") socket.send(JSON.stringify({ type: "prefs", ref: "forget", value: {} }));
          if (frame.type === "snapshot_end") socket.close();
        };
        socket.onerror = () => reject(new Error("the socket failed"));
        socket.onclose = ({ code, reason }) =>
          code === 1005 || code === 1000 ? resolve(null) : reject(new Error(`${code} ${reason}`));
      }),
  );
}
