// A row at every width: names come first, even long or invisible ones; the longest wait leads; participants on hold are apart from those who
// wait.
import { forget } from "../audio_spy.js";
import { admitOf, card, expect, person, test } from "../server.js";

/** Long names that differ at their end only, in many scripts. */
const NAMES = [
  "Dr. Maximiliane Wolkenstein-Habsburg, court 3",
  "Dr. Maximiliane Wolkenstein-Habsburg, court 4",
  "Αλέξανδρος Παπαδόπουλος-Καραμανλής, αίθουσα 12",
  "Александра Константиновна Преображенская-Нечаева",
  "محمد بن عبد العزيز بن عبد الرحمن آل سعود 2",
  "東京都庁第一本庁舎北塔四十二階特別会議室3",
  "सुब्रह्मण्यम चन्द्रशेखर वेंकटरामन, कक्ष 7",
];
const TITLE = "District court of Northern Jutland, family division, hall";
const DESKTOP = [768, 1024, 1100, 1280, 1440, 1920, 2560];
const HEIGHT = 800;

/** The names in the desk's rows that are cut, and how much wider the page or a list is than its window.
 * @param {import("@playwright/test").Page} page */
const faults = (page) =>
  page.evaluate(() => {
    const isCut = (/** @type {Element} */ text) =>
      // One pixel for rounding of the line height.
      text.scrollWidth > text.clientWidth || text.scrollHeight > text.clientHeight + 2;
    const cut = [...document.querySelectorAll(".person .name > bdi")].filter(isCut).map((name) => name.textContent);
    const wide = [document.documentElement, ...document.querySelectorAll("[data-scroller]")].filter(
      (each) => each.scrollWidth > each.clientWidth,
    );
    return [...cut, ...wide.map((each) => each.className || "the page")];
  });

/** The widest room without text or control in a row, in pixels. @param {import("@playwright/test").Locator} row */
const widestGap = (row) =>
  row.evaluate((element) => {
    const { left, right } = element.getBoundingClientRect();
    const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const boxes = [...element.querySelectorAll("button, input, svg")].map((each) => each.getBoundingClientRect());
    const range = document.createRange();
    while (texts.nextNode()) {
      range.selectNodeContents(texts.currentNode);
      boxes.push(...range.getClientRects());
    }
    const seen = boxes.filter(({ width }) => width > 1).sort((a, b) => a.left - b.left);
    let [end, gap] = [left, 0];
    for (const box of seen) {
      gap = Math.max(gap, box.left - end);
      end = Math.max(end, box.right);
    }
    return Math.max(gap, right - end);
  });

/** The parts of rows that stick out of their row, and rows that cover the next one. @param {import("@playwright/test").Page} page */
const outOfPlace = (page) =>
  page.locator(".person").evaluateAll((rows) => {
    const boxOf = (/** @type {Element} */ each) => each.getBoundingClientRect();
    const sorted = [...rows].sort((a, b) => boxOf(a).top - boxOf(b).top);
    const covered = sorted.filter((row, at) => {
      const next = sorted[at + 1];
      return next && next.parentElement === row.parentElement && boxOf(row).bottom > boxOf(next).top + 1;
    });
    const outside = rows.flatMap((row) => {
      const { top, bottom } = boxOf(row);
      const parts = [...row.querySelectorAll("bdi, time, button, .about, .lead")].filter(
        (part) => part.getClientRects().length > 0,
      );
      return parts.filter((part) => boxOf(part).top < top - 1 || boxOf(part).bottom > bottom + 1);
    });
    return [...covered, ...outside].map((each) => each.outerHTML.slice(0, 120));
  });

/** Whether the whole of a text is in view in the box around it. @param {import("@playwright/test").Locator} text @param {string} around */
const isWithin = (text, around) =>
  text.evaluate((element, around) => {
    const [own, box] = [element.getBoundingClientRect(), element.closest(around)?.getBoundingClientRect()];
    if (!box || own.width === 0) return false;
    return own.left >= box.left - 1 && own.right <= box.right + 1 && own.top >= box.top - 1 && own.bottom <= box.bottom + 1;
  }, around);

