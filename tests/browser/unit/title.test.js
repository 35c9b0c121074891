import assert from "node:assert/strict";
import { test } from "node:test";
import { Title } from "../../../web/alerts/title.js";

test("the title follows the count, at most once a second, and ends up correct", () => {
  let [now, changes] = [0, 0];
  const tab = {
    set title(text) {
      changes += 1;
      this.text = text;
    },
  };
  const title = new Title(
    (n) => `(${n})`,
    () => now,
    tab,
  );
  for (let n = 0; n < 10_000; n++) {
    now += 1;
    title.count(n % 7);
  }
  assert.ok(changes <= 11, `${changes} in ten seconds`);
  now += 1000;
  title.count(3);
  assert.equal(tab.text, "(3)");
});
