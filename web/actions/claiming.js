// Claims by key and by menu, and "take next". Touches no element, but moves the focus.

import { t } from "../lib/i18n.js";
import { meetingNameOf, nameOf } from "../lib/names.js";
import { claimOf, takeable } from "../state/claims.js";
import { byWait } from "../state/roster.js";

/** @typedef {import("../state/claims.js").ClaimKind} ClaimKind */

/** While "take next" waits for its answer, at most so long, the key "admit" means the participant that it brings; in ms. */
const LONGEST_TAKING = 3000;

export class Claiming {
  /**
   * @param {{
   *   screen: import("../state/screen.js").Screen,
   *   roster: import("../state/roster.js").Roster,
   *   claims: import("../state/claims.js").Claims,
   *   focus: import("../ui/focus.js").Focus,
   *   navigation: import("../ui/navigation.js").Navigation,
   *   renderer: import("../ui/renderer.js").Renderer,
   *   notice: import("../ui/notice.js").Notice,
   *   announcer: import("../alerts/announcer.js").Announcer,
   *   mayAsk: () => boolean,
   *   admit: (id: string) => void,
   *   user: () => { inputAt: number, idle: boolean, open: boolean },
   * }} parts `admit`: does what the key "admit" does; `user`: when the user last did anything, and whether a menu or dialog is open
   */
  constructor({ screen, roster, claims, focus, navigation, renderer, notice, announcer, mayAsk, admit, user }) {
    this.screen = screen;
    this.roster = roster;
    this.claims = claims;
    this.focus = focus;
    this.navigation = navigation;
    this.renderer = renderer;
    this.notice = notice;
    this.announcer = announcer;
    this.mayAsk = mayAsk;
    this.admit = admit;
    this.user = user;
    /** "Take next" has no answer yet; `admit`: admit the participant that it brings. @type {{ admit: boolean, until: number } | null} */
    this.taking = null;
  }

  /** Whether the page can send any request now. */
  get #canSend() {
    return this.screen.acts && this.screen.live && this.mayAsk();
  }

  /** For the key: claims the row, or releases the user's own claim on it. @param {ClaimKind} kind @param {string} id */
  toggleClaim(kind, id) {
    if (!this.#canSend) return;
    const { claims } = this;
    if (this.isMine(kind, id)) this.#giveBack(kind, id);
    else if (claims.has(kind, id)) claims.keep(kind);
    else this.claims.claim(kind, [id], "key", (result) => this.#claimed(kind, result));
  }

  /** For an opening menu: claims its target unless somebody has. @param {ClaimKind} kind @param {string} id */
  claimByMenu(kind, id) {
    const person = kind === "person" ? this.roster.people.get(id) : undefined;
    const claim = person ? claimOf(person, this.roster.meetings) : this.roster.meetings.get(id)?.claim;
    if (!claim && this.screen.live) this.claims.claim(kind, [id], "menu", () => this.renderer.changed());
  }

  /** Whether the user has claimed it, and not just by opening its menu. @param {ClaimKind} kind @param {string} id */
  isMine(kind, id) {
    const { claims } = this;
    return claims.has(kind, id) ? claims.own.get(kind)?.by === "key" : this.#rowIsMine(kind, id);
  }

  /** Releases the user's claim, whether this page made it or another one did. @param {ClaimKind} kind @param {string} id */
  #giveBack(kind, id) {
    if (this.claims.has(kind, id)) this.claims.release(kind);
    else this.claims.releaseElsewhere(id);
    this.renderer.changed();
  }

  /** Claims whoever waits longest among the unclaimed participants shown, and moves the focus there. */
  takeNext() {
    const { screen, claims } = this;
    if (!this.#canSend) return;
    // The user has to see the participant who is claimed.
    if (this.screen.showsAdminPage) {
      this.navigation.open(null);
      this.renderer.draw();
    }
    const shown = screen.lobby.entries.filter((entry) => entry.gone === null).map((entry) => entry.row);
    const ids = takeable(shown.filter((person) => screen.can(person)).sort(byWait), this.roster.meetings);
    if (ids.length === 0) return this.notice.say(t(shown.length === 0 ? "next.nobody_waits" : "next.nobody_left"));
    this.taking = { admit: false, until: performance.now() + LONGEST_TAKING };
    claims.claim("person", ids, "key", (result) => {
      const admitToo = this.taking?.admit === true;
      this.taking = null;
      if (result.result === "done" && result.person) {
        this.focus.goTo(screen.lobby, result.person);
        if (admitToo) this.admit(result.person);
      } else this.notice.say(t(result.result === "refused" ? "failed.busy" : "next.nobody_left"));
    });
  }

  /** Until "take next" has its answer, the key "admit" is meant for the participant that it brings, not for the focused row.
   * @returns {boolean} whether it is under way */
  admitTaken() {
    if (!this.taking || performance.now() > this.taking.until) return false;
    this.taking.admit = true;
    return true;
  }

  /** @param {ClaimKind} kind @param {import("../net/protocol.js").Result} result */
  #claimed(kind, result) {
    const row = kind === "person" ? this.roster.people.get(result.person ?? "") : this.roster.meetings.get(result.meeting ?? "");
    const name = this.#nameOf(row);
    if (result.result === "claimed") this.notice.say(t("claim.taken", { by: result.by ?? "?", name }));
    else if (result.result === "done") this.announcer.announce(t("claim.done", { name }));
    else this.notice.say(t(result.result === "refused" ? "failed.busy" : "why.left"));
    this.renderer.changed();
  }

  /** @param {import("../net/protocol.js").PersonRow | import("../net/protocol.js").MeetingRow | undefined} row */
  #nameOf(row) {
    if (!row) return "";
    return row.kind === "meeting" ? meetingNameOf(row) : nameOf(row);
  }

  /** Renews and releases the user's claims. */
  updateClaims() {
    const { screen, claims, focus } = this;
    if (!screen.live) return;
    const at = { person: [focus.at.person], meeting: [screen.openId, focus.at.meeting] };
    claims.update({ ...this.user(), at }, (kind, id) => this.#rowIsMine(kind, id));
  }

  /** Whether a row is claimed by the user. @param {ClaimKind} kind @param {string} id */
  #rowIsMine(kind, id) {
    const row = kind === "person" ? this.roster.people.get(id) : this.roster.meetings.get(id);
    return row?.claim?.by === this.screen.me;
  }
}
