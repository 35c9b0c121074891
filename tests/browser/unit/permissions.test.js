import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { whyNot, whyNotMeeting } from "../../../web/state/permissions.js";
import { bridge, byId, meeting, person } from "./sample_rows.js";

const catalogue = JSON.parse(readFileSync(new URL("../../../web/i18n/en.json", import.meta.url), "utf8"));
const page = { acts: true, live: true };
const why = (action, more = {}, on = {}, how = page) => whyNot(action, person("p", more), byId(bridge(on)), how);
const whyMeeting = (action, more = {}, ons = [{}], how = page) => {
  const bridges = ons.map((on, at) => bridge({ id: `b${at}`, ...on }));
  return whyNotMeeting(action, meeting("m", { bridges: bridges.map((each) => each.id), ...more }), byId(...bridges), how);
};
const inside = { lobby: "in" };

test("what can be done with somebody who waits, and with somebody who is in", () => {
  for (const action of ["admit", "hold", "remove", "rename"]) assert.equal(why(action), null, action);
  for (const action of ["send_back", "mute", "unmute"]) assert.equal(why(action), "why.is_waiting", action);
  for (const action of ["send_back", "mute", "unmute", "remove", "rename"]) assert.equal(why(action, inside), null, action);
  for (const action of ["admit", "hold"]) assert.equal(why(action, inside), "why.is_in", action);
  assert.equal(why("admit", { lobby: "unknown" }), "why.is_checked");
  assert.equal(why("mute", { lobby: "unknown", state: "ringing" }), "why.is_called");
  assert.equal(why("remove", { lobby: "unknown", state: "ringing" }), null);
  assert.equal(whyNot("admit", undefined, byId(), page), "why.left");
});

test("who may only look, and a page without a server, can do nothing", () => {
  for (const action of ["admit", "hold", "unhold", "remove"]) {
    assert.equal(why(action, {}, {}, { ...page, acts: false }), "why_viewer");
    assert.equal(why(action, {}, {}, { ...page, live: false }), "why_not_connected");
  }
  assert.equal(whyMeeting("lock", {}, [{}], { ...page, acts: false }), "why_viewer");
});

test("an older bridge can do less, each by its own version", () => {
  assert.equal(why("admit", {}, { can_admit: false }), "why_too_old");
  assert.equal(why("remove", {}, { can_admit: false }), null);
  assert.equal(why("send_back", inside, { can_send_back: false }), "why.send_back_too_old");
  assert.equal(why("mute", inside, { can_send_back: false }), null);
});

test("a bridge that is paused or away can't be asked; one that is only silent may answer", () => {
  assert.equal(why("admit", {}, { state: "paused" }), "why_paused");
  for (const state of ["unreachable", "refused"]) assert.equal(why("remove", {}, { state }), "why.unreachable");
  assert.equal(why("admit", {}, { silent_since: 1 }), null);
  assert.equal(why("admit", { bridge: null }), null);
  assert.equal(why("remove", { bridge: null, elsewhere: "us-9" }), "why.elsewhere");
});

test("a hold is Usher's own: no bridge and nothing under way keeps it from being set or ended", () => {
  const pending = { action: "admit", by: "max", since: 1 };
  assert.equal(why("hold", { pending }, { state: "paused" }), null);
  assert.equal(why("admit", { pending }), "why.pending");
  assert.equal(why("unhold"), "why.not_held");
  assert.equal(why("unhold", { hold: { by: "max" } }), null);
});

test("one bridge of a meeting that can be asked suffices", () => {
  assert.equal(whyMeeting("lock", {}, [{ state: "paused" }, {}]), null);
  assert.equal(whyMeeting("lock", {}, [{ state: "unreachable" }, { state: "paused" }]), "why.unreachable");
  assert.equal(whyMeeting("message", { pending: { action: "lock", by: "max", since: 1 } }), "why.pending_meeting");
  assert.equal(whyMeeting("unmessage"), "why.no_message");
  assert.equal(whyMeeting("unmessage", { message: { text: "Hello", until: null } }), null);
  assert.equal(whyNotMeeting("lock", undefined, byId(), page), "why.ended");
});

test("every reason is in the catalogue", () => {
  const source = readFileSync(new URL("../../../web/state/permissions.js", import.meta.url), "utf8");
  const reasons = [...source.matchAll(/"(why[._]\w+)"/g)].map(([, key]) => key);
  assert.ok(reasons.length > 10);
  for (const key of reasons) assert.ok(catalogue[key], key);
});
