// Keys of the catalogue that are made at run time: every family, with its members. Members that the server decides are read from src, so that
// a new variant without a text fails here. A dot stands before and after the part that is filled in (`*`).
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { STEPS } from "../../../web/lib/failure_reasons.js";
import { NAMES, THEMES, VIEW_KINDS } from "../../../web/state/display_draft.js";
import { COLUMNS, ORDERS } from "../../../web/state/list_options.js";

const root = new URL("../../../", import.meta.url);
const read = (path) => readFileSync(new URL(path, root), "utf8");
const files = (folder, ending) =>
  readdirSync(new URL(folder, root), { recursive: true })
    .filter((file) => file.endsWith(ending))
    .map((file) => folder + file);
const catalogue = JSON.parse(read("web/i18n/en.json"));
const bases = new Set(Object.keys(catalogue).map((key) => key.replace(/\.(one|other)$/, "")));

/** The variants of a Rust enum, as serde writes them. @param {string} file @param {string} name */
function variants(file, name) {
  const [, body = ""] = new RegExp(`enum ${name} \\{\\n([\\s\\S]*?)\\n\\}`).exec(read(`src/${file}`)) ?? [];
  const words = [...body.matchAll(/^ {4}([A-Z]\w*),$/gm)].map(([, word]) => word.replace(/(?<!^)([A-Z])/g, "_$1").toLowerCase());
  assert.ok(words.length > 1, `${file}: ${name}`);
  return words;
}

/** What a pattern finds in a file or folder of src. @param {string[]} sources @param {RegExp} pattern */
function found(sources, pattern) {
  const words = [
    ...new Set(sources.flatMap((file) => [...read(file).matchAll(pattern)].map(([, ...words]) => words.find(Boolean)))),
  ];
  assert.ok(words.length > 0, String(pattern));
  return words;
}

/** @param {string[]} words @param {...string} some */
const without = (words, ...some) => {
  for (const each of some) assert.ok(words.includes(each), each);
  return words.filter((each) => !some.includes(each));
};

