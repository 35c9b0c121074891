// A child process of the binary: waits until it is ready, stops it for good, and keeps its output for failures.
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

const BINARY = process.env.USHER_BIN ?? fileURLToPath(new URL("../../target/debug/usher", import.meta.url));
/** How long a process may take until it is ready, in ms. */
export const START = 30_000;
const STOP = 15_000;

export class Process {
  /** @param {string[]} args @param {{ env?: Record<string, string>, folder?: string }} [where] */
  constructor(args, { env = {}, folder } = {}) {
    this.args = args;
    this.output = "";
    this.child = spawn(BINARY, args, { stdio: ["ignore", "pipe", "pipe"], cwd: folder, env: { ...process.env, ...env } });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on("data", (data) => {
        this.output = (this.output + data).slice(-40_000);
      });
    }
    /** @type {Promise<string>} how the process ended */
    this.ended = new Promise((resolve) => {
      this.child.once("error", (error) => resolve(String(error)));
      this.child.once("exit", (code, signal) => resolve(`ended with ${code ?? signal}`));
    });
  }

  /** Waits until the output matches; returns the match. @param {RegExp} wanted @param {"stdout" | "stderr"} [where] */
  async waitFor(wanted, where = "stdout") {
    let text = "";
    let timer;
    const heard = new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new Error("was not ready in time")), START);
      this.child[where].on("data", (data) => {
        text += data;
        const match = wanted.exec(text);
        if (match) resolve(match);
      });
      this.ended.then((how) => reject(new Error(how)));
    });
    try {
      return await heard;
    } catch (error) {
      throw new Error(`usher ${this.args[0]} ${error.message}; it output:\n${this.output}`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the process as a service manager does: asks first, and kills it after a while. */
  async stop() {
    this.child.kill("SIGTERM");
    const timer = setTimeout(() => this.child.kill("SIGKILL"), STOP);
    await this.ended;
    clearTimeout(timer);
  }
}

/** Runs a command to its end; returns its output. @param {string[]} args @param {string} [input] its standard input */
export function run(args, input = "") {
  const child = spawn(BINARY, args, { stdio: ["pipe", "pipe", "pipe"], timeout: START });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data) => {
      output += data;
    });
  }
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0 ? resolve(output) : reject(new Error(`usher ${args.join(" ")}: ended with ${code}\n${output}`)),
    );
  });
}

/**
 * Consecutive free ports. They are below the range for outgoing connections, so that none of those takes a port while a process restarts.
 * @param {number} count
 */
export async function freePorts(count) {
  // Workers of one run never try the same ports at once.
  const [share, places] = [2_000, 6];
  const from = 20_000 + (Number(process.env.TEST_PARALLEL_INDEX ?? 0) % places) * share;
  const to = from + share;
  const start = process.pid % share;
  for (let step = 0; step < to - from - count; step += count) {
    const ports = Array.from({ length: count }, (_, at) => from + ((start + step) % (to - from - count)) + at);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return ports;
  }
  throw new Error(`no ${count} free ports in a row`);
}

/** @param {number} port @returns {Promise<boolean>} */
const isFree = (port) =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
