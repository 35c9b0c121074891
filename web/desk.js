// The desk, page of the moderators: joins connection, rows, screen and page. Draws at most once per frame, and never while a button is held down.

import { DisplayActions } from "./actions/displays.js";
import { Moderation } from "./actions/moderation.js";
import { UndoActions } from "./actions/undo.js";
import { WaitActions } from "./actions/waits.js";
import { Alerts } from "./alerts/alerts.js";
import { Announcer } from "./alerts/announcer.js";
import { loadCatalogue, t } from "./lib/i18n.js";
import { plain } from "./lib/text.js";
import { Clock, clockTimes } from "./lib/time.js";
import { ActionRequests, idOf } from "./net/action_requests.js";
import { Connection } from "./net/connection.js";
import { Feed } from "./net/feed.js";
import { Requests } from "./net/requests.js";
import { BridgeStats } from "./state/bridge_stats.js";
import { Claims } from "./state/claims.js";
import { Displays } from "./state/displays.js";
import { ListOptionsStore } from "./state/list_options_store.js";
import { Prefs } from "./state/prefs.js";
import { Attention } from "./state/presence.js";
import { Roster } from "./state/roster.js";
import { Screen } from "./state/screen.js";
import { Selection } from "./state/selection.js";
import { UndoOffers } from "./state/undo_offers.js";
import { Dialogs } from "./ui/dialogs.js";
import { Focus } from "./ui/focus.js";
import { Menus } from "./ui/menus.js";
import { Notice } from "./ui/notice.js";
import { Pointer } from "./ui/pointer.js";
import { PressGuard, REST } from "./ui/press_guard.js";
import { Shortcuts } from "./ui/shortcuts.js";
import { Upgrade } from "./ui/upgrade.js";
import { render } from "./vendor/lit.js";
import { requestLine } from "./views/action_bar.js";
import { shell } from "./views/shell.js";

/** The fragments ("#...") of the administrators' pages. */
const ADMIN_PAGES = /** @type {const} */ (["bridges", "displays"]);

const times = clockTimes(document.documentElement.lang || "en");

