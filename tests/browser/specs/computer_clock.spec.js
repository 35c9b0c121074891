// Setting the computer's clock by an hour changes no wait, neither at once nor with the server's next frames.
import { card, expect, person, test } from "../server.js";

const HOUR = 3_600_000;

/** A wait such as 1:02 or 1:00:02, in seconds. */
const waited = async (row) => {
  const text = /(?:(\d+):)?(\d+):(\d\d)/.exec((await row.locator("time").first().textContent()) ?? "");
  if (!text) return Number.NaN;
  const [, hours = "0", minutes = "0", seconds = "0"] = text;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
};

for (const [name, by] of [
  ["ahead", HOUR],
  ["back", -HOUR],
]) {
  test(`waits stay as they are when the computer's clock is set an hour ${name}`, async ({ desk }) => {
    const { demo, page } = desk;
    await page.evaluate(() => {
      const now = Date.now.bind(Date);
      globalThis.setBy = 0;
      Date.now = () => now() + globalThis.setBy;
    });
    const board = await demo.meeting("Board call");
    const bo = await demo.join(board, "Bo Berg");
    await expect.poll(() => waited(person(page, bo.id))).toBeGreaterThanOrEqual(1);
    await page.evaluate((ms) => {
      globalThis.setBy = ms;
    }, by);
    const before = await waited(person(page, bo.id));
    // The wait continues to count from where it was.
    await expect.poll(() => waited(person(page, bo.id))).toBeGreaterThanOrEqual(before + 2);
    expect(await waited(person(page, bo.id))).toBeLessThan(before + 30);
    const zoe = await demo.join(board, "Zoë Müller");
    await expect.poll(() => waited(person(page, zoe.id))).toBeLessThan(30);
    const ids = await page
      .locator("[data-participant]")
      .evaluateAll((rows) => rows.map((row) => row.getAttribute("data-participant")));
    expect(ids, "longest first").toEqual([bo.id, zoe.id]);
    await expect(card(page, board.id)).toContainText("2 waiting");
  });
}
