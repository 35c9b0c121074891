// A gentle chime when somebody has waited too long, once a minute.

const AGAIN = 60000;

export class Chime {
  constructor() {
    this.soundedAt = -Infinity;
    /** @type {AudioContext | undefined} */
    this.context = undefined;
  }

  /** Whether to sound now. @param {boolean} lasts @param {number} now ms */
  due(lasts, now) {
    if (!lasts || now - this.soundedAt < AGAIN) return false;
    this.soundedAt = now;
    return true;
  }

  /** Whether the browser blocks sound; the next click or key resumes it. */
  blocked() {
    if (!this.context) {
      const context = new AudioContext();
      this.context = context;
      const wake = () => context.resume().catch(() => {});
      context.onstatechange = window.onclick = window.onkeydown = wake;
    }
    return this.context.state !== "running";
  }

  play() {
    const { context } = this;
    if (!context || context.state !== "running") return;
    const [tone, strength, now] = [context.createOscillator(), context.createGain(), context.currentTime];
    tone.frequency.value = 440;
    strength.gain.setValueAtTime(0.2, now);
    strength.gain.exponentialRampToValueAtTime(0.0001, now + 1.5);
    tone.connect(strength).connect(context.destination);
    tone.start(now);
    tone.stop(now + 1.5);
  }
}
