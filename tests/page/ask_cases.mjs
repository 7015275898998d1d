// Asking, and everything that is done with an answer.
import assert from "node:assert/strict";
import { SHOP, ask, openContext, test, turn, until, visit } from "./harness.mjs";

const text = async (locator) => (await locator.innerText()).replace(/\s+/g, " ").trim();
/** Where a chart has something to click: the mouse is led over it until the cursor says so. */
async function pointOf(chart) {
  const found = await chart.evaluate((node) => {
    const canvas = node.querySelector("canvas");
    const box = canvas.getBoundingClientRect();
    for (let x = 40; x < 200; x += 3) {
      for (let y = 8; y < box.height - 30; y += 3) {
        canvas.dispatchEvent(new MouseEvent("mousemove", { bubbles: true, clientX: box.left + x, clientY: box.top + y }));
        if (canvas.parentElement.style.cursor === "pointer") return { x, y };
      }
    }
    return null;
  });
  assert.ok(found !== null, "the chart has a point to click");
  return found;
}

const chip = (found, words) => found.locator(".chip", { hasText: words });

test("an answer shows number, sentence, chart, table, SQL and source", async ({ page }) => {
  await page.goto(SHOP);
  const first = await ask(page, "total sales");
  assert.match(await text(first.locator(".headline-number")), /^[\d,]+\.\d\d$/);
  const second = await ask(page, "sales by region");
  await second.locator(".chart[data-ready=true] canvas").waitFor();
  assert.equal(await second.locator(".result tbody tr").count(), 4);
  assert.match(await text(second.locator(".sentences")), /sales/i);
  const total = await text(first.locator(".headline-number"));
  assert.ok((await text(second.locator(".result tfoot"))).includes(total), "the total of the parts is the total");
  await second.getByRole("tab", { name: "SQL" }).click();
  assert.match(await second.locator("pre").innerText(), /^SELECT[\s\S]+GROUP BY/);
  await second.getByRole("tab", { name: "How it came to be" }).click();
  assert.match(await text(second.locator(".explain")), /version 0/);
  assert.match(await text(second.locator(".margin")), /order lines, version 0, through \d+ \w{3} 2024/);
});

test("suggestions are chosen with the keyboard alone", async ({ page }) => {
  await page.goto(SHOP);
  await page.waitForFunction(() => document.activeElement?.id === "question"); // the page takes a moment to be there
  await page.keyboard.type("sales by re");
  const option = page.getByRole("option", { name: "sales by Region" });
  await option.waitFor();
  await until(async () => {
    if ((await option.getAttribute("aria-selected")) === "true") return true;
    await page.keyboard.press("ArrowDown");
    return false;
  }, "the suggestion is chosen");
  await page.keyboard.press("Enter");
  assert.equal((await page.inputValue("#question")).toLowerCase(), "sales by region");
  await page.keyboard.press("Enter");
  assert.equal(await (await turn(page, 1)).locator(".result tbody tr").count(), 4);
});

test("an understood word says what it means and can be changed", async ({ page }) => {
  await page.goto(SHOP);
  const first = await ask(page, "sales by region in 2024");
  const word = first.getByRole("button", { name: "sales: measure, Sales" });
  await word.click();
  await page.locator(".panel .meaning").waitFor();
  await page.locator(".panel").getByRole("button", { name: "Quantity", exact: true }).click();
  const second = await turn(page, 2);
  assert.match(await text(second.locator(".result thead")), /Quantity/);
  assert.match(await text(second.locator(".chips")), /2024/);
});

test("a question back is one click", async ({ page }) => {
  await page.goto(SHOP);
  const first = await ask(page, "the best");
  await first.locator(".clarify button").first().waitFor();
  assert.ok((await first.locator(".clarify button").count()) >= 2);
  await first.locator(".clarify button").first().click();
  assert.equal(await (await turn(page, 2)).locator(".headline-number, .result").count() > 0, true);
});

test("a refusal names what is missing and what comes closest", async ({ page }) => {
  await page.goto(SHOP);
  const first = await ask(page, "sales by warehouse");
  assert.match(await text(first.locator(".clarify")), /warehouse/);
  await first.locator(".clarify .row button").first().click();
  await turn(page, 2);
});

test("follow-ups follow the newest answer, or an earlier one", async ({ page }) => {
  await page.goto(SHOP);
  await ask(page, "sales in 2024");
  const second = await ask(page, "by region");
  assert.equal(await second.locator(".result tbody tr").count(), 4);
  assert.match(await text(second.locator(".chips")), /2024/);
  await page.locator(".turn").first().getByRole("button", { name: "Follow up" }).click();
  assert.match(await text(page.locator(".following")), /sales in 2024/);
  const third = await ask(page, "by category");
  assert.equal(await third.locator(".result tbody tr").count(), 3);
  assert.equal(await page.locator(".following").count(), 0);
});

