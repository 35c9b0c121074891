// A real server's pages in other browsers: displays, with the checks of wall.spec.js, and the desk if it supports the browser.
import { OTHERS } from "../other_browsers.js";
import { expect, test } from "../server.js";
import { askServer, display, faults, inkOfCapital, linkOf } from "../wall_screen.js";

const SCREENS = [
  { name: "1080p", width: 1920, height: 1080 },
  { name: "portrait", width: 1080, height: 1920 },
];
/** Meetings with people waiting. */
const COUNTS = [0, 1, 15, 60];

const report = (name) => new URL(`../report/${name}.png`, import.meta.url).pathname;

/** Runs code in the page; null while the page is loading. @param {any} page @param {(given: any) => any} run @param {any} [given] */
async function ask(page, run, given) {
  try {
    return await page.evaluate(run, given);
  } catch (error) {
    if (/context|navigat/i.test(String(error))) return null;
    throw error;
  }
}

/** @param {any} page @param {string} id */
const text = (page, id) =>
  ask(page, (id) => Array.from(document.querySelectorAll(`#${id}`), (node) => node.textContent).join(), id);
const shown = (page, id) => ask(page, (id) => document.getElementById(id).getClientRects().length > 0, id);
const rows = (page) => ask(page, () => Array.from(document.querySelectorAll(".row"), (row) => row.textContent));
const stale = (page) => ask(page, () => Array.from(document.querySelectorAll(".row"), (row) => row.dataset.stale).join());
/** Whether the rows come over the socket, and no longer from the server's first picture. */
const hears = (page) => ask(page, () => document.querySelectorAll(".row[data-id]").length > 0);

/** Firefox before 144 sets the size of the viewport and refuses the orientation that comes with it. @param {Error} error */
function withoutOrientation(error) {
  if (!/unknown command emulation\.setScreenOrientationOverride/.test(error.message)) throw error;
}

/** The height of capitals in the first such element, in pixels. */
const capitals = (page, selector) => page.evaluate(inkOfCapital, selector);

