// The one WebSocket: connects, reconnects, answers beats, hands on frames. Knows nothing of rows or of the page.
//
// It says that the page is there in the message handler, so that a hidden tab, whose timers sleep, stays connected. It also knows
// what may be
// doubted: whether the server heard a request, and what is shown after the machine has slept.

import { CLOSE } from "./protocol.js";

/**
 * @typedef {"connecting" | "loading" | "live" | "lost" | "stopped"} Phase
 * @typedef {{ frame: (frame: import("./protocol.js").Frame) => void, phase: (phase: Phase, reason: string) => void,
 *   signedOut: () => void, changed: () => void }} Listener
 */

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10_000;
/** Without any frame for this many beats the connection counts as lost, whatever the socket says: within five seconds. */
const MISSED_BEATS = 2.25;
/** Frames that came while the page was busy are handled first, in ms. */
const BACKLOG = 100;
/** The server is told that the page is there when it has heard nothing else for so long, in ms. */
const KEEPALIVE = 15_000;
/** A request that the server did not confirm within this time may not have reached it, in ms. */
const RECEIPT = 2000;
/** The machine slept where its clock went on by so much more than the page's, in ms. */
const SLEEP = 5000;

export class Connection {
  /** @param {string} url @param {string} page a page for those logged in only @param {Listener} listener @param {() => number} [random] */
  constructor(url, page, listener, random = Math.random) {
    this.url = url;
    this.page = page;
    this.listener = listener;
    this.random = random;
    /** @type {WebSocket | null} */
    this.socket = null;
    this.failures = 0;
    /** Whether the server let this socket in. */
    this.welcomed = false;
    this.beat = 2000;
    this.running = false;
    /** When anything was sent last; ms, monotonic. */
    this.sentAt = 0;
    /** @type {Map<string, number>} requests that the server has not confirmed, by `ref`, and when they were sent */
    this.unconfirmed = new Map();
    this.clockGap = Date.now() - performance.now();
    /** The question that the server has to answer after the machine has slept; "" where it did not sleep. */
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

  /** @param {object} message @returns {boolean} whether it was handed to an open socket */
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

  /** Whether the server should have confirmed a request by now. @param {string} ref */
  isOverdue(ref) {
    const sent = this.unconfirmed.get(ref);
    return sent !== undefined && performance.now() - sent >= RECEIPT;
  }

  /** Whether what is shown may be doubted although the socket is open. */
  get isDoubtful() {
    this.#noticeSleep();
    return this.wakeCheck !== "" || [...this.unconfirmed.keys()].some((ref) => this.isOverdue(ref));
  }

  /** Data from before a sleep may be out of date: it is doubtful until the server answers a question sent after it. Frames that had come
   * before, and are only handled now, prove nothing. */
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

  /** Gives a silent socket up without waiting for its own close. */
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
    // The session has ended, or another one took its place in this browser: any page of the server tells which.
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

  /** A page is not told why a socket was not let in; any page of the server tells whether the log-in has ended. */
  async #mayBeSignedOut() {
    const answer = await fetch(this.page, { method: "HEAD", redirect: "manual", cache: "no-store" }).catch(() => null);
    if (this.running && !this.welcomed && answer?.type === "opaqueredirect") this.listener.signedOut();
  }

  /** The tab is looked at again or the network came back: try at once instead of waiting the pause out. */
  #wake() {
    if (this.running && this.timer !== undefined && !document.hidden) this.#open();
  }
}
