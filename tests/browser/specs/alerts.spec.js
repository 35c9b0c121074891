// Alerts: an arrival sounds and notifies once, a wait that is too long until it is acknowledged.
import { audioSpy, focus, forget, hide, notified, pass, sounded } from "../audio_spy.js";
import { card, expect, live, person, test } from "../server.js";

/** A desk whose sounds are recorded, with nobody waiting. */
const listening = async (desk, how = {}) => {
  const page = await desk.open({ init: audioSpy(how), ...how });
  await expect(page.locator("[data-participant]")).toHaveCount(0);
  return page;
};

test.afterEach(async ({ desk }) => forget(desk.page));

test("twenty arrivals within ten seconds make one sound and one notification with their number", async ({ desk }) => {
  const { demo } = desk;
  const page = await listening(desk);
  await focus(page, false);
  const board = await demo.meeting("Board call");
  const began = Date.now();
  for (let n = 0; n < 20; n++) await demo.join(board, `Guest ${n}`);
  expect(Date.now() - began, "they came within ten seconds").toBeLessThan(10_000);
  await expect(page.locator("#waiting-count")).toHaveText("20");
  await expect.poll(() => notified(page)).toEqual([expect.objectContaining({ title: "20 new in Board call" })]);
  expect(await sounded(page)).toEqual(["arrival"]);
  const shown = await page.evaluate(() =>
    globalThis.audioSpy.notices.map(({ tag, renotify, silent }) => ({ tag, renotify, silent })),
  );
  expect(new Set(shown.map(({ tag }) => tag)).size, "they replace each other").toBe(1);
  expect(shown.filter(({ renotify }) => renotify).length, "only the first one alerts").toBe(1);
  expect(
    shown.every(({ silent }) => silent),
    "the page makes the sound",
  ).toBe(true);
});

test("a notification names a single arrival, counts those of several meetings, opens the meeting on a click, and closes when nobody waits", async ({
  desk,
}) => {
  const { demo } = desk;
  const page = await listening(desk);
  await focus(page, false);
  const board = await demo.meeting("Board call");
  const bo = await demo.join(board, "Bo Berg");
  await expect
    .poll(() => notified(page))
    .toEqual([expect.objectContaining({ title: "Bo Berg is waiting in Board call", body: "Bo Berg" })]);
  await page.evaluate(() => globalThis.audioSpy.notices.at(-1).onclick());
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Board call");
  await page.keyboard.press("Escape");
  const ana = await demo.join(await demo.meeting("Ward round"), "Ana Silva");
  await expect.poll(() => notified(page)).toEqual([expect.objectContaining({ title: "2 new in 2 meetings" })]);
  for (const { id } of [bo, ana]) await demo.control("/leave", { participant: id });
  await expect.poll(() => notified(page)).toEqual([]);
  expect(await sounded(page)).toEqual(["arrival"]);
});

test("a user who looks at the page hears a sound and gets no notification", async ({ desk }) => {
  const page = await listening(desk);
  await desk.demo.join(await desk.demo.meeting("Board call"), "Bo Berg");
  await expect.poll(() => sounded(page)).toEqual(["arrival"]);
  expect(await notified(page)).toEqual([]);
});

test("only arrivals after the page was opened alert, also those during a lost connection, once", async ({ desk }) => {
  const { demo } = desk;
  const board = await demo.meeting("Board call");
  for (const name of ["A", "B", "C"]) await demo.join(board, name);
  const page = await desk.open({ init: audioSpy() });
  let cut = () => {};
  let open = true;
  await page.routeWebSocket(/\/ws$/, (socket) => {
    if (!open) return socket.close({ code: 1011 });
    socket.connectToServer();
    cut = () => socket.close({ code: 1011 });
  });
  await page.reload();
  await live(page);
  await expect(page.locator("[data-participant]")).toHaveCount(3);
  open = false;
  cut();
  await expect(page.locator(".status-line")).toContainText("Connection to the server lost");
  for (const name of ["D", "E"]) await demo.join(board, name);
  expect(await sounded(page)).toEqual([]);
  open = true;
  await expect(page.locator("[data-participant]")).toHaveCount(5, { timeout: 20_000 });
  await expect.poll(() => sounded(page)).toEqual(["arrival"]);
});

