// A display: connects socket, rows, clock and picture.

import { Chime } from "./chime.js";
import { Clock } from "./clock.js";
import { Link } from "./connection.js";
import { at, draw, resize, say, strip } from "./draw.js";
import { Feed } from "./feed.js";
import { assess, isIdle, LATE, overdue, viewOf } from "./picture.js";
import { Playlist } from "./rotation.js";
import { isDim, shift, themeAt } from "./screen_care.js";
import { t, use } from "./texts.js";

/** The least time between pictures, in ms. */
const APART = 150;

const root = document.documentElement;
const page = document.body.dataset;
const json = (/** @type {string} */ id) => JSON.parse(at(id).textContent);
const clock = new Clock();
const link = new Link(location.origin.replace("http", "ws") + page.socket, take);
const feed = new Feed(() => link.send({ type: "resync" }));
const playlist = new Playlist();
const chime = new Chime();
/** @type {Display} */
let display = json("display");
let drawnAt = 0;
let timer = 0;
let namedUntil = 0;
let blocked = false;
let leaving = 0;

/** Not all at once, and not onto an error page, which would stay. */
function reload() {
  const leave = () => fetch("").then(({ status }) => status < 500 && location.reload());
  if (leaving) return;
  leaving = setInterval(leave, 9000);
  setTimeout(leave, Math.random() * 1500);
}

/** @param {Frame} frame */
function take(frame) {
  const { type } = frame;
  page.heard = type;
  if (type === "lost") return;
  clock.heard("time" in frame ? frame.time : undefined, type === "hello");
  if (type === "beat") return;
  if (type === "over") {
    page.page = frame.why;
    feed.rows.clear();
  } else if (type === "code" && page.page === "code") say("code", frame.code);
  else if (page.page !== "wall") reload();
  else if (type === "identify") namedUntil = performance.now() + frame.seconds * 1000;
  else if ("display" in frame) show(frame);
  else if ("epoch" in frame) feed.take(frame) && next(0);
  else reload();
}

/** @param {DisplayFrame} frame */
function show(frame) {
  display = frame.display;
  if (display.lang !== root.lang) reload();
  if (frame.type === "hello") {
    feed.current = false;
    // Once for each version.
    if (frame.version !== page.version && window.name !== frame.version) reload();
    window.name = frame.version;
  }
  measure();
}

function measure() {
  link.send({ type: "screen", width: innerWidth, height: innerHeight, ratio: devicePixelRatio, version: page.version });
  resize(display);
  next(0);
}

/** The next picture: with the next second or sooner. @param {number} [ms] */
function next(ms = 1000 - (clock.now() % 1000)) {
  clearTimeout(timer);
  timer = setTimeout(tick, Math.max(ms, drawnAt + APART - performance.now()));
}

function tick() {
  clock.check();
  drawnAt = performance.now();
  next();
  const [now, silence, date] = [clock.now(), clock.silence(), new Date()];
  const known = assess(feed.rows.values(), now, silence > LATE ? silence : 0);
  const [worst] = overdue(known);
  const view = playlist.step(display.views, drawnAt, worst ? worst.row.views : []);
  const picture = viewOf(known, display.views[view], view);
  const notes = blocked ? [t("sound_blocked")] : [];
  if (known.problem) notes.push(t("trouble"));
  if (picture.unknown > 0) notes.push(t("checking_n", { n: picture.unknown }));
  // Until then the page shows what the server wrote.
  if (feed.epoch === "") strip(picture);
  else draw(picture, (pages) => playlist.page(pages), notes);
  say("clock", new Date(now).toTimeString().slice(0, 8));
  say("age", t("age", { count: Math.floor(silence / 1000) }));
  at("name").hidden = namedUntil < drawnAt;
  root.dataset.theme = themeAt(display.themes, date);
  root.dataset.dim = isDim(display.dim, date) && feed.epoch && isIdle(known) ? "yes" : "no";
  at("wall").style.transform = shift(now, innerHeight / 270);
  blocked = display.sound;
  if (!blocked) return;
  blocked = chime.blocked();
  if (chime.due(Boolean(worst), drawnAt)) chime.play();
}

// After an error the picture may no longer change.
addEventListener("error", () => setTimeout(reload, 30000));

use(json("words"), root.lang);
say("address", `${location.origin}${page.base}/wall`);
link.open();
if (page.page === "wall") {
  clock.heard(Number(page.now));
  addEventListener("resize", measure);
  measure();
}
