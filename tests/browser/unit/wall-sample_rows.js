// Sample rows for the displays' tests, without faults unless overridden. The server's time is NOW.
export const NOW = 1_700_000_000_000;

export const bridge = (id = "eu-1", more = {}) => ({
  kind: "bridge",
  id,
  state: "live",
  since: NOW - 3_600_000,
  silent_since: null,
  ...more,
});

/** A meeting with a longest wait of so many seconds; without a number nobody waits. */
export const meeting = (id = "m", seconds = null, more = {}) => {
  const since = seconds === null ? null : NOW - seconds * 1000;
  return {
    ...{
      kind: "meeting",
      id,
      title: id,
      waiting: seconds === null ? 0 : 1,
      held: 0,
      unknown: 0,
      in_call: 0,
      longest_since: since,
      up_to: false,
    },
    ...{
      alarm_since: since,
      first_s: 120,
      second_s: 300,
      in_line: [],
      handled_by: null,
      handled: false,
      locked: null,
      lobby: "yes",
    },
    ...{ bridges: ["eu-1"], views: [0] },
    ...more,
  };
};
