// Undoing an admission: offered to its moderator for some seconds; or, if configured, the admission is delayed and can be cancelled.
import { Cluster } from "../cluster.js";
import { screenshot } from "../screenshots.js";
import { admitOf, card, expect, lastRequest, person, selectionButton, test } from "../server.js";

const NAMES = ["Bo Berg", "Zoë Müller", "Ana Silva"];

/** Three waiting participants, on alternating bridges. @param {import("../cluster.js").Cluster} cluster
 * @param {import("@playwright/test").Page} page */
async function three(cluster, page, bridges = ["eu-1"]) {
  await cluster.reset();
  const meeting = await cluster.meeting("Board call", { bridge: "eu-1" });
  const people = [];
  for (const [at, name] of NAMES.entries()) {
    people.push(await cluster.join(meeting, name, { bridge: bridges[at % bridges.length] }));
    await expect(person(page, people.at(-1).id)).toBeVisible();
  }
  return { meeting, people };
}

const undo = (page) => page.locator(".undo");
const tickAll = async (page) => {
  await page.locator("#select-all").check();
  await expect(selectionButton(page)).toHaveText("Admit 3");
};

test("only the moderator who admitted can undo it, by a key", async ({ cluster, open }) => {
  const [page, anne] = [await open(cluster), await open(cluster, { role: "admin" })];
  const { people } = await three(cluster, page);
  await admitOf(person(page, people[0].id)).click();
  await expect(lastRequest(page)).toHaveText("Admitted 1");
  const button = undo(page).getByRole("button");
  await expect(button).toHaveAccessibleName("Undo and send Bo Berg back to the lobby");
  await expect(person(anne, people[0].id)).toHaveCount(0);
  await expect(undo(anne)).toHaveCount(0);
  await screenshot(page, "undo-one");
  await page.keyboard.press("u");
  await expect(lastRequest(page)).toHaveText("Sent 1 back");
  await expect(undo(page)).toHaveCount(0);
  expect(await cluster.lobbyOf(people[0].id)).toBe("waiting");
  await expect(person(anne, people[0].id)).toContainText(/sent back by bert/);
  await page.keyboard.press("u");
  await expect(page.locator(".notice")).toHaveText("There is nothing to undo right now.");
});

test("an undo covers several at once, and rows stay in place meanwhile", async ({ cluster, open }) => {
  const page = await open(cluster);
  const { meeting, people } = await three(cluster, page);
  const later = await cluster.join(await cluster.meeting("Ward round"), "Ida Ring");
  await expect(person(page, later.id)).toBeVisible();
  await admitOf(card(page, meeting.id)).click();
  await expect(lastRequest(page)).toHaveText("Admitted 3");
  const row = person(page, later.id);
  const top = () => row.evaluate((element) => element.getBoundingClientRect().top);
  await admitOf(row).hover();
  const before = await top();
  await page.keyboard.press("u");
  await expect(lastRequest(page)).toHaveText("Sent 3 back");
  expect(await Promise.all(people.map((each) => cluster.lobbyOf(each.id)))).toEqual(["waiting", "waiting", "waiting"]);
  await expect(person(page, people[0].id)).toBeVisible();
  expect(await top(), "nothing moves under the pointer").toBe(before);
});

test("an undo covers the user's series of admissions, and all get their old place and wait back", async ({ cluster, open }) => {
  const page = await open(cluster);
  const { people } = await three(cluster, page);
  const began = (each) => person(page, each.id).locator(".began time").getAttribute("datetime");
  const before = await Promise.all(people.map(began));
  await person(page, people[0].id).focus();
  for (const each of people.slice(0, 2)) {
    await expect(person(page, each.id)).toBeFocused();
    await page.keyboard.press("a");
  }
  await expect.poll(() => cluster.lobbyOf(people[1].id)).toBe("in");
  await expect(undo(page).getByRole("button")).toHaveAccessibleName("Undo and send 2 people back to the lobby");
  await page.keyboard.press("u");
  for (const each of people.slice(0, 2)) await expect.poll(() => cluster.lobbyOf(each.id)).toBe("waiting");
  await expect(page.locator('.person[data-gone="no"]')).toHaveCount(3);
  expect(await Promise.all(people.map(began)), "waits continue from the old arrival").toEqual(before);
  const order = () => page.locator('.person[data-gone="no"]').evaluateAll((rows) => rows.map((row) => row.dataset.participant));
  await expect.poll(order, { timeout: 15_000 }).toEqual(people.map((each) => each.id));
});

