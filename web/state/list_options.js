// Options of the waiting list: columns, density, order and filters. An address can hold them. Pure.

import { handler, waited } from "./wait_thresholds.js";

/**
 * @typedef {import("../net/protocol.js").PersonRow} Person
 * @typedef {"began" | "address" | "meeting" | "bridge"} Column
 * @typedef {"wait" | "name" | "meeting" | "bridge"} Order
 * @typedef {{ columns: Column[], density: "comfortable" | "compact", order: Order, reverse: boolean, meetings: string[],
 *   bridges: string[], longer: number, by: string }} ListOptions  `meetings`: names; `longer`: waits longer than so many seconds, 0: any;
 *   `by`: the handling user: "": any, `me`, `nobody`, or `is:` and a name
 */

/**
 * The optional columns of the list. A new one also needs its cell in `views/person_row.js`, its head in `views/person_grid.js`, its order in
 * `views/list_options.js`, its width in `styles/list_options.css` (and its place in `styles/tablet.css`), and its words in `i18n/`.
 */
export const COLUMNS = /** @type {const} */ (["began", "address", "meeting", "bridge"]);
export const ORDERS = /** @type {const} */ (["wait", "name", "meeting", "bridge"]);
const DENSITIES = /** @type {const} */ (["comfortable", "compact"]);
/** The choices for "waiting longer than", in seconds. */
export const LONGER = [0, 60, 120, 300, 600];
const DAY = 86_400;
/** The most names in one filter. */
const NAMES = 12;

/** @type {ListOptions} */
export const PLAIN = {
  columns: ["address", "meeting", "bridge"],
  density: "comfortable",
  order: "wait",
  reverse: false,
  meetings: [],
  bridges: [],
  longer: 0,
  by: "",
};

/** A view from a stored or typed value; invalid parts become those of the plain view. @param {unknown} value @returns {ListOptions} */
export function clean(value) {
  const { columns, density, order, reverse, meetings, bridges, longer, by } = /** @type {Record<string, unknown>} */ (
    typeof value === "object" && value !== null ? value : {}
  );
  return {
    columns: Array.isArray(columns) ? COLUMNS.filter((each) => columns.includes(each)) : PLAIN.columns,
    density: one(DENSITIES, density),
    order: one(ORDERS, order),
    reverse: reverse === true,
    meetings: names(meetings),
    bridges: names(bridges),
    longer: typeof longer === "number" && Number.isInteger(longer) && longer > 0 && longer <= DAY ? longer : 0,
    by: typeof by === "string" && /^(me|nobody|is:.{1,64})$/u.test(by) ? by : "",
  };
}

/** @template {string} T @param {readonly [T, ...T[]]} words @param {unknown} value the first word is the default */
const one = (words, value) => words.find((each) => each === value) ?? words[0];

/** @param {unknown} value */
const names = (value) =>
  Array.isArray(value)
    ? [...new Set(value.filter((each) => typeof each === "string" && each !== "" && each.length <= 200))].slice(0, NAMES)
    : [];

/** @param {ListOptions} a @param {ListOptions} b */
export const equal = (a, b) => JSON.stringify(clean(a)) === JSON.stringify(clean(b));

// Addresses.

/** The differences from the plain view, as parameters of a query. @param {ListOptions} view */
export function toQuery(view) {
  const query = new URLSearchParams();
  if (view.columns.join() !== PLAIN.columns.join()) query.set("columns", view.columns.join(" ") || "none");
  if (view.density !== PLAIN.density) query.set("density", view.density);
  if (view.order !== PLAIN.order) query.set("order", view.order);
  if (view.reverse) query.set("reverse", "yes");
  for (const name of view.meetings) query.append("meeting", name);
  for (const name of view.bridges) query.append("bridge", name);
  if (view.longer > 0) query.set("longer", String(view.longer));
  if (view.by) query.set("by", view.by);
  return query;
}

/** The parameter for the plain view, since an address without parameters means the reader's own view. */
const VIEW = "view";
const PARAMETERS = ["columns", "density", "order", "reverse", "meeting", "bridge", "longer", "by", VIEW];

