// The administrators' page of displays: they pair a screen by code or link, identify, change and revoke it, live on both sides; others have no
// such page.
import { screenshot, screenshotBoth } from "../screenshots.js";
import { answer, expect, live, question, test } from "../server.js";

const PHONE = { width: 320, height: 720 };
const CODE = /\b[A-Z0-9]{3}-[A-Z0-9]{3}\b/;
const row = (page, name) => page.locator("tr[data-display]", { hasText: name });
const act = (page, name, what) => row(page, name).locator(`[data-action="display-${what}"]`);
const body = (wall) => wall.locator("body");

/** Opens the page by the menu. @param {import("@playwright/test").Page} page */
async function openBoard(page) {
  await page.locator(".me").click();
  await page.getByRole("link", { name: "Displays" }).click();
  await expect(page.getByRole("heading", { name: /Displays/ })).toBeVisible();
}

/** A screen without a signed-in user. */
const screenOf = (open, cluster, path = "/wall") =>
  open(cluster, { role: "nobody", path, viewport: { width: 1920, height: 1080 } });

/** @param {import("@playwright/test").Page} wall @returns {Promise<string>} */
async function codeOn(wall) {
  await expect(body(wall)).toContainText(CODE);
  return CODE.exec(await body(wall).innerText())?.[0] ?? "";
}

/** Pairs a screen by keyboard only. @param {import("@playwright/test").Page} page @param {import("@playwright/test").Page} wall
 * @param {string} name */
async function pair(page, wall, name) {
  await page.locator('[data-action="display-pair"]').focus();
  await page.keyboard.press("Enter");
  await expect(page.locator("#display-code")).toBeFocused();
  await page.keyboard.type((await codeOn(wall)).toLowerCase().replace("-", " "));
  await page.keyboard.press("Tab");
  await page.keyboard.type(name);
  await page.keyboard.press("Tab");
  await page.keyboard.type("Room 2");
  await page.keyboard.press("Enter");
  await expect(question(page)).toHaveCount(0);
  await expect(row(page, name).locator(".col-state")).toHaveText("connected now");
}

/** Empties the list, so that the next test starts without displays. @param {import("@playwright/test").Page} page */
async function forgetAll(page) {
  for (let left = await page.locator("tr[data-display]").count(); left > 0; left--) {
    const first = page.locator("tr[data-display]").first();
    const revoke = first.locator('[data-action="display-revoke"]');
    if ((await revoke.count()) > 0) {
      await revoke.click();
      await answer(page, "yes");
    }
    await page.locator('[data-action="display-forget"]').first().click();
    await expect(page.locator("tr[data-display]")).toHaveCount(left - 1);
  }
}

test.beforeEach(async ({ cluster }) => cluster.reset());

test("an administrator pairs a screen by its code, and it shows its views until it is revoked", async ({ cluster, open }) => {
  test.setTimeout(120_000);
  const meeting = await cluster.meeting("Board call", { bridge: "eu-1" });
  await cluster.join(meeting, "Bo Berg", { bridge: "eu-1" });
  const page = await open(cluster, { role: "admin" });
  await openBoard(page);
  await expect(page.locator(".no-displays")).toContainText(`${cluster.url}/wall`);
  await screenshotBoth(page, "displays-none");
  const wall = await screenOf(open, cluster);
  await codeOn(wall);
  await expect(page.locator(".status-line")).toContainText("1 screen shows a code");
  await pair(page, wall, "Control room left");
  await expect(page.locator('[data-action="display-pair"]')).toBeFocused();
  await expect(page.locator(".status-line")).not.toContainText("shows a code");
  await expect(row(page, "Control room left")).toContainText("Room 2");
  await expect(row(page, "Control room left").locator(".col-views")).toHaveText("All meetings");
  await expect(row(page, "Control room left").locator(".col-browser")).toContainText(/Chrom\w+ \d+/);
  await expect(row(page, "Control room left").locator(".col-browser")).toContainText("1920 × 1080");
  await expect(row(page, "Control room left").locator(".col-version")).toHaveText(/^\d+\.\d+\.\d+/);
  await expect(body(wall)).toContainText("Board call");
  await expect(body(wall)).toContainText("Bo B.");
  await screenshotBoth(page, "displays");

  await act(page, "Control room left", "identify").click();
  await expect(wall.getByText("Control room left").first()).toBeVisible();
  await expect(page.locator(".status-line .said")).toHaveText("Control room left is showing its name.");

  await act(page, "Control room left", "edit").click();
  await page.getByRole("radio", { name: /^No names/ }).check();
  await page.getByLabel("Meeting titles").uncheck();
  await page.locator("#display-name").fill("Control room right");
  await answer(page, "yes");
  await expect(row(page, "Control room right")).toHaveCount(1);
  await expect(body(wall)).not.toContainText("Board call");
  await expect(body(wall)).not.toContainText("Bo B.");

  const loaded = wall.waitForEvent("load");
  await act(page, "Control room right", "reload").click();
  await loaded;
  await expect(row(page, "Control room right").locator(".col-state")).toHaveText("connected now");
  await expect(body(wall)).not.toContainText("Board call");

  await act(page, "Control room right", "revoke").click();
  await expect(question(page)).toContainText("Revoke Control room right?");
  await expect(question(page).locator('[data-answer="cancel"]')).toBeFocused();
  await screenshotBoth(page, "displays-revoke");
  await answer(page, "yes");
  await expect(body(wall)).toContainText(/revoked/i);
  await expect(row(page, "Control room right").locator(".col-state")).toContainText("revoked on");
  await wall.reload();
  await expect(body(wall)).not.toContainText("Bo B.");
  await act(page, "Control room right", "forget").click();
  await expect(page.locator("tr[data-display]")).toHaveCount(0);
});

