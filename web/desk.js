// The dashboard: joins connection, rows, screen and page. Draws at most once per frame, and never while a button is held down.

import { Announcer } from "./announce.js";
import { Connection } from "./connection.js";
import { Figures } from "./figures.js";
import { loadCatalogue, t } from "./i18n.js";
import { Keys } from "./keys.js";
import { Pointer } from "./pointer.js";
import { countOf, failures, Presses } from "./presses.js";
import { ADMIT_LIMIT } from "./protocol.js";
import { Roster } from "./roster.js";
import { Screen } from "./screen.js";
import { Selection } from "./selection.js";
import { LONGEST, Settling } from "./settling.js";
import { apply, diff, Follower } from "./state.js";
import { plain } from "./text.js";
import { Clock } from "./time.js";
import { Title } from "./title.js";
import { render } from "./vendor/lit.js";
import { shell } from "./view/shell.js";

const RELOADED = "usher-reloaded-for";

export class Desk {
  /** @param {HTMLElement} root */
  constructor(root) {
    const { base = "", version = "" } = document.body.dataset;
    this.root = root;
    this.base = base;
    this.version = version;
    this.newVersion = "";
    this.rows = /** @type {import("./state.js").Rows} */ (new Map());
    this.follower = new Follower();
    /** The server whose rows are shown. */
    this.epoch = "";
    this.settling = new Settling();
    this.roster = new Roster();
    this.selection = new Selection();
    this.screen = new Screen(this.roster, this.selection);
    this.screen.role = /** @type {import("./protocol.js").Role} */ (document.body.dataset.role ?? "viewer");
    this.clock = new Clock();
    this.connection = new Connection(`${location.origin.replace(/^http/, "ws")}${base}/ws`, `${base}/account`, this);
    this.presses = new Presses(
      (message) => this.connection.send(message),
      () => this.changed(),
    );
    this.figures = new Figures((message) => this.connection.send(message));
    this.announcer = new Announcer((text) => this.#say(text));
    this.title = new Title((n) => (n > 0 ? t("title_waiting", { n }) : t("title")));
    this.pointer = new Pointer(this);
    this.keys = new Keys(this);
    /** @type {"" | "menu" | "bridges" | "keys" | "results"} what is unfolded over the page */
    this.unfolded = "";
    this.frameAsked = false;
    this.resyncAt = -Infinity;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.tick = undefined;
  }

  start() {
    this.#openFromAddress();
    addEventListener("hashchange", () => this.#openFromAddress());
    document.addEventListener("visibilitychange", () => this.#seen());
    addEventListener("resize", () => this.changed());
    this.pointer.start();
    this.keys.start();
    this.connection.start();
    this.#ticking();
    this.draw();
  }

  stop() {
    clearTimeout(this.tick);
    this.connection.stop();
    this.announcer.stop();
    this.pointer.stop();
    this.keys.stop();
  }

  // What the connection says.

  /** @param {import("./protocol.js").Frame} frame */
  frame(frame) {
    if (frame.type === "welcome") this.#welcome(frame);
    else if (frame.type === "beat") this.clock.heard(frame.time);
    else if (frame.type === "snapshot") this.follower.part(frame);
    else if (frame.type === "snapshot_end") this.#snapshot(frame);
    else if (frame.type === "delta") this.#delta(frame);
    else if (frame.type === "reply") this.#reply(frame);
    else if (frame.type === "error") this.presses.refused(frame);
    else if (frame.type === "figures") this.figures.take(frame);
    if (this.screen.live) this.screen.link.asOf = this.clock.now();
    if (this.screen.link.shown) this.title.count(this.roster.waiting.size);
    this.changed();
  }

  /** @param {import("./connection.js").Phase} phase @param {string} reason */
  phase(phase, reason) {
    Object.assign(this.screen.link, { phase, reason });
    if (phase === "loading") this.follower.restart();
    if (phase !== "live") this.figures.forget();
    if (phase === "lost" || phase === "stopped") this.settling.forget();
    if (phase === "lost" || phase === "stopped") this.presses.cut();
    if (phase === "lost") this.announcer.tell(t("said_lost"));
    this.changed();
  }

  signedOut() {
    location.assign(`${this.base}/login`);
  }

  /** @param {import("./protocol.js").Welcome} frame */
  #welcome(frame) {
    this.clock.forget();
    this.clock.heard(frame.time);
    this.screen.role = frame.user.role;
    this.newVersion = frame.version === this.version ? "" : frame.version;
    this.#reloadIfIdle();
  }

  /** @param {import("./protocol.js").SnapshotEnd} frame */
  #snapshot(frame) {
    const rows = this.follower.end(frame);
    if (!rows) return this.#resync();
    if (!this.screen.link.shown || frame.epoch === this.epoch) return this.#show(rows);
    this.settling.begin(rows, performance.now());
    setTimeout(() => this.#settle(), LONGEST);
    this.#settle();
  }

  /** Another server than the one whose rows are shown: they change when it knows what there is. */
  #settle() {
    const rows = this.settling.end(performance.now());
    if (rows) this.#show(rows);
  }

  /** @param {import("./state.js").Rows} rows the whole view */
  #show(rows) {
    const first = !this.screen.link.shown;
    const changes = diff(this.rows, rows);
    this.epoch = this.follower.epoch;
    if (!first) this.#announce(changes);
    apply(this.rows, changes);
    this.roster.take(changes);
    Object.assign(this.screen.link, { phase: "live", shown: true });
    if (first) this.announcer.tell(t("said_loaded", { n: this.roster.waiting.size }));
    this.#seen();
  }

