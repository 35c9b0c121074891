// The form of a display: turns settings into fields and back, and finds faults. Touches no element.

import { t } from "../lib/i18n.js";
import { caseless } from "../lib/text.js";

/**
 * @typedef {import("../net/protocol.js").Display} Display
 * @typedef {import("../net/protocol.js").DisplayView} DisplayView
 * @typedef {import("../net/protocol.js").ChosenMeeting} ChosenMeeting
 * @typedef {{ key: number, what: DisplayView["what"], meetings: ChosenMeeting[], bridges: string[], seconds: string, find: string }}
 *   FormView
 *   `key`: identifies it while others are added and removed; `find`: the search in its list
 * @typedef {{ key: number, from: string, theme: import("../net/protocol.js").DisplayTheme }} FormTheme
 * @typedef {{ name: string, place: string, views: FormView[], names: import("../net/protocol.js").DisplayNames, titles: boolean, distance: string,
 *   diagonal: string, themes: FormTheme[], dims: boolean, dim_from: string, dim_to: string, sound: boolean, lang: string }} Form
 * @typedef {"pair" | "link" | "edit"} DraftKind
 * @typedef {{ field: string, key: string, args: Record<string, string | number> }} Fault  `field`: the end of the field's id
 */

export const NAMES = /** @type {const} */ (["full", "short", "initials", "number", "none"]);
export const THEMES = /** @type {const} */ (["dark", "light", "grey"]);
export const VIEW_KINDS = /** @type {const} */ (["all", "meetings", "bridges"]);
/** The languages of screens. */
export const LANGUAGES = ["de", "en", "es", "fr"];

export const MOST = { name: 60, views: 8, themes: 6, chosen: 200 };
/** The least and greatest values of numeric fields. */
const SPAN = { seconds: [5, 3600], distance: [1, 30], diagonal: [10, 1000] };
/** How long each of several views is shown, in seconds. */
const SECONDS = 30;

/** @type {Display} the settings of a new display: a 55 inch screen, read from five metres */
const NEW = {
  name: "",
  place: "",
  views: [{ what: "all", seconds: SECONDS }],
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
  lang: "en",
};

let keys = 0;
const nextKey = () => ++keys;

/** @param {Partial<FormView>} [what] @returns {FormView} */
export const newView = (what = {}) => ({
  what: "all",
  meetings: [],
  bridges: [],
  seconds: String(SECONDS),
  find: "",
  ...what,
  key: nextKey(),
});

/** @param {Partial<FormTheme>} [what] @returns {FormTheme} */
export const newTheme = (what = {}) => ({ from: "", theme: "dark", ...what, key: nextKey() });

/** The form of a new display. @param {string} lang of the page */
export const newForm = (lang) => formOf({ ...NEW, lang: LANGUAGES.includes(lang) ? lang : NEW.lang });

/** @param {Display} display @returns {Form} */
export function formOf(display) {
  const { name, place, names, titles, sound, lang, views, themes, dim } = display;
  const times = dim ?? NEW.dim ?? { from: "", to: "" };
  return {
    ...{ name, place, names, titles, sound, lang },
    views: views.map((view) => newView({ ...view, seconds: String(view.seconds) })),
    distance: String(display.distance_m),
    diagonal: String(display.diagonal_in),
    themes: themes.map((theme) => newTheme(theme)),
    dims: dim !== null,
    dim_from: times.from,
    dim_to: times.to,
  };
}

/** The settings of a form without faults. @param {Form} form @returns {Display} */
export function displayOf(form) {
  const { names, titles, sound, lang } = form;
  return {
    name: form.name.trim(),
    place: form.place.trim(),
    views: form.views.map(viewOf),
    ...{ names, titles },
    distance_m: read(form.distance) ?? NEW.distance_m,
    diagonal_in: read(form.diagonal) ?? NEW.diagonal_in,
    themes: form.themes.map(({ from, theme }) => ({ from, theme })).sort((a, b) => (a.from < b.from ? -1 : 1)),
    dim: form.dims ? { from: form.dim_from, to: form.dim_to } : null,
    ...{ sound, lang },
  };
}

/** @param {FormView} view @returns {DisplayView} */
function viewOf({ what, meetings, bridges, seconds: typed }) {
  const seconds = isWithin("seconds", typed) ? Number(typed) : SECONDS;
  if (what === "meetings") return { what, meetings: meetings.map(({ id, name }) => ({ id, name })), seconds };
  if (what === "bridges") return { what, bridges, seconds };
  return { what, seconds };
}

/** All faults, in the order of the form. @param {Form} form @param {string | null} [code] as typed, if the form asks for one
 * @returns {Fault[]} */
