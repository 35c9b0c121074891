import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { advice, condition, consequence, isStale } from "../../../web/state/bridges.js";

const catalogue = JSON.parse(readFileSync(new URL("../../../web/i18n/en.json", import.meta.url), "utf8"));

const bridge = (more = {}) => ({
  kind: "bridge",
  id: "eu-1",
  state: "live",
  silent_since: null,
  can_admit: true,
  polled_calls: 0,
  version: "3.9",
  ...more,
});
const conditionOf = (more) => condition(bridge(more), 200_000);

test("a bridge without a fault has no text", () => assert.equal(conditionOf({}), null));

test("a bridge's text names its worst condition", () => {
  assert.deepEqual(conditionOf({ silent_since: 188_000 }), { key: "bridge.silent", args: { n: 12 }, grave: true });
  assert.deepEqual(conditionOf({ silent_since: 65_000 }), { key: "bridge.silent_long", args: { time: "2:15" }, grave: true });
  assert.equal(conditionOf({ state: "refused", silent_since: 1 })?.key, "bridge.refused");
  assert.equal(conditionOf({ state: "unreachable" })?.key, "bridge.unreachable");
  assert.deepEqual(conditionOf({ state: "unreachable", silent_since: 188_000 })?.args, { time: "0:12" });
  assert.equal(conditionOf({ state: "polling" })?.key, "bridge.polling");
  assert.equal(conditionOf({ can_admit: false, version: "2.8" })?.key, "bridge.too_old");
  assert.deepEqual(conditionOf({ polled_calls: 3 })?.args, { n: 3 });
  assert.equal(conditionOf({ polled_calls: 3, unreadable_calls: 1 })?.key, "bridge.unreadable_calls");
  const paused = conditionOf({ state: "paused", paused_by: "ana", since: 65_000, silent_since: 66_000 });
  assert.deepEqual(paused, { key: "bridge.paused", args: { by: "ana", time: "2:15" }, grave: false });
});

/** Every fault code that Usher has for a bridge, read from the actor's source. */
const rooms = new URL("../../../src/cms/bridge/", import.meta.url);
const sources = readdirSync(rooms, { recursive: true }).filter((file) => file.endsWith(".rs"));
const codes = sources.flatMap((file) => {
  const source = readFileSync(new URL(file, rooms), "utf8");
  const named = [...source.matchAll(/code: "(\w+)"\.into\(\)/g), ...source.matchAll(/RequestError::[^"]* => \{?\s*"(\w+)"/g)];
  return named.map(([, code]) => code);
});

test("each fault of a bridge has advice", () => {
  assert.ok(new Set(codes).size >= 11, String(codes));
  for (const code of codes) {
    const key = advice(bridge({ trouble: { code, what: "" } }));
    assert.equal(key, `advice.${code}`);
    assert.ok(catalogue[key].length > 40, key);
  }
  assert.equal(advice(bridge({ trouble: { code: "something_new", what: "" } })), null);
  assert.equal(advice(bridge()), null);
});

test("a bridge with useless answers or an untrusted certificate is not called unreachable", () => {
  const of = (code, more = {}) => conditionOf({ state: "unreachable", trouble: { code, what: "" }, ...more });
  for (const code of ["busy", "forbidden", "unexpected_answer"]) assert.equal(of(code)?.key, "bridge.unreadable");
  assert.deepEqual(of("busy", { silent_since: 188_000 }), { key: "bridge.unreadable.for", args: { time: "0:12" }, grave: true });
  assert.equal(of("certificate", { silent_since: 1 })?.key, "bridge.untrusted");
  for (const code of ["timed_out", "unreachable", "failed"]) assert.equal(of(code)?.key, "bridge.unreachable");
});

test("only a bridge that gives no answer makes its participants stale", () => {
  assert.deepEqual(
    [{}, { state: "polling" }, { silent_since: 1 }, { state: "refused" }, { state: "paused" }].map((each) => isStale(bridge(each))),
    [false, false, true, true, true],
  );
});

test("users who can't repair a bridge are told in one line what its fault means", () => {
  const of = (more) => {
    const row = bridge(more);
    return consequence(row, condition(row, 200_000)?.key ?? "");
  };
  const gone = [{ state: "refused" }, { state: "unreachable", trouble: { code: "certificate", what: "" } }, { silent_since: 1 }];
  for (const more of gone) assert.equal(of(more), "bridge.old_one");
  for (const more of [
    { state: "polling" },
    { polled_calls: 3 },
    { cdr: "stalled" },
    { cdr_trouble: { code: "cdr_refused", what: "" } },
  ])
    assert.equal(of(more), "bridge.late");
  // A pause, an old version and damaged calls are said as they are.
  const said = [{ state: "paused", paused_by: "ana", since: 1, silent_since: 1 }, { can_admit: false }, { unreadable_calls: 1 }];
  for (const more of said) assert.equal(of(more), null);
});
