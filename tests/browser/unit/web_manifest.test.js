// The web app manifest: its icons are as large as it says, its colours are the pages', and no service worker caches a page.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../../../", import.meta.url);
const web = new URL("web/", root);
const read = (path) => readFileSync(new URL(path, root), "utf8");
const manifest = JSON.parse(read("web/manifest.webmanifest"));
const head = read("templates/base.html");
/** The light and the dark value of a colour. */
const colors = (name) => new RegExp(`--${name}: light-dark\\((#\\w+), (#\\w+)\\)`).exec(read("web/styles/tokens.css"))?.slice(1);

test("every icon has the size that the manifest says", () => {
  for (const { src, sizes, type } of manifest.icons.filter(({ type }) => type === "image/png")) {
    const bytes = readFileSync(new URL(src, web));
    assert.equal(bytes.toString("latin1", 1, 4), "PNG", src);
    assert.equal(`${bytes.readUInt32BE(16)}x${bytes.readUInt32BE(20)}`, sizes, src);
    assert.equal(type, "image/png");
  }
  const large = (purpose) => manifest.icons.some((icon) => icon.sizes === "512x512" && (icon.purpose ?? "any") === purpose);
  assert.ok(large("any") && large("maskable"));
});

test("a maskable icon has no transparent corner, and its drawing is within the part that is never cut", () => {
  const svg = read("web/icons/usher-maskable.svg");
  assert.match(svg, /<rect width="32" height="32" fill=/);
  const [, shift, scale] = /translate\(([\d.]+) [\d.]+\) scale\(([\d.]+)\)/.exec(svg) ?? [];
  // The drawing's corners are at most 10.6 units beside the middle and 10.1 above or below it; the safe circle has a radius of 40 %.
  assert.ok(Math.hypot(10.6, 10.1) * Number(scale) <= 12.8);
  assert.ok(Math.abs(Number(shift) - 16 * (1 - Number(scale))) < 0.01, "in the middle");
});

test("the colours of the browser's bars are those of the pages' top line", () => {
  const [light, dark] = colors("surface") ?? [];
  const metas = [
    ...head.matchAll(/name="theme-color" content="(#\w+)" media="\(prefers-color-scheme: (\w+)\)" data-scheme="(\w+)"/g),
  ];
  assert.deepEqual(
    metas.map(([, color, media, scheme]) => [color, media, scheme]),
    [
      [light, "light", "light"],
      [dark, "dark", "dark"],
    ],
  );
  assert.deepEqual([manifest.theme_color, manifest.background_color], [light, colors("bg")?.[0]]);
});

test("no service worker: a page from a cache would show people who left long ago", () => {
  for (const file of readdirSync(web, { recursive: true }).filter((file) => file.endsWith(".js")))
    assert.doesNotMatch(readFileSync(new URL(file, web), "utf8"), /serviceWorker/, file);
});
