// The pages that the server draws (users, log, account, sign-in, errors): their top line, who waits, forms, and every width.
import { screenshot } from "../screenshots.js";
import { expect, test } from "../server.js";

const WIDTHS = [320, 390, 768, 1024, 1440, 1920, 2560];
const LONG_NAME = "maria.magdalena-von-hohenstein@klinikum.example.org";
const PASSWORD = "correct horse battery";
const BACK = 30_000;

const line = (page) => page.locator("[data-waiting-line]");
const linksOf = (page) =>
  page
    .getByRole("navigation", { name: "Main pages" })
    .getByRole("link")
    .evaluateAll((links) => links.map(({ textContent, href }) => [textContent, href]));

/** Adds an account on the page of users. @param {import("@playwright/test").Page} page */
async function addUser(page, name) {
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Add user" }).click();
  await expect(page.getByRole("status").filter({ hasText: "was added" })).toContainText(name);
}

test("the links in the top line are the same on the desk and on plain pages", async ({ demo, open }) => {
  const viewport = { width: 1600, height: 900 };
  const desk = await open(demo, { role: "admin", viewport });
  const page = await open(demo, { role: "admin", path: "/users", viewport });
  const links = await linksOf(page);
  expect(links.map(([text]) => text)).toEqual(["Desk", "Bridges", "Displays", "Users", "Log"]);
  expect(await linksOf(desk)).toEqual(links);
  await expect(page.getByRole("link", { name: "Users" })).toHaveAttribute("aria-current", "page");
  await page.getByRole("link", { name: "Displays" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Displays");
  await expect(page.getByRole("navigation").getByRole("link", { name: "Displays" })).toHaveAttribute("aria-current", "page");
  await page.getByRole("navigation").getByRole("link", { name: "Desk" }).click();
  await expect(page.locator("#waiting-count")).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Displays");
});

test("on a phone the menu has the links, and Esc closes it", async ({ demo, open }) => {
  const page = await open(demo, { role: "admin", path: "/users", viewport: { width: 390, height: 800 } });
  await expect(page.getByRole("navigation")).toBeHidden();
  await page.locator(".me").click();
  for (const name of ["My account", "Desk", "Bridges", "Displays", "Users", "Log"])
    await expect(page.locator(".menu").getByRole("link", { name, exact: true })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.locator(".menu")).toBeHidden();
  await expect(page.locator(".me")).toBeFocused();
});

test("the menu changes the theme, and the search leads to the desk", async ({ demo, open }) => {
  const page = await open(demo, { path: "/account", colorScheme: "light" });
  await page.locator(".me").click();
  await page.locator(".menu").getByText("Dark", { exact: true }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.getByRole("searchbox").fill("müller");
  await page.keyboard.press("Enter");
  await expect(page.locator("#search")).toHaveValue("müller");
});

test("plain pages say how many people wait and for how long, and lead to the desk", async ({ desk, open }) => {
  const { demo } = desk;
  const page = await open(demo, { path: "/account" });
  await expect(line(page)).toHaveText("No one waiting");
  const board = await demo.meeting("Board call");
  for (const name of ["Bo Berg", "Zoë Müller"]) await demo.join(board, name);
  await expect(line(page)).toHaveText(/^2 waiting longest 0:\d\d$/);
  await expect(page.locator("[data-waiting-said]")).toContainText("waiting.");
  const shown = await line(page).locator("time").textContent();
  await expect(line(page).locator("time")).not.toHaveText(shown ?? "");
  await line(page).click();
  await expect(page.locator("#waiting-count")).toHaveText("2");
});

test("without script the page is usable, and says nothing about who waits", async ({ demo, open }) => {
  const page = await open(demo, { role: "admin", path: "/users", javaScriptEnabled: false });
  await expect(line(page)).toBeHidden();
  await page.locator(".me").click();
  await expect(page.getByRole("button", { name: "Sign out" })).toBeVisible();
  await expect(page.locator(".themes")).toBeHidden();
  await expect(page.locator("time").first()).toHaveText(/^\d{4}-\d\d-\d\d \d\d:\d\d UTC$/);
});

test("a frozen server is noticed: the line no longer looks live, until it is back", async ({ cluster, open }) => {
  test.setTimeout(90_000);
  await cluster.reset();
  const page = await open(cluster, { path: "/account" });
  await expect(line(page)).toHaveAttribute("data-state", "none");
  cluster.usher.child.kill("SIGSTOP");
  try {
    const begun = performance.now();
    await expect(line(page)).toHaveAttribute("data-state", "lost", { timeout: BACK });
    const ms = Math.round(performance.now() - begun);
    console.log(`looked out of date ${ms} ms after the server was frozen`);
    // Four seconds after the last answer by the page's own timers; a busy machine may take longer to draw it.
    expect(ms, "ms until the line looked out of date").toBeLessThan(8000);
    await expect(line(page)).toHaveText(/^Not live since \d\d:\d\d:\d\d$/);
    await expect(page.locator("[data-waiting-said]")).toHaveText("Connection to the server lost.");
  } finally {
    cluster.usher.child.kill("SIGCONT");
  }
  await expect(line(page)).toHaveAttribute("data-state", "none", { timeout: BACK });
});

test("a user who is signed out elsewhere is told so", async ({ demo, open }) => {
  const admin = await open(demo, { role: "admin", path: "/users" });
  await addUser(admin, "eva");
  const page = await open(demo, { role: "nobody", path: "/login?next=/account" });
  await page.locator("#username").fill("eva");
  await page.locator("#password").fill(PASSWORD);
  await page.locator("[data-submit]").click();
  await expect(line(page)).toHaveText("No one waiting");
  const row = admin.locator('tr[data-user="eva"]');
  await row.locator("details.danger summary").click();
  await row.getByRole("button", { name: "Yes, remove" }).click();
  await expect(line(page)).toHaveText("You are signed out");
  await line(page).click();
  await expect(page).toHaveURL(/\/login/);
});

test("a refused form keeps its values, marks each wrong field, and moves the focus to the first", async ({ demo, open }) => {
  const page = await open(demo, { role: "admin", path: "/users" });
  const name = page.getByLabel("Name", { exact: true });
  await name.fill("eve evil");
  await page.getByLabel("Role", { exact: true }).selectOption("admin");
  await page.getByLabel("Password", { exact: true }).fill("short");
  await page.getByRole("button", { name: "Add user" }).click();
  await expect(page).toHaveTitle(/^Error · Users/);
  await expect(name).toBeFocused();
  await expect(name).toHaveValue("eve evil");
  await expect(name).toHaveAccessibleDescription(/Use 1 to 64 letters/);
  await expect(page.getByLabel("Role", { exact: true })).toHaveValue("admin");
  const password = page.getByLabel("Password", { exact: true });
  await expect(password).toHaveValue("");
  await expect(password).toHaveAccessibleDescription(/Use at least 10 characters.*At least 10 characters/);
  await page
    .getByRole("alert")
    .getByRole("link", { name: /at least 10/ })
    .click();
  await expect(password).toBeFocused();
  await screenshot(page, "users-add-error");
});

test("an error in a user's row opens that form again, with the focus in its field", async ({ demo, open }) => {
  const page = await open(demo, { role: "admin", path: "/users" });
  const { name } = demo.account("viewer");
  const row = page.locator(`tr[data-user="${name}"]`);
  await row.getByText("Set password", { exact: true }).first().click();
  await row.getByLabel(`New password of ${name}`).fill("short");
  await row.getByRole("button", { name: "Set password" }).click();
  await expect(row.getByLabel(`New password of ${name}`)).toBeFocused();
  await expect(row.getByLabel(`New password of ${name}`)).toHaveAccessibleDescription(/Use at least 10 characters/);
  await screenshot(page, "users-row-error");
});

test("no page scrolls sideways and no name breaks inside a word, at any width", async ({ demo, open }) => {
  test.setTimeout(120_000);
  const page = await open(demo, { role: "admin", path: "/users" });
  await addUser(page, LONG_NAME);
  for (const path of ["/users", "/log", "/account", "/no-such-page"]) {
    await page.goto(demo.url + path);
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(wider, `${path} at ${width}`).toBeLessThanOrEqual(0);
      expect(await page.evaluate(brokenWords), `${path} at ${width}`).toEqual([]);
    }
  }
  await page.goto(`${demo.url}/users`);
  const row = page.locator(`tr[data-user="${LONG_NAME}"]`);
  await row.locator("details.danger summary").click();
  await row.getByRole("button", { name: "Yes, remove" }).click();
});

/** Words of names that fit a line and have letters on two. Other tests leave longer ones in the log. Runs in the page. */
function brokenWords() {
  const longest = 30;
  const found = [];
  for (const name of document.querySelectorAll("main bdi, main th, main .tag, header bdi, h1, h2, label, summary")) {
    const texts = document.createTreeWalker(name, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const text = /** @type {Text} */ (texts.currentNode);
      for (const { index, 0: word } of text.data.matchAll(/[\p{L}\p{N}]+/gu)) {
        const range = document.createRange();
        range.setStart(text, index);
        range.setEnd(text, index + word.length);
        const lines = new Set([...range.getClientRects()].filter((box) => box.width > 0).map((box) => Math.round(box.top)));
        if (lines.size > 1 && word.length <= longest) found.push(word);
      }
    }
  }
  return found;
}

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  test(`every page in its top line, ${colorScheme}`, async ({ desk, open }) => {
    test.setTimeout(120_000);
    const { demo } = desk;
    const board = await demo.meeting("Board call");
    await demo.join(board, "Bo Berg");
    const nobody = await open(demo, { role: "nobody", path: "/login", colorScheme });
    const page = await open(demo, { role: "admin", path: "/users", colorScheme });
    for (const [width, height] of [
      [390, 844],
      [768, 1024],
      [1440, 900],
    ]) {
      for (const each of [nobody, page]) await each.setViewportSize({ width, height });
      await nobody.goto(`${demo.url}/login`);
      await screenshot(nobody, `plain-login-${width}-${colorScheme}`);
      for (const path of ["users", "log", "account", "no-such-page"]) {
        await page.goto(`${demo.url}/${path}`);
        if (path !== "no-such-page") await expect(line(page)).toContainText("1 waiting");
        await screenshot(page, `plain-${path}-${width}-${colorScheme}`);
      }
    }
  });
}
