// The command palette's entries: found, ranked and bounded; bound to ids; in their places while the user reaches for one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MOST, PaletteList } from "../../../web/state/palette_list.js";
import { Roster } from "../../../web/state/roster.js";
import { meeting, person } from "./sample_rows.js";

const nothing = () => {};
const command = (id, label, more = {}) => ({ id, label, act: nothing, ...more });
const actions = (...commands) => ({ id: "person", title: "Actions for Bo", acts: true, commands });
const pages = { id: "pages", title: "Pages", acts: false, commands: [command("page.log", "Log"), command("page.users", "Users")] };

function listOf(...rows) {
  const roster = new Roster();
  roster.apply({ put: rows, drop: [] });
  const list = new PaletteList(roster);
  return { roster, list, change: (put, drop = []) => roster.apply({ put, drop }) };
}
const ids = ({ entries }) => entries.map(({ id }) => id).join(" ");
const groups = ({ groups }) => groups.map(({ id }) => id).join(" ");

test("actions come first, then people, meetings and pages; empty groups are left out", () => {
  const { list } = listOf(person("Louis"), meeting("Lounge"));
  const commands = [pages, actions(command("person.lock", "Lock…"))];
  list.update("lo", commands, false);
  assert.equal(groups(list), "person people meetings pages");
  list.update("lou", commands, false);
  assert.equal(groups(list), "people meetings");
  list.update("xyz", commands, false);
  assert.deepEqual([list.entries, list.total, list.bestId], [[], 0, null]);
});

test("an impossible action is not listed, and an action is never found by its target's name", () => {
  const { list } = listOf();
  const commands = [actions(command("person.admit", "Admit"), command("person.mute", "Mute", { why: "why.is_waiting" }))];
  list.update("", commands, false);
  assert.equal(ids(list), "person.admit");
  list.update("bo", commands, false);
  assert.equal(ids(list), "");
});

test("people who wait are first, longest wait first, then the others by name", () => {
  const inside = { lobby: "in", waiting_since: null };
  const { list } = listOf(
    ...[person("Zed", inside), person("Amy", inside)],
    ...[person("Ben", { waiting_since: 9 }), person("Cid", { waiting_since: 5 })],
  );
  list.update("", [], false);
  assert.equal(ids(list), "person:Cid person:Ben person:Amy person:Zed");
});

test("a better match is before a longer wait", () => {
  const { list } = listOf(person("Hanna", { waiting_since: 1 }), person("Anna", { waiting_since: 9 }), person("Jo Anna"));
  list.update("anna", [], false);
  assert.equal(ids(list), "person:Anna person:Jo Anna person:Hanna");
});

test("the list is bounded and says how many match", () => {
  const many = Array.from({ length: 5000 }, (_, at) => person(`p${at}`, { name: `Guest ${at}`, meeting: `m${at % 500}` }));
  const { list } = listOf(...many, ...Array.from({ length: 500 }, (_, at) => meeting(`m${at}`, { name: `Guest room ${at}` })));
  list.update("gue", [], false);
  assert.deepEqual(
    list.groups.map(({ id, entries, total }) => [id, entries.length, total]),
    [
      ["people", MOST.people, 5000],
      ["meetings", MOST.meetings, 500],
    ],
  );
  assert.equal(list.total, 5500);
});

test("the best match is highlighted; of equal ones it is one that changes nothing", () => {
  const { list } = listOf(person("Admir"));
  const commands = [actions(command("person.admit", "Admit"), command("person.remove", "Remove from the meeting…")), pages];
  const best = (query) => {
    list.update(query, commands, false);
    return list.bestId;
  };
  assert.equal(best("adm"), "person:Admir");
  assert.equal(best("admit"), "person.admit");
  assert.equal(best("remove from the meeting"), "person.remove");
  assert.equal(best("meeting"), "person.remove");
  assert.equal(best("us"), "page.users");
});

test("frozen, entries keep their places: who is gone stays and is not possible, arrivals are only counted", () => {
  const { list, change } = listOf(person("Anna", { waiting_since: 5 }), person("Anne", { waiting_since: 9 }), meeting("Annex"));
  list.update("ann", [], false);
  assert.equal(ids(list), "person:Anna person:Anne meeting:Annex");
  change([person("Ann", { waiting_since: 1 }), person("Anne", { waiting_since: 2 })], [{ kind: "person", id: "Anna" }]);
  list.update("ann", [], true);
  assert.equal(ids(list), "person:Anna person:Anne meeting:Annex");
  assert.deepEqual(
    list.entries.map(({ why }) => why),
    ["why.left", null, null],
  );
  assert.equal(list.entries[1].row.waiting_since, 2, "the row is the current one");
  assert.equal(list.total, 3, "Ann, Anne and Annex");
  change([], [{ kind: "meeting", id: "Annex" }]);
  list.update("ann", [], true);
  assert.equal(list.find("meeting:Annex").why, "why.ended");
  list.update("ann", [], false);
  assert.equal(ids(list), "person:Ann person:Anne");
});

test("frozen, an action that is no longer possible says why and comes back; its label and its effect are the current ones", () => {
  const { list } = listOf();
  const admit = (why, label, act = nothing) => [
    actions(command("person.admit", label, { why, act }), command("person.claim", "Claim")),
  ];
  list.update("", admit(null, "Admit 2"), false);
  list.update("", admit("why.not_connected", "Admit 2"), true);
  assert.equal(list.find("person.admit").why, "why.not_connected");
  const act = () => {};
  list.update("", admit(null, "Admit 3", act), true);
  const { why, command: now } = list.find("person.admit");
  assert.deepEqual([why, now.label, now.act], [null, "Admit 3", act]);
  list.update("", [], true);
  assert.deepEqual(
    list.entries.map(({ why }) => why),
    ["why.left", "why.left"],
  );
});
