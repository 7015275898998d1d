// Who can use it and what it may do: accessibility, keyboard, size, markup in data, phone, paper.
import assert from "node:assert/strict";
import { HOSTILE, SHOP, ask, axeSource, openContext, openScreen, test, turn, until, visit } from "./harness.mjs";

const FIRST_LOAD_MAX = 250 * 1024;

/** `rules`: all of axe's where none are named. */
async function assertAccessible(page, where, rules) {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axeSource);
  const options = { resultTypes: ["violations"], ...(rules ? { runOnly: { type: "rule", values: rules } } : {}) };
  const found = await page.evaluate(async (options) => (await globalThis.axe.run(document, options)).violations.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.target} ${node.failureSummary}`).slice(0, 3).join("; ")}`), options);
  assert.deepEqual(found, [], where);
}

async function visitAll(page, look) {
  await page.goto(SHOP);
  await page.locator(".starters button").first().waitFor();
  await look("welcome");
  await ask(page, "sales by region in 2024");
  await ask(page, "the best");
  await ask(page, "sales by warehouse");
  const last = await ask(page, "total sales");
  await page.locator(".chart[data-ready=true]").first().waitFor();
  await look("conversation");
  await last.getByRole("tab", { name: "SQL" }).click();
  await look("SQL");
  await last.getByRole("tab", { name: "How it came to be" }).click();
  await look("explanation");
  await last.locator(".chip button.chip-text").first().click();
  await page.locator(".panel").waitFor();
  await look("panel");
  await page.keyboard.press("Escape");
  await page.locator(".turn").first().getByRole("button", { name: "Something is wrong" }).click();
  await look("feedback");
  await page.keyboard.press("Escape");
  await page.locator(".pick").first().click();
  await page.locator(".menu").waitFor();
  await look("menu");
  await page.keyboard.press("Escape");
  for (const screen of ["pins", "history", "tasks", "words", "tables", "tables/shop", "glossary", "glossary/revenue", "glossary/shop.region", "nowhere"]) {
    await openScreen(page, SHOP, screen);
    await look(screen);
  }
}

test("axe finds nothing on any screen in light", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await visitAll(page, (where) => assertAccessible(page, where));
});

test("axe finds nothing on any screen in dark", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "dark" });
  // The same page in other colours: what depends on them.
  await visitAll(page, (where) => assertAccessible(page, where, ["color-contrast", "link-in-text-block"]));
});

test("a phone shows everything without scrolling sideways", async ({ browser, complaints }) => {
  const context = await openContext(browser, complaints, { viewport: { width: 375, height: 740 }, isMobile: true, hasTouch: true });
  const page = await context.newPage();
  await visitAll(page, async (where) => {
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `${where} is ${wide} px too wide`);
  });
  await page.getByRole("button", { name: "Open the menu" }).click();
  await page.getByRole("link", { name: "Glossary" }).click();
  await page.getByRole("heading", { name: "Glossary" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "History" }).isVisible(), false);
  await context.close();
});

test("the keyboard alone asks, changes, drills and leaves", async ({ page }) => {
  await page.goto(SHOP);
  await page.waitForFunction(() => document.activeElement?.id === "question"); // the page takes a moment to be there
  await page.keyboard.type("sales by category");
  await page.keyboard.press("Enter");
  await (await turn(page, 1)).locator(".pick").first().waitFor();
  const tabTo = async (name) => {
    for (let i = 0; i < 80; i++) {
      await page.keyboard.press("Shift+Tab");
      if ((await page.evaluate(() => document.activeElement?.textContent ?? "")).includes(name)) return;
    }
    assert.fail(`the keyboard does not reach ${name}`);
  };
  await tabTo("Garden");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement?.closest(".menu") !== null);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await turn(page, 2);
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "question");
});

