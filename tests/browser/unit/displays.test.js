// Displays as administrators see and change them: labels, forms and faults.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { t, use } from "../../../web/lib/i18n.js";
import { Requests } from "../../../web/net/requests.js";
import {
  chooseMeeting,
  codeOf,
  Draft,
  displayOf,
  faultsOf,
  formOf,
  isChosen,
  LANGUAGES,
  MOST,
  meetingsToChoose,
  moveUp,
  newForm,
  newTheme,
  newView,
} from "../../../web/state/display_draft.js";
import { byName, chosenIn, Displays, stateOf, viewsLabel } from "../../../web/state/displays.js";

use(JSON.parse(readFileSync(new URL("../../../web/i18n/en.json", import.meta.url), "utf8")), "en");

const display = (more = {}) => ({
  name: "Control room left",
  place: "Room 2",
  views: [
    { what: "all", seconds: 30 },
    { what: "meetings", meetings: [{ id: "m1", name: "Board call" }], seconds: 20 },
    { what: "bridges", bridges: ["eu-1", "eu-2"], seconds: 15 },
  ],
  names: "initials",
  titles: false,
  distance_m: 3.5,
  diagonal_in: 65,
  themes: [
    { from: "07:00", theme: "light" },
    { from: "19:00", theme: "grey" },
  ],
  dim: { from: "22:00", to: "06:00" },
  sound: true,
  lang: "de",
  ...more,
});
const row = (more = {}) => ({ id: "d1", display: display(), connected: 1, last_seen: 5, revoked: null, ...more });
const fields = (form, code) => faultsOf(form, code).map((fault) => fault.field);
const faultTexts = (form, code) => faultsOf(form, code).map((fault) => t(fault.key, fault.args));

test("the page requests the list once, again on a new connection, and again if a closed socket did not take it", () => {
  const sent = [];
  let open = true;
  const displays = new Displays((message) => open && sent.push([message.type, message.on]) > 0);
  for (const wanted of [true, true, false, true]) displays.watch(wanted);
  displays.forget();
  displays.watch(true);
  assert.deepEqual(
    sent.map(([, on]) => on),
    [true, false, true, true],
  );
  displays.forget();
  open = false;
  displays.watch(true);
  assert.equal(displays.watching, false);
});

test("the list is ordered by name, regardless of case and accents, with revoked displays last", () => {
  const named = (name, more = {}) => row({ id: name, display: display({ name }), ...more });
  const displays = new Displays(() => true);
  const list = [named("lobby"), named("Éntrance"), named("A", { revoked: 7 }), named("Control room left")];
  displays.receive({ type: "displays", time: 1, waiting: 2, displays: list });
  assert.deepEqual(
    displays.list?.map((each) => each.id),
    ["Control room left", "Éntrance", "lobby", "A"],
  );
  assert.equal(displays.waiting, 2);
  assert.equal([row({ id: "b" }), row({ id: "a" })].sort(byName)[0].id, "a");
});

test("a display's state says connected, shared, away, never connected or revoked", () => {
  assert.equal(stateOf(row()), "connected");
  assert.equal(stateOf(row({ connected: 2 })), "shared");
  assert.equal(stateOf(row({ connected: 0 })), "away");
  assert.equal(stateOf(row({ connected: 0, last_seen: null })), "never");
  assert.equal(stateOf(row({ revoked: 9 })), "revoked");
});

test("a view has a label", () => {
  const words = (...views) => {
    const { key, args } = viewsLabel(views);
    return t(key, args);
  };
  const meetings = (n) => ({ what: "meetings", meetings: Array.from({ length: n }, (_, id) => ({ id: `m${id}`, name: "" })) });
  assert.equal(words({ what: "all" }), "All meetings");
  assert.equal(words(meetings(3)), "3 meetings");
  assert.equal(words(meetings(1)), "1 meeting");
  assert.equal(words({ what: "bridges", bridges: ["eu-1", "eu-2"] }), "2 bridges");
  assert.equal(words({ what: "all" }, meetings(2), meetings(1)), "3 views in rotation");
  assert.deepEqual(display().views.map(chosenIn), [[], ["Board call"], ["eu-1", "eu-2"]]);
});

test("the form keeps all settings of a display", () => {
  for (const each of [display(), display({ dim: null, views: [{ what: "all", seconds: 600 }] }), display({ distance_m: 30 })]) {
    assert.deepEqual(displayOf(formOf(each)), each);
    assert.deepEqual(faultsOf(formOf(each)), []);
  }
});

