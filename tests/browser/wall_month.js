// Runs a display for a month, in half an hour: a real server's page, with a fake clock, timers and socket. It gets one frame per second: beats
// at night, and by day a change every other second. Every hour the connection breaks and the meetings change; at midnight the server
// restarts. Prints memory and elements day by day, which must not grow.
//
//   USHER_BIN=... node wall_month.js [days]

import { chromium } from "@playwright/test";
import { Cluster } from "./cluster.js";
import config from "./playwright.config.js";
import { display, linkOf } from "./wall_screen.js";

/** At least three, since the last day is compared with the second. */
const DAYS = Math.max(3, Number(process.argv[2] ?? 30));
const DAY = 86_400;
/** The most that the heap may grow from the second day to the last. */
const BAR = 1.1;

/** Runs before the page's scripts: a clock that stands still until it is moved, timers that follow it, and a fake socket. */
function fakeBrowser() {
  const begin = Date.now();
  let now = 1000;
  let count = 0;
  /** @type {Map<number, { at: number, every: number, run: () => void }>} */
  const timers = new Map();
  const later = (run, ms = 0, every = 0) => {
    count += 1;
    timers.set(count, { at: now + Math.max(1, ms), every, run });
    return count;
  };
  window.setTimeout = (run, ms) => later(run, ms);
  window.setInterval = (run, ms) => later(run, ms, ms);
  window.clearTimeout = window.clearInterval = (id) => timers.delete(id);
  window.requestAnimationFrame = (run) => later(() => run(now), 16);
  performance.now = () => now;
  const Real = Date;
  // biome-ignore lint/suspicious/noGlobalAssign: the page's clock is fake
  Date = class extends Real {
    constructor(...given) {
      super(...(given.length > 0 ? given : [begin + now]));
    }
    static now() {
      return begin + now;
    }
  };
  const fake = { sockets: [], timers, move, now: () => begin + now, seq: 0 };
  window.fake = fake;
  window.WebSocket = class {
    constructor() {
      this.readyState = 0;
      fake.sockets = [this];
      later(() => {
        this.readyState = 1;
        this.onopen?.({});
      });
    }
    send() {}
    close() {
      this.readyState = 3;
    }
  };
  /** @param {number} ms */
  function move(ms) {
    const end = now + ms;
    for (;;) {
      let [next, due] = [0, end + 1];
      for (const [id, timer] of timers) if (timer.at < due) [next, due] = [id, timer.at];
      const timer = timers.get(next);
      if (!timer) break;
      now = timer.at;
      if (timer.every > 0) timer.at += timer.every;
      else timers.delete(next);
      timer.run();
    }
    now = end;
  }
}

