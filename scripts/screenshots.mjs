// Pictures of the page for the README: node scripts/screenshots.mjs URL (of a running `aisle serve`); writes docs/images/*.png.
// scripts/screenshots.sh starts the server over the demo's data and runs this.
import { launch, turn } from "../tests/page/harness.mjs";

const url = process.argv[2];
const browser = await launch();
const out = (name) => new URL(`../docs/images/${name}.png`, import.meta.url).pathname;

async function open(options) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, deviceScaleFactor: 1.5, reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  await page.goto(url);
  await page.locator(".starters button").first().waitFor();
  return page;
}

async function asked(page, ...questions) {
  let last;
  for (const [index, question] of questions.entries()) {
    await page.fill("#question", question);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Enter");
    last = await turn(page, index + 1);
    if ((await last.locator(".chart").count()) > 0) await last.locator(".chart[data-ready=true]").waitFor();
  }
  await page.locator("#question").blur();
  await page.waitForTimeout(400);
  return last;
}

const light = await open({ colorScheme: "light" });
await light.screenshot({ path: out("welcome") });
await asked(light, "monthly revenue in 2011");
await light.screenshot({ path: out("answer-light") });

const dark = await open({ colorScheme: "dark" });
await asked(dark, "revenue by country", "top 8 products by revenue");
await dark.locator(".turn").nth(1).scrollIntoViewIfNeeded();
await dark.evaluate(() => document.querySelectorAll(".turn")[1].scrollIntoView());
await dark.screenshot({ path: out("answer-dark") });

const drill = await open({ colorScheme: "light" });
const last = await asked(drill, "revenue by quarter");
await last.locator(".pick").nth(1).click();
await drill.locator(".menu").waitFor();
await drill.screenshot({ path: out("drill") });
await drill.keyboard.press("Escape");
await drill.goto(`${url}/#/glossary/revenue`);
await drill.locator(".book-page dl").waitFor();
await drill.screenshot({ path: out("glossary") });

const phone = await open({ colorScheme: "light", viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true });
await asked(phone, "revenue by month in 2011");
await phone.evaluate(() => window.scrollTo(0, 0));
await phone.screenshot({ path: out("phone") });
await browser.close();
