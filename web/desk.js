// The dashboard: joins connection, rows, screen and page. Draws at most once per frame, and never while a button is held down.

import { DisplayDeeds } from "./actions/displays.js";
import { Deeds } from "./actions/moderation.js";
import { Undoing } from "./actions/undo.js";
import { Limits } from "./actions/waits.js";
import { Alerts } from "./alerts/alerts.js";
import { Announcer } from "./alerts/announcer.js";
import { loadCatalogue, t } from "./lib/i18n.js";
import { plain } from "./lib/text.js";
import { Clock, clockTimes } from "./lib/time.js";
import { idOf, Presses } from "./net/action_requests.js";
import { Connection } from "./net/connection.js";
import { Feed } from "./net/feed.js";
import { Asks } from "./net/requests.js";
import { Figures } from "./state/bridge_stats.js";
import { Claims } from "./state/claims.js";
import { Displays } from "./state/displays.js";
import { Showing } from "./state/list_options_store.js";
import { Prefs } from "./state/prefs.js";
import { Attention } from "./state/presence.js";
import { Roster } from "./state/roster.js";
import { Screen } from "./state/screen.js";
import { Selection } from "./state/selection.js";
import { Undos } from "./state/undo_offers.js";
import { Dialogs } from "./ui/dialogs.js";
import { Focus } from "./ui/focus.js";
import { Menus } from "./ui/menus.js";
import { Notice } from "./ui/notice.js";
import { Pointer } from "./ui/pointer.js";
import { Guard, REST } from "./ui/press_guard.js";
import { Keys } from "./ui/shortcuts.js";
import { Upgrade } from "./ui/upgrade.js";
import { render } from "./vendor/lit.js";
import { wordsOf } from "./views/action_bar.js";
import { shell } from "./views/shell.js";

/** What stands behind "#" for an administrator's boards. */
const BOARDS = /** @type {const} */ (["bridges", "displays"]);

const times = clockTimes(document.documentElement.lang || "en");