  /** @param {import("./protocol.js").Delta} frame */
  #delta(frame) {
    const verdict = this.follower.delta(frame);
    if (verdict === "resync") this.#resync();
    if (verdict !== "apply") return;
    if (this.settling.underWay) {
      this.settling.take(frame);
      return this.#settle();
    }
    this.#announce(frame);
    apply(this.rows, frame);
    this.roster.take(frame);
  }

  #resync() {
    this.screen.link.phase = "loading";
    this.connection.send({ type: "resync" });
  }

  /** @param {import("./protocol.js").Reply} frame */
  #reply(frame) {
    this.presses.reply(frame);
    const press = this.presses.all.get(frame.ref);
    if (frame.state !== "finished" || !press) return;
    const [n, failed] = [countOf(press, "done"), failures(press).length];
    this.announcer.tell(failed > 0 ? t("said_admitted_failed", { n, failed }) : t("said_admitted", { n }));
  }

  /** @param {import("./state.js").Changes} changes */
  #announce(changes) {
    for (const row of changes.put) {
      if (row.kind !== "person" || row.lobby !== "waiting" || this.roster.waiting.has(row.id)) continue;
      this.announcer.arrived(this.roster.meetings.get(row.meeting)?.name ?? "");
    }
  }

  /** @param {string} text */
  #say(text) {
    const region = document.getElementById("live-region");
    if (region) region.textContent = text;
  }

  // What the person does.

  /** @param {import("./protocol.js").PersonRow[]} people exactly those shown @param {import("./protocol.js").Scope} scope */
  admit(people, scope) {
    if (people.length === 0 || !this.screen.live) return;
    for (let from = 0; from < people.length; from += ADMIT_LIMIT) this.presses.admit(people.slice(from, from + ADMIT_LIMIT), scope);
    this.selection.all(
      people.map((person) => person.id),
      false,
    );
    this.changed();
  }

  /** @param {string} id @param {{ range?: boolean, on?: boolean }} [how] */
  pick(id, { range = false, on = !this.selection.has(id) } = {}) {
    const order = this.screen.lobby.entries.filter((entry) => entry.gone === null).map((entry) => entry.id);
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
    this.#reloadIfIdle();
  }

  /** @param {string | null} meeting */
  open(meeting) {
    const hash = meeting === null ? "" : `#meeting=${encodeURIComponent(meeting)}`;
    history.pushState(null, "", location.pathname + location.search + hash);
    this.#openFromAddress();
  }

  #openFromAddress() {
    const wanted = /^#meeting=(.+)$/.exec(location.hash)?.[1];
    this.screen.choose({ open: wanted ? decodeURIComponent(wanted) : null, pane: "people", board: location.hash === "#bridges" });
    this.root.querySelector(".people [data-scroller]")?.scrollTo(0, 0);
    this.#seen();
  }

  get showsBoard() {
    return this.screen.choice.board && this.screen.manages;
  }

  /** What is looked at may be another thing now, or nothing. */
  #seen() {
    if (this.screen.live) this.figures.want(this.showsBoard && !document.hidden);
    this.changed();
  }

  /** @param {string} query */
  search(query) {
    if (this.showsBoard && query) this.open(null);
    this.screen.choose({ query });
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

  /** A new server has a new page; it is fetched when nothing would be lost by it. */
  #reloadIfIdle() {
    if (!this.newVersion || this.selection.size > 0 || this.presses.busy || this.screen.choice.query) return;
    if (sessionStorage.getItem(RELOADED) === this.newVersion) return;
    sessionStorage.setItem(RELOADED, this.newVersion);
    location.reload();
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
    const focus = this.#focusedRow();
    this.screen.update(this.clock.now());
    render(shell(this), this.root);
    if (this.#place()) {
      render(shell(this), this.root);
      this.#place();
    }
    if (focus) this.#keepFocus(focus);
  }

  #place() {
    const lists = [...this.screen.people, this.screen.meetings];
    for (const list of lists) list.place();
    return lists.map((list) => list.look()).includes(true);
  }

  #focusedRow() {
    for (const list of [...this.screen.people, this.screen.meetings]) {
      if (list.focused && list.active !== null) return { list, id: list.active, index: list.indexOf(list.active) };
    }
    return null;
  }

  /** A focused button may vanish with its row's state, or the row itself: the row, then its neighbour, takes the focus over.
   * @param {{ list: import("./list.js").List<any>, id: string, index: number }} focus */
  #keepFocus({ list, id, index }) {
    if (list.focused && !document.activeElement?.matches(":disabled")) return;
    const next = list.indexOf(id) >= 0 ? id : list.entries[Math.min(index, list.entries.length - 1)]?.id;
    if (next === undefined) return;
    list.active = next;
    list.focus(next);
  }

  /** All clocks of the page tick together, with the server's second. */
  #ticking() {
    const now = this.clock.now();
    this.tick = setTimeout(
      () => {
        if (this.screen.link.shown) this.title.count(this.roster.waiting.size);
        this.changed();
        this.#ticking();
      },
      1000 - (((now % 1000) + 1000) % 1000) + 5,
    );
  }

  /** @param {import("./protocol.js").MeetingRow | undefined} meeting */
  nameOf(meeting) {
    return (meeting && plain(meeting.name)) || t("meeting_no_name");
  }
}

const root = document.getElementById("desk");
if (root) {
  await loadCatalogue(document.body.dataset.base ?? "", document.documentElement.lang || "en");
  new Desk(root).start();
}
