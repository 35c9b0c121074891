// Starts the demo, signs users in, and fails a test if a page reports an error.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base, expect } from "@playwright/test";
import { Cluster } from "./cluster.js";
import { Process, START } from "./processes.js";
import { Control } from "./simulator_control.js";

/** A run of `usher demo` with its data directory; it can be stopped and started again at the same address. */
export class Demo extends Control {
  /** @param {{ calls?: number, people?: number, seed?: number }} [population] */
  constructor({ calls = 0, people = 0, seed = 7 } = {}) {
    super();
    this.population = ["--calls", calls, "--people", people, "--seed", seed, "--rate", 0].map(String);
    this.folder = mkdtempSync(join(tmpdir(), "usher-browser-"));
    this.listen = "127.0.0.1:0";
    /** @type {Map<string, import("@playwright/test").BrowserContextOptions["storageState"]>} */
    this.signedIn = new Map();
  }

  async start() {
    const args = [
      "demo",
      "--listen",
      this.listen,
      "--control-port",
      "0",
      "--data-dir",
      this.folder,
      "--print-json",
      ...this.population,
    ];
    this.process = new Process(args);
    const [line] = await this.process.waitFor(/^.+\n/);
    const ready = JSON.parse(line);
    Object.assign(this, { url: ready.url, controlUrl: ready.control_url, accounts: ready.accounts });
    this.listen = new URL(this.url).host;
  }

  async stop() {
    await this.process?.stop();
  }

  async end() {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** @param {string} role */
  account(role) {
    return this.accounts.find((account) => account.role === role);
  }
}

/** Collects what a page must never report: a violation of the policy, or a script's error.
 * @param {import("@playwright/test").Page} page @param {string[]} faults */
async function watch(page, faults) {
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) =>
      console.error(`CSP report: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`),
    );
  });
  page.on("pageerror", (error) => faults.push(`page error: ${error.stack ?? error}`));
  page.on("console", (message) => {
    if (/CSP report|Content Security Policy/.test(message.text())) faults.push(message.text());
  });
}

/** @param {import("@playwright/test").Page} page @param {{ name: string, password: string }} account */
export async function signIn(page, account) {
  await page.locator("#username").fill(account.name);
  await page.locator("#password").fill(account.password);
  await page.locator("[data-submit]").click();
}

/** The text of a page's last request. @param {import("@playwright/test").Page} page */
export const lastRequest = (page) => page.locator(".request");
/** Opens a row's menu and chooses an entry. @param {import("@playwright/test").Locator} row @param {string} entry */
export async function choose(row, entry) {
  await row.locator("[data-menu]").click();
  await row.page().locator(`[data-entry="${entry}"]`).click();
}
/** The open question. @param {import("@playwright/test").Page} page */
export const question = (page) => page.getByRole("dialog").and(page.locator("dialog"));
export const answer = (page, which) => question(page).locator(`[data-answer="${which}"]`).click();
export const person = (page, id) => page.locator(`[data-participant="${id}"]`);
export const admitOf = (row) => row.locator('[data-action="admit"]');
export const shownAll = (page) => page.locator('[data-action="admit"][data-scope="shown"]');
export const selectionButton = (page) => page.locator('[data-action="admit"][data-scope="selection"]');
export const card = (page, id) => page.locator(`li.card[data-meeting="${id}"]`);
/** Waits until the page has its rows and receives deltas. @param {import("@playwright/test").Page} page */
export const live = (page) => expect(page.locator(".columns")).toHaveAttribute("data-phase", "live");

export const test = base.extend({
  demo: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright wants the pattern
    async ({}, use) => {
      const demo = new Demo();
      await demo.start();
      await use(demo);
      await demo.end();
    },
    { scope: "worker", timeout: START + 20_000 },
  ],

  cluster: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright wants the pattern
    async ({}, use) => {
      const cluster = new Cluster();
      await cluster.start();
      await use(cluster);
      await cluster.end();
    },
    { scope: "worker", timeout: START + 30_000 },
  ],

  /** A cluster for a test that changes what Usher stores about its bridges. */
  // biome-ignore lint/correctness/noEmptyPattern: Playwright wants the pattern
  ownCluster: async ({}, use) => {
    const cluster = new Cluster();
    await cluster.start();
    await use(cluster);
    await cluster.end();
  },

  /** Opens the desk for a role or a named user, in its own browser context, in whose pages `init` runs first; fails the test on a violation
   * of the policy or a script's error. */
  open: async ({ browser }, use) => {
    const contexts = [];
    const faults = [];
    await use(async (demo, { role = "moderator", name = demo.account(role)?.name ?? "", path = "/", init, ...options } = {}) => {
      const account = demo.accounts.find((each) => each.name === name);
      const context = await browser.newContext({
        ...options,
        storageState: role === "nobody" ? undefined : demo.signedIn.get(name),
      });
      contexts.push(context);
      if (init) await context.addInitScript(init.script, init.arg);
      const page = await context.newPage();
      await watch(page, faults);
      await page.goto(demo.url + path);
      if (role === "nobody") return page;
      if (await page.locator("#username").isVisible()) {
        await signIn(page, account);
        await page.waitForURL((url) => !url.pathname.endsWith("/login"));
        demo.signedIn.set(name, await context.storageState());
        const wanted = new URL(demo.url + path).pathname;
        if (new URL(page.url()).pathname !== wanted) await page.goto(demo.url + path);
      }
      if (path === "/") await live(page);
      return page;
    });
    for (const context of contexts) await context.close();
    expect(faults, "policy reports and script errors").toEqual([]);
  },

  /** A demo in which nobody waits, and a page on it. */
  desk: async ({ demo, open }, use) => {
    await demo.clear();
    const page = await open(demo);
    await expect(page.locator("[data-participant], li.card[data-gone=no]")).toHaveCount(0);
    await use({ demo, page, open: (options) => open(demo, options) });
    await demo.clear();
  },
});

/** A meeting in which these participants wait. They join one after the other, so that their waits differ. */
export async function crowd({ demo, page }, names) {
  const meeting = await demo.meeting("Board call");
  const people = [];
  for (const name of names) {
    people.push(await demo.join(meeting, name));
    await expect(person(page, people.at(-1).id)).toBeVisible();
  }
  return { meeting, people };
}

export { expect };
