import assert from "node:assert/strict";
import { test } from "node:test";
import { PLAIN } from "../../../web/state/list_options.js";
import { DEFAULTS, Prefs, parsePrefs } from "../../../web/state/prefs.js";

function page({ open = true } = {}) {
  const sent = [];
  const state = { open, changes: 0 };
  const prefs = new Prefs(
    (message) => {
      if (state.open) sent.push(message);
      return state.open;
    },
    () => {
      state.changes += 1;
    },
  );
  return { prefs, sent, state };
}

test("stored preferences of any kind are parsed", () => {
  for (const value of [null, undefined, 7, "x", [], { volume: "loud", follows: {}, view: [] }])
    assert.deepEqual(parsePrefs(value), DEFAULTS);
  assert.equal(parsePrefs({ sound: false }).sound, false);
  assert.equal(parsePrefs({ volume: 2 }).volume, DEFAULTS.volume);
  assert.deepEqual(parsePrefs({ view: { density: "compact" } }).view, { ...PLAIN, density: "compact" });
});

test("changes are sent together, and fields of other pages are left alone", () => {
  const { prefs, sent } = page();
  prefs.receive({ language: "de", sound: true });
  prefs.set({ sound: false });
  prefs.set({ volume: 0.2 });
  assert.equal(prefs.current.sound, false, "at once for this page");
  assert.deepEqual(sent, []);
  prefs.flush();
  prefs.flush();
  assert.deepEqual(
    sent.map(({ value }) => value),
    [{ language: "de", sound: false, volume: 0.2 }],
  );
  assert.equal(sent[0].type, "prefs");
});

test("nothing is sent before the server's object has arrived, since it would be overwritten", () => {
  const { prefs, sent } = page();
  prefs.set({ volume: 0.1 });
  prefs.flush();
  assert.deepEqual(sent, []);
  prefs.receive({ language: "fr" });
  prefs.flush();
  assert.deepEqual(sent[0].value, { language: "fr", volume: 0.1 });
});

test("another page's change applies, and keeps unsent changes of this page", () => {
  const { prefs, sent } = page();
  prefs.receive({ volume: 0.5 });
  prefs.set({ volume: 0.9 });
  prefs.receive({ volume: 0.4, sound: false });
  assert.deepEqual([prefs.current.volume, prefs.current.sound], [0.9, false]);
  prefs.flush();
  assert.deepEqual(sent[0].value, { volume: 0.9, sound: false });
});

test("unsent changes are sent over the next connection", () => {
  const { prefs, sent, state } = page({ open: false });
  prefs.receive(null);
  prefs.set({ notify: false });
  prefs.flush();
  assert.deepEqual(sent, []);
  state.open = true;
  prefs.receive({});
  prefs.flush();
  assert.deepEqual(sent[0].value, { notify: false });
});

test("the object never exceeds the server's limit", () => {
  const { prefs, sent } = page();
  prefs.receive({});
  const entries = Array.from({ length: 60 }, (_, at) => ({ id: `${at}`.repeat(30).slice(0, 36), name: "界".repeat(80) }));
  prefs.set({ follows: entries, mutes: entries });
  prefs.flush();
  assert.ok(new TextEncoder().encode(JSON.stringify(sent[0].value)).length < 16 * 1024);
  assert.deepEqual(sent[0].value.mutes.at(-1), entries.at(-1), "the newest stay");
});
