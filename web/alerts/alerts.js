// Alerts moderators to waiting participants: joins arrivals and long waits with sound, notifications and the tab's sign. policy.js
// decides when.
//
// It decides as frames come, and once a second where timers run: those of a hidden tab sleep for up to a minute, frames wake it.

import { t } from "../lib/i18n.js";
import { meetingNameOf, nameOf } from "../lib/names.js";
import { plain } from "../lib/text.js";
import { duration } from "../lib/time.js";
import { FollowedMeetings } from "../state/followed_meetings.js";
import { handler, isDue, thresholdsOf, tooLong } from "../state/wait_thresholds.js";
import { Favicon } from "./favicon.js";
import { Notifications } from "./notifications.js";
import { Arrivals, countPeople, Once, Repeated } from "./policy.js";
import { Sound } from "./sound.js";
import { TabLeader } from "./tab_leader.js";
import { Title } from "./title.js";

/** @typedef {import("../net/protocol.js").PersonRow} Person */
/** @typedef {import("./sound.js").Kind} Kind */

/** The interval of checks that need not run with every frame, in ms. */
const PACE = 1000;
/** How long a sound waits for this tab's turn to be told, in ms: the browser's locks answer later, not at once. */
const LATER = 2000;
/** Without news from the server for so long a tab says so, in ms. */
const AWAY = 300;
/** Names that a notification tells. */
const NAMED = 4;

