// Every action of a moderator, by menu and by key: its question, its effect on the bridge, and the reason if it is not possible.
import { screenshot } from "../screenshots.js";
import { admitOf, answer, card, choose, expect, lastRequest, person, question, test } from "../server.js";

test.beforeEach(async ({ cluster }) => cluster.reset());

/** A meeting with its host and a guest in the call, and two who wait; open on bert's page, and listed on anne's. */
async function meeting({ cluster, open }, { page: options = {}, ...more } = {}) {
  const [page, anne] = [await open(cluster, options), await open(cluster, { role: "admin" })];
  const board = await cluster.meeting("Board call", { bridge: "eu-1", ...more });
  const host = await cluster.join(board, "Mona Host", { role: "host", bridge: "eu-1" });
  await cluster.control("/lock", { meeting: board.id });
  const none = { id: "", uri: "" };
  const all = { page, anne, board, host, ana: none, bo: none, zoe: none };
  for (const [key, name] of Object.entries({ ana: "Ana Silva", bo: "Bo Berg", zoe: "Zoë Müller" }))
    all[key] = await cluster.join(board, name, { bridge: "eu-1" });
  await cluster.control("/admit", { participant: all.ana.id });
  const tab = page.getByRole("button", { name: "Meetings", exact: true });
  if (await tab.isVisible()) await tab.click();
  await card(page, board.id).locator("button.open").click();
  await expect(inCall(page, all.ana.id)).toBeVisible();
  await expect(waiting(page, all.zoe.id)).toBeVisible();
  return all;
}

const inCall = (page, id) => page.getByRole("grid", { name: "In the call" }).locator(`[data-participant="${id}"]`);
const waiting = (page, id) => page.getByRole("grid", { name: "In the lobby" }).locator(`[data-participant="${id}"]`);
/** The group of participants on hold. */
const held = (page, id) => page.getByRole("grid", { name: "On hold" }).locator(`[data-participant="${id}"]`);
const meetingMenu = (page) => page.locator(".heading");
const entry = (page, name) => page.locator(`[role="menu"] [data-entry="${name}"]`);
const truthOf = async (cluster, id) => (await cluster.people()).find((each) => each.id === id);
const meetingTruth = async (cluster, id) => (await cluster.truth()).meetings.find((each) => each.id === id);

test("a moderator sends a participant back after a question with their name; everybody sees who did it", async ({
  cluster,
  open,
}) => {
  const { page, anne, ana } = await meeting({ cluster, open });
  await choose(inCall(page, ana.id), "send_back");
  await expect(question(page)).toContainText("Send Ana Silva back to the lobby?");
  await expect(question(page)).toContainText(ana.uri ?? "@");
  await expect(question(page).locator('[data-answer="cancel"]'), "Enter alone does nothing").toBeFocused();
  await screenshot(page, "action-send-back");
  await answer(page, "yes");
  await expect(lastRequest(page)).toHaveText("Sent 1 back");
  expect(await cluster.lobbyOf(ana.id)).toBe("waiting");
  await expect(waiting(page, ana.id)).toContainText(/sent back by bert at \d\d:\d\d/);
  await expect(person(anne, ana.id)).toContainText(/sent back by bert at \d\d:\d\d/);
  await admitOf(waiting(page, ana.id)).click();
  await expect(lastRequest(page)).toHaveText("Admitted 1");
  await expect(inCall(page, ana.id)).toContainText(/admitted by bert/);
});

