// axe on every page, the phone, and a screenshot of every page in light and dark (tests/browser/report, to be looked at).
import { look } from "../look.js";
import { card, Demo, expect, person, selectionButton, test } from "../server.js";

const PHONE = { width: 360, height: 740 };

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
    await look(page, `desk-${colorScheme}`);
    await page.locator(".person input:enabled").nth(1).click();
    await page
      .locator(".person input:enabled")
      .nth(4)
      .click({ modifiers: ["Shift"] });
    await page.locator(".me").click();
    await look(page, `desk-selection-menu-${colorScheme}`);
    await page.keyboard.press("Escape");
    await page.keyboard.press("?");
    await look(page, `desk-keys-${colorScheme}`);
    await page.keyboard.press("Escape");
    await page.locator("button.open").first().click();
    await expect(page.getByRole("heading", { name: /In the call/ })).toBeVisible();
    await look(page, `desk-meeting-${colorScheme}`);
  });

  test(`the desk on a phone, ${colorScheme}`, async ({ open }) => {
    const page = await open(lively, { colorScheme, viewport: PHONE, hasTouch: true });
    await expect(page.locator("[data-participant]").first()).toBeVisible();
    await page.locator(".person input:enabled").first().check();
    await expect(selectionButton(page)).toBeInViewport();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(PHONE.width);
    await look(page, `phone-${colorScheme}`);
    await page.getByRole("button", { name: "Meetings", exact: true }).click();
    await look(page, `phone-meetings-${colorScheme}`);
    await page.locator("button.open").first().click();
    await look(page, `phone-meeting-${colorScheme}`);
  });

  test(`the desk with nobody, ${colorScheme}`, async ({ desk }) => {
    const page = await desk.open({ colorScheme, viewport: { width: 1280, height: 800 } });
    await expect(page.locator(".empty")).toContainText("Nobody is waiting");
    await look(page, `desk-empty-${colorScheme}`);
  });

  test(`sign-in, account, users and errors, ${colorScheme}`, async ({ demo, open }) => {
    const viewport = { width: 1280, height: 800 };
    const nobody = await open(demo, { role: "nobody", path: "/login", colorScheme, viewport });
    await look(nobody, `login-${colorScheme}`);
    const page = await open(demo, { role: "admin", path: "/users", colorScheme, viewport });
    await page.locator("details.act summary").nth(1).click();
    await look(page, `users-${colorScheme}`);
    await page.setViewportSize(PHONE);
    await look(page, `users-phone-${colorScheme}`);
    await page.setViewportSize(viewport);
    await page.goto(`${demo.url}/account`);
    await look(page, `account-${colorScheme}`);
    await page.goto(`${demo.url}/no-such-page`);
    await look(page, `error-${colorScheme}`);
  });
}

test("the theme chosen in the menu is kept", async ({ demo, open }) => {
  const page = await open(demo, { colorScheme: "light" });
  await page.locator(".me").click();
  await page.getByText("Dark", { exact: true }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
});

test("arrivals are announced politely, gathered by meeting", async ({ desk }) => {
  const { demo, page } = desk;
  const region = page.locator("#live-region[aria-live=polite]");
  await expect(region).toContainText("0 people are waiting.");
  const board = await demo.meeting("Board call");
  await expect(card(page, board.id)).toBeVisible();
  const people = await Promise.all(["A", "B", "C"].map((name) => demo.join(board, name)));
  await expect(person(page, people[2].id)).toBeVisible();
  await expect(region).toContainText("3 people started waiting in Board call.", { timeout: 12_000 });
});
