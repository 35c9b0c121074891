// Tells the server what the user sees: the open meeting, and whether an administrators' page needs statistics or displays.

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

  /** Called as time passes: reports when the user is away. */
  report() {
    const { screen } = this;
    if (screen.live) this.attention.report(screen.showsAdminPage ? null : screen.openId, document.hidden);
  }

  /** The user has made some input. */
  touch() {
    this.attention.touch();
    this.report();
  }
}
