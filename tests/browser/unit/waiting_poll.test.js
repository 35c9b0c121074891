import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { OUT_OF_DATE, WaitingPoll } from "../../../web/net/waiting_poll.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A poll with a clock of the test's, and answers that the test gives. */
function polled(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let now = 0;
  const open = [];
  const request = mock.fn((_url, { signal }) => {
    return new Promise((resolve, reject) => {
      open.push((status, body) => resolve(new Response(JSON.stringify(body), { status })));
      signal.addEventListener("abort", () => reject(new Error("aborted")));
    });
  });
  const changed = mock.fn();
  const poll = new WaitingPoll("/waiting", changed, { fetch: request, now: () => now });
  const pass = async (ms) => {
    now += ms;
    t.mock.timers.tick(ms);
    await settled();
  };
  const answer = async (status, body = {}) => {
    open.shift()(status, body);
    await settled();
  };
  t.after(() => poll.stop());
  return { poll, request, changed, pass, answer };
}

test("it asks again two seconds after an answer, and one second after a failure", async (t) => {
  const { poll, request, pass, answer } = polled(t);
  poll.start();
  await answer(200, { waiting: 3 });
  assert.equal(poll.latest.waiting, 3);
  await pass(1999);
  assert.equal(request.mock.callCount(), 1);
  await pass(1);
  assert.equal(request.mock.callCount(), 2);
  await answer(503);
  assert.equal(poll.latest.waiting, 3);
  await pass(1000);
  assert.equal(request.mock.callCount(), 3);
});

test("a silent server is reported within five seconds of its last answer", async (t) => {
  const { poll, changed, pass, answer } = polled(t);
  poll.start();
  await answer(200, {});
  await pass(2000);
  assert.equal(poll.isOutOfDate, false);
  const before = changed.mock.callCount();
  await pass(2500);
  assert.ok(OUT_OF_DATE < 5000 && poll.isOutOfDate);
  assert.ok(changed.mock.callCount() > before);
});

test("a question without an answer is given up and asked again", async (t) => {
  const { poll, request, pass } = polled(t);
  poll.start();
  await pass(OUT_OF_DATE);
  await pass(1000);
  assert.equal(request.mock.callCount(), 2);
});

test("after signing out it asks no more", async (t) => {
  const { poll, request, pass, answer } = polled(t);
  poll.start();
  await answer(401);
  assert.equal(poll.signedOut, true);
  await pass(60_000);
  assert.equal(request.mock.callCount(), 1);
});

test("an answer from before a stop is ignored, and a new start forgets the last one", async (t) => {
  const { poll, answer } = polled(t);
  poll.start();
  await answer(200, { waiting: 1 });
  poll.stop();
  poll.start();
  assert.equal(poll.latest, null);
  await answer(200, { waiting: 2 });
  assert.equal(poll.latest.waiting, 2);
});