export class Desk {
  /** @param {HTMLElement} root */
  constructor(root) {
    const { base = "", version = "", user = "" } = document.body.dataset;
    this.root = root;
    /** The name of the user. */
    this.me = user;
    this.base = base;
    this.upgrade = new Upgrade(this, version);
    this.feed = new Feed(
      (changes, whole) => this.#onRows(changes, whole),
      () => this.#resync(),
    );
    this.roster = new Roster();
    this.selection = new Selection();
    this.screen = new Screen(this.roster, this.selection);
    this.screen.role = /** @type {import("./net/protocol.js").Role} */ (document.body.dataset.role ?? "viewer");
    this.clock = new Clock();
    this.connection = new Connection(`${location.origin.replace(/^http/, "ws")}${base}/ws`, `${base}/account`, this);
    const send = (/** @type {object} */ message) => this.connection.send(message);
    this.actionRequests = new ActionRequests(
      send,
      () => this.changed(),
      () => this.clock.now(),
      () => !this.connection.isDoubtful,
    );
    this.bridgeStats = new BridgeStats(send);
    this.displays = new Displays(send);
    this.displayActions = new DisplayActions(this);
    this.attention = new Attention(send);
    this.claims = new Claims(send);
    this.screen.awaits = (id) => this.actionRequests.awaits(id);
    this.undoOffers = new UndoOffers();
    this.undoActions = new UndoActions(this);
    this.pressGuard = new PressGuard();
    this.dialogs = new Dialogs(this);
    this.menus = new Menus(this);
    this.focus = new Focus(this);
    this.moderation = new Moderation(this);
    this.notice = new Notice(() => this.changed());
    this.announcer = new Announcer((text) => this.#speak(text));
    this.requests = new Requests(send);
    this.waitActions = new WaitActions(this);
    this.prefs = new Prefs(send, () => this.alerts.onPrefsChanged());
    this.listOptions = new ListOptionsStore(this);
    this.alerts = new Alerts(this);
    this.pointer = new Pointer(this);
    this.shortcuts = new Shortcuts(this);
    /** @type {"" | "menu" | "bridges" | "presence" | "keys" | "results" | "alerts" | "display" | "thresholds"} what is unfolded over the page */
    this.unfolded = "";
    this.frameAsked = false;
    this.resyncAt = -Infinity;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  start() {
    this.listOptions.start();
    this.#openFromAddress();
    // Going back over a change of the query is no change of what stands behind "#" to every browser.
    for (const moved of ["hashchange", "popstate"]) addEventListener(moved, () => this.#openFromAddress());
    document.addEventListener("visibilitychange", () => this.#onSeen());
    addEventListener("resize", () => this.changed());
    this.prefs.start();
    this.alerts.start();
    this.pointer.start();
    this.shortcuts.start();
    this.connection.start();
    this.#tick();
    this.draw();
  }

  stop() {
    clearTimeout(this.timer);
    this.notice.stop();
    this.connection.stop();
    this.announcer.stop();
    this.alerts.stop();
    this.pointer.stop();
    this.shortcuts.stop();
  }

  // Events of the connection.

  /** @param {import("./net/protocol.js").Frame} frame */
  frame(frame) {
    if (frame.type === "welcome") this.#welcome(frame);
    else if (frame.type === "beat") this.clock.sync(frame.time);
    else if (frame.type === "snapshot") this.feed.part(frame);
    else if (frame.type === "snapshot_end") this.feed.end(frame);
    else if (frame.type === "delta") this.feed.delta(frame);
    else if (frame.type === "reply") this.requests.onAnswer(frame) || this.#reply(frame);
    else if (frame.type === "receipt") this.actionRequests.onReceipt(frame.ref);
    else if (frame.type === "answer") this.requests.onAnswer(frame);
    else if (frame.type === "error")
      this.requests.onAnswer(frame) || this.claims.onRefusal(frame) || this.actionRequests.onRefusal(frame);
    else if (frame.type === "prefs") this.prefs.receive(frame.value);
    else if (frame.type === "figures") this.bridgeStats.receive(frame);
    else if (frame.type === "session_ends") this.#sessionEnds(frame.at);
    else if (frame.type === "displays") this.displays.receive(frame);
    if (this.screen.live) this.screen.link.asOf = this.clock.now();
    this.alerts.update();
    this.changed();
  }

  /** @param {import("./net/connection.js").Phase} phase @param {string} reason */
  phase(phase, reason) {
    Object.assign(this.screen.link, { phase, reason });
    if (phase === "loading") this.feed.restart();
    if (phase !== "live") for (const watched of [this.bridgeStats, this.displays]) watched.forget();
    if (phase === "loading") this.attention.forget();
    if (phase === "lost" || phase === "stopped")
      for (const open of [this.feed, this.actionRequests, this.requests]) open.onDisconnected();
    if (phase === "lost") this.announcer.announce(t("said_lost"));
    this.changed();
  }

  signedOut() {
    const here = location.pathname.slice(this.base.length) + location.search;
    location.assign(`${this.base}/login?next=${encodeURIComponent(here)}${location.hash}`);
  }

  /** @param {import("./net/protocol.js").Welcome} frame */
  #welcome(frame) {
    this.screen.sessionEnds = null;
    // Another user signed in in this browser: this page was meant for the previous one.
    if (frame.user.name !== this.me) {
      this.connection.stop();
      return this.phase("stopped", t("other_user", { name: frame.user.name }));
    }
    this.clock.forget();
    this.clock.sync(frame.time);
    this.screen.role = frame.user.role;
    this.prefs.receive(frame.prefs);
    this.listOptions.known();
    this.upgrade.onServerVersion(frame.version);
  }

  /** @param {number} at */
  #sessionEnds(at) {
    this.screen.sessionEnds = at;
    this.announcer.announce(t("session_ends", { at: times.long(at) }));
  }

  /** @param {import("./net/rows.js").Changes} changes @param {"first" | "again" | null} whole */
  #onRows(changes, whole) {
    this.roster.apply(changes);
    this.alerts.onRows(changes, whole === "first");
    if (!whole) return;
    Object.assign(this.screen.link, { phase: "live", shown: true });
    if (whole === "first") this.announcer.announce(t("said_loaded", { n: this.roster.waiting.size }));
    this.#onSeen();
  }

  #resync() {
    this.screen.link.phase = "loading";
    this.connection.send({ type: "resync" });
  }

