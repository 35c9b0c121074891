// Displays may have old browsers: these lints check that scripts and styles of web/wall use only what Chromium 76 and Firefox 78 know.
//
// Scripts: es-x checks for the language of 2019, compat for the browser's interfaces. Styles: @eslint/css checks for what was common in
// 2019, with the exceptions below, and doiuse for combinations of properties (gap in a flex box).

import { readdirSync, readFileSync } from "node:fs";
import css from "@eslint/css";
import doiuse from "doiuse";
import { ESLint } from "eslint";
import compat from "eslint-plugin-compat";
import esx from "eslint-plugin-es-x";
import postcss from "postcss";

const BROWSERS = ["chrome 76", "firefox 78"];
const FOLDER = new URL("../../web/wall/", import.meta.url).pathname;

/** Known to Chromium 76 and Firefox 78, although another browser was later than 2019 (MDN's tables). */
const KNOWN_BEFORE = {
  allowProperties: ["font-variant-numeric", "margin-inline-start", "margin-inline-end", "grid-auto-flow"],
  allowPropertyValues: {
    "flex-direction": ["row-reverse"],
    "grid-template-columns": ["auto"],
    "text-align": ["left", "right", "center", "start", "end"],
  },
  allowMediaConditions: ["prefers-reduced-motion"],
};

/** Features that doiuse judges as a whole or wrongly (it takes minmax() for max()); @eslint/css checks them one by one. */
const CHECKED_ELSEWHERE = ["css-logical-props", "css-math-functions", "css-overflow"];

/** Iterators got methods in 2025 that arrays have always had; without types the lint can't distinguish them. */
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
      // Without types, methods are recognized by name only.
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
async function findingsOf(linter, text, name) {
  const [result] = await linter.lintText(text, { filePath: `${FOLDER}${name}` });
  return result.messages.map(({ line, message }) => `${name}:${line}: ${message}`);
}

/** A style's features that the old browsers don't know. @param {string} text @param {string} name */
async function unsupported(text, name) {
  const found = [];
  const onFeatureUsage = ({ usage, message }) =>
    found.push(`${name}:${usage.source?.start?.line}: ${message.replace(/^.*?\d+: /, "")}`);
  await postcss(doiuse({ browsers: BROWSERS, ignore: CHECKED_ELSEWHERE, onFeatureUsage })).process(text, { from: name });
  return found;
}

/** Everything in a file that the old browsers don't know. @param {string} text @param {string} name */
export async function unsupportedIn(text, name) {
  if (name.endsWith(".js")) return findingsOf(scripts, text, name);
  return [...(await findingsOf(styles, text, name)), ...(await unsupported(text, name))];
}

/** The names of the linted files. */
export const linted = () => readdirSync(FOLDER).filter((name) => /\.(js|css)$/.test(name));

/** @param {string} name */
export const contents = (name) => readFileSync(`${FOLDER}${name}`, "utf8");

if (import.meta.url === `file://${process.argv[1]}`) {
  const all = await Promise.all(linted().map((name) => unsupportedIn(contents(name), name)));
  for (const finding of all.flat()) console.error(`web/wall/${finding}`);
  process.exitCode = all.flat().length > 0 ? 1 : 0;
}
