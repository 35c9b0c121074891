// A client of the simulator's control API (docs/simulator.md): participants, the true state, switches and faults.
import { expect } from "@playwright/test";

export class Control {
  /** @type {string} */
  controlUrl = "";

  /** @param {string} path @param {object} [body] to post; without one it is a GET @param {string} [method] */
  async control(path, body, method = "POST") {
    const how = body ? { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) } : {};
    const answer = await fetch(this.controlUrl + path, how);
    const result = await answer.json();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${JSON.stringify(result)}`);
    return result;
  }

  /** @param {object} values @param {string} [bridge] */
  switches(values, bridge) {
    return this.control(bridge ? `/switches/${bridge}` : "/switches", values, "PATCH");
  }

  truth() {
    return this.control("/truth");
  }

  /** @param {string} name @param {object} [more] */
  meeting(name, more = {}) {
    return this.control("/start", { name, ...more });
  }

  /** Adds a participant who has to wait. @param {{ id: string }} meeting @param {string} name @param {object} [more] */
  async join(meeting, name, more = {}) {
    const person = await this.control("/join", { meeting: meeting.id, name, role: "guest", ...more });
    if (!("role" in more)) expect(person.lobby, `${name} waits`).toBe("waiting");
    return person;
  }

  /** Ends every meeting, so that the next test starts empty. */
  async clear() {
    for (const meeting of (await this.truth()).meetings) await this.control("/end", { meeting: meeting.id });
  }

  async people() {
    return (await this.truth()).meetings.flatMap((meeting) => meeting.participants);
  }

  /** @param {string} id */
  async lobbyOf(id) {
    return (await this.people()).find((person) => person.id === id)?.lobby ?? "gone";
  }
}
