// Two and three moderators at once: what they see of each other, and how they avoid conflicts.
import { screenshot } from "../screenshots.js";
import { admitOf, answer, card, choose, expect, lastRequest, person, question, test } from "../server.js";

test.beforeEach(async ({ cluster }) => cluster.reset());

/** Pages of anne (administrator), bert and finn, and waiting participants, longest wait first. */
async function together({ cluster, open }, names = ["Bo Berg", "Zoë Müller", "Ana Silva"]) {
  const [anne, bert, finn] = [await open(cluster, { role: "admin" }), await open(cluster), await open(cluster, { name: "finn" })];
  const meeting = await cluster.meeting("Board call");
  const people = [];
  for (const name of names) {
    people.push(await cluster.join(meeting, name, { bridge: "eu-1" }));
    for (const page of [anne, bert, finn]) await expect(person(page, people.at(-1).id)).toBeVisible();
  }
  return { anne, bert, finn, meeting, people };
}

/** Moves the focus to a row by keyboard only. */
async function goTo(page, id) {
  for (const key of ["Home", ...Array(20).fill("j")]) {
    await page.keyboard.press(key);
    if (await person(page, id).evaluate((row) => row === document.activeElement)) return;
  }
  throw new Error(`no key led to ${id}`);
}

const handled = (page, id) => person(page, id).locator(".handling");
const others = (page) => page.locator(".presence");

/** Hides the page as browsers hide tabs. */
const hide = (page) =>
  page.evaluate(() => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
    document.dispatchEvent(new Event("visibilitychange"));
  });

/** A page whose frames can be held back, so that it acts on stale data. */
async function late(open, cluster, name) {
  const page = await open(cluster, { name });
  /** @type {(() => void)[]} */
  const held = [];
  let holding = false;
  await page.routeWebSocket(/\/ws$/, (route) => {
    const server = route.connectToServer();
    server.onMessage((message) => (holding ? held.push(() => route.send(message)) : route.send(message)));
  });
  await page.reload();
  await expect(page.locator(".columns")).toHaveAttribute("data-phase", "live");
  return {
    page,
    hold() {
      holding = true;
    },
    release() {
      holding = false;
      for (const send of held.splice(0)) send();
    },
  };
}

test("the header and the meeting show who else is here and looks at it, until they leave", async ({ cluster, open }) => {
  const { anne, bert, finn, meeting } = await together({ cluster, open });
  await expect(others(bert)).toHaveAccessibleName("2 other users online: anne, finn");
  await expect(card(bert, meeting.id).locator(".lookers")).toHaveCount(0);
  await card(anne, meeting.id).locator("button.open").click();
  await expect(card(bert, meeting.id).locator(".lookers")).toHaveAttribute("title", "anne is also viewing this meeting");
  await expect(card(anne, meeting.id).locator(".lookers")).toHaveCount(0);
  await card(finn, meeting.id).locator("button.open").click();
  await expect(anne.locator(".heading .lookers")).toHaveAttribute("title", "finn is also viewing this meeting");
  await others(bert).click();
  const panel = bert.getByRole("dialog", { name: "Online now" });
  await expect(panel.locator('[data-user="anne"]').first()).toContainText(/Administrator\s*Board call/);
  await screenshot(bert, "together-presence");
  await panel.locator("li").first().getByRole("button").click();
  await expect(bert.getByRole("heading", { level: 1 })).toContainText("Board call");
  await finn.close();
  await expect(others(bert)).toHaveAccessibleName("1 other user online: anne");
});

