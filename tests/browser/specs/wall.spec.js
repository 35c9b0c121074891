// The picture on a wall, in pixels: nothing is cut or overlaps, text is large enough for its distance, and stale data looks stale.
import { screenshot } from "../screenshots.js";
import { expect, test } from "../server.js";
import { bridge, crowd, display, faults, inkOfCapital, linkOf, meeting, Screen } from "../wall_screen.js";

const SCREENS = [
  { name: "1080p", width: 1920, height: 1080, diagonal_in: 55, distance_m: 5 },
  { name: "4k", width: 3840, height: 2160, diagonal_in: 75, distance_m: 5 },
  { name: "portrait", width: 1080, height: 1920, diagonal_in: 55, distance_m: 5 },
  { name: "5-4", width: 1280, height: 1024, diagonal_in: 40, distance_m: 3 },
];
const COUNTS = [0, 1, 15, 60, 500];
const BRIDGES = [bridge("eu-1"), bridge("eu-2")];

/** A screen of this size with its own display. */
async function screen(open, cluster, settings, viewport) {
  const admin = await open(cluster, { role: "admin" });
  const link = await linkOf(admin, settings);
  const page = await open(cluster, { role: "nobody", path: "/healthz", viewport });
  const screen = new Screen(page, cluster.url + link);
  await screen.open();
  await expect.poll(() => screen.opened).toBe(1);
  return screen;
}

/** One participant waits, and Usher knows it; returns a display's link. */
async function boWaits(open, cluster) {
  await cluster.reset();
  const room = await cluster.meeting("Board call", { bridge: "eu-1" });
  await cluster.join(room, "Bo Berg", { bridge: "eu-1" });
  const admin = await open(cluster, { role: "admin" });
  await expect(admin.getByText("Bo Berg")).toBeVisible();
  return linkOf(admin, display());
}

/** The heights of capitals in these elements, in pixels. */
const capitals = (page, selector) => page.evaluate(inkOfCapital, selector);

for (const { name, width, height, diagonal_in, distance_m } of SCREENS) {
  test(`nothing is cut or too small at ${name}`, async ({ cluster, open }) => {
    test.setTimeout(180_000);
    const settings = display({ diagonal_in, distance_m });
    const wall = await screen(open, cluster, settings, { width, height });
    const { page } = wall;
    // 16 arc minutes on this screen.
    const needed = (distance_m * 0.00465 * Math.hypot(width, height)) / (diagonal_in * 0.0254);
    wall.keepAlive();
    for (const count of COUNTS) {
      const now = Date.now();
      const rows = crowd(count, now);
      wall.show(settings, [...BRIDGES, ...rows]);
      const waiting = rows.reduce((sum, row) => sum + row.waiting, 0);
      await expect(page.locator("#waiting")).toHaveText(String(waiting));
      expect(await faults(page), `${count} meetings`).toEqual([]);
      await expect
        .poll(() => capitals(page, "#waiting"), "the number, from twice the distance")
        .toBeGreaterThanOrEqual(needed * 1.9);
      await expect.poll(() => capitals(page, ".foot"), "the foot").toBeGreaterThanOrEqual(needed - 1);
      if (count > 1) {
        // Waits continue meanwhile: a meeting may pass its threshold between two readings.
        const past = () => rows.filter((row) => row.waiting > 0 && Date.now() - row.alarm_since >= 120_000).length;
        const shown = async () => Number((await page.locator("#past").innerText()).replace(/\D/g, ""));
        await expect.poll(async () => Math.abs((await shown()) - past())).toBeLessThanOrEqual(1);
        for (const cell of [".row .title", ".row .count", ".row .wait", ".row .names bdi"])
          await expect.poll(() => capitals(page, cell), `${cell} of ${count}`).toBeGreaterThanOrEqual(needed - 1);
        expect(await page.locator(".row").count(), "rows").toBeGreaterThanOrEqual(3);
      }
      await page.screenshot({ path: new URL(`../report/wall-${name}-${count}.png`, import.meta.url).pathname });
    }
  });
}

