// Faults of a bridge on a page: it refuses credentials, is too old, sends no events, refuses or ignores an admission, falls silent.
import { screenshotBoth } from "../screenshots.js";
import { admitOf, card, expect, live, person, shownAll, test } from "../server.js";

const noteOn = (page, bridge) => page.locator(".notes li", { hasText: bridge });

/** One waiting participant on each bridge. @param {import("../cluster.js").Cluster} cluster @param {import("@playwright/test").Page} page */
async function two(cluster, page, how = {}) {
  const meeting = await cluster.meeting("Board call", how);
  const [bo, zoe] = [
    await cluster.join(meeting, "Bo Berg", { bridge: "eu-1" }),
    await cluster.join(meeting, "Zoë Müller", { bridge: "eu-2" }),
  ];
  for (const { id, bridge } of [bo, zoe]) await expect(person(page, id).locator(".bridge-cell")).toHaveText(bridge);
  return { meeting, bo, zoe };
}

/** How many requests a bridge has refused with 401. @param {import("../cluster.js").Cluster} cluster @param {string} bridge */
const refusals = async (cluster, bridge) =>
  (await cluster.control("/requests")).find((each) => each.bridge === bridge).unauthorized;

test("refused credentials are shown, retried only by a click, and fine once CMS accepts them", async ({
  ownCluster: cluster,
  open,
}) => {
  test.setTimeout(120_000);
  await cluster.usher.stop();
  await cluster.control("/requests/reset", {});
  cluster.configure({ "eu-2": "mistyped in usher.toml" });
  await cluster.startUsher();
  const page = await open(cluster, { role: "admin" });
  const note = noteOn(page, "eu-2");
  await expect(note).toContainText("rejected Usher’s credentials");
  await expect(note).toContainText(/user name or password/);
  const bo = await cluster.join(await cluster.meeting("Board call"), "Bo Berg", { bridge: "eu-1" });
  await expect(person(page, bo.id)).toHaveAttribute("data-stale", "no");
  await screenshotBoth(page, "bridge-refused");
  expect(await refusals(cluster, "eu-2"), "one request and no loop").toBe(1);
  const viewer = await open(cluster, { role: "viewer" });
  await expect(noteOn(viewer, "eu-2")).toHaveText("Can’t reach eu-2. Its list may be out of date.");
  await expect(viewer.locator('[data-action="retry"]')).toHaveCount(0);
  await note.locator('[data-action="retry"]').click();
  await expect.poll(() => refusals(cluster, "eu-2"), "the click sends one more request").toBe(2);
  await expect(note).toContainText("rejected Usher’s credentials");
  await expect(note.locator('[data-action="retry"]')).toBeEnabled();
  expect(await refusals(cluster, "eu-2")).toBe(2);

  cluster.password = "mistyped in usher.toml";
  await cluster.simulator.stop();
  await cluster.startSimulator();
  await note.locator('[data-action="retry"]').click();
  await expect(note).toHaveCount(0, { timeout: 20_000 });
  const zoe = await cluster.join(await cluster.meeting("Ward round", { bridge: "eu-2" }), "Zoë Müller", { bridge: "eu-2" });
  await expect(person(page, zoe.id)).toHaveAttribute("data-stale", "no");
  await expect(noteOn(page, "eu-1")).toContainText("rejected Usher’s credentials", { timeout: 40_000 });
});

test("a second bridge's fault moves no button and takes no click", async ({ ownCluster: cluster, open }) => {
  const page = await open(cluster);
  // A window with room for both notices; in a smaller one the list scrolls.
  await page.setViewportSize({ width: 1440, height: 1400 });
  await two(cluster, page);
  await cluster.control("/fault/stop", { bridge: "eu-2" });
  const button = noteOn(page, "eu-2").locator('[data-action="retry"]');
  await button.focus();
  const before = await button.boundingBox();
  await cluster.control("/fault/stop", { bridge: "eu-1" });
  await expect(noteOn(page, "eu-1").locator('[data-action="retry"]')).toBeVisible();
  await expect(button).toBeFocused();
  expect((await button.boundingBox())?.y).toBe(before?.y);
  await cluster.control("/fault/start", { bridge: "eu-2" });
  await expect(noteOn(page, "eu-2")).toHaveCount(0, { timeout: 40_000 });
});