const ACTIONS = variants("model/action.rs", "ActionKind");
/** The page's own actions besides: they change nothing on CMS, or are another action's opposite. */
const PAGE_ACTIONS = [...ACTIONS, "hold", "unhold", "unmessage"];
const RESULTS = variants("model/action.rs", "ActionResult");
const EVENTS = [...ACTIONS, ...variants("audit/event.rs", "AuditEvent")];
const ROLES = variants("model/role.rs", "Role");
const BRIDGE_STATES = variants("model/status.rs", "BridgeState");
const CDR_STATES = variants("model/status.rs", "CdrState");
const LOCK_MODES = variants("model/status.rs", "LockMode");
const NAMED_BY = variants("model/status.rs", "NamedBy");
const LANES = found(["src/cms/rest/queue.rs"], /\(Lane::\w+, "(\w+)"\)/g);
const BRIDGE_FAULTS = found(files("src/cms/bridge/", ".rs"), /code: "(\w+)"\.into\(\)|RequestError::[^"]* => \{?\s*"(\w+)"/g);
const BOARD = ["name", "state", "rate", "flight", "busy", "events", "cdr", "answered", "calls", "people", "queue"];
const DISPLAY_ACTS = ["edit", "identify", "reload", "revoke", "forget"];
const ASKED = ["admit", "send_back", "remove", "mute", "unmute", "unhold"];

/**
 * Each family with its members. `open`: other keys begin like it, so that a text too many is not found.
 * @type {Record<string, { words: readonly string[], open?: boolean }>}
 */
const FAMILIES = {
  // Decided by the server.
  "advice.*": { words: BRIDGE_FAULTS },
  "bridge.*": { words: found(["src/cms/bridge/cdr_registration.rs"], /Some\(\("(\w+)", /g), open: true },
  "cdr.*": { words: CDR_STATES },
  "cdr.*.why": { words: without(CDR_STATES, "off") },
  "displays.failed.*": {
    words: ["forbidden", ...without(found(["src/displays/error.rs"], /=> "(\w+)",/g), "bad_display", "failed")],
  },
  "failed.*": {
    words: [
      ...found(["src/http/desk_socket/reply.rs"], /ActionError::\w+(?:\(_\))? => "(\w+)",/g),
      ...without(found(["src/http/desk_socket/session.rs"], /refusal\(r#ref, "(\w+)"/g), "busy"),
    ],
  },
  "lane.*": { words: LANES },
  "lock.comers.*": { words: [...LOCK_MODES, "unknown"] },
  "lock_mode.*": { words: LOCK_MODES },
  "lock_mode.*.why": { words: LOCK_MODES },
  "log.*": { words: ["person", "meeting"], open: true },
  "log.action.*": { words: EVENTS },
  "log.not_only.*": { words: ["person", "meeting"] },
  "log.result.*": { words: RESULTS },
  "named_by.*": { words: without(NAMED_BY, "name", "nothing") },
  "outcome.*": { words: [...without(RESULTS, "done", "already"), "refused_plain"] },
  "pending.*": { words: ACTIONS, open: true },
  "pending_by.*": { words: ACTIONS, open: true },
  "result_n.*": { words: [...without(RESULTS, "done"), "unchanged"] },
  "role.*": { words: ROLES },
  "role_short.*": { words: ROLES },
  "unlock.comers.*": { words: [...LOCK_MODES, "unknown"] },
  "wall.*": {
    words: found(
      ["src/displays/projection/static_page.rs", "web/wall/picture.js"],
      /"((?:no_bridge|no_meetings|none_chosen|nobody\w*))"/g,
    ),
    open: true,
  },
  "wall.bridge.*": { words: [...without(BRIDGE_STATES, "live"), "silent"] },
  // Decided by the page.
  "*.for": { words: ["bridge.unreachable", "bridge.unreadable"] },
  "*.why": { words: ["hold.by", "hold.by_until", "hold.due"], open: true },
  "alarm.*": { words: ["off", "ask", "blocked", "follows", "mutes"], open: true },
  "alarm.*.end": { words: ["follows", "mutes"] },
  "alarm.*.label": { words: ["followed", "muted"] },
  "alarm.*.now": { words: ["followed", "muted"] },
  "alarm.*.short": { words: ["followed", "muted"] },
  "alarm.*.why": { words: ["followed", "muted"] },
  "alarm.across.*": { words: ["arrival", "late", "reminder"] },
  "alarm.label.*": { words: ["on", "off", "ask", "blocked"] },
  "alarm.several.*": { words: ["arrival", "late", "reminder"] },
  "alarm.single.*": { words: ["arrival", "late", "reminder"] },
  "already.*": { words: PAGE_ACTIONS },
  "already_by.*": { words: PAGE_ACTIONS },
  "anyway.*": { words: PAGE_ACTIONS },
  "ask.*": { words: [...ASKED, "lock", "unlock", "unmessage"], open: true },
  "ask_across_n.*": { words: [...ASKED, "undo"] },
  "ask_n.*": { words: [...ASKED, "undo"] },
  "ask_why.*": { words: ["send_back", "remove", "unmute", "undo"] },
  "board.*": { words: BOARD, open: true },
  "board.*.why": { words: BOARD },
  "col.*": { words: ["tick", "when", "began", "since", "who", "address", "meeting", "bridge", "act"] },
  "columns.*": { words: COLUMNS, open: true },
  "density.*": { words: ["comfortable", "compact"], open: true },
  "did.*": { words: PAGE_ACTIONS },
  "displays.*.confirm": { words: ["pair", "link", "edit", "revoke"] },
  "displays.*.title": { words: ["pair", "link", "edit", "revoke"] },
  "displays.act.*": { words: DISPLAY_ACTS },
  "displays.bad.*": { words: ["seconds", "distance", "diagonal"], open: true },
  "displays.col.*": { words: ["name", "views", "state", "browser", "version"] },
  "displays.do.*": { words: DISPLAY_ACTS },
  "displays.field.*": { words: ["name", "place", "distance", "diagonal", "dim_from", "dim_to"] },
  "displays.names.*": { words: NAMES },
  "displays.names.*.why": { words: NAMES },
  "displays.no.*": { words: without([...VIEW_KINDS], "all") },
  "displays.theme.*": { words: THEMES },
  "displays.what.*": { words: VIEW_KINDS },
  "displays.why.*": { words: DISPLAY_ACTS },
  "do.*": { words: PAGE_ACTIONS },
  "do_n.*": { words: ASKED },
  "doing.*": { words: PAGE_ACTIONS },
  "filter.label.*": { words: ["meetings", "bridges", "longer", "by"] },
  "kbd.*": { words: ["ctrl", "shift", "space", "enter", "esc"] },
  "menu.*": { words: ["mute", "unmute"], open: true },
  "not_done.*": { words: [...without(ACTIONS, "admit"), "unmessage"] },
  "notify.*": { words: ["denied", "missing"], open: true },
  "order.*": { words: ORDERS, open: true },
  "order.by.*": { words: ORDERS },
  "reason.*": { words: Object.keys(STEPS) },
  "reason_next.*": { words: [...new Set(Object.values(STEPS))] },
  "theme.*": { words: ["system", "light", "dark"] },
  "wall.level.*": { words: ["1", "2"] },
};

/** Names in code that look like a family: the catalogue's own look-up of plural forms and of the displays' texts. */
const LOOK_UPS = ["*.other", "wall.*.other", "wall.wall.*"];

/** The families that code, templates and the server name. */
function named() {
  const made = [];
  for (const file of files("web/", ".js").filter((each) => !each.startsWith("web/vendor/"))) {
    const within = file.startsWith("web/wall/") ? "wall." : "";
    const literal = /`((?:[a-z0-9_]+\.)+\$\{[^}`]+\}(?:\.[a-z0-9_.]+)?|\$\{\w+\}\.[a-z]+)`/g;
    for (const [, key] of read(file).matchAll(literal)) made.push(within + key.replace(/\$\{[^}]+\}/, "*"));
  }
  for (const file of files("templates/", ".html"))
    for (const [, key] of read(file).matchAll(/["']((?:[a-z0-9_]+\.)+)["'] ~/g)) made.push(`${key}*`);
  for (const file of files("src/http/", ".rs"))
    for (const [, key] of read(file).matchAll(/format!\("((?:[a-z0-9_]+\.)+)\{\w*\}"/g)) made.push(`${key}*`);
  return [...new Set(made)].filter((key) => !LOOK_UPS.includes(key)).sort();
}

test("every family that is named at run time is listed, and no other", () => {
  assert.deepEqual(named(), Object.keys(FAMILIES).sort());
});

test("no key is joined to a part that is filled in by anything but a dot", () => {
  for (const file of files("web/", ".js").filter((each) => !each.startsWith("web/vendor/"))) {
    for (const [, key] of read(file).matchAll(/\bt\(\s*`([^`]*\$\{[^`]*)`/g))
      assert.doesNotMatch(key, /[^.]\$\{|\}[^.]/, `${file}: ${key}`);
  }
  for (const file of files("templates/", ".html")) assert.doesNotMatch(read(file), /t\(["'][a-z0-9_.]*[a-z0-9_]["'] ~/, file);
});

for (const [family, { words, open }] of Object.entries(FAMILIES)) {
  test(`${family} has a text for each member${open ? "" : ", and none too many"}`, () => {
    const wanted = words.map((word) => family.replace("*", word));
    assert.deepEqual(
      wanted.filter((key) => !bases.has(key)),
      [],
    );
    if (open) return;
    const pattern = new RegExp(
      `^${family.replaceAll(".", "\\.").replace("*", family.startsWith("*") ? "[a-z_.]+" : "[a-z0-9_]+")}$`,
    );
    assert.deepEqual([...bases].filter((key) => pattern.test(key)).sort(), [...new Set(wanted)].sort());
  });
}

test("a key is made of words in small letters, joined by underscores within a part and by dots between parts", () => {
  for (const key of Object.keys(catalogue)) assert.match(key, /^[a-z0-9]+(_[a-z0-9]+)*(\.[a-z0-9]+(_[a-z0-9]+)*)*$/);
});