test("chips change the question part by part", async ({ page }) => {
  await page.goto(SHOP);
  await ask(page, "sales by region in 2024");
  await page.locator(".turn").nth(0).getByRole("button", { name: /^Remove when/ }).click();
  let now = await turn(page, 2);
  assert.match(await text(chip(now, "when")), /all time/);
  await now.getByRole("button", { name: "filter", exact: true }).click();
  await page.locator(".panel").getByRole("button", { name: "Category", exact: true }).click();
  await page.locator(".panel").getByLabel("Garden").check();
  await page.locator(".panel").getByRole("button", { name: "Only these" }).click();
  now = await turn(page, 3);
  assert.match(await text(chip(now, "only")), /Category is Garden/);
  await chip(now, "by").locator("button.chip-text").click();
  await page.locator(".panel").getByRole("button", { name: "quarter time" }).click();
  now = await turn(page, 4);
  assert.equal(await now.locator(".result tbody tr").count(), 8);
  await chip(now, "when").locator("button.chip-text").click();
  await page.getByLabel("First day").fill("2024-01-01");
  await page.getByLabel("Last day").fill("2024-06-30");
  await page.getByRole("button", { name: "Use these days" }).click();
  now = await turn(page, 5);
  assert.equal(await now.locator(".result tbody tr").count(), 2);
});

test("the kind of chart can be changed", async ({ page }) => {
  await page.goto(SHOP);
  const first = await ask(page, "sales by category");
  await first.locator(".chart[data-ready=true]").waitFor();
  const picture = () => first.locator("canvas").evaluate((canvas) => canvas.toDataURL());
  const seen = new Set([await picture()]);
  for (const [kind, type] of [["Line", "line"], ["Columns", "bar"], ["Shares", "share"]]) {
    await first.getByRole("button", { name: "Chart", exact: true }).click();
    await page.getByRole("menuitem", { name: kind }).click();
    await first.locator(`.chart[data-drawn=${type}]`).waitFor();
    await until(async () => !seen.has(await picture()), `the chart is drawn as ${kind}`);
    seen.add(await picture());
  }
  assert.equal(seen.size, 4);
});

test("a chart of shares writes percent as the table does", async ({ page }) => {
  await page.addInitScript(() => {
    const write = CanvasRenderingContext2D.prototype.fillText;
    window.__written = [];
    CanvasRenderingContext2D.prototype.fillText = function (words, ...rest) {
      window.__written.push(String(words));
      return write.call(this, words, ...rest);
    };
  });
  await page.goto(SHOP);
  const first = await ask(page, "profit margin by region");
  await first.locator(".chart[data-drawn]").waitFor();
  const ticks = async () => (await page.evaluate(() => window.__written)).map((words) => /^([\d.]+)\s*%$/.exec(words)?.[1]).filter((found) => found !== undefined).map(Number);
  await until(async () => (await ticks()).length >= 3, "the axis is written");
  const most = Math.max(...(await first.locator(".result tbody td.number").allInnerTexts()).map(parseFloat));
  assert.ok(Math.max(...(await ticks())) <= 2 * most, `the table's most is ${most}, the axis says ${await ticks()}`);
});

test("a row or a point leads down", async ({ page }) => {
  await page.goto(SHOP);
  const first = await ask(page, "sales by category");
  await first.locator(".pick", { hasText: "Drinks" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "by Sub-Category" }).click();
  const second = await turn(page, 2);
  assert.match(await text(second.locator(".chips")), /Category is Drinks/);
  assert.equal(await second.locator(".result tbody tr").count(), 2);
  const third = await ask(page, "monthly sales in 2023");
  const chart = third.locator(".chart[data-drawn]");
  await chart.locator("canvas").waitFor();
  const point = await pointOf(chart);
  await chart.click({ position: point });
  await page.locator(".menu").getByRole("menuitem", { name: "by day" }).click();
  const fourth = await turn(page, 4);
  assert.match(await text(fourth.locator(".chips")), /2023/);
});

