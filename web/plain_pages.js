// Scripts of the plain pages (sign in, account, users) beyond their forms: fill in a demo account, ask before removing, show times in the
// viewer's zone.

for (const button of document.querySelectorAll("[data-fill]")) {
  button.addEventListener("click", () => {
    const { user = "", word = "" } = /** @type {HTMLElement} */ (button).dataset;
    for (const [id, value] of Object.entries({ username: user, password: word })) {
      const field = /** @type {HTMLInputElement | null} */ (document.getElementById(id));
      if (field) field.value = value;
    }
    /** @type {HTMLElement | null} */ (document.querySelector("[data-submit]"))?.focus();
  });
}

// Browsers don't send the fragment ("#..."), which names the meeting: the form keeps it through the sign-in.
const signInForm = /** @type {HTMLFormElement | null} */ (document.querySelector("form:has([data-submit])"));
if (signInForm) signInForm.action += location.hash;

// Only one `details` of a user's row is open at a time; Esc and "keep" close it.
for (const details of document.querySelectorAll("details.act")) {
  const close = () => details.removeAttribute("open");
  details.querySelector("[data-close]")?.addEventListener("click", () => {
    close();
    /** @type {HTMLElement | null} */ (details.querySelector("summary"))?.focus();
  });
  details.addEventListener("keydown", (event) => {
    if (/** @type {KeyboardEvent} */ (event).key === "Escape") close();
  });
  details.addEventListener("toggle", () => {
    if (!details.hasAttribute("open")) return;
    for (const other of document.querySelectorAll("details.act[open]")) if (other !== details) other.removeAttribute("open");
    /** @type {HTMLElement | null} */ (details.querySelector("input:not([type=hidden]), select, [data-close]"))?.focus();
  });
}

const moments = new Intl.DateTimeFormat(document.documentElement.lang, {
  dateStyle: "medium",
  timeStyle: "short",
  hourCycle: "h23",
});
for (const time of /** @type {NodeListOf<HTMLTimeElement>} */ (document.querySelectorAll("time[data-moment]"))) {
  time.textContent = moments.format(new Date(time.dateTime));
}

document.querySelector("[data-focus]")?.scrollIntoView({ block: "nearest" });

export {};
