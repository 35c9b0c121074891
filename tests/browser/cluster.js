// `usher simulate` and `usher serve` as two processes, as in production: each can be stopped and started alone, and keeps its ports, data
// and accounts.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts, Process, run } from "./processes.js";
import { Control } from "./simulator_control.js";

const PASSWORD = "what CMS accepts";
/** The accounts; `admin` is first, so that every other one can be removed. */
const ACCOUNTS = [
  ["anne", "admin"],
  ["bert", "moderator"],
  ["cleo", "viewer"],
  ["finn", "moderator"],
].map(([name = "", role = ""]) => ({ name, role, password: "let them in, please" }));

export class Cluster extends Control {
  /** @param {{ path?: string, desk?: string }} [how] `path`: the end of `public_url`; `desk`: lines of the section `[desk]` */
  constructor({ path = "", desk = "" } = {}) {
    super();
    this.path = path;
    this.desk = desk;
    this.folder = mkdtempSync(join(tmpdir(), "usher-cluster-"));
    this.config = join(this.folder, "usher.toml");
    this.accounts = ACCOUNTS;
    /** The simulator's credentials. */
    this.password = PASSWORD;
    this.bridges = ["eu-1", "eu-2"];
    /** @type {Map<string, any>} */
    this.signedIn = new Map();
  }

  async start() {
    const [first = 0, , control = 0, web = 0] = await freePorts(this.bridges.length + 2);
    Object.assign(this, { first, web, controlUrl: `http://127.0.0.1:${control}`, url: `http://127.0.0.1:${web}${this.path}` });
    this.configure();
    for (const account of this.accounts) await this.addUser(account);
    await this.startSimulator();
    await this.startUsher();
  }

  /** Writes the configuration, which Usher reads when it starts. @param {Record<string, string>} [passwords] other passwords, by bridge */
  configure(passwords = {}) {
    // The simulator creates a new certificate authority at each start, so none can be configured here.
    const bridges = this.bridges.map(
      (name, at) =>
        `[[bridge]]\nname = "${name}"\nurl = "https://127.0.0.1:${this.first + at}"\nusername = "usher"\n` +
        `password = ${JSON.stringify(passwords[name] ?? PASSWORD)}\ninsecure = true\n`,
    );
    const path = this.path ? `public_url = "${this.url}"\n` : "";
    writeFileSync(
      this.config,
      `listen = "127.0.0.1:${this.web}"\ndata_dir = "data"\n${path}[desk]\n${this.desk}\n${bridges.join("")}`,
    );
  }

  async startSimulator() {
    const options = { bridges: this.bridges.length, calls: 0, people: 0, rate: 0, seed: 7, "latency-ms": 5 };
    const places = { "base-port": this.first, "control-port": new URL(this.controlUrl).port, "password-env": "SIMULATOR_PASSWORD" };
    const args = Object.entries({ ...options, ...places }).flatMap(([name, value]) => [`--${name}`, String(value)]);
    this.simulator = new Process(["simulate", ...args], { folder: this.folder, env: { SIMULATOR_PASSWORD: this.password } });
    await this.simulator.waitFor(/For usher\.toml:/);
  }

  async startUsher() {
    this.usher = new Process(["serve", "--config", this.config], { folder: this.folder });
    await this.usher.waitFor(/started/, "stderr");
  }

  /** @param {{ name: string, role: string, password: string }} account */
  addUser({ name, role, password }) {
    return this.user("add", name, "--role", role, "--password-stdin", `${password}\n`);
  }

  /** Runs `usher user ...`; the last word is its input. @param {...string} words */
  user(...words) {
    return run(["user", "--config", this.config, ...words.slice(0, -1)], words.at(-1));
  }

  /** @param {string} role */
  account(role) {
    return this.accounts.find((account) => account.role === role);
  }

  /** Restores the initial state: no meeting, no switch, every bridge running. */
  async reset() {
    await this.control("/switches", {}, "PUT");
    for (const bridge of this.bridges) {
      await this.control(`/switches/${bridge}`, {}, "PUT");
      await this.control("/fault/start", { bridge });
    }
    await this.clear();
  }

  async end() {
    await this.usher?.stop();
    await this.simulator?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
