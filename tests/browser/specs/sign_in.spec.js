import { expect, signIn, test } from "../server.js";

test("a user who is not signed in signs in and gets the page that they wanted", async ({ demo, open }) => {
  const page = await open(demo, { role: "nobody", path: "/account" });
  await expect(page).toHaveURL(/\/login/);
  await signIn(page, demo.account("moderator"));
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("My account");
});

test("the page refuses a wrong password in words and keeps the name", async ({ demo, open }) => {
  const page = await open(demo, { role: "nobody", path: "/login" });
  const { name } = demo.account("viewer");
  await signIn(page, { name, password: "not the password" });
  await expect(page.locator("#password")).toHaveAccessibleDescription("Wrong user name or password.");
  await expect(page.locator("#password")).toBeFocused();
  await expect(page.locator("#username")).toHaveValue(name);
});

test("one click fills the form in with a demo account", async ({ demo, open }) => {
  const page = await open(demo, { role: "nobody", path: "/login" });
  const { name, password } = demo.account("moderator");
  await page.locator(`[data-fill][data-user="${name}"]`).click();
  await expect(page.locator("#password")).toHaveValue(password);
  await page.locator("[data-submit]").press("Enter");
  await expect(page.locator("#waiting-count")).toBeVisible();
});

test("signing out closes the desk", async ({ demo, open }) => {
  const page = await open(demo, { role: "nobody", path: "/login" });
  await signIn(page, demo.account("viewer"));
  await page.locator(".me").click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/login/);
  await page.goto(demo.url);
  await expect(page).toHaveURL(/\/login/);
});

test("the users' page is only for administrators, and asks before it removes a user", async ({ demo, open }) => {
  const moderator = await open(demo, { path: "/users" });
  await expect(moderator.getByRole("heading", { level: 1 })).toHaveText("You don’t have access to this page.");
  const page = await open(demo, { role: "admin", path: "/users" });
  const row = page.locator(`tr[data-user="${demo.account("viewer").name}"]`);
  const sure = row.getByRole("button", { name: "Yes, remove" });
  await expect(sure).toBeHidden();
  await row.locator("details.danger summary").click();
  await expect(sure).toBeVisible();
  await row.getByRole("button", { name: "Keep" }).click();
  await expect(sure).toBeHidden();
});
