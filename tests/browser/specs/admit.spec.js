import { admitOf, answer, card, expect, person, question, selectionButton, shownAll, test } from "../server.js";

/** Three people in two meetings. */
async function three({ demo, page }) {
  const [board, ward] = [await demo.meeting("Board call"), await demo.meeting("Ward round")];
  const join = async (meeting, name) => {
    const one = await demo.join(meeting, name);
    await expect(person(page, one.id)).toBeVisible();
    return one;
  };
  return {
    board,
    ward,
    bo: await join(board, "Bo Berg"),
    zoe: await join(board, "Zoë Müller"),
    ana: await join(ward, "Ana Silva"),
  };
}

test("the list shows everybody in a lobby, longest wait first, with clocks that tick together", async ({ desk }) => {
  const { bo, zoe, ana } = await three(desk);
  const { page } = desk;
  await expect(page.locator("[data-participant]")).toHaveCount(3);
  const order = await page.locator("[data-participant]").evaluateAll((rows) => rows.map((row) => row.dataset.participant));
  expect(order).toEqual([bo.id, zoe.id, ana.id]);
  const clocks = () => page.locator(".person .wait time").allTextContents();
  const before = await clocks();
  await expect
    .poll(async () => (await clocks()).every((text, at) => text !== before[at]), { message: "all clocks moved on" })
    .toBe(true);
});

test("the page shows an arrival and a departure without a reload", async ({ desk }) => {
  const board = await desk.demo.meeting("Board call");
  const bo = await desk.demo.join(board, "Bo Berg");
  await expect(person(desk.page, bo.id)).toContainText("Bo Berg");
  await desk.demo.control("/leave", { participant: bo.id });
  await expect(person(desk.page, bo.id)).toHaveCount(0);
});

test("a moderator admits a participant from the row, and a second browser shows it", async ({ desk }) => {
  const { bo, zoe } = await three(desk);
  const other = await desk.open({ role: "admin" });
  await expect(person(other, bo.id)).toBeVisible();
  await admitOf(person(desk.page, bo.id)).click();
  await expect(person(desk.page, bo.id)).toHaveCount(0);
  await expect(person(other, bo.id)).toHaveCount(0);
  await expect(other.locator('.person[data-gone="yes"]', { hasText: "Bo Berg" })).toContainText(
    `admitted by ${desk.demo.account("moderator").name}`,
  );
  await expect(person(other, zoe.id)).toBeVisible();
  expect(await desk.demo.lobbyOf(bo.id)).toBe("in");
  await expect(desk.page.locator(".request")).toHaveText("Admitted 1");
});

test("a moderator admits a selection in two meetings, and nobody else enters", async ({ desk }) => {
  const { bo, zoe, ana } = await three(desk);
  const { page } = desk;
  await person(page, bo.id).locator("input").check();
  await person(page, ana.id).locator("input").check();
  await expect(page.locator(".selected")).toHaveText(/2 selected\s+in 2 meetings/);
  await expect(selectionButton(page)).toHaveText("Admit 2");
  await selectionButton(page).click();
  await expect(question(page)).toContainText("Admit 2 people into 2 meetings?");
  await answer(page, "yes");
  await expect(page.locator(".request")).toHaveText("Admitted 2");
  await expect(person(page, zoe.id)).toBeVisible();
  expect([await desk.demo.lobbyOf(bo.id), await desk.demo.lobbyOf(ana.id), await desk.demo.lobbyOf(zoe.id)]).toEqual([
    "in",
    "in",
    "waiting",
  ]);
});

test("Shift and a click select a range; Select all selects everybody shown", async ({ desk }) => {
  const board = await desk.demo.meeting("Board call");
  const people = [];
  const { page } = desk;
  for (const name of ["A", "B", "C", "D"]) {
    people.push(await desk.demo.join(board, name));
    await expect(person(page, people.at(-1).id)).toBeVisible();
  }
  await person(page, people[0].id).locator("input").click();
  await person(page, people[2].id)
    .locator("input")
    .click({ modifiers: ["Shift"] });
  await expect(selectionButton(page)).toHaveText("Admit 3");
  await page.locator("#select-all").check();
  await expect(selectionButton(page)).toHaveText("Admit 4");
  await page.getByRole("button", { name: "Clear" }).click();
  await expect(selectionButton(page)).toHaveCount(0);
});

