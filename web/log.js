// The audit log's page: filters in the browser's zone, and reasons in words. Without script, times are UTC and marked so, and reasons are codes.

import { reasonOf, sentence } from "./lib/failure_reasons.js";
import { loadCatalogue } from "./lib/i18n.js";
import { hasReason } from "./views/outcome_text.js";

const two = (/** @type {number} */ n) => String(n).padStart(2, "0");

/** The value of a date and time field for an instant, in this browser's zone. @param {Date} at */
export const localField = (at) =>
  `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;

/** The instant that a field holds, as the address writes it; "" for an empty field. @param {string} field */
export function instantOf(field) {
  const at = new Date(field);
  return Number.isNaN(at.getTime()) ? "" : at.toISOString().replace(/:00\.000Z$/, "Z");
}

/** @param {Document} page */
function toLocal(page) {
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const each of page.querySelectorAll("[data-zone]")) each.textContent = zone;
  const fields = /** @type {NodeListOf<HTMLInputElement>} */ (page.querySelectorAll("input[data-utc]"));
  for (const field of fields) if (field.dataset.utc) field.value = localField(new Date(`${field.dataset.utc}Z`));
  // The address holds instants, so that it means the same in every time zone; empty fields are left out.
  page.querySelector("[data-log-filter]")?.addEventListener("formdata", (event) => {
    const { formData } = /** @type {FormDataEvent} */ (event);
    for (const field of fields) formData.set(field.name, instantOf(field.value));
    for (const [key, value] of [...formData]) if (value === "") formData.delete(key);
  });
}

/** Shows reasons in words, with the code beside them in small print. @param {Document} page */
async function explain(page) {
  const all = /** @type {NodeListOf<HTMLElement>} */ (page.querySelectorAll("[data-reason]"));
  const some = [...all].filter((each) => hasReason(each.dataset.reason ?? ""));
  if (some.length === 0) return;
  await loadCatalogue(page.body.dataset.base ?? "", page.documentElement.lang || "en");
  for (const each of some) {
    const why = reasonOf(each.textContent ?? "", { action: each.dataset.action });
    if (!why) continue;
    const code = page.createElement("small");
    code.className = "code";
    code.textContent = why.code;
    each.replaceChildren(sentence(why), " ", code);
  }
}

if (typeof document !== "undefined") {
  toLocal(document);
  await explain(document);
}
