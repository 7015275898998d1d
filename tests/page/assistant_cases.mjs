// The assistant: a language model where rules end, and every step of it to be seen.
import assert from "node:assert/strict";
import { ASSISTED, SHOP, ask, test, turn } from "./harness.mjs";

const TWO_QUESTIONS = "sales by region, subsequently number of orders by category";
const text = async (locator) => (await locator.innerText()).replace(/\s+/g, " ").trim();

test("what rules cannot read the assistant may try, and shows each step", async ({ page }) => {
  await page.goto(ASSISTED);
  const first = await ask(page, TWO_QUESTIONS);
  await first.locator(".clarify").waitFor();
  await first.getByRole("button", { name: "Let the assistant try" }).click();
  const second = await turn(page, 2);
  await second.locator(".result tbody tr").first().waitFor();
  const said = await text(second.locator(".sentences").last());
  assert.match(said, /^All 4 regions together come to [\d,]+\.\d\d\.$/);
  assert.ok(!said.includes("1,234,567.89"), "what does not follow from the results is not said");
  await second.getByText("What the assistant did").click();
  const steps = second.locator(".steps li");
  await steps.first().waitFor();
  const told = await text(second.locator(".steps"));
  assert.match(told, /kind of question/);
  assert.match(told, /asked the language model/);
  assert.match(told, /Read the data/);
  assert.match(told, /1 sentences? left out/);
});

test("without a language model there is no assistant", async ({ page }) => {
  await page.goto(SHOP);
  const known = page.waitForResponse((response) => response.url().endsWith("/healthz"));
  const first = await ask(page, TWO_QUESTIONS);
  await first.locator(".clarify").waitFor();
  assert.equal((await (await known).json()).assistant, false);
  assert.equal(await first.getByRole("button", { name: "Let the assistant try" }).count(), 0);
});
