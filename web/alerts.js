// Sees to it that nobody who waits is missed: joins what happens with sound, notifications and the tab's sign. When is decided in alarm.js.
//
// All is decided as frames come, and once a second where timers run: those of a hidden tab sleep for up to a minute, frames wake it.

import { Arrivals, gathered, Once, Repeated } from "./alarm.js";
import { Favicon } from "./favicon.js";
import { t } from "./i18n.js";
import { nameOf } from "./names.js";
import { Notices } from "./notices.js";
import { Sound } from "./sound.js";
import { Stances } from "./stances.js";
import { plain } from "./text.js";
import { duration } from "./time.js";
import { Title } from "./title.js";
import { Turn } from "./turns.js";
import { handler, isDue, thresholdsOf, tooLong } from "./waits.js";

/** @typedef {import("./protocol.js").PersonRow} Person */
/** @typedef {import("./sound.js").Kind} Kind */

/** What need not be looked at with every frame is looked at so often, in ms. */
const PACE = 1000;
/** How long a sound waits for this tab's turn to be told, in ms: the browser's locks answer later, not at once. */
const LATER = 2000;
/** Names that a notification tells. */
const NAMED = 4;

export class Alerts {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    const changed = () => desk.changed();
    const name = `usher${desk.base}-${document.body.dataset.user}`;
    this.desk = desk;
    this.arrivals = new Arrivals();
    this.late = new Repeated();
    this.reminders = new Once();
    this.sound = new Sound(changed);
    this.notices = new Notices(name, changed);
    this.sounding = new Turn(`${name}-sound`, () => this.#caughtUp());
    /** What was to be sounded while it was not this tab's turn. @type {{ kind: Kind, at: number } | null} */
    this.unsounded = null;
    this.speaking = new Turn(`${name}-notices`, () => this.#turned());
    this.title = new Title((n) => (n > 0 ? t("title_waiting", { n }) : t("title")));
    this.favicon = new Favicon();
    this.stances = new Stances([], [], desk.roster.meetings);
    desk.screen.stance = (meeting) => this.stances.of(meeting);
    /** @type {Set<string>} who waits, or waited when last known */
    this.waiters = new Set();
    /** @type {Set<string>} who of them has just come, and whose meeting is not known yet */
    this.unplaced = new Set();
    /** @type {Set<string>} who of them came since somebody looked at the page */
    this.news = new Set();
    /** @type {Person[]} who waits too long, and nobody has said that they know; longest first */
    this.tooLong = [];
    this.begun = false;
    this.lookedAt = -Infinity;
    this.ends = new AbortController();
  }

  start() {
    const how = { signal: this.ends.signal };
    addEventListener("focus", () => this.#lookedAt(), how);
    document.addEventListener("visibilitychange", () => this.#lookedAt(), how);
    addEventListener("pagehide", () => this.notices.closeAll(), how);
    this.sound.start();
  }

  stop() {
    this.ends.abort();
    this.sound.stop();
    this.notices.closeAll();
  }

  get #kept() {
    return this.desk.prefs.kept;
  }

  /** What the user's pages keep has changed. */
  settle() {
    this.stances = new Stances(this.#kept.follows, this.#kept.mutes, this.desk.roster.meetings);
    this.lookedAt = -Infinity;
    this.desk.changed();
  }

  /** Whether the user wants sound and the browser does not let the page sound. */
  get blocked() {
    return (this.#kept.sound || this.#kept.follows.length > 0) && this.sound.blocked;
  }

  /** @param {string} meeting */
  stance(meeting) {
    return this.stances.of(this.desk.roster.meetings.get(meeting));
  }

  // What happens.

  /** The rows have changed. @param {import("./state.js").Changes} changes @param {boolean} first whether all of it was there before */
  heard({ put, drop }, first) {
    for (const { kind, id } of drop) if (kind === "person") this.#left(id);
    for (const row of put) {
      if (row.kind !== "person") continue;
      if (row.lobby === "in") this.#left(row.id);
      if (row.lobby !== "waiting" || this.waiters.has(row.id)) continue;
      this.waiters.add(row.id);
      // Who was sent back is no news to the moderators.
      if (!first && !row.sent_back) this.unplaced.add(row.id);
    }
    // A person's meeting may be told after the person.
    for (const id of this.unplaced) {
      const row = this.desk.roster.people.get(id);
      if (row && !this.#meeting(row)) continue;
      this.unplaced.delete(id);
      if (row) this.#arrived(row);
    }
  }

  /** @param {string} id */
  #left(id) {
    if (!this.waiters.delete(id)) return;
    this.unplaced.delete(id);
    this.news.delete(id);
    this.arrivals.left(id);
  }

  /** @param {Person} row */
  #arrived(row) {
    if (this.stance(row.meeting) === "muted") return;
    this.desk.announcer.arrived(this.#meeting(row)?.name ?? "");
    if (!this.#concerns(row, "sound") && !this.#concerns(row, "notify")) return;
    this.news.add(row.id);
    this.arrivals.arrived(row.id, performance.now());
  }

  /** Whether it is wanted for somebody of this meeting: a followed one is heard of whatever is switched off. @param {Person} row
   * @param {"sound" | "notify"} how */
  #concerns(row, how) {
    const stance = this.stance(row.meeting);
    return stance === "followed" || (stance !== "muted" && this.#kept[how]);
  }

  /** With every frame, and every second: sounds, tells and marks what there is. */
  look() {
    const { screen } = this.desk;
    if (!screen.link.shown) return;
    const now = performance.now();
    this.title.count(this.desk.roster.waiting.size);
    this.speaking.want(screen.live);
    this.sounding.want(screen.live && this.sound.allowed);
    const sounds = screen.live && this.arrivals.sounds(now);
    if (!sounds && now - this.lookedAt < PACE) return;
    this.lookedAt = now;
    const waiting = this.desk.roster.lobby();
    this.tooLong = waiting.filter((person) => tooLong(person, this.#meeting(person), this.desk.clock.now()));
    this.favicon.show(waiting.length, this.tooLong.length > 0);
    if (screen.live) this.#tell(waiting, sounds, now);
    this.begun = true;
  }

  /** @param {Person[]} waiting @param {boolean} arrived @param {number} now */
  #tell(waiting, arrived, now) {
    const unseen = this.tooLong.filter((person) => handler(person, this.#meeting(person)) === "" && this.#concernsAtAll(person));
    const due = waiting.filter((person) => isDue(person, this.desk.clock.now()) && this.#concernsAtAll(person));
    const late = this.late.sounds(unseen.length > 0, now);
    const reminded = this.reminders.sounds(due.map((person) => `${person.id}\n${person.hold?.remind_at}`)) && this.begun;
    if (late) this.desk.announcer.tell(this.#words("late", unseen));
    if (reminded) this.desk.announcer.tell(this.#words("reminder", due));
    if (this.#attended) this.news.clear();
    const news = waiting.filter((person) => this.news.has(person.id));
    this.#say("late", unseen, late);
    this.#say("reminder", due, reminded);
    this.#say(
      "arrival",
      arrived && news.length === 0 ? waiting.filter((person) => this.arrivals.people.has(person.id)) : news,
      arrived,
    );
  }

  /** @param {Person} person */
  #concernsAtAll(person) {
    return this.#concerns(person, "sound") || this.#concerns(person, "notify");
  }

  /** @param {Kind} kind @param {Person[]} people whom it is about @param {boolean} now whether to sound, or only to keep what is shown true */
  #say(kind, people, now) {
    if (now && people.some((person) => this.#concerns(person, "sound"))) this.#sound(kind);
    const told = this.#attended ? [] : people.filter((person) => this.#concerns(person, "notify"));
    if (!this.speaking.held) return;
    if (told.length === 0) return this.notices.close(kind);
    const { only } = gathered(told);
    const press = () => this.desk.open(only);
    this.notices.show(kind, { title: this.#words(kind, told), body: this.#names(told), again: now, silent: !this.blocked, press });
  }

  /** @param {Kind} kind */
  #sound(kind) {
    if (this.sounding.held) this.sound.play(kind, this.#kept.volume);
    else this.unsounded = { kind, at: performance.now() };
  }

  /** It is this tab's turn, or no longer. */
  #caughtUp() {
    const { unsounded } = this;
    this.unsounded = null;
    if (this.sounding.held && unsounded && performance.now() - unsounded.at < LATER) this.#sound(unsounded.kind);
    this.desk.changed();
  }

  /** Somebody is at this page now. */
  get #attended() {
    return !document.hidden && document.hasFocus();
  }

  #lookedAt() {
    if (!this.#attended) return;
    this.speaking.seize();
    this.sounding.seize();
    this.lookedAt = -Infinity;
    this.look();
  }

  #turned() {
    if (!this.speaking.held) this.notices.closeAll();
    this.desk.changed();
  }

  /** @param {Person} person */
  #meeting(person) {
    return this.desk.roster.meetings.get(person.meeting);
  }

  // In words.

  /** @param {Kind} kind @param {Person[]} people */
  #words(kind, people) {
    const { n, meetings, only } = gathered(people);
    const [first] = people;
    if (only === null || !first) return t(`alarm.${kind}_many`, { n, meetings });
    const row = this.desk.roster.meetings.get(only);
    const meeting = this.desk.nameOf(row);
    const time = duration(thresholdsOf(row).second_s * 1000);
    return n === 1 ? t(`alarm.${kind}_one`, { name: nameOf(first), meeting, time }) : t(`alarm.${kind}`, { n, meeting, time });
  }

  /** @param {Person[]} people */
  #names(people) {
    const names = people
      .slice(0, NAMED)
      .map((person) => (person.hold?.reason ? `${nameOf(person)}: ${plain(person.hold.reason)}` : nameOf(person)))
      .join(t("list_comma"));
    const more = people.length - NAMED;
    return more > 0 ? t("alarm.and_more", { n: more, names }) : names;
  }
}