export class Desk {
  /** @param {HTMLElement} root */
  constructor(root) {
    const { base = "", version = "", user = "" } = document.body.dataset;
    this.root = root;
    /** The name of whoever is signed in. */
    this.me = user;
    this.base = base;
    this.upgrade = new Upgrade(this, version);
    this.feed = new Feed(
      (changes, whole) => this.#take(changes, whole),
      () => this.#resync(),
    );
    this.roster = new Roster();
    this.selection = new Selection();
    this.screen = new Screen(this.roster, this.selection);
    this.screen.role = /** @type {import("./net/protocol.js").Role} */ (document.body.dataset.role ?? "viewer");
    this.clock = new Clock();
    this.connection = new Connection(`${location.origin.replace(/^http/, "ws")}${base}/ws`, `${base}/account`, this);
    const send = (/** @type {object} */ message) => this.connection.send(message);
    this.presses = new Presses(
      send,
      () => this.changed(),
      () => this.clock.now(),
      () => !this.connection.isDoubtful,
    );
    this.figures = new Figures(send);
    this.displays = new Displays(send);
    this.displayDeeds = new DisplayDeeds(this);
    this.attention = new Attention(send);
    this.claims = new Claims(send);
    this.screen.awaits = (id) => this.presses.awaits(id);
    this.undos = new Undos();
    this.undoing = new Undoing(this);
    this.guard = new Guard();
    this.dialogs = new Dialogs(this);
    this.menus = new Menus(this);
    this.focus = new Focus(this);
    this.deeds = new Deeds(this);
    this.notice = new Notice(() => this.changed());
    this.announcer = new Announcer((text) => this.#say(text));
    this.asks = new Asks(send);
    this.limits = new Limits(this);
    this.prefs = new Prefs(send, () => this.alerts.settle());
    this.showing = new Showing(this);
    this.alerts = new Alerts(this);
    this.pointer = new Pointer(this);
    this.keys = new Keys(this);
    /** @type {"" | "menu" | "bridges" | "presence" | "keys" | "results" | "alerts" | "display" | "thresholds"} what is unfolded over the page */
    this.unfolded = "";
    this.frameAsked = false;
    this.resyncAt = -Infinity;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.tick = undefined;
  }

  start() {
    this.showing.start();
    this.#openFromAddress();
    // Going back over a change of the query is no change of what stands behind "#" to every browser.
    for (const moved of ["hashchange", "popstate"]) addEventListener(moved, () => this.#openFromAddress());
    document.addEventListener("visibilitychange", () => this.#seen());
    addEventListener("resize", () => this.changed());
    this.prefs.start();
    this.alerts.start();
    this.pointer.start();
    this.keys.start();
    this.connection.start();
    this.#ticking();
    this.draw();
  }

  stop() {
    clearTimeout(this.tick);
    this.notice.stop();
    this.connection.stop();
    this.announcer.stop();
    this.alerts.stop();
    this.pointer.stop();
    this.keys.stop();
  }

  // What the connection says.

  /** @param {import("./net/protocol.js").Frame} frame */
  frame(frame) {
    if (frame.type === "welcome") this.#welcome(frame);
    else if (frame.type === "beat") this.clock.heard(frame.time);
    else if (frame.type === "snapshot") this.feed.part(frame);
    else if (frame.type === "snapshot_end") this.feed.end(frame);
    else if (frame.type === "delta") this.feed.delta(frame);
    else if (frame.type === "reply") this.asks.answered(frame) || this.#reply(frame);
    else if (frame.type === "receipt") this.presses.receipt(frame.ref);
    else if (frame.type === "answer") this.asks.answered(frame);
    else if (frame.type === "error") this.asks.answered(frame) || this.claims.refused(frame) || this.presses.refused(frame);
    else if (frame.type === "prefs") this.prefs.take(frame.value);
    else if (frame.type === "figures") this.figures.take(frame);
    else if (frame.type === "session_ends") this.#sessionEnds(frame.at);
    else if (frame.type === "displays") this.displays.take(frame);
    if (this.screen.live) this.screen.link.asOf = this.clock.now();
    this.alerts.look();
    this.changed();
  }

  /** @param {import("./net/connection.js").Phase} phase @param {string} reason */
  phase(phase, reason) {
    Object.assign(this.screen.link, { phase, reason });
    if (phase === "loading") this.feed.restart();
    if (phase !== "live") for (const watched of [this.figures, this.displays]) watched.forget();
    if (phase === "loading") this.attention.forget();
    if (phase === "lost" || phase === "stopped") for (const open of [this.feed, this.presses, this.asks]) open.cut();
    if (phase === "lost") this.announcer.tell(t("said_lost"));
    this.changed();
  }

  signedOut() {
    const here = location.pathname.slice(this.base.length) + location.search;
    location.assign(`${this.base}/login?next=${encodeURIComponent(here)}${location.hash}`);
  }

  /** @param {import("./net/protocol.js").Welcome} frame */
  #welcome(frame) {
    this.screen.sessionEnds = null;
    // Somebody else signed in in this browser: what stands on this page was meant for another user's hands.
    if (frame.user.name !== this.me) {
      this.connection.stop();
      return this.phase("stopped", t("other_user", { name: frame.user.name }));
    }
    this.clock.forget();
    this.clock.heard(frame.time);
    this.screen.role = frame.user.role;
    this.prefs.take(frame.prefs);
    this.showing.known();
    this.upgrade.heard(frame.version);
  }

  /** @param {number} at */
  #sessionEnds(at) {
    this.screen.sessionEnds = at;
    this.announcer.tell(t("session_ends", { at: times.long(at) }));
  }

  /** @param {import("./net/rows.js").Changes} changes @param {"first" | "again" | null} whole */
  #take(changes, whole) {
    this.roster.take(changes);
    this.alerts.heard(changes, whole === "first");
    if (!whole) return;
    Object.assign(this.screen.link, { phase: "live", shown: true });
    if (whole === "first") this.announcer.tell(t("said_loaded", { n: this.roster.waiting.size }));
    this.#seen();
  }

