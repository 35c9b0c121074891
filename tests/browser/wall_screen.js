// A display: the real page, with a socket that the test controls.

/** Settings of a display. */
export const display = (more = {}) => ({
  name: "Control room left",
  place: "",
  views: [{ what: "all", seconds: 30 }],
  names: "short",
  titles: true,
  distance_m: 5,
  diagonal_in: 55,
  themes: [{ from: "00:00", theme: "dark" }],
  dim: null,
  sound: false,
  lang: "en",
  ...more,
});

export const bridge = (id, more = {}) => ({ kind: "bridge", id, state: "live", since: 0, silent_since: null, ...more });

const TITLES = ["Board call", "Ward round", "Court 4, second hearing", "Plenary", "Radiology", "Finance", "Service desk"];
const LONG =
  "A meeting whose title somebody wrote as if it were the minutes, with a place, a date and everybody who is to come to it";
const ODD = { 3: LONG, 5: "ישיבת הנהלה של בית החולים", 8: "اجتماع مجلس الإدارة الأسبوعي", 11: "週次定例会議" };
const NAMES = ["Bo B.", "Ana S.", "Li W.", "Zoë M.", "Ferdinand-Maximilian Ö.", "נ", "فاطمة", "佐"];

/** A meeting in which `waiting` people wait, the first for `s` seconds. @param {number} n @param {number} waiting @param {number} s
 * @param {number} now */
export const meeting = (n, waiting, s, now, more = {}) => ({
  kind: "meeting",
  id: `m${n}`,
  title: ODD[n] ?? `${TITLES[n % TITLES.length]} ${n}`,
  waiting,
  held: 0,
  unknown: 0,
  in_call: n % 9,
  longest_since: waiting > 0 ? now - s * 1000 : null,
  up_to: false,
  alarm_since: waiting > 0 ? now - s * 1000 : null,
  first_s: 120,
  second_s: 300,
  in_line: Array.from({ length: Math.min(8, waiting) }, (_, at) => ({ n: at + 1, name: NAMES[(n + at) % NAMES.length] })),
  handled_by: n % 4 === 1 ? "anne" : null,
  handled: n % 4 === 1,
  locked: true,
  lobby: "yes",
  bridges: [n % 2 ? "eu-1" : "eu-2"],
  views: [0],
  ...more,
});

/** So many meetings, in most of which people wait. @param {number} count @param {number} now */
export const crowd = (count, now) =>
  Array.from({ length: count }, (_, n) =>
    n % 5 === 4 ? meeting(n, 0, 0, now) : meeting(n, 1 + ((n * 7) % 30), (n * 53) % 700, now),
  );

/** Sends the server a request about displays, as an administrator's desk does; returns the answer. @param {import("@playwright/test").Page} page
 * @param {object} message @returns {Promise<any>} */
export const askServer = (page, message) =>
  page.evaluate(async (message) => {
    const socket = new WebSocket(`${location.origin.replace("http", "ws")}/ws`);
    const answer = await new Promise((resolve, reject) => {
      socket.onopen = () => socket.send(JSON.stringify({ ref: "test", ...message }));
      socket.onmessage = ({ data }) => {
        const frame = JSON.parse(data);
        if (frame.type === "answer" || frame.type === "displays") resolve(frame);
        if (frame.type === "error") reject(new Error(frame.message));
      };
    });
    socket.close();
    return answer;
  }, message);

/** Runs in a page, even one of 2019: the height of a capital in the font of the first such element, in pixels with ink; 0 if there is no
 * such element. */
export function inkOfCapital(selector) {
  const node = document.querySelector(selector);
  // Not drawn yet: 0, so that the test asks again.
  if (node === null) return 0;
  const { fontSize, fontFamily, fontWeight } = getComputedStyle(node);
  const size = Math.ceil(parseFloat(fontSize) * 2);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const pen = canvas.getContext("2d");
  pen.font = `${fontWeight} ${fontSize} ${fontFamily}`;
  pen.fillText("H", size / 4, size * 0.75);
  const { data } = pen.getImageData(0, 0, size, size);
  const inked = new Set();
  for (let at = 3; at < data.length; at += 4) if (data[at] > 127) inked.add(Math.floor(at / 4 / size));
  return inked.size;
}

