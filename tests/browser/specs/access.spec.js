// axe on every page, also on a phone, and a screenshot of every page in light and dark (in tests/browser/report).
import { screenshot } from "../screenshots.js";
import { admitOf, card, Demo, expect, person, selectionButton, test } from "../server.js";

const PHONE = { width: 360, height: 740 };
/** A window of 1280 by 1024 at 400 %. */
const MAGNIFIED = { width: 320, height: 256 };

/** How much wider the page is than its window, and its elements outside. @param {import("@playwright/test").Page} page */
const overflow = (page) =>
  page.evaluate(() => {
    const outside = [...document.querySelectorAll("button, input, h1, h2, p, time")].filter((element) => {
      const box = element.getBoundingClientRect();
      const shown =
        box.width > 0 && getComputedStyle(element).visibility === "visible" && !element.closest(".unseen, .grid-head, .skip");
      return shown && (box.left < -1 || box.right > innerWidth + 1);
    });
    return [document.documentElement.scrollWidth - innerWidth, outside.map((element) => element.outerHTML.slice(0, 120))];
  });

/** @param {import("@playwright/test").Locator} button */
const size = async (button) => {
  const { width, height } = /** @type {{ width: number, height: number }} */ (await button.boundingBox());
  return Math.min(width, height);
};

/** @type {Demo} */
let lively;
test.beforeAll(async () => {
  lively = new Demo({ calls: 9, people: 60, seed: 11 });
  await lively.start();
});
test.afterAll(async () => lively?.end());

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  test(`the desk, ${colorScheme}`, async ({ open }) => {
    const page = await open(lively, { colorScheme });
    await expect(page.locator("[data-participant]").first()).toBeVisible();
    await screenshot(page, `desk-${colorScheme}`);
    await page.locator(".person input:enabled").nth(1).click();
    await page
      .locator(".person input:enabled")
      .nth(4)
      .click({ modifiers: ["Shift"] });
    await page.locator(".me").click();
    await screenshot(page, `desk-selection-menu-${colorScheme}`);
    await page.keyboard.press("Escape");
    await page.keyboard.press("?");
    await screenshot(page, `desk-keys-${colorScheme}`);
    await page.keyboard.press("Escape");
    await page.locator("button.open").first().click();
    await expect(page.getByRole("heading", { name: /In the call/ })).toBeVisible();
    await screenshot(page, `desk-meeting-${colorScheme}`);
  });

  test(`the desk on a phone, ${colorScheme}`, async ({ open }) => {
    const page = await open(lively, { colorScheme, viewport: PHONE, hasTouch: true });
    await expect(page.locator("[data-participant]").first()).toBeVisible();
    await page.locator(".person input:enabled").first().check();
    await expect(selectionButton(page)).toBeInViewport();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(PHONE.width);
    await screenshot(page, `phone-${colorScheme}`);
    await page.getByRole("button", { name: "Meetings", exact: true }).click();
    await screenshot(page, `phone-meetings-${colorScheme}`);
    await page.locator("button.open").first().click();
    await screenshot(page, `phone-meeting-${colorScheme}`);
  });

  test(`the desk with nobody, ${colorScheme}`, async ({ desk }) => {
    const page = await desk.open({ colorScheme, viewport: { width: 1280, height: 800 } });
    await expect(page.locator(".empty")).toContainText("No one is waiting");
    await screenshot(page, `desk-empty-${colorScheme}`);
  });

  test(`sign-in, account, users and errors, ${colorScheme}`, async ({ demo, open }) => {
    const viewport = { width: 1280, height: 800 };
    const nobody = await open(demo, { role: "nobody", path: "/login", colorScheme, viewport });
    await screenshot(nobody, `login-${colorScheme}`);
    const page = await open(demo, { role: "admin", path: "/users", colorScheme, viewport });
    await page.locator("details.act summary").nth(1).click();
    await screenshot(page, `users-${colorScheme}`);
    await page.setViewportSize(PHONE);
    await screenshot(page, `users-phone-${colorScheme}`);
    await page.setViewportSize(viewport);
    await page.goto(`${demo.url}/account`);
    await screenshot(page, `account-${colorScheme}`);
    await page.goto(`${demo.url}/no-such-page`);
    await screenshot(page, `error-${colorScheme}`);
  });
}

