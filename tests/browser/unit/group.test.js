import assert from "node:assert/strict";
import { test } from "node:test";
import { longest, meetingsOf, NAMED, needsConfirmation } from "../../../web/state/group.js";

const people = (n, meeting = "m", since = 0) =>
  Array.from({ length: n }, (_, at) => ({
    id: `${meeting}${String(at).padStart(3, "0")}`,
    meeting,
    waiting_since: since + n - at,
  }));

test("an action needs confirmation above a number, and always across meetings", () => {
  assert.equal(needsConfirmation(people(1)), false);
  assert.equal(needsConfirmation(people(10)), false);
  assert.equal(needsConfirmation(people(11)), true);
  assert.equal(needsConfirmation(people(3), 2), true);
  assert.equal(needsConfirmation(people(200), 500), false);
  assert.equal(needsConfirmation([...people(1, "a"), ...people(1, "b")], 500), true);
});

test("meetings are counted, the largest first", () => {
  const all = [...people(1, "a"), ...people(3, "b"), ...people(2, "c")];
  assert.deepEqual(
    [...meetingsOf(all)],
    [
      ["b", 3],
      ["c", 2],
      ["a", 1],
    ],
  );
});

test("a question names the five who wait longest and counts the others", () => {
  const { named, more } = longest(people(12));
  assert.deepEqual(
    named.map((person) => person.id),
    ["m011", "m010", "m009", "m008", "m007"],
  );
  assert.deepEqual([named.length, more], [NAMED, 7]);
  assert.equal(longest(people(2)).more, 0);
});
