// What was asked of the server and what came of it: a press is matched with its replies by `ref`, with a timeout. No page in here.

import { Refs } from "./refs.js";

/**
 * @typedef {import("./protocol.js").Result} Result
 * @typedef {import("../state/permissions.js").PersonDeed | import("../state/permissions.js").MeetingDeed} Deed
 * @typedef {"sent" | "under_way" | "finished" | "unanswered" | "cut_off" | "unheard" | "unsent" | "failed"} PressState
 *   `cut_off`: the connection broke after the server had confirmed it, `unheard`: before; `unsent`: it never left this page
 * @typedef {{ type: string, scope?: import("./protocol.js").Scope, people?: string[], over?: string[], [field: string]: unknown }} Message
 * @typedef {{ ref: string, deed: Deed | "bridge", names: Map<string, string>, message: Message, results: Result[], state: PressState,
 *   code: string, says: string, stopping: boolean, at: number, place: string, ended: Set<string>, heard: boolean }} Press
 *   `names`: whom or what it is about, by id; `message`: what was sent, without its `ref`; `at`: when the last result came;
 *   `place`: of the button, which is inert meanwhile, "" for none; `ended`: whose result is in; `heard`: the server has confirmed that it has the request
 */

/** How long the server may take to say `started`. */
const ANSWER = 10_000;
/** How long a summary without any failure stays. */
const QUIET = 8000;

export class Presses {
  /** @param {(message: object) => boolean} send @param {() => void} changed @param {() => number} [now] the server's time
   * @param {() => boolean} [mayAsk] whether anything may be asked: not while it is doubtful whether the server is there */
  constructor(send, changed, now = () => 0, mayAsk = () => true) {
    this.send = send;
    this.mayAsk = mayAsk;
    this.changed = changed;
    this.now = now;
    this.refs = new Refs("press");
    /** @type {Map<string, Press>} */
    this.all = new Map();
  }

  /** Sends an action. @param {Deed} deed @param {Map<string, string>} names whom it is about, as shown @param {Message} message
   * @param {string} [place] of the button */
  act(deed, names, message, place = "") {
    return this.#ask({ ...this.#press(deed, names, message), place });
  }

  /** Something for a bridge, which its row answers. @param {"retry" | "pause" | "resume"} type @param {string} bridge */
  tell(type, bridge) {
    return this.#ask(this.#press("bridge", new Map(), { type, bridge }));
  }

  /**
   * Asks once more for some of a press; their old results are forgotten, so that nobody is listed twice.
   * @param {Press} press @param {string[]} ids @param {{ over: string[], held?: boolean }} told claims to go over, and whether to go over holds
   */
  again(press, ids, told) {
    press.results = press.results.filter((result) => !ids.includes(idOf(result)));
    if (press.results.length === 0) this.all.delete(press.ref);
    const names = new Map(ids.map((id) => [id, press.names.get(id) ?? ""]));
    const message = { ...press.message, ...told };
    return this.act(/** @type {Deed} */ (press.deed), names, "people" in message ? { ...message, people: ids } : message);
  }

  /** Nobody else of it is to be sent anything. @param {Press} press */
  stop(press) {
    press.stopping = this.send({ type: "stop", ref: this.refs.next(), press: press.ref });
    this.changed();
  }

  /** @param {import("./protocol.js").Reply} frame */
  reply(frame) {
    const press = this.all.get(frame.ref);
    if (!press) return;
    const corrected = new Set(frame.results.filter((result) => result.corrected).map(idOf));
    press.results = [...press.results.filter((result) => !corrected.has(idOf(result))), ...frame.results];
    for (const result of frame.results) press.ended.add(idOf(result));
    press.heard = true;
    press.at = this.now();
    press.state = frame.state === "finished" ? "finished" : "under_way";
    if (press.state === "finished" && failures(press).length === 0) setTimeout(() => this.dismiss(press.ref), QUIET);
    this.changed();
  }

  /** @param {import("./protocol.js").Refusal} frame */
  refused(frame) {
    const press = frame.ref === null ? this.#press("bridge", new Map(), { type: "" }) : this.all.get(frame.ref);
    if (!press) return;
    Object.assign(press, { state: "failed", says: frame.message, code: frame.code });
    this.all.set(press.ref, press);
    this.changed();
  }

  /** The connection is gone: the rows of the next snapshot say what happened. */
  cut() {
    for (const press of this.all.values()) if (isUnderWay(press)) press.state = press.heard ? "cut_off" : "unheard";
  }

  /** The server has the request. @param {string} ref */
  receipt(ref) {
    const press = this.all.get(ref);
    if (press) press.heard = true;
  }

  /** @param {string} ref */
  dismiss(ref) {
    if (this.all.delete(ref)) this.changed();
  }

  get busy() {
    return [...this.all.values()].some(isUnderWay);
  }

  /** The press under way that a person is part of. @param {string} id */
  of(id) {
    return this.#find((press) => press.names.has(id));
  }

  /** Whether a press is under way whose result for somebody is not in. @param {string} id */
  awaits(id) {
    return this.#find((press) => press.names.has(id) && !press.ended.has(id)) !== undefined;
  }

  /** The press under way from a place. @param {string} place */
  from(place) {
    return place === "" ? undefined : this.#find((press) => press.place === place);
  }

  /** The places with a press under way. */
  get places() {
    return new Set([...this.all.values()].flatMap((press) => (press.place !== "" && isUnderWay(press) ? [press.place] : [])));
  }

  /** @param {(press: Press) => boolean} which */
  #find(which) {
    for (const press of this.all.values()) if (isUnderWay(press) && which(press)) return press;
    return undefined;
  }

  /** @param {Press["deed"]} deed @param {Map<string, string>} names @param {Message} message @returns {Press} */
  #press(deed, names, message) {
    return {
      ...{ ref: this.refs.next(), deed, names, message, results: [], state: "sent", code: "", says: "", stopping: false, at: 0 },
      ...{ place: "", ended: new Set(), heard: false },
    };
  }

  /** @param {Press} press */
  #ask(press) {
    this.all.set(press.ref, press);
    if (!this.mayAsk() || !this.send({ ...press.message, ref: press.ref })) press.state = "unsent";
    setTimeout(() => this.#overdue(press), ANSWER);
    this.changed();
    return press;
  }

  /** What a bridge is told and isn't refused is answered by its row, never by a reply. @param {Press} press */
  #overdue(press) {
    if (press.state !== "sent") return;
    if (press.deed === "bridge") return this.dismiss(press.ref);
    press.state = "unanswered";
    this.changed();
  }
}

/** Whom or what a result is about. @param {Result} result */
export const idOf = (result) => result.person ?? result.meeting ?? "";

/** @param {Press} press */
export const isUnderWay = (press) => press.state === "sent" || press.state === "under_way";

/** What somebody has to know about: everything that did not come to be, but for what they stopped themselves. @param {Press} press */
export const failures = (press) => press.results.filter((result) => !["done", "already", "stopped"].includes(result.result));

/** @param {Press} press @param {import("./protocol.js").ResultWord} word */
export const withResult = (press, word) => press.results.filter((result) => result.result === word);

/** Whether only a word of the moderator's is missing: somebody else handles them, or they are on hold. @param {Press} press @param {Result} result */
export const isInTheWay = ({ message }, { result }) =>
  result === "claimed" || (result === "held" && message.scope !== "meeting" && message.scope !== "shown");

/** Whether another try may end better; who left, is on hold or is handled by somebody is another matter. @param {Result} result */
export const isWorthAnotherTry = (result) => ["unconfirmed", "refused", "unreachable", "interrupted"].includes(result.result);