/** Makes a display; returns its link's path. @param {import("@playwright/test").Page} page @param {object} display
 * @returns {Promise<string>} */
export const linkOf = async (page, display) => (await askServer(page, { type: "display_link", display })).link;

/** A screen that opens a link; the test plays its server. */
export class Screen {
  /** @param {import("@playwright/test").Page} page @param {string} url */
  constructor(page, url) {
    this.page = page;
    this.url = url;
    this.epoch = 0;
    /** The screen's messages. @type {any[]} */
    this.received = [];
    /** @type {import("@playwright/test").WebSocketRoute | undefined} */
    this.socket = undefined;
    this.opened = 0;
    this.version = "";
  }

  async open() {
    await this.page.routeWebSocket(/\/wall\/.*ws$/, (socket) => {
      this.socket = socket;
      this.opened += 1;
      socket.onMessage((text) => this.received.push(JSON.parse(String(text))));
    });
    await this.page.goto(this.url);
    this.version = (await this.page.locator("body").getAttribute("data-version")) ?? "";
  }

  /** @param {object} frame */
  send(frame) {
    this.socket?.send(JSON.stringify(frame));
  }

  /** Sends all rows. @param {any} display @param {any[]} rows */
  show(display, rows, version = this.version) {
    this.epoch += 1;
    const at = { epoch: `e${this.epoch}`, seq: 1 };
    if (display) this.send({ type: "hello", version, time: Date.now(), beat_s: 2, display });
    this.send({ type: "snapshot", ...at, part: 0, rows });
    this.send({ type: "snapshot_end", ...at, parts: 1, rows: rows.length });
  }

  /** Sends beats as long as the page is open, so that it doesn't lose its server on a slow machine. */
  keepAlive() {
    const beats = setInterval(() => this.beat(), 1000);
    this.page.once("close", () => clearInterval(beats));
  }

  beat() {
    this.send({ type: "beat", time: Date.now() });
  }
}

/** The picture's faults: elements that are outside, overlap, or are cut but not shortened on purpose. Runs in old browsers.
 * @param {{ evaluate: (run: () => any) => Promise<any> }} page */
export const faults = (page) =>
  page.evaluate(() => {
    const found = [];
    const describe = (node) => `${node.id || node.className}: ${node.textContent.slice(0, 40)}`;
    const visible = [...document.querySelectorAll(".wall *")].filter((node) => node.getClientRects().length > 0);
    const texts = visible.filter((node) =>
      [...node.childNodes].some((child) => child.nodeType === 3 && String(child.textContent).trim()),
    );
    for (const node of texts) {
      const box = node.getBoundingClientRect();
      if (box.left < -1 || box.top < -1 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1)
        found.push(`outside ${describe(node)}`);
      if (node.scrollWidth > node.clientWidth + 1 && node.clientWidth > 0 && getComputedStyle(node).textOverflow !== "ellipsis")
        found.push(`cut ${describe(node)}`);
      if (node.textContent.length && box.width < 2) found.push(`squeezed ${describe(node)}`);
    }
    const leaves = texts.filter((node) => !texts.some((other) => other !== node && node.contains(other)));
    for (const [at, one] of leaves.entries())
      for (const other of leaves.slice(at + 1)) {
        const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()];
        const over =
          Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 6;
        if (over && !one.contains(other) && !other.contains(one))
          found.push(`over each other: ${describe(one)} | ${describe(other)}`);
      }
    for (const row of document.querySelectorAll(".row"))
      for (const cell of row.querySelectorAll("*")) {
        const [a, b] = [row.getBoundingClientRect(), cell.getBoundingClientRect()];
        if (b.width > 0 && (b.bottom > a.bottom + 2 || b.right > a.right + 2)) found.push(`out of its row: ${describe(cell)}`);
      }
    return found.slice(0, 8);
  });
