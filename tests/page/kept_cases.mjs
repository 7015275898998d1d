// What the server keeps for people: conversations, pins, feedback, history; the same in two tabs.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { SHOP, ask, startDoor, test, turn } from "./harness.mjs";

const text = async (locator) => (await locator.innerText()).replace(/\s+/g, " ").trim();
let serial = 0;
const unique = (words) => `${words} ${Date.now().toString(36)}${serial++}`;

test("a conversation is still there after a reload, and goes on", async ({ page }) => {
  await page.goto(SHOP);
  await ask(page, "sales in 2023");
  const second = await ask(page, "by region");
  const number = await second.locator(".result tbody td").nth(1).innerText();
  await page.reload();
  const again = await turn(page, 2);
  await again.locator(".result").waitFor();
  assert.equal(await again.locator(".result tbody td").nth(1).innerText(), number);
  const third = await ask(page, "only North");
  assert.match(await text(third.locator(".chips")), /North/);
});

test("a conversation is renamed, opened again and deleted", async ({ page }) => {
  await page.goto(SHOP);
  await ask(page, "profit by region");
  const name = unique("Margins");
  const listed = page.locator(".threads li").filter({ has: page.locator("[aria-current]") });
  await listed.getByRole("button").click();
  await page.getByRole("menuitem", { name: "Rename" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill(name);
  await page.getByRole("button", { name: "Rename" }).click();
  const link = page.locator(".threads").getByRole("link", { name });
  await link.waitFor();
  await page.getByRole("link", { name: "Glossary" }).click();
  await link.click();
  await (await turn(page, 1)).locator(".result").waitFor();
  await page.locator(".threads li", { hasText: name }).getByRole("button").click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await link.waitFor({ state: "detached" });
});

test("an answer is pinned, renamed, asked anew and unpinned", async ({ page }) => {
  await page.goto(SHOP);
  const first = await ask(page, "sales by category");
  await first.locator(".chart[data-ready=true]").waitFor();
  await first.getByRole("button", { name: "Chart", exact: true }).click();
  await page.getByRole("menuitem", { name: "Shares" }).click();
  const kept = page.waitForResponse((response) => response.url().endsWith("/v1/pins") && response.request().method() === "POST");
  await first.getByRole("button", { name: "Pin", exact: true }).click();
  assert.ok((await kept).ok());
  await page.getByRole("link", { name: "Pins" }).click();
  const card = page.locator(".card").first();
  await card.locator(".chart[data-ready=true]").waitFor();
  const name = unique("Shares of sales");
  await card.locator("header").getByRole("button").click();
  await page.getByRole("menuitem", { name: "Rename" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill(name);
  await page.getByRole("button", { name: "Rename" }).click();
  const mine = page.locator(".card", { hasText: name });
  await mine.waitFor();
  await mine.locator("header").getByRole("button").click();
  await page.getByRole("menuitem", { name: "Open" }).click();
  assert.equal(await (await turn(page, 1)).locator(".result tbody tr").count(), 3);
  await page.getByRole("link", { name: "Pins" }).click();
  await mine.locator("header").getByRole("button").click();
  await page.getByRole("menuitem", { name: "Unpin" }).click();
  await mine.waitFor({ state: "detached" });
});

test("feedback is taken, with a reason and words", async ({ page }) => {
  await page.goto(SHOP);
  const first = await ask(page, "quantity by region");
  await first.getByRole("button", { name: "This answer is right" }).click();
  await first.locator(".feedback [aria-pressed=true]").waitFor();
  await first.getByRole("button", { name: "Something is wrong" }).click();
  const sent = page.waitForRequest((request) => request.url().endsWith("/v1/feedback"));
  await page.getByLabel("My question was misunderstood").check();
  await page.getByLabel("What did you expect?").fill("Only shops, <b>please</b>");
  await page.getByRole("button", { name: "Send" }).click();
  const body = (await sent).postDataJSON();
  assert.equal(body.verdict, "down");
  assert.equal(body.reason, "misunderstood");
  await page.getByRole("button", { name: "Something is wrong", pressed: true }).waitFor();
});

test("the history is searched and asked again", async ({ page }) => {
  await page.goto(SHOP);
  await ask(page, "profit by state in 2024");
  await ask(page, "quantity by category");
  await page.getByRole("link", { name: "History" }).click();
  const entries = page.locator(".entries li");
  await entries.first().waitFor();
  await page.getByRole("searchbox", { name: "Find a question" }).fill("state in 2024");
  await page.locator(".entries li", { hasText: "quantity by category" }).first().waitFor({ state: "detached" });
  await entries.first().getByRole("button", { name: "Ask again" }).click();
  assert.equal(await (await turn(page, 1)).locator(".result tbody tr").count(), 8);
  await page.getByRole("link", { name: "History" }).click();
  await page.getByRole("searchbox", { name: "Find a question" }).fill("zebra crossings");
  await page.getByText("No question holds these words").waitFor();
});

test("two tabs show one conversation", async ({ page, context }) => {
  await page.goto(SHOP);
  await ask(page, "sales by month in 2024");
  const other = await context.newPage();
  await other.goto(page.url());
  await (await turn(other, 1)).locator(".result").waitFor();
  await ask(other, "by quarter");
  // The first tab hears of it without being touched.
  await (await turn(page, 2)).locator(".result").waitFor();
  const third = await ask(page, "only North");
  assert.match(await text(third.locator(".chips")), /North/);
  await (await turn(other, 3)).locator(".result").waitFor();
  assert.equal(await other.locator(".turn").count(), 3);
});

test("tables tell their columns, rows and dates; the glossary explains words", async ({ page }) => {
  await page.goto(`${SHOP}/#/tables`);
  await page.locator("main table a").first().click();
  assert.match(await text(page.locator(".facts")), /2,400/);
  assert.match(await text(page.getByRole("region", { name: /^Versions of/ })), /When.*(today|20\d\d,)/);
  await page.getByRole("heading", { name: "Quality" }).waitFor();
  await page.locator("main table a", { hasText: "Region" }).click();
  await page.locator(".book-page dd", { hasText: /North|South/ }).waitFor();
  await page.getByRole("searchbox", { name: "Find a word" }).fill("turnover");
  await page.locator(".book-list").getByRole("link", { name: "Sales", exact: true }).click();
  assert.match(await text(page.locator(".book-page")), /Formula.*sum.*Parts add up/);
  await page.getByRole("button", { name: /^Ask: Sales by month/ }).click();
  assert.equal(await (await turn(page, 1)).locator(".result tbody tr").count(), 24);
});

test("a long question is finished in the background and its result waits", async ({ page, allow }) => {
  allow(/ERR_|net::|status of 4/);
  const door = await startDoor(SHOP);
  await page.goto(door.url);
  const release = door.holdUntil((head) => head.startsWith("POST /v1/ask"));
  const question = "profit by category and state in 2023";
  await page.fill("#question", question);
  await page.keyboard.press("Enter");
  const taken = page.waitForResponse((response) => response.url().endsWith("/v1/tasks") && response.request().method() === "POST");
  await page.getByRole("button", { name: "Finish in the background" }).click();
  assert.equal((await taken).status(), 202);
  await page.getByRole("link", { name: "Tasks", exact: true }).click();
  release();
  const task = page.locator(".tasks li", { hasText: question }).first();
  await task.locator(".status.done").waitFor();
  await task.getByRole("button", { name: question }).click();
  assert.equal(await (await turn(page, 1)).locator(".result tbody tr").count(), 24);
  await page.close();
  await door.close();
});

test("a question whose tab was closed is found where it was asked, as a task", async ({ page }) => {
  // What the server does with it is shown in tests/e2e/test_serve_tasks.py; here is what its user sees on coming back.
  const session = unique("t").replace(/\W/g, "");
  const question = "profit by category in 2024";
  const answer = await (await page.request.post(`${SHOP}/v1/ask`, { data: { question, session } })).json();
  const task = { id: `t${answer.id.slice(1)}`, title: question, status: "running", percent: 40, rows: 12, error: null, request: { question, session }, created_at: "2024-12-01T10:00:00Z" };
  let asked = 0;
  await page.route(`**/v1/threads/${session}`, async (route) => {
    const thread = await (await route.fetch()).json();
    await route.fulfill({ json: { ...thread, turns: thread.turns.map((turn) => ({ ...turn, status: "failed" })) } });
  });
  await page.route("**/v1/tasks", (route) => route.fulfill({ json: { tasks: [task] } }));
  await page.route(`**/v1/tasks/${task.id}`, (route) => route.fulfill({ json: asked++ < 2 ? task : { ...task, status: "done", percent: 100, answer, answer_id: answer.id } }));
  await page.goto(`${SHOP}/#/t/${session}`);
  const first = page.locator(".turn").first();
  await first.locator(".progress", { hasText: "in the background" }).waitFor();
  await first.locator(".result").waitFor();
  assert.equal(await first.locator(".result tbody tr").count(), 3);
  assert.equal(await page.locator(".turn").count(), 1);
});

test("an answer is exported as table, workbook and picture", async ({ page }) => {
  await page.goto(SHOP);
  const first = await ask(page, "sales by region");
  const starts = { CSV: "", "Excel workbook": "PK", "Chart as PNG": "\x89PNG", "Chart as SVG": "<" };
  for (const [name, start] of Object.entries(starts)) {
    await first.getByRole("button", { name: "Export" }).click();
    const downloading = page.waitForEvent("download");
    await page.getByRole("menuitem", { name }).click();
    const download = await downloading;
    const content = (await readFile(await download.path())).toString("latin1");
    assert.ok(content.startsWith(start) && content.length > 50, `${name}: ${content.slice(0, 40)}`);
    if (name === "CSV") assert.match(content, /North/);
  }
});

test("a link that the server no longer keeps says so", async ({ page, allow }) => {
  allow(/status of 404/);
  const kept = await page.request.post(`${SHOP}/v1/links`, { data: { query: { metrics: [{ metric: "revenue" }] } } });
  await page.goto(`${SHOP}/#/l/${(await kept.json()).id}`);
  await (await turn(page, 1)).locator(".headline-number").waitFor();
  await page.goto(`${SHOP}/#/l/l_gone`);
  await page.getByText("This link has expired").waitFor();
});
