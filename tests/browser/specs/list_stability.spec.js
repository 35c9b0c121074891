import { admitOf, card, crowd, expect, person, selectionButton, test } from "../server.js";

const top = (row) => row.evaluate((element) => element.getBoundingClientRect().top);

test("the row under the pointer stays there while others come and go", async ({ desk }) => {
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

test("traces disappear when the pointer has left the list", async ({ desk }) => {
  const { demo, page } = desk;
  const { people } = await crowd(desk, ["A", "B"]);
  await person(page, people[1].id).hover();
  await demo.control("/leave", { participant: people[0].id });
  await expect(page.locator('.person[data-gone="yes"]')).toHaveCount(1);
  await page.locator(".brand").hover();
  await expect(page.locator('.person[data-gone="yes"]')).toHaveCount(0, { timeout: 10_000 });
  await expect(person(page, people[1].id)).toBeVisible();
});

test("rows move up around a resting pointer, and the row under it stays even if its participant is gone", async ({ desk }) => {
  const { demo, page } = desk;
  const { people } = await crowd(desk, ["A", "B", "C", "D", "E", "F", "G", "H"]);
  const row = person(page, people[3].id);
  await admitOf(row).hover();
  const before = await top(row);
  for (const { id } of people.slice(0, 4)) await demo.control("/leave", { participant: id });
  const names = () => page.locator(".person .name").allInnerTexts();
  await expect.poll(names, { timeout: 15_000 }).toEqual(["E", "F", "G", "D", "H"]);
  const trace = page.locator(`[data-row="${people[3].id}"]`);
  await expect(trace).toHaveAttribute("data-gone", "yes");
  expect(await top(trace)).toBe(before);
  await page.locator(".brand").hover();
  await expect.poll(names).toEqual(["E", "F", "G", "H"]);
});

test("in a long list the row under the pointer stays in place while rows above it go", async ({ desk }) => {
  const { demo, page } = desk;
  const meeting = await demo.meeting("Board call");
  for (let n = 0; n < 60; n++) await demo.join(meeting, `Person ${n}`);
  await expect(page.locator("#waiting-count")).toHaveText("60");
  // From here on, the order of a newly opened page.
  await page.reload();
  await expect(page.locator(".person").nth(15)).toBeVisible();
  const rows = page.locator(".people [data-scroller]");
  const shown = () => page.locator(".person").evaluateAll((all) => all.map((each) => each.dataset.participant));
  const [first, pointed] = [(await shown()).slice(0, 10), (await shown())[15]];
  await rows.evaluate((each) => {
    each.scrollTop = 420;
  });
  const row = person(page, pointed);
  await admitOf(row).hover();
  const before = await top(row);
  for (const id of first) await demo.control("/leave", { participant: id });
  await expect.poll(() => rows.evaluate((each) => each.scrollTop), { timeout: 15_000 }).toBe(20);
  expect(await top(row)).toBe(before);
  await page.mouse.down();
  await page.mouse.up();
  await expect.poll(() => demo.lobbyOf(pointed)).toBe("in");
});

test("keys skip traces, which disappear while the focus stays with its participant", async ({ desk }) => {
  const { demo, page } = desk;
  const { people } = await crowd(desk, ["A", "B", "C", "D", "E"]);
  await person(page, people[0].id).focus();
  for (const at of [1, 2]) await demo.control("/leave", { participant: people[at].id });
  await expect(page.locator('.person[data-gone="yes"]')).toHaveCount(2);
  await page.keyboard.press("j");
  await expect(person(page, people[3].id)).toBeFocused();
  await expect(page.locator(".person")).toHaveCount(3, { timeout: 15_000 });
  await expect(person(page, people[3].id)).toBeFocused();
  await page.keyboard.press("k");
  await expect(person(page, people[0].id)).toBeFocused();
});

test("an admitted participant leaves only a short trace, and the focus moves to the row below", async ({ desk }) => {
  const { page } = desk;
  const { people } = await crowd(desk, ["A", "B", "C"]);
  await admitOf(person(page, people[1].id)).click();
  await page.locator(".brand").hover();
  await expect(page.locator('.person[data-gone="yes"]')).toHaveCount(1);
  await expect(page.locator(".person")).toHaveCount(2, { timeout: 10_000 });
  await expect(person(page, people[2].id)).toBeFocused();
  for (const at of [2, 0]) await admitOf(person(page, people[at].id)).click();
  await expect(page.getByText("No one is waiting")).toBeVisible({ timeout: 12_000 });
});

/** Clicks a row's button as soon as the row has moved; returns whether the click hit the button, and the page's notice. */
const clickWhenItCame = (page, { id }, by) =>
  page.evaluate(
    async ([id, by]) => {
      const row = document.querySelector(`[data-participant="${id}"]`);
      const before = row.getBoundingClientRect().top;
      while (row.getBoundingClientRect().top === before) await new Promise((next) => requestAnimationFrame(next));
      const button = row.querySelector('[data-action="admit"]');
      const [clientX, clientY] = [button.getBoundingClientRect().left + 5, button.getBoundingClientRect().top + 5];
      const target = by === "key" ? button : document.elementFromPoint(clientX, clientY);
      target.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, clientX, clientY }));
      for (let frame = 0; frame < 3; frame++) await new Promise((next) => requestAnimationFrame(next));
      return { met: target.closest("button") !== null, notice: document.querySelector(".notice")?.textContent ?? "" };
    },
    [id, by],
  );

