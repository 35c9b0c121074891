// Requests to the server that have one answer and are not shown in the action bar: each has a `ref` and a callback.

import { Refs } from "./refs.js";

/**
 * @typedef {{ ok: boolean, why: string, code?: string, link?: string | null }} Answer  `why`: the reason, in the server's words;
 *   `code`: the reason as the protocol's word; `link`: the link, if one was requested
 */

export class Requests {
  /** @param {(message: object) => boolean} send */
  constructor(send) {
    this.send = send;
    this.refs = new Refs("ask");
    /** @type {Map<string, (answer: Answer) => void>} */
    this.pending = new Map();
  }

  /** @param {object} message without its `ref` @param {(answer: Answer) => void} then */
  ask(message, then) {
    const ref = this.refs.next();
    if (this.send({ ...message, ref })) this.pending.set(ref, then);
    else then({ ok: false, why: "" });
  }

  /**
   * @param {import("./protocol.js").Reply | import("./protocol.js").AnswerFrame | import("./protocol.js").Refusal} frame
   * @returns {boolean} whether it answers one of these requests
   */
  onAnswer(frame) {
    const then = this.pending.get(frame.ref ?? "");
    if (!then) return false;
    if (frame.type === "reply" && frame.state !== "finished") return true;
    this.pending.delete(frame.ref ?? "");
    if (frame.type === "error") then({ ok: false, why: frame.message, code: frame.code });
    else then(frame.type === "answer" ? { ok: true, why: "", link: frame.link } : answerFrom(frame.results));
    return true;
  }

  /** The connection is lost: the rows will show what happened. */
  onDisconnected() {
    const pending = [...this.pending.values()];
    this.pending.clear();
    for (const then of pending) then({ ok: false, why: "" });
  }
}

/** @param {import("./protocol.js").Result[]} results @returns {Answer} */
function answerFrom(results) {
  const failed = results.find((each) => each.result === "refused" || each.result === "unreachable");
  return { ok: failed === undefined, why: failed?.reason ?? "" };
}
