// Doubts while the socket is open: whether the server has received a request, and whether data is current after a sleep.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Connection } from "../../../web/net/connection.js";

/** @type {any[]} */
let sockets = [];
let ticks = 0;
let wall = 0;
const real = { now: performance.now, date: Date.now, socket: globalThis.WebSocket };

class FakeSocket {
  static OPEN = 1;
  constructor() {
    this.readyState = FakeSocket.OPEN;
    this.sent = [];
    sockets.push(this);
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.readyState = 3;
  }
}

const listener = { frame() {}, phase() {}, signedOut() {}, changed() {} };
let connection;
const receive = (frame) => sockets.at(-1).onmessage({ data: JSON.stringify(frame) });
const pass = (ms) => {
  ticks += ms;
  wall += ms;
};

beforeEach(() => {
  [sockets, ticks, wall] = [[], 1000, 1_700_000_000_000];
  performance.now = () => ticks;
  Date.now = () => wall;
  globalThis.WebSocket = /** @type {any} */ (FakeSocket);
  globalThis.addEventListener = globalThis.removeEventListener = () => {};
  globalThis.document = /** @type {any} */ ({ hidden: false, addEventListener() {}, removeEventListener() {} });
  connection = new Connection("ws://x", "/account", listener);
  connection.start();
  receive({ type: "welcome", beat_s: 2 });
});

afterEach(() => {
  connection.stop();
  Object.assign(performance, { now: real.now });
  Date.now = real.date;
  globalThis.WebSocket = real.socket;
});

test("a request without a receipt within two seconds is doubtful until the receipt comes", () => {
  connection.send({ type: "admit", ref: "a" });
  pass(1900);
  assert.equal(connection.isDoubtful, false);
  pass(200);
  receive({ type: "beat", time: 1 });
  assert.deepEqual([connection.isDoubtful, connection.isOverdue("a")], [true, true], "another frame confirms nothing");
  receive({ type: "receipt", ref: "a" });
  assert.equal(connection.isDoubtful, false);
});

test("after a sleep everything is doubtful until the server answers a beat sent after it", () => {
  wall += 60_000;
  // The frame came before the sleep and is only handled now.
  receive({ type: "beat", time: 1 });
  assert.equal(connection.isDoubtful, true);
  const [wakeBeat] = sockets.at(-1).sent.filter(({ type, ref }) => type === "beat" && ref);
  receive({ type: "delta", put: [], drop: [] });
  assert.equal(connection.isDoubtful, true);
  receive({ type: "receipt", ref: wakeBeat.ref });
  assert.equal(connection.isDoubtful, false);
});

test("a click right after waking is doubtful before anything was drawn", () => {
  wall += 60_000;
  assert.equal(connection.isDoubtful, true);
});

test("the page sends a beat when it has sent nothing else for a while, not with each beat received", () => {
  const beats = () => sockets.at(-1).sent.filter(({ type }) => type === "beat").length;
  for (let n = 0; n < 10; n++) {
    pass(2000);
    receive({ type: "beat", time: n });
  }
  assert.equal(beats(), 1);
});