test("a moderator opens a meeting with its two lists and admits all of it", async ({ desk }) => {
  const { board, bo, zoe, ana } = await three(desk);
  const host = await desk.demo.join(board, "Mona Host", { role: "member" });
  const { page } = desk;
  await card(page, board.id).locator("button.open").click();
  await expect(page.getByRole("grid", { name: "In the lobby" }).locator("[data-participant]")).toHaveCount(2);
  await expect(page.getByRole("grid", { name: "In the call" }).locator(`[data-participant="${host.id}"]`)).toContainText(
    "Mona Host",
  );
  const button = page.locator('.heading [data-action="admit"][data-scope="meeting"]');
  await expect(button).toHaveText("Admit 2");
  await button.click();
  await expect(page.getByRole("grid", { name: "In the call" }).locator("[data-participant]")).toHaveCount(3);
  expect([await desk.demo.lobbyOf(bo.id), await desk.demo.lobbyOf(zoe.id), await desk.demo.lobbyOf(ana.id)]).toEqual([
    "in",
    "in",
    "waiting",
  ]);
  await page.getByRole("button", { name: "Back to all meetings" }).click();
  await expect(person(page, ana.id)).toBeVisible();
});

test("a moderator admits a meeting from its card", async ({ desk }) => {
  const { ward, ana, bo } = await three(desk);
  await admitOf(card(desk.page, ward.id)).click();
  await expect(person(desk.page, ana.id)).toHaveCount(0);
  await expect(person(desk.page, bo.id)).toBeVisible();
});

test("Admit all admits what the search leaves", async ({ desk }) => {
  const { bo, zoe } = await three(desk);
  const { page } = desk;
  await page.locator("#search").fill("board");
  await expect(shownAll(page)).toHaveText("Admit 2 shown");
  await page.locator("#search").fill("MULLER");
  await expect(page.locator("[data-participant]")).toHaveCount(1);
  await expect(shownAll(page)).toHaveText("Admit 1 shown");
  await shownAll(page).click();
  await expect(page.locator(".request")).toHaveText("Admitted 1");
  expect([await desk.demo.lobbyOf(zoe.id), await desk.demo.lobbyOf(bo.id)]).toEqual(["in", "waiting"]);
});

test("Admit all leaves out whoever arrives while the button is held down", async ({ desk }) => {
  const { board } = await three(desk);
  const { page } = desk;
  await expect(shownAll(page)).toHaveText("Admit 3");
  await shownAll(page).hover();
  await page.mouse.down();
  const late = await desk.demo.join(board, "Late Comer");
  await expect
    .poll(() => page.evaluate(() => document.querySelectorAll("[data-participant]").length), "nothing moves meanwhile")
    .toBe(3);
  await page.mouse.up();
  await answer(page, "yes");
  await expect(page.locator(".request")).toHaveText("Admitted 3");
  await expect(person(page, late.id)).toBeVisible();
  expect(await desk.demo.lobbyOf(late.id)).toBe("waiting");
});

test("the page distinguishes namesakes, whatever their accents and case", async ({ desk }) => {
  const { demo, page } = desk;
  const board = await demo.meeting("Board call");
  const [one, two] = [await demo.join(board, "Zoë Berg"), await demo.join(board, "ZOE BERG", { uri: "zoe.two@example.org" })];
  const alone = await demo.join(await demo.meeting("Ward round"), "Zoë Berg");
  for (const { id } of [one, two]) await expect(person(page, id).locator(".who .tag")).toHaveText(id.slice(-4));
  await expect(person(page, two.id)).toContainText("zoe.two@example.org");
  await expect(person(page, alone.id)).toBeVisible();
  await expect(person(page, alone.id).locator(".who .tag")).toHaveCount(0);
});

test("a participant admitted elsewhere leaves the list with a note", async ({ desk }) => {
  const { bo } = await three(desk);
  await expect(person(desk.page, bo.id)).toBeVisible();
  await desk.demo.control("/admit", { participant: bo.id });
  await expect(desk.page.locator('.person[data-gone="yes"]', { hasText: "Bo Berg" })).toContainText("in the call");
});
