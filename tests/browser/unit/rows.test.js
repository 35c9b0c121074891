import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { apply, collect, diff, Follower } from "../../../web/net/rows.js";

const folder = new URL("../../fixtures/diff/", import.meta.url);
const fixtures = readdirSync(folder).map((file) => JSON.parse(readFileSync(new URL(file, folder), "utf8")));
const sorted = (rows) => [...rows.values()].sort((a, b) => (a.kind + a.id < b.kind + b.id ? -1 : 1));
const keys = (list) => list.map((each) => `${each.kind} ${each.id}`).sort();

test("the fixtures shared with the server's tests exist", () => assert.ok(fixtures.length >= 10));

for (const { name, before, delta, after } of fixtures) {
  test(`delta: ${name}`, () => {
    assert.deepEqual(sorted(apply(collect(before), delta)), sorted(collect(after)));
    assert.deepEqual(
      sorted(apply(apply(collect(before), delta), delta)),
      sorted(collect(after)),
      "applying twice changes nothing more",
    );
  });

  test(`apply(old, diff(old, new)) == new: ${name}`, () => {
    const [old, wanted] = [collect(before), collect(after)];
    const changes = diff(old, wanted);
    assert.deepEqual(keys(changes.put), keys(delta.put));
    assert.deepEqual(keys(changes.drop), keys(delta.drop));
    assert.deepEqual(sorted(apply(old, changes)), sorted(wanted));
    assert.deepEqual(diff(old, wanted), { put: [], drop: [] });
  });
}

const part = (part, rows) => ({ type: "snapshot", epoch: "a", seq: 7, part, rows });
const end = (parts, rows) => ({ type: "snapshot_end", epoch: "a", seq: 7, parts, rows });
const delta = (seq, epoch = "a") => ({ type: "delta", epoch, seq, put: [], drop: [] });
const row = (id) => ({ kind: "server", id, hidden_meetings: 0, trouble: null });

test("deltas before the first snapshot are ignored", () => assert.equal(new Follower().delta(delta(1)), "ignore"));

test("a snapshot in parts is complete only at its end", () => {
  const follower = new Follower();
  follower.part(part(0, [row("a")]));
  follower.part(part(1, [row("b")]));
  assert.equal(follower.current, false);
  assert.deepEqual([...(follower.end(end(2, 2)) ?? []).keys()], ["server\na", "server\nb"]);
  assert.equal(follower.delta(delta(8)), "apply");
});

test("a snapshot with a missing part or row is ignored", () => {
  const follower = new Follower();
  follower.part(part(0, [row("a")]));
  assert.equal(follower.end(end(2, 2)), null);
  follower.part(part(0, [row("a")]));
  assert.equal(follower.end(end(1, 2)), null);
  assert.equal(follower.current, false);
});

for (const [what, frame] of [
  ["a gap", delta(9)],
  ["a repeated number", delta(7)],
  ["another epoch", delta(8, "b")],
]) {
  test(`${what} asks for a snapshot once, and deltas wait for it`, () => {
    const follower = new Follower();
    follower.end(end(0, 0));
    assert.equal(follower.delta(frame), "resync");
    assert.equal(follower.delta(delta(8)), "ignore");
    follower.end(end(0, 0));
    assert.equal(follower.delta(delta(8)), "apply");
  });
}
