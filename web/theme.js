// Applies the chosen theme before the first paint; a plain script in the head, because modules run too late for that.
(() => {
  const KEY = "usher-theme";
  /** @param {string} theme */
  const apply = (theme) => {
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
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
