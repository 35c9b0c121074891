// Requests for many: their progress, stopping them, and what is left to do.
import { screenshot } from "../screenshots.js";
import { admitOf, answer, expect, lastRequest, person, selectionButton, test } from "../server.js";

const MANY = 120;

/** So many waiting participants in one meeting. @param {import("../cluster.js").Cluster} cluster @param {import("@playwright/test").Page} page */
async function many(cluster, page, n, bridges = ["eu-1", "eu-2"]) {
  await cluster.reset();
  const meeting = await cluster.meeting("All hands", { bridge: "eu-1" });
  const people = [];
  for (let at = 0; at < n; at += 1)
    people.push(await cluster.join(meeting, `Guest ${at + 1}`, { bridge: bridges[at % bridges.length] }));
  await expect(page.locator("#waiting-count")).toHaveText(String(n), { timeout: 30_000 });
  return people;
}

const waiting = async (cluster) => (await cluster.people()).filter((each) => each.lobby === "waiting").map((each) => each.id);

test("a request for hundreds shows its progress and can be stopped; the rest stays selected for another try", async ({
  cluster,
  open,
}) => {
  test.setTimeout(120_000);
  const page = await open(cluster);
  await many(cluster, page, MANY);
  await cluster.switches({ latency_ms: 500 });
  await page.locator("#select-all").check();
  await selectionButton(page).click();
  await answer(page, "yes");
  await expect(lastRequest(page)).toHaveText(`Admitting ${MANY}`);
  const bar = page.locator(".action-bar progress");
  await expect(bar).toHaveAttribute("max", String(MANY));
  await expect(page.locator(".done-of")).toHaveText(new RegExp(`^\\d+ of ${MANY}$`));
  await expect.poll(async () => (await waiting(cluster)).length, { intervals: [100] }).toBeLessThan(MANY - 3);
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(lastRequest(page)).toHaveText(/^Admitted \d+, \d+ stopped$/, { timeout: 20_000 });
  const [, done, stopped] = /Admitted (\d+), (\d+) stopped/.exec((await lastRequest(page).textContent()) ?? "") ?? [];
  expect(Number(done) + Number(stopped)).toBe(MANY);
  expect(Number(done), "every request sent has its result").toBeGreaterThan(3);
  expect(Number(stopped)).toBeGreaterThan(10);
  expect((await waiting(cluster)).length).toBe(Number(stopped));
  await expect(selectionButton(page)).toHaveText(`Admit ${stopped}`);
  await screenshot(page, "progress-stopped");
  await cluster.switches({ latency_ms: null });
  await selectionButton(page).click();
  await answer(page, "yes");
  await expect(lastRequest(page)).toHaveText(`Admitted ${stopped}`, { timeout: 30_000 });
  expect(await waiting(cluster)).toEqual([]);
});

test("participants who could not be admitted stay listed, with another try for one or all", async ({ cluster, open }) => {
  test.setTimeout(90_000);
  const page = await open(cluster);
  const people = await many(cluster, page, 6);
  await cluster.switches({ admit_without_activator: "refuse" }, "eu-2");
  await page.locator('[data-action="admit"][data-scope="shown"]').click();
  await expect(lastRequest(page)).toHaveText(/^Admitted 3, 3 refused/);
  await page.getByRole("button", { name: "Show 3" }).click();
  const panel = page.getByRole("dialog", { name: "Not admitted" });
  await expect(panel.locator("li")).toHaveCount(3);
  await screenshot(page, "progress-failures");
  const second = people[1];
  await panel.locator(`[data-person="${second.id}"]`).getByRole("button", { name: "Try again" }).click();
  await expect(panel.locator(`[data-person="${second.id}"]`), "still refused: listed once").toHaveCount(1);
  await expect(panel.locator("li")).toHaveCount(3);
  await cluster.switches({ admit_without_activator: null }, "eu-2");
  await panel.getByRole("button", { name: "Try 2 again" }).click();
  await expect.poll(async () => (await waiting(cluster)).length).toBe(1);
  await expect(panel.locator("li")).toHaveCount(1);
  await panel.getByRole("button", { name: "Try again" }).click();
  await expect.poll(() => waiting(cluster)).toEqual([]);
  await expect(panel.locator("li")).toHaveCount(0);
});

test("a second click during a request sends nothing twice", async ({ cluster, open }) => {
  const page = await open(cluster);
  const sent = [];
  page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => sent.push(JSON.parse(String(payload)))));
  await page.reload();
  const [bo] = await many(cluster, page, 1, ["eu-1"]);
  await cluster.switches({ effect_delay_ms: 1500 }, "eu-1");
  await person(page, bo.id).focus();
  await admitOf(person(page, bo.id)).dblclick();
  await page.keyboard.press("Shift+A");
  await expect(lastRequest(page)).toHaveText("Admitted 1");
  const requests = sent.filter((each) => each.type === "admit");
  expect(requests.length).toBeLessThanOrEqual(2);
  expect(await cluster.lobbyOf(bo.id)).toBe("in");
});
