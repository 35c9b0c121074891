// The browser tests run against the real binary and its simulator: USHER_BIN says where it is. USHER_BROWSERS=3 runs three browsers at once, each
// worker with servers of its own; those that measure times run afterwards, alone (package.json).
import { defineConfig } from "@playwright/test";

const MEASURE = /speed\.spec\.js/;

const flags =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

export default defineConfig({
  testDir: "specs",
  workers: Number(process.env.USHER_BROWSERS ?? 1),
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
    // A trace costs a quarter of the time of every test.
    trace: process.env.USHER_TRACE ? "retain-on-failure" : "off",
    screenshot: "only-on-failure",
    launchOptions: { executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: flags.split(" ") },
  },
});
