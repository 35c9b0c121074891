import { admitOf, crowd, expect, person, selectionButton, test } from "../server.js";

const top = (row) => row.evaluate((element) => element.getBoundingClientRect().top);

test("the row under the pointer stays under it while others come and go", async ({ desk }) => {
  const { demo, page } = desk;
  const { meeting, people } = await crowd(desk, ["A", "B", "C"]);
  const row = person(page, people[1].id);
  await admitOf(row).hover();
  const before = await top(row);
  await demo.control("/leave", { participant: people[0].id });
  const late = await demo.join(meeting, "D");
  await expect(page.locator('.person[data-gone="yes"]')).toContainText("left");
  await expect(person(page, late.id)).toBeVisible();
  expect(await top(row)).toBe(before);
  expect(await row.evaluate((element) => element.matches(":hover"))).toBe(true);
});

test("what is left behind goes when the pointer has left the list", async ({ desk }) => {
  const { demo, page } = desk;
  const { people } = await crowd(desk, ["A", "B"]);
  await person(page, people[1].id).hover();
  await demo.control("/leave", { participant: people[0].id });
  await expect(page.locator('.person[data-gone="yes"]')).toHaveCount(1);
  await page.locator(".brand").hover();
  await expect(page.locator('.person[data-gone="yes"]')).toHaveCount(0, { timeout: 10_000 });
  await expect(person(page, people[1].id)).toBeVisible();
});

test("focus and selection survive updates", async ({ desk }) => {
  const { demo, page } = desk;
  const { meeting, people } = await crowd(desk, ["A", "B", "C"]);
  await person(page, people[2].id).locator("input").check();
  await person(page, people[1].id).focus();
  await demo.control("/leave", { participant: people[0].id });
  await demo.control("/rename", { participant: people[1].id, name: "Renamed" });
  await demo.join(meeting, "D");
  await expect(person(page, people[1].id)).toContainText("Renamed");
  await expect(person(page, people[1].id)).toBeFocused();
  await expect(person(page, people[2].id).locator("input")).toBeChecked();
  await expect(selectionButton(page)).toHaveText("Admit 1");
});

test("who leaves is no longer selected", async ({ desk }) => {
  const { people } = await crowd(desk, ["A", "B"]);
  await desk.page.locator("#select-all").check();
  await expect(selectionButton(desk.page)).toHaveText("Admit 2");
  await desk.demo.control("/leave", { participant: people[0].id });
  await expect(selectionButton(desk.page)).toHaveText("Admit 1");
});

test("a search box keeps its text and caret while people arrive", async ({ desk }) => {
  const { meeting } = await crowd(desk, ["Bo Berg"]);
  const search = desk.page.locator("#search");
  await search.fill("berg");
  await search.press("ArrowLeft");
  const second = await desk.demo.join(meeting, "Ida Berg");
  await expect(person(desk.page, second.id)).toBeVisible();
  await expect(search).toBeFocused();
  await search.pressSequentially("x");
  await expect(search).toHaveValue("berxg");
});
