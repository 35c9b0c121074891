import assert from "node:assert/strict";
import { test } from "node:test";
import { TabLeader } from "../../../web/alerts/tab_leader.js";

/** The browser's locks, for one name: a queue, a holder, and the right to steal. */
function fakeLocks() {
  let holder = null;
  const queue = [];
  const next = () => {
    if (holder || queue.length === 0) return;
    const mine = queue.shift();
    holder = mine;
    Promise.resolve(mine.hold({})).then(() => {
      if (holder !== mine) return;
      holder = null;
      mine.done();
      next();
    });
  };
  return {
    request: (_name, { steal = false, signal }, hold) =>
      new Promise((done, refuse) => {
        const mine = { hold, done, refuse };
        signal?.addEventListener("abort", () => {
          const at = queue.indexOf(mine);
          if (at >= 0) queue.splice(at, 1);
          if (at >= 0) refuse(new Error("aborted"));
        });
        if (steal && holder) {
          const previous = holder;
          holder = null;
          previous.refuse(new Error("stolen"));
        }
        if (steal) queue.unshift(mine);
        else queue.push(mine);
        next();
      }),
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const tabs = (count, locks = fakeLocks()) => Array.from({ length: count }, () => new TabLeader("sound", () => {}, locks));
const who = (all) => all.map((tab) => (tab.held ? 1 : 0)).join("");

test("one of several tabs leads, and another one when it is gone", async () => {
  const all = tabs(3);
  for (const tab of all) tab.want(true);
  await settled();
  assert.equal(who(all), "100");
  all[0].want(false);
  await settled();
  assert.equal(who(all), "010");
});

test("the tab that the user looks at leads, and the previous leader waits", async () => {
  const all = tabs(3);
  for (const tab of all) tab.want(true);
  await settled();
  all[2].seize();
  await settled();
  assert.equal(who(all), "001");
  all[1].seize();
  await settled();
  assert.equal(who(all), "010");
  all[1].want(false);
  await settled();
  assert.equal(who(all).replaceAll("0", ""), "1");
  for (const tab of all) tab.want(false);
  await settled();
  assert.equal(who(all), "000");
});

test("a tab that can't alert never leads", async () => {
  const all = tabs(2);
  all[1].want(true);
  all[0].seize();
  await settled();
  assert.equal(who(all), "01");
});

test("without locks every tab leads", () => {
  const tab = new TabLeader("sound", () => {}, /** @type {any} */ (null));
  tab.want(true);
  tab.want(false);
  tab.seize();
  assert.equal(tab.held, true);
});