test("a link is shown once and lets one screen in, and the page notices a second one", async ({ cluster, open }) => {
  const page = await open(cluster, { role: "admin" });
  await openBoard(page);
  await page.locator('[data-action="display-link"]').click();
  await page.locator("#display-name").fill("Entrance");
  await answer(page, "yes");
  const field = page.locator("#display-link");
  await expect(field).toBeFocused();
  const link = await field.inputValue();
  expect(link.startsWith(`${cluster.url}/wall/t/`), link).toBe(true);
  await screenshotBoth(page, "displays-link");
  await page.mouse.click(4, 4);
  await expect(field, "a click beside the dialog does not close it").toBeVisible();
  await answer(page, "yes");
  await expect(page.locator('[data-action="display-link"]')).toBeFocused();
  await expect(field).toHaveCount(0);
  await expect(row(page, "Entrance").locator(".col-state")).toHaveText("never connected");
  const path = link.slice(cluster.url.length);
  const first = await screenOf(open, cluster, path);
  await expect(row(page, "Entrance").locator(".col-state")).toHaveText("connected now");
  await screenOf(open, cluster, path);
  await expect(row(page, "Entrance").locator(".col-state")).toContainText("open on 2 screens");
  await act(page, "Entrance", "revoke").click();
  await answer(page, "yes");
  await expect(body(first)).toContainText(/revoked/i);
  await forgetAll(page);
});

test("the form shows faults at their fields, and a refusal loses nothing typed", async ({ cluster, open }) => {
  const page = await open(cluster, { role: "admin" });
  const meeting = await cluster.meeting("Board call", { bridge: "eu-1" });
  await cluster.join(meeting, "Bo Berg", { bridge: "eu-1" });
  await openBoard(page);
  await page.locator('[data-action="display-pair"]').click();
  await answer(page, "yes");
  await expect(page.locator("#display-code")).toBeFocused();
  await expect(page.locator("#display-code-fault")).toContainText("six letters or digits");
  await expect(page.locator("#display-name-fault")).toContainText("1 to 60 characters");
  await page.locator("#display-code").fill("AAA-AAA");
  await page.locator("#display-name").fill("Entrance");
  await page.locator('[data-action="add-view"]').click();
  const second = page.locator(".one-view").nth(1);
  await expect(second.locator("select")).toBeFocused();
  await second.locator("select").selectOption("meetings");
  await second.getByLabel("Seconds for view 2").fill("4");
  await answer(page, "yes");
  await expect(second).toContainText("Choose at least one meeting.");
  await expect(second).toContainText("Enter a whole number of seconds from 5 to 3,600.");
  await screenshotBoth(page, "displays-faults");
  await second.getByLabel("Board call").check();
  await second.getByLabel("Seconds for view 2").fill("20");
  await answer(page, "yes");
  await expect(page.locator("#display-code-fault")).toContainText("No screen shows this code");
  await expect(page.locator("#display-code")).toBeFocused();
  await expect(page.locator("#display-name")).toHaveValue("Entrance");
  await expect(second.getByLabel("Board call")).toBeChecked();
  const wall = await screenOf(open, cluster);
  await page.locator("#display-code").fill(await codeOn(wall));
  await page.keyboard.press("Enter");
  await expect(row(page, "Entrance").locator(".col-views")).toContainText("2 views in rotation");
  await expect(row(page, "Entrance").locator(".col-views")).toContainText(/All meetings 30\ss, 1 meeting 20\ss/);
  await forgetAll(page);
});

