// The frames that the server sends to a display (docs/protocol.md), and the types that its modules share.

type View = {
  what: "all" | "meetings" | "bridges";
  seconds: number;
  meetings?: { id: string; name: string }[];
  bridges?: string[];
};

type Display = {
  name: string;
  place: string;
  views: View[];
  names: "full" | "short" | "initials" | "number" | "none";
  titles: boolean;
  distance_m: number;
  diagonal_in: number;
  themes: { from: string; theme: "dark" | "light" | "grey" }[];
  dim: Span | null;
  sound: boolean;
  lang: string;
};

/** A screen's distance and size. */
type Hung = Pick<Display, "distance_m" | "diagonal_in">;

/** Times of a day, as "22:00". */
type Span = { from: string; to: string };

type Bridge = {
  kind: "bridge";
  id: string;
  state: "connecting" | "live" | "polling" | "refused" | "unreachable" | "paused";
  since: number;
  silent_since: number | null;
};

type Meeting = {
  kind: "meeting";
  id: string;
  title: string | null;
  waiting: number;
  held: number;
  unknown: number;
  in_call: number;
  longest_since: number | null;
  up_to: boolean;
  alarm_since: number | null;
  first_s: number;
  second_s: number;
  in_line: { n: number; name: string | null; held?: boolean }[];
  handled_by: string | null;
  handled: boolean;
  locked: boolean | null;
  lobby: "yes" | "no" | "unknown";
  bridges: string[];
  views: number[];
};

type Server = { kind: "server"; id: string; trouble: boolean };

type Row = Bridge | Meeting | Server;

/** Texts by key. */
type Texts = Record<string, string>;

type Key = { kind: Row["kind"]; id: string };

type Snapshot = { type: "snapshot"; epoch: string; seq: number; part: number; rows: Row[] };
type SnapshotEnd = { type: "snapshot_end"; epoch: string; seq: number; parts: number; rows: number };
type Delta = { type: "delta"; epoch: string; seq: number; put: Row[]; drop: Key[] };

/** A frame about rows. */
type RowFrame = Snapshot | SnapshotEnd | Delta;

/** A frame with the display's settings. */
type DisplayFrame =
  | { type: "hello"; version: string; time: number; beat_s: number; display: Display }
  | { type: "display"; display: Display };

/** `lost` does not come from the server: the connection to it ended. */
type Frame =
  | { type: "lost" }
  | { type: "beat"; time: number }
  | { type: "identify"; seconds: number }
  | { type: "code"; code: string }
  | { type: "over"; why: "revoked" | "crowded" }
  | { type: "reload" | "paired" }
  | DisplayFrame
  | RowFrame;

/** In CSS pixels. */
type Box = { width: number; height: number };

/** Font sizes in CSS pixels: `base` for all text, `digits` for the large figures, `rows` for rows at their smallest.
 * `small`: rows are smaller than they should be. */
type Sizes = { base: number; rows: number; digits: number; small: boolean };

/** How rows fill a space: with one or two `lines`, in `columns` of `deep` rows, `room` in all. */
type Room = { font: number; lines: number; columns: number; deep: number; room: number; height: number };

type SizesOf = (screen: Box, display: Hung) => Sizes;

/** The room for `n` rows in a space. */
type RoomFor = (n: number, space: Box, sizes: Sizes) => Room;

/** Chooses one of so many pages, from 0. */
type PickPage = (pages: number) => number;

/** Chooses rows for a `room`; `rows` are worst first, and the first `urgent` of them stay on every page. */
type Paginate = <T>(
  rows: T[],
  room: number,
  urgent: number,
  pick: PickPage,
) => { pinned: number; pages: number; page: number; shown: T[] };

/** Fills a `parent`; `space` is the width of a line, the number of lines, and the width of what comes before. `all` may exceed the texts. */
type Fill = (
  // biome-ignore lint/suspicious/noExplicitAny: its children are known to be there
  parent: any,
  texts: string[],
  all: number,
  space: [line: number, lines: number, begin: number],
  stale?: boolean[],
  longest?: number,
) => string;

/** `line`, `count` and `begin` are widths; `begin` is that of what comes before. */
type Fitting = (widths: number[], line: number, lines: number, count: number, begin: number) => number;

/** A meeting as it is shown. `age`: of its stalest bridge's data in ms, 0 if none is stale; `still`: the same if all its bridges are stale,
 * so that its wait stops at the last data; `need`: the wait by which it is ordered. */
type Seen = { row: Meeting; ms: number; level: number; need: number; age: number; still: number };

/** `state`: what is wrong, or ""; `age`: of its data in ms if it is stale, else 0. */
type BridgeStatus = { id: string; state: string; age: number };

/** All that is known; `lost`: how long the server has been silent, in ms, if that is too long, else 0. */
type Known = {
  /** Worst first. */
  bridges: BridgeStatus[];
  /** Meetings, worst first. */
  seen: Seen[];
  /** Something is wrong with Usher itself. */
  problem: boolean;
  lost: number;
};

/** The content of a view; `doubtful`: how many of those waiting are in stale data. */
type Picture = Known & {
  view: View | undefined;
  meetings: Seen[];
  quiet: Seen[];
  waiting: number;
  held: number;
  doubtful: number;
  unknown: number;
  longest: Seen | undefined;
  past: Seen[];
};
