// How the desk reacts to each frame and to each phase of the connection. Draws nothing.

import { t } from "./lib/i18n.js";
import { clockTimes } from "./lib/time.js";
import { idOf } from "./net/action_requests.js";
import { Feed } from "./net/feed.js";
import { requestLine } from "./views/request_line.js";

const times = clockTimes(document.documentElement.lang || "en");

export class Session {
  /**
   * @param {{
   *   base: string,
   *   renderer: import("./ui/renderer.js").Renderer,
   *   connection: import("./net/connection.js").Connection,
   *   screen: import("./state/screen.js").Screen,
   *   roster: import("./state/roster.js").Roster,
   *   selection: import("./state/selection.js").Selection,
   *   clock: import("./lib/time.js").Clock,
   *   prefs: import("./state/prefs.js").Prefs,
   *   claims: import("./state/claims.js").Claims,
   *   attention: import("./state/presence.js").Attention,
   *   bridgeStats: import("./state/bridge_stats.js").BridgeStats,
   *   displays: import("./state/displays.js").Displays,
   *   listOptions: import("./state/list_options_store.js").ListOptionsStore,
   *   visibility: import("./state/visibility.js").Visibility,
   *   actionRequests: import("./net/action_requests.js").ActionRequests,
   *   requests: import("./net/requests.js").Requests,
   *   undoActions: import("./actions/undo.js").UndoActions,
   *   alerts: import("./alerts/alerts.js").Alerts,
   *   announcer: import("./alerts/announcer.js").Announcer,
   *   upgrade: import("./ui/upgrade.js").Upgrade,
   * }} parts
   */
  constructor(parts) {
    this.parts = parts;
    this.feed = new Feed(
      (changes, whole) => this.#onRows(changes, whole),
      () => this.#resync(),
    );
  }

  /** @param {import("./net/protocol.js").Frame} frame */
  frame(frame) {
    const { screen, clock, alerts, renderer } = this.parts;
    this.#route(frame);
    if (screen.live) screen.link.asOf = clock.now();
    alerts.update();
    renderer.changed();
  }

  /** @param {import("./net/protocol.js").Frame} frame */
  #route(frame) {
    const { clock, requests, actionRequests, claims, prefs, bridgeStats, displays } = this.parts;
    if (frame.type === "welcome") this.#welcome(frame);
    else if (frame.type === "beat") clock.sync(frame.time);
    else if (frame.type === "snapshot") this.feed.part(frame);
    else if (frame.type === "snapshot_end") this.feed.end(frame);
    else if (frame.type === "delta") this.feed.delta(frame);
    else if (frame.type === "reply") requests.onAnswer(frame) || this.#reply(frame);
    else if (frame.type === "receipt") actionRequests.onReceipt(frame.ref);
    else if (frame.type === "answer") requests.onAnswer(frame);
    else if (frame.type === "error") requests.onAnswer(frame) || claims.onRefusal(frame) || actionRequests.onRefusal(frame);
    else if (frame.type === "prefs") prefs.receive(frame.value);
    else if (frame.type === "figures") bridgeStats.receive(frame);
    else if (frame.type === "session_ends") this.#sessionEnds(frame.at);
    else if (frame.type === "displays") displays.receive(frame);
  }

  /** @param {import("./net/connection.js").Phase} phase @param {string} reason */
  phase(phase, reason) {
    const { screen, bridgeStats, displays, attention, actionRequests, requests, announcer, renderer } = this.parts;
    Object.assign(screen.link, { phase, reason });
    if (phase === "loading") this.feed.restart();
    if (phase !== "live") for (const stream of [bridgeStats, displays]) stream.forget();
    if (phase === "loading") attention.forget();
    if (phase === "lost" || phase === "stopped") for (const open of [this.feed, actionRequests, requests]) open.onDisconnected();
    if (phase === "lost") announcer.announce(t("said.lost"));
    renderer.changed();
  }

  signedOut() {
    const { base } = this.parts;
    const here = location.pathname.slice(base.length) + location.search;
    location.assign(`${base}/login?next=${encodeURIComponent(here)}${location.hash}`);
  }

  /** @param {import("./net/protocol.js").Welcome} frame */
  #welcome(frame) {
    const { screen, connection, clock, prefs, listOptions, upgrade } = this.parts;
    screen.sessionEnds = null;
    // Another user has signed in on this browser; the page belongs to the previous one.
    if (frame.user.name !== screen.me) {
      connection.stop();
      return this.phase("stopped", t("other_user", { name: frame.user.name }));
    }
    clock.forget();
    clock.sync(frame.time);
    screen.role = frame.user.role;
    prefs.receive(frame.prefs);
    listOptions.known();
    upgrade.onServerVersion(frame.version);
  }

  /** @param {number} at */
  #sessionEnds(at) {
    this.parts.screen.sessionEnds = at;
    this.parts.announcer.announce(t("session_ends", { at: times.long(at) }));
  }

  /** @param {import("./net/rows.js").Changes} changes @param {"first" | "again" | null} whole */
  #onRows(changes, whole) {
    const { roster, alerts, screen, announcer, visibility, renderer } = this.parts;
    roster.apply(changes);
    alerts.onRows(changes, whole === "first");
    if (!whole) return;
    Object.assign(screen.link, { phase: "live", shown: true });
    if (whole === "first") announcer.announce(t("said.loaded", { n: roster.waiting.size }));
    visibility.update();
    renderer.changed();
  }

  #resync() {
    this.parts.screen.link.phase = "loading";
    this.parts.connection.send({ type: "resync" });
  }

  /** @param {import("./net/protocol.js").Reply} frame */
  #reply(frame) {
    const { claims, actionRequests, selection, undoActions, announcer } = this.parts;
    if (claims.onReply(frame)) return;
    actionRequests.onReply(frame);
    const request = actionRequests.all.get(frame.ref);
    if (!request) return;
    // Targets for which nothing was sent can be selected again at once.
    const stopped = frame.results.filter((result) => result.result === "stopped").map(idOf);
    if (request.names.size > 1) selection.all(stopped, true);
    if (frame.state !== "finished") return;
    if (request.action === "admit") undoActions.offer(request);
    announcer.announce(requestLine(this.parts.screen, request));
  }
}
