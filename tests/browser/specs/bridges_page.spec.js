// The administrators' page of bridges: live statistics, and a pause that everybody sees; others get no statistics.
import { screenshotBoth } from "../screenshots.js";
import { admitOf, expect, live, person, test } from "../server.js";

const PHONE = { width: 360, height: 740 };
const row = (page, bridge) => page.locator(`tr[data-bridge="${bridge}"]`);
const openBoard = async (page) => {
  await page.locator(".me").click();
  await page.getByRole("link", { name: "Bridges" }).click();
  await expect(page.getByRole("heading", { name: /Bridges/ })).toBeVisible();
};

test.beforeEach(async ({ cluster }) => cluster.reset());

test("an administrator sees each bridge's live statistics, in both themes and on a phone", async ({ cluster, open }) => {
  test.setTimeout(90_000);
  const meeting = await cluster.meeting("Board call", { bridge: "eu-1" });
  for (const name of ["Bo Berg", "Zoë Müller", "Ana Silva"]) await cluster.join(meeting, name, { bridge: "eu-1" });
  const page = await open(cluster, { role: "admin" });
  await openBoard(page);
  await expect(row(page, "eu-1").locator(".col-people")).toHaveText("3", { timeout: 15_000 });
  await expect(row(page, "eu-1").locator(".col-calls")).toHaveText("1");
  await expect(row(page, "eu-2").locator(".col-people")).toHaveText("0");
  await expect(row(page, "eu-1").locator(".col-rate")).toContainText(/\d+\.\d/);
  await expect(row(page, "eu-1").locator(".col-events")).toContainText(/1\s*of 1/);
  const answered = () => row(page, "eu-1").locator(".col-answered").textContent();
  const first = await answered();
  await expect.poll(answered, "it is live").not.toBe(first);
  // eu-2 has no participants, so Usher hardly sends it requests. An arrival causes some, and the answer is always 503.
  await cluster.switches({ rate_503: 1 }, "eu-2");
  await cluster.join(await cluster.meeting("Ward round", { bridge: "eu-2" }), "Lea Roux", { bridge: "eu-2" });
  await expect(row(page, "eu-2").locator(".col-busy .amber")).toHaveText(/[1-9]/, { timeout: 15_000 });
  await cluster.switches({ rate_503: null }, "eu-2");
  await screenshotBoth(page, "bridges");
  await page.setViewportSize(PHONE);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(PHONE.width);
  await screenshotBoth(page, "bridges-phone");
});

test("one click pauses a bridge for everybody to see, and another ends the pause", async ({ cluster, open }) => {
  test.setTimeout(90_000);
  const [admin, moderator] = [await open(cluster, { role: "admin" }), await open(cluster)];
  const meeting = await cluster.meeting("Board call", { bridge: "eu-1" });
  const bo = await cluster.join(meeting, "Bo Berg", { bridge: "eu-1" });
  const ana = await cluster.join(await cluster.meeting("Ward round", { bridge: "eu-2" }), "Ana Silva", { bridge: "eu-2" });
  for (const each of [bo, ana]) await expect(admitOf(person(moderator, each.id))).toBeEnabled();
  await openBoard(admin);
  await expect(row(admin, "eu-1").locator(".col-people")).toHaveText("1", { timeout: 15_000 });
  const pause = row(admin, "eu-1").getByRole("button", { name: "Pause eu-1" });
  await pause.focus();
  await admin.keyboard.press("Enter");
  await expect(row(admin, "eu-1")).toContainText(/paused by anne for 0:\d\d/);
  await expect(row(admin, "eu-1").locator(".col-events")).toContainText(/0\s*of 1/);
  await expect(moderator.locator(".notes li", { hasText: "eu-1" })).toContainText(/paused by anne for/);
  await expect(moderator.locator(".status-line")).toContainText("eu-1 is paused. Its list may be out of date.");
  await expect(person(moderator, bo.id)).toHaveAttribute("data-stale", "yes");
  await expect(person(moderator, ana.id)).toHaveAttribute("data-stale", "no");
  await expect(admitOf(person(moderator, bo.id))).toBeDisabled();
  await expect(admitOf(person(moderator, bo.id))).toHaveAttribute("title", /administrator paused this bridge/);
  await expect(moderator.locator('[data-action="resume"]')).toHaveCount(0);
  await screenshotBoth(admin, "bridges-paused");
  await screenshotBoth(moderator, "desk-bridge-paused");
  await admin.getByRole("button", { name: "Resume eu-1" }).click();
  await expect(row(admin, "eu-1")).toContainText("connected", { timeout: 20_000 });
  await expect(admitOf(person(moderator, bo.id))).toBeEnabled();
  await admitOf(person(moderator, bo.id)).click();
  await expect(moderator.locator(".request")).toHaveText("Admitted 1");
});

test("others have no such page and receive no statistics; the keyboard opens and closes it", async ({ cluster, open }) => {
  const frames = [];
  const page = await open(cluster, { role: "moderator" });
  page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => frames.push(JSON.parse(String(payload)).type)));
  await page.goto(`${cluster.url}/#bridges`);
  await page.reload();
  await live(page);
  await expect(page.getByRole("heading", { name: /Waiting now/ })).toBeVisible();
  await expect(page.locator(".admin-table")).toHaveCount(0);
  await page.locator(".me").click();
  await expect(page.getByRole("link", { name: "Bridges" })).toHaveCount(0);
  expect(frames).not.toContain("figures");

  const admin = await open(cluster, { role: "admin" });
  const sent = [];
  admin.on("websocket", (socket) => {
    socket.on("framereceived", ({ payload }) => frames.push(JSON.parse(String(payload)).type));
    socket.on("framesent", ({ payload }) => sent.push(JSON.parse(String(payload))));
  });
  await admin.reload();
  await live(admin);
  expect(frames, "not before they are requested").not.toContain("figures");
  await openBoard(admin);
  await expect.poll(() => frames.includes("figures")).toBe(true);
  await admin.keyboard.press("Escape");
  await expect(admin.getByRole("heading", { name: /Waiting now/ })).toBeVisible();
  expect(sent.filter((each) => each.type === "watch").map((each) => each.on)).toEqual([true, false]);
});
