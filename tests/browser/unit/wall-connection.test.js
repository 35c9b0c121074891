// A display's socket always reconnects, and not at the same moment as all others.
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { Link } from "../../../web/wall/connection.js";

/** @type {Fake[]} */
let opened = [];

class Fake {
  constructor(url) {
    this.url = url;
    this.readyState = 1;
    this.sent = [];
    this.closed = false;
    opened.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text).type);
  }

  close() {
    this.closed = true;
  }

  receive(frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }
}

const last = () => opened[opened.length - 1];

beforeEach(() => {
  opened = [];
  mock.reset();
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  globalThis.WebSocket = /** @type {any} */ (Fake);
});

function link() {
  const frames = [];
  const made = new Link("ws://usher/wall/ws", (frame) => frames.push(frame.type));
  made.open();
  return { made, frames };
}

test("beats are answered and passed on like every frame", () => {
  const { frames } = link();
  last().receive({ type: "hello" });
  last().receive({ type: "beat", time: 1 });
  assert.deepEqual([frames, last().sent], [["hello", "beat"], ["beat"]]);
});

test("a lost connection is retried for ever, with growing pauses of up to ten seconds", () => {
  mock.method(Math, "random", () => 1);
  const { made } = link();
  const pauses = [];
  for (let attempt = 0; attempt < 2000; attempt++) {
    pauses.push(made.pause(1006));
    last().onclose({ code: 1006 });
    mock.timers.tick(10_000);
  }
  assert.deepEqual(pauses.slice(0, 7), [500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  assert.equal(pauses[1999], 10_000);
  assert.equal(opened.length, 2001);
  last().receive({ type: "hello" });
  assert.equal(made.pause(1006), 500);
});

test("after the server's restart the screen retries within two seconds", () => {
  const { made } = link();
  made.failures = 6;
  for (let n = 0; n < 100; n++) assert.ok(made.pause(1001) < 2000);
});

test("a silent socket is given up, even if it never closes, and its late frames are ignored", () => {
  const { frames } = link();
  const first = last();
  first.receive({ type: "hello" });
  mock.timers.tick(7999);
  assert.equal(opened.length, 1);
  mock.timers.tick(1);
  mock.timers.tick(500);
  assert.deepEqual([opened.length, first.closed, first.onmessage, first.onclose], [2, true, null, null]);
  assert.deepEqual(frames, ["hello", "lost"]);
});

test("beats keep a socket", () => {
  link();
  for (let beat = 0; beat < 100; beat++) {
    mock.timers.tick(2000);
    last().receive({ type: "beat", time: beat });
  }
  assert.equal(opened.length, 1);
});

test("a revoked screen asks once a minute until it is paired again", () => {
  const { made } = link();
  last().receive({ type: "over", why: "revoked" });
  last().onclose({ code: 4403 });
  mock.timers.tick(59_999);
  assert.equal(opened.length, 1);
  mock.timers.tick(1);
  assert.equal(opened.length, 2);
  last().receive({ type: "code", code: "KX4-7PM" });
  assert.ok(made.pause(1006) <= 500);
});

test("the end of a connection is reported, however it ended", () => {
  const { frames } = link();
  last().onclose({ code: 1006 });
  mock.timers.tick(500);
  mock.timers.tick(8000);
  assert.deepEqual(frames, ["lost", "lost"]);
});

test("nothing is sent without an open socket", () => {
  const { made } = link();
  last().readyState = 0;
  made.send({ type: "screen" });
  last().onclose({ code: 1006 });
  made.send({ type: "screen" });
  assert.deepEqual(last().sent, []);
});
