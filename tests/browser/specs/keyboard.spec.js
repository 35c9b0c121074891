import { crowd, expect, person, selectionButton, test } from "../server.js";

test("a moderator finds, selects and admits without a mouse", async ({ desk }) => {
  const { page, demo } = desk;
  const {
    people: [a, b, c],
  } = await crowd(desk, ["Anna", "Berta", "Cora"]);
  await page.keyboard.press("/");
  await expect(page.locator("#search")).toBeFocused();
  await page.keyboard.type("berta");
  await page.keyboard.press("Enter");
  await expect(person(page, b.id)).toBeFocused();
  await page.keyboard.press("x");
  await expect(selectionButton(page)).toHaveText("Admit 1");
  await page.keyboard.press("Escape");
  await expect(page.locator("#search")).toHaveValue("");
  await page.keyboard.press("Shift+A");
  await expect.poll(() => demo.lobbyOf(b.id)).toBe("in");
  expect([await demo.lobbyOf(a.id), await demo.lobbyOf(c.id)]).toEqual(["waiting", "waiting"]);
});

test("j and k move the focus; a admits the focused row and moves to the next", async ({ desk }) => {
  const { page, demo } = desk;
  const {
    people: [a, b, c],
  } = await crowd(desk, ["Anna", "Berta", "Cora"]);
  await page.keyboard.press("j");
  await expect(person(page, a.id)).toBeFocused();
  await page.keyboard.press("j");
  await expect(person(page, b.id)).toBeFocused();
  await page.keyboard.press("a");
  await expect(person(page, c.id)).toBeFocused();
  await expect.poll(() => demo.lobbyOf(b.id)).toBe("in");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("k");
  await expect(person(page, a.id)).toBeFocused();
  expect([await demo.lobbyOf(a.id), await demo.lobbyOf(c.id)]).toEqual(["waiting", "waiting"]);
});

test("a letter does nothing without a focus", async ({ desk }) => {
  const { page, demo } = desk;
  const {
    people: [a],
  } = await crowd(desk, ["Anna"]);
  for (const key of ["a", "x", "Enter", " "]) await page.keyboard.press(key);
  await page.keyboard.press("j");
  await expect(person(page, a.id)).toBeFocused();
  expect(await demo.lobbyOf(a.id)).toBe("waiting");
  await expect(selectionButton(page)).toHaveCount(0);
});

test("Tab stops once in the list, and the arrow keys reach every part of a row", async ({ desk }) => {
  const { page } = desk;
  const {
    people: [a],
  } = await crowd(desk, ["Anna", "Berta"]);
  expect(await page.locator('.person[tabindex="0"]').count()).toBe(1);
  await page.keyboard.press("j");
  await page.keyboard.press("ArrowRight");
  await expect(person(page, a.id).locator("input")).toBeFocused();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await expect(person(page, a.id).locator('[data-action="admit"]')).toBeFocused();
  await page.keyboard.press("Shift+ArrowDown");
  await expect(selectionButton(page)).toHaveText("Admit 2");
});

test("? shows the keys and blocks the others, and Esc closes the list", async ({ desk }) => {
  const { page, demo } = desk;
  const { people } = await crowd(desk, ["A"]);
  await person(page, people[0].id).locator("input").check();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  for (const key of ["Tab", "Tab", "Tab", "Shift+Tab", "Shift+Tab", "Shift+Tab", "Shift+Tab"]) {
    await page.keyboard.press(key);
    expect(await page.evaluate(() => document.activeElement?.closest(".top, .columns")?.className), key).toBeUndefined();
  }
  await page.keyboard.press("Shift+A");
  expect(await demo.lobbyOf(people[0].id)).toBe("waiting");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

test("Enter on a row opens its meeting, Esc goes back", async ({ desk }) => {
  const { page } = desk;
  const {
    people: [a],
  } = await crowd(desk, ["Anna"]);
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Board call");
  await page.keyboard.press("Escape");
  await expect(person(page, a.id)).toBeVisible();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Waiting now");
});