test.beforeEach(async ({ cluster }) => cluster.reset());

test("from a tablet to a wide screen names are whole, nothing sticks out, and no room is left empty", async ({ cluster, open }) => {
  test.setTimeout(90_000);
  const page = await open(cluster);
  const people = [];
  for (const [at, name] of NAMES.entries())
    people.push(
      await cluster.join(await cluster.meeting(`${TITLE} ${at + 1}`), name, { uri: `guest-${at}.of.the.court@example.org` }),
    );
  people.push(await cluster.join(await cluster.meeting("Board call"), "Bo"));
  for (const { id } of people) await expect(person(page, id)).toBeVisible();
  for (const width of DESKTOP) {
    await page.setViewportSize({ width, height: HEIGHT });
    await expect.poll(() => faults(page), { message: `cut at ${width} px` }).toEqual([]);
    expect(await outOfPlace(page), `${width} px`).toEqual([]);
    for (const row of await page.locator(".person, .card").all()) expect(await widestGap(row), `${width} px`).toBeLessThan(600);
    for (const end of await page.locator(".card .title .end").all()) expect(await isWithin(end, ".open"), `${width} px`).toBe(true);
  }
});

test("where a name does not fit, its end stays readable", async ({ cluster, open }) => {
  const page = await open(cluster);
  const meeting = await cluster.meeting(`${TITLE} 3`);
  const { id } = await cluster.join(meeting, NAMES[0]);
  await person(page, id).focus();
  await page.keyboard.press("h");
  await page.locator("#hold-reason").fill("waiting for an interpreter who comes by train");
  await page.keyboard.press("Enter");
  await expect(person(page, id).locator(".about")).toBeVisible();
  for (const width of [320, 390, ...DESKTOP]) {
    await page.setViewportSize({ width, height: HEIGHT });
    const end = person(page, id).locator(".name .end");
    await expect(end).toHaveText("court 3");
    await expect.poll(() => isWithin(end, ".who"), { message: `${width} px` }).toBe(true);
    expect(await outOfPlace(page), `${width} px`).toEqual([]);
  }
});

test("rows are as high as the list's layout wants, also after the window has changed", async ({ cluster, open }) => {
  const page = await open(cluster);
  const meeting = await cluster.meeting("Board call");
  const people = [await cluster.join(meeting, "Bo Berg"), await cluster.join(meeting, "Zoë Müller")];
  for (const { id } of people) await expect(person(page, id)).toBeVisible();
  for (const [width, height] of [
    [390, 74],
    [768, 54],
    [1100, 54],
    [1280, 40],
    [1920, 40],
    [2560, 40],
  ]) {
    await page.setViewportSize({ width, height: HEIGHT });
    const layout = () =>
      page.locator(".rows.lobby").evaluate((rows) => {
        const all = [...rows.children].map((row) => row.getBoundingClientRect());
        return {
          list: rows.getBoundingClientRect().height,
          rows: all.map((row) => row.height),
          step: Math.abs(all[1].top - all[0].top),
        };
      });
    await expect.poll(layout, { message: `${width} px` }).toEqual({ list: 2 * height, rows: [height, height], step: height });
  }
});

