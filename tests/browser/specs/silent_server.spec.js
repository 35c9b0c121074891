// A server that is connected but silent: within five seconds nothing on the page looks live.
import { admitOf, expect, person, test } from "../server.js";

const BACK = 30_000;

test.beforeEach(async ({ cluster }) => cluster.reset());

/** How long a check takes to pass, in ms. @param {() => Promise<void>} so */
async function took(so) {
  const begun = performance.now();
  await so();
  return Math.round(performance.now() - begun);
}

/** A waiting participant who can be admitted. @param {import("../cluster.js").Cluster} cluster */
async function boWaits(cluster, open) {
  const page = await open(cluster);
  const { id } = await cluster.join(await cluster.meeting("Board call"), "Bo Berg");
  await expect(admitOf(person(page, id))).toBeEnabled();
  return { page, id };
}

/** Stops the server's process during a check. @param {import("../cluster.js").Cluster} cluster @param {() => Promise<void>} check */
async function whileFrozen({ usher }, check) {
  usher.child.kill("SIGSTOP");
  try {
    await check();
  } finally {
    usher.child.kill("SIGCONT");
  }
}

test("the page notices a frozen server: rows look stale, nobody can be admitted, the title says so, until it is back", async ({
  cluster,
  open,
}) => {
  test.setTimeout(90_000);
  const { page, id } = await boWaits(cluster, open);
  await whileFrozen(cluster, async () => {
    const columns = page.locator(".columns");
    const ms = await took(() => expect(columns).toHaveAttribute("data-old", "yes", { timeout: BACK }));
    console.log(`looked old ${ms} ms after the server was frozen`);
    // Four and a half seconds by the page's own timers; a busy machine may take longer to draw it.
    expect(ms, "ms until the page looked old").toBeLessThan(10_000);
    await expect(admitOf(person(page, id))).toBeDisabled();
    await expect(page).toHaveTitle(/No connection/);
    await expect(page.locator(".status-line")).toContainText("lost at");
    const wait = person(page, id).locator(".wait time");
    const stopped = await wait.textContent();
    // The status line says how old the data is, and counts; the wait does not.
    await expect(page.locator(".status-line")).toContainText(/([7-9]|\d\d) s old/, { timeout: BACK });
    expect(await wait.textContent(), "the wait stops").toBe(stopped);
  });
  await expect(page.locator(".columns")).toHaveAttribute("data-phase", "live", { timeout: BACK });
  await expect(admitOf(person(page, id))).toBeEnabled({ timeout: BACK });
  await expect(page).not.toHaveTitle(/No connection/);
});

test("a request without a receipt is doubtful on its row and on the page", async ({ cluster, open }) => {
  test.setTimeout(90_000);
  const { page, id } = await boWaits(cluster, open);
  await whileFrozen(cluster, async () => {
    await admitOf(person(page, id)).click();
    await expect(person(page, id)).toContainText("Not confirmed by the server yet");
    await expect(page.locator(".columns")).toHaveAttribute("data-old", "yes");
  });
  await expect(page.locator(".columns")).toHaveAttribute("data-phase", "live", { timeout: BACK });
  // The request had been sent, so the server executes it, once.
  await expect(person(page, id)).toHaveCount(0, { timeout: BACK });
});
