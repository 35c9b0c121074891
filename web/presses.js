// What was asked of the server and what came of it: a press is matched with its replies by `ref`, with a timeout. No page in here.

import { plain } from "./text.js";

/**
 * @typedef {import("./protocol.js").Result} Result
 * @typedef {"sent" | "under_way" | "finished" | "unanswered" | "cut_off" | "failed"} PressState
 * @typedef {{ ref: string, scope: import("./protocol.js").Scope | "bridge", names: Map<string, string>, people: string[],
 *   results: Result[], state: PressState, message: string, code: string, at: number }} Press
 */

/** How long the server may take to say `started`. */
const ANSWER = 10_000;
/** How long a summary without any failure stays. */
const QUIET = 8000;

export class Presses {
  /** @param {(message: object) => boolean} send @param {() => void} changed */
  constructor(send, changed) {
    this.send = send;
    this.changed = changed;
    this.count = 0;
    // A page opened twice must not use the other's words.
    this.prefix = Math.random().toString(36).slice(2, 8);
    /** @type {Map<string, Press>} */
    this.all = new Map();
  }

  /**
   * @param {import("./protocol.js").PersonRow[]} people exactly those shown
   * @param {import("./protocol.js").Scope} scope
   */
  admit(people, scope) {
    const press = this.#press(scope, people);
    return this.#ask(press, { type: "admit", ref: press.ref, people: press.people, scope });
  }

  /** Something for a bridge, which its row answers. @param {"retry" | "pause" | "resume"} type @param {string} bridge */
  tell(type, bridge) {
    const press = this.#press("bridge", []);
    return this.#ask(press, { type, ref: press.ref, bridge });
  }

  /** @param {import("./protocol.js").Reply} frame */
  reply(frame) {
    const press = this.all.get(frame.ref);
    if (!press) return;
    press.results.push(...frame.results);
    press.state = frame.state === "finished" ? "finished" : "under_way";
    if (press.state === "finished" && failures(press).length === 0) this.#later(() => this.dismiss(press.ref), QUIET);
    this.changed();
  }

  /** @param {import("./protocol.js").Refusal} frame */
  refused(frame) {
    const press = frame.ref === null ? this.#press("bridge", []) : this.all.get(frame.ref);
    if (!press) return;
    Object.assign(press, { state: "failed", message: frame.message, code: frame.code });
    this.all.set(press.ref, press);
    this.changed();
  }

  /** The connection is gone: the rows of the next snapshot say what happened. */
  cut() {
    for (const press of this.all.values()) {
      if (press.state === "sent" || press.state === "under_way") press.state = "cut_off";
    }
  }

  /** @param {string} ref */
  dismiss(ref) {
    if (this.all.delete(ref)) this.changed();
  }

  get busy() {
    return [...this.all.values()].some((press) => press.state === "sent" || press.state === "under_way");
  }

  /** @param {Press["scope"]} scope @param {import("./protocol.js").PersonRow[]} people @returns {Press} */
  #press(scope, people) {
    this.count += 1;
    const names = new Map(people.map((person) => [person.id, plain(person.name) || plain(person.address)]));
    const ref = `${this.prefix}-${this.count}`;
    return { ref, scope, names, people: [...names.keys()], results: [], state: "sent", message: "", code: "", at: this.count };
  }

  /** @param {Press} press @param {object} message */
  #ask(press, message) {
    this.all.set(press.ref, press);
    if (!this.send(message)) press.state = "cut_off";
    this.#later(() => this.#overdue(press), ANSWER);
    this.changed();
    return press;
  }

  /** What a bridge is told and isn't refused is answered by its row, never by a reply. @param {Press} press */
  #overdue(press) {
    if (press.state !== "sent") return;
    if (press.scope === "bridge") return this.dismiss(press.ref);
    press.state = "unanswered";
    this.changed();
  }

  /** @param {() => void} what @param {number} ms */
  #later(what, ms) {
    setTimeout(what, ms);
  }
}

/** What a person has to know about: everything but being in now. @param {Press} press */
export const failures = (press) => press.results.filter((result) => result.result !== "done" && result.result !== "already");

/** @param {Press} press @param {import("./protocol.js").ResultWord} word */
export const countOf = (press, word) => press.results.filter((result) => result.result === word).length;