test("a user who is away is greyed, until their first input", async ({ cluster, open }) => {
  const { anne, bert } = await together({ cluster, open }, []);
  await expect(others(anne).locator('[data-user="bert"]')).toHaveAttribute("data-idle", "no");
  await hide(bert);
  await expect(others(anne).locator('[data-user="bert"]')).toHaveAttribute("data-idle", "yes");
  await expect(others(anne)).toHaveAccessibleName(/bert \(away\)/);
  await bert.evaluate(() => {
    delete document.hidden;
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await expect(others(anne).locator('[data-user="bert"]')).toHaveAttribute("data-idle", "no");
});

test("a claim by key appears in every list at once, and moving on releases it", async ({ cluster, open }) => {
  const { anne, bert, finn, meeting, people } = await together({ cluster, open });
  const [bo, zoe] = people;
  await card(finn, meeting.id).locator("button.open").click();
  await goTo(bert, bo.id);
  await bert.keyboard.press("c");
  await expect(handled(bert, bo.id)).toHaveText("Claimed by you");
  for (const page of [anne, finn]) await expect(handled(page, bo.id)).toHaveText("Claimed by bert");
  await expect(person(anne, bo.id)).toHaveAttribute("data-handled", "other");
  await expect(handled(anne, zoe.id)).toHaveCount(0);
  await screenshot(anne, "together-claim");
  await bert.keyboard.press("j");
  for (const page of [anne, bert, finn]) await expect(handled(page, bo.id)).toHaveCount(0);
  await bert.keyboard.press("c");
  await expect(handled(anne, zoe.id)).toHaveText("Claimed by bert");
  await bert.keyboard.press("c");
  await expect(handled(anne, zoe.id)).toHaveCount(0);
});

test("an open menu claims its row, also by pointer, and Esc releases the claim and restores the focus", async ({
  cluster,
  open,
}) => {
  const { anne, bert, people } = await together({ cluster, open });
  const [bo, zoe] = people;
  await goTo(bert, bo.id);
  await bert.keyboard.press("m");
  await expect(bert.getByRole("menu", { name: "Actions for Bo Berg" })).toBeVisible();
  await expect(bert.getByRole("menuitem").first()).toBeFocused();
  await expect(handled(anne, bo.id)).toHaveText("Claimed by bert");
  await bert.keyboard.press("Escape");
  await expect(bert.getByRole("menu")).toHaveCount(0);
  await expect(person(bert, bo.id)).toBeFocused();
  await expect(handled(anne, bo.id)).toHaveCount(0);
  await person(bert, zoe.id).click({ button: "right" });
  await expect(handled(anne, zoe.id)).toHaveText("Claimed by bert");
  await bert.locator('[data-entry="claim"]').click();
  await expect(bert.getByRole("menu")).toHaveCount(0);
  await expect(handled(bert, zoe.id), "kept when the menu is closed").toHaveText("Claimed by you");
  await expect(handled(anne, zoe.id)).toHaveText("Claimed by bert");
});

test("a moderator who acts on another's claim is asked first, and can override it", async ({ cluster, open }) => {
  const { anne, bert, people } = await together({ cluster, open });
  const [bo] = people;
  await goTo(bert, bo.id);
  await bert.keyboard.press("c");
  await expect(handled(anne, bo.id)).toHaveText("Claimed by bert");
  await admitOf(person(anne, bo.id)).click();
  await expect(question(anne)).toContainText("Admit Bo Berg?");
  await expect(question(anne)).toContainText("bert has claimed Bo Berg.");
  await screenshot(anne, "together-ask");
  await answer(anne, "cancel");
  expect(await cluster.lobbyOf(bo.id)).toBe("waiting");
  await expect(admitOf(person(anne, bo.id))).toBeFocused();
  await anne.keyboard.press("Enter");
  await answer(anne, "yes");
  await expect(lastRequest(anne)).toHaveText("Admitted 1");
  expect(await cluster.lobbyOf(bo.id)).toBe("in");
  await expect(bert.locator('.person[data-gone="yes"]', { hasText: "Bo Berg" })).toContainText("admitted by anne");
});

test("the question about many offers to leave out those handled by others", async ({ cluster, open }) => {
  const { anne, bert, people } = await together({ cluster, open });
  await goTo(bert, people[1].id);
  await bert.keyboard.press("c");
  await expect(handled(anne, people[1].id)).toHaveText("Claimed by bert");
  await anne.locator('[data-action="admit"][data-scope="shown"]').click();
  await expect(question(anne)).toContainText("bert has claimed 1 of these 3 people.");
  await question(anne).getByRole("button", { name: "Only the other 2" }).click();
  await expect(lastRequest(anne)).toHaveText("Admitted 2");
  expect(await cluster.lobbyOf(people[1].id)).toBe("waiting");
});

test("the server refuses a request when another's claim came first, and the page offers to override it", async ({
  cluster,
  open,
}) => {
  const { bert, people } = await together({ cluster, open });
  const [bo] = people;
  const slow = await late(open, cluster, "anne");
  await expect(person(slow.page, bo.id)).toBeVisible();
  slow.hold();
  await goTo(bert, bo.id);
  await bert.keyboard.press("c");
  await expect(handled(bert, bo.id)).toHaveText("Claimed by you");
  await admitOf(person(slow.page, bo.id)).click();
  await expect(question(slow.page)).toHaveCount(0);
  await expect(lastRequest(slow.page)).toHaveText("Admitting 1");
  slow.release();
  await expect(lastRequest(slow.page)).toHaveText("bert has claimed Bo Berg.");
  expect(await cluster.lobbyOf(bo.id)).toBe("waiting");
  await slow.page.getByRole("button", { name: "Admit anyway" }).click();
  await expect(lastRequest(slow.page)).toHaveText("Admitted 1");
  expect(await cluster.lobbyOf(bo.id)).toBe("in");
});

test("a moderator who is a moment too late sees who was first, and when", async ({ cluster, open }) => {
  const { bert, people } = await together({ cluster, open });
  const [bo] = people;
  const slow = await late(open, cluster, "anne");
  await expect(person(slow.page, bo.id)).toBeVisible();
  slow.hold();
  await admitOf(person(bert, bo.id)).click();
  await expect(lastRequest(bert)).toHaveText("Admitted 1");
  await admitOf(person(slow.page, bo.id)).click();
  await expect(lastRequest(slow.page)).toHaveText("Admitting 1");
  slow.release();
  await expect(lastRequest(slow.page)).toHaveText(/^Already admitted by bert \d+ s ago$/);
});

test("two moderators who admit the same participant at the same moment both succeed", async ({ cluster, open }) => {
  const { people } = await together({ cluster, open });
  const [bo] = people;
  // Neither sees the other's request before their own, and CMS still handles the first when the second arrives.
  const both = [await late(open, cluster, "anne"), await late(open, cluster, "bert")];
  for (const { page, hold } of both) {
    await expect(admitOf(person(page, bo.id))).toBeEnabled();
    hold();
  }
  await cluster.switches({ effect_delay_ms: 2000 }, "eu-1");
  for (const { page } of both) await admitOf(person(page, bo.id)).click();
  for (const { release } of both) release();
  for (const { page } of both) await expect(lastRequest(page)).toHaveText(/^(Admitted 1|Already admitted by \w+ \d+ s ago)$/);
  expect(await cluster.lobbyOf(bo.id)).toBe("in");
});

test("everybody's row shows an admission under way and who made it", async ({ cluster, open }) => {
  const { anne, bert, meeting, people } = await together({ cluster, open });
  const [bo] = people;
  await card(anne, meeting.id).locator("button.open").click();
  await cluster.switches({ effect_delay_ms: 1500 }, "eu-1");
  await admitOf(person(bert, bo.id)).click();
  await expect(person(bert, bo.id)).toContainText("Admitting");
  await expect(person(anne, bo.id)).toContainText("bert is admitting");
  const inCall = anne.getByRole("grid", { name: "In the call" }).locator(`[data-participant="${bo.id}"]`);
  await expect(inCall).toContainText(/admitted by bert at \d\d:\d\d/);
});

test("take next gives three moderators different participants, longest wait first, and says when nobody is left", async ({
  cluster,
  open,
}) => {
  const { anne, bert, finn, people } = await together({ cluster, open });
  const pages = [anne, bert, finn];
  await Promise.all(pages.map((page) => page.keyboard.press("n")));
  const taken = [];
  for (const page of pages) {
    const mine = page.locator('.person[data-handled="mine"]');
    await expect(mine).toHaveCount(1);
    await expect(mine).toBeFocused();
    taken.push(await mine.getAttribute("data-participant"));
  }
  expect(taken.sort()).toEqual(people.map((each) => each.id).sort());
  await expect(anne.locator('.person[data-handled="other"]')).toHaveCount(2);
  await anne.keyboard.press("n");
  await expect(anne.locator(".notice")).toHaveText(/Everyone waiting here is claimed or on hold/);
  await expect(anne.locator("dialog, [role=menu]")).toHaveCount(0);
  // Each admission leaves the next participant first.
  const next = await cluster.join(await cluster.meeting("Ward round"), "Ida Ring", { bridge: "eu-1" });
  await expect(person(anne, next.id)).toBeVisible();
  await anne.keyboard.press("n");
  await expect(person(anne, next.id)).toHaveAttribute("data-handled", "mine");
  await expect(person(anne, next.id)).toBeFocused();
});

test("a claim on a meeting covers its participants in every list", async ({ cluster, open }) => {
  const { anne, bert, meeting, people } = await together({ cluster, open });
  await card(bert, meeting.id).locator("button.open").click();
  await bert.keyboard.press("c");
  await expect(bert.locator('.heading [data-chip="claim"]')).toContainText("Claimed by you");
  await expect(card(anne, meeting.id)).toContainText("Claimed by bert");
  await expect(handled(anne, people[0].id)).toHaveText("Meeting claimed by bert");
  await anne.keyboard.press("n");
  await expect(anne.locator(".notice")).toHaveText(/Everyone waiting here is claimed or on hold/);
  await admitOf(card(anne, meeting.id)).click();
  await expect(question(anne)).toContainText("bert has claimed 3 of these 3 people.");
  await answer(anne, "cancel");
  await screenshot(anne, "together-meeting");
  await bert.keyboard.press("Escape");
  await expect(card(anne, meeting.id)).not.toContainText(/claimed by/i);
  await expect(bert.getByRole("heading", { level: 1 }), "one thing at a time").toContainText("Board call");
});

test("a moderator can claim a meeting that is not open; take next on another page moves to the participant", async ({
  cluster,
  open,
}) => {
  const { anne, bert, meeting, people } = await together({ cluster, open });
  const ward = await cluster.meeting("Ward round");
  const late = await cluster.join(ward, "Ida Ring", { bridge: "eu-1" });
  await expect(person(anne, late.id)).toBeVisible();
  await card(bert, meeting.id).locator("button.open").click();
  await card(bert, ward.id).locator("button.open").focus();
  await bert.keyboard.press("c");
  await expect(card(anne, ward.id)).toContainText("Claimed by bert");
  // Longer than the page needs to release it.
  await expect(card(bert, ward.id)).toContainText("Claimed by you");
  await bert.keyboard.press("ArrowUp");
  await anne.goto(`${cluster.url}/#bridges`);
  await expect(anne.getByRole("main", { name: "Bridges" })).toBeVisible();
  await anne.keyboard.press("n");
  await expect(person(anne, people[0].id)).toHaveAttribute("data-handled", "mine");
  await expect(person(anne, people[0].id)).toBeFocused();
});

test("a claim lasts while its user is active, and ends by itself when they are not", async ({ cluster, open }) => {
  test.setTimeout(120_000);
  const { anne, bert, people } = await together({ cluster, open });
  const [bo] = people;
  await goTo(bert, bo.id);
  await bert.keyboard.press("c");
  await expect(handled(anne, bo.id)).toHaveText("Claimed by bert");
  const since = Date.now();
  await expect
    .poll(
      async () => {
        await bert.mouse.move(400 + (Date.now() % 50), 600);
        expect(await handled(anne, bo.id).count(), "still handled while there is input").toBe(1);
        return Date.now() - since;
      },
      { timeout: 40_000, intervals: [1000] },
    )
    .toBeGreaterThan(26_000);
  await hide(bert);
  await expect(handled(anne, bo.id)).toHaveCount(0, { timeout: 28_000 });
});

test("a claim ends by itself when its user closes the page", async ({ cluster, open }) => {
  test.setTimeout(60_000);
  const { anne, finn, people } = await together({ cluster, open });
  await goTo(finn, people[0].id);
  await finn.keyboard.press("c");
  await expect(handled(anne, people[0].id)).toHaveText("Claimed by finn");
  await finn.close();
  await expect(handled(anne, people[0].id)).toHaveCount(0, { timeout: 28_000 });
});

test("a viewer sees all claims and users, and can't act", async ({ cluster, open }) => {
  const { bert, people } = await together({ cluster, open });
  const viewer = await open(cluster, { role: "viewer" });
  const sent = [];
  viewer.on("websocket", (socket) => socket.on("framesent", ({ payload }) => sent.push(JSON.parse(String(payload)).type)));
  await viewer.reload();
  await goTo(bert, people[0].id);
  await bert.keyboard.press("c");
  await expect(handled(viewer, people[0].id)).toHaveText("Claimed by bert");
  await expect(others(viewer)).toHaveAccessibleName(/bert/);
  await expect(viewer.locator("[data-menu], [data-action=next], [data-action=admit]")).toHaveCount(0);
  await goTo(viewer, people[1].id);
  for (const key of ["c", "n", "h", "m", "u", "a", "Shift+E", "Shift+F10"]) await viewer.keyboard.press(key);
  await expect(viewer.locator("dialog, [role=menu]")).toHaveCount(0);
  expect([...new Set(sent)].filter((type) => type !== "beat")).toEqual(["look"]);
});

test("users who dictate can switch letter keys off", async ({ cluster, open }) => {
  const { bert, people } = await together({ cluster, open });
  await bert.keyboard.press("?");
  await bert.getByLabel("Single-key shortcuts").uncheck();
  await bert.keyboard.press("Escape");
  await bert.keyboard.press("ArrowDown");
  await expect(person(bert, people[0].id)).toBeFocused();
  for (const key of ["a", "c", "h", "m", "x", "n"]) await bert.keyboard.press(key);
  await expect(bert.locator("dialog, [role=menu], .handling, .selected")).toHaveCount(0);
  expect(await cluster.lobbyOf(people[0].id)).toBe("waiting");
  await bert.keyboard.press("Shift+F10");
  await expect(bert.getByRole("menu")).toBeVisible();
  await bert.keyboard.press("Escape");
  await choose(person(bert, people[0].id), "claim");
  await expect(handled(bert, people[0].id)).toHaveText("Claimed by you");
});
