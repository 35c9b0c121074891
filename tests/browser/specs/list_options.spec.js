// How the list is shown: saved for the user, kept in the address, and with a warning that a filter hides participants.
import { forget } from "../audio_spy.js";
import { card, expect, live, person, shownAll, test } from "../server.js";

const listed = (page) => page.locator("[data-participant] .name bdi").allTextContents();
const column = (page, name) => page.locator(`.people-grid[data-kind=lobby] .col-${name}`);
const view = async (page) => {
  await page.locator(".display-button").click();
  return page.getByRole("dialog", { name: "View" });
};

/** Three people in two meetings on two bridges. */
async function three({ demo, page }) {
  const [first, second] = (await demo.truth()).bridges.map(({ name }) => name);
  const [board, ward] = [await demo.meeting("Board call", { bridge: first }), await demo.meeting("Ward round", { bridge: second })];
  const people = [];
  for (const [meeting, name, bridge] of [
    [board, "Zoë Müller", first],
    [ward, "Ana Silva", second],
    [board, "Bo Berg", first],
  ]) {
    people.push(await demo.join(meeting, name, { bridge }));
    await expect(person(page, people.at(-1).id)).toBeVisible();
  }
  return { board, ward, zoe: people[0], ana: people[1], bo: people[2], first, second };
}

test.afterEach(async ({ desk }) => forget(desk.page));

test("the address keeps columns, density and order, and a reload and a new tab restore them", async ({ desk }) => {
  const { page } = desk;
  await three(desk);
  const panel = await view(page);
  await panel.getByLabel("Address").uncheck();
  await panel.getByLabel("Waiting since").check();
  await panel.getByLabel("Compact").check();
  await panel.getByLabel("Sort by", { exact: true }).selectOption({ label: "Name" });
  await page.keyboard.press("Escape");
  const asChosen = async (each) => {
    await expect(column(each, "address")).toBeHidden();
    await expect(column(each, "began")).toBeVisible();
    await expect(each.locator("[data-participant]").first()).toHaveCSS("height", "32px");
    await expect.poll(() => listed(each)).toEqual(["Ana Silva", "Bo Berg", "Zoë Müller"]);
  };
  await asChosen(page);
  await expect(page).toHaveURL(/\?columns=began\+meeting\+bridge&density=compact&order=name$/);
  await page.reload();
  await live(page);
  await asChosen(page);
  const later = await desk.open();
  await asChosen(later);
  await expect(later).toHaveURL(/order=name/);
});

test("a click on a column's head orders the list by it, another one reverses the order", async ({ desk }) => {
  const { page } = desk;
  await three(desk);
  expect(await listed(page)).toEqual(["Zoë Müller", "Ana Silva", "Bo Berg"]);
  await column(page, "who").getByRole("button").click();
  await expect.poll(() => listed(page)).toEqual(["Ana Silva", "Bo Berg", "Zoë Müller"]);
  await expect(column(page, "who")).toHaveAttribute("aria-sort", "ascending");
  await column(page, "who").getByRole("button").click();
  await expect.poll(() => listed(page)).toEqual(["Zoë Müller", "Bo Berg", "Ana Silva"]);
  await column(page, "meeting").getByRole("button").click();
  await expect.poll(() => listed(page)).toEqual(["Zoë Müller", "Bo Berg", "Ana Silva"]);
  await expect(page.locator(".status-line"), "the page shows the longest wait in any order").toContainText("longest");
});

test("chips show filters and the number they hide, a click removes one, and the button says whom it admits", async ({ desk }) => {
  const { page } = desk;
  const { ana, bo, second } = await three(desk);
  const panel = await view(page);
  await panel.getByLabel(second, { exact: true }).check();
  await panel.getByLabel("Claimed by").selectOption({ label: "no one" });
  await page.keyboard.press("Escape");
  await expect.poll(() => listed(page)).toEqual(["Ana Silva"]);
  await expect(page.locator(".filters")).toContainText("2 people waiting are hidden by filters");
  await expect(shownAll(page)).toHaveText("Admit 1 shown");
  await expect(page).toHaveTitle("(3) Usher");
  await page.getByRole("button", { name: `Remove filter Bridge: ${second}` }).click();
  await expect.poll(() => listed(page)).toHaveLength(3);
  await page.locator("#search").fill("berg");
  await expect(page.locator(".filters")).toContainText("2 people waiting are hidden by filters");
  await expect(person(page, bo.id)).toBeVisible();
  await page.getByRole("button", { name: "Show everyone" }).click();
  await expect(page.locator(".filters")).toHaveCount(0);
  await expect(page.locator("#search")).toHaveValue("");
  await expect(person(page, ana.id)).toBeVisible();
  await expect(page).toHaveURL(`${desk.demo.url}/`);
});