test("the undo is offered for eight seconds, and as long as the user reaches for it", async ({ cluster, open }) => {
  test.setTimeout(60_000);
  const page = await open(cluster);
  const { people } = await three(cluster, page);
  await admitOf(person(page, people[0].id)).click();
  await expect(undo(page)).toContainText(/[1-8] s/);
  const since = Date.now();
  await undo(page).getByRole("button").hover();
  await expect.poll(() => Date.now() - since, { timeout: 15_000 }).toBeGreaterThan(10_000);
  await expect(undo(page)).toBeVisible();
  await page.mouse.move(700, 400);
  await expect(undo(page)).toHaveCount(0, { timeout: 10_000 });
  expect(await cluster.lobbyOf(people[0].id)).toBe("in");
});

test("participants who can't be sent back are still in, and the page lists each", async ({ ownCluster: cluster, open }) => {
  test.setTimeout(90_000);
  const page = await open(cluster);
  const { people } = await three(cluster, page, ["eu-1", "eu-2"]);
  await cluster.switches({ back_to_lobby: "reject" }, "eu-2");
  await tickAll(page);
  await selectionButton(page).click();
  await expect(lastRequest(page)).toHaveText("Admitted 3");
  await page.keyboard.press("u");
  await expect(lastRequest(page)).toHaveText("Sent 2 back, 1 could not be undone");
  expect(await Promise.all(people.map((each) => cluster.lobbyOf(each.id)))).toEqual(["waiting", "in", "waiting"]);
  await page.getByRole("button", { name: "Show 3" }).click();
  const panel = page.getByRole("dialog", { name: "Undo results" });
  const of = (at) => panel.locator(`[data-person="${people[at].id}"]`);
  await expect(of(0)).toContainText(/Bo Berg\s*Sent back/);
  await expect(of(1)).toContainText(/Zoë Müller\s*Could not be undone\. Refused: \S+/);
  await screenshot(page, "undo-still-in");
});

test.describe("admissions held back for some seconds", () => {
  test("appear on every page, can be cancelled by their moderator, and are sent otherwise", async ({ open }) => {
    test.setTimeout(90_000);
    const cluster = new Cluster({ desk: "admit_delay_s = 8" });
    await cluster.start();
    try {
      const [page, anne] = [await open(cluster), await open(cluster, { role: "admin" })];
      const { people } = await three(cluster, page);
      const [bo, zoe, ana] = people;
      await admitOf(person(page, bo.id)).click();
      await expect(person(page, bo.id)).toContainText(/Admitting in [1-8] s/);
      await expect(person(anne, bo.id)).toContainText(/bert is admitting in [1-8] s/);
      await expect(person(anne, bo.id).locator('[data-action="stop"]')).toHaveCount(0);
      await screenshot(page, "undo-delayed");
      await person(page, bo.id).getByRole("button", { name: "Cancel admitting Bo Berg" }).click();
      await expect(lastRequest(page)).toHaveText("Stopped before it was sent");
      await expect(admitOf(person(anne, bo.id))).toBeEnabled();
      await admitOf(person(page, zoe.id)).click();
      await expect(lastRequest(page)).toHaveText("Admitted 1", { timeout: 20_000 });
      expect([await cluster.lobbyOf(bo.id), await cluster.lobbyOf(zoe.id)]).toEqual(["waiting", "in"]);
      await page.locator("#select-all").check();
      await selectionButton(page).click();
      await page.locator('.action-bar [data-action="stop"]').click();
      await expect(lastRequest(page)).toHaveText("Admitted 0, 2 stopped");
      await expect(selectionButton(page), "they are selected as before").toHaveText("Admit 2");
      expect([await cluster.lobbyOf(bo.id), await cluster.lobbyOf(ana.id)]).toEqual(["waiting", "waiting"]);
    } finally {
      await cluster.end();
    }
  });
});
