// The walls' browsers are old: what scripts and styles of web/wall may use is held by tools that know what browsers could when.
//
// Scripts: the language of 2019 by es-x, the browser's own interfaces by compat. Styles: what was common in 2019 by @eslint/css,
// but for what
// is named below; and what only shows in how properties meet (gap in a flex box) by doiuse.

import { readdirSync, readFileSync } from "node:fs";
import css from "@eslint/css";
import doiuse from "doiuse";
import { ESLint } from "eslint";
import compat from "eslint-plugin-compat";
import esx from "eslint-plugin-es-x";
import postcss from "postcss";

const BROWSERS = ["chrome 76", "firefox 78"];
const FOLDER = new URL("../../web/wall/", import.meta.url).pathname;

/** Later than 2019 in one of the great browsers, and known to Chromium 76 and Firefox 78 (MDN's tables). */
const KNOWN_BEFORE = {
  allowProperties: ["font-variant-numeric", "margin-inline-start", "margin-inline-end", "grid-auto-flow"],
  allowPropertyValues: {
    "flex-direction": ["row-reverse"],
    "grid-template-columns": ["auto"],
    "text-align": ["left", "right", "center", "start", "end"],
  },
  allowMediaConditions: ["prefers-reduced-motion"],
};

/** Features that doiuse judges as a whole or wrongly (minmax() is no max()): @eslint/css checks these one by one. */
const HELD_ELSEWHERE = ["css-logical-props", "css-math-functions", "css-overflow"];

/** Iterators have methods since 2025 that arrays have always had; which of the two it is, is not known without types. */
const ITERATORS = Object.keys(esx.rules).filter((rule) => rule.startsWith("no-iterator-prototype-"));

const scripts = new ESLint({
  cwd: FOLDER,
  overrideConfigFile: true,
  overrideConfig: [
    {
      ...compat.configs["flat/recommended"],
      files: ["**/*.js"],
      settings: { browsers: BROWSERS, lintAllEsApis: true },
    },
    {
      ...esx.configs["flat/restrict-to-es2019"],
      files: ["**/*.js"],
      // Methods are known by their name alone: whose they are is not known without types.
      settings: { browsers: BROWSERS, "es-x": { aggressive: true } },
      languageOptions: { ecmaVersion: 2019, sourceType: "module" },
      rules: {
        ...esx.configs["flat/restrict-to-es2019"].rules,
        ...Object.fromEntries(ITERATORS.map((rule) => [`es-x/${rule}`, "off"])),
      },
    },
  ],
});

const styles = new ESLint({
  cwd: FOLDER,
  overrideConfigFile: true,
  overrideConfig: [
    {
      files: ["**/*.css"],
      plugins: { css },
      language: "css/css",
      rules: { "css/use-baseline": ["error", { available: 2019, ...KNOWN_BEFORE }] },
    },
  ],
});

/** @param {ESLint} linter @param {string} text @param {string} name */
async function said(linter, text, name) {
  const [result] = await linter.lintText(text, { filePath: `${FOLDER}${name}` });
  return result.messages.map(({ line, message }) => `${name}:${line}: ${message}`);
}

/** The features of a style that the old browsers don't know. @param {string} text @param {string} name */
async function unsupported(text, name) {
  const found = [];
  const onFeatureUsage = ({ usage, message }) =>
    found.push(`${name}:${usage.source?.start?.line}: ${message.replace(/^.*?\d+: /, "")}`);
  await postcss(doiuse({ browsers: BROWSERS, ignore: HELD_ELSEWHERE, onFeatureUsage })).process(text, { from: name });
  return found;
}

/** Everything in a file that the old browsers don't know. @param {string} text @param {string} name */
export async function unsupportedIn(text, name) {
  if (name.endsWith(".js")) return said(scripts, text, name);
  return [...(await said(styles, text, name)), ...(await unsupported(text, name))];
}

/** The files that are held to it. */
export const held = () => readdirSync(FOLDER).filter((name) => /\.(js|css)$/.test(name));

/** @param {string} name */
export const contents = (name) => readFileSync(`${FOLDER}${name}`, "utf8");

if (import.meta.url === `file://${process.argv[1]}`) {
  const all = await Promise.all(held().map((name) => unsupportedIn(contents(name), name)));
  for (const trouble of all.flat()) console.error(`web/wall/${trouble}`);
  process.exitCode = all.flat().length > 0 ? 1 : 0;
}