test("a moderator removes a participant after a question with their name", async ({ cluster, open }) => {
  const { page, anne, ana, bo } = await meeting({ cluster, open });
  await choose(inCall(page, ana.id), "remove");
  await expect(question(page)).toContainText("Remove Ana Silva from the meeting?");
  await answer(page, "cancel");
  expect(await cluster.lobbyOf(ana.id)).toBe("in");
  await expect(inCall(page, ana.id).locator("[data-menu]"), "the focus is where it was").toBeFocused();
  await choose(inCall(page, ana.id), "remove");
  await answer(page, "yes");
  await expect(lastRequest(page)).toHaveText("Removed 1");
  expect(await cluster.lobbyOf(ana.id)).toBe("gone");
  await expect(inCall(page, ana.id)).toHaveCount(0);
  // A participant in the lobby can be removed, too.
  await choose(waiting(page, bo.id), "remove");
  await answer(page, "yes");
  await expect.poll(() => cluster.lobbyOf(bo.id)).toBe("gone");
  await expect(person(anne, bo.id)).toHaveCount(0);
});

test("a moderator mutes and unmutes one participant, and everybody at once", async ({ cluster, open }) => {
  const { page, anne, board, ana, host } = await meeting({ cluster, open });
  await choose(inCall(page, ana.id), "mute");
  await expect(lastRequest(page)).toHaveText("Muted 1");
  expect((await truthOf(cluster, ana.id)).audio_muted).toBe(true);
  await expect(inCall(page, ana.id).locator(".icon-muted")).toBeVisible();
  await choose(inCall(page, ana.id), "unmute");
  await expect(lastRequest(page)).toHaveText("Unmuted 1");
  expect((await truthOf(cluster, ana.id)).audio_muted).toBe(false);
  await choose(meetingMenu(page), "mute");
  await expect(lastRequest(page)).toHaveText("Muted 2");
  expect([(await truthOf(cluster, ana.id)).audio_muted, (await truthOf(cluster, host.id)).audio_muted]).toEqual([true, true]);
  await card(anne, board.id).locator("[data-menu]").click();
  await expect(entry(anne, "unmute")).toHaveText("Unmute 2 in the call");
  await expect(entry(anne, "mute"), "everyone is muted").toHaveCount(0);
  await entry(anne, "unmute").click();
  await expect(question(anne)).toContainText("Unmute 2 people?");
  await expect(question(anne)).toContainText("Everyone in the call will hear them");
  await answer(anne, "yes");
  await expect(lastRequest(anne)).toHaveText("Unmuted 2");
});

test("a lock's question names its effect on arrivals, an unlock's its effect on those who wait", async ({ cluster, open }) => {
  const { page, anne, board, bo } = await meeting({ cluster, open }, { lock_mode: "all" });
  await meetingMenu(page).locator("[data-menu]").click();
  await expect(entry(page, "unlock")).toBeVisible();
  for (const name of ["lock", "unmute", "unmessage"]) await expect(entry(page, name), name).toHaveCount(0);
  await screenshot(page, "action-meeting-menu");
  await entry(page, "unlock").click();
  await expect(question(page)).toContainText("Unlock Board call?");
  await expect(question(page).locator("li").first()).toHaveText(
    /All 2 people waiting are admitted at once\.|The 2 people waiting may be admitted at once\./,
  );
  await screenshot(page, "action-unlock");
  await answer(page, "yes");
  await expect(lastRequest(page)).toHaveText("Unlocked Board call");
  expect((await meetingTruth(cluster, board.id)).locked).toBe(false);
  await expect.poll(() => cluster.lobbyOf(bo.id)).toBe("in");
  await expect(page.locator('[data-chip="lock"]')).toContainText("Unlocked");
  await choose(card(anne, board.id), "lock");
  await expect(question(anne)).toContainText("Lock Board call?");
  await expect(question(anne).locator("li").first()).toContainText(/joins? from now on/);
  await expect(question(anne).locator('[data-answer="yes"]'), "also after a click").toBeFocused();
  await anne.keyboard.press("Enter");
  await expect(lastRequest(anne)).toHaveText("Locked Board call");
  expect((await meetingTruth(cluster, board.id)).locked).toBe(true);
  await expect(page.locator('[data-chip="lock"]')).toContainText("Locked");
});

