// Applies the chosen theme before the first paint; a plain script in the head, because modules run too late for that.
(() => {
  const KEY = "usher-theme";
  /** @param {string} theme */
  const apply = (theme) => {
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    // The colour of the browser's own bars.
    for (const color of /** @type {NodeListOf<HTMLMetaElement>} */ (document.querySelectorAll("meta[data-scheme]"))) {
      const { scheme } = color.dataset;
      const chosen = document.documentElement.dataset.theme;
      color.media = chosen ? (chosen === scheme ? "all" : "not all") : `(prefers-color-scheme: ${scheme})`;
    }
  };
  try {
    apply(localStorage.getItem(KEY) ?? "");
  } catch {
    // No storage: the system's theme applies.
  }
  addEventListener("usher-theme", (event) => {
    const theme = /** @type {CustomEvent<string>} */ (event).detail;
    apply(theme);
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // No storage: the choice lasts as long as the page.
    }
  });
})();
