// 5,000 people in 500 meetings. The numbers are printed for docs/performance.md; the bounds here are generous, for shared machines.
import { Demo, expect, test } from "../server.js";

test("5,000 people in 500 meetings stay smooth", async ({ open }) => {
  test.setTimeout(180_000);
  const demo = new Demo({ calls: 500, people: 5000, seed: 5 });
  await demo.start();
  try {
    const warm = await open(demo);
    await expect(warm.locator(".empty, [data-participant]").first()).toBeVisible();
    // The server has to have read the lobbies before the page is measured.
    await expect
      .poll(() => warm.locator(".status-line").textContent(), { timeout: 150_000, intervals: [2000] })
      .not.toMatch(/checked/);
    await warm.context().close();
    const page = await open(demo, { path: "/account" });
    await page.addInitScript(() => {
      globalThis.tasks = [];
      new PerformanceObserver((list) => globalThis.tasks.push(...list.getEntries().map((entry) => entry.duration))).observe({
        type: "longtask",
      });
      const seen = new MutationObserver(() => {
        if (!document.querySelector("[data-participant]")) return;
        globalThis.firstRows = performance.now();
        seen.disconnect();
      });
      seen.observe(document, { subtree: true, childList: true });
    });
    await page.goto(`${demo.url}/`);
    await expect(page.locator("[data-participant]").first()).toBeVisible();
    const firstRows = await page.evaluate(() => globalThis.firstRows);
    const keys = await onKeys(page, page.locator("#search"));
    await page.locator("#search").fill("");
    await page.keyboard.press("Control+k");
    const palette = await onKeys(page, page.getByRole("combobox"));
    expect(await page.getByRole("option").count(), "a bounded list").toBeLessThan(120);
    await page.keyboard.press("Escape");
    const deltas = await onDeltas(page, demo);
    console.log(
      `first rows ${firstRows.toFixed(0)} ms; worst task on a delta ${Math.max(0, ...deltas).toFixed(0)} ms (0 = none over 50); keys ${keys.map((each) => each.toFixed(0)).join(" ")} ms; keys in the palette ${palette.map((each) => each.toFixed(0)).join(" ")} ms`,
    );
    expect(firstRows).toBeLessThan(6000);
    // A single slow value may be the machine's fault, so take the median.
    expect(middle(deltas)).toBeLessThan(400);
    expect(middle(keys)).toBeLessThan(300);
    expect(middle(palette)).toBeLessThan(300);
    expect(await page.locator(".person").count(), "only rows in view are drawn").toBeLessThan(120);
  } finally {
    await demo.end();
  }
});

/** @param {number[]} each */
const middle = (each) => each.slice().sort((a, b) => a - b)[Math.floor(each.length / 2)] ?? 0;

/** Long tasks while thirty participants arrive. */
async function onDeltas(page, demo) {
  const { meetings } = await demo.truth();
  await page.evaluate(() => {
    globalThis.tasks.length = 0;
  });
  const count = () =>
    page
      .locator("#waiting-count")
      .textContent()
      .then((text) => Number(text.replace(/\D/g, "")));
  const before = await count();
  for (const meeting of meetings.slice(0, 30))
    await demo.join(meeting, "Late Comer", { role: "guest", uri: "late@example.org" }).catch(() => {});
  await expect.poll(count).toBeGreaterThan(before);
  return page.evaluate(() => globalThis.tasks);
}

/** The time from a key in a field to the painted list. */
async function onKeys(page, field) {
  await field.focus();
  await field.evaluate((input) => {
    globalThis.keys = [];
    input.addEventListener(
      "input",
      () => {
        const start = performance.now();
        requestAnimationFrame(() => {
          const painted = new MessageChannel();
          painted.port1.onmessage = () => globalThis.keys.push(performance.now() - start);
          painted.port2.postMessage(0);
        });
      },
      { capture: true },
    );
  });
  const painted = (n) => expect.poll(() => page.evaluate(() => globalThis.keys.length)).toBe(n);
  const typed = [..."anna s", ...Array(6).fill("Backspace")];
  for (const [at, key] of typed.entries()) {
    await page.keyboard.press(key === " " ? "Space" : key);
    await painted(at + 1);
  }
  return page.evaluate(() => globalThis.keys);
}

