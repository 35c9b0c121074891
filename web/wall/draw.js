// Draws a picture into the page's elements.

import { emptyReason, silentNames } from "./picture.js";
import { paginate } from "./rotation.js";
import { fitting, LINE, roomFor, sizesOf } from "./text_size.js";
import { duration, more, t } from "./texts.js";

/** @type {any} */
const pen = document.createElement("canvas").getContext("2d");
pen.font = `100px ${getComputedStyle(document.body).fontFamily}`;
/** @type {Display} */
let display;
/** @type {Sizes} */
let sizes;

/** @param {string} id @returns {any} */
export const at = (id) => document.getElementById(id);
/** In em. @param {string} text */
const widthOf = (text) => pen.measureText(text).width / 98;
/** @param {any} so */
const yes = (so) => (so ? "yes" : "no");
/** @param {Seen} seen */
const wait = ({ row, ms }) => (row.longest_since === null ? "–" : (row.up_to ? "≤ " : "") + duration(ms));

/** @param {string | Element} where an element or its id @param {string} text */
export function say(where, text) {
  const node = typeof where === "string" ? at(where) : where;
  if (node.textContent !== text) node.textContent = text;
}

/** One child for each text that fits; returns how many don't. @type {Fill} */
const fill = (parent, texts, all, [line, lines, begin], stale = [], longest = Infinity) => {
  const widths = texts.map((text) => Math.min(widthOf(text), longest) + 1);
  const fits = fitting(all > texts.length ? widths.concat(Infinity) : widths, line, lines, widthOf(more(all)), begin);
  while (parent.children.length > fits) parent.lastElementChild.remove();
  while (parent.children.length < fits) parent.append(document.createElement("bdi"));
  texts.slice(0, fits).forEach((text, index) => {
    say(parent.children[index], text);
    parent.children[index].dataset.stale = yes(stale[index]);
  });
  return more(all - fits);
};

/** A screen or settings changed. @param {Display} now */
export function resize(now) {
  display = now;
  sizes = sizesOf({ width: innerWidth, height: innerHeight }, display);
  document.documentElement.style.cssText = `--base: ${sizes.base}px; --digits: ${sizes.digits}px`;
  at("wall").dataset.shape = innerWidth < sizes.base * 30 ? "narrow" : "wide";
  say("screen", display.name);
  say("name", display.name);
}

/** @param {Picture} picture @param {PickPage} pick @param {string[]} notes */
export function draw(picture, pick, notes) {
  const { waiting, held, view, longest, past, bridges, meetings, quiet } = picture;
  const level = longest ? longest.level : 0;
  const old = (/** @type {{ age: number }[]} */ all) => all.every(({ age }) => age);
  const from = { waiting: meetings, longest: longest ? [longest] : [], past, "quiet-words": quiet };
  for (const [id, all] of Object.entries(from)) at(id).dataset.stale = yes(old(bridges) || (all[0] && old(all)));
  at("longest-figure").dataset.level = level;
  say("waiting", String(waiting));
  say("waiting-words", t("waiting", { n: waiting }) + (held ? `, ${t("held_n", { n: held })}` : ""));
  say("view", view ? label(view) : "");
  say("longest", longest ? wait(longest) : "–");
  say("longest-words", t("longest"));
  say("past", t(past[0] ? "past_n" : "past_none", { n: past.length }));
  strip(picture);
  say("notes", notes.concat(sizes.small ? t("too_small", { count: display.distance_m }) : []).join(" · "));
  const states = bridges.map(({ id, state, age }) => `${id} ${state && t(`bridge.${state}`)} ${age ? duration(age) : ""}`.trim());
  const bad = bridges.map(({ state }) => state > "");
  say("bridges-more", fill(at("bridges"), states, states.length, [at("foot").clientWidth / sizes.base, 2, 0], bad));
  middle(picture, pick);
}

/** Names a view. @param {View} view */
const label = ({ meetings, bridges = [] }) => (meetings ? t("chosen_n", { n: meetings.length }) : bridges.join(", "));

