// A display's picture: the worst meetings first, and only stale data marked as stale.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assess, emptyReason, isIdle, LATE, overdue, silentNames, viewOf } from "../../../web/wall/picture.js";
import { bridge, meeting, NOW } from "./wall-sample_rows.js";

const ALL = { what: "all", seconds: 30 };
const picture = (rows, { view = ALL, index = 0, lost = 0 } = {}) => viewOf(assess(rows, NOW, lost), view, index);
const ids = (seen) => seen.map(({ row }) => row.id).join(" ");

test("meetings past their second threshold come first, then past the first, then by wait, then by id", () => {
  const rows = [
    meeting("d", 20),
    meeting("c", 60),
    meeting("b", 130),
    meeting("a", 301),
    meeting("z", 60),
    meeting("own", 90, { first_s: 10, second_s: 20 }),
    meeting("quiet"),
  ];
  const shown = picture(rows);
  assert.equal(ids(shown.meetings), "a own b c z d");
  assert.equal(ids(picture([...rows].reverse()).meetings), "a own b c z d");
  assert.deepEqual(
    shown.meetings.map(({ level }) => level),
    [2, 2, 1, 0, 0, 0],
  );
  assert.deepEqual([shown.past.length, shown.longest.level, shown.waiting], [3, 2, 6]);
});

test("only waits without acknowledgement or hold pass a threshold; the longest wait is still shown", () => {
  const known = meeting("m", 900, { alarm_since: null });
  const some = meeting("n", 800, { alarm_since: NOW - 130_000, waiting: 3 });
  const shown = picture([known, some]);
  assert.equal(ids(shown.meetings), "n m");
  // The longest wait is acknowledged, so only the other meeting is past its threshold.
  assert.deepEqual([shown.longest.ms, shown.longest.row.id, shown.longest.level, ids(shown.past)], [900_000, "m", 0, "n"]);
});

test("participants on hold are counted apart and are never the longest wait", () => {
  const all = meeting("all", null, { waiting: 2, held: 2 });
  const some = meeting("some", 40, { waiting: 3, held: 1 });
  const shown = picture([all, some]);
  assert.equal(ids(shown.meetings), "some all");
  assert.deepEqual([shown.waiting, shown.held, shown.longest.row.id, shown.quiet.length], [2, 3, "some", 0]);
  assert.equal(picture([all]).longest, undefined);
});

test("a threshold is passed when it is reached", () => {
  const level = (seconds) => picture([meeting("m", seconds)]).meetings[0].level;
  assert.deepEqual([119.999, 120, 299.999, 300].map(level), [0, 1, 1, 2]);
});

test("meetings without anybody waiting are listed by title", () => {
  assert.equal(ids(picture([meeting("b"), meeting("c", 5), meeting("a"), meeting("d", null, { unknown: 2 })]).quiet), "a b d");
});

test("a view shows its meetings and its bridges", () => {
  const rows = [
    bridge("eu-1"),
    bridge("us-1"),
    meeting("a", 5, { views: [0] }),
    meeting("b", 6, { views: [0, 1], bridges: ["us-1"] }),
  ];
  const first = picture(rows);
  const second = picture(rows, { view: { what: "bridges", bridges: ["us-1"], seconds: 20 }, index: 1 });
  assert.deepEqual([ids(first.meetings), first.bridges.length], ["b a", 2]);
  assert.deepEqual([ids(second.meetings), second.bridges.map(({ id }) => id).join()], ["b", "us-1"]);
});

test("only a silent bridge's data is stale, by its last answer, and its waits stop", () => {
  const rows = [
    bridge("eu-1"),
    bridge("us-1", { silent_since: NOW - 12_000 }),
    meeting("here", 60),
    meeting("there", 60, { bridges: ["us-1"], waiting: 4 }),
    meeting("both", 60, { bridges: ["eu-1", "us-1"] }),
    meeting("empty", null, { bridges: ["us-1"] }),
  ];
  const shown = picture(rows);
  const by = Object.fromEntries([...shown.meetings, ...shown.quiet].map((seen) => [seen.row.id, seen]));
  assert.deepEqual([by.here.age, by.there.age, by.both.age, by.empty.age], [0, 12_000, 12_000, 12_000]);
  assert.deepEqual([by.here.ms, by.there.ms], [60_000, 48_000]);
  assert.equal(by.both.ms, 60_000, "the wait continues on the bridge that answers");
  assert.equal(shown.doubtful, 5);
  assert.deepEqual(
    shown.bridges.map(({ id, state, age }) => [id, state, age]),
    [
      ["us-1", "silent", 12_000],
      ["eu-1", "", 0],
    ],
  );
});

