// Care for a screen that is on for months: moves, dims and themes it. Pure.

/** How long the picture stays in a place, in ms, and its path. */
const STAY = 180000;
const WAY = [0, 1, 1, 1, 0, -1, -1, -1];

/** @param {number} now ms @param {number} step in pixels */
export function shift(now, step) {
  const at = (/** @type {number} */ ahead) => Number(WAY[(Math.floor(now / STAY) + ahead) % WAY.length]) * step;
  return `translate(${at(0)}px, ${at(2)}px)`;
}

/** In the screen's own zone, as "07:30". @param {Date} date */
const timeOf = (date) => date.toTimeString().slice(0, 5);

/** @param {Display["themes"]} themes @param {Date} date */
export function themeAt(themes, date) {
  const sorted = themes.slice().sort((a, b) => (a.from < b.from ? -1 : 1));
  const begun = sorted.filter(({ from }) => from <= timeOf(date));
  const last = (begun[0] ? begun : sorted).pop();
  return last ? last.theme : "dark";
}

/** @param {Display["dim"]} dim @param {Date} date */
export function isDim(dim, date) {
  const at = timeOf(date);
  return dim !== null && (dim.from <= dim.to ? at >= dim.from && at < dim.to : at >= dim.from || at < dim.to);
}
