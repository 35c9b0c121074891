// Browsers for displays that Playwright does not drive: one as old as displays support, and one by another vendor. Puppeteer drives both,
// each with the version that supports it.
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import firefox from "puppeteer-bidi";
import chromium from "puppeteer-core";

const FIREFOX = process.env.FIREFOX ?? "/usr/bin/firefox-esr";

/** Chromium 76.0.3803.0 of June 2019, from an npm package that contains it. */
function unpacked() {
  const folder = new URL("node_modules/chrome-aws-lambda/bin/", import.meta.url);
  const packed = readdirSync(folder).find((name) => name.endsWith(".br")) ?? "";
  const file = join(tmpdir(), `usher-${packed.replace(/\.br$/, "")}`);
  if (!existsSync(file)) {
    const part = `${file}.${process.pid}`;
    writeFileSync(part, brotliDecompressSync(readFileSync(new URL(packed, folder))), { mode: 0o755 });
    renameSync(part, file);
  }
  return file;
}

/** Why a browser's tests are skipped; "" if it is there. @param {boolean} there @param {string} what */
const unless = (there, what) => (there ? "" : what);

export const OTHERS = [
  {
    name: "Chromium 76",
    missing: unless(process.arch === "x64" && process.platform === "linux", "its package is for Linux on x86-64 only"),
    launch: () =>
      chromium.launch({ executablePath: unpacked(), args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] }),
    desk: false,
  },
  {
    name: "Firefox ESR",
    missing: unless(existsSync(FIREFOX), `${FIREFOX} is missing (FIREFOX names another)`),
    launch: () => firefox.launch({ browser: "firefox", executablePath: FIREFOX }),
    desk: true,
  },
];
