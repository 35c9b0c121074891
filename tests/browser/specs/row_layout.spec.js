// A row at every width: names come first, even long or invisible ones; participants on hold are apart from those who wait.
import { card, expect, person, test } from "../server.js";

const LONG = "Dr. Maximiliane Wolkenstein-Habsburg, court 3";

test.beforeEach(async ({ cluster }) => cluster.reset());

test("names get width first, from a phone to a wide screen", async ({ cluster, open }) => {
  const page = await open(cluster);
  const meeting = await cluster.meeting("Board call with a title that is rather long");
  const { id } = await cluster.join(meeting, LONG);
  const name = person(page, id).locator(".name > bdi");
  for (const width of [768, 850, 1024, 1200, 1280, 1440, 1920, 2560]) {
    await page.setViewportSize({ width, height: 800 });
    await expect(name).toHaveText(LONG);
    // One pixel for rounding of the line height.
    const isCut = () => name.evaluate((text) => text.scrollWidth > text.clientWidth || text.scrollHeight > text.clientHeight + 2);
    await expect.poll(isCut, { message: `cut at ${width} px` }).toBe(false);
  }
});

test("on a phone a row shows what fits, and the bridge's name does not stick out", async ({ cluster, open }) => {
  const page = await open(cluster, { viewport: { width: 390, height: 844 } });
  const { id } = await cluster.join(await cluster.meeting("Board call"), "Bo Berg");
  const row = person(page, id);
  await expect(row).toBeVisible();
  const outside = await row.evaluate((element) => {
    const { top, bottom } = element.getBoundingClientRect();
    const seen = [...element.children].filter((cell) => cell.getClientRects().length > 0);
    return seen
      .filter((cell) => cell.getBoundingClientRect().top < top - 1 || cell.getBoundingClientRect().bottom > bottom + 1)
      .map((cell) => cell.className);
  });
  expect(outside).toEqual([]);
});

test("invisible names are shown as no name and can be told apart", async ({ cluster, open }) => {
  const page = await open(cluster);
  const meeting = await cluster.meeting("\u2800\u200b");
  for (const blank of ["\u200b", "\u2800", "\u00ad", "\u{e0041}", "\u3164 \ufeff"]) {
    const { id } = await cluster.join(meeting, blank);
    await expect(person(page, id).locator(".name .nameless"), JSON.stringify(blank)).toHaveText("No name");
    await expect(person(page, id).locator(".name .tag")).toHaveText(id.slice(-4));
  }
  await expect(card(page, meeting.id).locator(".title .nameless")).toHaveText("Untitled meeting");
});

test("participants on hold count neither as waiting nor as the longest wait", async ({ cluster, open }) => {
  const page = await open(cluster);
  const meeting = await cluster.meeting("Board call");
  const first = await cluster.join(meeting, "Bo Berg");
  await expect(person(page, first.id)).toBeVisible();
  const second = await cluster.join(meeting, "Zoë Müller");
  await expect(person(page, second.id)).toBeVisible();
  await person(page, first.id).focus();
  await page.keyboard.press("h");
  await page.locator("#hold-reason").fill("waiting for an interpreter");
  await page.keyboard.press("Enter");
  const group = page.getByRole("grid", { name: "On hold" });
  await expect(group.locator(`[data-participant="${first.id}"]`)).toBeVisible();
  await expect(page.locator("#waiting-count")).toHaveText("1");
  await expect(page.locator("#held-count")).toHaveText("1");
  await expect(page.locator(".status-line")).toContainText("1 on hold");
  await expect(card(page, meeting.id).locator(".facts")).toContainText("1 on hold");
  // Move down from the last waiting participant to those on hold, and back.
  await person(page, second.id).focus();
  await page.keyboard.press("j");
  await expect(person(page, first.id)).toBeFocused();
  await page.keyboard.press("k");
  await expect(person(page, second.id)).toBeFocused();
});
