// The audit log: what an administrator finds in it, times in the browser's zone, and its appearance.
import { screenshot } from "../screenshots.js";
import { admitOf, crowd, expect, person, test } from "../server.js";

const PHONE = { width: 360, height: 740 };
const DESKTOP = { width: 1280, height: 800 };
const ZONE = "Asia/Tehran";

/** A moderator admits one participant, and a host elsewhere admits another. */
async function acted(desk) {
  const { people } = await crowd(desk, ["Bo Berg", "Ana <b>Silva</b>"]);
  await admitOf(person(desk.page, people[0].id)).click();
  await expect(person(desk.page, people[0].id)).toHaveCount(0);
  await desk.demo.control("/admit", { participant: people[1].id });
  await expect(person(desk.page, people[1].id)).toHaveCount(0);
  return people;
}

const entry = (page, name) => page.locator("tr[data-entry]").filter({ has: page.getByText(name, { exact: true }) });

/** Opens the log until it has so many entries, which are written a moment later. */
async function open(desk, path, options) {
  const page = await desk.open({ role: "admin", path: "/log", viewport: DESKTOP, ...options });
  await expect(async () => {
    await page.goto(desk.demo.url + path);
    await expect(entry(page, "Ana <b>Silva</b>").first()).toBeVisible({ timeout: 500 });
  }).toPass();
  return page;
}

test("an administrator finds who did what, filters by a name, and shares the view's address", async ({ desk }) => {
  const people = await acted(desk);
  const page = await open(desk, "/log");
  await page.goto(`${desk.demo.url}/`);
  await page.locator(".me").click();
  await page.getByRole("link", { name: "Log" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Log");
  const bo = entry(page, "Bo Berg").first();
  await expect(bo).toContainText("Admit");
  await expect(bo).toContainText("done");
  await expect(bo).toContainText(desk.demo.account("moderator").name);
  const ana = entry(page, "Ana <b>Silva</b>").first();
  await expect(ana).toContainText("outside Usher");
  await expect(ana).toContainText("Admitted elsewhere");

  await bo.getByRole("link", { name: "Bo Berg" }).click();
  await expect(page).toHaveURL(`${desk.demo.url}/log?person=${people[0].id}`);
  await expect(page.locator("tr[data-entry]")).toHaveCount(1);
  await page.getByRole("link", { name: "Show all people" }).click();
  await expect(entry(page, "Ana <b>Silva</b>").first()).toBeVisible();

  await page.getByLabel("Search", { exact: true }).fill("silva");
  await page.getByLabel("Moderator").fill("(nobody)");
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await expect(page).toHaveURL(/\/log\?q=silva&moderator=%28nobody%29$/);
  await expect(entry(page, "Bo Berg")).toHaveCount(0);
  await expect(entry(page, "Ana <b>Silva</b>").first()).toBeVisible();
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Export as CSV" }).click();
  expect((await download).suggestedFilename()).toMatch(/^usher-log-\d{4}-\d\d-\d\d\.csv$/);
});

test("times are in the browser's zone, and an address means the same in every zone", async ({ desk }) => {
  await acted(desk);
  const page = await open(desk, "/log", { timezoneId: ZONE });
  await expect(page.getByRole("columnheader", { name: `Time ${ZONE}` })).toBeVisible();
  const time = entry(page, "Bo Berg").first().locator("time").first();
  const at = new Date(await time.getAttribute("datetime"));
  const local = new Date(at.getTime() + 3.5 * 3600_000).toISOString();
  await expect(time).toHaveText(new RegExp(`^\\d{1,2} [A-Z][a-z]+ \\d{4}, ${local.slice(11, 19)}$`));

  await page.getByLabel(/^From/).fill(local.slice(0, 16));
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await expect(page).toHaveURL(`${desk.demo.url}/log?from=${encodeURIComponent(`${at.toISOString().slice(0, 16)}Z`)}`);
  await expect(page.getByLabel(/^From/)).toHaveValue(local.slice(0, 16));
  await expect(entry(page, "Bo Berg").first()).toBeVisible();
  await page.getByLabel(/^From/).fill("2099-01-01T00:00");
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await expect(page.locator("main")).toContainText("No entries match.");

  const colleague = await desk.open({ role: "admin", path: new URL(page.url()).pathname, javaScriptEnabled: false });
  await colleague.goto(page.url());
  await expect(colleague.getByLabel(/^From/)).toHaveValue("2098-12-31T20:30");
  await expect(colleague.getByText("UTC").first()).toBeVisible();
});

test("only administrators get a link to the log and may open it", async ({ desk }) => {
  await desk.page.locator(".me").click();
  await expect(desk.page.getByRole("link", { name: "My account" })).toBeVisible();
  await expect(desk.page.getByRole("link", { name: "Log" })).toHaveCount(0);
  await desk.page.goto(`${desk.demo.url}/log`);
  await expect(desk.page.getByRole("heading", { level: 1 })).toHaveText("You don’t have access to this page.");
});

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  test(`the log, ${colorScheme}`, async ({ desk }) => {
    const people = await acted(desk);
    const page = await open(desk, "/log", { colorScheme });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(DESKTOP.width);
    await screenshot(page, `log-${colorScheme}`);
    await page.setViewportSize(PHONE);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(PHONE.width);
    await screenshot(page, `log-phone-${colorScheme}`);
    await page.setViewportSize(DESKTOP);
    await page.goto(`${desk.demo.url}/log?person=${people[0].id}&from=yesterday`);
    await screenshot(page, `log-error-${colorScheme}`);
  });
}
