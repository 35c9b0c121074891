import assert from "node:assert/strict";
import { test } from "node:test";

// Must be set before the first date is created.
process.env.TZ = "Europe/Berlin";
const { instantOf, localField } = await import("../../../web/log.js");
const { dateTimes } = await import("../../../web/lib/time.js");

test("a field holds an instant in the browser's zone, in summer and in winter", () => {
  for (const [field, instant] of [
    ["2026-07-01T14:02", "2026-07-01T12:02Z"],
    ["2026-01-01T00:30", "2025-12-31T23:30Z"],
  ]) {
    assert.equal(instantOf(field), instant);
    assert.equal(localField(new Date(instant)), field);
  }
});

test("seconds are kept, and an invalid time is empty", () => {
  assert.equal(instantOf("2026-07-01T14:02:05"), "2026-07-01T12:02:05.000Z");
  assert.equal(instantOf(""), "");
});

test("a date has one style in each language, and a time of day has hours from 00 to 23", () => {
  const at = Date.parse("2026-11-29T23:05:07Z");
  for (const [lang, text] of [
    ["en", "30 Nov 2026, 00:05:07"],
    ["de", "30. Nov. 2026, 00:05:07"],
    ["fr", "30 nov. 2026, 00:05:07"],
    ["es", "30 nov 2026, 00:05:07"],
  ]) {
    const { day, minutes, seconds } = dateTimes(lang);
    assert.equal(seconds(at), text);
    assert.equal(minutes(at), text.slice(0, -3));
    assert.ok(text.startsWith(day(at)), lang);
  }
});
