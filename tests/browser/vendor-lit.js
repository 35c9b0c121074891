// Renews web/vendor/lit.js from the npm registry: `npm run vendor [version]`. Run by hand when Lit is to be updated, never by a build.
//
// It installs the packages into a directory of their own (npm checks their integrity), bundles them into one ES module, and writes the
// version, the registry's integrity values and the result's hash beside it. A unit test compares the file with that hash.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const target = fileURLToPath(new URL("../../web/vendor/", import.meta.url));
const version = process.argv[2] ?? "3.3.3";
const room = mkdtempSync(join(tmpdir(), "usher-lit-"));

const entry = `
export { html, svg, render, nothing } from "lit/html.js";
export { repeat } from "lit/directives/repeat.js";
export { live } from "lit/directives/live.js";
export { guard } from "lit/directives/guard.js";
export { ref, createRef } from "lit/directives/ref.js";
`;

try {
  writeFileSync(join(room, "package.json"), JSON.stringify({ private: true, type: "module" }));
  execFileSync("npm", ["install", `lit@${version}`, "esbuild@0.28.2"], { cwd: room, stdio: "inherit" });
  writeFileSync(join(room, "entry.js"), entry);
  const banner = `/*! Lit ${version}, one module; BSD-3-Clause, see lit.LICENSE. Made by tests/browser/vendor-lit.js: do not edit. */`;
  const flags = [
    "entry.js",
    "--bundle",
    "--format=esm",
    "--minify",
    "--target=es2021",
    "--legal-comments=none",
    `--banner:js=${banner}`,
  ];
  execFileSync("npx", ["esbuild", ...flags, `--outfile=${join(target, "lit.js")}`], { cwd: room, stdio: "inherit" });
  copyFileSync(join(room, "node_modules/lit/LICENSE"), join(target, "lit.LICENSE"));
  writeFileSync(join(target, "lit.json"), `${JSON.stringify(provenance(), null, 2)}\n`);
} finally {
  rmSync(room, { recursive: true, force: true });
}

/** The bundled packages, as in the registry, and the result's hash. */
function provenance() {
  const { packages } = JSON.parse(readFileSync(join(room, "package-lock.json"), "utf8"));
  const of = (name) => ({
    version: packages[`node_modules/${name}`].version,
    integrity: packages[`node_modules/${name}`].integrity,
  });
  const hash = createHash("sha384")
    .update(readFileSync(join(target, "lit.js")))
    .digest("base64");
  return { file: "lit.js", integrity: `sha384-${hash}`, packages: { lit: of("lit"), "lit-html": of("lit-html") } };
}