test("a hidden tab, whose timers sleep, plays sounds, notifies, and counts in its title and icon", async ({ desk }) => {
  const { demo } = desk;
  const page = await listening(desk);
  const sign = () => page.locator('link[rel="icon"]').getAttribute("href");
  // The title changes at most once a second.
  await pass(page, 2000);
  await hide(page, true);
  const board = await demo.meeting("Board call");
  const bo = await demo.join(board, "Bo Berg");
  await expect.poll(() => sounded(page)).toEqual(["arrival"]);
  await expect.poll(() => notified(page)).toEqual([expect.objectContaining({ title: "Bo Berg is waiting in Board call" })]);
  await expect(page).toHaveTitle("(1) Usher");
  await expect.poll(sign).toMatch(/^data:image\/svg\+xml,.*%3E1%3C%2Ftext/);
  await hide(page, false);
  await expect.poll(() => notified(page), "a user who looks has seen it").toEqual([]);
  await demo.control("/leave", { participant: bo.id });
  await expect(page).toHaveTitle("Usher");
  await expect.poll(sign).toMatch(/usher\.svg$/);
});

test("a tab without a connection does not look as if nobody waited", async ({ desk }) => {
  test.setTimeout(90_000);
  const page = await desk.open({ init: audioSpy() });
  /** @type {import("@playwright/test").WebSocketRoute[]} */
  const sockets = [];
  let cut = false;
  await page.routeWebSocket(/\/ws$/, (route) => {
    if (cut) return route.close();
    route.connectToServer();
    sockets.push(route);
  });
  await page.reload();
  await live(page);
  await expect(page).toHaveTitle(/Usher$/);
  await focus(page, false);
  cut = true;
  await sockets.at(-1)?.close();
  await expect(page.locator(".columns")).toHaveAttribute("data-phase", "lost");
  await expect(page).not.toHaveTitle(/No connection/);
  await pass(page, 11_000);
  await expect(page).toHaveTitle("No connection – Usher");
  await expect(page.locator('link[rel="icon"]')).toHaveAttribute("href", /^data:image\/svg.*%3E%3F%3C/);
  await expect.poll(async () => (await notified(page)).map(({ title }) => title)).toEqual(["No connection – Usher"]);
  cut = false;
  await expect(page).toHaveTitle(/^(\(\d+\) )?Usher$/, { timeout: 45_000 });
  expect(await notified(page)).toEqual([]);
});

test("of two tabs of a browser only the one looked at last alerts, and the other one when that is closed", async ({ desk }) => {
  const { demo } = desk;
  const first = await listening(desk);
  const second = await first.context().newPage();
  await second.goto(demo.url);
  await live(second);
  await focus(first, false);
  await focus(second, true);
  await focus(second, false);
  const board = await demo.meeting("Board call");
  await demo.join(board, "Bo Berg");
  for (const page of [first, second]) await expect(page.locator("#waiting-count")).toHaveText("1");
  await expect.poll(() => sounded(second)).toEqual(["arrival"]);
  await expect.poll(() => notified(second)).toHaveLength(1);
  expect(await sounded(first)).toEqual([]);
  expect(await notified(first)).toEqual([]);
  await second.close();
  await pass(first, 120_000);
  await demo.join(board, "Zoë Müller");
  await expect.poll(() => sounded(first)).toEqual(["arrival"]);
});

test("the page says that the browser blocks sound, until a click allows it", async ({ desk }) => {
  const { demo } = desk;
  const page = await listening(desk, { lets: false });
  await expect(page.locator(".bell")).toHaveAttribute("data-state", "blocked");
  await expect(page.locator(".bell")).toContainText("sound blocked");
  const board = await demo.meeting("Board call");
  await demo.join(board, "Bo Berg");
  await expect(page.locator("#waiting-count")).toHaveText("1");
  expect(await sounded(page)).toEqual([]);
  await page.locator(".bell").click();
  const panel = page.getByRole("dialog", { name: "Sound and notifications" });
  await expect(panel).toContainText("The browser blocks sound until you click or press a key");
  await page.evaluate(() => {
    globalThis.audioSpy.lets = true;
  });
  await panel.getByRole("button", { name: "Turn sound on" }).click();
  await expect(panel.getByRole("button", { name: "Turn sound on" })).toHaveCount(0);
  await expect(page.locator(".bell")).toHaveAttribute("data-state", "on");
  await pass(page, 120_000);
  await demo.join(board, "Zoë Müller");
  await expect.poll(() => sounded(page)).toEqual(["arrival"]);
});

test("the page asks for notifications only after a click, and shows the browser's answer", async ({ desk }) => {
  const page = await listening(desk, { permission: "default" });
  await expect(page.locator(".bell")).toContainText("notifications off");
  expect(await page.evaluate(() => Notification.permission)).toBe("default");
  await page.locator(".bell").click();
  await page.getByRole("button", { name: "Turn on notifications" }).click();
  await expect(page.locator(".bell")).toHaveAttribute("data-state", "on");
  expect(await page.evaluate(() => Notification.permission)).toBe("granted");
  const denied = await listening(desk, { permission: "denied" });
  await denied.locator(".bell").click();
  await expect(denied.getByRole("dialog", { name: "Sound and notifications" })).toContainText("The browser blocks notifications");
});