test("each theme is readable, also stale data and waits that are too long", async ({ cluster, open }) => {
  const settings = display();
  const wall = await screen(open, cluster, settings, { width: 1920, height: 1080 });
  wall.keepAlive();
  for (const theme of ["dark", "light", "grey"]) {
    const now = Date.now();
    const old = bridge("eu-2", { silent_since: now - 75_000 });
    wall.show(display({ themes: [{ from: "00:00", theme }] }), [bridge("eu-1"), old, ...crowd(15, now)]);
    await expect(wall.page.locator("html")).toHaveAttribute("data-theme", theme);
    await expect(wall.page.locator('.row[data-stale="yes"]').first()).toBeVisible();
    await screenshot(wall.page, `wall-${theme}`);
    expect(await faults(wall.page), theme).toEqual([]);
  }
});

test("only a silent bridge's data is stale; without the server all data is, with its age, until it is back", async ({
  cluster,
  open,
}) => {
  const settings = display();
  const wall = await screen(open, cluster, settings, { width: 1920, height: 1080 });
  const { page } = wall;
  const now = Date.now();
  const rows = [meeting(1, 3, 40, now, { bridges: ["eu-1"] }), meeting(2, 2, 30, now, { bridges: ["eu-2"] })];
  wall.show(settings, [bridge("eu-1"), bridge("eu-2", { silent_since: now - 12_000 }), ...rows]);
  const row = (id) => page.locator(`.row[data-id="${id}"]`);
  await expect(row("m2")).toHaveAttribute("data-stale", "yes");
  await expect(row("m1")).toHaveAttribute("data-stale", "no");
  await expect(page.locator("#strip")).toContainText("eu-2");
  const figures = () =>
    page.locator("#waiting, #longest, #quiet-words").evaluateAll((all) => all.map(({ dataset }) => dataset.stale));
  expect(await figures(), "some data is current").toEqual(["no", "no", "no"]);
  wall.show(null, [
    bridge("eu-1"),
    bridge("eu-2", { silent_since: now - 12_000 }),
    rows[1],
    meeting(3, 0, 0, now, { bridges: ["eu-2"] }),
  ]);
  await expect.poll(figures, "all who wait are in stale data").toEqual(["yes", "yes", "yes"]);
  for (const figure of ["#waiting", "#longest", "#quiet-words"])
    await expect(page.locator(figure)).toHaveCSS("text-decoration-line", "line-through");
  wall.show(null, [...BRIDGES, ...rows]);
  await expect(page.locator("#strip")).toBeHidden();
  // No more frames: after five seconds everything is stale.
  await expect(row("m1")).toHaveAttribute("data-stale", "yes", { timeout: 9000 });
  await expect(page.locator("#strip-age")).toHaveText(/^0:(0[5-9]|1\d)$/);
  await screenshot(page, "wall-lost");
  await expect.poll(() => wall.opened, { timeout: 15_000 }).toBeGreaterThan(1);
  wall.show(settings, [...BRIDGES, ...rows]);
  await expect(row("m1")).toHaveAttribute("data-stale", "no");
  await expect(page.locator("#strip")).toBeHidden();
});

test("the server's first picture turns stale, too, if the page never gets a connection", async ({ cluster, open }) => {
  const link = await boWaits(open, cluster);
  const page = await open(cluster, { role: "nobody", path: "/healthz", viewport: { width: 1920, height: 1080 } });
  await page.routeWebSocket(/\/wall\/.*ws$/, () => {});
  await page.goto(cluster.url + link);
  const [count, name] = [page.locator(".row .count"), page.locator(".row .names bdi")];
  await expect(name).toHaveText("Bo B.");
  await expect(page.locator("#strip")).toContainText(/No connection to Usher for 0:(0[5-9]|1\d)/, { timeout: 9000 });
  for (const node of [count, name, page.locator("#waiting"), page.locator("#bridges bdi").first()])
    await expect(node).toHaveCSS("text-decoration-line", "line-through");
  expect(await faults(page)).toEqual([]);
  await screenshot(page, "wall-never-heard");
});

