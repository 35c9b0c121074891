// Behind a proxy that gives Usher its own path, all addresses stay below that path.
import { Cluster } from "../cluster.js";
import { admitOf, expect, live, person, signIn, test } from "../server.js";

const PATH = "/lobby";
/** @type {Cluster} */
let cluster;
test.beforeAll(async () => {
  cluster = new Cluster({ path: PATH });
  await cluster.start();
});
test.afterAll(async () => cluster?.end());

test("all addresses are below the path of public_url: pages, files, socket, sign-in and sign-out", async ({ open }) => {
  const page = await open(cluster, { role: "nobody", path: "/account" });
  /** @type {string[]} */
  const outside = [];
  const below = (/** @type {string} */ address) => new URL(address).pathname.startsWith(`${PATH}/`) || outside.push(address);
  page.on("request", (request) => below(request.url()));
  page.on("websocket", (socket) => below(socket.url()));
  await expect(page).toHaveURL(/\/lobby\/login/);
  await signIn(page, cluster.account("admin"));
  await expect(page).toHaveURL(`${cluster.url}/account`);
  await page.getByRole("link", { name: "Users" }).click();
  await expect(page).toHaveURL(`${cluster.url}/users`);
  await page.getByRole("navigation").getByRole("link", { name: "Desk" }).click();
  await live(page);
  const bo = await cluster.join(await cluster.meeting("Board call"), "Bo Berg");
  await admitOf(person(page, bo.id)).click();
  await expect(page.locator(".request")).toHaveText("Admitted 1");
  expect(await cluster.lobbyOf(bo.id)).toBe("in");
  for (const cookie of await page.context().cookies()) expect(cookie.path, cookie.name).toMatch(/^\/lobby/);
  await page.locator(".me").click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/lobby\/login/);
  await page.goto(`${cluster.url}/no-such-page`);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Page not found.");
  expect(outside).toEqual([]);
});

test("a page below a path survives Usher's restart", async ({ open }) => {
  test.setTimeout(90_000);
  const page = await open(cluster);
  await cluster.usher.stop();
  await expect(page.locator(".columns")).toHaveAttribute("data-phase", "lost");
  await cluster.startUsher();
  await expect(page.locator(".columns")).toHaveAttribute("data-phase", "live", { timeout: 30_000 });
});
