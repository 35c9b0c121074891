// Every fault of a bridge on a moderator's page: which bridge, since when, what is wrong, what to do. tests/faults_*.rs test how Usher detects
// faults; here real faults make the real texts.
import { screenshotBoth } from "../screenshots.js";
import { expect, test } from "../server.js";

/** @typedef {{ name: string, switches: object, cut?: boolean, state: RegExp, advice: RegExp }} Fault */

/** @type {Fault[]} */
const FAULTS = [
  { name: "timed-out", switches: { rest_hang: true }, state: /can’t be reached/, advice: /gives no answer in time/ },
  { name: "forbidden", switches: { rest_status: 403 }, state: /can’t be read/, advice: /the role api/ },
  { name: "busy", switches: { rest_status: 503 }, state: /can’t be read/, advice: /overloaded/ },
  { name: "unexpected", switches: { garbage_xml: true }, state: /can’t be read/, advice: /Something else may answer/ },
  {
    name: "events-lost",
    switches: { events_status: 403 },
    cut: true,
    state: /no events, polling instead/,
    advice: /lets WebSockets through/,
  },
  {
    name: "events-not-permitted",
    switches: { token_status: 403 },
    cut: true,
    state: /no events, polling instead/,
    advice: /the role api/,
  },
  {
    name: "events-refused",
    switches: { subscribe_refused: true },
    cut: true,
    state: /no events, polling instead/,
    advice: /asks again now and then/,
  },
  {
    name: "credentials",
    switches: { rest_status: 401 },
    state: /refused our credentials/,
    advice: /so that the account is not locked/,
  },
];

test("each fault's notice names the bridge, since when, what is wrong and what to do; other bridges have none", async ({
  ownCluster: cluster,
  open,
}) => {
  test.setTimeout(300_000);
  const page = await open(cluster);
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
    // A moderator who followed the advice retries at once, unless the bridge is back before the click.
    await note
      .locator('[data-action="retry"]')
      .click({ timeout: 5000 })
      .catch(() => {});
    await expect(note, name).toHaveCount(0, { timeout: 60_000 });
  }
  await cluster.control("/fault/stop", { bridge: "eu-1" });
  await expect(note).toContainText(/can’t be reached/, { timeout: 30_000 });
  await expect(note.locator(".advice")).toContainText("whether host and port in usher.toml are right");
});