test("the first load is small, and asks nobody else", async ({ page }) => {
  const sizes = new Map();
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  const names = new Map();
  session.on("Network.responseReceived", (event) => names.set(event.requestId, event.response.url));
  session.on("Network.loadingFinished", (event) => sizes.set(names.get(event.requestId), event.encodedDataLength));
  const response = await page.goto(SHOP);
  assert.match(response.headers()["content-security-policy"], /default-src 'none'.*script-src 'self'/);
  await page.locator(".starters button").first().waitFor();
  const isChart = (url) => /\/assets\/chart-/.test(url);
  const loaded = [...sizes].filter(([url]) => url !== undefined && !url.includes("/v1/") && !isChart(url));
  const total = loaded.reduce((sum, [, size]) => sum + size, 0);
  assert.ok(total <= FIRST_LOAD_MAX, `${total} bytes: ${JSON.stringify(loaded)}`);
  assert.ok(total > 50_000, "it was measured");
  assert.doesNotMatch(await response.text(), /assets\/chart-/, "the page does not wait for the part that draws charts");
  await until(() => [...sizes.keys()].some((url) => url !== undefined && isChart(url)), "that part is fetched before it is wanted");
});

test("markup in values and column names is only ever text", async ({ page }) => {
  await page.goto(HOSTILE);
  const model = await page.evaluate(async () => (await fetch("/v1/model")).json());
  const labels = model.datasets[0].fields.map((field) => field.label);
  assert.ok(labels.some((label) => label.includes("<script>")), labels.join());
  const region = model.datasets[0].fields.find((field) => field.label.includes("<script>"));
  const kind = model.datasets[0].fields.find((field) => field.label.includes("<img"));
  for (const field of [region, kind]) {
    const query = { metrics: [{ metric: model.default_metric }], dimensions: [{ field: `${model.datasets[0].name}.${field.name}` }] };
    await visit(page, `${HOSTILE}/#/q/${Buffer.from(JSON.stringify(query)).toString("base64url")}`);
    const first = await turn(page, 1);
    await first.locator(".chart[data-ready=true]").waitFor();
    await first.locator("canvas").hover();
    assert.ok((await first.locator(".result").innerText()).includes("<svg onload") || field === kind);
    await first.locator(".pick").first().click();
    await page.locator(".menu-title").waitFor();
    await page.keyboard.press("Escape");
    await first.getByRole("tab", { name: "How it came to be" }).click();
  }
  await ask(page, "sales for <script>window.__ran=1</script>");
  const suggested = page.waitForResponse((response) => response.url().includes("/v1/suggest") && response.url().includes("svg"));
  await page.fill("#question", "<svg");
  await suggested;
  for (const screen of ["tables/hostile", `glossary/hostile.${region.name}`, "history", "glossary/<img src=x onerror=window.__ran=5>"]) await openScreen(page, HOSTILE, screen);
  assert.equal(await page.evaluate(() => window.__ran), undefined);
  assert.equal(await page.locator("main img, main script, main iframe").count(), 0);
});

test("light and dark are chosen and kept", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto(SHOP);
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await paper();
  await page.getByRole("button", { name: "Light or dark" }).click();
  await page.getByRole("menuitem", { name: "Dark" }).click();
  const dark = await paper();
  assert.notEqual(dark, light);
  await page.reload();
  assert.equal(await paper(), dark);
});

test("on paper there is nothing that is pressed, tables are whole and the ink is dark", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "dark" });
  await page.goto(SHOP);
  const first = await ask(page, "sales by region");
  const long = await ask(page, "sales by product");
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  for (const hidden of [".rail", ".composer", ".actions", ".feedback"]) assert.equal(await page.locator(hidden).first().isVisible(), false, hidden);
  assert.equal(await first.locator(".result").isVisible(), true);
  assert.equal(await first.locator(".caveats").isVisible(), true);
  await until(async () => (await long.locator(".result tbody tr").count()) === 120, "every row is on the paper");
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "light");
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(255, 255, 255)");
  await page.emulateMedia({ media: "screen", colorScheme: "dark" });
  await until(async () => (await long.locator(".result tbody tr").count()) < 60, "the screen holds what is seen");
});