test("a bridge that does not answer is stale since then; a polled one is not, but is marked", () => {
  const since = NOW - 300_000;
  const rows = ["unreachable", "refused", "paused", "connecting", "polling", "live"].map((state) =>
    bridge(state, { state, since }),
  );
  assert.deepEqual(
    picture(rows).bridges.map(({ id, state, age }) => `${id} ${state} ${age}`),
    [
      "connecting connecting 300000",
      "paused paused 300000",
      "refused refused 300000",
      "unreachable unreachable 300000",
      "polling polling 0",
      "live  0",
    ],
  );
  assert.equal(picture([bridge("a", { state: "unreachable", since, silent_since: NOW - 310_000 })]).bridges[0].age, 310_000);
});

test("without the server everything is stale; a quiet night is not", () => {
  assert.equal(LATE, 5000);
  const rows = [bridge(), meeting("a", 60), meeting("b")];
  const lost = picture(rows, { lost: 7000 });
  assert.deepEqual(
    [...lost.meetings, ...lost.quiet].map(({ age }) => age),
    [7000, 7000],
  );
  assert.equal(lost.meetings[0].ms, 53_000);
  const night = picture([bridge(), meeting("b")]);
  assert.deepEqual([night.lost, night.quiet[0].age, night.bridges[0].age, night.doubtful], [0, 0, 0, 0]);
});

test("a meeting on a removed bridge is shown as it is", () => {
  assert.equal(picture([meeting("a", 60, { bridges: ["gone"] })]).meetings[0].age, 0);
});

test("a wait alarms if it is too long, unhandled and certain", () => {
  const rows = [
    bridge("us-1", { silent_since: NOW - 10_000 }),
    meeting("long", 200),
    meeting("handled", 900, { handled: true }),
    meeting("old", 900, { bridges: ["us-1"] }),
    meeting("half", 450, { bridges: ["eu-1", "us-1"] }),
    meeting("a", 400),
    meeting("b", 500, { views: [1] }),
  ];
  assert.equal(ids(overdue(assess(rows, NOW, 0))), "b half a");
  assert.equal(ids(overdue(assess(rows, NOW, 6000))), "");
});

test("a display is idle only if certainly nobody waits", () => {
  const quiet = [bridge(), meeting("a")];
  assert.equal(isIdle(assess(quiet, NOW, 0)), true);
  assert.equal(isIdle(assess(quiet, NOW, 6000)), false);
  assert.equal(isIdle(assess([...quiet, meeting("b", 1)], NOW, 0)), false);
  assert.equal(isIdle(assess([...quiet, bridge("us-1", { silent_since: NOW - 9000 })], NOW, 0)), false);
  assert.equal(isIdle(assess([...quiet, meeting("b", null, { unknown: 1 })], NOW, 0)), false);
});

test("a picture has Usher's own problem", () => {
  const server = { kind: "server", id: "server", trouble: true };
  assert.deepEqual(
    [picture([server]).problem, picture([{ ...server, trouble: false }]).problem, picture([]).problem],
    [true, false, false],
  );
});

test("a view without rows says why, and never that nobody waits while that isn't known", () => {
  const silent = bridge("us-1", { silent_since: NOW - 9000 });
  const unsure = meeting("m", null, { unknown: 2 });
  const chosen = { view: { what: "meetings", meetings: [{ id: "m", name: "M" }], seconds: 30 } };
  const cases = {
    no_bridge: [[], [silent], [silent, unsure], [bridge("eu-1", { state: "refused" })]],
    nobody_checking_n: [
      [bridge(), unsure],
      [bridge(), silent, unsure],
    ],
    nobody_read: [
      [bridge(), silent],
      [bridge(), silent, meeting()],
    ],
    nobody: [[bridge(), meeting()]],
    no_meetings: [[bridge()], [bridge("eu-1", { state: "polling" })]],
  };
  for (const [reason, all] of Object.entries(cases))
    for (const rows of all) assert.equal(emptyReason(picture(rows)), reason, JSON.stringify(rows));
  assert.equal(emptyReason(picture([bridge()], chosen)), "none_chosen");
  assert.equal(emptyReason(picture([bridge(), meeting()], chosen)), "nobody");
});

test("the three bridges with the longest silence are named, and the rest are counted", () => {
  const silent = (id, seconds) => bridge(id, { silent_since: NOW - seconds * 1000 });
  const names = (rows) => silentNames(picture([bridge("fine"), ...rows]).bridges);
  assert.equal(names([]), "");
  assert.equal(names([silent("a", 10), silent("b", 30)]), "b, a");
  assert.equal(names([silent("a", 10), silent("b", 30), silent("c", 20)]), "b, c, a");
  assert.equal(names([silent("a", 10), silent("b", 30), silent("c", 20), silent("d", 40)]), "d, b, c, +1");
  assert.equal(names(["a", "b", "c", "d", "e"].map((id) => silent(id, 10))), "a, b, c, +2");
});
