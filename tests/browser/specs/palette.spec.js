// The command palette: goes to people, meetings and pages, and runs the actions of the selection, the focused row and the open meeting.
import { screenshot, screenshotBoth } from "../screenshots.js";
import { answer, card, crowd, expect, lastRequest, live, person, question, test } from "../server.js";

const palette = (page) => page.locator("dialog.palette");
const field = (page) => page.getByRole("combobox");
const options = (page) => palette(page).getByRole("option");
const option = (page, id) => palette(page).locator(`[data-entry="${id}"]`);
const highlighted = (page) => palette(page).locator('[aria-selected="true"]');
const status = (page) => palette(page).getByRole("status");
const OPEN = "Control+k";

/** Opens it, waits for its entries, which are loaded when it opens first, and types. @param {import("@playwright/test").Page} page @param {string} [text] */
async function ask(page, text = "") {
  await page.keyboard.press(OPEN);
  await expect(field(page)).toBeFocused();
  await expect(status(page)).not.toHaveText("Loading");
  await page.keyboard.type(text);
}

test("Ctrl+K opens it on the focused row, Esc closes it and gives the focus back", async ({ desk }) => {
  const { page, demo } = desk;
  const {
    people: [anna],
  } = await crowd(desk, ["Anna", "Berta"]);
  await page.keyboard.press("j");
  await expect(person(page, anna.id)).toBeFocused();
  await ask(page);
  await expect(palette(page).getByRole("group", { name: "Actions for Anna" })).toBeVisible();
  await expect(option(page, "person.admit").locator("kbd")).toHaveText("a");
  await expect(highlighted(page), "Enter alone does nothing").toHaveCount(0);
  await page.keyboard.press("Enter");
  await expect(palette(page)).toBeVisible();
  await screenshotBoth(page, "palette");
  await page.keyboard.press("Escape");
  await expect(palette(page)).toHaveCount(0);
  await expect(person(page, anna.id)).toBeFocused();
  await page.keyboard.press(OPEN);
  await page.keyboard.press(OPEN);
  await expect(palette(page), "the same keys close it").toHaveCount(0);
  expect(await demo.lobbyOf(anna.id)).toBe("waiting");
});

test("arrow keys move the highlight, which the field names to screen readers", async ({ desk }) => {
  const { page } = desk;
  await crowd(desk, ["Anna", "Annabel", "Hanna"]);
  await ask(page, "anna");
  await expect(status(page)).toHaveText("3 matches");
  await expect(options(page).locator(".palette-name > bdi:first-child")).toHaveText(["Anna", "Annabel", "Hanna"]);
  const active = () => field(page).getAttribute("aria-activedescendant");
  for (const [key, name] of [
    ["ArrowDown", "Annabel"],
    ["ArrowDown", "Hanna"],
    ["ArrowDown", "Anna"],
    ["ArrowUp", "Hanna"],
  ]) {
    await page.keyboard.press(key);
    await expect(highlighted(page)).toContainText(name);
    expect(await active()).toBe(await highlighted(page).getAttribute("id"));
  }
  await page.keyboard.type("xyz");
  await expect(status(page)).toHaveText("No matches");
  await expect(field(page)).toHaveAttribute("aria-expanded", "false");
  expect(await active()).toBeNull();
  await screenshot(page, "palette-empty");
});

test("Enter goes to a person who waits, to one in a call, and to a meeting", async ({ desk }) => {
  const { page, demo } = desk;
  const {
    people: [anna, berta],
  } = await crowd(desk, ["Anna", "Berta"]);
  const ward = await demo.meeting("Ward round");
  const nurse = await demo.join(ward, "Nurse Joy", { role: "host" });
  await expect(card(page, ward.id)).toContainText("1 in");
  await ask(page, "berta");
  await page.keyboard.press("Enter");
  await expect(person(page, berta.id)).toBeFocused();
  await expect(page.getByRole("heading", { level: 1 }), "she is in the list shown").toContainText("Waiting now");
  await ask(page, "joy ward");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Ward round");
  await expect(person(page, nurse.id)).toBeFocused();
  await ask(page, "boar");
  await expect(highlighted(page)).toContainText("Board call");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Board call");
  await expect(person(page, anna.id)).toBeVisible();
});

