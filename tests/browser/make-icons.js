// Makes the PNG icons of the web app manifest from the SVG ones: `npm run icons`. Run by hand when an icon changes, never by a build.
import { readFileSync, writeFileSync } from "node:fs";
import { chromium } from "@playwright/test";

const icons = new URL("../../web/icons/", import.meta.url);
/** Phones cut a maskable icon to their own shape, so it fills its square. */
const NAMES = ["usher", "usher-maskable"];
const SIZES = [192, 512];

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
  for (const name of NAMES) {
    const svg = readFileSync(new URL(`${name}.svg`, icons)).toString("base64");
    for (const size of SIZES) {
      const page = await browser.newPage({ viewport: { width: size, height: size } });
      const style = "html, body { margin: 0; background: none } img { display: block; width: 100vw; height: 100vh }";
      await page.setContent(`<style>${style}</style><img src="data:image/svg+xml;base64,${svg}">`, { waitUntil: "load" });
      writeFileSync(new URL(`${name}-${size}.png`, icons), await page.screenshot({ omitBackground: true }));
      await page.close();
    }
  }
} finally {
  await browser.close();
}
