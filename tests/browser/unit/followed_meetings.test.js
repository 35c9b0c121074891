import assert from "node:assert/strict";
import { test } from "node:test";
import { cleanEntries, entryOf, FollowedMeetings, withMeeting, withoutMeeting } from "../../../web/state/followed_meetings.js";

const meeting = (id, name, more = {}) => ({ kind: "meeting", id, name, named_by: "name", ...more });
const running = (...all) => new Map(all.map((each) => [each.id, each]));

test("an entry stands for the meeting with its id, and when that is over for those with its name", () => {
  const [monday, tuesday, other] = [
    meeting("1", "Ward round"),
    meeting("2", "ward  round".replace("  ", " ")),
    meeting("3", "Finance"),
  ];
  const meetings = running(monday);
  const followedMeetings = new FollowedMeetings([entryOf(monday)], [], meetings);
  assert.equal(followedMeetings.of(monday), "followed");
  meetings.set("2", tuesday);
  assert.equal(followedMeetings.of(tuesday), "", "another of the same name while it runs");
  meetings.delete("1");
  assert.equal(followedMeetings.of(tuesday), "followed");
  assert.equal(followedMeetings.of(other), "");
  assert.equal(followedMeetings.of(undefined), "");
});

test("a meeting without a name is found only by its id", () => {
  const nameless = meeting("1", "", { named_by: "nothing" });
  const meetings = running(nameless);
  const followedMeetings = new FollowedMeetings([], [entryOf(nameless)], meetings);
  assert.equal(followedMeetings.of(nameless), "muted");
  meetings.clear();
  assert.equal(followedMeetings.of(meeting("2", "", { named_by: "nothing" })), "");
});

test("an entry with the same name or id is replaced, and removed with it", () => {
  const entries = withMeeting([{ id: "1", name: "Board" }], meeting("2", "BOARD"));
  assert.deepEqual(entries, [{ id: "2", name: "BOARD" }]);
  assert.deepEqual(withoutMeeting(entries, meeting("3", "board")), []);
  assert.deepEqual(withoutMeeting([{ id: "1", name: "" }], meeting("2", "", { named_by: "nothing" })), [{ id: "1", name: "" }]);
});

test("stored entries of any kind become valid and stay few", () => {
  assert.deepEqual(cleanEntries("no list"), []);
  assert.deepEqual(cleanEntries([null, 1, { id: 1, name: "x" }, { id: "1", name: "x", more: 2 }]), [{ id: "1", name: "x" }]);
  const many = Array.from({ length: 500 }, (_, at) => ({ id: String(at), name: "n".repeat(999) }));
  const kept = cleanEntries(many);
  assert.ok(kept.length < 100 && kept.at(-1).id === "499", "the newest count");
  assert.ok(kept.every(({ name }) => name.length <= 80));
});
