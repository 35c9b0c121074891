// The tab's icon: Usher's door with the number of waiting participants in a disc, or in a red octagon when somebody waits too long. It is
// an SVG in the link itself, replaced only when it changes.

const DOOR =
  '<rect width="32" height="32" rx="8" fill="#3451c6"/>' +
  '<path d="M9 25V8.5A1.5 1.5 0 0 1 10.5 7H17v18" fill="none" stroke="#fff" stroke-width="2.2" stroke-linejoin="round"/>' +
  '<path d="M17 9.2l5.2 1.9a1.2 1.2 0 0 1 .8 1.1V25h-6z" fill="#fff"/><path d="M6.5 25h19" stroke="#fff" stroke-width="2.2" stroke-linecap="round"/>';
const ROUND = '<rect x="8" y="11" width="24" height="21" rx="10.5" fill="#14171d" stroke="#fff" stroke-width="1.5"/>';
const OCTAGON = '<path d="M15 10h10l7 7v8l-7 7H15l-7-7v-8z" fill="#b0251d" stroke="#fff" stroke-width="1.5"/>';

/** The icon for so many waiting participants; "" for the plain one. @param {number} waiting @param {boolean} late
 * @param {boolean} [away] the number is no longer known */
export function picture(waiting, late, away = false) {
  if (waiting === 0 && !away) return "";
  const count = waiting > 99 ? "99+" : String(waiting);
  const text = away ? "?" : count;
  const size = { 1: 18, 2: 16 }[text.length] ?? 12;
  const number = `<text x="20" y="${21.5 + size * 0.36}" font-family="sans-serif" font-weight="700" font-size="${size}" text-anchor="middle" fill="#fff">${text}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${DOOR}${late || away ? OCTAGON : ROUND}${number}</svg>`;
}

export class Favicon {
  /** @param {{ href: string } | null} [link] */
  constructor(link = /** @type {HTMLLinkElement | null} */ (document.querySelector('link[rel="icon"]'))) {
    this.link = link;
    this.plain = link?.href ?? "";
    this.shown = "";
  }

  /** @param {number} waiting @param {boolean} late @param {boolean} [away] */
  show(waiting, late, away = false) {
    const count = waiting === 0 ? "" : `${Math.min(waiting, 100)} ${late}`;
    const shown = away ? "away" : count;
    if (!this.link || shown === this.shown) return;
    this.shown = shown;
    const svg = picture(waiting, late, away);
    this.link.href = svg === "" ? this.plain : `data:image/svg+xml,${encodeURIComponent(svg)}`;
  }
}