test("a claim reaches everybody at once: 1,000 people wait, 28 clients and 2 browsers", async ({ open }) => {
  test.setTimeout(180_000);
  const demo = new Demo();
  await demo.start();
  try {
    for (let n = 0; n < 50; n += 1) {
      const meeting = await demo.meeting(`Lobby ${n}`);
      await Promise.all(Array.from({ length: 20 }, (_, guest) => demo.join(meeting, `Guest ${n}-${guest}`)));
    }
    const desks = [await open(demo, { role: "moderator" }), await open(demo, { role: "viewer" })];
    for (const desk of desks) {
      await expect(desk.locator("#waiting-count")).toHaveText("1,000", { timeout: 60_000 });
      // Both pages have the order of a new page.
      await desk.reload();
      await expect(desk.locator("#waiting-count")).toHaveText("1,000");
      await desk.evaluate(watchClaims);
    }
    const ids = await desks[0]
      .locator(".person[data-participant]")
      .evaluateAll((rows) => rows.map((row) => row.dataset.participant));
    const drivers = [
      await open(demo, { role: "moderator", path: "/account" }),
      await open(demo, { role: "admin", path: "/account" }),
    ];
    const half = 14;
    for (const driver of drivers) await driver.evaluate(openClients, half);
    const claims = [];
    for (let n = 0; n < 120; n += 1) {
      const claimed = ids[(n * 5) % 12];
      claims.push(await drivers[n % 2].evaluate(claim, { id: claimed, client: n % half }));
      await desks[0].waitForTimeout(100 + (n % 7) * 20);
    }
    await expect.poll(async () => (await desks[1].evaluate(() => globalThis.painted.length)) >= claims.length).toBe(true);
    const seen = (await Promise.all(drivers.map((driver) => driver.evaluate(() => globalThis.seen)))).flat();
    const painted = await Promise.all(desks.map((desk) => desk.evaluate(() => globalThis.painted)));
    const atClients = claims.flatMap(({ claim, at }) => seen.filter((each) => each.claim === claim).map((each) => each.at - at));
    const onScreen = claims.flatMap(({ id, at }) =>
      painted.flatMap((page) =>
        page
          .filter((each) => each.id === id && each.at >= at)
          .map((each) => each.at - at)
          .slice(0, 1),
      ),
    );
    expect(atClients.length, "every claim at every client").toBe(claims.length * 2 * half);
    const of = (times, share) => times.sort((a, b) => a - b)[Math.ceil(times.length * share) - 1].toFixed(0);
    console.log(
      `claims: ${claims.length} at 28 clients: p50 ${of(atClients, 0.5)} ms, p99 ${of(atClients, 0.99)} ms (bar 100); painted in 2 browsers, ${onScreen.length} times: p50 ${of(onScreen, 0.5)} ms, p99 ${of(onScreen, 0.99)} ms (bar 200)`,
    );
    expect(Number(of(atClients, 0.99))).toBeLessThan(1500);
  } finally {
    await demo.end();
  }
});

/** Runs in a desk: records when each row shows on the screen that somebody handles it. */
function watchClaims() {
  globalThis.painted = [];
  const handled = new Map();
  const record = () => {
    for (const row of document.querySelectorAll(".person[data-participant]")) {
      const words = row.dataset.handled === "no" ? "" : row.querySelector(".about")?.textContent;
      const id = row.dataset.participant;
      if (words && handled.get(id) !== words) {
        requestAnimationFrame(() => {
          const frame = new MessageChannel();
          frame.port1.onmessage = () => globalThis.painted.push({ id, at: performance.timeOrigin + performance.now() });
          frame.port2.postMessage(0);
        });
      }
      handled.set(id, words ?? "");
    }
  };
  new MutationObserver(record).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
}

/** Runs in any page: opens so many clients that speak the protocol and draw nothing. */
async function openClients(n) {
  globalThis.seen = [];
  globalThis.clients = await Promise.all(
    Array.from({ length: n }, async () => {
      const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/ws`);
      const known = new Set();
      const whole = new Promise((resolve) => {
        socket.onmessage = ({ data }) => {
          const at = performance.timeOrigin + performance.now();
          const frame = JSON.parse(data);
          if (frame.type === "beat") socket.send('{"type":"beat"}');
          if (frame.type === "snapshot_end") resolve(null);
          for (const { claim } of frame.put ?? []) {
            if (!claim || known.has(claim.id)) continue;
            known.add(claim.id);
            globalThis.seen.push({ claim: claim.id, at });
          }
          if (frame.type === "reply") socket.answered?.(frame.results[0].claim);
        };
      });
      await whole;
      return socket;
    }),
  );
}

/** Runs in a page with clients: one of them claims a participant. */
async function claim({ id, client }) {
  const socket = globalThis.clients[client];
  const answer = new Promise((resolve) => {
    socket.answered = resolve;
  });
  const at = performance.timeOrigin + performance.now();
  socket.send(JSON.stringify({ type: "claim", ref: "c", kind: "person", ids: [id] }));
  return { id, at, claim: await answer };
}