/** Shows stale data and its age. @param {Picture} picture */
export function strip({ lost, bridges, doubtful }) {
  const age = lost || (bridges[0] ? bridges[0].age : 0);
  at("wall").dataset.lost = yes(lost);
  at("strip").hidden = !age;
  say("strip-before", t(lost ? "lost" : "stale", { bridges: silentNames(bridges) }));
  say("strip-age", duration(age));
  say("strip-after", !lost && doubtful ? t("doubtful_n", { n: doubtful }) : "");
}

/** @param {Picture} picture @param {PickPage} pick */
function middle(picture, pick) {
  const { meetings, quiet, past } = picture;
  const { clientWidth, clientHeight } = at("middle");
  const spare = Math.max(0, clientHeight / sizes.base - 8.3);
  const below = quiet.length > 0 ? Math.min(spare, (clientWidth < sizes.base * 30 ? 3 : 1) * LINE + 0.5) : 0;
  const room = roomFor(meetings.length, { width: clientWidth, height: clientHeight - below * sizes.base }, sizes);
  const { pinned, pages, page, shown } = paginate(meetings, room.room, past.length, pick);
  const deep = pages > 1 ? room.deep : Math.ceil(shown.length / room.columns);
  const rows = at("rows");
  const css = `--row: ${room.font}px; --tall: ${room.height}px; --columns: ${room.columns}; --deep: ${deep};`;
  if (rows.style.cssText !== css) rows.style.cssText = css;
  rows.dataset.lines = room.lines;
  const before = new Map(Array.from(rows.children, (node) => [node.dataset.id, node]));
  let wide = 0;
  shown.forEach((seen, index) => {
    const node = before.get(seen.row.id) || at("row").content.firstElementChild.cloneNode(true);
    if (rows.children[index] !== node) rows.insertBefore(node, rows.children[index]);
    node.dataset.pinned = yes(pages > 1 && index < pinned);
    wide = wide || node.lastElementChild.clientWidth / room.font;
    row(node, seen, wide);
  });
  while (rows.children.length > shown.length) rows.lastElementChild.remove();
  say("page", pages > 1 ? t("page", { page: page + 1, pages }) : "");
  say("empty", meetings.length > 0 ? "" : t(emptyReason(picture), { n: picture.unknown }));
  others(quiet);
}

/** @param {any} node @param {Seen} seen @param {number} wide for names, in em */
function row(node, seen, wide) {
  const { row, level, age } = seen;
  const [title, count, time, people] = node.children;
  const [state, names, left] = people.children;
  Object.assign(node.dataset, { id: row.id, level, stale: yes(age), handled: yes(row.handled) });
  say(title, row.title === null ? t("untitled", { bridges: row.bridges.join(", ") }) : row.title);
  say(count, String(row.waiting - row.held));
  say(time, wait(seen));
  let words = row.held ? t("held_n", { n: row.held }) : "";
  if (level) words = t(`level.${level}`);
  if (row.handled) words = t("handled");
  if (row.handled_by) words = t("handled_by", { by: row.handled_by });
  if (age) words = t("old", { time: duration(age) });
  say(state, words);
  const texts = row.in_line.map(({ n, name, held }) => (held ? "‖ " : "") + (name === null ? t("number", { count: n }) : name));
  const begin = words ? Math.min(widthOf(words), wide * 0.6) + 1 : 0;
  const unnamed = fill(names, texts, row.waiting, [wide, 1, begin]);
  say(left, display.names === "none" ? "" : unnamed);
}

/** Meetings where nobody waits. @param {Seen[]} quiet */
function others(quiet) {
  const words = t("quiet_n", { n: quiet.length });
  const titled = quiet.filter(({ row }) => row.title !== null);
  const texts = titled.map(({ row }) => String(row.title));
  const stale = titled.map(({ age }) => age > 0);
  at("quiet").hidden = !quiet.length;
  say("quiet-words", words);
  const { clientWidth, offsetTop } = at("quiet");
  const line = clientWidth / sizes.base;
  const lines = Math.floor(((at("middle").clientHeight - offsetTop) / sizes.base - 0.4) / LINE);
  const begin = widthOf(words) + 1;
  say("quiet-more", fill(at("quiet-titles"), texts, texts.length, [line, lines, begin], stale, 12));
  if (lines < Math.ceil(begin / line) + Number(begin + 3 > line)) at("quiet").hidden = true;
}
