// Scripts of the plain pages (sign-in, account, users, log, errors) beyond their forms: who waits, the user's menu, demo accounts, the question
// before a user is removed, and times in the viewer's zone.

import { dateTimes } from "./lib/time.js";
import { startWaitingLine } from "./ui/waiting_line.js";

const lang = document.documentElement.lang || "en";
/** @template {HTMLElement} T @param {string} selector @param {ParentNode} [within] */
const find = (selector, within = document) => /** @type {T | null} */ (within.querySelector(selector));

for (const button of document.querySelectorAll("[data-fill]")) {
  button.addEventListener("click", () => {
    const { user = "", word = "" } = /** @type {HTMLElement} */ (button).dataset;
    for (const [id, value] of Object.entries({ username: user, password: word })) {
      const field = /** @type {HTMLInputElement | null} */ (document.getElementById(id));
      if (field) field.value = value;
    }
    find("[data-submit]")?.focus();
  });
}

// Browsers don't send the fragment ("#..."), which names the meeting: the form keeps it through the sign-in.
const signInForm = /** @type {HTMLFormElement | null} */ (find("[data-sign-in]"));
if (signInForm) signInForm.action += location.hash;

const menu = find("[data-user-menu]");

/** @param {Element} details @param {boolean} [refocus] */
function close(details, refocus = false) {
  if (!details.hasAttribute("open")) return;
  details.removeAttribute("open");
  if (refocus) find("summary", details)?.focus();
}

// Only one `details` is open at a time; Esc and "keep" close it.
const all = [...document.querySelectorAll("details.act"), ...(menu ? [menu] : [])];
for (const details of all) {
  details.querySelector("[data-close]")?.addEventListener("click", () => close(details, true));
  details.addEventListener("keydown", (event) => {
    if (/** @type {KeyboardEvent} */ (event).key === "Escape") close(details, true);
  });
  details.addEventListener("toggle", () => {
    if (!details.hasAttribute("open")) return;
    for (const other of all) if (other !== details) close(other);
    if (details !== menu) find("input:not([type=hidden]), select, [data-close]", details)?.focus();
  });
}
document.addEventListener("click", (event) => {
  if (menu && !menu.contains(/** @type {Node} */ (event.target))) close(menu);
});

// The theme needs a script, so its choice is hidden without one.
const themes = find("[data-themes]");
if (themes) {
  themes.hidden = false;
  const chosen = document.documentElement.dataset.theme ?? "system";
  for (const choice of /** @type {NodeListOf<HTMLInputElement>} */ (themes.querySelectorAll("input"))) {
    choice.checked = choice.value === chosen;
    choice.addEventListener("change", () => dispatchEvent(new CustomEvent("usher-theme", { detail: choice.value })));
  }
}

const format = dateTimes(lang);
for (const time of /** @type {NodeListOf<HTMLTimeElement>} */ (document.querySelectorAll("time[data-moment]"))) {
  const at = new Date(time.dateTime).getTime();
  time.textContent = time.dataset.moment === "seconds" ? format.seconds(at) : format.minutes(at);
}

await startWaitingLine(document);
