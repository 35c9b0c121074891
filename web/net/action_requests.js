// What was asked of the server and what came of it: a press is matched with its replies by `ref`, with a timeout. No page in here.

import { Refs } from "./refs.js";

/**
 * @typedef {import("./protocol.js").Result} Result
 * @typedef {import("../state/permissions.js").PersonAction | import("../state/permissions.js").MeetingAction} Action
 * @typedef {"sent" | "under_way" | "finished" | "unanswered" | "cut_off" | "unheard" | "unsent" | "failed"} RequestState
 *   `cut_off`: the connection broke after the server had confirmed it, `unheard`: before; `unsent`: it never left this page
 * @typedef {{ type: string, scope?: import("./protocol.js").Scope, people?: string[], over?: string[], [field: string]: unknown }} Message
 * @typedef {{ ref: string, action: Action | "bridge", names: Map<string, string>, message: Message, results: Result[], state: RequestState,
 *   code: string, says: string, stopping: boolean, at: number, place: string, ended: Set<string>, confirmed: boolean }} ActionRequest
 *   `names`: whom or what it is about, by id; `message`: what was sent, without its `ref`; `at`: when the last result came;
 *   `place`: of the button, which is inert meanwhile, "" for none; `ended`: whose result is in; `confirmed`: the server has confirmed that it has the request
 */

/** How long the server may take to say `started`. */
const ANSWER = 10_000;
/** How long a summary without any failure stays. */
const QUIET = 8000;

export class ActionRequests {
  /** @param {(message: object) => boolean} send @param {() => void} changed @param {() => number} [now] the server's time
   * @param {() => boolean} [mayAsk] whether anything may be asked: not while it is doubtful whether the server is there */
  constructor(send, changed, now = () => 0, mayAsk = () => true) {
    this.send = send;
    this.mayAsk = mayAsk;
    this.changed = changed;
    this.now = now;
    this.refs = new Refs("request");
    /** @type {Map<string, ActionRequest>} */
    this.all = new Map();
  }

  /** Sends an action. @param {Action} action @param {Map<string, string>} names whom it is about, as shown @param {Message} message
   * @param {string} [place] of the button */
  start(action, names, message, place = "") {
    return this.#send({ ...this.#request(action, names, message), place });
  }

  /** Something for a bridge, which its row answers. @param {"retry" | "pause" | "resume"} type @param {string} bridge */
  tellBridge(type, bridge) {
    return this.#send(this.#request("bridge", new Map(), { type, bridge }));
  }

  /**
   * Requests once more for some of a press; their old results are forgotten, so that nobody is listed twice.
   * @param {ActionRequest} request @param {string[]} ids @param {{ over: string[], held?: boolean }} told claims to go over, and whether to go over holds
   */
  retry(request, ids, told) {
    request.results = request.results.filter((result) => !ids.includes(idOf(result)));
    if (request.results.length === 0) this.all.delete(request.ref);
    const names = new Map(ids.map((id) => [id, request.names.get(id) ?? ""]));
    const message = { ...request.message, ...told };
    return this.start(/** @type {Action} */ (request.action), names, "people" in message ? { ...message, people: ids } : message);
  }

  /** Nobody else of it is to be sent anything. @param {ActionRequest} request */
  stop(request) {
    request.stopping = this.send({ type: "stop", ref: this.refs.next(), press: request.ref });
    this.changed();
  }

  /** @param {import("./protocol.js").Reply} frame */
  onReply(frame) {
    const request = this.all.get(frame.ref);
    if (!request) return;
    const corrected = new Set(frame.results.filter((result) => result.corrected).map(idOf));
    request.results = [...request.results.filter((result) => !corrected.has(idOf(result))), ...frame.results];
    for (const result of frame.results) request.ended.add(idOf(result));
    request.confirmed = true;
    request.at = this.now();
    request.state = frame.state === "finished" ? "finished" : "under_way";
    if (request.state === "finished" && failures(request).length === 0) setTimeout(() => this.dismiss(request.ref), QUIET);
    this.changed();
  }