test("a bridge too old to admit says so, and nobody on it can be admitted", async ({ ownCluster: cluster, open }) => {
  test.setTimeout(120_000);
  await cluster.switches({ version: "2.8.1" }, "eu-1");
  await cluster.usher.stop();
  await cluster.startUsher();
  const page = await open(cluster);
  const { meeting, bo, zoe } = await two(cluster, page);
  await expect(noteOn(page, "eu-1")).toContainText("runs version 2.8.1, which is too old to admit people (2.9 or later can)", {
    timeout: 15_000,
  });
  await expect(admitOf(person(page, bo.id))).toBeDisabled();
  await expect(admitOf(person(page, bo.id))).toHaveAttribute("title", /too old/);
  await expect(person(page, bo.id).locator("input")).toBeDisabled();
  await expect(admitOf(person(page, zoe.id))).toBeEnabled();
  await expect(shownAll(page)).toHaveText("Admit 1");
  await expect(admitOf(card(page, meeting.id))).toHaveText("Admit 1");
  await screenshotBoth(page, "bridge-too-old");
  await shownAll(page).click();
  await expect(page.locator(".request")).toHaveText("Admitted 1");
  expect([await cluster.lobbyOf(bo.id), await cluster.lobbyOf(zoe.id)]).toEqual(["waiting", "in"]);
  // Usher reads the version when the bridge is back: a running bridge never changes it.
  await cluster.control("/fault/stop", { bridge: "eu-1" });
  await cluster.switches({ version: null }, "eu-1");
  await expect(noteOn(page, "eu-1")).toContainText("Can’t reach eu-1", { timeout: 20_000 });
  await cluster.control("/fault/start", { bridge: "eu-1" });
  await expect(admitOf(person(page, bo.id))).toBeEnabled({ timeout: 40_000 });
  await expect(shownAll(page)).toHaveText("Admit 1");
});

test("a bridge without events is polled, says so, and its data stays live", async ({ ownCluster: cluster, open }) => {
  test.setTimeout(90_000);
  const page = await open(cluster);
  const { meeting } = await two(cluster, page);
  await cluster.switches({ token_status: 403 });
  await cluster.control("/fault/cut", { how: "close" });
  for (const bridge of cluster.bridges)
    await expect(noteOn(page, bridge)).toContainText(`Changes on ${bridge} may show up late.`, { timeout: 15_000 });
  const late = await cluster.join(meeting, "Late Comer");
  await expect(person(page, late.id)).toBeVisible({ timeout: 20_000 });
  await expect(person(page, late.id)).toHaveAttribute("data-stale", "no");
  await screenshotBoth(page, "bridge-polling");
  await admitOf(person(page, late.id)).click();
  await expect(page.locator(".request")).toHaveText("Admitted 1");
});

/** A refused or unconfirmed admission: on the row for both moderators, in the summary for the one who requested it. */
async function failed({ cluster, open }, { how, row, listed = row, summary, name, wait }) {
  const [page, other] = [await open(cluster), await open(cluster, { role: "admin" })];
  const { bo, zoe } = await two(cluster, page, how);
  for (const each of [page, other]) {
    await admitOf(person(each, bo.id)).click();
    await expect(each.locator(".request")).toContainText(summary, { timeout: wait });
    for (const both of [page, other]) {
      await expect(person(both, bo.id).locator(".outcome")).toContainText(row);
      await expect(person(both, zoe.id).locator(".outcome")).toHaveCount(0);
    }
    await expect(admitOf(person(each, bo.id)), "may be tried again").toBeEnabled();
  }
  await page.getByRole("button", { name: "Show 1" }).click();
  await expect(page.getByRole("dialog", { name: "Not admitted" })).toContainText(listed);
  await expect(page.getByRole("dialog", { name: "Not admitted" })).toContainText("Bo Berg");
  await screenshotBoth(page, name);
  expect(await cluster.lobbyOf(bo.id)).toBe("waiting");
}

