// The sounds, synthesized by the browser: no file is loaded. Tells whether the browser allows the page to play sound.

/** @typedef {"arrival" | "late" | "reminder"} Kind */

/** Notes as [frequency in Hz, start in s, length in s]: two rising ones for an arrival, three low ones for a wait that is too long. */
const NOTES = {
  arrival: [
    [659, 0, 0.5],
    [988, 0.16, 0.9],
  ],
  late: [
    [330, 0, 0.3],
    [330, 0.34, 0.3],
    [262, 0.68, 0.9],
  ],
  reminder: [
    [784, 0, 0.4],
    [784, 0.5, 0.8],
  ],
};

/** A browser that has not allowed sound within this time counts as blocking it, in ms. */
const PATIENCE = 2000;

export class Sound {
  /** @param {() => void} changed called when the browser allows or blocks sound */
  constructor(changed) {
    this.changed = changed;
    /** @type {AudioContext | null} */
    this.context = null;
    /** Whether the browser has had time to allow sound. */
    this.known = false;
    this.wake = () => void this.#resume();
    this.ends = new AbortController();
  }

  /** Browsers allow sound after the user's first click or key in the page. */
  start() {
    for (const press of ["pointerdown", "keydown"]) addEventListener(press, this.wake, { signal: this.ends.signal, capture: true });
    this.#open();
    this.timer = setTimeout(() => {
      this.known = true;
      this.changed();
    }, PATIENCE);
  }

  stop() {
    clearTimeout(this.timer);
    this.ends.abort();
    void this.context?.close();
    this.context = null;
  }

  /** Whether the browser allows sound. */
  get allowed() {
    return this.context?.state === "running";
  }

  /** Whether the browser blocks sound. */
  get blocked() {
    return this.known && !this.allowed;
  }

  /** @param {Kind} kind @param {number} volume 0 to 1 @returns {boolean} whether it plays */
  play(kind, volume) {
    const { context } = this;
    if (!context || !this.allowed) return false;
    const all = context.createGain();
    // Squared, so that loudness seems to follow the slider evenly.
    all.gain.value = volume * volume;
    all.connect(context.destination);
    for (const note of NOTES[kind]) bell(context, all, note);
    return true;
  }

  /** Called when the user clicks to allow sound. */
  async unlock() {
    await this.#resume();
    this.changed();
  }

  #open() {
    if (typeof AudioContext !== "function") return;
    this.context = new AudioContext();
    this.context.onstatechange = () => this.changed();
  }

  async #resume() {
    if (!this.context) this.#open();
    // A browser that blocks sound may never settle this, or reject it; `state` tells.
    if (this.context && !this.allowed) await this.context.resume().catch(() => {});
  }
}

/** A note that fades, like a bell. @param {AudioContext} context @param {AudioNode} out @param {number[]} note */
function bell(context, out, [frequency = 0, begin = 0, length = 0]) {
  const from = context.currentTime + begin;
  const strength = context.createGain();
  strength.gain.setValueAtTime(0.0001, from);
  strength.gain.exponentialRampToValueAtTime(0.5, from + 0.015);
  strength.gain.exponentialRampToValueAtTime(0.0001, from + length);
  const tone = context.createOscillator();
  tone.frequency.value = frequency;
  tone.connect(strength).connect(out);
  tone.start(from);
  tone.stop(from + length);
}
