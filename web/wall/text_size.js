// How large text must be, and how much fits. Pure.

/** The height of capitals (16 arc minutes, NUREG-0700) per distance, and in a font. */
const ARC = 0.00465;
const CAPITALS = 0.7;
/** A line, in em. */
export const LINE = 1.35;
/** A meeting's row of one line, or of two: its height and least width, in em. */
const ROWS = [
  { height: 1.5, width: 33 },
  { height: 2.75, width: 24 },
];
const GUTTER = 1.4;
/** The least screen: three rows and the rest, in em. */
const LEAST = [
  { width: 35, height: 18 },
  { width: 18, height: 24 },
];

/** @param {Box} screen @param {number} diagonal_in @param {number} distance_m */
export function readable({ width, height }, diagonal_in, distance_m) {
  const cap = Math.ceil((distance_m * ARC * Math.hypot(width, height)) / (diagonal_in * 0.0254));
  return { cap, font: Math.ceil(cap / CAPITALS) };
}

/** @type {SizesOf} */
export const sizesOf = (screen, { distance_m, diagonal_in }) => {
  const font = (/** @type {number} */ distance) => readable(screen, diagonal_in, distance).font;
  const room = Math.floor(Math.max(...LEAST.map(({ width, height }) => Math.min(screen.width / width, screen.height / height))));
  const short = Math.round(Math.min(screen.width, screen.height) / 40);
  const small = font(distance_m) > room;
  const rows = Math.min(font(distance_m), room);
  // For twice the distance, or ten metres where there is room.
  const digits = small ? 2 * rows : Math.max(font(2 * distance_m), Math.min(font(10), 5 * short), 4 * short);
  return { base: Math.max(rows, short), rows, digits, small };
};

/** @param {Box} space @param {number} font @returns {Room} */
export function capacity(space, font) {
  const [one, two] = ROWS.map(({ height, width }, index) => {
    const columns = Math.max(index, Math.floor((space.width / font + GUTTER) / (width + GUTTER)));
    const deep = Math.max(0, Math.floor(space.height / font / height));
    return { font, lines: index + 1, columns, deep, room: columns * deep, height: height * font };
  });
  return /** @type {Room} */ (one && two && one.room < two.room ? two : one);
}

/** With the largest font that `n` rows fit in, else the smallest. @type {RoomFor} */
export const roomFor = (n, space, { base, rows }) => {
  for (let font = base; font > rows; font /= 1.15) {
    const found = capacity(space, font);
    if (found.room >= n) return found;
  }
  return capacity(space, rows);
};

/** How many fit, with the count of the rest. @type {Fitting} */
export const fitting = (widths, line, lines, count, begin) => {
  let [at, x, whole, counted] = [Math.ceil(begin / line) || 1, Math.min(begin, line), 0, 0];
  for (const width of widths) {
    if (x + width > line) {
      at += 1;
      x = 0;
    }
    if (at > lines || width > line) return counted;
    x += width;
    whole += 1;
    if (at < lines || x + count <= line) counted = whole;
  }
  return whole;
};
