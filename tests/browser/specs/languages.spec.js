// Languages, directions and time zones in a browser: which language a page has, and that its texts fit.
import { readFileSync } from "node:fs";
import { screenshot } from "../screenshots.js";
import { admitOf, card, expect, live, person, signIn, test } from "../server.js";

const LOCALES = { en: "en-GB", de: "de-DE", fr: "fr-FR", es: "es-ES" };
const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 780 };
const words = Object.fromEntries(
  Object.keys(LOCALES).map((code) => [
    code,
    JSON.parse(readFileSync(new URL(`../../../web/i18n/${code}.json`, import.meta.url), "utf8")),
  ]),
);
const lang = (page) => expect(page.locator("html"));

/** A meeting with participants in the lobby and in the call. @param {import("../server.js").Demo} demo */
async function busy(demo) {
  const board = await demo.meeting("Board call");
  const waiting = [];
  for (const name of ["Zoë Müller", "محمد بن عبد العزيز", "Bo Berg (Legal) 2"]) waiting.push(await demo.join(board, name));
  await demo.join(board, "שרה כהן", { role: "member" });
  const member = await demo.join(board, "Mona Host", { role: "member" });
  return { board, waiting, member };
}

/** Buttons, headings and labels too small for their text. A name (in a `bdi`) may be shortened. */
const cut = (page) =>
  page.evaluate(() => {
    const owns =
      "button, summary, h1, h2, th, td, dt, dd, label, select, .chip, .fact:not(.bridges-of), .grid-head span:not(.unseen), .doing, .tabs span";
    const faults = [...document.querySelectorAll(owns)].flatMap((element) => {
      const tooLong = element.clientWidth > 0 && element.scrollWidth > element.clientWidth;
      return tooLong && element.checkVisibility() && !element.querySelector("bdi") ? [element.outerHTML.slice(0, 200)] : [];
    });
    const page = document.documentElement;
    return page.scrollWidth > page.clientWidth ? [...faults, `the page is ${page.scrollWidth} px wide`] : faults;
  });

