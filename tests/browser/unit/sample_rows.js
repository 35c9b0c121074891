// Sample rows: waiting participants and bridges without faults, unless overridden.
export const bridge = (more = {}) => ({
  ...{ kind: "bridge", id: "eu-1", state: "live", silent_since: null, trouble: null, version: "3.9", polled_calls: 0 },
  ...{ can_admit: true, can_send_back: true, cdr: "off", cdr_trouble: null },
  ...more,
});

export const meeting = (id = "m", more = {}) => ({
  ...{ kind: "meeting", id, name: id, waiting: 0, unknown: 0, longest_since: null, bridges: ["eu-1"] },
  ...{ locked: false, lock_mode: null, activator: null, claim: null, message: null, pending: null, outcome: null },
  ...more,
});

export const person = (id = "p", more = {}) => ({
  ...{
    kind: "person",
    id,
    meeting: "m",
    name: id,
    address: "",
    lobby: "waiting",
    state: "connected",
    waiting_since: 1,
    muted: false,
  },
  ...{ bridge: "eu-1", elsewhere: null, pending: null, outcome: null, claim: null, hold: null },
  ...more,
});

export const claim = (by, id = `c-${by}`) => ({ id, by, since: 0 });
export const byId = (...rows) => new Map(rows.map((row) => [row.id, row]));