test("at 400 % a moderator reaches the whole page by scrolling down only, and admits somebody", async ({ desk }) => {
  const { demo } = desk;
  const board = await demo.meeting("A meeting with quite a long name, of the kind that people give");
  for (let n = 1; n <= 12; n++) await demo.join(board, `Guest ${n}`);
  const page = await desk.open({ viewport: MAGNIFIED });
  await expect(page.locator("#waiting-count")).toHaveText("12");
  expect(await overflow(page)).toEqual([0, []]);
  await screenshot(page, "magnified");
  // Move down to the last row by keyboard: it is in view, and nothing covers it.
  await page.locator("[data-participant]").first().focus();
  await page.keyboard.press("End");
  const last = page.locator('[data-participant][data-index="11"]');
  const id = (await last.getAttribute("data-participant")) ?? "";
  await expect(last).toBeFocused();
  await expect(last).toBeInViewport({ ratio: 0.9 });
  await expect
    .poll(() =>
      last.evaluate((row) => {
        const { left, top, bottom } = row.getBoundingClientRect();
        return [top + 2, bottom - 2].every((y) => row.contains(document.elementFromPoint(left + 60, y)));
      }),
    )
    .toBe(true);
  await admitOf(last).click();
  await expect.poll(() => demo.lobbyOf(id)).toBe("in");
  await page.getByRole("button", { name: "Meetings", exact: true }).click();
  await card(page, board.id).locator(".open").click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("A meeting with");
  expect(await overflow(page)).toEqual([0, []]);
  for (const opener of [".display-button", ".bell", "button[data-chip=thresholds]"]) {
    await page.locator(opener).click();
    await expect(page.locator(".panel")).toBeInViewport();
    expect(await overflow(page), opener).toEqual([0, []]);
    await page.keyboard.press("Escape");
    await expect(page.locator(opener)).toBeFocused();
  }
});

test("on a phone nothing is outside the window, and buttons are large enough for a thumb", async ({ desk }) => {
  const { demo } = desk;
  const board = await demo.meeting("Board call");
  const people = [await demo.join(board, "Bo Berg"), await demo.join(board, "Zoë Müller")];
  const page = await desk.open({ viewport: PHONE, hasTouch: true });
  await person(page, people[0].id).locator("input").check();
  expect(await overflow(page)).toEqual([0, []]);
  for (const button of [admitOf(person(page, people[0].id)), selectionButton(page), page.locator(".admit.main").first()])
    expect(await size(button)).toBeGreaterThanOrEqual(44);
  const low = await selectionButton(page).evaluate((button) => button.getBoundingClientRect().top / innerHeight);
  expect(low, "within a thumb's reach").toBeGreaterThan(0.7);
  await page.locator(".person .text").first().click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Board call");
  expect(await overflow(page)).toEqual([0, []]);
  const small = await page.evaluate(() =>
    [...document.querySelectorAll("button, input, select, label:has(input)")].flatMap((element) => {
      const box = element.getBoundingClientRect();
      const within = element.matches("label input");
      return box.width > 0 && !within && (box.width < 24 || box.height < 24) && !element.closest(".unseen, .grid-head")
        ? [`${element.outerHTML.slice(0, 100)} ${box.width}x${box.height}`]
        : [];
    }),
  );
  expect(small).toEqual([]);
});

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  test(`sound and notifications, the view, thresholds, a wait too long, ${colorScheme}`, async ({ desk }) => {
    const { demo } = desk;
    const board = await demo.meeting("Board call");
    for (const name of ["Bo Berg", "Zoë Müller", "Ana Silva"]) await demo.join(board, name);
    await demo.join(await demo.meeting("Ward round"), "Li Wei");
    const page = await desk.open({ colorScheme });
    await page.locator(".bell").click();
    await screenshot(page, `alerts-${colorScheme}`);
    await page.keyboard.press("Escape");
    await page.locator("#search").fill("a");
    await page.locator(".display-button").click();
    await screenshot(page, `view-${colorScheme}`);
    await page.keyboard.press("Escape");
    await card(page, board.id).locator(".open").click();
    await page.locator("button[data-chip=thresholds]").click();
    await page.getByLabel("Long after", { exact: true }).fill("x");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await screenshot(page, `thresholds-${colorScheme}`);
    await page.getByLabel("Long after", { exact: true }).fill("0:01");
    await page.getByLabel("Too long after", { exact: true }).fill("0:02");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await expect(page.locator('.person[data-late="yes"]').first()).toBeVisible();
    await screenshot(page, `too-long-${colorScheme}`);
    await page.setViewportSize(PHONE);
    await screenshot(page, `too-long-phone-${colorScheme}`);
    await page.locator(".bell").click();
    await screenshot(page, `alerts-phone-${colorScheme}`);
  });
}

