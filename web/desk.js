// The desk, the moderators' page: creates its parts and connects them. desk_session.js handles its frames.

import { Claiming } from "./actions/claiming.js";
import { DisplayActions } from "./actions/displays.js";
import { Moderation } from "./actions/moderation.js";
import { SelectionActions } from "./actions/selection.js";
import { UndoActions } from "./actions/undo.js";
import { WaitActions } from "./actions/waits.js";
import { Alerts } from "./alerts/alerts.js";
import { Announcer } from "./alerts/announcer.js";
import { Session } from "./desk_session.js";
import { loadCatalogue, t } from "./lib/i18n.js";
import { Clock } from "./lib/time.js";
import { ActionRequests } from "./net/action_requests.js";
import { Connection } from "./net/connection.js";
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
import { Visibility } from "./state/visibility.js";
import { Dialogs } from "./ui/dialogs.js";
import { Focus } from "./ui/focus.js";
import { Menus } from "./ui/menus.js";
import { Navigation } from "./ui/navigation.js";
import { Notice } from "./ui/notice.js";
import { Palette } from "./ui/palette.js";
import { Panels } from "./ui/panels.js";
import { Pointer } from "./ui/pointer.js";
import { PressGuard, REST } from "./ui/press_guard.js";
import { Renderer } from "./ui/renderer.js";
import { Room } from "./ui/room.js";
import { RowShortcuts } from "./ui/row_shortcuts.js";
import { Shortcuts } from "./ui/shortcuts.js";
import { Upgrade } from "./ui/upgrade.js";
import { shell } from "./views/shell.js";

/** @typedef {{ base: string, version: string, user: string, role: import("./net/protocol.js").Role }} Page  as the server wrote it */

class Desk {
  /** @param {HTMLElement} root @param {Page} page */
  constructor(root, page) {
    this.page = page;
    this.renderer = new Renderer(root, {
      mayDraw: () => !this.ui.pointer.pressing,
      before: () => this.#beforeDrawing(),
      template: () => shell(this.parts),
      place: () => this.#place(),
    });
    this.state = createState(page);
    this.net = this.#createNet();
    this.ui = this.#createUi();
    this.actions = this.#createActions();
    const { renderer, state, net, ui, actions } = this;
    const rowShortcuts = new RowShortcuts({ ...state, ...ui, ...actions });
    this.shortcuts = new Shortcuts({ renderer, rowShortcuts, ...state, ...net, ...ui, ...actions });
    const parts = { base: page.base, renderer, shortcuts: this.shortcuts, ...state, ...net, ...ui, ...actions };
    this.session = new Session(parts);
    /** The parts that views may use; each view names those that it needs. */
    this.parts = parts;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  // Parts.

  /** The connection, and the messages over it. */
  #createNet() {
    const { page, renderer } = this;
    const connection = new Connection(`${location.origin.replace(/^http/, "ws")}${page.base}/ws`, `${page.base}/account`, {
      frame: (frame) => this.session.frame(frame),
      phase: (phase, reason) => this.session.phase(phase, reason),
      signedOut: () => this.session.signedOut(),
      changed: renderer.changed,
    });
    const send = (/** @type {object} */ message) => connection.send(message);
    const { clock } = this.state;
    const mayAsk = () => !connection.isDoubtful;
    const actionRequests = new ActionRequests(send, renderer.changed, () => clock.now(), mayAsk);
    this.state.screen.awaits = (id) => actionRequests.awaits(id);
    return {
      connection,
      actionRequests,
      requests: new Requests(send),
      claims: new Claims(send),
      attention: new Attention(send),
      bridgeStats: new BridgeStats(send),
      displays: new Displays(send),
      prefs: new Prefs(send, () => this.#onPrefsChanged()),
    };
  }

  /** The user interface: where the user is, and what is open. */
  #createUi() {
    const { renderer, state, net } = this;
    const { changed, draw, root } = renderer;
    const { screen, selection } = state;
    const announcer = new Announcer(speak);
    const focus = new Focus({ screen, renderer });
    const dialogs = new Dialogs({ root, draw, restoreFocus: () => focus.restore() });
    const listOptions = new ListOptionsStore({ screen, prefs: net.prefs, changed });
    const visibility = new Visibility(screen, net.attention, { bridges: net.bridgeStats, displays: net.displays });
    const navigation = new Navigation(screen, listOptions, renderer, () => this.#onMoved());
    const notice = new Notice(changed, (text) => announcer.announce(text));
    const pressGuard = new PressGuard();
    const palette = new Palette({ renderer, focus, load: () => this.#loadPalette() });
    const isOpen = () => dialogs.isOpen || palette.isOpen;
    const isBusy = () => selection.size > 0 || net.actionRequests.busy || screen.query !== "" || isOpen();
    return {
      ...{ announcer, focus, dialogs, listOptions, visibility, navigation, notice, palette, pressGuard },
      panels: new Panels({ root, draw }),
      menus: new Menus({ screen, renderer, focus, opened: (kind, id) => this.#claimByMenu(kind, id) }),
      pointer: new Pointer({ screen, renderer, pressGuard, notice }),
      room: new Room({ screen, changed }),
      upgrade: new Upgrade(this.page.version, isBusy),
      alerts: new Alerts({
        ...state,
        ...net,
        announcer,
        name: alertsName(this.page),
        changed,
        open: (meeting) => navigation.open(meeting),
      }),
    };
  }

  /** Actions of the user. */
  #createActions() {
    const { renderer, state, net, ui } = this;
    const { changed, root } = renderer;
    const parts = { renderer, ...state, ...net, ...ui };
    const cleared = () => {
      changed();
      ui.upgrade.reloadIfIdle();
    };
    const user = () => {
      const open = ui.menus.open !== null || ui.dialogs.isOpen || ui.palette.isOpen;
      return { inputAt: net.attention.inputAt, idle: net.attention.idle(document.hidden), open };
    };
    return {
      moderation: new Moderation({ ...parts, changed }),
      claiming: new Claiming({
        ...parts,
        mayAsk: net.actionRequests.mayAsk,
        admit: (id) => this.shortcuts.rowShortcuts.admit(id),
        user,
      }),
      selectionActions: new SelectionActions(state.screen, state.selection, { changed, cleared }),
      waitActions: new WaitActions({ ...parts, changed }),
      undoActions: new UndoActions({ ...parts, root }),
      displayActions: new DisplayActions({ ...parts, base: this.page.base }),
    };
  }

  /** Modules of two releases don't fit together, so a page that is older than the server loads none.
   * @returns {Promise<import("./actions/palette_entries.js").PaletteEntries>} */
  async #loadPalette() {
    if (this.ui.upgrade.pending) throw new Error(`the server has version ${this.ui.upgrade.pending}`);
    const { PaletteEntries } = await import("./actions/palette_entries.js");
    return new PaletteEntries(this.parts);
  }

  // Starting and stopping.

  start() {
    const { ui, net, renderer } = this;
    ui.listOptions.start();
    ui.navigation.start();
    document.addEventListener("visibilitychange", () => this.#onMoved());
    addEventListener("resize", renderer.changed);
    for (const part of [ui.room, net.prefs, ui.alerts, ui.pointer, this.shortcuts, net.connection]) part.start();
    this.#tick();
    renderer.draw();
  }

  stop() {
    const { ui, net } = this;
    clearTimeout(this.timer);
    for (const part of [ui.room, ui.notice, net.connection, ui.announcer, ui.alerts, ui.pointer, this.shortcuts]) part.stop();
  }

  /** All clocks of the page tick together, at the server's full second. */
  #tick() {
    const now = this.state.clock.now();
    this.timer = setTimeout(
      () => {
        this.ui.alerts.update();
        this.ui.visibility.report();
        this.renderer.changed();
        this.#tick();
      },
      1000 - (((now % 1000) + 1000) % 1000) + 5,
    );
  }

  // Events that concern several parts.

  /** @returns {void} */
  #onPrefsChanged() {
    this.ui.alerts.onPrefsChanged();
  }

  /** The user sees another page. @returns {void} */
  #onMoved() {
    this.ui.visibility.update();
    this.renderer.changed();
  }

  /** @param {import("./state/claims.js").ClaimKind} kind @param {string} id @returns {void} */
  #claimByMenu(kind, id) {
    this.actions.claiming.claimByMenu(kind, id);
  }

