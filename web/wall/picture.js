// A view's picture: meetings, worst first, with the age of their data. Pure.

import { more } from "./texts.js";

/** After so long without a frame all is stale, in ms. */
export const LATE = 5000;

/** @param {Bridge} bridge @param {number} now */
function statusOf({ id, state, since, silent_since }, now) {
  const answers = state === "live" || state === "polling";
  const at = silent_since || (answers ? 0 : since);
  return { id, state: at && answers ? "silent" : state === "live" ? "" : state, age: at && Math.max(1, now - at) };
}

/** All screens have the same order. @param {Seen} a @param {Seen} b */
const byNeed = (a, b) => b.level - a.level || b.need - a.need || (a.row.id < b.row.id ? -1 : 1);

/** @param {Iterable<Row>} rows @param {number} now the server's time @param {number} lost */
export function assess(rows, now, lost) {
  const all = Array.from(rows);
  const bridges = all.filter((row) => row.kind === "bridge").map((row) => statusOf(row, now));
  const ages = new Map(bridges.map(({ id, age }) => [id, age]));
  const seen = all
    .filter((row) => row.kind === "meeting")
    .map((row) => {
      const of = row.bridges.map((id) => ages.get(id) || 0);
      const age = Math.max(lost, ...of);
      const still = Math.max(lost, Math.min(...of));
      const past = (/** @type {number | null} */ from) => (from === null ? 0 : Math.max(0, now - still - from));
      const [ms, alarm] = [past(row.longest_since), past(row.alarm_since)];
      const level = alarm < row.first_s * 1000 ? 0 : alarm < row.second_s * 1000 ? 1 : 2;
      return { row, ms, level, need: level > 0 ? alarm : ms, age, still };
    });
  return {
    bridges: bridges.sort((a, b) => b.age - a.age || Number(b.state > "") - Number(a.state > "") || (a.id < b.id ? -1 : 1)),
    seen: seen.sort(byNeed),
    problem: all.some((row) => row.kind === "server" && row.trouble),
    lost,
  };
}

/** Waits that are too long, unhandled. @param {Known} known */
export const overdue = ({ seen }) => seen.filter(({ row, level, still }) => level === 2 && still === 0 && !row.handled);

/** No one waits or may wait. @param {Known} known */
export const isIdle = ({ seen, bridges, lost }) =>
  lost === 0 && bridges.every(({ age }) => !age) && seen.every(({ row }) => row.waiting + row.unknown === 0);

/** @param {Known} known @param {View | undefined} view @param {number} index of the view */
export function viewOf(known, view, index) {
  const here = known.seen.filter(({ row }) => row.views.includes(index));
  const meetings = here.filter(({ row }) => row.waiting > 0);
  const sum = (/** @type {(seen: Seen) => number} */ of, all = meetings) => all.reduce((n, seen) => n + of(seen), 0);
  const only = view && view.bridges;
  return {
    ...known,
    view,
    meetings,
    quiet: here.filter(({ row }) => row.waiting === 0).sort((a, b) => String(a.row.title).localeCompare(String(b.row.title))),
    bridges: known.bridges.filter(({ id }) => !only || only.includes(id)),
    waiting: sum(({ row }) => row.waiting - row.held),
    held: sum(({ row }) => row.held),
    doubtful: sum(({ row, age }) => (age ? row.waiting : 0)),
    unknown: sum(({ row }) => row.unknown, here),
    longest: meetings.filter(({ row }) => row.longest_since).sort((a, b) => b.ms - a.ms)[0],
    past: meetings.filter(({ level }) => level > 0),
  };
}

/** The text of a view without rows. @param {Picture} picture */
export function emptyReason({ bridges, quiet, unknown, view }) {
  if (bridges.every(({ age }) => age)) return "no_bridge";
  if (unknown) return "nobody_checking_n";
  if (bridges.some(({ age }) => age)) return "nobody_read";
  if (quiet[0]) return "nobody";
  return view && view.meetings ? "none_chosen" : "no_meetings";
}

/** The three stalest bridges, and how many more are stale. @param {BridgeStatus[]} bridges stalest first */
export function silentNames(bridges) {
  const names = bridges.filter(({ age }) => age).map(({ id }) => id);
  const shown = names.slice(0, 3).concat(more(names.length - 3) || []);
  return shown.join(", ");
}
