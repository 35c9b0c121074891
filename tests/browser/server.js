// Starts the binary with its simulator, signs people in, and speaks the simulator's control API (docs/simulator.md).
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test as base, expect } from "@playwright/test";

const BINARY = process.env.USHER_BIN ?? fileURLToPath(new URL("../../target/debug/usher", import.meta.url));
const START = 30_000;

/** One run of `usher demo` with its data directory; may be stopped and started again at the same address. */
export class Demo {
  /** @param {{ calls?: number, people?: number, seed?: number }} [population] */
  constructor({ calls = 0, people = 0, seed = 7 } = {}) {
    this.population = ["--calls", calls, "--people", people, "--seed", seed, "--rate", 0].map(String);
    this.folder = mkdtempSync(join(tmpdir(), "usher-browser-"));
    this.listen = "127.0.0.1:0";
    this.log = "";
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
    this.child = spawn(BINARY, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.child.stderr.on("data", (data) => {
      this.log = (this.log + data).slice(-20_000);
    });
    const said = JSON.parse(await this.#firstLine(this.child));
    Object.assign(this, { url: said.url, controlUrl: said.control_url, accounts: said.accounts });
    this.listen = new URL(this.url).host;
  }

  #firstLine(child) {
    return new Promise((resolve, reject) => {
      let text = "";
      const failed = (why) => reject(new Error(`usher demo ${why}; it said:\n${text}${this.log}`));
      const timer = setTimeout(() => failed(`printed no line within ${START} ms`), START);
      child.once("error", (error) => failed(String(error)));
      child.once("exit", (code) => failed(`ended with ${code}`));
      child.stdout.on("data", (data) => {
        text += data;
        if (!text.includes("\n")) return;
        clearTimeout(timer);
        child.removeAllListeners("exit");
        resolve(text.slice(0, text.indexOf("\n")));
      });
    });
  }

  async stop() {
    const child = this.child;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 15_000);
    await ended;
    clearTimeout(timer);
  }

  async end() {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** @param {string} role */
  account(role) {
    return this.accounts.find((account) => account.role === role);
  }

  /** @param {string} path @param {object} [body] posts it; without, gets */
  async control(path, body) {
    const how = body ? { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) } : {};
    const answer = await fetch(this.controlUrl + path, how);
    const said = await answer.json();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${JSON.stringify(said)}`);
    return said;
  }

  truth() {
    return this.control("/truth");
  }

  /** @param {string} name */
  meeting(name) {
    return this.control("/start", { name });
  }

  /** Somebody who has to wait. @param {{ id: string }} meeting @param {string} name @param {object} [more] */
  async join(meeting, name, more = {}) {
    const person = await this.control("/join", { meeting: meeting.id, name, role: "guest", ...more });
    if (!("role" in more)) expect(person.lobby, `${name} waits`).toBe("waiting");
    return person;
  }

  /** Ends every meeting, so that the next test begins with nobody. */
  async clear() {
    for (const meeting of (await this.truth()).meetings) await this.control("/end", { meeting: meeting.id });
  }

  /** @param {string} id */
  async lobbyOf(id) {
    const people = (await this.truth()).meetings.flatMap((meeting) => meeting.participants);
    return people.find((person) => person.id === id)?.lobby ?? "gone";
  }
}

/** What a page may never say: a policy report, an error of a script. @param {import("@playwright/test").Page} page @param {string[]} faults */
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

export const person = (page, id) => page.locator(`[data-participant="${id}"]`);
export const admitOf = (row) => row.locator('[data-action="admit"]');
export const shownAll = (page) => page.locator('[data-action="admit"][data-scope="shown"]');
export const selectionButton = (page) => page.locator('[data-action="admit"][data-scope="selection"]');
export const card = (page, id) => page.locator(`li.card[data-meeting="${id}"]`);
/** The page has its rows and the server's deltas. @param {import("@playwright/test").Page} page */
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

  /** Opens the desk as a role, in a browser context of its own; fails the test on any policy report or script error. */
  open: async ({ browser }, use) => {
    const contexts = [];
    const faults = [];
    await use(async (demo, { role = "moderator", path = "/", ...options } = {}) => {
      const account = demo.account(role);
      const context = await browser.newContext({
        ...options,
        storageState: role === "nobody" ? undefined : demo.signedIn.get(role),
      });
      contexts.push(context);
      const page = await context.newPage();
      await watch(page, faults);
      await page.goto(demo.url + path);
      if (role === "nobody") return page;
      if (await page.locator("#username").isVisible()) {
        await signIn(page, account);
        await page.waitForURL((url) => !url.pathname.endsWith("/login"));
        demo.signedIn.set(role, await context.storageState());
        if (new URL(page.url()).pathname !== path) await page.goto(demo.url + path);
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

export { expect };
