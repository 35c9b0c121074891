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

test("a participant's actions depend on whether they wait or are in the call", () => {
  for (const action of ["admit", "hold", "remove", "rename"]) assert.equal(why(action), null, action);
  for (const action of ["send_back", "mute", "unmute"]) assert.equal(why(action), "why.is_waiting", action);
  for (const action of ["send_back", "mute", "unmute", "remove", "rename"]) assert.equal(why(action, inside), null, action);
  for (const action of ["admit", "hold"]) assert.equal(why(action, inside), "why.is_in", action);
  assert.equal(why("admit", { lobby: "unknown" }), "why.is_checked");
  assert.equal(why("mute", { lobby: "unknown", state: "ringing" }), "why.is_called");
  assert.equal(why("remove", { lobby: "unknown", state: "ringing" }), null);
  assert.equal(whyNot("admit", undefined, byId(), page), "why.left");
});

test("a viewer, or a page without a connection, can do nothing", () => {
  for (const action of ["admit", "hold", "unhold", "remove"]) {
    assert.equal(why(action, {}, {}, { ...page, acts: false }), "why.viewer");
    assert.equal(why(action, {}, {}, { ...page, live: false }), "why.not_connected");
  }
  assert.equal(whyMeeting("lock", {}, [{}], { ...page, acts: false }), "why.viewer");
});

test("an older bridge can do less, by its version", () => {
  assert.equal(why("admit", {}, { can_admit: false }), "why.too_old");
  assert.equal(why("remove", {}, { can_admit: false }), null);
  assert.equal(why("send_back", inside, { can_send_back: false }), "why.send_back_too_old");
  assert.equal(why("mute", inside, { can_send_back: false }), null);
});

test("a paused or unreachable bridge can't be asked; a silent one may answer", () => {
  assert.equal(why("admit", {}, { state: "paused" }), "why.paused");
  for (const state of ["unreachable", "refused"]) assert.equal(why("remove", {}, { state }), "why.unreachable");
  assert.equal(why("admit", {}, { silent_since: 1 }), null);
  assert.equal(why("admit", { bridge: null }), null);
  assert.equal(why("remove", { bridge: null, elsewhere: "us-9" }), "why.elsewhere");
});

test("a hold needs no bridge: neither a bridge nor a request under way prevents it", () => {
  const pending = { action: "admit", by: "max", since: 1 };
  assert.equal(why("hold", { pending }, { state: "paused" }), null);
  assert.equal(why("admit", { pending }), "why.pending");
  assert.equal(why("unhold"), "why.not_held");
  assert.equal(why("unhold", { hold: { by: "max" } }), null);
});

test("one usable bridge of a meeting is enough", () => {
  assert.equal(whyMeeting("lock", {}, [{ state: "paused" }, {}]), null);
  assert.equal(whyMeeting("lock", {}, [{ state: "unreachable" }, { state: "paused" }]), "why.unreachable");
  assert.equal(whyMeeting("message", { pending: { action: "lock", by: "max", since: 1 } }), "why.pending_meeting");
  assert.equal(whyMeeting("unmessage"), "why.no_message");
  assert.equal(whyMeeting("unmessage", { message: { text: "Hello", until: null } }), null);
  assert.equal(whyNotMeeting("lock", undefined, byId(), page), "why.ended");
});

test("the catalogue has every reason", () => {
  const source = readFileSync(new URL("../../../web/state/permissions.js", import.meta.url), "utf8");
  const reasons = [...source.matchAll(/"(why[._]\w+)"/g)].map(([, key]) => key);
  assert.ok(reasons.length > 10);
  for (const key of reasons) assert.ok(catalogue[key], key);
});
