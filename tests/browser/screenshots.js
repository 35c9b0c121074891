// Screenshots of pages to look at (tests/browser/report), and axe's findings.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect } from "@playwright/test";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const REPORT = new URL("report/", import.meta.url).pathname;

/** @param {import("@playwright/test").Page} page */
async function findings(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map(
    (each) =>
      `${each.id}: ${each.help}: ${each.nodes
        .map((node) => node.html.slice(0, 160))
        .slice(0, 3)
        .join(" | ")}`,
  );
}

/** @param {import("@playwright/test").Page} page @param {string} name */
export async function screenshot(page, name) {
  await page.screenshot({ path: `${REPORT}${name}.png` });
  expect(await findings(page), name).toEqual([]);
}

/** The same state in both themes. @param {import("@playwright/test").Page} page @param {string} name */
export async function screenshotBoth(page, name) {
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    await page.emulateMedia({ colorScheme });
    await screenshot(page, `${name}-${colorScheme}`);
  }
}