test("a script that fails to load does not freeze the wall", async ({ cluster, open }) => {
  const link = await boWaits(open, cluster);
  const page = await open(cluster, { role: "nobody", path: "/healthz", viewport: { width: 1920, height: 1080 } });
  await page.clock.install();
  let asked = 0;
  let pages = 0;
  await page.route("**/static/wall/draw.js", (route) => (asked++ === 0 ? route.abort() : route.continue()));
  // Usher is away for a moment: a proxy's error page would never load the wall again.
  await page.route(cluster.url + link, (route) =>
    pages++ === 1 ? route.fulfill({ status: 502, body: "Bad gateway" }) : route.continue(),
  );
  await page.goto(cluster.url + link);
  await expect(page.locator(".row .names bdi"), "the server's first picture").toHaveText("Bo B.");
  await expect.poll(() => asked).toBe(1);
  await page.clock.fastForward(31_000);
  await expect.poll(() => pages).toBe(2);
  await expect(page.locator(".row .names bdi"), "it is still there").toHaveText("Bo B.");
  await page.clock.fastForward(31_000);
  await expect(page.locator("body")).toHaveAttribute("data-heard", /./);
  expect(asked).toBe(2);
});

test("a display is never dimmed while a bridge is silent, even one of another view", async ({ cluster, open }) => {
  const views = ["eu-1", "eu-2"].map((id) => ({ what: "bridges", bridges: [id], seconds: 30 }));
  const settings = display({ views, dim: { from: "00:00", to: "23:59" } });
  const wall = await screen(open, cluster, settings, { width: 1920, height: 1080 });
  const [root, now] = [wall.page.locator("html"), Date.now()];
  const quiet = meeting(1, 0, 0, now);
  wall.show(settings, [...BRIDGES, quiet]);
  await expect(root).toHaveAttribute("data-dim", "yes");
  wall.show(settings, [bridge("eu-1"), bridge("eu-2", { silent_since: now - 12_000 }), quiet]);
  await expect(root).toHaveAttribute("data-dim", "no");
  await expect(wall.page.locator("#view")).toHaveText("eu-1");
});

test("a quiet night is not stale, and the wall says in words that nobody waits", async ({ cluster, open }) => {
  const settings = display();
  const wall = await screen(open, cluster, settings, { width: 1920, height: 1080 });
  wall.show(settings, [...BRIDGES, meeting(1, 0, 0, Date.now())]);
  await expect(wall.page.locator("#empty")).toHaveText(/No one is waiting/);
  const beats = setInterval(() => wall.beat(), 1000);
  const begun = Date.now();
  await expect.poll(() => Date.now() - begun, { timeout: 12_000 }).toBeGreaterThan(7000);
  clearInterval(beats);
  await expect(wall.page.locator("#strip")).toBeHidden();
  await expect(wall.page.locator("#waiting")).toHaveAttribute("data-stale", "no");
  expect(wall.received.filter((each) => each.type === "beat").length).toBeGreaterThan(3);
});

test("with more meetings than room the worst stay and the others rotate", async ({ cluster, open }) => {
  const settings = display();
  const wall = await screen(open, cluster, settings, { width: 1920, height: 1080 });
  const { page } = wall;
  await page.clock.install();
  await page.goto(wall.url);
  await expect.poll(() => wall.opened).toBe(2);
  const now = Date.now();
  const rows = Array.from({ length: 40 }, (_, n) => meeting(n, 2, n < 2 ? 400 - n : 10 + n, now));
  const seen = new Set();
  wall.show(settings, [...BRIDGES, ...rows]);
  await page.clock.runFor(1000);
  await expect(page.locator("#page")).toHaveText(/1 of \d/);
  for (let turn = 0; turn < 12; turn++) {
    const ids = await page.locator(".row").evaluateAll((all) => all.map((row) => row.dataset.id));
    expect(ids.slice(0, 2), "the worst").toEqual(["m0", "m1"]);
    for (const id of ids) seen.add(id);
    for (let second = 0; second < 11; second++) {
      wall.beat();
      await page.clock.runFor(1000);
    }
  }
  expect([...seen].length).toBe(40);
});

