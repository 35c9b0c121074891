import assert from "node:assert/strict";
import { test } from "node:test";
import { fold } from "../../../web/lib/text.js";
import {
  address,
  clean,
  comparison,
  equal,
  filters,
  fromQuery,
  PLAIN,
  passes,
  toQuery,
  UNFILTERED,
} from "../../../web/state/list_options.js";
import { byWait } from "../../../web/state/roster.js";

const person = (id, more = {}) => ({
  kind: "person",
  id,
  name: id,
  address: "",
  meeting: "m",
  bridge: "eu-1",
  lobby: "waiting",
  waiting_since: 0,
  ...more,
});
const meetings = {
  m: { id: "m", name: "Board call" },
  n: { id: "n", name: "Ward round", claim: { id: "c", by: "anne", since: 0 } },
};
const around = { meetingOf: (each) => meetings[each.meeting], me: "bert", now: 200_000, all: true };
const shown = (view, people, how = {}) => people.filter(passes({ ...PLAIN, ...view }, { ...around, ...how })).map(({ id }) => id);

test("an address keeps a view unchanged", () => {
  const views = [
    PLAIN,
    { ...PLAIN, columns: [] },
    { ...PLAIN, columns: ["began", "bridge"], density: "compact", order: "name", reverse: true },
    { ...PLAIN, meetings: ["Board & call", "Zürich, 2"], bridges: ["eu-1"], longer: 90, by: "is:anne+1@example.org" },
    { ...PLAIN, by: "nobody" },
  ];
  for (const view of views) {
    const query = address(view, "", true);
    assert.deepEqual(fromQuery(new URLSearchParams(query)), view, query);
  }
});

test("an address without parameters holds no view; the plain view is written only if needed", () => {
  assert.equal(fromQuery(new URLSearchParams("?q=berg&other=1")), null);
  assert.equal(address(PLAIN, "", false), "");
  assert.equal(address(PLAIN, "berg", false), "?q=berg");
  assert.equal(address(PLAIN, "", true), "?view=plain");
  assert.deepEqual(fromQuery(new URLSearchParams("?view=plain")), PLAIN);
});

test("any value from an address or the server becomes a view", () => {
  const wild = [
    null,
    7,
    "x",
    [],
    { columns: "all", density: 1, order: "__proto__", meetings: [1, "", "a", "a"], longer: -1, by: "is:" },
  ];
  for (const value of wild) assert.ok(equal({ ...clean(value), meetings: [] }, PLAIN), JSON.stringify(value));
  assert.deepEqual(clean({ meetings: [1, "", "a", "a"] }).meetings, ["a"]);
  assert.equal(fromQuery(new URLSearchParams("?longer=1e9")).longer, 0);
  assert.ok(clean({ bridges: Array.from({ length: 999 }, String) }).bridges.length < 20);
  assert.equal(toQuery(clean({ columns: ["address", "nonsense"] })).get("columns"), "address");
});

test("filters select by meeting, bridge, wait and handling user", () => {
  const people = [
    person("a", { waiting_since: 100_000 }),
    person("b", { bridge: "eu-2", waiting_since: 190_000, claim: { id: "c2", by: "bert", since: 0 } }),
    person("c", { meeting: "n", bridge: null, elsewhere: "us-9" }),
  ];
  assert.deepEqual(shown({}, people), ["a", "b", "c"]);
  assert.deepEqual(shown({ meetings: ["Ward round"] }, people), ["c"]);
  assert.deepEqual(
    shown({ meetings: ["Ward round"] }, people, { all: false }),
    ["a", "b", "c"],
    "an open meeting is chosen already",
  );
  assert.deepEqual(shown({ bridges: ["eu-2", "us-9"] }, people), ["b", "c"]);
  assert.deepEqual(shown({ longer: 60 }, people), ["a", "c"]);
  assert.deepEqual(shown({ by: "me" }, people), ["b"]);
  assert.deepEqual(shown({ by: "nobody" }, people), ["a"]);
  assert.deepEqual(shown({ by: "is:anne" }, people), ["c"], "by the claim on the meeting");
  assert.deepEqual(shown({ by: "nobody", longer: 60 }, people), ["a"]);
});

test("the order is the chosen one, with the longest wait first among equals, in both directions", () => {
  const people = [
    person("1", { name: "Zoë", meeting: "n", waiting_since: 3 }),
    person("2", { name: "anna", waiting_since: 2 }),
    person("3", { name: "Anna", bridge: "eu-0", waiting_since: 1 }),
  ];
  const by = (order, reverse = false) => {
    const compare = comparison({ ...PLAIN, order, reverse }, (each) => meetings[each.meeting].name, fold, byWait);
    return [...people]
      .sort(compare)
      .map(({ id }) => id)
      .join("");
  };
  assert.equal(by("wait"), "321");
  assert.equal(by("wait", true), "123");
  assert.equal(by("name"), "321");
  assert.equal(by("name", true), "132");
  assert.equal(by("meeting"), "321");
  assert.equal(by("bridge"), "321");
  assert.equal(by("bridge", true), "213");
});

test("each active filter can be removed alone, and all of them together", () => {
  const view = clean({ meetings: ["A", "B"], bridges: ["eu-1"], longer: 60, by: "is:anne", density: "compact" });
  const all = filters(view, true);
  assert.deepEqual(
    all.map(({ key }) => key),
    ["filter.meeting", "filter.meeting", "filter.bridge", "filter.longer", "filter.by_name"],
  );
  assert.deepEqual(all[0].rest, { meetings: ["B"] });
  for (const { rest } of all) assert.equal(filters({ ...view, ...rest }, true).length, all.length - 1);
  assert.deepEqual(filters({ ...view, ...UNFILTERED }, true), []);
  assert.equal(clean({ ...view, ...UNFILTERED }).density, "compact");
  assert.equal(filters(view, false).length, all.length - 2, "the filter by meeting is off while one is open");
});
