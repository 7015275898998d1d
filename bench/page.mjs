// How long an answer takes from its arrival in the browser until it is painted, chart included; and the size of the first
// load. node bench/page.mjs URL [OUT.json], against a running `aisle serve` (the demo's data for the figures we keep).
import { writeFileSync } from "node:fs";
import { launch, turn } from "../tests/page/harness.mjs";

const [url, out] = process.argv.slice(2);
const ROUNDS = 21;
const FRESH = 10;
const QUESTIONS = ["total revenue", "revenue by month", "revenue by country", "top 20 products by revenue", "revenue by product", "revenue by country and month"];

const browser = await launch();
const open = async () => {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  page.setDefaultTimeout(60_000);
  return page;
};
const page = await open();
const isChart = (url) => /\/assets\/chart-/.test(url);
let bytes = 0;
const session = await page.context().newCDPSession(page);
await session.send("Network.enable");
const urls = new Map();
session.on("Network.responseReceived", (event) => urls.set(event.requestId, event.response.url));
session.on("Network.loadingFinished", (event) => (bytes += isChart(urls.get(event.requestId) ?? "") ? 0 : event.encodedDataLength));
// Thread time says what the page costs however busy the machine is.
await session.send("Performance.enable", { timeDomain: "threadTicks" });
const threadMs = async () => (await session.send("Performance.getMetrics")).metrics.find((one) => one.name === "TaskDuration").value * 1000;
await page.goto(url);
await page.locator(".starters button").first().waitFor();
const firstLoad = bytes;

/** Asks in an open page: ms from the arrival of the result's bytes until it is painted, chart included. */
async function drawn(page, question, whenTyped = async () => undefined) {
  await page.fill("#question", question);
  await page.keyboard.press("Escape");
  await whenTyped();
  await page.keyboard.press("Enter");
  const found = await turn(page, 1);
  if ((await found.locator(".chart").count()) > 0) await found.locator(".chart[data-drawn]").waitFor();
  await page.waitForFunction(() => performance.getEntriesByName("answer-drawn").length > 0);
  return page.evaluate(() => {
    const drawn = performance.getEntriesByName("answer-drawn")[0];
    const chart = performance.getEntriesByName("chart-drawn").at(-1);
    return Math.max(drawn.startTime + drawn.duration, chart?.startTime ?? 0) - drawn.startTime;
  });
}

const results = {}, work = {};
for (let round = 0; round < ROUNDS; round++) {
  for (const question of QUESTIONS) {
    await page.goto(`${url}/#/`);
    await page.evaluate(() => {
      performance.clearMeasures();
      performance.clearMarks();
    });
    let before = 0;
    const ms = await drawn(page, question, async () => (before = await threadMs()));
    if (round === 0) continue; // the server answers from its cache from here on, and the page's code is warm
    (results[question] ??= []).push(ms);
    (work[question] ??= []).push((await threadMs()) - before);
  }
}
// The first answer of a page that was opened a moment ago: the part that draws charts came while nothing else was wanted.
const first = [];
for (let round = 0; round < FRESH; round++) {
  const fresh = await open();
  const charts = fresh.waitForResponse((response) => isChart(response.url()));
  await fresh.goto(url);
  await fresh.locator(".starters button").first().waitFor();
  await (await charts).finished();
  await fresh.waitForTimeout(500); // as long as typing takes, at the least
  first.push(await drawn(fresh, "revenue by month"));
  await fresh.context().close();
}
await browser.close();

const at = (values, share) => values[Math.min(values.length - 1, Math.floor(values.length * share))];
const told = (values) => {
  values.sort((a, b) => a - b);
  return { median: Math.round(at(values, 0.5)), p95: Math.round(at(values, 0.95)), worst: Math.round(values.at(-1)) };
};
const everything = Object.values(results).flat();
const summary = { first_load_bytes: firstLoad, all_drawn_ms: told(everything), first_answer_ms: told(first), drawn_ms: {}, thread_ms: {} };
for (const [question, values] of Object.entries(results)) {
  summary.drawn_ms[question] = told(values);
  summary.thread_ms[question] = told(work[question]);
}
const text = JSON.stringify(summary, null, 2) + "\n";
process.stdout.write(text);
if (out) writeFileSync(out, text);
