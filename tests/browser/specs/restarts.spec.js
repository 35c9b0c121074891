// Usher and the simulator as separate processes, each of which restarts under an open page.
import { screenshotBoth } from "../screenshots.js";
import { admitOf, card, expect, live, person, selectionButton, test } from "../server.js";

const BACK = 30_000;

test.beforeEach(async ({ cluster }) => cluster.reset());

/** Three waiting participants, on both bridges. @param {import("../cluster.js").Cluster} cluster
 * @param {import("@playwright/test").Page} page */
async function three(cluster, page) {
  const meeting = await cluster.meeting("Board call");
  const people = [];
  for (const [name, bridge] of [
    ["Bo Berg", "eu-1"],
    ["Zoë Müller", "eu-2"],
    ["Ana Silva", "eu-1"],
  ]) {
    people.push(await cluster.join(meeting, name, { bridge }));
    await expect(person(page, people.at(-1).id)).toBeVisible();
  }
  return { meeting, people };
}

/** Records when fewer than `n` participants or the text of an empty list are drawn. */
const watchForFlicker = (page, n) =>
  page.evaluate((wanted) => {
    globalThis.flickers = [];
    globalThis.notReloaded = true;
    new MutationObserver(() => {
      const drawn = document.querySelectorAll("[data-participant]").length;
      const empty = document.querySelector(".empty")?.textContent;
      if (drawn < wanted || empty) globalThis.flickers.push(`${drawn} drawn ${empty ?? ""}`);
    }).observe(document.body, { subtree: true, childList: true, attributes: true });
  }, n);

const isOld = (page) =>
  expect(page.locator(".status-line")).toContainText(/lost at \d\d:\d\d:\d\d\. Data is \d+ s old\./, { timeout: 15_000 });

test("when Usher restarts, the page says so and continues without a reload, a flicker or a lost choice", async ({
  cluster,
  open,
}) => {
  test.setTimeout(90_000);
  const page = await open(cluster);
  const { people } = await three(cluster, page);
  await person(page, people[2].id).locator("input").check();
  await person(page, people[1].id).focus();
  await watchForFlicker(page, people.length);
  await cluster.usher.stop();
  await isOld(page);
  await expect(admitOf(person(page, people[0].id))).toBeDisabled();
  await expect(selectionButton(page)).toBeDisabled();
  await expect(person(page, people[1].id)).toBeFocused();
  await screenshotBoth(page, "restart-usher-gone");
  await cluster.startUsher();
  await expect(page.locator(".columns")).toHaveAttribute("data-phase", "live", { timeout: BACK });
  await expect(page.locator(".columns")).toHaveAttribute("data-old", "no");
  await expect(person(page, people[1].id)).toBeFocused();
  await expect(selectionButton(page)).toHaveText("Admit 1");
  await expect(person(page, people[2].id).locator("input")).toBeChecked();
  expect(await page.evaluate(() => globalThis.flickers)).toEqual([]);
  expect(await page.evaluate(() => globalThis.notReloaded)).toBe(true);
  await selectionButton(page).click();
  await expect(page.locator(".request")).toHaveText("Admitted 1");
  expect(await cluster.lobbyOf(people[2].id)).toBe("in");
});

test("a focused button passes the focus to its row when Usher stops", async ({ cluster, open }) => {
  test.setTimeout(90_000);
  const page = await open(cluster);
  const { people } = await three(cluster, page);
  await admitOf(person(page, people[1].id)).focus();
  await cluster.usher.stop();
  await isOld(page);
  await expect(person(page, people[1].id)).toBeFocused();
  await cluster.startUsher();
  await expect(page.locator(".columns")).toHaveAttribute("data-phase", "live", { timeout: BACK });
  await expect(person(page, people[1].id)).toBeFocused();
});

test("arrivals and departures during Usher's absence are correct when it is back", async ({ cluster, open }) => {
  test.setTimeout(90_000);
  const page = await open(cluster);
  const { meeting, people } = await three(cluster, page);
  await cluster.usher.stop();
  await isOld(page);
  await cluster.control("/leave", { participant: people[0].id });
  await cluster.control("/admit", { participant: people[1].id });
  const late = await cluster.join(meeting, "Late Comer");
  await cluster.startUsher();
  await expect(page.locator(".columns")).toHaveAttribute("data-phase", "live", { timeout: BACK });
  await expect(person(page, late.id)).toBeVisible();
  await expect(person(page, people[2].id)).toBeVisible();
  await expect(page.locator("[data-participant]")).toHaveCount(2);
});

