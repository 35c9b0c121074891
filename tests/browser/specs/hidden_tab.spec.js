// A tab that is hidden all day keeps its rows and title correct, and neither its memory nor its timers grow.
import { expect, live, test } from "../server.js";

/** Runs in the page: lets the test hide the tab, counts timers, and fakes a server that sends as fast as the test wants. */
function prepare() {
  let hidden = false;
  Object.defineProperty(document, "hidden", { get: () => hidden });
  const timers = new Set();
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  globalThis.setTimeout = (what, ms, ...rest) => {
    const id = set(() => {
      timers.delete(id);
      what(...rest);
    }, ms);
    timers.add(id);
    return id;
  };
  globalThis.clearTimeout = (id) => {
    timers.delete(id);
    clear(id);
  };

  const epoch = "a-day";
  const server = {
    kind: "server",
    id: "server",
    hidden_meetings: 0,
    trouble: null,
    admit_delay_s: 0,
    ask_above: 10,
    undo_s: 8,
    claim_s: 20,
  };
  const meeting = { kind: "meeting", id: "m", name: "All day", named_by: "name", waiting: 0, in_call: 0, unknown: 0 };
  Object.assign(meeting, {
    longest_since: null,
    locked: null,
    lobby: "yes",
    recording: false,
    streaming: false,
    bridges: ["eu-1"],
    ...{ claim: null, thresholds: { first_s: 120, second_s: 300, own: false }, message: null, pending: null, outcome: null },
  });
  const doing = { pending: null, outcome: null, admitted: null, sent_back: null, claim: null, hold: null, acknowledged: null };
  const nothing = { muted: false, presenter: false, activator: null, label: null, ...doing };
  const someone = (n, more = {}) => ({
    ...{ kind: "person", id: `p${n}`, meeting: "m", name: `Guest ${n}`, address: `guest${n}@example.org`, lobby: "waiting" },
    ...{
      waiting_since: 1,
      waiting_up_to: false,
      seen_since: 1,
      bridge: "eu-1",
      elsewhere: null,
      state: "connected",
      ...nothing,
      ...more,
    },
  });
  let socket;
  const send = (frame) => socket.onmessage({ data: JSON.stringify(frame) });
  globalThis.WebSocket = class {
    static OPEN = 1;
    readyState = 1;
    constructor() {
      socket = this;
      set(() => {
        const user = { name: "mo", role: "moderator" };
        send({
          type: "welcome",
          protocol: 1,
          epoch,
          version: document.body.dataset.version,
          time: Date.now(),
          user,
          beat_s: 20,
          prefs: null,
        });
        send({ type: "snapshot", epoch, seq: 0, part: 0, rows: [server, meeting] });
        send({ type: "snapshot_end", epoch, seq: 0, parts: 1, rows: 2 });
      }, 0);
    }
    send() {}
    close() {}
  };
  let seq = 0;
  globalThis.tab = {
    timers: () => timers.size,
    hide(value) {
      hidden = value;
      document.dispatchEvent(new Event("visibilitychange"));
    },
    beat: () => send({ type: "beat", time: Date.now() }),
    /** With each delta one participant arrives, another is admitted and a third leaves: a hundred wait, always different ones. */
    async day(deltas) {
      for (const end = seq + deltas; seq < end; ) {
        seq += 1;
        const put = [someone(seq), { ...meeting, waiting: Math.min(100, seq), recording: seq % 2 === 0 }];
        if (seq > 100) put.push(someone(seq - 100, { lobby: "in", waiting_since: null, admitted: { by: "mo", at: 1 } }));
        send({ type: "delta", epoch, seq, put, drop: seq > 150 ? [{ kind: "person", id: `p${seq - 150}` }] : [] });
        if (seq % 200 === 0) await new Promise((resolve) => set(resolve, 0));
      }
      return seq;
    },
  };
}

test("after twenty thousand deltas a hidden tab is small, correct and ready", async ({ demo, open }) => {
  test.setTimeout(90_000);
  const signedIn = await open(demo);
  const page = await signedIn.context().newPage();
  await page.addInitScript(prepare);
  await page.goto(demo.url);
  await live(page);
  await page.evaluate(() => globalThis.tab.hide(true));
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Performance.enable");
  const size = async () => {
    await cdp.send("HeapProfiler.collectGarbage");
    const { metrics } = await cdp.send("Performance.getMetrics");
    const of = (name) => metrics.find((each) => each.name === name).value;
    return { heap: of("JSHeapUsedSize") / 1e6, nodes: of("Nodes"), timers: await page.evaluate(() => globalThis.tab.timers()) };
  };
  /** Ends with a beat, because the title changes at most once a second. */
  const title = async () => {
    await page.evaluate(() => globalThis.tab.beat());
    return page.title();
  };

  await page.evaluate(() => globalThis.tab.day(2000));
  await expect.poll(title).toBe("(100) Usher");
  const before = await size();
  const last = await page.evaluate(() => globalThis.tab.day(18_000));
  await expect.poll(title).toBe("(100) Usher");
  const after = await size();
  console.log(
    `hidden: heap ${before.heap.toFixed(1)} -> ${after.heap.toFixed(1)} MB, nodes ${after.nodes}, timers ${after.timers}`,
  );
  expect(after.heap - before.heap, "MB that 18,000 more deltas left").toBeLessThan(5);
  expect(after.nodes - before.nodes).toBeLessThan(200);
  expect(after.timers).toBeLessThan(12);

  await page.evaluate(() => globalThis.tab.hide(false));
  await expect(page.locator("#waiting-count")).toHaveText("100");
  await expect(page.locator(".person[data-gone=no]").first()).toBeVisible();
  await page.locator("#search").fill(`guest ${last}`);
  await expect(page.locator(`[data-participant="p${last}"]`)).toHaveCount(1);
  await page.locator("#search").fill(`guest ${last - 120}`);
  await expect(page.locator(`[data-participant="p${last - 120}"]`)).toHaveCount(0);
});

test("the title counts waiting participants", async ({ desk }) => {
  const { demo, page } = desk;
  await expect(page).toHaveTitle("Usher");
  const board = await demo.meeting("Board call");
  const people = [await demo.join(board, "A"), await demo.join(board, "B")];
  await expect(page).toHaveTitle("(2) Usher");
  await demo.control("/leave", { participant: people[0].id });
  await expect(page).toHaveTitle("(1) Usher");
  await demo.control("/leave", { participant: people[1].id });
  await expect(page).toHaveTitle("Usher");
});