test("a hold shows its reason and reminder to everybody; Admit all leaves participants on hold out", async ({ cluster, open }) => {
  const { page, anne, bo, zoe } = await meeting({ cluster, open });
  await waiting(page, bo.id).focus();
  await page.keyboard.press("h");
  await expect(question(page)).toContainText("Hold Bo Berg in the lobby");
  await page.keyboard.type("needs an ID first");
  await page.getByLabel("Remind").selectOption({ index: 1 });
  await screenshot(page, "action-hold");
  await page.keyboard.press("Enter");
  await expect(lastRequest(page)).toHaveText("Put 1 on hold");
  await expect(waiting(page, bo.id)).toHaveCount(0);
  for (const each of [held(page, bo.id), held(anne, bo.id)])
    await expect(each.locator(".held")).toHaveText(/^On hold by bert, reminder at \d\d:\d\d: needs an ID first$/);
  const all = page.locator('.heading [data-action="admit"]');
  await expect(all, "the button counts whom it admits").toHaveText("Admit 1");
  await all.click();
  await expect(lastRequest(page)).toHaveText("Admitted 1");
  expect([await cluster.lobbyOf(bo.id), await cluster.lobbyOf(zoe.id)]).toEqual(["waiting", "in"]);
  await admitOf(person(anne, bo.id)).click();
  await expect(question(anne)).toContainText("bert put Bo Berg on hold: needs an ID first");
  await answer(anne, "cancel");
  await held(page, bo.id).focus();
  await page.keyboard.press("h");
  await expect(page.getByLabel("Reason (visible to colleagues)")).toHaveValue("needs an ID first");
  // Changing the reason keeps the reminder.
  const remind = await page.getByLabel("Remind").locator("option:checked").innerText();
  await page.getByLabel("Reason (visible to colleagues)").evaluate((field) => {
    // A text copied from a spreadsheet.
    /** @type {HTMLInputElement} */ (field).value = "needs\ta passport";
  });
  await page.keyboard.press("Enter");
  const kept = new RegExp(`^On hold by bert, reminder at ${/\d\d:\d\d/.exec(remind)?.[0]}: needs a passport$`);
  await expect(person(anne, bo.id).locator(".held")).toHaveText(kept);
  await held(page, bo.id).focus();
  await page.keyboard.press("h");
  await answer(page, "other");
  await expect(lastRequest(page)).toHaveText("Ended 1 hold");
  await expect(person(anne, bo.id).locator(".held")).toHaveCount(0);
});

test("the row shows when a hold's reminder is due", async ({ cluster, open }) => {
  const { page, anne, bo } = await meeting({ cluster, open });
  await choose(waiting(page, bo.id), "hold");
  // A shorter time than the page offers.
  await page.getByLabel("Remind").evaluate((field) => {
    const { options, selectedIndex } = /** @type {HTMLSelectElement} */ (field);
    options[selectedIndex].value = "2";
  });
  await answer(page, "yes");
  await expect(person(anne, bo.id).locator(".held")).toContainText("On hold by bert");
  for (const each of [person(page, bo.id), person(anne, bo.id)])
    await expect(each.locator(".held.due")).toHaveText("On hold by bert, reminder due");
  await screenshot(anne, "action-reminder");
});

test("a moderator changes the name that a meeting shows, counted in bytes, and restores it", async ({ cluster, open }) => {
  const { page, anne, ana, board } = await meeting({ cluster, open });
  await choose(inCall(page, ana.id), "rename");
  const field = page.getByLabel("Name", { exact: true });
  await field.fill("ä".repeat(26));
  await expect(question(page)).toContainText("52 of 50 bytes");
  await expect(question(page).locator('[data-answer="yes"]')).toBeDisabled();
  await field.fill("Dr. Ana Silva");
  await expect(question(page)).toContainText("13 of 50 bytes");
  await page.keyboard.press("Enter");
  await expect(lastRequest(page)).toHaveText("Changed 1 display name");
  await card(anne, board.id).locator("button.open").click();
  await expect(inCall(anne, ana.id)).toContainText("shown in the meeting as Dr. Ana Silva");
  await choose(inCall(anne, ana.id), "rename");
  await question(anne).getByRole("button", { name: "Use own name" }).click();
  await expect(lastRequest(anne)).toHaveText("Changed 1 display name");
  await expect(inCall(page, ana.id)).not.toContainText("shown in the meeting as");
});

