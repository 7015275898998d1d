// Runs the page's cases in Chromium: node harness.mjs CASES.mjs... Prints one JSON line per case: {name, ok, seconds, detail}.
// SHOP_URL and HOSTILE_URL name running servers (tests/e2e/test_page.py starts them). --only TEXT runs some.
import { createRequire } from "node:module";
import { connect, createServer } from "node:net";
import { pathToFileURL } from "node:url";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const { chromium } = require("playwright-core");
export const axeSource = require("axe-core").source;

export const SHOP = process.env.SHOP_URL ?? "";
export const HOSTILE = process.env.HOSTILE_URL ?? "";
export const ASSISTED = process.env.ASSISTED_URL ?? "";
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
// Generous: a machine on which other things run is no failure of the page.
const CASE_MS = 300_000;
const WAIT_MS = 60_000;

const cases = [];
/** `run({page, context, browser, allow})`; what the browser complains of fails the case unless allow(pattern) names it. */
export function test(name, run) {
  cases.push({ name, run });
}

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
}

export async function openContext(browser, complaints, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(WAIT_MS);
  context.on("page", (page) => {
    page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error" || message.text().includes("Content Security Policy")) complaints.push(`console: ${message.text()} ${message.location().url}`);
    });
    page.on("request", (request) => {
      if (!/^(http:\/\/127\.0\.0\.1[:/]|blob:|data:)/.test(request.url())) complaints.push(`request to ${request.url()}`);
    });
  });
  return context;
}

/** Asks in the open page and waits for what came of it: the turn's locator. */
export async function ask(page, question) {
  const before = await page.locator(".turn").count();
  await page.fill("#question", question);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Enter");
  return turn(page, before + 1);
}

/** The nth turn, once it is no longer under way. */
export async function turn(page, number) {
  const found = page.locator(".turn").nth(number - 1);
  await found.and(page.locator(":not([data-state=running]):not([data-state=loading])")).waitFor();
  return found;
}

/** Waits until `holds()` (which may be async) is true. */
export async function until(holds, what) {
  for (const end = Date.now() + WAIT_MS; Date.now() < end; ) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  throw new Error(`waited in vain until ${what}`);
}

/** Opens an address as a visitor who comes from elsewhere: nothing of the screen before is left. */
export async function visit(page, url) {
  await page.goto("about:blank");
  await page.goto(url);
}

/** Another screen of the open page, once it has fetched what it shows. */
export async function openScreen(page, base, path) {
  await page.goto(`${base}/#/${path}`);
  await page.waitForFunction((hash) => location.hash === hash && document.querySelector("main[data-shown]")?.getAttribute("data-shown") === hash, `#/${encodeURI(path)}`);
  await page.locator("main h1, main .empty, main .note").first().waitFor();
  await page.waitForFunction(() => document.querySelector("main .waiting[role=status]") === null);
}

const doors = new Set();

