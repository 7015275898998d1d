// What the network does to people: breaks, waits, two tabs, a server that is gone.
import assert from "node:assert/strict";
import { SHOP, ask, startDoor, test, turn, until } from "./harness.mjs";

const text = async (locator) => (await locator.innerText()).replace(/\s+/g, " ").trim();
const isAsk = (head) => /^POST \/v1\/(ask|query)/.test(head);

test("a broken connection is resumed where it broke", async ({ page, allow }) => {
  allow(/ERR_|net::/);
  const door = await startDoor(SHOP);
  await page.goto(door.url);
  door.cut = isAsk;
  const first = await ask(page, "sales by state in 2023");
  assert.equal(await first.getAttribute("data-state"), "done");
  assert.equal(await first.locator(".result tbody tr").count(), 8);
  assert.ok(door.requests.some((head) => head.startsWith("GET /v1/streams/")), "it asked for the rest");
  assert.equal(door.requests.filter(isAsk).length, 1, "the question was asked once");
  await page.close();
  await door.close();
});

test("a slow answer shows that it is worked on, and can be cancelled", async ({ page, allow }) => {
  allow(/ERR_|net::|status of 4/);
  const door = await startDoor(SHOP);
  await page.goto(door.url);
  const release = door.holdUntil(isAsk);
  await page.fill("#question", "profit by state");
  await page.keyboard.press("Enter");
  const progress = page.locator(".progress");
  await progress.waitFor();
  await progress.getByRole("button", { name: "Finish in the background" }).waitFor();
  assert.match(await text(progress), /\d s/);
  await progress.getByRole("button", { name: "Cancel" }).click();
  const first = await turn(page, 1);
  assert.equal(await first.getAttribute("data-state"), "cancelled");
  release();
  await first.getByRole("button", { name: "Ask again" }).click();
  await page.locator(".turn[data-state=done] .result").waitFor();
  await page.close();
  await door.close();
});

test("the result is drawn before its sentences are there, and only once", async ({ page, allow }) => {
  allow(/ERR_|net::/);
  const door = await startDoor(SHOP);
  await page.goto(door.url);
  door.tellsUntil = "sentences";
  const release = door.holdUntil(isAsk);
  await page.fill("#question", "sales by category in 2023");
  await page.keyboard.press("Enter");
  const running = page.locator(".turn[data-state=running]");
  await running.locator(".result").waitFor();
  await running.locator(".chart[data-drawn] canvas").waitFor();
  assert.equal(await running.locator(".result tbody tr").count(), 3);
  assert.equal(await running.locator(".sentences").count(), 0);
  const drawn = await page.evaluate(() => performance.getEntriesByName("chart-drawn").length);
  release();
  const first = await turn(page, 1);
  await first.locator(".sentences").waitFor();
  await first.getByRole("button", { name: "Pin", exact: true }).waitFor();
  assert.equal(await page.evaluate(() => performance.getEntriesByName("chart-drawn").length), drawn, "the picture stays as it is");
  await page.close();
  await door.close();
});

test("a reload takes up what was running", async ({ page, allow }) => {
  allow(/ERR_|net::/);
  const door = await startDoor(SHOP);
  await page.goto(door.url);
  door.tellsAccepted = true;
  const release = door.holdUntil(isAsk);
  await page.fill("#question", "quantity by product in 2023");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => (sessionStorage.getItem("aisle-pending") ?? "[]") !== "[]");
  await page.reload();
  const first = await turn(page, 1);
  assert.equal(await first.getAttribute("data-state"), "done");
  await first.locator(".result").waitFor();
  assert.equal(await page.locator(".turn").count(), 1);
  // Its stream goes on, or, where it had ended by then, its answer is fetched; it is never asked again.
  assert.ok(door.requests.some((head) => head.startsWith("GET /v1/streams/") || head.startsWith("GET /v1/answers/")));
  assert.equal(door.requests.filter(isAsk).length, 1);
  release();
  await page.close();
  await door.close();
});

