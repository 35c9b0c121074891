// Claims: which user handles which participant, the next participants to take, and this page's own claims, which it renews while its user
// is active. Touches no element.

import { CLAIM_LIMIT } from "../net/protocol.js";
import { Refs } from "../net/refs.js";

/**
 * @typedef {import("../net/protocol.js").PersonRow} Person
 * @typedef {import("../net/protocol.js").MeetingRow} Meeting
 * @typedef {import("../net/protocol.js").Claim} Claim
 * @typedef {"person" | "meeting"} ClaimKind
 * @typedef {{ kind: ClaimKind, id: string, by: "key" | "menu", renewedAt: number, seen: boolean }} OwnClaim
 *   `by`: what made the claim, and so what ends it; `seen`: whether a row has shown it yet
 * @typedef {{ now: number, inputAt: number, open: boolean, idle: boolean, at: Record<ClaimKind, (string | null)[]> }} UserActivity
 *   `inputAt`: when the user last did anything; `open`: a menu or dialog is open; `at`: the row with the focus, and the meetings:
 *   the open one and the row's
 */

/** The least time between renewals of a claim, in ms; the server ends a claim 20 s after that. */
export const RENEW = 5000;

/** The claim on a participant, or else on their meeting. @param {Person} person @param {Map<string, Meeting>} meetings */
export const claimOf = (person, meetings) => person.claim ?? meetings.get(person.meeting)?.claim ?? null;

/**
 * The participants handled by another user, each with the claim.
 * @param {Person[]} people @param {Map<string, Meeting>} meetings @param {string} me
 */
export function handledByOthers(people, meetings, me) {
  return people.flatMap((person) => {
    const claim = claimOf(person, meetings);
    return claim && claim.by !== me ? [{ person, claim }] : [];
  });
}

/** The ids for "take next", in the order shown: waiting participants without a claim, even one of the user's own. @param {Person[]} shown
 * @param {Map<string, Meeting>} meetings */
export const takeable = (shown, meetings) =>
  shown
    .filter((person) => person.lobby === "waiting" && !person.pending && !person.hold && !claimOf(person, meetings))
    .map((person) => person.id)
    .slice(0, CLAIM_LIMIT);

/**
 * The next step for one of the user's claims: renew it while they are active, release it when they turn to something else, or else let it
 * expire.
 * @param {OwnClaim} kept @param {UserActivity} activity @returns {"renew" | "release" | "leave"}
 */
export function nextStep(kept, { now, inputAt, open, idle, at }) {
  if (kept.by === "menu" && !open) return "release";
  if (kept.by === "key" && !open && !at[kept.kind].includes(kept.id)) return "release";
  const active = !idle && inputAt > kept.renewedAt;
  return active && now - kept.renewedAt >= RENEW ? "renew" : "leave";
}

export class Claims {
  /** @param {(message: object) => boolean} send @param {() => number} [now] ms, monotonic */
  constructor(send, now = () => performance.now()) {
    this.send = send;
    this.now = now;
    this.refs = new Refs("claim");
    /** @type {Map<ClaimKind, OwnClaim>} the user's claims, at most one of each kind, as on the server */
    this.own = new Map();
    /** @type {{ ref: string, by: OwnClaim["by"], then: (result: import("../net/protocol.js").Result) => void } | null} */
    this.request = null;
  }

  /**
   * Claims the first of `ids` that nobody handles.
   * @param {ClaimKind} kind @param {string[]} ids @param {OwnClaim["by"]} by
   *   @param {(result: import("../net/protocol.js").Result) => void} then
   */
  claim(kind, ids, by, then) {
    const ref = this.refs.next();
    this.request = this.send({ type: "claim", ref, kind, ids }) ? { ref, by, then } : null;
  }

  /** @param {import("../net/protocol.js").Reply} frame @returns {boolean} whether it answers a claim */
  onReply(frame) {
    const { request } = this;
    const [result] = frame.results;
    if (!this.refs.has(frame.ref)) return false;
    // None of the ids exists any more.
    if (!result) return this.#end(frame.ref, "left");
    /** @type {ClaimKind} */
    const kind = result.person === undefined ? "meeting" : "person";
    const id = result.person ?? result.meeting ?? "";
    if (request?.ref !== frame.ref) {
      // The answer to a renewal that came too late.
      if (result.result !== "done" && this.has(kind, id)) this.own.delete(kind);
      return true;
    }
    this.request = null;
    if (result.result === "done") this.own.set(kind, { kind, id, by: request.by, renewedAt: this.now(), seen: false });
    request.then(result);
    return true;
  }

  /** The server refused a claim. @param {import("../net/protocol.js").Refusal} frame @returns {boolean} whether
   * it was one */
  onRefusal(frame) {
    return frame.ref !== null && this.refs.has(frame.ref) && this.#end(frame.ref, "refused");
  }

  /** @param {string} ref @param {import("../net/protocol.js").ResultWord} word */
  #end(ref, word) {
    const { request } = this;
    if (request?.ref !== ref) return true;
    this.request = null;
    request.then({ result: word, reason: null, by: null, at: null, claim: null });
    return true;
  }

  /** Whether this page made the claim. @param {ClaimKind} kind @param {string} id */
  has(kind, id) {
    return this.own.get(kind)?.id === id;
  }

  /** Keeps a menu's claim when the menu closes. @param {ClaimKind} kind */
  keep(kind) {
    const kept = this.own.get(kind);
    if (kept) kept.by = "key";
  }

  /** Releases a claim. @param {ClaimKind} kind */
  release(kind) {
    const kept = this.own.get(kind);
    if (this.own.delete(kind) && kept) this.send({ type: "release", ref: this.refs.next(), ids: [kept.id] });
  }

  /** Releases a claim that another page of the same user made. @param {string} id */
  releaseElsewhere(id) {
    this.send({ type: "release", ref: this.refs.next(), ids: [id] });
  }

  /**
   * Renews and releases claims as needed.
   * @param {Omit<UserActivity, "now">} activity @param {(kind: ClaimKind, id: string) => boolean} mine whether a row shows the user's claim
   */
  update(activity, mine) {
    for (const kept of [...this.own.values()]) {
      const said = mine(kept.kind, kept.id);
      const what = kept.seen && !said ? "forget" : nextStep(kept, { ...activity, now: this.now() });
      kept.seen ||= said;
      if (what === "forget") this.own.delete(kept.kind);
      if (what === "release") this.release(kept.kind);
      if (what === "renew") this.#renew(kept);
    }
  }

  /** @param {OwnClaim} kept */
  #renew(kept) {
    if (this.send({ type: "claim", ref: this.refs.next(), kind: kept.kind, ids: [kept.id] })) kept.renewedAt = this.now();
  }
}
