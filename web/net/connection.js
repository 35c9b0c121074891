// The page's WebSocket: connects, reconnects, answers beats, passes frames on. Knows nothing of rows or of the page.
//
// It sends its keepalive from the message handler, so that a hidden tab, whose timers sleep, stays connected. It also knows what is
// doubtful: whether the server has received a request, and whether data is current after the machine has slept.

import { CLOSE } from "./protocol.js";

/**
 * @typedef {"connecting" | "loading" | "live" | "lost" | "stopped"} Phase
 * @typedef {{ frame: (frame: import("./protocol.js").Frame) => void, phase: (phase: Phase, reason: string) => void,
 *   signedOut: () => void, changed: () => void }} Listener
 */

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10_000;
/** After so many beats without a frame the connection counts as lost, whatever the socket says: within five seconds. */
const MISSED_BEATS = 2.25;
/** Time to handle frames that came while the page was busy, in ms. */
const BACKLOG = 100;
/** The page sends a beat if it has sent nothing else for so long, in ms. */
const KEEPALIVE = 15_000;
/** A request may not have reached the server if there is no receipt within this time, in ms. */
const RECEIPT = 2000;
/** If the system clock gains so much on the page's monotonic clock, the machine has slept; in ms. */
const SLEEP = 5000;

export class Connection {
  /** @param {string} url @param {string} page the address of a page that requires a login @param {Listener} listener @param {() => number} [random] */
  constructor(url, page, listener, random = Math.random) {
    this.url = url;
    this.page = page;
    this.listener = listener;
    this.random = random;
    /** @type {WebSocket | null} */
    this.socket = null;
    this.failures = 0;
    /** Whether the server has accepted this socket. */
    this.welcomed = false;
    this.beat = 2000;
    this.running = false;
    /** When the page last sent anything; ms, monotonic. */
    this.sentAt = 0;
    /** @type {Map<string, number>} requests that the server has not confirmed, by `ref`, and when they were sent */
    this.unconfirmed = new Map();
    this.clockGap = Date.now() - performance.now();
    /** The `ref` of the beat that the server has to answer after the machine has slept; "" if there is none. */
    this.wakeCheck = "";
    this.sleeps = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.watchdog = undefined;
    this.wake = () => this.#wake();
  }

  start() {
    this.running = true;
    addEventListener("online", this.wake);
    document.addEventListener("visibilitychange", this.wake);
    this.#open();
  }

  stop() {
    this.running = false;
    clearTimeout(this.timer);
    clearTimeout(this.watchdog);
    removeEventListener("online", this.wake);
    document.removeEventListener("visibilitychange", this.wake);
    this.socket?.close();
    this.socket = null;
  }

  /** @param {object} message @returns {boolean} whether the socket was open */
  send(message) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    this.sentAt = performance.now();
    if ("ref" in message && "type" in message) this.#expectReceipt(String(message.ref));
    return true;
  }

  /** @param {string} ref */
  #expectReceipt(ref) {
    this.unconfirmed.set(ref, this.sentAt);
    setTimeout(() => this.unconfirmed.has(ref) && this.listener.changed(), RECEIPT + 10);
  }

  /** @param {string} ref */
  #answered(ref) {
    this.unconfirmed.delete(ref);
    if (ref === this.wakeCheck) this.wakeCheck = "";
  }

  /** Whether a request's receipt is overdue. @param {string} ref */
  isOverdue(ref) {
    const sent = this.unconfirmed.get(ref);
    return sent !== undefined && performance.now() - sent >= RECEIPT;
  }

  /** Whether the data shown is doubtful although the socket is open. */
  get isDoubtful() {
    this.#noticeSleep();
    return this.wakeCheck !== "" || [...this.unconfirmed.keys()].some((ref) => this.isOverdue(ref));
  }

  /** Data from before a sleep may be out of date: it is doubtful until the server answers a beat sent after the sleep. Frames that arrived
   * before the sleep, and are only handled now, prove nothing. */
  #noticeSleep() {
    const before = this.clockGap;
    this.clockGap = Date.now() - performance.now();
    if (this.clockGap - before < SLEEP || this.socket?.readyState !== WebSocket.OPEN) return;
    this.sleeps += 1;
    this.wakeCheck = `awake-${this.sleeps}`;
    this.send({ type: "beat", ref: this.wakeCheck });
  }

  #open() {
    clearTimeout(this.timer);
    this.timer = undefined;
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.welcomed = false;
    if (this.failures === 0) this.listener.phase("connecting", "");
    socket.onmessage = (event) => this.#message(event.data);
    socket.onclose = (event) => {
      if (this.socket === socket) this.#closed(event.code, event.reason);
    };
    this.#expect(LONGEST_PAUSE);
  }

  /** @param {string} data */
  #message(data) {
    const frame = /** @type {import("./protocol.js").Frame} */ (JSON.parse(data));
    this.#noticeSleep();
    if ("ref" in frame && frame.ref) this.#answered(frame.ref);
    if (frame.type === "beat" && performance.now() - this.sentAt >= KEEPALIVE) this.send({ type: "beat" });
    if (frame.type === "welcome") {
      this.welcomed = true;
      this.failures = 0;
      this.beat = frame.beat_s * 1000;
      this.listener.phase("loading", "");
    }
    this.#expect(this.beat * MISSED_BEATS);
    this.listener.frame(frame);
  }

  /** @param {number} ms */
  #expect(ms) {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => {
      this.watchdog = setTimeout(() => this.#drop(), BACKLOG);
    }, ms);
  }

  /** Gives up a silent socket without waiting for it to close. */
  #drop() {
    const socket = this.socket;
    if (!socket) return;
    this.socket = null;
    socket.onmessage = null;
    socket.close();
    this.#closed(0, "");
  }

  /** @param {number} code @param {string} reason */
  #closed(code, reason) {
    this.socket = null;
    this.unconfirmed.clear();
    this.wakeCheck = "";
    clearTimeout(this.watchdog);
    if (!this.running) return;
    // The session has ended, or another has replaced it in this browser: the server's pages tell which.
    if (code === CLOSE.signedOut) this.welcomed = false;
    if (code === CLOSE.bad || code === CLOSE.tooMany) {
      this.listener.phase("stopped", reason || String(code));
      return this.stop();
    }
    this.listener.phase("lost", "");
    this.#again(code);
    if (!this.welcomed) this.#mayBeSignedOut();
  }

  /** @param {number} code */
  #again(code) {
    const longest = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.failures);
    const pause = code === CLOSE.restart ? this.random() * 2000 : longest * (0.5 + this.random() / 2);
    this.failures += 1;
    this.timer = setTimeout(() => this.#open(), pause);
  }

  /** Browsers don't tell why a socket was refused; the server's pages tell whether the session has ended. */
  async #mayBeSignedOut() {
    const answer = await fetch(this.page, { method: "HEAD", redirect: "manual", cache: "no-store" }).catch(() => null);
    if (this.running && !this.welcomed && answer?.type === "opaqueredirect") this.listener.signedOut();
  }

  /** The user looks at the tab again, or the network is back: retry at once instead of waiting. */
  #wake() {
    if (this.running && this.timer !== undefined && !document.hidden) this.#open();
  }
}