test("when Usher is killed during an admission, the row says that it was not sent again", async ({ cluster, open }) => {
  test.setTimeout(90_000);
  const page = await open(cluster);
  const { people } = await three(cluster, page);
  await cluster.switches({ rest_hang: true }, "eu-1");
  await admitOf(person(page, people[0].id)).click();
  await expect(person(page, people[0].id)).toContainText("Admitting");
  cluster.usher.child.kill("SIGKILL");
  await cluster.usher.ended;
  await isOld(page);
  await cluster.switches({ rest_hang: null }, "eu-1");
  await cluster.startUsher();
  await expect(page.locator(".columns")).toHaveAttribute("data-phase", "live", { timeout: BACK });
  await expect(person(page, people[0].id).locator(".outcome")).toContainText(
    "Interrupted by a restart of Usher and not sent again",
    {
      timeout: 20_000,
    },
  );
  expect(await cluster.lobbyOf(people[0].id)).toBe("waiting");
  await screenshotBoth(page, "admit-interrupted");
  // The button is back under a resting pointer, so it waits for the pointer to move.
  await page.mouse.move(0, 0);
  await admitOf(person(page, people[0].id)).click();
  await expect(page.locator(".request")).toHaveText("Admitted 1");
});

test("when every bridge restarts, the page shows the same participants under new ids, and no old rows", async ({
  cluster,
  open,
}) => {
  const page = await open(cluster);
  const { people } = await three(cluster, page);
  for (const bridge of cluster.bridges) await cluster.control("/fault/restart", { bridge });
  const waiting = (await cluster.people()).filter((each) => each.lobby === "waiting");
  expect(waiting).toHaveLength(3);
  for (const { id } of waiting) await expect(person(page, id)).toBeVisible({ timeout: 20_000 });
  await expect(page.locator("[data-participant]")).toHaveCount(3);
  for (const { id } of people) await expect(person(page, id)).toHaveCount(0);
});

test("when the simulator restarts, old rows stay greyed until new ones come, which can be acted on", async ({ cluster, open }) => {
  test.setTimeout(120_000);
  const page = await open(cluster);
  const { meeting, people } = await three(cluster, page);
  await cluster.simulator.stop();
  await expect(page.locator(".notes li.grave")).toHaveCount(2, { timeout: 20_000 });
  for (const { id } of people) await expect(person(page, id)).toHaveAttribute("data-stale", "yes");
  await screenshotBoth(page, "restart-cms-gone");
  await cluster.startSimulator();
  // The seed makes the same ids again, but it may be another meeting, and must not be shown as the old one.
  const board = await cluster.meeting("After the restart");
  const bo = await cluster.join(board, "Bo Berg", { bridge: "eu-2" });
  await expect(page.locator(".notes li.grave")).toHaveCount(0, { timeout: 60_000 });
  await expect(person(page, bo.id)).toContainText("Bo Berg", { timeout: 20_000 });
  await expect(person(page, bo.id)).toHaveAttribute("data-stale", "no");
  await expect(page.locator("[data-participant]")).toHaveCount(1);
  await expect(card(page, meeting.id).filter({ hasText: "Board call" })).toHaveCount(0);
  await admitOf(person(page, bo.id)).click();
  await expect(page.locator(".request")).toHaveText("Admitted 1");
  expect(await cluster.lobbyOf(bo.id)).toBe("in");
});

/** A participant who can be removed. @param {import("../cluster.js").Cluster} cluster @param {string} name */
async function guest(cluster, name) {
  const account = { name, role: name, password: "a password for a while" };
  await cluster.addUser({ ...account, role: "moderator" });
  cluster.accounts = [...cluster.accounts.filter((each) => each.name !== name), account];
}

test("a removed user gets the sign-in page within ten seconds and can't return", async ({ cluster, open }) => {
  await guest(cluster, "dora");
  const page = await open(cluster, { role: "dora" });
  await live(page);
  await cluster.user("remove", "dora", "");
  await expect(page).toHaveURL(/\/login/, { timeout: 10_000 });
  await expect(page.locator("#username")).toBeVisible();
  await page.goto(`${cluster.url}/`);
  await expect(page).toHaveURL(/\/login/);
});

test("a user removed during Usher's absence has to sign in when it is back", async ({ cluster, open }) => {
  test.setTimeout(90_000);
  await guest(cluster, "emil");
  const page = await open(cluster, { role: "emil" });
  await live(page);
  await cluster.usher.stop();
  await isOld(page);
  await cluster.user("remove", "emil", "");
  await cluster.startUsher();
  await expect(page).toHaveURL(/\/login/, { timeout: BACK });
});
