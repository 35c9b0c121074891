// This page's action requests and their results. `ref` matches replies with requests; requests time out. Touches no element.

import { Refs } from "./refs.js";

/**
 * @typedef {import("./protocol.js").Result} Result
 * @typedef {import("../state/permissions.js").PersonAction | import("../state/permissions.js").MeetingAction} Action
 * @typedef {"sent" | "under_way" | "finished" | "unanswered" | "cut_off" | "unheard" | "unsent" | "failed"} RequestState
 *   `cut_off`: the connection broke after the server had confirmed the request; `unheard`: before that; `unsent`: it was never sent
 * @typedef {{ type: string, scope?: import("./protocol.js").Scope, people?: string[], over?: string[], [field: string]: unknown }} Message
 * @typedef {{ ref: string, action: Action | "bridge", names: Map<string, string>, message: Message, results: Result[], state: RequestState,
 *   code: string, refusal: string, stopping: boolean, at: number, place: string, ended: Set<string>, confirmed: boolean }} ActionRequest
 *   `names`: its targets' names, by id; `message`: the message, without its `ref`; `at`: when the last result came;
 *   `place`: of the button, which is inert meanwhile, "" for none; `ended`: targets with a result; `confirmed`: the server has
 *   confirmed that it received the request
 */

/** How long the server may take to reply `started`, in ms. */
const ANSWER_TIMEOUT = 10_000;
/** How long a summary without failures stays, in ms. */
const SUMMARY_TIME = 8000;

export class ActionRequests {
  /** @param {(message: object) => boolean} send @param {() => void} changed @param {() => number} [now] the server's time
   * @param {() => boolean} [mayAsk] whether requests may be sent: not while it is doubtful that the server hears them */
  constructor(send, changed, now = () => 0, mayAsk = () => true) {
    this.send = send;
    this.mayAsk = mayAsk;
    this.changed = changed;
    this.now = now;
    this.refs = new Refs("request");
    /** @type {Map<string, ActionRequest>} */
    this.all = new Map();
  }

  /** Sends an action. @param {Action} action @param {Map<string, string>} names of the targets, as shown @param {Message} message
   * @param {string} [place] of the button */
  start(action, names, message, place = "") {
    return this.#send({ ...this.#request(action, names, message), place });
  }

  /** Sends a request for a bridge; the answer is a change of its row. @param {"retry" | "pause" | "resume"} type @param {string} bridge */
  tellBridge(type, bridge) {
    return this.#send(this.#request("bridge", new Map(), { type, bridge }));
  }

  /**
   * Sends a request again for some of its targets. Forgets their old results, so that none is listed twice.
   * @param {ActionRequest} request @param {string[]} ids @param {{ over: string[], held?: boolean }} overriding claims to override, and
   *   whether to override holds
   */
  retry(request, ids, overriding) {
    request.results = request.results.filter((result) => !ids.includes(idOf(result)));
    if (request.results.length === 0) this.all.delete(request.ref);
    const names = new Map(ids.map((id) => [id, request.names.get(id) ?? ""]));
    const message = { ...request.message, ...overriding };
    return this.start(/** @type {Action} */ (request.action), names, "people" in message ? { ...message, people: ids } : message);
  }

  /** Ends a request: the server sends nothing for its remaining targets. @param {ActionRequest} request */
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
    if (request.state === "finished" && failures(request).length === 0) setTimeout(() => this.dismiss(request.ref), SUMMARY_TIME);
    this.changed();
  }

  /** @param {import("./protocol.js").Refusal} frame */
  onRefusal(frame) {
    const request = frame.ref === null ? this.#request("bridge", new Map(), { type: "" }) : this.all.get(frame.ref);
    if (!request) return;
    Object.assign(request, { state: "failed", refusal: frame.message, code: frame.code });
    this.all.set(request.ref, request);
    this.changed();
  }

  /** The connection is lost: the next snapshot shows what happened. */
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

  /** The request under way that has a participant as a target. @param {string} id */
  forPerson(id) {
    return this.#find((request) => request.names.has(id));
  }

  /** Whether a participant is the target of a request under way and has no result yet. @param {string} id */
  awaits(id) {
    return this.#find((request) => request.names.has(id) && !request.ended.has(id)) !== undefined;
  }

  /** The request under way that was made at a place. @param {string} place */
  atPlace(place) {
    return place === "" ? undefined : this.#find((request) => request.place === place);
  }

  /** The places with a request under way. */
  get places() {
    return new Set(
      [...this.all.values()].flatMap((request) => (request.place !== "" && isUnderWay(request) ? [request.place] : [])),
    );
  }

  /** @param {(request: ActionRequest) => boolean} which */
  #find(which) {
    for (const request of this.all.values()) if (isUnderWay(request) && which(request)) return request;
    return undefined;
  }

  /** @param {ActionRequest["action"]} action @param {Map<string, string>} names @param {Message} message @returns {ActionRequest} */
  #request(action, names, message) {
    return {
      ...{
        ref: this.refs.next(),
        action,
        names,
        message,
        results: [],
        state: "sent",
        code: "",
        refusal: "",
        stopping: false,
        at: 0,
      },
      ...{ place: "", ended: new Set(), confirmed: false },
    };
  }

  /** @param {ActionRequest} request */
  #send(request) {
    this.all.set(request.ref, request);
    if (!this.mayAsk() || !this.send({ ...request.message, ref: request.ref })) request.state = "unsent";
    setTimeout(() => this.#overdue(request), ANSWER_TIMEOUT);
    this.changed();
    return request;
  }

  /** A bridge's row is the answer; a reply comes only if the request is refused. @param {ActionRequest} request */
  #overdue(request) {
    if (request.state !== "sent") return;
    if (request.action === "bridge") return this.dismiss(request.ref);
    request.state = "unanswered";
    this.changed();
  }
}

/** The id of the participant or meeting that a result is about. @param {Result} result */
export const idOf = (result) => result.person ?? result.meeting ?? "";

/** @param {ActionRequest} request */
export const isUnderWay = (request) => request.state === "sent" || request.state === "under_way";

/** The results that the user has to know about: all failures, except targets that the user stopped. @param {ActionRequest} request */
export const failures = (request) => request.results.filter((result) => !["done", "already", "stopped"].includes(result.result));

/** @param {ActionRequest} request @param {import("./protocol.js").ResultWord} word */
export const withResult = (request, word) => request.results.filter((result) => result.result === word);

/** Whether the request only needs the moderator's confirmation, because another user handles the target or it is on hold.
 * @param {ActionRequest} request @param {Result} result */
export const isInTheWay = ({ message }, { result }) =>
  result === "claimed" || (result === "held" && message.scope !== "meeting" && message.scope !== "shown");

/** Whether another try may succeed. It can't for targets that have left, are on hold or are handled by another user.
 * @param {Result} result */
export const isWorthAnotherTry = (result) => ["unconfirmed", "refused", "unreachable", "interrupted"].includes(result.result);