/** The view that an address holds; null if it holds none. @param {URLSearchParams} query @returns {ListOptions | null} */
export function fromQuery(query) {
  if (!PARAMETERS.some((word) => query.has(word))) return null;
  const columns = query.get("columns");
  return clean({
    columns: columns === null ? undefined : columns.split(/[\s,]+/),
    density: query.get("density"),
    order: query.get("order"),
    reverse: query.get("reverse") === "yes",
    meetings: query.getAll("meeting"),
    bridges: query.getAll("bridge"),
    longer: Number(query.get("longer") ?? 0),
    by: query.get("by"),
  });
}

/**
 * The query of an address for a view and a search, with "?" unless it is empty.
 * @param {ListOptions} view @param {string} search @param {boolean} always whether to write the plain view too
 */
export function address(view, search, always) {
  const query = toQuery(view);
  if (always && query.size === 0) query.set(VIEW, "plain");
  if (search.trim() !== "") query.set("q", search);
  return query.size > 0 ? `?${query}` : "";
}

// Filters and order.

/**
 * @typedef {{ meetingOf: (person: Person) => import("../net/protocol.js").MeetingRow | undefined, me: string, now: number,
 *   all: boolean }} FilterContext  `all`: all meetings are shown, so the filter by meeting applies
 */

/** Whether the filters let a participant through. @param {ListOptions} view @param {FilterContext} around
 * @returns {(person: Person) => boolean} */
export function passes(view, { meetingOf, me, now, all }) {
  const meetings = all && view.meetings.length > 0 ? new Set(view.meetings) : null;
  const bridges = view.bridges.length > 0 ? new Set(view.bridges) : null;
  const by = { me, nobody: "" }[view.by] ?? view.by.slice("is:".length);
  return (person) =>
    (meetings === null || meetings.has(meetingOf(person)?.name ?? "")) &&
    (bridges === null || bridges.has(person.bridge ?? person.elsewhere ?? "")) &&
    (view.longer === 0 || (waited(person, now) ?? 0) >= view.longer * 1000) &&
    (view.by === "" || handler(person, meetingOf(person)) === by);
}

/**
 * The order of a view. Equal rows are ordered by their wait, so that all users see the same order.
 * @param {ListOptions} view @param {(person: Person) => string} meetingName @param {(text: string) => string} fold
 * @param {(a: Person, b: Person) => number} byWait
 * @returns {(a: Person, b: Person) => number}
 */
export function comparison({ order, reverse }, meetingName, fold, byWait) {
  const sign = reverse ? -1 : 1;
  if (order === "wait") return reverse ? (a, b) => byWait(b, a) : byWait;
  const textOf = (/** @type {Person} */ person) => {
    if (order === "name") return person.name || person.address;
    return order === "meeting" ? meetingName(person) : (person.bridge ?? "");
  };
  /** @type {WeakMap<Person, string>} */
  const keys = new WeakMap();
  const key = (/** @type {Person} */ person) => {
    const known = keys.get(person);
    if (known !== undefined) return known;
    const text = fold(textOf(person));
    keys.set(person, text);
    return text;
  };
  return (a, b) => {
    const [left, right] = [key(a), key(b)];
    if (left === right) return byWait(a, b);
    return left < right ? -sign : sign;
  };
}

// The active filters, each of which can be removed.

/**
 * @typedef {{ key: string, args: Record<string, string | number>, rest: Partial<ListOptions> }} Filter `rest`: the view's
 *   fields without it
 * @param {ListOptions} view @param {boolean} all as in `FilterContext` @returns {Filter[]}
 */
export function filters(view, all) {
  return [
    ...(all ? view.meetings : []).map((name) => ({
      key: "filter.meeting",
      args: { meeting: name },
      rest: { meetings: view.meetings.filter((each) => each !== name) },
    })),
    ...view.bridges.map((name) => ({
      key: "filter.bridge",
      args: { bridge: name },
      rest: { bridges: view.bridges.filter((each) => each !== name) },
    })),
    ...(view.longer > 0 ? [{ key: "filter.longer", args: { s: view.longer }, rest: { longer: 0 } }] : []),
    ...(view.by === "" ? [] : [{ key: byKey(view.by), args: { name: view.by.slice("is:".length) }, rest: { by: "" } }]),
  ];
}

/** @param {string} by */
function byKey(by) {
  if (by === "me") return "filter.by_me";
  return by === "nobody" ? "filter.by_nobody" : "filter.by_name";
}

/** Without filters; columns, density and order stay. @type {Partial<ListOptions>} */
export const UNFILTERED = { meetings: [], bridges: [], longer: 0, by: "" };
