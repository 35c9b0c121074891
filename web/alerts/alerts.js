// Alerts moderators to arrivals, long waits and reminders: by sound, notification, and the tab's title and icon. policy.js decides when.
//
// Alerts are updated with every frame and once a second. A hidden tab's timers may sleep for a minute, but frames still wake it.

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
const CHECK_INTERVAL = 1000;
/** How long a sound waits for this tab to lead, in ms: the browser answers a request for a lock a little later. */
const LEADER_TIMEOUT = 2000;
/** How long the page may be offline before the tab says so, in ms. */
const AWAY_AFTER = 300;
/** How many names a notification lists. */
const NAMES_SHOWN = 4;

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
    /** Separate, so that an arrival elsewhere never silences one in a followed meeting, nor a silent arrival one with sound. */
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
    /** @type {Set<string>} participants who wait, or waited when last known */
    this.waiters = new Set();
    /** @type {Set<string>} arrivals whose meeting is not known yet */
    this.withoutMeeting = new Set();
    /** @type {Set<string>} arrivals since the user last looked at the page */
    this.newcomers = new Set();
    /** @type {Person[]} participants who wait too long, unacknowledged; longest wait first */
    this.tooLong = [];
    this.hasUpdated = false;
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

  get #prefs() {
    return this.prefs.current;
  }

  /** The user's preferences have changed. */
  onPrefsChanged() {
    this.followedMeetings = new FollowedMeetings(this.#prefs.follows, this.#prefs.mutes, this.roster.meetings);
    this.updatedAt = -Infinity;
    this.changed();
  }

  /** Whether the browser blocks the sound that the user wants. */
  get blocked() {
    return (this.#prefs.sound || this.#prefs.follows.length > 0) && this.sound.blocked;
  }

  /** The browser's permission for notifications. */
  get permission() {
    return this.notifications.permission;
  }

  /** Asks the browser for permission; only possible while it handles a click. */
  askPermission() {
    return this.notifications.ask();
  }

  /** Plays a sound for the user to hear. @param {Kind} kind */
  tryOut(kind) {
    this.sound.play(kind, this.#prefs.volume);
  }

  /** Unblocks sound; only possible while the browser handles a click. */
  unlockSound() {
    return this.sound.unlock();
  }

  /** @param {string} meeting */
  followStateOf(meeting) {
    return this.followedMeetings.of(this.roster.meetings.get(meeting));
  }

  // Events.

  /** The rows have changed. @param {import("../net/rows.js").Changes} changes @param {boolean} first whether these are the page's first rows */
  onRows({ put, drop }, first) {
    for (const { kind, id } of drop) if (kind === "person") this.#onLeft(id);
    for (const row of put) {
      if (row.kind !== "person") continue;
      if (row.lobby === "in") this.#onLeft(row.id);
      if (row.lobby !== "waiting" || this.waiters.has(row.id)) continue;
      this.waiters.add(row.id);
      // A participant who was sent back is no arrival.
      if (!first && !row.sent_back) this.withoutMeeting.add(row.id);
    }
    // A participant's row may come before their meeting's.
    for (const id of this.withoutMeeting) {
      const row = this.roster.people.get(id);
      if (row && !this.#meeting(row)) continue;
      this.withoutMeeting.delete(id);
      if (row) this.#onArrived(row);
    }
  }

  /** @param {string} id */
  #onLeft(id) {
    if (!this.waiters.delete(id)) return;
    this.withoutMeeting.delete(id);
    this.newcomers.delete(id);
    for (const situation of Object.values(this.situations)) situation.left(id);
  }

  /** @param {Person} row */
  #onArrived(row) {
    if (this.followStateOf(row.meeting) === "muted") return;
    this.announcer.arrived(this.#meeting(row)?.name ?? "");
    if (!this.#concerns(row, "sound") && !this.#concerns(row, "notify")) return;
    this.newcomers.add(row.id);
    const { followed, others, silent } = this.situations;
    const unfollowed = this.#prefs.sound ? others : silent;
    const situation = this.followStateOf(row.meeting) === "followed" ? followed : unfollowed;
    situation.arrived(row.id, performance.now());
  }

  /** Whether the user wants an alert for this participant; a followed meeting alerts even if alerts are off. @param {Person} row
   * @param {"sound" | "notify"} how */
  #concerns(row, how) {
    const followState = this.followStateOf(row.meeting);
    return followState === "followed" || (followState !== "muted" && this.#prefs[how]);
  }

  /** Called with every frame and every second: brings all alerts up to date. */
  update() {
    const { screen } = this;
    if (!screen.link.shown) return;
    const now = performance.now();
    const away = this.#away(now);
    this.title.count(this.roster.waiting.size - this.roster.held, away);
    this.notificationLeader.want(screen.live);
    this.soundLeader.want(screen.live && this.sound.allowed);
    const started = Object.entries(this.situations).filter(([, situation]) => screen.live && situation.sounds(now));
    if (started.length === 0 && now - this.updatedAt < CHECK_INTERVAL) return;
    this.updatedAt = now;
    const waiting = this.roster.lobby();
    this.tooLong = waiting.filter((person) => tooLong(person, this.#meeting(person), this.clock.now()));
    this.favicon.show(waiting.length - this.roster.held, this.tooLong.length > 0, away);
    if (screen.live) {
      const arrived = { any: started.length > 0, loud: started.some(([name]) => name !== "silent") };
      this.#notify(waiting, arrived, now);
    }
    this.hasUpdated = true;
  }

  /** Whether the page has been offline for a while: a page in the background must not look as if nobody waited.
   * @param {number} now */
  #away(now) {
    const { live } = this.screen;
    if (live) this.liveAt = now;
    const away = now - this.liveAt > AWAY_AFTER;
    if (away && !this.wasAway && this.#prefs.notify && !this.#attended) {
      const onClick = () => {};
      this.notifications.show("away", { title: t("title_away"), body: t("said.lost"), again: true, silent: false, onClick });
    }
    if (!away) this.notifications.close("away");
    this.wasAway = away;
    return away;
  }

  /** @param {Person[]} waiting @param {{ any: boolean, loud: boolean }} arrived whether there are arrivals, and whether they sound
   * @param {number} now */
  #notify(waiting, arrived, now) {
    const unhandled = this.tooLong.filter((person) => handler(person, this.#meeting(person)) === "" && this.#concernsAtAll(person));
    const due = waiting.filter((person) => isDue(person, this.clock.now()) && this.#concernsAtAll(person));
    const late = this.late.sounds(unhandled.length > 0, now);
    const reminded = this.reminders.sounds(due.map((person) => `${person.id}\n${person.hold?.remind_at}`)) && this.hasUpdated;
    if (late) this.announcer.announce(this.#text("late", unhandled));
    if (reminded) this.announcer.announce(this.#text("reminder", due));
    if (this.#attended) this.newcomers.clear();
    const newcomers = waiting.filter((person) => this.newcomers.has(person.id));
    this.#show("late", unhandled, late, late && this.#soundsFor(unhandled));
    this.#show("reminder", due, reminded, reminded && this.#soundsFor(due));
    const recent = (/** @type {Person} */ { id }) => Object.values(this.situations).some(({ people }) => people.has(id));
    this.#show("arrival", arrived.any && newcomers.length === 0 ? waiting.filter(recent) : newcomers, arrived.any, arrived.loud);
  }

  /** @param {Person[]} people */
  #soundsFor(people) {
    return people.some((person) => this.#concerns(person, "sound"));
  }

  /** @param {Person} person */
  #concernsAtAll(person) {
    return this.#concerns(person, "sound") || this.#concerns(person, "notify");
  }

  /** @param {Kind} kind @param {Person[]} people of the alert @param {boolean} now whether the alert is new; if not, only what is shown is updated
   * @param {boolean} loud whether to sound */
  #show(kind, people, now, loud) {
    if (loud) this.#sound(kind);
    const notified = this.#attended ? [] : people.filter((person) => this.#concerns(person, "notify"));
    if (!this.notificationLeader.held) return;
    if (notified.length === 0) return this.notifications.close(kind);
    const { only } = countPeople(notified);
    const onClick = () => this.open(only);
    this.notifications.show(kind, {
      title: this.#text(kind, notified),
      body: this.#names(notified),
      again: now,
      silent: !this.blocked,
      onClick,
    });
  }

  /** @param {Kind} kind */
  #sound(kind) {
    if (this.soundLeader.held) this.sound.play(kind, this.#prefs.volume);
    else this.unsounded = { kind, at: performance.now() };
  }

  /** This tab has become the leader, or is no longer. */
  #onSoundLeader() {
    const { unsounded } = this;
    this.unsounded = null;
    if (this.soundLeader.held && unsounded && performance.now() - unsounded.at < LEADER_TIMEOUT) this.#sound(unsounded.kind);
    this.changed();
  }

  /** Whether the user is at this page now. */
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

  // Texts.

  /** @param {Kind} kind @param {Person[]} people */
  #text(kind, people) {
    const { n, meetings, only } = countPeople(people);
    const [first] = people;
    if (only === null || !first) return t(`alarm.across.${kind}`, { n, meetings });
    const row = this.roster.meetings.get(only);
    const meeting = meetingNameOf(row);
    const time = duration(thresholdsOf(row).second_s * 1000);
    return n === 1
      ? t(`alarm.single.${kind}`, { name: nameOf(first), meeting, time })
      : t(`alarm.several.${kind}`, { n, meeting, time });
  }

  /** @param {Person[]} people */
  #names(people) {
    const names = people
      .slice(0, NAMES_SHOWN)
      .map((person) => (person.hold?.reason ? `${nameOf(person)}: ${plain(person.hold.reason)}` : nameOf(person)))
      .join(t("list_comma"));
    const more = people.length - NAMES_SHOWN;
    return more > 0 ? t("alarm.and_more", { n: more, names }) : names;
  }
}