test("a new form only lacks a name, and has the page's language", () => {
  const form = newForm("fr");
  assert.deepEqual(fields(form), ["name"]);
  form.name = "  Control room left ";
  assert.deepEqual(fields(form), []);
  assert.deepEqual(displayOf(form), {
    name: "Control room left",
    place: "",
    views: [{ what: "all", seconds: 30 }],
    names: "short",
    titles: true,
    distance_m: 5,
    diagonal_in: 55,
    themes: [
      { from: "07:00", theme: "light" },
      { from: "19:00", theme: "dark" },
    ],
    dim: { from: "22:00", to: "06:00" },
    sound: false,
    lang: "fr",
  });
  assert.equal(newForm("sv").lang, "en");
});

test("a screen can have every language of the catalogue", () => {
  const files = readdirSync(new URL("../../../web/i18n/", import.meta.url));
  assert.deepEqual(files.map((file) => file.replace(".json", "")).sort(), LANGUAGES);
});

test("text typed into a field that is now hidden is not sent", () => {
  const form = newForm("en");
  form.name = "Left";
  form.views = [newView({ what: "bridges", bridges: ["eu-1"], meetings: [{ id: "m1", name: "Board call" }], seconds: "nonsense" })];
  Object.assign(form, { dims: false, dim_from: "" });
  assert.deepEqual(fields(form), []);
  assert.deepEqual(displayOf(form).views, [{ what: "bridges", bridges: ["eu-1"], seconds: 30 }]);
  assert.equal(displayOf(form).dim, null);
});

test("themes are sent in the order of the day", () => {
  const form = {
    ...newForm("en"),
    themes: [newTheme({ from: "19:00", theme: "dark" }), newTheme({ from: "06:30", theme: "grey" })],
  };
  assert.deepEqual(displayOf(form).themes, [
    { from: "06:30", theme: "grey" },
    { from: "19:00", theme: "dark" },
  ]);
});

test("the length of names and places is counted in characters", () => {
  const form = { ...newForm("en"), name: "😀".repeat(60), place: "é".repeat(60) };
  assert.deepEqual(fields(form), []);
  assert.deepEqual(faultTexts({ ...form, name: "😀".repeat(61), place: "é".repeat(61) }), [
    "Enter a name of 1 to 60 characters.",
    "Use at most 60 characters.",
  ]);
  assert.deepEqual(fields({ ...form, name: "  " }), ["name"]);
});

test("numbers may have a point or a comma, and a fault says the allowed range", () => {
  const form = { ...newForm("en"), name: "Left" };
  for (const distance of ["1", "30", "3.5", "3,5", " 5 "]) assert.deepEqual(fields({ ...form, distance }), [], distance);
  assert.equal(displayOf({ ...form, distance: "3,5" }).distance_m, 3.5);
  for (const distance of ["", "0", "0.9", "30.1", "31", "five", "-5", "1e1", "5 m", "3.55"])
    assert.deepEqual(faultTexts({ ...form, distance }), ["Enter 1 to 30 metres, such as 5 or 3.5."], distance);
  for (const diagonal of ["10", "1000", "54.6"]) assert.deepEqual(fields({ ...form, diagonal }), [], diagonal);
  for (const diagonal of ["9", "1001", "", "1.000"])
    assert.deepEqual(faultTexts({ ...form, diagonal }), ["Enter 10 to 1,000 inches, such as 55 or 54.6."], diagonal);
});

test("seconds matter only with several views", () => {
  const [first, second] = [newView({ seconds: "4" }), newView({ seconds: "3600" })];
  const form = { ...newForm("en"), name: "Left", views: [first] };
  assert.deepEqual(fields(form), []);
  form.views = [first, second];
  assert.deepEqual(fields(form), [`seconds-${first.key}`]);
  assert.deepEqual(faultTexts(form), ["Enter a whole number of seconds from 5 to 3,600."]);
  first.seconds = "5";
  assert.deepEqual(fields(form), []);
});

test("a view of chosen meetings or bridges needs at least one", () => {
  const views = [newView({ what: "meetings", bridges: ["eu-1"] }), newView({ what: "bridges" })];
  assert.deepEqual(faultTexts({ ...newForm("en"), name: "Left", views }), [
    "Choose at least one meeting.",
    "Choose at least one bridge.",
  ]);
  const many = [newView({ what: "bridges", bridges: Array.from({ length: 201 }, (_, n) => `eu-${n}`) })];
  assert.match(faultTexts({ ...newForm("en"), name: "Left", views: many })[0], /at most 200/);
});