export function faultsOf(form, code = null) {
  /** @type {Fault[]} */
  const faults = [];
  const check = (/** @type {boolean} */ fine, /** @type {string} */ field, /** @type {string} */ key, args = {}) => {
    if (!fine) faults.push({ field, key, args });
  };
  const within = (/** @type {keyof typeof SPAN} */ what, /** @type {string} */ typed, field = /** @type {string} */ (what)) =>
    check(isWithin(what, typed), field, `displays.bad.${what}`, { least: SPAN[what][0], most: SPAN[what][1] });
  if (code !== null) check(isCode(code), "code", "displays.bad.code");
  const length = (/** @type {string} */ text) => [...text.trim()].length;
  check(length(form.name) > 0 && length(form.name) <= MOST.name, "name", "displays.bad.name", { most: MOST.name });
  check(length(form.place) <= MOST.name, "place", "displays.bad.place", { most: MOST.name });
  for (const view of form.views) {
    if (view.what !== "all") {
      const [chosen, field] = [view[view.what].length, `chosen-${view.key}`];
      check(chosen > 0, field, `displays.no.${view.what}`);
      check(chosen <= MOST.chosen, field, "displays.too_many", { most: MOST.chosen });
    }
    if (form.views.length > 1) within("seconds", view.seconds, `seconds-${view.key}`);
  }
  within("distance", form.distance);
  within("diagonal", form.diagonal);
  for (const { key, from } of form.themes) {
    const others = form.themes.filter((each) => each.from === from).length;
    check(isTime(from), `theme-${key}`, "displays.bad.time");
    check(!isTime(from) || others === 1, `theme-${key}`, "displays.same_time");
  }
  if (form.dims) {
    for (const field of /** @type {const} */ (["dim_from", "dim_to"])) check(isTime(form[field]), field, "displays.bad.time");
    check(!isTime(form.dim_from) || form.dim_from !== form.dim_to, "dim_to", "displays.bad.dim");
  }
  return faults;
}

/** A number as people write it, with a decimal point or comma and at most one digit after it. @param {string} typed */
function read(typed) {
  return /^\s*\d{1,4}([.,]\d)?\s*$/.test(typed) ? Number(typed.replace(",", ".")) : null;
}

/** Whether a number is in its range; seconds must be whole. @param {keyof typeof SPAN} what @param {string} typed */
function isWithin(what, typed) {
  const [n, [least = 0, most = 0]] = [read(typed), SPAN[what]];
  return n !== null && n >= least && n <= most && (what !== "seconds" || Number.isInteger(n));
}

const isTime = (/** @type {string} */ text) => /^([01]\d|2[0-3]):[0-5]\d$/.test(text);

const letters = (/** @type {string} */ typed) => typed.normalize("NFKC").toUpperCase().replace(/[\s-]/g, "");
const isCode = (/** @type {string} */ typed) => /^[A-Z0-9]{6}$/.test(letters(typed));

/** A screen's code in its usual form, however it was typed. @param {string} typed */
export const codeOf = (typed) => letters(typed).replace(/^(...)(...)$/, "$1-$2");

// A chosen meeting is found by its id; its next run has another id, and is found by its name.

/** @param {ChosenMeeting} a @param {ChosenMeeting} b */
const isSame = (a, b) => a.id === b.id || (a.name !== "" && caseless(a.name) === caseless(b.name));

/** @param {ChosenMeeting[]} chosen @param {ChosenMeeting} meeting */
export const isChosen = (chosen, meeting) => chosen.some((each) => isSame(each, meeting));

/** @param {ChosenMeeting[]} chosen @param {ChosenMeeting} meeting @param {boolean} on */
export const chooseMeeting = (chosen, meeting, on) => [
  ...chosen.filter((each) => !isSame(each, meeting)),
  ...(on ? [meeting] : []),
];

/**
 * The meetings to choose from: those that run now, and those that are chosen and don't. Ordered by name, so that a choice moves none.
 * @param {ChosenMeeting[]} running @param {ChosenMeeting[]} chosen
 */
export function meetingsToChoose(running, chosen) {
  const notRunning = chosen.filter((each) => !isChosen(running, each));
  const all = [...running.map((each) => ({ ...each, runs: true })), ...notRunning.map((each) => ({ ...each, runs: false }))];
  return all.sort((a, b) => a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1));
}

/** @template T @param {readonly T[]} list @param {T} item @param {boolean} on */
export const withOrWithout = (list, item, on) => (on ? [...list, item] : list.filter((each) => each !== item));

/** Moves an item one place towards the front. @template T @param {readonly T[]} list @param {T} item */
export function moveUp(list, item) {
  const [at, rest] = [list.indexOf(item), withOrWithout(list, item, false)];
  return at < 1 ? [...list] : [...rest.slice(0, at - 1), item, ...rest.slice(at - 1)];
}

/** The draft of one display, and the server's answer to it. */
export class Draft {
  /** @param {DraftKind} kind @param {Form} form @param {import("../net/protocol.js").DisplayRow | null} [row] the display to change */
  constructor(kind, form, row = null) {
    this.kind = kind;
    this.form = form;
    this.row = row;
    this.code = "";
    /** Whether the user has tried to submit it; no fault is shown before that. */
    this.tried = false;
    this.busy = false;
    /** Why the server refused it, in words. */
    this.refusal = "";
    /** Whether it was refused because of the code. */
    this.badCode = false;
    /** @type {import("../ui/dialogs.js").Question | null} */
    this.question = null;
  }

  get faults() {
    return this.tried ? faultsOf(this.form, this.kind === "pair" ? this.code : null) : [];
  }

  /** A field's fault in words; "" if it has none. @param {string} field */
  fault(field) {
    if (field === "code" && this.badCode) return this.refusal;
    const fault = this.faults.find((each) => each.field === field);
    return fault ? t(fault.key, fault.args) : "";
  }

  /** @param {string} code */
  typeCode(code) {
    this.code = code;
    if (this.badCode) this.refusal = "";
    this.badCode = false;
  }
}
