import assert from "node:assert/strict";
import { test } from "node:test";
import { LONGEST_GRACE, RestartGrace } from "../../../web/net/restart_grace.js";
import { collect } from "../../../web/net/rows.js";

const bridge = (id, state) => ({ kind: "bridge", id, state });
const person = (id, lobby, state = "connected") => ({ kind: "person", id, lobby, state });
/** The rows shown after a snapshot and some changes, each at its time. */
function shown(rows, changes = [], at = 1000) {
  const restartGrace = new RestartGrace();
  restartGrace.begin(collect(rows), 0);
  for (const put of changes) restartGrace.apply({ put, drop: [] });
  return restartGrace.end(at)?.size ?? null;
}

test("rows of a server that has read everything are shown at once", () =>
  assert.equal(shown([bridge("eu-1", "live"), bridge("eu-2", "unreachable"), person("a", "waiting")]), 3));

test("rows of a server that has read nothing yet are held back", () => {
  assert.equal(shown([]), null);
  assert.equal(shown([bridge("eu-1", "live"), bridge("eu-2", "connecting")]), null);
  assert.equal(shown([bridge("eu-1", "live"), person("a", "unknown")]), null);
});

test("a participant being called does not prolong the wait", () =>
  assert.equal(shown([bridge("eu-1", "live"), person("a", "unknown", "ringing")]), 2));

test("changes apply until everything is read", () =>
  assert.equal(
    shown([bridge("eu-1", "connecting")], [[bridge("eu-1", "live"), person("a", "unknown")], [person("a", "waiting")]]),
    2,
  ));

test("rows are held back for a moment at most, even if another snapshot comes", () => {
  assert.equal(shown([], [], LONGEST_GRACE), 0);
  const restartGrace = new RestartGrace();
  restartGrace.begin(collect([]), 0);
  restartGrace.begin(collect([]), 4000);
  assert.equal(restartGrace.end(LONGEST_GRACE - 1), null);
  assert.equal(restartGrace.end(LONGEST_GRACE)?.size, 0);
  assert.equal(restartGrace.end(LONGEST_GRACE), null, "shown once");
});
