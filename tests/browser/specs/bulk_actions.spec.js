// Actions on several participants: they ask first across meetings or for many; the button is inert until its result; later arrivals do not
// join; and a control that has just appeared under the pointer takes no press.
import { screenshot, screenshotBoth } from "../screenshots.js";
import { admitOf, answer, card, expect, lastRequest, person, question, selectionButton, shownAll, test } from "../server.js";

/** Makes guests wait in meetings; returns each meeting with its participants. Each is on the page before the next joins, since two who are
 * read at once wait equally long, and their ids decide the order. */
async function waiting(cluster, page, meetings) {
  const all = [];
  for (const [name, guests] of Object.entries(meetings)) {
    const meeting = await cluster.meeting(name);
    const people = [];
    for (const guest of guests) {
      people.push(await cluster.join(meeting, guest));
      await expect(person(page, people.at(-1).id)).toBeVisible();
    }
    all.push({ meeting, people });
  }
  const ids = all.flatMap(({ people }) => people.map((each) => each.id));
  await expect(page.locator('.person[data-gone="no"]')).toHaveCount(ids.length);
  return { all, ids };
}

const guests = (n) => Array.from({ length: n }, (_, at) => `Guest ${String(at + 1).padStart(2, "0")}`);
const primaries = (page) => page.locator(".admit.main:visible");
const let_in = async (cluster, ids) =>
  (await Promise.all(ids.map((id) => cluster.lobbyOf(id)))).filter((state) => state === "in").length;

test.beforeEach(async ({ cluster }) => cluster.reset());

test("an admission across meetings asks first, names them, and admits only those it asked about", async ({ cluster, open }) => {
  const page = await open(cluster);
  const { all, ids } = await waiting(cluster, page, { "Board call": guests(6), "Ward round": ["Ana Silva"] });
  await expect(primaries(page), "no button across meetings stands out").toHaveCount(0);
  await shownAll(page).click();
  await expect(question(page)).toContainText("Admit 7 people into 2 meetings?");
  await expect(question(page).locator(".target-meetings li")).toHaveText([/Board call\s*6/, /Ward round\s*1/]);
  await expect(question(page).locator(".target-list li")).toHaveCount(6);
  await expect(question(page)).toContainText("and 2 more");
  await expect(question(page).locator('[data-answer="yes"]')).toBeFocused();
  await screenshotBoth(page, "hands-question");
  const late = await cluster.join(all[0].meeting, "Late Comer");
  await cluster.control("/leave", { participant: ids[6] });
  await expect(question(page)).toContainText("1 no longer included: Ana Silva");
  await expect(question(page).locator('[data-answer="yes"]')).toHaveText("Admit all 6");
  await page.keyboard.press("Enter");
  await expect(lastRequest(page)).toHaveText("Admitted 6");
  expect(await let_in(cluster, ids.slice(0, 6))).toBe(6);
  expect(await cluster.lobbyOf(late.id), "later arrivals never join").toBe("waiting");
});

test("an admission of more than ten asks first, one of ten does not; Escape cancels", async ({ cluster, open }) => {
  const page = await open(cluster);
  const { all, ids } = await waiting(cluster, page, { "Board call": guests(11) });
  await admitOf(card(page, all[0].meeting.id)).click();
  await expect(question(page)).toContainText("Admit 11 people?");
  await page.keyboard.press("Escape");
  await expect(question(page)).toHaveCount(0);
  expect(await let_in(cluster, ids)).toBe(0);
  await cluster.control("/leave", { participant: ids[10] });
  await expect(admitOf(card(page, all[0].meeting.id))).toHaveText("Admit 10");
  await page.mouse.move(700, 500);
  await admitOf(card(page, all[0].meeting.id)).click();
  await expect(lastRequest(page)).toHaveText("Admitted 10");
});

test("the button is inert from the click to the result, and until the pointer moves", async ({ cluster, open }) => {
  test.setTimeout(60_000);
  const page = await open(cluster);
  const { all, ids } = await waiting(cluster, page, { "Board call": guests(4) });
  await card(page, all[0].meeting.id).locator("button.open").click();
  const button = page.locator('.heading [data-action="admit"]');
  await expect(button).toHaveText("Admit 4");
  await cluster.switches({ latency_ms: 400 });
  const box = await button.boundingBox();
  const at = { x: box.x + box.width - 20, y: box.y + box.height / 2 };
  await page.mouse.move(at.x, at.y);
  await page.mouse.click(at.x, at.y);
  await expect(button).toHaveText("Admitting 4");
  await expect(button).toHaveAttribute("aria-disabled", "true");
  const late = await cluster.join(all[0].meeting, "Late Comer");
  // Clicked all the time, and once more right after the result.
  await expect
    .poll(
      async () => {
        await page.mouse.click(at.x, at.y);
        return lastRequest(page).textContent();
      },
      { intervals: [20], timeout: 15_000 },
    )
    .toBe("Admitted 4");
  await cluster.switches({ latency_ms: null });
  expect(await let_in(cluster, ids)).toBe(4);
  expect(await cluster.lobbyOf(late.id)).toBe("waiting");
  await expect(button).toHaveText("Admit 1");
  await page.mouse.move(at.x - 8, at.y);
  await expect(button).not.toHaveAttribute("aria-disabled", "true");
  await page.mouse.click(at.x - 8, at.y);
  await expect.poll(() => cluster.lobbyOf(late.id)).toBe("in");
});