test("a filter that nobody passes says how many it hides, and never that nobody waits", async ({ desk }) => {
  const { page } = desk;
  await three(desk);
  const panel = await view(page);
  await panel.getByLabel("Waiting longer than").selectOption({ label: "10:00" });
  await page.keyboard.press("Escape");
  await expect(page.locator(".empty")).toContainText("No one waiting matches the filters");
  await expect(page.locator(".empty")).toContainText("3 people waiting are hidden by filters");
  await expect(page.locator(".empty")).not.toContainText("No one is waiting");
});

test("in an open meeting the filter by meeting is off, and its button says that it is for those shown", async ({ desk }) => {
  const { page } = desk;
  const { board, ward, first } = await three(desk);
  await page.goto(`${desk.demo.url}/?meeting=${encodeURIComponent("Ward round")}&bridge=${first}`);
  await live(page);
  await expect(page.locator(".filters")).toContainText("3 people waiting are hidden by filters");
  await card(page, board.id).locator(".open").click();
  await expect.poll(() => listed(page)).toHaveLength(2);
  await expect(page.locator(".filters .chip")).toHaveCount(1);
  await expect(shownAll(page)).toHaveText("Admit 2 shown");
  await card(page, ward.id).locator(".open").click();
  await expect(page.locator(".filters")).toContainText("1 person waiting is hidden by filters");
});

test("a colleague who opens the address gets this view, also after signing in, and keeps their own saved one", async ({ desk }) => {
  const { demo, page } = desk;
  const { board, second } = await three(desk);
  const panel = await view(page);
  await panel.getByLabel(second, { exact: true }).check();
  await panel.getByLabel("Compact").check();
  await page.keyboard.press("Escape");
  const { search } = new URL(page.url());
  // The colleague has their own saved view.
  const admin = await desk.open({ role: "admin" });
  const own = await view(admin);
  await own.getByLabel("Sort by", { exact: true }).selectOption({ label: "Name" });
  await admin.keyboard.press("Escape");
  await expect(admin).toHaveURL(/order=name/);
  // They open the address without being signed in.
  const fresh = await desk.open({ role: "nobody", path: `/${search}#meeting=${board.id}` });
  await fresh.locator("#username").fill(demo.account("admin").name);
  await fresh.locator("#password").fill(demo.account("admin").password);
  await fresh.locator("[data-submit]").click();
  await live(fresh);
  await expect(fresh.getByRole("heading", { level: 1 })).toContainText("Board call");
  await expect(fresh.locator(".filters")).toContainText(`Bridge: ${second}`);
  await expect(fresh.locator("html")).toHaveAttribute("data-density", "compact");
  const untouched = await desk.open({ role: "admin" });
  await expect(untouched).toHaveURL(/\?order=name$/);
  await expect(untouched.locator("html")).toHaveAttribute("data-density", "comfortable");
  // After they change it, it is their own view.
  await fresh.getByRole("button", { name: `Remove filter Bridge: ${second}` }).click();
  await expect
    .poll(async () => {
      const later = await desk.open({ role: "admin" });
      return new URL(later.url()).search;
    })
    .toBe("?density=compact");
  await forget(admin);
});

test("the address follows the search, and Back returns to the previous meeting", async ({ desk }) => {
  const { page } = desk;
  const { board } = await three(desk);
  await page.locator("#search").fill("berg");
  await expect(page).toHaveURL(/\?q=berg$/);
  await card(page, board.id).locator(".open").click();
  await expect(page).toHaveURL(new RegExp(`\\?q=berg#meeting=${board.id}$`));
  await page.locator("#search").fill("");
  await expect(page).toHaveURL(`${desk.demo.url}/#meeting=${board.id}`);
  await page.goBack();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Waiting now");
  await expect(page.locator("#search")).toHaveValue("");
  await expect(page).toHaveURL(`${desk.demo.url}/`);
});
