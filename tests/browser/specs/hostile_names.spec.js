import { card, expect, person, test } from "../server.js";

const NAMES = {
  markup: "<img src=x onerror=\"document.title='owned'\">",
  script: "</script><script>document.title='owned'</script>",
  template: "{{alert(1)}} {{ 7*7 }} {n} {name}",
  rightToLeft: "\u202eevil\u2066 reversed",
  arabic: "محمد بن عبد العزيز",
  separator: "line\u2028separator\u2029end",
  long: "x".repeat(200),
  combining: "Z\u0337\u0322\u034e".repeat(30),
};

for (const [what, name] of Object.entries(NAMES)) {
  test(`a hostile name is shown as text: ${what}`, async ({ desk }) => {
    const { demo, page } = desk;
    const meeting = await demo.meeting(name);
    const [one, plain] = [await demo.join(meeting, name), await demo.join(meeting, "Bo Berg")];
    await expect(person(page, one.id).locator(".name bdi")).toHaveCount(1);
    const shown = await person(page, one.id).locator(".name bdi").textContent();
    expect(shown?.replace(/\s+/gu, " ").trim()).toBe(name.replace(/\s+/gu, " ").trim());
    // The row is as high as others, its button is in its place, and the text beside it keeps its direction.
    const box = (id, part = "") =>
      person(page, id)
        .locator(`xpath=.`)
        .locator(part || "xpath=.")
        .first()
        .boundingBox();
    expect((await box(one.id)).height).toBe((await box(plain.id)).height);
    expect((await box(one.id, '[data-action="admit"]')).x).toBe((await box(plain.id, '[data-action="admit"]')).x);
    await expect(card(page, meeting.id)).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    expect(await page.title(), "with the count of those waiting, which comes within a second").toMatch(/^(\(2\) )?Usher$/);
    await person(page, one.id).locator('[data-action="admit"]').click();
    await expect(person(page, one.id)).toHaveCount(0);
  });
}

test("a moderator can see and admit a participant and a meeting without a name", async ({ desk }) => {
  const { demo, page } = desk;
  const one = await demo.join(await demo.meeting(""), "");
  await expect(person(page, one.id).locator(".name")).not.toHaveText("");
  await person(page, one.id).locator('[data-action="admit"]').click();
  await expect(person(page, one.id)).toHaveCount(0);
});