test("on a phone neither the list nor the form is cut", async ({ cluster, open }) => {
  const page = await open(cluster, { role: "admin", viewport: PHONE });
  await openBoard(page);
  await page.locator('[data-action="display-link"]').click();
  await page.locator("#display-name").fill("A name as long as names may be, sixty characters in all, yes");
  await page.locator("#display-place").fill("Very long place name in the building by the river, 4th floor");
  await page.locator('[data-action="add-view"]').click();
  await page.locator(".one-view select").nth(1).selectOption("bridges");
  await page.locator(".one-view").nth(1).getByLabel("eu-1").check();
  const fits = async (selector) => {
    const box = await page.locator(selector).evaluate(({ scrollWidth, clientWidth }) => ({ scrollWidth, clientWidth }));
    expect(box.scrollWidth, selector).toBeLessThanOrEqual(box.clientWidth);
  };
  await fits("dialog");
  await screenshotBoth(page, "displays-form-phone");
  await answer(page, "yes");
  await expect(page.locator("#display-link")).toBeVisible();
  await fits("dialog");
  await answer(page, "yes");
  await expect(page.locator("tr[data-display]")).toHaveCount(1);
  await fits("html");
  await fits(".people .scroller");
  await screenshotBoth(page, "displays-phone");
  await forgetAll(page);
});

test("two administrators see the same list, which the server sends only while they look at it", async ({ cluster, open }) => {
  const [anne, other] = [await open(cluster, { role: "admin" }), await open(cluster, { role: "admin" })];
  const [frames, sent] = [[], []];
  other.on("websocket", (socket) => {
    socket.on("framereceived", ({ payload }) => frames.push(JSON.parse(String(payload)).type));
    socket.on("framesent", ({ payload }) => sent.push(JSON.parse(String(payload))));
  });
  await other.reload();
  await live(other);
  expect(frames, "not before it is requested").not.toContain("displays");
  for (const page of [anne, other]) await openBoard(page);
  const wall = await screenOf(open, cluster);
  await pair(anne, wall, "Control room left");
  await expect(row(other, "Control room left").locator(".col-state")).toHaveText("connected now");
  await wall.close();
  await expect(row(other, "Control room left").locator(".col-state")).toContainText("not connected", { timeout: 15_000 });
  await expect(act(other, "Control room left", "identify")).toBeDisabled();
  await other.keyboard.press("Escape");
  await expect(other.getByRole("heading", { name: /Waiting now/ })).toBeVisible();
  expect(sent.filter((each) => each.type === "displays").map((each) => each.on)).toEqual([true, false]);
  await forgetAll(anne);
});

for (const role of ["moderator", "viewer"]) {
  test(`a ${role} has no such page and receives no display`, async ({ cluster, open }) => {
    const frames = [];
    const page = await open(cluster, { role });
    page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => frames.push(JSON.parse(String(payload)).type)));
    await page.goto(`${cluster.url}/#displays`);
    await page.reload();
    await live(page);
    await expect(page.getByRole("heading", { name: /Waiting now/ })).toBeVisible();
    await expect(page.locator(".displays-table, .no-displays")).toHaveCount(0);
    await page.locator(".me").click();
    await expect(page.getByRole("link", { name: "Displays" })).toHaveCount(0);
    expect(frames).not.toContain("displays");
  });
}

test("a screen with a code says when Usher is gone; after a restart its new code pairs it", async ({
  ownCluster: cluster,
  open,
}) => {
  test.setTimeout(90_000);
  const wall = await screenOf(open, cluster);
  const before = await codeOn(wall);
  await expect(wall.locator(".lost")).toBeHidden();
  await cluster.usher.stop();
  await expect(wall.locator(".lost")).toContainText("Can’t reach Usher", { timeout: 15_000 });
  await screenshot(wall, "displays-code-lost");
  await cluster.startUsher();
  await expect(wall.locator(".lost")).toBeHidden({ timeout: 30_000 });
  await expect(wall.locator("#code"), "codes are not kept over a restart").not.toHaveText(before);
  const page = await open(cluster, { role: "admin" });
  await openBoard(page);
  await pair(page, wall, "Hall");
  await expect(wall.locator("#screen")).toHaveText("Hall");
});
