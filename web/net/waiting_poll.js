// Asks the server every two seconds who waits, for pages without a socket, and knows how old the answer is. Draws nothing.

/**
 * @typedef {{ time: number, waiting: number, held: number, longest_since: number | null, long_at: number | null,
 *   too_long_at: number | null, unknown: number, bridges: number, bridges_out_of_date: number }} Lobbies  see docs/protocol.md
 */

/** From an answer to the next question, in ms. */
const PAUSE = 2000;
/** From a failed question to the next, in ms. */
const RETRY = 1000;
/** An older answer is not shown as current, in ms: a silent server is noticed within five seconds. */
export const OUT_OF_DATE = 4000;

export class WaitingPoll {
  /** @param {string} url @param {() => void} changed @param {{ fetch: typeof fetch, now: () => number }} [outside] `now`: ms */
  constructor(url, changed, { fetch: request, now } = { fetch: (...args) => fetch(...args), now: monotonic }) {
    this.url = url;
    this.changed = changed;
    this.request = request;
    this.now = now;
    /** @type {Lobbies | null} the last answer */
    this.latest = null;
    /** When the last answer arrived; when polling began if there is none. */
    this.at = 0;
    this.signedOut = false;
    /** The question that has no answer yet. @type {AbortController | null} */
    this.open = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.next = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.expiry = undefined;
  }

  /** Forgets the last answer: nobody knows what has changed since. */
  start() {
    this.stop();
    this.latest = null;
    this.signedOut = false;
    this.#renew();
    this.changed();
    this.#ask();
  }

  stop() {
    this.open?.abort();
    this.open = null;
    clearTimeout(this.next);
    clearTimeout(this.expiry);
  }

  /** Whether the last answer, or the start, is too long ago. */
  get isOutOfDate() {
    return this.now() - this.at >= OUT_OF_DATE;
  }

  async #ask() {
    const question = new AbortController();
    this.open = question;
    const patience = setTimeout(() => question.abort(), OUT_OF_DATE);
    const answer = await this.request(this.url, { cache: "no-store", redirect: "manual", signal: question.signal })
      .then(read)
      .catch(() => null);
    clearTimeout(patience);
    // Stopped meanwhile, perhaps started again.
    if (this.open !== question) return;
    if (answer === "signed_out") {
      this.stop();
      this.signedOut = true;
      return this.changed();
    }
    if (answer) {
      this.latest = answer;
      this.#renew();
    }
    this.next = setTimeout(() => this.#ask(), answer ? PAUSE : RETRY);
    this.changed();
  }

  /** Notes the time, and reports the moment at which the answer becomes too old. */
  #renew() {
    this.at = this.now();
    clearTimeout(this.expiry);
    this.expiry = setTimeout(this.changed, OUT_OF_DATE + 10);
  }
}

/** @param {Response} response @returns {Promise<Lobbies | "signed_out" | null>} */
async function read(response) {
  if (response.status === 401 || response.type === "opaqueredirect") return "signed_out";
  return response.ok ? response.json() : null;
}

const start = { wall: Date.now(), monotonic: performance.now() };

/** A clock that neither a sleep of the machine nor a set-back of its time slows down, in ms. */
function monotonic() {
  return Math.max(Date.now() - start.wall, performance.now() - start.monotonic);
}