test("an answer is compared and explained", async ({ page }) => {
  await page.goto(SHOP);
  const first = await ask(page, "sales in 2024 by region");
  await first.getByRole("button", { name: "compare to" }).click();
  await page.getByRole("menuitem", { name: "the period before" }).click();
  const second = await turn(page, 2);
  assert.match(await text(second.locator(".result thead")), /change.*growth/i);
  await second.getByRole("button", { name: "Why?" }).click();
  const third = await turn(page, 3);
  assert.match(await text(third.locator(".chips")), /what moved it/);
  assert.match(await text(third.locator(".sentences")), /accounts for|difference/);
  const cause = third.locator(".pick").first();
  const name = await text(cause);
  await cause.click();
  await page.getByRole("menuitem", { name: "why it moved" }).click();
  const fourth = await turn(page, 4);
  assert.ok((await text(fourth.locator(".chips"))).includes(`is ${name}`), "only of this cause");
  assert.ok((await fourth.boundingBox()).y < 200, "the new question is at the top, not where the last click was");
});

test("numbers and SQL are copied whole", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto(SHOP);
  const first = await ask(page, "total profit");
  await page.evaluate(() => navigator.clipboard.writeText(""));
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  await first.getByRole("button", { name: "Copy the number" }).click();
  await until(async () => (await clipboard()) !== "", "the number is copied");
  assert.equal(Number(await clipboard()), Number((await text(first.locator(".headline-number"))).replaceAll(",", "")));
  await first.getByRole("tab", { name: "SQL" }).click();
  await first.getByRole("button", { name: "Copy", exact: true }).click();
  await until(async () => (await clipboard()).startsWith("SELECT"), "the SQL is copied");
});

test("a long table is sorted, and only what is seen is drawn", async ({ page }) => {
  await page.goto(SHOP);
  const first = await ask(page, "sales by product");
  const rows = first.locator(".result tbody tr:not([aria-hidden])");
  assert.ok((await rows.count()) < 60, "the rest is not in the page");
  assert.match(await text(first.getByRole("tab", { name: "Table" })), /120 rows/);
  const firstNumber = async () => Number((await rows.first().locator("td").nth(1).innerText()).replaceAll(",", ""));
  // Names have no order of their own: the largest comes first, as in the chart.
  assert.equal(await first.locator("th[aria-sort=descending]").count(), 1);
  const most = await firstNumber();
  await first.locator("thead").getByRole("button", { name: "Sales" }).click();
  await first.locator("th[aria-sort=ascending]").waitFor();
  assert.ok((await firstNumber()) < most);
  await first.locator(".table-frame").evaluate((frame) => frame.scrollTo(0, 1e6));
  const last = first.locator(`tr[aria-rowindex="121"]`);
  await last.waitFor();
  assert.equal(Number((await last.locator("td").nth(1).innerText()).replaceAll(",", "")), most);
});

test("a link holds the question, never the data", async ({ page, context, browser, complaints }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto(SHOP);
  const first = await ask(page, "sales by category in 2024");
  const number = await first.locator(".result tbody td").nth(1).innerText();
  await page.evaluate(() => navigator.clipboard.writeText(""));
  await first.getByRole("button", { name: "Share" }).click();
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  await until(async () => (await clipboard()) !== "", "the link is copied");
  const link = await clipboard();
  const held = Buffer.from(link.split("#/q/")[1], "base64url").toString();
  assert.deepEqual(Object.keys(JSON.parse(held)).sort(), ["dimensions", "metrics", "time"]);
  assert.ok(!held.includes(number.replaceAll(",", "")));
  const other = await openContext(browser, complaints);
  const elsewhere = await other.newPage();
  await elsewhere.goto(link);
  assert.equal(await (await turn(elsewhere, 1)).locator(".result tbody td").nth(1).innerText(), number);
  await visit(elsewhere, `${SHOP}/#/q/bm90IGEgcXVlcnk`);
  await elsewhere.getByText("does not hold a question").waitFor();
  await other.close();
});

test("a link to what the data no longer has says so", async ({ page, allow }) => {
  allow(/status of 4\d\d/);
  await page.goto(`${SHOP}/#/q/${Buffer.from('{"metrics":[{"metric":"footfall"}]}').toString("base64url")}`);
  const first = await turn(page, 1);
  assert.match(await text(first.locator(".note.bad, .clarify")), /footfall/);
});

test("a huge paste is refused with its length and nothing is lost", async ({ page }) => {
  await page.goto(SHOP);
  const huge = "sales ".repeat(50_000);
  await page.locator("#question").evaluate((input, value) => {
    const setter = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
    setter.call(input, value);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }, huge);
  await page.keyboard.press("Enter");
  assert.match(await text(page.locator(".complaint")), /299,999 characters/);
  assert.equal((await page.inputValue("#question")).length, huge.length);
  assert.equal(await page.locator(".turn").count(), 0);
});

test("questions in other scripts stay whole", async ({ page }) => {
  await page.goto(SHOP);
  const question = "sales by region – naïve 日本語 👩‍🌾";
  const first = await ask(page, question);
  assert.equal(await text(first.locator("h2.question")), question);
});