/** A door between page and server on which the network's faults are acted out. */
export async function startDoor(url) {
  const target = new URL(url);
  const door = { cut: null, hold: null, swallow: null, connections: new Set(), requests: [] };
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    door.connections.add(client);
    let head = "";
    let holds = false;
    client.on("data", (chunk) => {
      const line = chunk.toString("latin1").split("\r\n", 1)[0];
      if (/^[A-Z]+ \S+ HTTP\/1\.[01]$/.test(line)) { // a body may come in a piece of its own
        head = line;
        door.requests.push(head);
      }
      if (door.swallow?.(head)) return; // it never arrives, and nobody says so
      upstream.write(chunk);
    });
    upstream.on("data", async (chunk) => {
      const text = chunk.toString("latin1");
      const accepted = text.indexOf("event: accepted");
      if (accepted >= 0 && door.cut?.(head)) {
        // The first event gets through, whole; then the line is dead.
        door.cut = null;
        upstream.pause();
        client.write(chunk.subarray(0, text.indexOf("\n\n", accepted) + 2), () => setTimeout(() => client.destroy(), 50));
        return;
      }
      const upTo = door.tellsUntil === undefined ? -1 : text.indexOf(`event: ${door.tellsUntil}`);
      if (door.tellsUntil !== undefined && upTo < 0 && !holds) {
        if (!client.destroyed) client.write(chunk);
        return;
      }
      // The answer's head may come before its first event, in a piece of its own.
      const onlyHead = accepted < 0 && text.startsWith("HTTP/1.1 200") && text.endsWith("\r\n\r\n");
      if (door.hold?.(head) && !(door.tellsAccepted && onlyHead)) {
        // What was accepted is told; the rest waits.
        const told = holds ? 0 : upTo >= 0 ? Math.max(0, text.lastIndexOf("\n\n", upTo) + 2) : door.tellsAccepted && accepted >= 0 ? text.indexOf("\n\n", accepted) + 2 : 0;
        if (told > 0) client.write(chunk.subarray(0, told));
        holds = true; // what comes behind waits too
        await door.holding;
        if (!client.destroyed) client.write(chunk.subarray(told));
        return;
      }
      if (!client.destroyed) client.write(chunk);
    });
    const end = () => {
      door.connections.delete(client);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.on("close", end).on("error", end);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  door.url = `http://127.0.0.1:${server.address().port}`;
  door.holdUntil = (which) => {
    let release;
    door.hold = which;
    door.holding = new Promise((resolve) => (release = resolve));
    return () => {
      door.hold = null;
      release();
    };
  };
  doors.add(door);
  door.close = () => {
    doors.delete(door);
    for (const client of door.connections) client.destroy();
    return new Promise((resolve) => server.close(resolve));
  };
  return door;
}

function within(promise, ms) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`took longer than ${ms / 1000} s`)), ms)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** One try of a case: what went wrong, "" when nothing did. */
async function tryCase(browser, { name, run }) {
  const complaints = [];
  const allowed = [];
  const context = await openContext(browser, complaints);
  let detail = "";
  try {
    const page = await context.newPage();
    await within(run({ page, context, browser, complaints, allow: (pattern) => allowed.push(pattern) }), CASE_MS);
    const unexpected = complaints.filter((text) => !allowed.some((pattern) => pattern.test(text)));
    if (unexpected.length > 0) detail = unexpected.slice(0, 5).join("\n");
  } catch (error) {
    detail = `${error.stack ?? error}\n${complaints.slice(0, 5).join("\n")}`;
    const page = context.pages()[0];
    if (process.env.SHOTS && page) await page.screenshot({ path: `${process.env.SHOTS}/${name.replace(/\W+/g, "-")}.png` }).catch(() => undefined);
  }
  await context.close().catch(() => undefined);
  for (const door of doors) await door.close(); // of a case that failed: an open door keeps the program alive
  return detail;
}

/** In CI a browser on a busy machine gets a second try, which the run's report tells; at one's own desk it gets none. */
const TRIES = process.env.CI ? 2 : 1;

async function runCase(browser, one) {
  const started = Date.now();
  const tries = [];
  while (tries.length < TRIES && tries.at(-1) !== "") tries.push(await tryCase(browser, one));
  const detail = tries.at(-1);
  const flaky = detail === "" && tries.length > 1 ? tries[0] : "";
  process.stdout.write(JSON.stringify({ name: one.name, ok: detail === "", seconds: (Date.now() - started) / 1000, detail, flaky }) + "\n");
}

async function main() {
  const only = process.argv.includes("--only") ? process.argv[process.argv.indexOf("--only") + 1] : "";
  for (const file of process.argv.slice(2).filter((one) => one.endsWith(".mjs"))) await import(pathToFileURL(file).href);
  const browser = await launch();
  for (const one of cases) {
    if (one.name.includes(only)) await runCase(browser, one);
  }
  await browser.close();
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main().then(
    () => process.exit(0),
    (error) => {
      process.stderr.write(`${error.stack ?? error}\n`);
      process.exit(1);
    },
  );
}