test("nothing moves if the user prefers less motion", async ({ desk }) => {
  const { demo } = desk;
  const board = await demo.meeting("Board call");
  const page = await desk.open({ reducedMotion: "reduce" });
  const bo = await demo.join(board, "Bo Berg");
  await expect(person(page, bo.id)).toBeVisible();
  await page.locator(".bell").click();
  expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
  const moving = await page.evaluate(() =>
    [...document.querySelectorAll("*")]
      .filter((element) => {
        const { transitionDuration, animationName } = getComputedStyle(element);
        return animationName !== "none" || transitionDuration.split(", ").some((time) => Number.parseFloat(time) > 0.01);
      })
      .map((element) => element.outerHTML.slice(0, 100)),
  );
  expect(moving).toEqual([]);
});

test("the focus follows the reading order, and returns to the button that opened a panel", async ({ desk }) => {
  const { demo, page } = desk;
  const board = await demo.meeting("Board call");
  const bo = await demo.join(board, "Bo Berg");
  await expect(person(page, bo.id)).toBeVisible();
  await page.locator("#search").focus();
  const stops = [];
  for (let n = 0; n < 14; n++) {
    await page.keyboard.press("Tab");
    stops.push(
      await page.evaluate(() => {
        const element = document.activeElement;
        return element?.getAttribute("data-unfolds") ?? element?.id ?? "";
      }),
    );
  }
  const named = stops.filter((stop) => ["bridges", "alerts", "menu", "display", "select-all"].includes(stop));
  expect(named).toEqual(["bridges", "alerts", "menu", "display", "select-all"]);
  await page.locator(".display-button").focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog", { name: "View" })).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("dialog", { name: "View" }).getByRole("button", { name: "Close" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.locator(".display-button")).toBeFocused();
});

test("the page keeps the theme chosen in the menu", async ({ demo, open }) => {
  const page = await open(demo, { colorScheme: "light" });
  await page.locator(".me").click();
  await page.getByText("Dark", { exact: true }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
});

test("arrivals are announced politely, counted by meeting", async ({ desk }) => {
  const { demo, page } = desk;
  const region = page.locator("#live-region[aria-live=polite]");
  await expect(region).toContainText("0 people are waiting.");
  const board = await demo.meeting("Board call");
  await expect(card(page, board.id)).toBeVisible();
  const people = await Promise.all(["A", "B", "C"].map((name) => demo.join(board, name)));
  await expect(person(page, people[2].id)).toBeVisible();
  await expect(region).toContainText("3 people started waiting in Board call.", { timeout: 12_000 });
});
