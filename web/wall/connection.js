// The socket: reconnects for ever, answers beats, passes frames on.

const SHORTEST = 500;
const LONGEST = 10000;
/** Until it may be paired again, or find room. */
const OVER = 60000;
/** A socket silent for so long is dead: beats come every 2 s. */
const PATIENCE = 8000;
const RESTART = 1001;

export class Link {
  /** @param {string} url @param {(frame: Frame) => void} take */
  constructor(url, take) {
    this.url = url;
    this.take = take;
    /** @type {WebSocket | undefined} */
    this.socket = undefined;
    this.watch = 0;
    this.failures = 0;
    this.over = false;
  }

  open() {
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.onmessage = ({ data }) => this.message(JSON.parse(data));
    socket.onclose = ({ code }) => this.lost(code);
    this.expect();
  }

  /** @param {object} message */
  send(message) {
    if (this.socket && this.socket.readyState === 1) this.socket.send(JSON.stringify(message));
  }

  /** @param {Frame} frame */
  message(frame) {
    this.expect();
    if (frame.type === "beat") this.send({ type: "beat" });
    else this.failures = 0;
    this.over = frame.type === "over";
    this.take(frame);
  }

  expect() {
    clearTimeout(this.watch);
    this.watch = setTimeout(() => this.lost(0), PATIENCE);
  }

  /** @param {number} code 0: given up before it closed */
  lost(code) {
    const { socket } = this;
    if (!socket) return;
    this.socket = undefined;
    socket.onmessage = socket.onclose = null;
    socket.close();
    clearTimeout(this.watch);
    setTimeout(() => this.open(), this.pause(code));
    this.failures += 1;
    this.take({ type: "lost" });
  }

  /** Random: screens must not all return at once. @param {number} code */
  pause(code) {
    if (this.over) return OVER;
    if (code === RESTART) return Math.random() * 2000;
    return Math.min(LONGEST, SHORTEST * 2 ** Math.min(this.failures, 9)) * (0.5 + Math.random() / 2);
  }
}