test("a moderator shows a message to a meeting, which all pages show, and removes it", async ({ cluster, open }) => {
  const { page, anne, board } = await meeting({ cluster, open });
  await choose(meetingMenu(page), "message");
  await expect(question(page).locator('[data-answer="yes"]')).toBeDisabled();
  // A line break becomes a space.
  await page.getByLabel("Message", { exact: true }).pressSequentially("We start");
  await page.keyboard.press("Enter");
  await page.keyboard.type("ten minutes late");
  await expect(question(page)).toContainText("25 of 200 characters");
  await screenshot(page, "action-message");
  await answer(page, "yes");
  await expect(lastRequest(page)).toHaveText("Message shown in Board call");
  await expect(page.locator(".status-line .message")).toContainText(/We start ten minutes late\s+until \d\d:\d\d/);
  await expect(card(anne, board.id).locator(".icon-message")).toBeVisible();
  await card(anne, board.id).locator("button.open").click();
  await anne.locator(".status-line").getByRole("button", { name: "Remove", exact: true }).click();
  await expect(lastRequest(anne)).toHaveText("Message removed in Board call");
  for (const each of [page, anne]) await expect(each.locator(".status-line .message")).toHaveCount(0);
});

test("a menu has no action that makes no sense; one that is not possible is disabled and says why", async ({ cluster, open }) => {
  const { page, bo, zoe, ana } = await meeting({ cluster, open });
  await waiting(page, zoe.id).locator("[data-menu]").click();
  await expect(entry(page, "admit")).toBeVisible();
  for (const name of ["send_back", "mute"]) await expect(entry(page, name), name).toHaveCount(0);
  // While the menu is open, its entries stay where they are.
  const entries = () => page.getByRole("menuitem").evaluateAll((all) => all.map((each) => each.dataset.entry));
  const before = await entries();
  await cluster.control("/admit", { participant: zoe.id });
  const expectWhy = (name, why) => expect(entry(page, name)).toHaveAccessibleDescription(why);
  for (const name of ["admit", "hold"]) await expectWhy(name, "Already in the call");
  expect(await entries()).toEqual(before);
  await page.keyboard.press("Escape");
  await waiting(page, bo.id).locator("[data-menu]").click();
  for (const name of ["admit", "hold", "remove", "rename"]) await expect(entry(page, name)).not.toHaveAttribute("aria-disabled");
  await cluster.control("/leave", { participant: bo.id });
  for (const name of ["admit", "hold", "remove", "rename"]) await expectWhy(name, "No longer there");
  // Keys reach the entry, but Enter does nothing.
  await entry(page, "admit").focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menu")).toBeVisible();
  await screenshot(page, "action-menu-left");
  await page.keyboard.press("Escape");
  await inCall(page, ana.id).locator("[data-menu]").click();
  await expect(entry(page, "send_back")).toBeVisible();
  for (const name of ["admit", "hold"]) await expect(entry(page, name), name).toHaveCount(0);
});