  // Drawing.

  /** @returns {() => void} */
  #beforeDrawing() {
    const { state, net, ui, actions } = this;
    const { screen } = state;
    const focused = ui.focus.before();
    for (const list of screen.lists) list.stability.measure();
    actions.undoActions.pauseWhileReached();
    if (ui.pressGuard.follow(net.actionRequests.places)) setTimeout(this.renderer.changed, REST + 10);
    screen.link.doubt = this.#checkDoubt();
    screen.update(state.clock.now());
    ui.palette.update();
    return () => {
      ui.focus.after(focused);
      ui.menus.shown();
      ui.dialogs.shown();
      ui.palette.shown();
      actions.claiming.updateClaims();
      ui.pointer.afterDrawing();
    };
  }

  /** Checks whether the data shown may be out of date although the socket is open; announces it once. */
  #checkDoubt() {
    const { link } = this.state.screen;
    const doubt = link.phase === "live" && this.net.connection.isDoubtful;
    if (doubt && !link.doubt) this.ui.announcer.announce(t("said.doubtful"));
    return doubt;
  }

  /** @returns {boolean} */
  #place() {
    const { lists } = this.state.screen;
    for (const list of lists) list.place();
    for (const list of lists) list.stability.keepInPlace();
    this.ui.pointer.rest();
    return lists.map((list) => list.updateRange()).includes(true);
  }
}

/** The page's state, independent of its elements. @param {Page} page */
function createState({ user, role }) {
  const roster = new Roster();
  const selection = new Selection();
  const screen = new Screen(roster, selection, { name: user, role });
  return { roster, selection, screen, clock: new Clock(), undoOffers: new UndoOffers() };
}

/** Distinguishes the tabs and notifications of different users. @param {Page} page */
const alertsName = ({ base, user }) => `usher${base}-${user}`;

/** Says something to screen readers. @param {string} text */
function speak(text) {
  const region = document.getElementById("live-region");
  if (region) region.textContent = text;
}

const root = document.getElementById("desk");
if (root) {
  const { base = "", version = "", user = "", role = "viewer" } = document.body.dataset;
  await loadCatalogue(base, document.documentElement.lang || "en");
  new Desk(root, { base, version, user, role: /** @type {import("./net/protocol.js").Role} */ (role) }).start();
}
