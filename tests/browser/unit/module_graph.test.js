// The pages' modules have no cycles, and folders import only from lower ones.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { test } from "node:test";

/** From the lowest to the highest; folders in one entry don't import each other. Actions open questions, so they are above the views. */
const ORDER = [["vendor"], ["lib"], ["lists"], ["net"], ["state"], ["alerts", "ui"], ["views"], ["actions"], [""]];
/** The displays' scripts must run in old browsers, and share nothing with the other pages. */
const ALONE = "wall";
/** The files beside the folders: the pages' entries, the desk's session, the web app manifest, and what makes Node.js read all of it as modules. */
const AT_ROOT = ["desk.js", "desk_session.js", "log.js", "manifest.webmanifest", "package.json", "plain_pages.js", "theme.js"];

const root = new URL("../../../web/", import.meta.url);
const files = readdirSync(root, { recursive: true }).filter((file) => file.endsWith(".js") && file !== "vendor/lit.js");
const read = (file) => readFileSync(new URL(file, root), "utf8");
const folderOf = (file) => (file.includes("/") ? posix.dirname(file).split("/")[0] : "");
const levelOf = (file) => ORDER.findIndex((folders) => folders.includes(folderOf(file)));

/** The files that each file imports; types in comments do not count. */
const graph = new Map(
  files.map((file) => {
    const imports = read(file).matchAll(
      /^(?:import|export)\b[^;]*?from\s*"(\.[^"]+)"|^import\s*"(\.[^"]+)"|(?:await|=>) import\("(\.[^"]+)"\)/gm,
    );
    return [file, [...imports].map(([, from, alone, late]) => posix.join(posix.dirname(file), from ?? alone ?? late))];
  }),
);

test("every folder has its place", () => {
  for (const file of files) assert.ok(levelOf(file) >= 0 || folderOf(file) === ALONE, file);
});

test("modules import only from their own folder and from lower ones", () => {
  for (const [file, imports] of graph) {
    for (const other of imports) {
      const same = folderOf(other) === folderOf(file);
      const lower = folderOf(file) !== ALONE && folderOf(other) !== ALONE && levelOf(other) < levelOf(file);
      assert.ok(same || lower, `${file} imports ${other}`);
    }
  }
});

test("no module imports itself through others", () => {
  const done = new Set();
  const visit = (file, way) => {
    assert.ok(!way.includes(file), [...way, file].join(" -> "));
    if (done.has(file)) return;
    for (const other of graph.get(file) ?? []) visit(other, [...way, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
});

test("only the entry imports the desk", () => {
  for (const file of files.filter((each) => each.includes("/"))) assert.doesNotMatch(read(file), /desk(_session)?\.js"/, file);
});

test("the root holds the entries of pages and nothing else", () => {
  const entries = readdirSync(root, { withFileTypes: true }).filter((each) => each.isFile());
  assert.deepEqual(entries.map(({ name }) => name).sort(), AT_ROOT);
});
