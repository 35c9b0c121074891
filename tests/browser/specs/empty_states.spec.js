import { screenshotBoth } from "../screenshots.js";
import { admitOf, card, Demo, expect, live, person, shownAll, test } from "../server.js";

test("the page says in words that nobody waits, or that there is no lobby", async ({ desk }) => {
  const { demo, page } = desk;
  await expect(page.locator(".empty")).toContainText("No one is waiting");
  const board = await demo.meeting("Board call");
  await demo.join(board, "Mona Host", { role: "member" });
  await expect(card(page, board.id)).toContainText(/No lobby|No one waiting|Lobby state unknown|checking/);
  await page.locator("#search").fill("no such person");
  await expect(page.locator(".empty")).toContainText("No one waiting matches no such person");
  await page.getByRole("button", { name: "Clear search" }).click();
  await expect(page.locator("#search")).toHaveValue("");
});

test("a viewer sees everything and has no enabled button", async ({ desk }) => {
  const { demo } = desk;
  const bo = await demo.join(await demo.meeting("Board call"), "Bo Berg");
  const page = await desk.open({ role: "viewer" });
  await expect(person(page, bo.id)).toContainText("Bo Berg");
  await expect(page.locator(".status-line")).toContainText("view only");
  await expect(page.locator('[data-action="admit"], .person input')).toHaveCount(0);
  await page.keyboard.press("j");
  await page.keyboard.press("a");
  await page.keyboard.press("Shift+A");
  expect(await demo.lobbyOf(bo.id)).toBe("waiting");
});

test("the page names a silent bridge and greys its participants until it is back", async ({ desk }) => {
  const { demo, page } = desk;
  const board = await demo.meeting("Board call");
  const bo = await demo.join(board, "Bo Berg");
  await expect(person(page, bo.id)).toBeVisible();
  const { bridge } = bo;
  await demo.control("/fault/stop", { bridge });
  const note = page.locator(".notes li.grave", { hasText: bridge });
  await expect(note).toContainText(`Can’t reach ${bridge}. Its list may be out of date.`, { timeout: 15_000 });
  await expect(person(page, bo.id)).toHaveAttribute("data-stale", "yes");
  await expect(person(page, bo.id)).toContainText(`May be out of date. ${bridge} is not responding.`);
  await demo.control("/fault/start", { bridge });
  await expect(note).toHaveCount(0, { timeout: 20_000 });
  await expect(person(page, bo.id)).toHaveAttribute("data-stale", "no");
  await expect(person(page, bo.id)).not.toContainText("May be out of date");
});

test("a participant who can't be read is marked on the row, the meeting and its heading", async ({ ownCluster: cluster, open }) => {
  const page = await open(cluster);
  const board = await cluster.meeting("Board call");
  await cluster.switches({ rest_replace: "<deactivated>true<", rest_replace_with: "<deactivated>tr&nbsp;<" });
  const { id } = await cluster.join(board, "Bo Berg");
  const card = page.locator(`li.card[data-meeting="${board.id}"]`);
  await expect(card).toContainText("1 person with damaged data", { timeout: 15_000 });
  await card.locator("button.open").click();
  await expect(page.locator('[data-chip="unreadable"]')).toContainText("1 person with damaged data");
  await expect(person(page, id)).toContainText("CMS sent damaged data about this person");
  await screenshotBoth(page, "unreadable");
  await cluster.switches({ rest_replace: "" });
  await expect(card).not.toContainText("damaged data", { timeout: 15_000 });
});

test("a hidden tab keeps receiving, and shows everything when the user returns", async ({ desk }) => {
  const { demo, page } = desk;
  const board = await demo.meeting("Board call");
  const first = await demo.join(board, "Bo Berg");
  await expect(person(page, first.id)).toBeVisible();
  // The page is hidden and gets no animation frames, like a hidden tab.
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
    window.requestAnimationFrame = () => 0;
    document.dispatchEvent(new Event("visibilitychange"));
  });
  const second = await demo.join(board, "Zoë Müller");
  await demo.control("/leave", { participant: first.id });
  const other = await desk.open({ role: "admin" });
  await expect(person(other, second.id)).toBeVisible();
  await expect(person(page, second.id)).toHaveCount(0);
  await page.evaluate(() => {
    delete document.hidden;
    window.requestAnimationFrame = (draw) => window.setTimeout(() => draw(performance.now()));
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await expect(person(page, second.id)).toBeVisible();
  await expect(person(page, first.id)).toHaveCount(0);
});

test("a bridge's restart leaves no old rows on an open page", async ({ desk }) => {
  const { demo, page } = desk;
  const board = await demo.meeting("Board call");
  await demo.join(board, "Bo Berg");
  await expect(page.locator("[data-participant]")).toHaveCount(1);
  for (const { name } of (await demo.truth()).bridges ?? []) await demo.control("/fault/restart", { bridge: name });
  const shown = () => page.locator("[data-participant]").evaluateAll((rows) => rows.map((row) => row.dataset.participant).sort());
  const waiting = async () => {
    const { meetings } = await demo.truth();
    const people = meetings.flatMap((meeting) => meeting.participants);
    return people.flatMap((each) => (each.lobby === "waiting" ? each.id : [])).sort();
  };
  await expect.poll(async () => JSON.stringify(await shown()) === JSON.stringify(await waiting()), { timeout: 20_000 }).toBe(true);
});

test("when Usher restarts, an open page keeps its old rows, greyed, until new ones replace them", async ({ open }) => {
  test.setTimeout(90_000);
  const demo = new Demo({ calls: 4, people: 24, seed: 3 });
  await demo.start();
  try {
    const page = await open(demo);
    await expect(page.locator("[data-participant]").first()).toBeVisible();
    const before = await page.locator("[data-participant]").count();
    await demo.stop();
    await expect(page.locator(".status-line")).toContainText(
      /Connection to the server lost at \d\d:\d\d:\d\d\. Data is \d+ s old\./,
    );
    await expect(page.locator(".columns")).toHaveAttribute("data-old", "yes");
    expect(await page.locator("[data-participant]").count()).toBe(before);
    await expect(shownAll(page)).toBeDisabled();
    await expect(admitOf(page.locator("[data-participant]").first())).toBeDisabled();
    await demo.start();
    await expect(page.locator(".columns")).toHaveAttribute("data-phase", "live", { timeout: 30_000 });
    await expect(page.locator(".columns")).toHaveAttribute("data-old", "no");
    const { meetings } = await demo.truth();
    const waiting = meetings.flatMap((meeting) => meeting.participants).filter((each) => each.lobby === "waiting");
    await expect(page.locator("#waiting-count")).toHaveText(String(waiting.length), { timeout: 20_000 });
    await expect(page).toHaveURL(`${demo.url}/`);
  } finally {
    await demo.end();
  }
});

test("a user who signs out elsewhere gets the sign-in page", async ({ demo, open }) => {
  const page = await open(demo);
  await live(page);
  await page.context().clearCookies();
  await page.evaluate(() => fetch(`${document.body.dataset.base}/`));
  await page.reload();
  await expect(page).toHaveURL(/\/login/);
});