  #resync() {
    this.screen.link.phase = "loading";
    this.connection.send({ type: "resync" });
  }

  /** @param {import("./net/protocol.js").Reply} frame */
  #reply(frame) {
    if (this.claims.reply(frame)) return;
    this.presses.reply(frame);
    const press = this.presses.all.get(frame.ref);
    if (!press) return;
    // Whoever was not sent anything can be pressed for again at once.
    const stopped = frame.results.filter((result) => result.result === "stopped").map(idOf);
    if (press.names.size > 1) this.selection.all(stopped, true);
    if (frame.state !== "finished") return;
    if (press.deed === "admit") this.undoing.offer(press);
    this.announcer.tell(wordsOf(this, press));
  }

  /** @param {string} text */
  #say(text) {
    const region = document.getElementById("live-region");
    if (region) region.textContent = text;
  }

  // What the person does.

  /** @param {string} id @param {{ range?: boolean, on?: boolean }} [how] */
  pick(id, { range = false, on = !this.selection.has(id) } = {}) {
    const entries = this.screen.lobbies.flatMap((list) => list.entries);
    const order = entries.filter((entry) => entry.gone === null).map((entry) => entry.id);
    if (range) this.selection.range(order, id, on);
    else this.selection.toggle(id, on);
    this.changed();
  }

  /** @param {boolean} on */
  tickAll(on) {
    this.selection.all(
      this.screen.admissible.map((person) => person.id),
      on,
    );
    this.changed();
  }

  clearSelection() {
    this.selection.clear();
    this.changed();
    this.upgrade.reloadIfIdle();
  }

  /** @param {string | null} meeting */
  open(meeting) {
    const hash = meeting === null ? "" : `#meeting=${encodeURIComponent(meeting)}`;
    history.pushState(null, "", location.pathname + this.showing.query + hash);
    this.#openFromAddress();
  }

  #openFromAddress() {
    const wanted = /^#meeting=(.+)$/.exec(location.hash)?.[1];
    const board = BOARDS.find((each) => location.hash === `#${each}`) ?? "";
    this.screen.choose({ open: wanted ? decodeURIComponent(wanted) : null, pane: "people", board });
    this.root.querySelector(".people [data-scroller]")?.scrollTo(0, 0);
    this.#seen();
  }

  get showsBoard() {
    return this.screen.board !== "";
  }

  /** What is looked at may be another thing now, or nothing. */
  #seen() {
    const seen = document.hidden ? "" : this.screen.board;
    if (this.screen.live) this.figures.want(seen === "bridges");
    if (this.screen.live) this.displays.want(seen === "displays");
    this.#look();
    this.changed();
  }

  #look() {
    if (this.screen.live) this.attention.look(this.showsBoard ? null : this.screen.choice.open, document.hidden);
  }

  /** Somebody is at the page. */
  touch() {
    this.attention.touch();
    this.#look();
  }

  /** @param {string} query */
  search(query) {
    if (this.showsBoard && query) this.open(null);
    this.screen.choose({ query });
    this.showing.searched();
    for (const scroller of this.root.querySelectorAll("[data-scroller]")) if (scroller.scrollTop > 0) scroller.scrollTop = 0;
    // At once, not with the next frame: whoever types waits for this one.
    this.draw();
  }

  /** @param {"people" | "meetings"} pane */
  show(pane) {
    this.screen.choose({ pane });
    this.changed();
  }

  /** @param {Desk["unfolded"]} what */
  unfold(what) {
    this.unfolded = this.unfolded === what ? "" : what;
    this.draw();
    const panel = /** @type {HTMLElement | null} */ (this.root.querySelector(".panel"));
    panel?.focus();
  }

  fold() {
    const opener = /** @type {HTMLElement | null} */ (this.root.querySelector(`[data-unfolds="${this.unfolded}"]`));
    this.unfolded = "";
    this.draw();
    opener?.focus();
  }

  /** To the meeting before or after the open one, in the order shown. @param {1 | -1} by */
  openNext(by) {
    const ids = this.screen.meetings.entries.filter((entry) => entry.gone === null).map((entry) => entry.id);
    const at = this.screen.choice.open === null ? -1 : ids.indexOf(this.screen.choice.open);
    const id = at < 0 ? ids.at(by > 0 ? 0 : -1) : ids[at + by];
    if (id !== undefined) this.open(id);
  }

  /** Says something in the dock and to screen readers. @param {string} text */
  tell(text) {
    this.notice.say(text);
    this.announcer.tell(text);
  }

  // Drawing.

  changed() {
    if (this.frameAsked || document.hidden) return;
    this.frameAsked = true;
    requestAnimationFrame(() => {
      this.frameAsked = false;
      if (!this.pointer.pressing) this.draw();
    });
  }

  draw() {
    const focus = this.focus.before();
    for (const list of this.screen.lists) list.calm.measure();
    this.undoing.reach();
    if (this.guard.follow(this.presses.places)) setTimeout(() => this.changed(), REST + 10);
    this.screen.link.doubt = this.#doubts();
    this.screen.update(this.clock.now());
    render(shell(this), this.root);
    if (this.#place()) {
      render(shell(this), this.root);
      this.#place();
    }
    this.focus.after(focus);
    this.menus.shown();
    this.dialogs.shown();
    this.deeds.settleClaims();
    this.pointer.guard();
  }

  /** Whether what is shown may not be so any more, though the socket is open; said once to those who listen. */
  #doubts() {
    const doubt = this.screen.link.phase === "live" && this.connection.isDoubtful;
    if (doubt && !this.screen.link.doubt) this.announcer.tell(t("said_doubtful"));
    return doubt;
  }

  #place() {
    const { lists } = this.screen;
    for (const list of lists) list.place();
    for (const list of lists) list.calm.steady();
    this.pointer.rest();
    return lists.map((list) => list.look()).includes(true);
  }

  /** All clocks of the page tick together, with the server's second. */
  #ticking() {
    const now = this.clock.now();
    this.tick = setTimeout(
      () => {
        this.alerts.look();
        this.#look();
        this.changed();
        this.#ticking();
      },
      1000 - (((now % 1000) + 1000) % 1000) + 5,
    );
  }

  /** @param {import("./net/protocol.js").MeetingRow | undefined} meeting */
  nameOf(meeting) {
    return (meeting && plain(meeting.name)) || t("meeting_no_name");
  }
}

const root = document.getElementById("desk");
if (root) {
  await loadCatalogue(document.body.dataset.base ?? "", document.documentElement.lang || "en");
  new Desk(root).start();
}