test("an older bridge can't send back, a paused one can't do anything, and the menu says so", async ({
  ownCluster: cluster,
  open,
}) => {
  test.setTimeout(120_000);
  await cluster.switches({ version: "3.3" }, "eu-1");
  await cluster.usher.stop();
  await cluster.startUsher();
  const { page, anne, ana, bo } = await meeting({ cluster, open });
  const expectWhy = (name, why) => expect(entry(page, name)).toHaveAccessibleDescription(why);
  await inCall(page, ana.id).locator("[data-menu]").click();
  await expectWhy("send_back", "This bridge can’t send people back to the lobby (CMS 3.4 or later can)");
  await expect(entry(page, "remove")).not.toHaveAttribute("aria-disabled");
  await screenshot(page, "action-too-old");
  await page.keyboard.press("Escape");
  await admitOf(waiting(page, bo.id)).click();
  await expect(lastRequest(page)).toHaveText("Admitted 1");
  await expect(page.locator(".undo")).toContainText("Can’t be undone. This bridge can’t send people back to the lobby");
  await page.keyboard.press("u");
  await expect(page.locator(".notice")).toContainText("Can’t be undone");
  await anne.locator(".me").click();
  await anne.getByRole("link", { name: "Bridges" }).click();
  await anne.getByRole("button", { name: "Pause eu-1" }).click();
  await inCall(page, ana.id).locator("[data-menu]").click();
  for (const name of ["remove", "mute", "rename"]) await expectWhy(name, "An administrator paused this bridge");
  await page.keyboard.press("Escape");
  await meetingMenu(page).locator("[data-menu]").click();
  for (const name of ["message", "unlock"]) await expectWhy(name, "An administrator paused this bridge");
});

test("a menu works by keyboard alone, and a question blocks all other keys", async ({ cluster, open }) => {
  const { page, bo } = await meeting({ cluster, open });
  await waiting(page, bo.id).focus();
  await page.keyboard.press("Shift+F10");
  await expect(entry(page, "admit")).toBeFocused();
  await page.keyboard.press("ArrowUp");
  await expect(entry(page, "remove")).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("h");
  await expect(entry(page, "hold"), "the next entry with that letter").toBeFocused();
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await expect(question(page)).toContainText("Remove Bo Berg");
  for (const key of ["a", "h", "n", "c", "u", "Shift+E", "Enter"]) await page.keyboard.press(key);
  await expect(question(page)).toHaveCount(0);
  await expect(waiting(page, bo.id)).toBeFocused();
  expect(await cluster.lobbyOf(bo.id)).toBe("waiting");
  await page.keyboard.press("m");
  await page.keyboard.press("Tab");
  await expect(page.getByRole("menu")).toHaveCount(0);
  await expect(waiting(page, bo.id)).toBeFocused();
});

test("a key admits all of the open meeting after a question; brackets move between meetings", async ({ cluster, open }) => {
  const { page, board, bo, zoe } = await meeting({ cluster, open });
  const ward = await cluster.meeting("Ward round", { bridge: "eu-2" });
  const late = await cluster.join(ward, "Late Comer", { bridge: "eu-2" });
  await expect(card(page, ward.id)).toBeVisible();
  await page.keyboard.press("Shift+E");
  await expect(question(page)).toContainText("Admit 2 people?");
  await page.keyboard.press("Enter");
  await expect(lastRequest(page)).toHaveText("Admitted 2");
  expect([await cluster.lobbyOf(bo.id), await cluster.lobbyOf(zoe.id), await cluster.lobbyOf(late.id)]).toEqual([
    ...["in", "in", "waiting"],
  ]);
  const heading = page.getByRole("heading", { level: 1 });
  await page.keyboard.press("Escape");
  await expect(heading).toContainText("Waiting now");
  // Wait until the list has been reordered, since brackets follow its order.
  const shown = () =>
    page
      .locator("li.card")
      .evaluateAll((all) => all.sort((a, b) => a.dataset.index - b.dataset.index).map((each) => each.dataset.meeting));
  await page.locator(".brand").hover();
  await expect.poll(shown, "waiting participants come first").toEqual([ward.id, board.id]);
  for (const [key, name] of [
    ["]", "Ward round"],
    ["]", "Board call"],
    ["]", "Board call"],
    ["[", "Ward round"],
  ]) {
    await page.keyboard.press(key);
    await expect(heading).toContainText(name);
  }
});