test("the longest wait leads the page in any order, with the only button that stands out", async ({ cluster, open }) => {
  const page = await open(cluster);
  const first = await cluster.join(await cluster.meeting("Board call"), "Zoë Müller");
  await expect(person(page, first.id)).toBeVisible();
  const second = await cluster.join(await cluster.meeting("Ward round"), "Bo Berg");
  await expect(person(page, second.id)).toBeVisible();
  const look = (id) =>
    person(page, id).evaluate((row) => ({
      size: Number.parseFloat(getComputedStyle(row.querySelector(".wait") ?? row).fontSize),
      filled: getComputedStyle(row.querySelector('[data-action="admit"]') ?? row).backgroundColor,
    }));
  const leads = async () => {
    const [one, other] = [await look(first.id), await look(second.id)];
    return [one.size > other.size, one.filled !== other.filled];
  };
  await page.locator(".brand").hover();
  await expect.poll(leads).toEqual([true, true]);
  await page.locator(".col-who button").click();
  await page.locator(".brand").hover();
  await expect(page.locator(".person").first()).toBeVisible();
  await expect.poll(leads, "ordered by name, Bo is first").toEqual([true, true]);
  await person(page, second.id).locator("input").check();
  await page.locator(".brand").hover();
  await expect.poll(leads, "the selection has the main button").toEqual([true, false]);
  await page.getByRole("button", { name: "Clear" }).click();
  await admitOf(person(page, first.id)).click();
  await expect(person(page, second.id), "the next one").toHaveAttribute("data-longest", "yes");
  await forget(page);
});

test("an arrival is marked as new for some seconds; a wait that may be shorter says so, apart from its digits", async ({
  ownCluster: cluster,
  open,
}) => {
  test.setTimeout(90_000);
  const meeting = await cluster.meeting("Board call");
  await cluster.usher.stop();
  const early = await cluster.join(meeting, "Bo Berg");
  await cluster.startUsher();
  const page = await open(cluster);
  await expect(person(page, early.id).locator(".lead")).toHaveText("up to");
  const { id } = await cluster.join(meeting, "Zoë Müller");
  await expect(person(page, id).locator(".lead")).toHaveText("new");
  for (const width of [320, 390, ...DESKTOP]) {
    await page.setViewportSize({ width, height: HEIGHT });
    const apart = () =>
      person(page, early.id)
        .locator(".wait")
        .evaluate((wait) => {
          const [word, digits] = ["span", "time"].map((part) => wait.querySelector(part)?.getBoundingClientRect());
          return word !== undefined && digits !== undefined && (digits.left - word.right >= 4 || word.top >= digits.bottom - 2);
        });
    await expect.poll(apart, { message: `${width} px` }).toBe(true);
  }
  await expect(person(page, id).locator(".lead"), "no longer new").toHaveCount(0, { timeout: 20_000 });
});

test("a wide window shows those in the call beside the list, of the open meeting or of the focused row", async ({
  cluster,
  open,
}) => {
  const page = await open(cluster, { viewport: { width: 2560, height: HEIGHT } });
  const pane = page.getByRole("complementary", { name: "In the call" });
  await expect(pane).toContainText("When someone is waiting, the people already in their meeting appear here.");
  const guests = {};
  for (const [title, host] of Object.entries({ "Board call": "Mona Host", "Ward round": "Tom Host" })) {
    const meeting = await cluster.meeting(title);
    await cluster.join(meeting, host, { role: "host" });
    await cluster.control("/lock", { meeting: meeting.id });
    guests[title] = await cluster.join(meeting, `Guest of ${title}`);
    await expect(person(page, guests[title].id)).toBeVisible();
  }
  await expect(pane.getByRole("heading").first(), "the longest wait's").toContainText("Board call");
  await expect(pane.locator(".person .name > bdi")).toHaveText("Mona Host");
  await person(page, guests["Ward round"].id).focus();
  await expect(pane.locator(".person .name > bdi")).toHaveText("Tom Host");
  // The pane stays while the focus is in it.
  await pane.locator(".person").focus();
  await expect(pane.locator(".person")).toBeFocused();
  await page.setViewportSize({ width: 1920, height: HEIGHT });
  await expect(pane, "no room beside all columns").toHaveCount(0);
  await page.keyboard.press("Escape");
  await person(page, guests["Board call"].id).focus();
  await page.keyboard.press("Enter");
  await expect(pane.getByRole("grid", { name: "In the call" }).locator(".person .name > bdi")).toHaveText("Mona Host");
  await page.setViewportSize({ width: 1440, height: HEIGHT });
  await expect(pane).toHaveCount(0);
  await expect(page.locator("#people").getByRole("grid", { name: "In the call" }).locator(".person .name > bdi")).toHaveText(
    "Mona Host",
  );
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