test("with sound off, saved, a followed meeting still sounds; a muted one never does, by its name on another day", async ({
  desk,
}) => {
  test.setTimeout(80_000);
  const { demo } = desk;
  const page = await listening(desk);
  const [board, ward, talk] = [await demo.meeting("Board call"), await demo.meeting("Ward round"), await demo.meeting("Talk")];
  await expect(card(page, talk.id)).toBeVisible();
  const switchOn = async (meeting, name) => {
    await card(page, meeting.id).locator(".open").click();
    await page.getByRole("button", { name, exact: true }).click();
    await expect(page.getByRole("button", { name, exact: true })).toHaveAttribute("aria-pressed", "true");
    await page.keyboard.press("Escape");
  };
  await switchOn(ward, "Follow this meeting");
  await switchOn(talk, "Mute alerts for this meeting");
  await expect(page.locator("li.card").first(), "followed meetings come first").toHaveAttribute("data-meeting", ward.id);
  await demo.join(talk, "Tom");
  await expect(page.locator("#waiting-count")).toHaveText("1");
  expect(await sounded(page)).toEqual([]);

  await page.locator(".bell").click();
  await page.getByRole("checkbox", { name: /^Sound/ }).uncheck();
  await page.keyboard.press("Escape");
  await expect(page.locator(".bell")).toHaveAttribute("data-state", "off");
  await demo.join(board, "Bo Berg");
  await expect(page.locator("#waiting-count")).toHaveText("2");
  expect(await sounded(page)).toEqual([]);
  // Right after a silent arrival in another meeting, which must not suppress this sound.
  await demo.join(ward, "Ana Silva");
  await expect.poll(() => sounded(page)).toEqual(["arrival"]);

  // Another page of the same user on another day: other meetings with the same names.
  for (const each of [ward, talk]) await demo.control("/end", { meeting: each.id });
  const [tomorrow, again] = [await demo.meeting("Ward round"), await demo.meeting("Talk")];
  const later = await desk.open({ init: audioSpy() });
  await expect(later.locator(".bell")).toHaveAttribute("data-state", "off");
  await demo.join(again, "Tom");
  await expect(later.locator("#waiting-count")).toHaveText("2");
  expect(await sounded(later)).toEqual([]);
  await demo.join(tomorrow, "Ana Silva");
  await expect.poll(() => sounded(later)).toEqual(["arrival"]);
  await expect(card(later, tomorrow.id)).toContainText("You are following this meeting");
});

/** Sets an open meeting's thresholds. */
async function thresholds(page, first, second) {
  await page.locator("button[data-chip=thresholds]").click();
  await page.getByLabel("Long after", { exact: true }).fill(first);
  await page.getByLabel("Too long after", { exact: true }).fill(second);
  await page.getByRole("button", { name: "Save", exact: true }).click();
}

test("a meeting can have its own thresholds, which everybody sees by shape, words and colour, and get the configured ones back", async ({
  desk,
}) => {
  const { demo } = desk;
  const page = await listening(desk);
  const other = await desk.open({ role: "admin" });
  const [board, ward] = [await demo.meeting("Board call"), await demo.meeting("Ward round")];
  const [bo, ana] = [await demo.join(board, "Bo Berg"), await demo.join(ward, "Ana Silva")];
  await card(page, board.id).locator(".open").click();
  const chip = page.locator("button[data-chip=thresholds]");
  await expect(chip).toContainText("2:00 / 5:00");
  await chip.click();
  await expect(page.getByRole("dialog", { name: "Waiting thresholds" })).toContainText("Default for all meetings.");
  await page.getByLabel("Long after", { exact: true }).fill("soon");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toHaveText("Enter a time such as 2 or 2:30.");
  await page.getByLabel("Long after", { exact: true }).fill("9:00");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toContainText("The first time must be shorter than the second");
  await page.keyboard.press("Escape");
  await thresholds(page, "0:01", "59:00");
  await expect(chip).toContainText(/0:01 \/ 59:00\s+custom/);
  for (const each of [page, other]) {
    const wait = person(each, bo.id).locator(".wait");
    await expect(wait).toHaveAttribute("data-level", "1");
    await expect(wait.locator(".icon-late")).toBeVisible();
    await expect(wait).toContainText("Waiting for more than 0:01");
  }
  await expect(person(other, ana.id).locator(".wait")).toHaveAttribute("data-level", "0");
  await chip.click();
  await expect(page.getByRole("dialog", { name: "Waiting thresholds" })).toContainText("Set by moderators for this meeting.");
  await page.getByRole("button", { name: "Use default" }).click();
  await expect(chip).toContainText("2:00 / 5:00");
  await expect(person(other, bo.id).locator(".wait")).toHaveAttribute("data-level", "0");
});

