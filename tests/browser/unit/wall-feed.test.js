// A display's rows follow the server's, with gaps, restarts and snapshots.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Feed } from "../../../web/wall/feed.js";
import { bridge, meeting } from "./wall-sample_rows.js";

function feed() {
  let resyncs = 0;
  const made = new Feed(() => {
    resyncs += 1;
  });
  return { made, resyncs: () => resyncs, ids: () => [...made.rows.values()].map(({ id }) => id).join(" ") };
}

/** @param {Feed} to */
function snapshot(to, rows, { epoch = "e", seq = 5, size = 2 } = {}) {
  const parts = Math.max(1, Math.ceil(rows.length / size));
  for (let part = 0; part < parts; part++) {
    to.take({ type: "snapshot", epoch, seq, part, rows: rows.slice(part * size, (part + 1) * size) });
  }
  return to.take({ type: "snapshot_end", epoch, seq, parts, rows: rows.length });
}

const delta = (seq, put, drop = [], epoch = "e") => ({ type: "delta", epoch, seq, put, drop });

test("a snapshot is shown at its end, not before", () => {
  const { made, ids } = feed();
  assert.equal(made.take({ type: "snapshot", epoch: "e", seq: 5, part: 0, rows: [meeting("a")] }), false);
  assert.equal(ids(), "");
  assert.equal(made.take({ type: "snapshot_end", epoch: "e", seq: 5, parts: 1, rows: 1 }), true);
  assert.equal(ids(), "a");
});

test("a delta drops first, then puts whole rows, by kind and id", () => {
  const { made, ids } = feed();
  snapshot(made, [bridge("x"), meeting("x"), meeting("y")]);
  assert.equal(made.take(delta(6, [meeting("y", 3), meeting("z")], [{ kind: "meeting", id: "x" }])), true);
  assert.equal(ids(), "x y z");
  assert.equal(made.rows.get("meeting\ny").waiting, 1);
  made.take(delta(7, [meeting("x")], [{ kind: "meeting", id: "x" }]));
  assert.equal(ids(), "x y z x");
});

test("a gap asks once for a snapshot; meanwhile rows stay and deltas are ignored", () => {
  const { made, resyncs, ids } = feed();
  snapshot(made, [meeting("a")]);
  assert.equal(made.take(delta(7, [meeting("b")])), false);
  assert.equal(made.take(delta(8, [meeting("c")])), false);
  assert.deepEqual([resyncs(), ids()], [1, "a"]);
  snapshot(made, [meeting("c")], { seq: 8 });
  assert.equal(made.take(delta(9, [meeting("d")])), true);
  assert.deepEqual([resyncs(), ids()], [1, "c d"]);
});

test("a repeated delta is a gap, too", () => {
  const { made, resyncs } = feed();
  snapshot(made, [meeting("a")]);
  made.take(delta(6, []));
  made.take(delta(6, []));
  assert.equal(resyncs(), 1);
});

test("another server's delta asks for a snapshot, and another server's snapshot replaces all", () => {
  const { made, resyncs, ids } = feed();
  snapshot(made, [meeting("a"), meeting("b")]);
  made.take(delta(6, [meeting("c")], [], "f"));
  assert.equal(resyncs(), 1);
  snapshot(made, [meeting("b")], { epoch: "f", seq: 0 });
  assert.equal(ids(), "b");
  assert.equal(made.take(delta(1, [meeting("c")], [], "f")), true);
});

test("on a new connection the old rows stay until its snapshot has ended", () => {
  const { made, ids, resyncs } = feed();
  snapshot(made, [meeting("a")]);
  made.current = false;
  assert.equal(made.take(delta(6, [meeting("b")])), false);
  made.take({ type: "snapshot", epoch: "f", seq: 0, part: 0, rows: [] });
  assert.equal(ids(), "a");
  made.take({ type: "snapshot_end", epoch: "f", seq: 0, parts: 1, rows: 0 });
  assert.deepEqual([ids(), resyncs()], ["", 0]);
});

test("a snapshot without all parts is requested again; parts of an earlier one do not count", () => {
  const { made, resyncs, ids } = feed();
  made.take({ type: "snapshot", epoch: "e", seq: 5, part: 1, rows: [meeting("a")] });
  assert.equal(made.take({ type: "snapshot_end", epoch: "e", seq: 5, parts: 2, rows: 2 }), false);
  assert.deepEqual([resyncs(), ids()], [1, ""]);
  snapshot(made, [meeting("b"), meeting("c"), meeting("d")]);
  assert.equal(ids(), "b c d");
});

test("an empty view is valid", () => {
  const { made } = feed();
  assert.equal(snapshot(made, []), true);
  assert.equal(made.epoch, "e");
});