for (const { name, launch, missing, desk } of OTHERS)
  test.describe(name, () => {
    test.skip(missing !== "", missing);

    /** @type {any} */
    let browser;
    const errors = [];

    test.beforeAll(async () => {
      browser = await launch();
    });
    test.afterAll(() => browser?.close());

    /** @param {string} url @param {{ width: number, height: number }} viewport */
    async function show(url, { width, height }) {
      const page = await browser.newPage();
      errors.length = 0;
      page.on("pageerror", (error) => errors.push(String(error)));
      page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
      await page.setViewport({ width, height }).catch(withoutOrientation);
      await expect.poll(() => page.evaluate(() => [window.innerWidth, window.innerHeight])).toEqual([width, height]);
      await page.goto(url);
      return page;
    }

    for (const { name: size, width, height } of SCREENS)
      test(`nothing is cut or too small at ${size}`, async ({ cluster, open }) => {
        test.setTimeout(120_000);
        await cluster.reset();
        const admin = await open(cluster, { role: "admin" });
        const page = await show(cluster.url + (await linkOf(admin, display())), { width, height });
        const needed = (5 * 0.00465 * Math.hypot(width, height)) / (55 * 0.0254);
        let count = 0;
        for (const wanted of COUNTS) {
          for (; count < wanted; count++) {
            const titles = [
              "Board call",
              "ישיבת הנהלה של בית החולים",
              "A meeting with a title that somebody wrote as if it were its minutes",
            ];
            const meeting = await cluster.meeting(`${titles[count % 3]} ${count}`);
            for (const guest of ["Bo Berg", "فاطمة الزهراء", "Ana Silva"].slice(count % 3)) await cluster.join(meeting, guest);
          }
          const waiting = wanted === 0 ? 0 : Array.from({ length: wanted }, (_, n) => 3 - (n % 3)).reduce((a, b) => a + b);
          await expect.poll(() => text(page, "waiting"), { timeout: 30_000 }).toBe(String(waiting));
          await expect.poll(() => faults(page), { message: `${wanted} meetings` }).toEqual([]);
          await expect.poll(() => capitals(page, "#waiting")).toBeGreaterThanOrEqual(needed * 1.9);
          await expect.poll(() => capitals(page, ".foot")).toBeGreaterThanOrEqual(needed - 1);
          if (wanted > 0) await expect.poll(() => capitals(page, ".row .title")).toBeGreaterThanOrEqual(needed - 1);
          expect((await rows(page)).length).toBeGreaterThanOrEqual(Math.min(3, wanted));
          await page.screenshot({ path: report(`others-${name.replace(" ", "-")}-${size}-${wanted}`) });
        }
        expect(errors).toEqual([]);
        await page.close();
      });

    test("a screen pairs, survives Usher's restart, marks stale data, and says that it was revoked", async ({
      ownCluster: cluster,
      open,
    }) => {
      test.setTimeout(120_000);
      const room = await cluster.meeting("Board call", { bridge: "eu-1" });
      await cluster.join(room, "Bo Berg", { bridge: "eu-1" });
      const page = await show(`${cluster.url}/wall`, { width: 1920, height: 1080 });
      const code = await text(page, "code");
      expect(code).toMatch(/^\w{3}-\w{3}$/);
      const admin = await open(cluster, { role: "admin" });
      await askServer(admin, { type: "display_pair", code, display: display() });
      await expect.poll(() => rows(page)).toEqual([expect.stringMatching(/Board call.*Bo B\./s)]);
      await expect.poll(() => hears(page)).toBe(true);
      await page.evaluate(() => {
        globalThis.notReloaded = true;
      });
      await cluster.usher.stop();
      await expect.poll(() => text(page, "strip-before"), { timeout: 15_000 }).toContain("No connection to Usher");
      expect([await stale(page), await shown(page, "strip")]).toEqual(["yes", true]);
      await page.screenshot({ path: report(`others-${name.replace(" ", "-")}-lost`) });
      await cluster.join(room, "Ana Silva", { bridge: "eu-1" });
      // Browsers report a lost connection in their console.
      errors.length = 0;
      await cluster.startUsher();
      await expect.poll(() => text(page, "waiting"), { timeout: 30_000 }).toBe("2");
      expect([await stale(page), await shown(page, "strip")]).toEqual(["no", false]);
      expect(await page.evaluate(() => globalThis.notReloaded), "without a reload").toBe(true);
      await page.reload();
      await expect.poll(() => text(page, "waiting")).toBe("2");
      const { displays } = await askServer(admin, { type: "displays", on: true });
      await askServer(admin, { type: "display_revoke", id: displays[0].id });
      await expect
        .poll(() => ask(page, () => Array.from(document.querySelectorAll("body"), (body) => body.innerText).join()))
        .toContain("This screen was revoked");
      await page.close();
    });

    if (desk)
      test("a moderator signs in, finds a participant and admits them by keyboard alone", async ({ cluster }) => {
        await cluster.reset();
        const room = await cluster.meeting("Board call");
        const [bo] = [await cluster.join(room, "Bo Berg"), await cluster.join(room, "Ana Silva")];
        const page = await show(cluster.url, { width: 1280, height: 800 });
        await page.waitForSelector("#username");
        await page.type("#username", "anne");
        await page.type("#password", cluster.account("admin").password);
        await page.keyboard.press("Enter");
        await page.waitForSelector('.columns[data-phase="live"]');
        await page.waitForSelector(`[data-participant="${bo.id}"]`);
        await page.keyboard.press("/");
        await page.keyboard.type("berg");
        await page.keyboard.press("Enter");
        await page.keyboard.press("a");
        await expect.poll(() => cluster.lobbyOf(bo.id)).toBe("in");
        await expect.poll(() => ask(page, () => document.querySelector(".request")?.textContent)).toContain("Admitted 1");
        for (const [width, height] of [
          [1280, 800],
          [360, 720],
        ]) {
          await page.setViewport({ width, height }).catch(withoutOrientation);
          await expect.poll(() => page.evaluate(() => [window.innerWidth, window.innerHeight])).toEqual([width, height]);
          const over = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
          await expect.poll(over, { message: `nothing beside a page of ${width}` }).toBeLessThanOrEqual(0);
          await page.screenshot({ path: report(`others-desk-${width}`) });
        }
        expect(errors).toEqual([]);
        await page.close();
      });
  });