test("a stream that is kept no longer gives its answer all the same", async ({ page, allow }) => {
  allow(/ERR_|net::|status of 404/);
  const door = await startDoor(SHOP);
  await page.goto(door.url);
  // The stream is gone because its question ended: its answer is kept by then.
  await page.route("**/v1/streams/*", async (route) => {
    const id = new URL(route.request().url()).pathname.split("/").at(-1);
    await until(async () => (await page.request.get(`${SHOP}/v1/answers/${id}`)).ok(), "the answer is kept");
    await route.fulfill({ status: 404, contentType: "application/problem+json", body: '{"status":404,"code":"not_found","detail":"it is gone"}' });
  });
  door.cut = isAsk;
  const first = await ask(page, "profit by product in 2024");
  assert.equal(await first.getAttribute("data-state"), "done");
  await first.locator(".result").waitFor();
  await page.close();
  await door.close();
});

test("other screens stay usable while an answer is awaited, and it arrives", async ({ page, allow }) => {
  allow(/ERR_|net::/);
  const door = await startDoor(SHOP);
  await page.goto(door.url);
  const release = door.holdUntil(isAsk);
  await page.fill("#question", "quantity by state");
  await page.keyboard.press("Enter");
  await page.locator(".progress").waitFor();
  const thread = page.url();
  await page.getByRole("link", { name: "Tables" }).click();
  await page.getByRole("heading", { name: "Tables" }).waitFor();
  release();
  await page.goto(thread);
  assert.equal(await (await turn(page, 1)).getAttribute("data-state"), "done");
  await page.close();
  await door.close();
});

test("a server that is gone is said so, and asked again when it is back", async ({ page, allow }) => {
  allow(/ERR_|net::/);
  const door = await startDoor(SHOP);
  await page.goto(door.url);
  await page.locator(".starters button").first().waitFor();
  await page.route("**/v1/ask", (route) => route.abort());
  const first = await ask(page, "sales by region in 2023");
  assert.match(await text(first.locator(".note.bad")), /does not answer/);
  await page.unroute("**/v1/ask");
  await first.getByRole("button", { name: "Try again" }).click();
  await page.locator(".turn[data-state=done] .result").waitFor();
  await page.close();
  await door.close();
});

test("a busy server is said so", async ({ page, allow }) => {
  allow(/status of 503/);
  await page.goto(SHOP);
  await page.route("**/v1/ask", (route) =>
    route.fulfill({ status: 503, headers: { "Retry-After": "1" }, contentType: "application/problem+json", body: '{"type":"urn:aisle:error:busy","title":"busy","status":503,"detail":"too much is asked at once; try again in a moment","code":"busy"}' }));
  const first = await ask(page, "sales");
  assert.match(await text(first.locator(".note.bad")), /too much is asked at once/);
});

test("replies that are no answer are survived", async ({ page, allow }) => {
  allow(/status of 502/);
  await page.goto(SHOP);
  const bodies = [
    { status: 502, contentType: "text/html", body: "<h1>Bad gateway</h1>" },
    { status: 200, contentType: "application/json", body: "{" },
    { status: 200, contentType: "text/event-stream", body: "event: accepted\ndata: {not json\n\n" },
    { status: 200, contentType: "text/event-stream", body: 'event: surprise\ndata: {"a":1}\n\n: ping\n\nevent: error\ndata: {"code":"internal","detail":"it broke"}\n\n' },
  ];
  for (const [index, reply] of bodies.entries()) {
    await page.route("**/v1/ask", (route) => route.fulfill(reply));
    const now = await ask(page, `sales ${index}`);
    assert.equal(await now.getAttribute("data-state"), "failed");
    assert.ok((await text(now.locator(".note.bad"))).length > 5);
    await page.unroute("**/v1/ask");
  }
  assert.equal(await (await ask(page, "sales by region")).getAttribute("data-state"), "done");
});

test("a question that runs long becomes a task by itself, and its answer comes where it was asked", async ({ page, allow }) => {
  allow(/ERR_|net::|status of 4/);
  const door = await startDoor(SHOP);
  await page.goto(door.url);
  door.swallow = isAsk;
  await page.fill("#question", "quantity by category and region");
  await page.keyboard.press("Enter");
  // Nothing is clicked.
  await page.locator(".turn[data-state=done] .result").waitFor();
  assert.ok(door.requests.some((head) => head.startsWith("POST /v1/tasks")), "it was made a task");
  assert.equal(await page.locator(".turn .result tbody tr").count(), 12);
  await page.reload();
  await (await turn(page, 1)).locator(".result").waitFor();
  assert.equal(await page.locator(".turn").count(), 1, "it is kept once");
  await page.close();
  await door.close();
});