test("a moderator holds and removes the selected participants together", async ({ cluster, open }) => {
  const { page, bo, zoe } = await meeting({ cluster, open });
  await page.locator("#select-all").check();
  await page.locator('.selection [data-menu="selection"]').click();
  await expect(entry(page, "hold")).toBeVisible();
  await expect(entry(page, "unhold"), "no one selected is on hold").toHaveCount(0);
  await entry(page, "hold").click();
  await expect(question(page)).toContainText("Hold 2 people in the lobby");
  await answer(page, "yes");
  await expect(lastRequest(page)).toHaveText("Put 2 on hold");
  for (const { id } of [bo, zoe]) {
    await expect(held(page, id).locator(".held"), "with the reminder that a hold has by default").toHaveText(
      /^On hold by bert, reminder at \d\d:\d\d$/,
    );
    await held(page, id).locator("input").check();
  }
  await page.locator('.selection [data-menu="selection"]').click();
  await entry(page, "unhold").click();
  await expect(lastRequest(page)).toHaveText("Ended 2 holds");
  for (const { id } of [bo, zoe]) {
    await expect(held(page, id)).toHaveCount(0);
    await waiting(page, id).locator("input").check();
  }
  await page.locator('.selection [data-menu="selection"]').click();
  await entry(page, "remove").click();
  await expect(question(page)).toContainText("Remove 2 people from their meetings?");
  for (const name of ["Bo Berg", "Zoë Müller"]) await expect(question(page)).toContainText(name);
  await answer(page, "yes");
  await expect(lastRequest(page)).toHaveText("Removed 2");
  expect([await cluster.lobbyOf(bo.id), await cluster.lobbyOf(zoe.id)]).toEqual(["gone", "gone"]);
});

test("on a phone every action is in reach of a thumb", async ({ cluster, open }) => {
  const phone = { viewport: { width: 360, height: 740 }, hasTouch: true };
  const { page, bo, ana, zoe } = await meeting({ cluster, open }, { page: phone });
  await waiting(page, bo.id).locator("[data-menu]").tap();
  const box = await page.getByRole("menu").boundingBox();
  expect([box?.x, Math.round((box?.y ?? 0) + (box?.height ?? 0))]).toEqual([0, phone.viewport.height]);
  for (const each of await page.getByRole("menuitem").all()) expect((await each.boundingBox())?.height).toBeGreaterThanOrEqual(44);
  await screenshot(page, "action-phone-menu");
  await entry(page, "hold").tap();
  await page.getByLabel("Reason (visible to colleagues)").fill("needs an ID");
  await screenshot(page, "action-phone-hold");
  await answer(page, "yes");
  await expect(held(page, bo.id).locator(".held")).toContainText("needs an ID");
  await inCall(page, ana.id).locator("[data-menu]").tap();
  await entry(page, "mute").tap();
  await expect(inCall(page, ana.id).locator(".icon-muted")).toBeVisible();
  // Zoë waits longest of those not on hold; then nobody is left, and the page says so.
  const next = page.locator("[data-action=next]");
  expect((await next.boundingBox())?.height).toBeGreaterThanOrEqual(44);
  await next.tap();
  await expect(waiting(page, zoe.id)).toHaveAttribute("data-handled", "mine");
  await screenshot(page, "action-phone-next");
  await next.tap();
  await expect(page.locator(".notice")).toBeInViewport();
  // The pane of meetings shows the result and the undo button, too.
  await page.locator(".tabs button").nth(1).tap();
  await expect(waiting(page, zoe.id)).toBeHidden();
  await admitOf(page.locator("li.card").first()).tap();
  await expect(lastRequest(page)).toBeInViewport();
  await expect(page.locator(".undo")).toBeInViewport();
  await screenshot(page, "action-phone-meetings");
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(phone.viewport.width);
});