test("both moderators see CMS's reason for a refused admission", async ({ cluster, open }) => {
  await cluster.reset();
  await cluster.switches({ admit_without_activator: "refuse" });
  await failed(
    { cluster, open },
    {
      row: /Refused: \S+/,
      listed: /CMS refused to admit Bo Berg\. \S+/,
      summary: /Admitted 0, 1 refused: \S+/,
      name: "admit-refused",
      wait: 8000,
    },
  );
});

test("neither moderator sees an admission as done that CMS accepted without doing it", async ({ cluster, open }) => {
  await cluster.reset();
  test.setTimeout(60_000);
  await cluster.switches({ put_without_effect: true });
  await failed(
    { cluster, open },
    {
      row: "Not confirmed",
      summary: "1 not confirmed",
      name: "admit-unconfirmed",
      wait: 15_000,
    },
  );
});

test("a silent bridge greys only its own participants, and its age counts", async ({ cluster, open }) => {
  await cluster.reset();
  test.setTimeout(90_000);
  const page = await open(cluster, { role: "admin" });
  const { bo, zoe } = await two(cluster, page);
  await cluster.control("/fault/stop", { bridge: "eu-1" });
  const note = noteOn(page, "eu-1");
  const age = async () => {
    const [, minutes, seconds] = /(?:for )(?:(\d+):)?(\d+)/.exec((await note.textContent()) ?? "") ?? [];
    return seconds === undefined ? -1 : Number(minutes ?? 0) * 60 + Number(seconds);
  };
  await expect.poll(age, { timeout: 20_000 }).toBeGreaterThanOrEqual(5);
  const first = await age();
  await expect.poll(age, { intervals: [200] }).toBeGreaterThan(first);
  await expect(person(page, bo.id)).toHaveAttribute("data-stale", "yes");
  await expect(person(page, zoe.id)).toHaveAttribute("data-stale", "no");
  await expect(noteOn(page, "eu-2")).toHaveCount(0);
  await screenshotBoth(page, "bridge-silent");
  await admitOf(person(page, zoe.id)).click();
  await expect(page.locator(".request")).toHaveText("Admitted 1");
  await expect(admitOf(person(page, bo.id))).toBeDisabled();
  await expect(admitOf(person(page, bo.id))).toHaveAttribute("title", "The bridge can’t be reached right now");
  await cluster.control("/fault/start", { bridge: "eu-1" });
  await expect(note).toHaveCount(0, { timeout: 40_000 });
  await expect(person(page, bo.id)).toHaveAttribute("data-stale", "no");
  await live(page);
});

test("an admission on a bridge that falls silent meanwhile is shown as unconfirmed", async ({ cluster, open }) => {
  await cluster.reset();
  test.setTimeout(90_000);
  const page = await open(cluster);
  const { bo } = await two(cluster, page);
  await cluster.switches({ rest_hang: true }, "eu-1");
  await admitOf(person(page, bo.id)).click();
  await expect(page.locator(".request")).toContainText("1 not confirmed", { timeout: 40_000 });
  await expect(person(page, bo.id).locator(".outcome")).toContainText("CMS has not answered the request");
  await cluster.switches({ rest_hang: null }, "eu-1");
  await expect(admitOf(person(page, bo.id))).toBeEnabled({ timeout: 40_000 });
  expect(await cluster.lobbyOf(bo.id)).toBe("waiting");
});

test("participants being called are listed apart, and do not hide that nobody waits", async ({ cluster, open }) => {
  await cluster.reset();
  const page = await open(cluster);
  const meeting = await cluster.meeting("Board call");
  const called = await cluster.control("/dial", {
    meeting: meeting.id,
    name: "Ida Ring",
    uri: "ida@example.org",
    ring_after_ms: 100,
    end_after_ms: 600_000,
  });
  await card(page, meeting.id).locator("button.open").click();
  const list = page.getByRole("grid", { name: "Calling" });
  await expect(list.locator(`[data-participant="${called.id}"]`)).toContainText("Ida Ring");
  await expect(page.locator(".status-line")).not.toContainText("checked");
  await screenshotBoth(page, "meeting-being-called");
  await page.getByRole("button", { name: "Back to all meetings" }).click();
  await expect(page.locator(".empty")).toContainText("No one is waiting");
});