test("a person whom the search hides is shown, and the page says that the search was cleared", async ({ desk }) => {
  const { page } = desk;
  const {
    people: [anna, berta],
  } = await crowd(desk, ["Anna", "Berta"]);
  await page.locator("#search").fill("anna");
  await expect(person(page, berta.id)).toHaveCount(0);
  await ask(page, "berta");
  await page.keyboard.press("Enter");
  await expect(person(page, berta.id)).toBeFocused();
  await expect(person(page, anna.id)).toBeVisible();
  await expect(page.locator("#search")).toHaveValue("");
  await expect(page.locator(".notice")).toContainText("The search and filters were cleared to show Berta.");
});

test("an action is about the focused row, however the list moves meanwhile", async ({ desk }) => {
  const { page, demo } = desk;
  const {
    people: [anna, berta, cora],
  } = await crowd(desk, ["Anna", "Berta", "Cora"]);
  await person(page, berta.id).focus();
  await ask(page, "admit");
  await demo.control("/leave", { participant: anna.id });
  await expect(page.locator('.person[data-gone="no"]')).toHaveCount(2);
  await expect(highlighted(page)).toHaveAttribute("data-entry", "person.admit");
  await page.keyboard.press("Enter");
  await expect(lastRequest(page)).toHaveText("Admitted 1");
  expect([await demo.lobbyOf(berta.id), await demo.lobbyOf(cora.id)]).toEqual(["in", "waiting"]);
  await ask(page, "undo");
  await expect(highlighted(page)).toContainText("Undo your last admissions");
  await page.keyboard.press("Enter");
  await expect.poll(() => demo.lobbyOf(berta.id)).toBe("waiting");
});

test("an action that asks still asks, and Enter pressed twice does not confirm", async ({ desk }) => {
  const { page, demo } = desk;
  const { people } = await crowd(desk, ["Anna", "Berta"]);
  const [anna] = people;
  await person(page, anna.id).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Board call");
  await ask(page, "admit 2 waiting");
  await expect(highlighted(page).locator("kbd")).toHaveText("Shift+E");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await expect(question(page)).toContainText("Admit 2 people?");
  for (const { id } of people) expect(await demo.lobbyOf(id)).toBe("waiting");
  await answer(page, "yes");
  await expect(lastRequest(page)).toHaveText("Admitted 2");
});

test("the selection's actions take exactly those selected, and no one whom the search hides", async ({ desk }) => {
  const { page, demo } = desk;
  const {
    people: [anna, berta, cora],
  } = await crowd(desk, ["Anna", "Berta", "Cora"]);
  for (const { id } of [anna, berta]) await person(page, id).locator("input").check();
  await page.locator("#search").fill("berta");
  await ask(page);
  await expect(palette(page).getByRole("group", { name: "2 selected" })).toBeVisible();
  await expect(option(page, "selection.admit")).toContainText("Admit 1 shown");
  await page.keyboard.type("admit");
  await page.keyboard.press("Enter");
  await expect(lastRequest(page)).toHaveText("Admitted 1");
  const states = await Promise.all([anna, berta, cora].map(({ id }) => demo.lobbyOf(id)));
  expect(states).toEqual(["waiting", "in", "waiting"]);
});

test("nothing moves under the highlight or the pointer: who leaves stays there, unavailable, and arrivals are counted", async ({
  desk,
}) => {
  const { page, demo } = desk;
  const {
    meeting,
    people: [first, second],
  } = await crowd(desk, ["Tom One", "Tom Two"]);
  await ask(page, "tom");
  await page.keyboard.press("ArrowDown");
  const names = options(page).locator(".palette-name > bdi:first-child");
  await expect(names).toHaveText(["Tom One", "Tom Two"]);
  await demo.control("/leave", { participant: second.id });
  await demo.join(meeting, "Tom Three");
  await expect(status(page)).toHaveText("1 of 2 shown. Type more to narrow the list.");
  await expect(names).toHaveText(["Tom One", "Tom Two"]);
  await expect(highlighted(page)).toContainText("No longer there");
  await screenshot(page, "palette-gone");
  await page.keyboard.press("Enter");
  await expect(status(page)).toHaveText("No longer there");
  await page.keyboard.press("Backspace");
  await expect(names).toHaveText(["Tom One", "Tom Three"]);
  await option(page, `person:${first.id}`).click();
  await expect(person(page, first.id)).toBeFocused();
});

