// Every fault of a bridge on an administrator's page: which bridge, since when, what is wrong, what to do. Moderators get one line.
// tests/faults_*.rs test how Usher detects faults; here real faults make the real texts.
import { screenshotBoth } from "../screenshots.js";
import { expect, test } from "../server.js";

/** @typedef {{ name: string, switches: object, cut?: boolean, state: RegExp, advice: RegExp }} Fault */

/** @type {Fault[]} */
const FAULTS = [
  { name: "timed-out", switches: { rest_hang: true }, state: /unreachable/, advice: /does not answer in time/ },
  { name: "forbidden", switches: { rest_status: 403 }, state: /no usable data/, advice: /the role ‘api’/ },
  { name: "busy", switches: { rest_status: 503 }, state: /no usable data/, advice: /overloaded/ },
  { name: "unexpected", switches: { garbage_xml: true }, state: /no usable data/, advice: /Another server may be at this address/ },
  {
    name: "events-lost",
    switches: { events_status: 403 },
    cut: true,
    state: /no events, polling instead/,
    advice: /blocks WebSockets/,
  },
  {
    name: "events-not-permitted",
    switches: { token_status: 403 },
    cut: true,
    state: /no events, polling instead/,
    advice: /the role ‘api’/,
  },
  {
    name: "events-refused",
    switches: { subscribe_refused: true },
    cut: true,
    state: /no events, polling instead/,
    advice: /tries again from time to time/,
  },
  {
    name: "credentials",
    switches: { rest_status: 401 },
    state: /rejected Usher’s credentials/,
    advice: /so that the account does not get locked/,
  },
];

test("each fault's notice names the bridge, since when, what is wrong and what to do; other bridges have none", async ({
  ownCluster: cluster,
  open,
}) => {
  test.setTimeout(300_000);
  const [page, moderator] = [await open(cluster, { role: "admin" }), await open(cluster)];
  const note = page.locator(".notes li", { hasText: "eu-1" });
  for (const { name, switches, cut, state, advice } of FAULTS) {
    await cluster.switches(switches, "eu-1");
    if (cut) await cluster.control("/fault/cut", { bridge: "eu-1" });
    await expect(note, name).toContainText(state, { timeout: 60_000 });
    await expect(note.locator(".advice"), name).toContainText(advice, { timeout: 60_000 });
    await expect(note, name).toContainText(/since \d\d:\d\d:\d\d/);
    await expect(note.locator("p.quiet"), name).not.toBeEmpty();
    await expect(page.locator(".notes li", { hasText: "eu-2" }), name).toHaveCount(0);
    if (name === "forbidden" || name === "events-lost") await screenshotBoth(page, `trouble-${name}`);
    await cluster.control("/switches/eu-1", {}, "PUT");
    // An administrator who followed the advice retries at once, unless the bridge is back before the click.
    await note
      .locator('[data-action="retry"]')
      .click({ timeout: 5000 })
      .catch(() => {});
    await expect(note, name).toHaveCount(0, { timeout: 60_000 });
  }
  await cluster.control("/fault/stop", { bridge: "eu-1" });
  await expect(note).toContainText(/unreachable/, { timeout: 30_000 });
  await expect(note.locator(".advice")).toContainText("that its host and port in usher.toml are correct");
  const line = moderator.locator(".notes li", { hasText: "eu-1" });
  await expect(line.locator("p")).toHaveText(["Can’t reach eu-1. Its list may be out of date."]);
  await expect(line.locator('[data-action="retry"]')).toBeVisible();
  // The fault is told once; the header only marks the bridge, and the other one as connected.
  await expect(moderator.getByText("Can’t reach eu-1.").filter({ visible: true })).toHaveCount(1);
  await expect(moderator.locator(".bridges .icon-warning")).toHaveCount(1);
  await expect(moderator.locator(".bridges .well")).toHaveText(/^\s*eu-2\s+connected$/);
  await expect(moderator.locator(".bridges .icon-well")).toHaveCount(1);
});