  /** @param {import("./protocol.js").Refusal} frame */
  onRefusal(frame) {
    const request = frame.ref === null ? this.#request("bridge", new Map(), { type: "" }) : this.all.get(frame.ref);
    if (!request) return;
    Object.assign(request, { state: "failed", says: frame.message, code: frame.code });
    this.all.set(request.ref, request);
    this.changed();
  }

  /** The connection is gone: the rows of the next snapshot say what happened. */
  onDisconnected() {
    for (const request of this.all.values()) if (isUnderWay(request)) request.state = request.confirmed ? "cut_off" : "unheard";
  }

  /** The server has the request. @param {string} ref */
  onReceipt(ref) {
    const request = this.all.get(ref);
    if (request) request.confirmed = true;
  }

  /** @param {string} ref */
  dismiss(ref) {
    if (this.all.delete(ref)) this.changed();
  }

  get busy() {
    return [...this.all.values()].some(isUnderWay);
  }

  /** The press under way that a person is part of. @param {string} id */
  forPerson(id) {
    return this.#find((request) => request.names.has(id));
  }

  /** Whether a press is under way whose result for somebody is not in. @param {string} id */
  awaits(id) {
    return this.#find((request) => request.names.has(id) && !request.ended.has(id)) !== undefined;
  }

  /** The press under way from a place. @param {string} place */
  atPlace(place) {
    return place === "" ? undefined : this.#find((request) => request.place === place);
  }

  /** The places with a press under way. */
  get places() {
    return new Set(
      [...this.all.values()].flatMap((request) => (request.place !== "" && isUnderWay(request) ? [request.place] : [])),
    );
  }

  /** @param {(press: ActionRequest) => boolean} which */
  #find(which) {
    for (const request of this.all.values()) if (isUnderWay(request) && which(request)) return request;
    return undefined;
  }

  /** @param {ActionRequest["action"]} action @param {Map<string, string>} names @param {Message} message @returns {ActionRequest} */
  #request(action, names, message) {
    return {
      ...{ ref: this.refs.next(), action, names, message, results: [], state: "sent", code: "", says: "", stopping: false, at: 0 },
      ...{ place: "", ended: new Set(), confirmed: false },
    };
  }

  /** @param {ActionRequest} request */
  #send(request) {
    this.all.set(request.ref, request);
    if (!this.mayAsk() || !this.send({ ...request.message, ref: request.ref })) request.state = "unsent";
    setTimeout(() => this.#overdue(request), ANSWER);
    this.changed();
    return request;
  }

  /** What a bridge is told and isn't refused is answered by its row, never by a reply. @param {ActionRequest} request */
  #overdue(request) {
    if (request.state !== "sent") return;
    if (request.action === "bridge") return this.dismiss(request.ref);
    request.state = "unanswered";
    this.changed();
  }
}

/** Whom or what a result is about. @param {Result} result */
export const idOf = (result) => result.person ?? result.meeting ?? "";

/** @param {ActionRequest} request */
export const isUnderWay = (request) => request.state === "sent" || request.state === "under_way";

/** What somebody has to know about: everything that did not come to be, but for what they stopped themselves. @param {ActionRequest} request */
export const failures = (request) => request.results.filter((result) => !["done", "already", "stopped"].includes(result.result));

/** @param {ActionRequest} request @param {import("./protocol.js").ResultWord} word */
export const withResult = (request, word) => request.results.filter((result) => result.result === word);

/** Whether only a word of the moderator's is missing: somebody else handles them, or they are on hold. @param {ActionRequest} request @param {Result} result */
export const isInTheWay = ({ message }, { result }) =>
  result === "claimed" || (result === "held" && message.scope !== "meeting" && message.scope !== "shown");

/** Whether another try may end better; who left, is on hold or is handled by somebody is another matter. @param {Result} result */
export const isWorthAnotherTry = (result) => ["unconfirmed", "refused", "unreachable", "interrupted"].includes(result.result);