test("an entry that has just appeared under a resting pointer takes no click", async ({ desk }) => {
  const { page } = desk;
  const {
    people: [anna],
  } = await crowd(desk, ["Anna"]);
  await person(page, anna.id).focus();
  await ask(page);
  const box = await option(page, "person.rename").boundingBox();
  await page.keyboard.press("Escape");
  await page.mouse.move(box.x + 60, box.y + box.height / 2);
  await person(page, anna.id).focus();
  await ask(page);
  await page.mouse.down();
  await page.mouse.up();
  await expect(palette(page)).toBeVisible();
  await page.mouse.move(box.x + 90, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.up();
  await expect(question(page)).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(person(page, anna.id)).toBeFocused();
});

test("Enter that ends a composition runs nothing", async ({ desk }) => {
  const { page, demo } = desk;
  const {
    people: [anna],
  } = await crowd(desk, ["Anna"]);
  await person(page, anna.id).focus();
  await ask(page, "admit");
  for (const how of [{ isComposing: true }, { keyCode: 229 }])
    await field(page).evaluate(
      (input, init) =>
        input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, ...init })),
      how,
    );
  await expect(palette(page)).toBeVisible();
  expect(await demo.lobbyOf(anna.id)).toBe("waiting");
});

test("a viewer gets people, meetings and pages, and no action", async ({ desk }) => {
  await crowd(desk, ["Anna"]);
  const page = await desk.open({ role: "viewer" });
  await page.keyboard.press("j");
  await ask(page);
  await expect(palette(page).getByRole("group")).toHaveCount(3);
  for (const name of ["People", "Meetings", "Pages"]) await expect(palette(page).getByRole("group", { name })).toBeVisible();
  await expect(option(page, "page.log"), "for administrators").toHaveCount(0);
  await expect(field(page)).toHaveAccessibleName("Type a person, meeting or page");
  await page.keyboard.type("anna");
  await page.keyboard.press("Enter");
  await expect(page.locator(".person:focus")).toContainText("Anna");
});

test("administrators go from page to page; there, nothing that is not shown is acted on", async ({ desk }) => {
  const { people } = await crowd(desk, ["Anna"]);
  const page = await desk.open({ role: "admin" });
  await person(page, people[0].id).locator("input").check();
  await ask(page, "bridges");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Bridges");
  await ask(page);
  await expect(palette(page).getByRole("group", { name: "1 selected" })).toHaveCount(0);
  await screenshot(page, "palette-bridges");
  await page.keyboard.type("displays");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Displays");
  await ask(page, "anna");
  await page.keyboard.press("Enter");
  await expect(person(page, people[0].id)).toBeFocused();
  await ask(page, "users");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/users$/);
});

test("the menu opens it, also on a phone, and the list of shortcuts names its keys", async ({ desk }) => {
  await crowd(desk, ["Anna Maria von und zu Beispielhausen", "Bo"]);
  const page = await desk.open({ viewport: { width: 390, height: 844 } });
  await page.locator(".me").click();
  await page.locator('[data-action="palette"]').click();
  await expect(field(page)).toBeFocused();
  await screenshotBoth(page, "palette-phone");
  expect(await palette(page).evaluate((dialog) => dialog.scrollWidth <= dialog.clientWidth)).toBe(true);
  await palette(page).getByRole("button", { name: "Close" }).click();
  await expect(palette(page)).toHaveCount(0);
  await page.keyboard.press("?");
  const keys = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await expect(keys.locator("dl > div").first()).toContainText("Ctrl+K");
  await page.keyboard.press(OPEN);
  await expect(keys).toHaveCount(0);
  await expect(palette(page)).toBeVisible();
});

test("a question is answered first: the palette does not open over it", async ({ desk }) => {
  const { page } = desk;
  const {
    people: [anna],
  } = await crowd(desk, ["Anna"]);
  await person(page, anna.id).focus();
  await page.keyboard.press("h");
  await expect(question(page)).toBeVisible();
  await page.keyboard.press(OPEN);
  await expect(palette(page)).toHaveCount(0);
  await page.keyboard.press("Escape");
  await live(page);
});
