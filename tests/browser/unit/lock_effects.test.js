import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { consequences } from "../../../web/state/lock_effects.js";
import { meeting } from "./sample_rows.js";

const catalogue = JSON.parse(readFileSync(new URL("../../../web/i18n/en.json", import.meta.url), "utf8"));
const keysOf = (more, on, held = 0) => consequences(meeting("m", more), on, held).map((line) => line.key);

test("a lock's text says who will wait, by its mode", () => {
  assert.deepEqual(keysOf({ lock_mode: "all", waiting: 3 }, true), ["lock.comers.all", "lock.in_stay", "lock.waiting_stay"]);
  assert.deepEqual(keysOf({ lock_mode: "needs_activation" }, true), ["lock.comers.needs_activation", "lock.in_stay"]);
  assert.deepEqual(keysOf({}, true), ["lock.comers.unknown", "lock.in_stay"]);
});

test("an unlock's text says whether those who wait enter: certainly, perhaps, or with a host", () => {
  const first = (more) => keysOf({ waiting: 2, ...more }, false)[0];
  assert.equal(first({ lock_mode: "all" }), "unlock.lets_in");
  assert.equal(first({ lock_mode: "needs_activation", activator: true }), "unlock.lets_in");
  assert.equal(first({ lock_mode: "needs_activation", activator: false }), "unlock.waits_for_host");
  assert.equal(first({ lock_mode: "needs_activation", activator: null }), "unlock.may_let_in");
  assert.equal(first({ lock_mode: null, activator: true }), "unlock.may_let_in");
  assert.equal(keysOf({ waiting: 0 }, false)[0], "unlock.nobody_waits");
});

test("an unlock's text warns of participants on hold who would enter", () => {
  assert.ok(keysOf({ waiting: 2, lock_mode: "all" }, false, 1).includes("unlock.held_too"));
  assert.ok(!keysOf({ waiting: 2, lock_mode: "needs_activation", activator: false }, false, 1).includes("unlock.held_too"));
});

test("the catalogue has every text", () => {
  for (const mode of ["all", "needs_activation", null])
    for (const activator of [true, false, null])
      for (const waiting of [0, 1])
        for (const on of [true, false])
          for (const key of keysOf({ lock_mode: mode, activator, waiting }, on, 1))
            assert.ok(catalogue[key] ?? catalogue[`${key}.other`], key);
});
