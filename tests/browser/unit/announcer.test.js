import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mock, test } from "node:test";
import { Announcer } from "../../../web/alerts/announcer.js";
import { use } from "../../../web/lib/i18n.js";

use(JSON.parse(readFileSync(new URL("../../../web/i18n/en.json", import.meta.url), "utf8")), "en");

test("a screen reader gets at most one sentence every five seconds, with all arrivals since the last", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const said = [];
  const announcer = new Announcer((text) => said.push(text));
  announcer.arrived("Board call");
  mock.timers.tick(250);
  for (let n = 0; n < 20; n++) announcer.arrived("Board call");
  announcer.announce("Seen.");
  mock.timers.tick(1000);
  assert.deepEqual(said, ["1 person started waiting in Board call."]);
  mock.timers.tick(5000);
  assert.deepEqual(said.slice(1), ["Seen. 20 people started waiting in Board call."]);
  announcer.stop();
  mock.timers.reset();
});

test("the same text is announced twice", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const said = [];
  const announcer = new Announcer((text) => said.push(text));
  for (let n = 0; n < 3; n++) {
    announcer.arrived("Board call");
    mock.timers.tick(6000);
  }
  assert.equal(said.length, 3);
  assert.ok(said.every((text, at) => text.trim() === said[0] && text !== said[at - 1]));
  mock.timers.reset();
});
