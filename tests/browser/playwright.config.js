// The browser tests run against the real binary (USHER_BIN) and its simulator, in several browsers at once (USHER_BROWSERS), each with its own
// servers: most of the time they wait. Tests that measure times run alone afterwards (package.json).
import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";

const MEASURE = /speed\.spec\.js/;

/** Chromium without a screen draws with half of the processor time: four keep two cores as busy as two browsers do. */
const SHELL = "/usr/bin/chromium-headless-shell";
const executablePath = process.env.CHROMIUM ?? (existsSync(SHELL) ? SHELL : "/usr/bin/chromium");

const flags =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

export default defineConfig({
  testDir: "specs",
  workers: Number(process.env.USHER_BROWSERS ?? (executablePath === SHELL ? 4 : 2)),
  projects: [
    { name: "pages", testIgnore: MEASURE },
    { name: "speed", testMatch: MEASURE },
  ],
  fullyParallel: false,
  forbidOnly: true,
  timeout: 40_000,
  expect: { timeout: 8_000 },
  reporter: [["list"]],
  outputDir: "test-results",
  use: {
    actionTimeout: 8_000,
    viewport: { width: 1440, height: 900 },
    locale: "en-GB",
    // Recording a trace makes every test slower by a quarter.
    trace: process.env.USHER_TRACE ? "retain-on-failure" : "off",
    screenshot: "only-on-failure",
    launchOptions: { executablePath, args: flags.split(" ") },
  },
});
