// Statistics of the bridges for administrators, once a second: requested while their page is open, kept for a minute. Touches no element.

/** @typedef {import("../net/protocol.js").BridgeFigures} BridgeFigures */

/** How many rates are kept for the sparkline: one a second. */
export const KEPT = 60;

export class BridgeStats {
  /** @param {(message: object) => boolean} send */
  constructor(send) {
    this.send = send;
    /** Whether the server sends them over this connection. */
    this.watching = false;
    /** @type {Map<string, BridgeFigures>} the latest, by bridge */
    this.latest = new Map();
    /** @type {Map<string, number[]>} requests per second in the last minute, oldest first */
    this.rates = new Map();
  }

  /** Starts or stops the stream of statistics, if needed. @param {boolean} wanted */
  watch(wanted) {
    if (wanted === this.watching) return;
    if (this.send({ type: "watch", ref: wanted ? "watch" : "unwatch", on: wanted })) this.watching = wanted;
  }

  /** A new connection: the server sends none until asked. Old statistics stay on the page. */
  forget() {
    this.watching = false;
  }

  /** @param {import("../net/protocol.js").FiguresFrame} frame */
  receive(frame) {
    this.latest = new Map(frame.bridges.map((each) => [each.id, each]));
    for (const id of this.rates.keys()) if (!this.latest.has(id)) this.rates.delete(id);
    for (const { id, requests_per_s } of frame.bridges) {
      this.rates.set(id, [...(this.rates.get(id) ?? []), requests_per_s].slice(-KEPT));
    }
  }
}

/** The requests queued for a bridge, in total and by lane, without empty lanes. @param {BridgeFigures} figures */
export function queued(figures) {
  const lanes = figures.queue.filter((each) => each.waiting > 0);
  return { all: lanes.reduce((sum, each) => sum + each.waiting, 0), lanes };
}

/**
 * The points of a curve in a box of `width` and `height`, with the newest value at the right.
 * @param {number[]} values @param {number} width @param {number} height
 */
export function curve(values, width, height) {
  const most = Math.max(1, ...values);
  const step = width / (KEPT - 1);
  const x = (/** @type {number} */ at) => (width - (values.length - 1 - at) * step).toFixed(1);
  return values.map((value, at) => `${x(at)},${(height - (value / most) * height).toFixed(1)}`).join(" ");
}
