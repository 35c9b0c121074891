// Moderators' actions on waits: acknowledge a long one, and set a meeting's thresholds. Touches no page.

import { t } from "../lib/i18n.js";

export class WaitActions {
  /**
   * @param {{
   *   screen: import("../state/screen.js").Screen,
   *   requests: import("../net/requests.js").Requests,
   *   announcer: import("../alerts/announcer.js").Announcer,
   *   panels: import("../ui/panels.js").Panels,
   *   changed: () => void,
   * }} parts
   */
  constructor({ screen, requests, announcer, panels, changed }) {
    this.screen = screen;
    this.requests = requests;
    this.announcer = announcer;
    this.panels = panels;
    this.changed = changed;
    /** Why the typed thresholds were rejected; "" if they were not. */
    this.fault = "";
  }

  /** Acknowledges long waits: no moderator is alerted until the participant waits again.
   * @param {import("../net/protocol.js").PersonRow[]} people exactly those shown */
  acknowledge(people) {
    if (people.length === 0 || !this.screen.live) return;
    const { requests, announcer } = this;
    requests.ask({ type: "acknowledge", people: people.map((person) => person.id) }, ({ ok, why }) =>
      announcer.announce(ok ? t("said.seen", { n: people.length }) : t("said.not_seen", { why })),
    );
  }

  /** @param {string} meeting @param {number | null} first_s @param {number | null} second_s both null: as configured */
  set(meeting, first_s, second_s) {
    this.requests.ask({ type: "thresholds", meeting, first_s, second_s }, ({ ok, why }) => {
      if (!ok) return this.refuse(t("thresholds.refused", { why }));
      this.fault = "";
      this.announcer.announce(t("said.thresholds"));
      if (this.panels.open === "thresholds") this.panels.close();
    });
  }

  /** @param {string} fault */
  refuse(fault) {
    this.fault = fault;
    this.changed();
  }
}
