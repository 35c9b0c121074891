// The displays' scripts and styles use only what Chromium 76 and Firefox 78 know, and the scripts have at most 30,000 bytes.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { contents, linted, unsupportedIn } from "../lint_old_browsers.js";

const scripts = linted().filter((name) => name.endsWith(".js"));

test("all scripts of a wall are 30,000 bytes at most", () => {
  const [, guard] = /SCRIPT: &str =\s+"(.+)";/.exec(
    readFileSync(new URL("../../../src/http/wall/watchdog_script.rs", import.meta.url), "utf8"),
  );
  const bytes = scripts.reduce((sum, name) => sum + Buffer.byteLength(contents(name)), guard.length);
  assert.ok(scripts.length > 5 && bytes <= 30_000, `${bytes} bytes in ${scripts.length} files`);
});

for (const name of linted()) {
  test(`${name} is for old browsers`, async () => assert.deepEqual(await unsupportedIn(contents(name), name), []));
}

for (const planted of [
  "export const a = (b) => b?.c;",
  "export const a = (b) => b ?? 1;",
  "export class A { #b = 1; }",
  "export class A { b = 1; }",
  "export class A { static {} }",
  "await 1;",
  "export const a = 1_000;",
  "export const a = (b) => b.at(-1);",
  'export const a = (b) => b.replaceAll("a", "b");',
  "export const a = (b) => b.findLast(Boolean);",
  "export const a = (b) => structuredClone(b);",
  "export const a = (b) => Object.hasOwn(b, 1);",
  "export const a = () => new BroadcastChannel('a').name + new WeakRef({});",
]) {
  test(`the lint finds ${planted}`, async () => assert.notDeepEqual(await unsupportedIn(planted, "clock.js"), []));
}

for (const planted of [
  "p { display: flex; gap: 1px; }",
  "p { display: flex; column-gap: 1px; }",
  "p { width: clamp(1px, 2vw, 3px); }",
  "p { width: min(1px, 2vw); }",
  "p { inset: 0; }",
  "p { aspect-ratio: 1; }",
  "p { margin-inline: 1px; }",
  "p { color: color-mix(in srgb, red, blue); }",
  ":is(p, a) { color: red; }",
  ":where(p) { color: red; }",
  "p:has(a) { color: red; }",
  "p { & a { color: red; } }",
  "@media (width > 500px) { p { color: red; } }",
  "p { height: 100dvh; }",
  "@layer a { p { color: red; } }",
]) {
  test(`the lint finds ${planted}`, async () => assert.notDeepEqual(await unsupportedIn(planted, "wall.css"), []));
}