test("a display identifies itself, reloads once for a new version, and says that it was revoked or that there are too many", async ({
  cluster,
  open,
}) => {
  const settings = display();
  const wall = await screen(open, cluster, settings, { width: 1920, height: 1080 });
  const { page } = wall;
  wall.show(settings, [...BRIDGES, meeting(1, 1, 5, Date.now())]);
  await expect(page.locator(".row")).toHaveCount(1);
  expect(wall.received[0]).toMatchObject({ type: "screen", width: 1920, height: 1080, ratio: 1 });
  await expect(page.locator("#name")).toBeHidden();
  wall.send({ type: "identify", seconds: 2 });
  await expect(page.locator("#name")).toHaveText("Control room left");
  await screenshot(page, "wall-identify");
  await expect(page.locator("#name")).toBeHidden();
  const loaded = page.waitForEvent("load");
  wall.show(settings, BRIDGES, "99.0.0");
  await loaded;
  await expect.poll(() => wall.opened).toBe(2);
  wall.show(settings, [...BRIDGES, meeting(1, 1, 5, Date.now())], "99.0.0");
  await expect(page.locator(".row"), "not again for the same version").toHaveCount(1);
  wall.send({ type: "over", why: "crowded" });
  await expect(page.getByText("Too many screens show this display")).toBeVisible();
  await screenshot(page, "wall-crowded");
  wall.send({ type: "over", why: "revoked" });
  await expect(page.getByText("This screen was revoked")).toBeVisible();
  await expect(page.getByText("Too many screens show this display")).toBeHidden();
  await screenshot(page, "wall-revoked");
});

test("a display that should sound says that its browser blocks sound", async ({ cluster, open }) => {
  const wall = await screen(open, cluster, display(), { width: 1920, height: 1080 });
  await wall.page.addInitScript(() => {
    globalThis.AudioContext = class {
      state = "suspended";
      resume() {
        return Promise.reject(new Error("nobody pressed anything"));
      }
    };
  });
  await wall.page.goto(wall.url);
  await expect.poll(() => wall.opened).toBe(2);
  const rows = [...BRIDGES, meeting(2, 1, 400, Date.now())];
  wall.show(display(), rows);
  await expect(wall.page.locator(".row")).toHaveAttribute("data-level", "2");
  await expect(wall.page.locator("#notes")).toHaveText("");
  wall.show(display({ sound: true }), rows);
  await expect(wall.page.locator("#notes")).toHaveText("The browser blocks sound");
  expect(await faults(wall.page)).toEqual([]);
});

test("when Usher restarts, a wall keeps its stale picture until the new one is there", async ({ ownCluster: cluster, open }) => {
  test.setTimeout(90_000);
  const room = await cluster.meeting("Board call", { bridge: "eu-1" });
  await cluster.join(room, "Bo Berg", { bridge: "eu-1" });
  const admin = await open(cluster, { role: "admin" });
  const link = await linkOf(admin, display());
  await admin.close();
  const page = await open(cluster, { role: "nobody", path: link, viewport: { width: 1920, height: 1080 } });
  await expect(page.locator(".row .names")).toContainText("Bo B.");
  await page.evaluate(() => {
    globalThis.seen = new Set();
    globalThis.notReloaded = true;
    new MutationObserver(() => globalThis.seen.add(document.getElementById("waiting")?.textContent)).observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
    });
  });
  await cluster.usher.stop();
  await expect(page.locator("#strip")).toContainText("No connection to Usher", { timeout: 15_000 });
  await expect(page.locator(".row")).toHaveAttribute("data-stale", "yes");
  await cluster.join(room, "Ana Silva", { bridge: "eu-1" });
  await cluster.startUsher();
  await expect(page.locator("#waiting")).toHaveText("2", { timeout: 30_000 });
  await expect(page.locator(".row")).toHaveAttribute("data-stale", "no");
  await expect(page.locator("#strip")).toBeHidden();
  expect(await page.evaluate(() => [...globalThis.seen].filter((text) => text !== "1" && text !== "2"))).toEqual([]);
  expect(await page.evaluate(() => globalThis.notReloaded)).toBe(true);
});

test("a wall works without script", async ({ cluster, open }) => {
  const link = await boWaits(open, cluster);
  const page = await open(cluster, {
    role: "nobody",
    path: link,
    javaScriptEnabled: false,
    viewport: { width: 1920, height: 1080 },
  });
  await expect(page.locator(".row")).toContainText("Board call");
  await expect(page.locator(".row")).toContainText("Bo B.");
  await expect(page.locator("#waiting")).toHaveText("1");
  await expect(page.locator("#empty")).toHaveText("");
  await expect(page.locator('meta[http-equiv="refresh"]'), "the page reloads").toHaveAttribute("content", "10");
  await page.screenshot({ path: new URL("../report/wall-no-script.png", import.meta.url).pathname });
});