test("a wait that is too long sounds every minute and is marked, until one moderator acknowledges it for all", async ({ desk }) => {
  test.setTimeout(80_000);
  const { demo } = desk;
  const page = await listening(desk);
  const other = await listening(desk, { role: "admin" });
  const board = await demo.meeting("Board call");
  const bo = await demo.join(board, "Bo Berg");
  await card(page, board.id).locator(".open").click();
  await thresholds(page, "0:01", "0:02");
  await page.keyboard.press("Escape");
  const sign = (each) => each.locator('link[rel="icon"]').getAttribute("href");
  for (const each of [page, other]) {
    await expect.poll(() => sounded(each)).toEqual(["arrival", "late"]);
    await expect(person(each, bo.id)).toHaveAttribute("data-late", "yes");
    await expect(person(each, bo.id).locator(".wait .icon-very_late")).toBeVisible();
    await expect(each.locator(".status-line")).toContainText("1 waiting too long");
    await expect.poll(() => sign(each)).toContain(encodeURIComponent("M15 10h10"));
    await pass(each, 61_000);
    await expect.poll(() => sounded(each)).toEqual(["arrival", "late", "late"]);
  }
  await person(page, bo.id).focus();
  await page.keyboard.press("s");
  const by = demo.account("moderator").name;
  for (const each of [page, other]) {
    await expect(person(each, bo.id)).toContainText(`acknowledged by ${by}`);
    await expect(person(each, bo.id)).toHaveAttribute("data-late", "no");
    await expect(each.locator(".late-ones")).toHaveCount(0);
    await pass(each, 200_000);
    await expect.poll(() => sign(each)).not.toContain(encodeURIComponent("M15 10h10"));
  }
  // A second has passed for the pages, so every sound has been played.
  const clock = () => person(page, bo.id).locator(".wait time").textContent();
  const then = await clock();
  await expect.poll(clock).not.toBe(then);
  for (const each of [page, other]) expect(await sounded(each)).toEqual(["arrival", "late", "late"]);
});

test("one click acknowledges all waits shown; a viewer can't", async ({ desk }) => {
  const { demo, page } = desk;
  const viewer = await desk.open({ role: "viewer" });
  const board = await demo.meeting("Board call");
  const people = [await demo.join(board, "Bo Berg"), await demo.join(board, "Zoë Müller")];
  await card(page, board.id).locator(".open").click();
  await thresholds(page, "0:01", "0:02");
  await expect(page.locator(".status-line")).toContainText("2 waiting too long");
  await expect(viewer.locator(".status-line")).toContainText("2 waiting too long");
  await expect(viewer.locator('[data-action^="acknowledge"], button[data-chip=thresholds]')).toHaveCount(0);
  await page.getByRole("button", { name: "Acknowledge 2 long waits" }).click();
  for (const { id } of people) await expect(person(viewer, id)).toContainText(/acknowledged by .+ at \d\d:\d\d/);
  await expect(page.locator("#live-region")).toContainText(
    "Acknowledged the long waits of 2 people. The alert is silenced for everyone.",
  );
});

test("a due reminder sounds and notifies once", async ({ desk }) => {
  const { demo } = desk;
  const page = await listening(desk);
  const board = await demo.meeting("Board call");
  const bo = await demo.join(board, "Bo Berg");
  await expect.poll(() => sounded(page)).toEqual(["arrival"]);
  await focus(page, false);
  await desk.page.evaluate(
    (id) =>
      new Promise((resolve) => {
        const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}${document.body.dataset.base}/ws`);
        const hold = { type: "hold", ref: "h", people: [id], on: true, reason: "Interpreter is late", remind_s: 1 };
        socket.onmessage = (event) => {
          const { type } = JSON.parse(event.data);
          if (type === "welcome") socket.send(JSON.stringify(hold));
          if (type === "reply") socket.close();
        };
        socket.onclose = resolve;
      }),
    bo.id,
  );
  await expect.poll(() => sounded(page)).toEqual(["arrival", "reminder"]);
  const reminder = { title: "Reminder: Bo Berg is on hold in Board call", body: "Bo Berg: Interpreter is late" };
  await expect.poll(() => notified(page)).toContainEqual(expect.objectContaining(reminder));
  await pass(page, 120_000);
  await demo.join(board, "Zoë Müller");
  await expect.poll(() => sounded(page)).toEqual(["arrival", "reminder", "arrival"]);
});