test("times of day are required and must differ", () => {
  const themes = ["07:00", "07:00", ""].map((from) => newTheme({ from }));
  const form = { ...newForm("en"), name: "Left", themes, dim_from: "22:00", dim_to: "22:00" };
  assert.deepEqual(faultTexts(form), [
    "Two themes can’t start at the same time.",
    "Two themes can’t start at the same time.",
    "Enter a time of day.",
    "The end time must differ from the start time.",
  ]);
  assert.deepEqual(fields({ ...form, themes: [newTheme({ from: "00:00" })], dim_from: "24:00" }), ["dim_from"]);
  assert.deepEqual(fields({ ...form, themes: [newTheme({ from: "23:59" })], dims: false }), []);
});

test("a code is read however it is typed, and only pairing requires it", () => {
  for (const typed of ["KX4-7PM", "kx47pm", " kx4 7pm ", "KX4--7PM", "ｋｘ４－７ｐｍ"])
    assert.equal(codeOf(typed), "KX4-7PM", typed);
  const form = { ...newForm("en"), name: "Left" };
  assert.deepEqual(fields(form, "kx4 7pm"), []);
  for (const typed of ["", "KX4-7P", "KX4-7PMQ", "KX4-7Pé"])
    assert.deepEqual(faultTexts(form, typed), ["The code has six letters or digits, such as KX4-7PM."], typed);
  assert.deepEqual(fields({ ...form, name: "" }, ""), ["code", "name"]);
});

test("a chosen meeting is found by its id, and by its name in its next run", () => {
  const chosen = { id: "m1", name: "Board call" };
  const nextRun = { id: "m9", name: "board CALL" };
  assert.equal(isChosen([chosen], nextRun), true);
  assert.equal(isChosen([{ id: "m2", name: "" }], { id: "m3", name: "" }), false);
  assert.deepEqual(chooseMeeting([chosen], nextRun, false), []);
  assert.deepEqual(chooseMeeting([chosen], nextRun, true), [nextRun]);
  assert.deepEqual(
    meetingsToChoose([nextRun, { id: "m4", name: "Finance" }], [chosen, { id: "m5", name: "Ward round" }]).map(({ id, runs }) => [
      id,
      runs,
    ]),
    [
      ["m9", true],
      ["m4", true],
      ["m5", false],
    ],
  );
});

test("a view moves up", () => {
  assert.deepEqual(moveUp(["a", "b", "c"], "c"), ["a", "c", "b"]);
  assert.deepEqual(moveUp(["a", "b"], "a"), ["a", "b"]);
  assert.ok(MOST.views === 8 && MOST.themes === 6);
});

test("the form shows faults only after the first try, and the server's fault of a code until it is changed", () => {
  const draft = new Draft("pair", newForm("en"));
  assert.equal(draft.fault("name"), "");
  draft.tried = true;
  assert.match(draft.fault("name"), /1 to 60/);
  assert.match(draft.fault("code"), /six letters/);
  draft.typeCode("KX4-7PM");
  assert.equal(draft.fault("code"), "");
  Object.assign(draft, { refusal: "No screen shows this code.", badCode: true });
  assert.match(draft.fault("code"), /No screen/);
  draft.typeCode("KX4-7PN");
  assert.equal(draft.fault("code") + draft.refusal, "");
  const edit = new Draft("edit", formOf(display()), row());
  edit.tried = true;
  assert.deepEqual(edit.faults, []);
});

test("an answer may carry a link, and an error its code", () => {
  const [sent, answers] = [[], []];
  const requests = new Requests((message) => sent.push(message) > 0);
  for (const type of ["display_link", "display_pair"]) requests.ask({ type }, (answer) => answers.push(answer));
  const [link, pair] = sent.map((message) => message.ref);
  assert.equal(requests.onAnswer({ type: "answer", ref: link, link: "/wall/t/abc" }), true);
  assert.equal(requests.onAnswer({ type: "error", ref: pair, code: "no_such_code", message: "No screen shows it" }), true);
  assert.equal(requests.onAnswer({ type: "answer", ref: link }), false);
  assert.deepEqual(answers, [
    { ok: true, why: "", link: "/wall/t/abc" },
    { ok: false, why: "No screen shows it", code: "no_such_code" },
  ]);
});