  /** @param {import("./net/protocol.js").Reply} frame */
  #reply(frame) {
    if (this.claims.onReply(frame)) return;
    this.actionRequests.onReply(frame);
    const request = this.actionRequests.all.get(frame.ref);
    if (!request) return;
    // A target for which nothing was sent can be selected again at once.
    const stopped = frame.results.filter((result) => result.result === "stopped").map(idOf);
    if (request.names.size > 1) this.selection.all(stopped, true);
    if (frame.state !== "finished") return;
    if (request.action === "admit") this.undoActions.offer(request);
    this.announcer.announce(requestLine(this, request));
  }

  /** @param {string} text */
  #speak(text) {
    const region = document.getElementById("live-region");
    if (region) region.textContent = text;
  }

  // Actions of the user.

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
    history.pushState(null, "", location.pathname + this.listOptions.query + hash);
    this.#openFromAddress();
  }

  #openFromAddress() {
    const wanted = /^#meeting=(.+)$/.exec(location.hash)?.[1];
    const adminPage = ADMIN_PAGES.find((each) => location.hash === `#${each}`) ?? "";
    this.screen.choose({ open: wanted ? decodeURIComponent(wanted) : null, pane: "people", adminPage });
    this.root.querySelector(".people [data-scroller]")?.scrollTo(0, 0);
    this.#onSeen();
  }

  get showsAdminPage() {
    return this.screen.adminPage !== "";
  }

  /** The user may see another page now, or none. */
  #onSeen() {
    const seen = document.hidden ? "" : this.screen.adminPage;
    if (this.screen.live) this.bridgeStats.watch(seen === "bridges");
    if (this.screen.live) this.displays.watch(seen === "displays");
    this.#reportAttention();
    this.changed();
  }

  #reportAttention() {
    if (this.screen.live) this.attention.report(this.showsAdminPage ? null : this.screen.choice.open, document.hidden);
  }

  /** The user is at the page. */
  touch() {
    this.attention.touch();
    this.#reportAttention();
  }

  /** @param {string} query */
  search(query) {
    if (this.showsAdminPage && query) this.open(null);
    this.screen.choose({ query });
    this.listOptions.searched();
    for (const scroller of this.root.querySelectorAll("[data-scroller]")) if (scroller.scrollTop > 0) scroller.scrollTop = 0;
    // At once, not with the next frame: a user who types waits for this one.
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

  /** Shows a notice in the action bar, and announces it. @param {string} text */
  tell(text) {
    this.notice.say(text);
    this.announcer.announce(text);
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
    for (const list of this.screen.lists) list.stability.measure();
    this.undoActions.reach();
    if (this.pressGuard.follow(this.actionRequests.places)) setTimeout(() => this.changed(), REST + 10);
    this.screen.link.doubt = this.#checkDoubt();
    this.screen.update(this.clock.now());
    render(shell(this), this.root);
    if (this.#place()) {
      render(shell(this), this.root);
      this.#place();
    }
    this.focus.after(focus);
    this.menus.shown();
    this.dialogs.shown();
    this.moderation.updateClaims();
    this.pointer.pressGuard();
  }

  /** Whether what is shown may not be so any more, though the socket is open; said once to those who listen. */
  #checkDoubt() {
    const doubt = this.screen.link.phase === "live" && this.connection.isDoubtful;
    if (doubt && !this.screen.link.doubt) this.announcer.announce(t("said_doubtful"));
    return doubt;
  }

  #place() {
    const { lists } = this.screen;
    for (const list of lists) list.place();
    for (const list of lists) list.stability.steady();
    this.pointer.rest();
    return lists.map((list) => list.updateRange()).includes(true);
  }

  /** All clocks of the page tick together, with the server's second. */
  #tick() {
    const now = this.clock.now();
    this.timer = setTimeout(
      () => {
        this.alerts.update();
        this.#reportAttention();
        this.changed();
        this.#tick();
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
