// Meetings that don't fit rotate; the worst stay.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Playlist, paginate } from "../../../web/wall/rotation.js";

const rows = (n) => Array.from({ length: n }, (_, index) => index);
const page = (n, room, urgent, at) => paginate(rows(n), room, urgent, () => at);

test("rows that fit are on one page", () => {
  for (const n of [0, 1, 8]) assert.deepEqual(page(n, 8, 1, 0), { pinned: n, pages: 1, page: 0, shown: rows(n) });
});

test("the worst rows are on every page, and all pages together show every row", () => {
  for (const n of [9, 15, 60, 500]) {
    for (const room of [3, 4, 8, 14, 60]) {
      for (const urgent of [0, 1, 3, 50]) {
        const { pages, pinned } = page(n, room, urgent, 0);
        if (n <= room) continue;
        assert.ok(pinned >= 1 && pinned <= room / 2, `${n} ${room} ${urgent}`);
        const seen = new Set();
        for (let at = 0; at < pages; at++) {
          const { shown } = page(n, room, urgent, at);
          assert.ok(shown.length <= room && shown.length > pinned);
          assert.deepEqual(shown.slice(0, pinned), rows(pinned), "the worst never rotate away");
          for (const row of shown) seen.add(row);
        }
        assert.equal(seen.size, n, `${n} in ${room}`);
      }
    }
  }
});

test("with room for one row it is the worst, even when the strip takes the rest", () => {
  for (const room of [0, 1]) for (const at of [0, 1, 2]) assert.deepEqual(page(3, room, 2, at).shown, [0], `room ${room}`);
  assert.deepEqual(page(3, 2, 5, 1).shown, [0, 2]);
});

test("rows past a threshold stay: at least one, at most half the page", () => {
  assert.deepEqual(
    [0, 1, 3, 4, 9].map((urgent) => page(20, 8, urgent, 0).pinned),
    [1, 1, 3, 4, 4],
  );
});

/** Runs a playlist second by second; returns the views and pages shown. */
function play(seconds, views, { pages = () => 1, worst = () => [] } = {}) {
  const playlist = new Playlist();
  const shown = [];
  for (let at = 0; at < seconds; at++) {
    const view = playlist.step(views, at * 1000, worst(at));
    shown.push(`${view}.${playlist.page(pages(view))}`);
  }
  return shown.filter((each, index) => each !== shown[index - 1]).map((each) => `${each}@${shown.indexOf(each)}`);
}

const list = (...seconds) => seconds.map((each) => ({ seconds: each }));
const changes = (shown) => shown.map((each) => each.split("@")[0]).join(" ");

test("each view is shown for its seconds, in turn", () => {
  assert.deepEqual(play(60, list(30, 20)), ["0.0@0", "1.0@30", "0.0@0"]);
  assert.deepEqual(play(100, list(30)), ["0.0@0"]);
});

test("a page is shown for ten seconds", () => {
  assert.deepEqual(play(45, list(30), { pages: () => 3 }), ["0.0@0", "0.1@10", "0.2@20", "0.0@0", "0.1@10"]);
});

test("a view continues with its next page, so that every page is shown", () => {
  const shown = changes(play(200, list(12, 10), { pages: (view) => (view === 0 ? 5 : 1) }));
  for (let at = 0; at < 5; at++) assert.match(shown, new RegExp(`0\\.${at}`));
});

test("the playlist stays on a view with a wait that is too long, and continues afterwards", () => {
  const worst = (at) => (at >= 5 && at < 100 ? [1, 2] : []);
  assert.deepEqual(play(140, list(30, 20, 10), { worst }), ["0.0@0", "1.0@5", "2.0@119", "0.0@0"]);
});

test("a view that already shows them stays", () => {
  assert.deepEqual(play(100, list(30, 20), { worst: () => [0, 1] }), ["0.0@0"]);
});

test("while the playlist stays, pages still rotate, with the worst on each", () => {
  assert.equal(changes(play(35, list(30, 20), { worst: () => [1], pages: () => 2 })), "1.0 1.1 1.0 1.1");
});

test("a playlist that became shorter continues", () => {
  const playlist = new Playlist();
  playlist.step(list(5, 5, 5), 0, []);
  for (const at of [5, 10]) playlist.step(list(5, 5, 5), at * 1000, []);
  assert.equal(playlist.view, 2);
  assert.equal(playlist.step(list(5), 11_000, []), 0);
});

test("a page that no longer exists becomes the first", () => {
  const playlist = new Playlist();
  for (let at = 0; at < 35; at++) playlist.step(list(30), at * 1000, []);
  assert.equal(playlist.page(4), 3);
  assert.equal(playlist.page(2), 1);
  assert.equal(playlist.page(1), 0);
});

test("thirty days leave nothing behind", () => {
  const playlist = new Playlist();
  for (let at = 0; at < 2_592_000; at++) {
    const view = playlist.step(list(30, 20), at * 1000, []);
    playlist.page(3 + view);
  }
  assert.equal(playlist.pages.length, 2);
  assert.ok(Math.max(...playlist.pages) <= 5);
});
