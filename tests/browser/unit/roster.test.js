import assert from "node:assert/strict";
import { test } from "node:test";
import { fold, isolate, plain } from "../../../web/lib/text.js";
import { Clock, duration } from "../../../web/lib/time.js";
import { Roster } from "../../../web/state/roster.js";
import { Selection } from "../../../web/state/selection.js";

const person = (id, more = {}) => ({
  ...{ kind: "person", id, meeting: "m", name: id, address: "", lobby: "waiting", waiting_since: 1, pending: null, bridge: null },
  ...more,
});
const meeting = (id, more = {}) => ({
  kind: "meeting",
  id,
  name: id,
  waiting: 0,
  unknown: 0,
  longest_since: null,
  bridges: [],
  ...more,
});
const roster = (...rows) => {
  const all = new Roster();
  all.apply({ put: rows, drop: [] });
  return all;
};
const ids = (rows) => rows.map((row) => row.id).join(" ");

test("only waiting participants are listed, longest wait first", () => {
  const all = roster(person("a", { waiting_since: 30 }), person("b", { waiting_since: 10 }), person("c", { lobby: "in" }));
  assert.equal(ids(all.lobby()), "b a");
  all.apply({ put: [person("b", { lobby: "in", waiting_since: null })], drop: [{ kind: "person", id: "a" }] });
  assert.equal(ids(all.lobby()), "");
  assert.equal(ids(all.peopleOf("m", "in")), "b c");
});

test("participants with an unknown lobby state are counted until it is known", () => {
  const all = roster(person("a", { lobby: "unknown" }), person("b", { lobby: "unknown" }));
  assert.equal(all.unknown, 2);
  all.apply({ put: [person("a")], drop: [{ kind: "person", id: "b" }] });
  assert.equal(all.unknown, 0);
});

test("a participant being called can't be in a lobby, so there is nothing to check", () => {
  const all = roster(
    meeting("m"),
    person("a", { lobby: "in" }),
    person("b", { lobby: "unknown", state: "ringing" }),
    person("c", { lobby: "unknown", state: "initial", meeting: "n" }),
    person("d", { lobby: "unknown", state: "connected" }),
  );
  assert.deepEqual([all.unknown, all.checkable(), all.checkable("m"), all.checkable("n")], [1, 2, 2, 0]);
  assert.equal(ids(all.peopleOf("m", "called")), "b");
  assert.equal(ids(all.peopleOf("m", "unknown")), "d");
  all.apply({
    put: [person("b", { state: "connected" }), person("d", { lobby: "in" })],
    drop: [{ kind: "person", id: "c" }],
  });
  assert.deepEqual([all.unknown, all.checkable(), all.checkable("m"), all.checkable("n")], [0, 3, 3, 0]);
  assert.equal(ids(all.peopleOf("m", "called")), "");
  // A participant read while ringing, but known to wait: the lobby state counts, whatever the call state.
  all.apply({ put: [person("a", { state: "ringing" })], drop: [] });
  assert.equal(ids(all.lobby("m")), "a b");
});

test("namesakes have the same folded name in the same meeting", () => {
  const [a, b, c] = [
    person("a", { name: "Zoë Berg" }),
    person("b", { name: "ZOE BERG" }),
    person("c", { name: "Zoë Berg", meeting: "n" }),
  ];
  const all = roster(a, b, c);
  assert.deepEqual(
    [a, b, c].map((each) => all.hasNamesake(each)),
    [true, true, false],
  );
  all.apply({ put: [], drop: [{ kind: "person", id: "b" }] });
  assert.equal(all.hasNamesake(a), false);
});

test("the search ignores accents and case in names, addresses and meetings, and needs every word", () => {
  const all = roster(
    meeting("m", { name: "Élysée" }),
    person("a", { name: "Łukasz Müller" }),
    person("b", { address: "BO@Example.org" }),
  );
  const found = (query) => ids(all.lobby().filter(all.matcher(query)));
  assert.equal(found("lukasz"), "a");
  assert.equal(found("muller elysee"), "a");
  assert.equal(found("bo@example"), "b");
  assert.equal(found("ELYSEE"), "a b");
  assert.equal(found("nobody"), "");
  assert.equal(found("  "), "a b");
  assert.ok(all.meetingMatcher("lukasz")(all.meetings.get("m")));
});

test("meetings with waiting participants come first, by longest wait", () => {
  const [a, b, c] = [
    meeting("a"),
    meeting("b", { waiting: 1, longest_since: 20 }),
    meeting("c", { waiting: 2, longest_since: 10 }),
  ];
  assert.equal(ids([a, b, c].sort(roster(a, b, c).byUrgency)), "c b a");
});

test("folding", () => {
  assert.equal(fold("  Ångström\u2028Ødegård "), "angstrom odegard");
  assert.equal(fold("ＢＯ"), "bo");
  assert.equal(fold("\u202eevil"), "evil");
});

test("a name can't change the direction of the sentence around it", () => {
  assert.equal(plain("a\u202eb\u2069\nc"), "ab c");
  assert.equal(isolate("\u2069\u202ex"), "x");
  assert.equal(isolate("\u2069محمد"), "\u2068محمد\u2069");
});

test("durations have their forms", () => {
  assert.deepEqual([0, 48_900, 402_000, 3_723_000, -5].map(duration), ["0:00", "0:48", "6:42", "1:02:03", "0:00"]);
});

test("the clock follows the least delayed frame", () => {
  let local = 1000;
  const clock = new Clock(() => local);
  clock.sync(5900);
  clock.sync(5000);
  assert.equal(clock.now(), 5900);
  local = 2000;
  assert.equal(clock.now(), 6900);
});

test("a range selects what lies between, in the order shown", () => {
  const selection = new Selection();
  selection.toggle("b");
  selection.range(["a", "b", "c", "d"], "d");
  assert.deepEqual([...selection.ids], ["b", "c", "d"]);
  selection.range(["a", "b", "c", "d"], "a");
  assert.equal(selection.size, 4);
  selection.keep((id) => id !== "c");
  assert.equal(selection.has("c"), false);
});
