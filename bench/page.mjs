// How long an answer takes from its arrival in the browser until it is painted, chart included; and the size of the first
// load. node bench/page.mjs URL [OUT.json], against a running `aisle serve` (the demo's data for the figures we keep).
import { writeFileSync } from "node:fs";
import { launch, turn } from "../tests/page/harness.mjs";

const [url, out] = process.argv.slice(2);
const ROUNDS = 12;
const QUESTIONS = ["total revenue", "revenue by month", "revenue by country", "top 20 products by revenue", "revenue by product", "revenue by country and month"];

const browser = await launch();
const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
page.setDefaultTimeout(60_000);
let bytes = 0;
const session = await page.context().newCDPSession(page);
await session.send("Network.enable");
session.on("Network.loadingFinished", (event) => (bytes += event.encodedDataLength));
// Thread time says what the page costs however busy the machine is.
await session.send("Performance.enable", { timeDomain: "threadTicks" });
const threadMs = async () => (await session.send("Performance.getMetrics")).metrics.find((one) => one.name === "TaskDuration").value * 1000;
await page.goto(url);
await page.locator(".starters button").first().waitFor();
const firstLoad = bytes;

const results = {}, work = {};
for (let round = 0; round < ROUNDS; round++) {
  for (const question of QUESTIONS) {
    await page.goto(`${url}/#/`);
    await page.evaluate(() => {
      performance.clearMeasures();
      performance.clearMarks();
    });
    const before = await threadMs();
    await page.fill("#question", question);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Enter");
    const found = await turn(page, 1);
    if ((await found.locator(".chart").count()) > 0) await found.locator(".chart[data-ready=true]").waitFor();
    await page.waitForFunction(() => performance.getEntriesByName("answer-drawn").length > 0);
    const ms = await page.evaluate(() => {
      const drawn = performance.getEntriesByName("answer-drawn")[0];
      const chart = performance.getEntriesByName("chart-drawn").at(-1);
      return Math.max(drawn.startTime + drawn.duration, chart?.startTime ?? 0) - drawn.startTime;
    });
    // The first round loads the part that draws charts.
    if (round === 0) continue;
    (results[question] ??= []).push(ms);
    (work[question] ??= []).push((await threadMs()) - before);
  }
}
await browser.close();

const at = (values, share) => values[Math.min(values.length - 1, Math.floor(values.length * share))];
const summary = { first_load_bytes: firstLoad, drawn_ms: {}, thread_ms: {} };
for (const [question, values] of Object.entries(results)) {
  values.sort((a, b) => a - b);
  summary.drawn_ms[question] = { median: Math.round(at(values, 0.5)), p95: Math.round(at(values, 0.95)), worst: Math.round(values.at(-1)) };
  const spent = work[question].sort((a, b) => a - b);
  summary.thread_ms[question] = { median: Math.round(at(spent, 0.5)), p95: Math.round(at(spent, 0.95)), worst: Math.round(spent.at(-1)) };
}
const text = JSON.stringify(summary, null, 2) + "\n";
process.stdout.write(text);
if (out) writeFileSync(out, text);