export class Alerts {
  /**
   * @param {{
   *   screen: import("../state/screen.js").Screen,
   *   roster: import("../state/roster.js").Roster,
   *   clock: import("../lib/time.js").Clock,
   *   prefs: import("../state/prefs.js").Prefs,
   *   announcer: import("./announcer.js").Announcer,
   *   name: string,
   *   changed: () => void,
   *   open: (meeting: string | null) => void,
   * }} parts
   */
  constructor({ screen, roster, clock, prefs, announcer, name, changed, open }) {
    this.screen = screen;
    this.roster = roster;
    this.clock = clock;
    this.prefs = prefs;
    this.announcer = announcer;
    this.changed = changed;
    this.open = open;
    /** Arrivals in a followed meeting sound whatever else goes on; arrivals without sound take no sound from others. */
    this.situations = { followed: new Arrivals(), others: new Arrivals(), silent: new Arrivals() };
    this.late = new Repeated();
    this.reminders = new Once();
    this.sound = new Sound(changed);
    this.notifications = new Notifications(name, changed);
    this.soundLeader = new TabLeader(`${name}-sound`, () => this.#onSoundLeader());
    /** A sound that was due while another tab led. @type {{ kind: Kind, at: number } | null} */
    this.unsounded = null;
    this.notificationLeader = new TabLeader(`${name}-notices`, () => this.#onNotificationLeader());
    this.title = new Title((n, away) => {
      if (away) return t("title_away");
      return n > 0 ? t("title_waiting", { n }) : t("title");
    });
    this.favicon = new Favicon();
    this.followedMeetings = new FollowedMeetings([], [], roster.meetings);
    screen.followState = (meeting) => this.followedMeetings.of(meeting);
    /** @type {Set<string>} who waits, or waited when last known */
    this.waiters = new Set();
    /** @type {Set<string>} who of them has just come, and whose meeting is not known yet */
    this.unplaced = new Set();
    /** @type {Set<string>} those of them who came since the user looked at the page */
    this.news = new Set();
    /** @type {Person[]} who waits too long, and nobody has said that they know; longest first */
    this.tooLong = [];
    this.begun = false;
    this.updatedAt = -Infinity;
    this.liveAt = performance.now();
    this.wasAway = false;
    this.ends = new AbortController();
  }

  start() {
    const how = { signal: this.ends.signal };
    addEventListener("focus", () => this.#onAttention(), how);
    document.addEventListener("visibilitychange", () => this.#onAttention(), how);
    addEventListener("pagehide", () => this.notifications.closeAll(), how);
    this.sound.start();
  }

  stop() {
    this.ends.abort();
    this.sound.stop();
    this.notifications.closeAll();
  }

  get #kept() {
    return this.prefs.kept;
  }

  /** The user's preferences have changed. */
  onPrefsChanged() {
    this.followedMeetings = new FollowedMeetings(this.#kept.follows, this.#kept.mutes, this.roster.meetings);
    this.updatedAt = -Infinity;
    this.changed();
  }

  /** Whether the user wants sound and the browser does not let the page sound. */
  get blocked() {
    return (this.#kept.sound || this.#kept.follows.length > 0) && this.sound.blocked;
  }

  /** The browser's permission for notifications. */
  get permission() {
    return this.notifications.permission;
  }

  /** Asks the browser for it; only while it handles a click. */
  askPermission() {
    return this.notifications.ask();
  }

  /** Lets the user hear a sound. @param {Kind} kind */
  tryOut(kind) {
    this.sound.play(kind, this.#kept.volume);
  }

  /** Lets the page sound; only while it handles a click. */
  unlockSound() {
    return this.sound.unlock();
  }

  /** @param {string} meeting */
  followStateOf(meeting) {
    return this.followedMeetings.of(this.roster.meetings.get(meeting));
  }

  // Events.

  /** The rows have changed. @param {import("../net/rows.js").Changes} changes @param {boolean} first whether all of it was there before */
  onRows({ put, drop }, first) {
    for (const { kind, id } of drop) if (kind === "person") this.#onLeft(id);
    for (const row of put) {
      if (row.kind !== "person") continue;
      if (row.lobby === "in") this.#onLeft(row.id);
      if (row.lobby !== "waiting" || this.waiters.has(row.id)) continue;
      this.waiters.add(row.id);
      // A participant who was sent back is no news to the moderators.
      if (!first && !row.sent_back) this.unplaced.add(row.id);
    }
    // A person's meeting may be told after the person.
    for (const id of this.unplaced) {
      const row = this.roster.people.get(id);
      if (row && !this.#meeting(row)) continue;
      this.unplaced.delete(id);
      if (row) this.#onArrived(row);
    }
  }

  /** @param {string} id */
  #onLeft(id) {
    if (!this.waiters.delete(id)) return;
    this.unplaced.delete(id);
    this.news.delete(id);
    for (const situation of Object.values(this.situations)) situation.left(id);
  }

  /** @param {Person} row */
  #onArrived(row) {
    if (this.followStateOf(row.meeting) === "muted") return;
    this.announcer.arrived(this.#meeting(row)?.name ?? "");
    if (!this.#concerns(row, "sound") && !this.#concerns(row, "notify")) return;
    this.news.add(row.id);
    const { followed, others, silent } = this.situations;
    const unfollowed = this.#kept.sound ? others : silent;
    const situation = this.followStateOf(row.meeting) === "followed" ? followed : unfollowed;
    situation.arrived(row.id, performance.now());
  }

  /** Whether the user wants an alert for this participant: a followed meeting alerts whatever is switched off. @param {Person} row
   * @param {"sound" | "notify"} how */
  #concerns(row, how) {
    const followState = this.followStateOf(row.meeting);
    return followState === "followed" || (followState !== "muted" && this.#kept[how]);
  }

  /** With every frame, and every second: sounds, tells and marks what there is. */
  update() {
    const { screen } = this;
    if (!screen.link.shown) return;
    const now = performance.now();
    const away = this.#away(now);
    this.title.count(this.roster.waiting.size - this.roster.held, away);
    this.notificationLeader.want(screen.live);
    this.soundLeader.want(screen.live && this.sound.allowed);
    const started = Object.entries(this.situations).filter(([, situation]) => screen.live && situation.sounds(now));
    if (started.length === 0 && now - this.updatedAt < PACE) return;
    this.updatedAt = now;
    const waiting = this.roster.lobby();
    this.tooLong = waiting.filter((person) => tooLong(person, this.#meeting(person), this.clock.now()));
    this.favicon.show(waiting.length - this.roster.held, this.tooLong.length > 0, away);
    if (screen.live) {
      const arrived = { any: started.length > 0, loud: started.some(([name]) => name !== "silent") };
      this.#notify(waiting, arrived, now);
    }
    this.begun = true;
  }

  /** Whether nobody hears of who waits, and has not for a while: a page in the background must not look as if nobody did.
   * @param {number} now */
  #away(now) {
    const { live } = this.screen;
    if (live) this.liveAt = now;
    const away = now - this.liveAt > AWAY;
    if (away && !this.wasAway && this.#kept.notify && !this.#attended) {
      const onClick = () => {};
      this.notifications.show("away", { title: t("title_away"), body: t("said_lost"), again: true, silent: false, onClick });
    }
    if (!away) this.notifications.close("away");
    this.wasAway = away;
    return away;
  }

  /** @param {Person[]} waiting @param {{ any: boolean, loud: boolean }} arrived whether there are arrivals, and whether they sound
   * @param {number} now */
  #notify(waiting, arrived, now) {
    const unseen = this.tooLong.filter((person) => handler(person, this.#meeting(person)) === "" && this.#concernsAtAll(person));
    const due = waiting.filter((person) => isDue(person, this.clock.now()) && this.#concernsAtAll(person));
    const late = this.late.sounds(unseen.length > 0, now);
    const reminded = this.reminders.sounds(due.map((person) => `${person.id}\n${person.hold?.remind_at}`)) && this.begun;
    if (late) this.announcer.announce(this.#text("late", unseen));
    if (reminded) this.announcer.announce(this.#text("reminder", due));
    if (this.#attended) this.news.clear();
    const news = waiting.filter((person) => this.news.has(person.id));
    this.#show("late", unseen, late, late && this.#soundsFor(unseen));
    this.#show("reminder", due, reminded, reminded && this.#soundsFor(due));
    const recent = (/** @type {Person} */ { id }) => Object.values(this.situations).some(({ people }) => people.has(id));
    this.#show("arrival", arrived.any && news.length === 0 ? waiting.filter(recent) : news, arrived.any, arrived.loud);
  }

  /** @param {Person[]} people */
  #soundsFor(people) {
    return people.some((person) => this.#concerns(person, "sound"));
  }

  /** @param {Person} person */
  #concernsAtAll(person) {
    return this.#concerns(person, "sound") || this.#concerns(person, "notify");
  }

  /** @param {Kind} kind @param {Person[]} people of the alert @param {boolean} now whether it is news, or only to keep what is shown true
   * @param {boolean} loud whether to sound */
  #show(kind, people, now, loud) {
    if (loud) this.#sound(kind);
    const told = this.#attended ? [] : people.filter((person) => this.#concerns(person, "notify"));
    if (!this.notificationLeader.held) return;
    if (told.length === 0) return this.notifications.close(kind);
    const { only } = countPeople(told);
    const onClick = () => this.open(only);
    this.notifications.show(kind, {
      title: this.#text(kind, told),
      body: this.#names(told),
      again: now,
      silent: !this.blocked,
      onClick,
    });
  }

  /** @param {Kind} kind */
  #sound(kind) {
    if (this.soundLeader.held) this.sound.play(kind, this.#kept.volume);
    else this.unsounded = { kind, at: performance.now() };
  }

  /** It is this tab's turn, or no longer. */
  #onSoundLeader() {
    const { unsounded } = this;
    this.unsounded = null;
    if (this.soundLeader.held && unsounded && performance.now() - unsounded.at < LATER) this.#sound(unsounded.kind);
    this.changed();
  }

  /** The user is at this page now. */
  get #attended() {
    return !document.hidden && document.hasFocus();
  }

  #onAttention() {
    if (!this.#attended) return;
    this.notificationLeader.seize();
    this.soundLeader.seize();
    this.updatedAt = -Infinity;
    this.update();
  }

  #onNotificationLeader() {
    if (!this.notificationLeader.held) this.notifications.closeAll();
    this.changed();
  }

  /** @param {Person} person */
  #meeting(person) {
    return this.roster.meetings.get(person.meeting);
  }

  // In words.

  /** @param {Kind} kind @param {Person[]} people */
  #text(kind, people) {
    const { n, meetings, only } = countPeople(people);
    const [first] = people;
    if (only === null || !first) return t(`alarm.${kind}_many`, { n, meetings });
    const row = this.roster.meetings.get(only);
    const meeting = meetingNameOf(row);
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