test("a click on a row that has just moved under the pointer does nothing and says so", async ({ desk }) => {
  const { demo, page } = desk;
  const { people } = await crowd(desk, ["A", "B", "C"]);
  await demo.control("/leave", { participant: people[0].id });
  const { met, notice } = await clickWhenItCame(page, people[1], "pointer");
  expect(met).toBe(false);
  expect(notice).toContain("The list moved just before your click");
  expect(await demo.lobbyOf(people[1].id)).toBe("waiting");
  await admitOf(person(page, people[1].id)).click();
  await expect.poll(() => demo.lobbyOf(people[1].id)).toBe("in");
});

test("a key on such a row's button acts, and the page says nothing else", async ({ desk }) => {
  const { demo, page } = desk;
  const { people } = await crowd(desk, ["A", "B", "C"]);
  await demo.control("/leave", { participant: people[0].id });
  expect(await clickWhenItCame(page, people[1], "key")).toEqual({ met: true, notice: "" });
  await expect.poll(() => demo.lobbyOf(people[1].id)).toBe("in");
});

test("a meeting under the pointer stays in place while the urgency of others changes", async ({ desk }) => {
  const { demo, page } = desk;
  const meetings = [];
  for (const name of ["Board call", "Ward round", "Plenary"]) {
    const meeting = await demo.meeting(name);
    const guest = await demo.join(meeting, "Bo Berg");
    meetings.push({ meeting, guest });
    // A wait begins when Usher sees the participant, so the next one begins later.
    await expect(person(page, guest.id)).toBeVisible();
  }
  const [board, ward] = meetings;
  const titles = () => page.locator(".card .title").allInnerTexts();
  await expect.poll(titles).toEqual(["Board call", "Ward round", "Plenary"]);
  await card(page, ward.meeting.id).locator('[data-action="admit"]').hover();
  const before = await top(card(page, ward.meeting.id));
  await demo.control("/leave", { participant: board.guest.id });
  await expect.poll(titles, { timeout: 15_000 }).toEqual(["Plenary", "Ward round", "Board call"]);
  expect(await top(card(page, ward.meeting.id))).toBe(before);
  await page.locator(".brand").hover();
  await expect.poll(titles).toEqual(["Ward round", "Plenary", "Board call"]);
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

test("a participant who leaves is no longer selected", async ({ desk }) => {
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
