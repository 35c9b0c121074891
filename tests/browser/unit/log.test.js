import assert from "node:assert/strict";
import { test } from "node:test";

// Must be set before the first date is created.
process.env.TZ = "Europe/Berlin";
const { instantOf, localField, localTime } = await import("../../../web/log.js");

test("a field holds an instant in the browser's zone, in summer and in winter", () => {
  for (const [field, instant] of [
    ["2026-07-01T14:02", "2026-07-01T12:02Z"],
    ["2026-01-01T00:30", "2025-12-31T23:30Z"],
  ]) {
    assert.equal(instantOf(field), instant);
    assert.equal(localField(new Date(instant)), field);
  }
  assert.equal(localTime(new Date("2026-07-01T12:02:03.999Z")), "2026-07-01 14:02:03");
});

test("seconds are kept, and an invalid time is empty", () => {
  assert.equal(instantOf("2026-07-01T14:02:05"), "2026-07-01T12:02:05.000Z");
  assert.equal(instantOf(""), "");
});