/** Lets some hours pass, second by second. @param {{ from: number, seconds: number, display: any, version: string }} what */
function pass({ from, seconds, display, version }) {
  const { fake } = /** @type {any} */ (window);
  const send = (frame) => fake.sockets[0]?.onmessage?.({ data: JSON.stringify(frame) });
  const meeting = (n, second) => {
    const waiting = (n * 3 + second) % 7;
    const since = waiting > 0 ? fake.now() - ((second * 13 + n * 71) % 600) * 1000 : null;
    const names = Array.from({ length: waiting }, (_, at) => ({ n: at + 1, name: `Guest ${(second + at) % 1000}` }));
    return {
      kind: "meeting",
      id: `m${n}-${Math.floor(second / 3600)}`,
      title: `Meeting ${n} of hour ${Math.floor(second / 3600)}`,
      waiting,
      unknown: 0,
      in_call: 3,
      longest_since: since,
      up_to: false,
      alarm_since: since,
      first_s: 120,
      second_s: 300,
      in_line: names,
      handled_by: null,
      handled: false,
      locked: true,
      lobby: "yes",
      bridges: ["eu-1"],
      views: [0],
    };
  };
  const bridge = { kind: "bridge", id: "eu-1", state: "live", since: 0, silent_since: null };
  for (let second = from; second < from + seconds; second++) {
    const hour = Math.floor(second / 3600) % 24;
    const night = hour < 7 || hour >= 20;
    const epoch = `e${Math.floor(second / 3600)}`;
    if (second % 3600 === 0) {
      // A new hour: the connection breaks, at midnight by a restart, and all meetings change.
      fake.sockets[0]?.onclose?.({ code: second % 86_400 === 0 ? 1001 : 1006 });
      fake.move(3000);
      send({ type: "hello", version, time: fake.now(), beat_s: 2, display });
      const rows = [bridge, ...Array.from({ length: night ? 0 : 30 }, (_, n) => meeting(n, second))];
      fake.seq = 1;
      send({ type: "snapshot", epoch, seq: 1, part: 0, rows });
      send({ type: "snapshot_end", epoch, seq: 1, parts: 1, rows: rows.length });
    } else if (night || second % 2 === 0) {
      send({ type: "beat", time: fake.now() });
    } else {
      fake.seq += 1;
      send({ type: "delta", epoch, seq: fake.seq, put: [meeting(second % 30, second)], drop: [] });
    }
    fake.move(1000);
  }
  return {
    timers: fake.timers.size,
    nodes: document.querySelectorAll("*").length,
    shown: document.querySelectorAll(".row").length,
  };
}

const cluster = new Cluster();
const { executablePath, args } = config.use?.launchOptions ?? {};
const browser = await chromium.launch({ executablePath, args: [...(args ?? []), "--js-flags=--expose-gc"] });
try {
  await cluster.start();
  const admin = await browser.newPage();
  await admin.goto(`${cluster.url}/login`);
  await admin.locator("#username").fill("anne");
  await admin.locator("#password").fill(cluster.accounts[0]?.password ?? "");
  await admin.locator("[data-submit]").click();
  await admin.waitForURL((url) => !url.pathname.endsWith("/login"));
  // Few rows, so that a month takes half an hour and not two.
  const settings = display({ distance_m: 8 });
  const link = await linkOf(admin, settings);
  await admin.close();
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  await page.addInitScript(fakeBrowser);
  await page.goto(cluster.url + link);
  const version = (await page.locator("body").getAttribute("data-version")) ?? "";
  const devtools = await page.context().newCDPSession(page);
  const begun = performance.now();
  const days = [];
  for (let day = 0; day < DAYS; day++) {
    let counted = { timers: 0, nodes: 0, shown: 0 };
    for (let hour = 0; hour < 24; hour++)
      counted = await page.evaluate(pass, { from: day * DAY + hour * 3600, seconds: 3600, display: settings, version });
    await devtools.send("HeapProfiler.collectGarbage");
    const { usedSize } = await devtools.send("Runtime.getHeapUsage");
    days.push({ heap: usedSize / 1e6, ...counted });
    const minutes = ((performance.now() - begun) / 60_000).toFixed(1);
    console.log(
      `day ${day + 1}: ${((day + 1) * DAY).toLocaleString("en")} frames, heap ${(usedSize / 1e6).toFixed(2)} MB, ${counted.nodes} elements, ${counted.timers} timers, ${counted.shown} rows shown (${minutes} min)`,
    );
  }
  const [second, last] = [days[1], days.at(-1)];
  const grown = (last?.heap ?? 0) / (second?.heap ?? 1);
  const flat = grown <= BAR && (last?.nodes ?? 0) <= (second?.nodes ?? 0) * BAR && (last?.timers ?? 0) <= (second?.timers ?? 0) + 2;
  console.log(
    `bar: memory after ${DAYS} days <= ${BAR} x that of the second: measured ${grown.toFixed(3)} x -> ${flat ? "holds" : "MISSED"}`,
  );
  if (!flat) process.exitCode = 1;
  if (faults.length > 0) throw new Error(`script errors: ${faults.slice(0, 3).join("\n")}`);
} finally {
  await browser.close();
  await cluster.end();
}