test("a German browser gets German sign-in, errors and desk", async ({ demo, open }) => {
  const page = await open(demo, { role: "nobody", path: "/login", locale: "de-CH" });
  await lang(page).toHaveAttribute("lang", "de");
  await lang(page).toHaveAttribute("dir", "ltr");
  await expect(page.locator("[data-submit]")).toHaveText("Anmelden");
  const account = demo.account("moderator");
  await signIn(page, { name: account.name, password: "not the password" });
  await expect(page.locator("#password")).toHaveAccessibleDescription("Benutzername oder Passwort ist falsch.");
  await signIn(page, account);
  await live(page);
  await lang(page).toHaveAttribute("lang", "de");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Wartende");
  await page.goto(`${demo.url}/no-such-page`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Seite nicht gefunden.");
});

test("a browser in an unsupported language gets English", async ({ demo, open }) => {
  const page = await open(demo, { role: "nobody", path: "/login", locale: "sv-SE" });
  await lang(page).toHaveAttribute("lang", "en");
});

test("the account page's choice overrides the browser's language, until it is reset", async ({ demo, open }) => {
  const page = await open(demo, { path: "/account", locale: "fr-FR" });
  const select = page.locator("#language");
  const choose = async (option) => {
    await select.selectOption(option);
    await page.locator('form[action$="/account/language"] button').click();
  };
  await expect(select.locator("option")).toHaveText(["Celle du navigateur", "Deutsch", "English", "Español", "Français"]);
  await choose("Deutsch");
  await expect(page.locator(".message.good")).toHaveText("Die Seiten sind jetzt auf Deutsch.");
  await lang(page).toHaveAttribute("lang", "de");
  await expect(select).toHaveValue("de");
  await page.goto(demo.url);
  await live(page);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Wartende");
  await page.context().clearCookies({ name: "usher" });
  await page.goto(demo.url);
  await expect(page.locator("[data-submit]")).toHaveText("Anmelden");
  await signIn(page, demo.account("moderator"));
  await live(page);
  await page.goto(`${demo.url}/account`);
  await choose("Wie im Browser");
  await expect(page.locator(".message.good")).toHaveText(words.fr["done.language"]);
  await page.goto(demo.url);
  await live(page);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("En attente");
});

for (const [code, locale] of Object.entries(LOCALES)) {
  for (const viewport of [DESKTOP, PHONE]) {
    test(`no text is cut in ${code} at ${viewport.width} px`, async ({ demo, open }) => {
      await demo.clear();
      const { board, waiting } = await busy(demo);
      const page = await open(demo, { role: "admin", locale, viewport });
      const fits = async (name) => {
        await screenshot(page, `language-${code}-${viewport.width}-${name}`);
        expect(await cut(page), name).toEqual([]);
      };
      await lang(page).toHaveAttribute("lang", code);
      await expect(admitOf(person(page, waiting[0].id))).toHaveText(words[code].admit);
      await expect(page.locator(".status-line > .fact")).toHaveCount(1);
      await page.locator(".person input").first().check();
      await fits("desk");
      await page.locator(".me").click();
      await fits("menu");
      await page.keyboard.press("Escape");
      await page.keyboard.press("?");
      await fits("keys");
      await page.keyboard.press("Escape");
      await page.goto(`${demo.url}/#meeting=${board.id}`);
      await live(page);
      await expect(page.locator(".call .person")).toHaveCount(2);
      await fits("meeting");
      await page.goto(`${demo.url}/#bridges`);
      await page.reload();
      await expect(page.locator(".col-rate.number").first()).toContainText(/\d/);
      await fits("board");
      for (const path of ["account", "users", "no-such-page"]) {
        await page.goto(`${demo.url}/${path}`);
        await fits(path);
      }
      await demo.clear();
    });
  }
}

test("times are in the browser's zone and the language's form", async ({ demo, open }) => {
  await demo.clear();
  const { board, member } = await busy(demo);
  for (const timeZone of ["Asia/Tokyo", "America/New_York"]) {
    const page = await open(demo, { role: "admin", locale: "de-DE", timezoneId: timeZone });
    await card(page, board.id).locator(".open").click();
    const since = person(page, member.id).locator(".when time");
    await expect(since).toBeVisible();
    const short = new Intl.DateTimeFormat("de", { timeZone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    await expect(since).toHaveText(`um ${short.format(new Date(await since.getAttribute("datetime")))}`);
    await page.goto(`${demo.url}/users`);
    const created = page.locator("time[data-moment]").first();
    const date = /** @type {const} */ ({ day: "numeric", month: "short", year: "numeric" });
    const long = new Intl.DateTimeFormat("de", { timeZone, ...date, hour: "2-digit", minute: "2-digit" });
    await expect(created).toHaveText(long.format(new Date(await created.getAttribute("datetime"))));
  }
  await demo.clear();
});

for (const viewport of [DESKTOP, PHONE]) {
  test(`in a right-to-left language the desk is mirrored at ${viewport.width} px`, async ({ demo, open }) => {
    await demo.clear();
    const { board, waiting } = await busy(demo);
    const page = await open(demo, { viewport });
    await expect(person(page, waiting[0].id)).toBeVisible();
    const places = async () => {
      const middle = async (/** @type {string} */ part) => {
        const box = await page.locator(part).first().boundingBox();
        return box ? Math.round(box.x + box.width / 2) : null;
      };
      const row = `[data-participant="${waiting[0].id}"]`;
      const parts = [".meetings", ".people", ".brand", ".me", ".tick-all", `${row} .tick label`, `${row} .name`, `${row} .admit`];
      return Promise.all(parts.map(middle));
    };
    const mirrored = (/** @type {(number | null)[]} */ all) => all.map((x) => (x === null ? null : viewport.width - x));
    const near = (/** @type {(number | null)[]} */ all) => all.map((x) => (x === null ? null : Math.round(x / 4)));
    const before = await places();
    await page.evaluate(() => {
      document.documentElement.dir = "rtl";
    });
    await expect.poll(async () => near(await places())).toEqual(near(mirrored(before)));
    expect(await cut(page)).toEqual([]);
    await screenshot(page, `rtl-${viewport.width}-desk`);
    // An address in Latin letters begins at the line's start; one that is too long is cut at its end.
    const gap = await person(page, waiting[0].id)
      .locator(".address bdi")
      .evaluate((address) => {
        const text = document.createRange();
        text.selectNodeContents(address);
        return address.getBoundingClientRect().right - text.getBoundingClientRect().right;
      });
    expect(gap).toBeLessThan(1);
    // Arrow keys move in the direction that they show.
    await person(page, waiting[0].id).focus();
    await page.keyboard.press("ArrowLeft");
    await expect(person(page, waiting[0].id).locator("input")).toBeFocused();
    await page.goto(`${demo.url}/#meeting=${board.id}`);
    await page.evaluate(() => {
      document.documentElement.dir = "rtl";
    });
    await expect(page.locator(".call .person")).toHaveCount(2);
    await screenshot(page, `rtl-${viewport.width}-meeting`);
    expect(await cut(page)).toEqual([]);
    await demo.clear();
  });
}