test("a double click or a held key opens the question and does nothing else", async ({ cluster, open }) => {
  const page = await open(cluster);
  const { ids } = await waiting(cluster, page, { "Board call": ["Bo Berg"], "Ward round": ["Ana Silva"] });
  await shownAll(page).dblclick();
  await expect(question(page)).toBeVisible();
  await page.keyboard.press("Escape");
  await shownAll(page).focus();
  for (let n = 0; n < 6; n += 1) await page.keyboard.down("Enter");
  await expect(question(page)).toBeVisible();
  for (let n = 0; n < 6; n += 1) await page.keyboard.down("Enter");
  await page.keyboard.up("Enter");
  await expect(question(page)).toBeVisible();
  expect(await let_in(cluster, ids)).toBe(0);
  await answer(page, "yes");
  await expect(lastRequest(page)).toHaveText("Admitted 2");
});

test("only one Admit button stands out, and none admits those hidden by the search", async ({ cluster, open }) => {
  const page = await open(cluster);
  const { all, ids } = await waiting(cluster, page, { "Board call": ["Bo Berg", "Zoë Müller", "Ana Silva"] });
  await expect(primaries(page)).toHaveText(["Admit 3"]);
  await person(page, ids[0]).locator("input").check();
  await person(page, ids[1]).locator("input").check();
  await expect(primaries(page), "the selection's").toHaveText(["Admit 2"]);
  await screenshot(page, "hands-selection");
  await page.locator("#search").fill("müller");
  await expect(primaries(page)).toHaveText(["Admit 1 shown"]);
  await expect(page.locator(".selected")).toContainText("1 of them hidden");
  await expect(admitOf(card(page, all[0].meeting.id))).toHaveText("Admit 1 shown");
  await page.getByRole("button", { name: "Clear" }).click();
  await expect(shownAll(page).first()).toHaveText("Admit 1 shown");
  await person(page, ids[1]).focus();
  await page.keyboard.press("Shift+E");
  await expect(question(page)).toContainText(
    "2 more people waiting here are hidden by the search or a filter and stay in the lobby.",
  );
  await answer(page, "yes");
  await expect(lastRequest(page)).toHaveText("Admitted 1");
  expect(await Promise.all(ids.map((id) => cluster.lobbyOf(id)))).toEqual(["waiting", "in", "waiting"]);
});

test("an undo of many asks first, and the countdown pauses meanwhile", async ({ cluster, open }) => {
  test.setTimeout(60_000);
  const page = await open(cluster);
  const { ids } = await waiting(cluster, page, { "Board call": ["Bo Berg"], "Ward round": ["Ana Silva"] });
  await page.locator("#select-all").check();
  await selectionButton(page).click();
  await answer(page, "yes");
  await expect(lastRequest(page)).toHaveText("Admitted 2");
  await page.keyboard.press("u");
  await expect(question(page)).toContainText("Undo the admission of 2 people into 2 meetings?");
  await screenshot(page, "hands-undo");
  await page.keyboard.press("Enter");
  await expect(lastRequest(page)).toHaveText("Sent 2 back");
  expect(await let_in(cluster, ids)).toBe(0);
});

test("the keys n and a admit the next participant, however quickly they are pressed", async ({ cluster, open }) => {
  const page = await open(cluster);
  const { ids } = await waiting(cluster, page, { "Board call": ["Bo Berg", "Zoë Müller", "Ana Silva"] });
  await person(page, ids[2]).focus();
  await page.keyboard.press("n");
  await page.keyboard.press("a");
  await expect.poll(() => cluster.lobbyOf(ids[0])).toBe("in");
  expect(await cluster.lobbyOf(ids[2]), "not the participant with the focus").toBe("waiting");
});

test("a refusal is shown in words, with advice and its code, also in the log", async ({ cluster, open }) => {
  const page = await open(cluster, { role: "admin" });
  const { ids } = await waiting(cluster, page, { "Board call": ["Björn Müller"] });
  await cluster.switches({ admit_without_activator: "refuse" });
  await admitOf(person(page, ids[0])).click();
  await expect(person(page, ids[0]).locator(".outcome")).toContainText("Ask a host to join, then try again.");
  await expect(person(page, ids[0]).locator(".outcome .code")).not.toBeEmpty();
  await page.getByRole("button", { name: "Show 1" }).click();
  await expect(page.getByRole("dialog", { name: "Not admitted" })).toContainText("CMS refused to admit Björn Müller.");
  await screenshotBoth(page, "hands-refused");
  await page.goto(`${cluster.url}/log`);
  await expect(page.locator('[data-reason="refused"]').first()).toContainText("Ask a host to join, then try again.");
  await expect(page.locator('[data-reason="refused"] .code').first()).toHaveText(/^[a-zA-Z]+$/);
});
