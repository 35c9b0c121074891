// Tells the server what the user sees: the open meeting, and whether to send the statistics or displays of an administrators' page.

export class Visibility {
  /**
   * @param {import("./screen.js").Screen} screen @param {import("./presence.js").Attention} attention
   * @param {{ bridges: { watch: (wanted: boolean) => void }, displays: { watch: (wanted: boolean) => void } }} streams of the
   *   administrators' pages
   */
  constructor(screen, attention, streams) {
    this.screen = screen;
    this.attention = attention;
    this.streams = streams;
  }

  /** The user may see another page now, or none. */
  update() {
    const seen = document.hidden ? "" : this.screen.adminPage;
    if (this.screen.live) this.streams.bridges.watch(seen === "bridges");
    if (this.screen.live) this.streams.displays.watch(seen === "displays");
    this.report();
  }

  /** Whether the user is away is told as time passes. */
  report() {
    const { screen } = this;
    if (screen.live) this.attention.report(screen.showsAdminPage ? null : screen.openId, document.hidden);
  }

  /** The user is at the page. */
  touch() {
    this.attention.touch();
    this.report();
  }
}
