import assert from "node:assert/strict";
import { test } from "node:test";
import { Favicon, picture } from "../../../web/alerts/favicon.js";

test("the icon shows the count, another shape and colour for waits that are too long, and is plain with nobody", () => {
  assert.equal(picture(0, false), "");
  const [few, late] = [picture(7, false), picture(7, true)];
  assert.match(few, />7<\/text>/);
  assert.match(few, /<rect x="8"/);
  assert.doesNotMatch(late, /<rect x="8"/);
  assert.match(late, /<path d="M15 10h10/);
  assert.match(picture(140, false), />99\+<\/text>/);
});

test("the link changes only with the icon", () => {
  let changes = 0;
  const link = {
    set href(value) {
      changes += 1;
      this.value = value;
    },
    get href() {
      return this.value ?? "/plain.svg";
    },
  };
  const favicon = new Favicon(link);
  for (const waiting of [3, 3, 3, 4, 200, 300, 0, 0]) favicon.show(waiting, false);
  assert.equal(changes, 4, "3, 4, many, none");
  assert.equal(link.value, "/plain.svg");
});
