// What words mean to whoever asks: said in a question or on their own page, shown, changed, forgotten.
import assert from "node:assert/strict";
import { SHOP, ask, test } from "./harness.mjs";

const text = async (locator) => (await locator.innerText()).replace(/\s+/g, " ").trim();

test("a word is taught in a question, changed on its page and forgotten", async ({ page }) => {
  const word = `wonga${Date.now().toString(36)}`;
  await page.goto(SHOP);
  const taught = await ask(page, `by ${word} I mean sales`);
  assert.match(await text(taught), new RegExp(`From now on '${word}' is read as 'sales'`));
  const read = await ask(page, `${word} by region`);
  await read.locator(".result").waitFor();
  assert.match(await text(read), new RegExp(`'${word}' was read as 'sales'`, "i"));
  await page.getByRole("link", { name: "Your words" }).click();
  const entry = page.locator(".words li").filter({ hasText: word });
  await entry.getByText("used 1 time").waitFor();
  assert.match(await text(entry), /means sales/);
  await entry.getByRole("button", { name: `Change what ${word} means` }).click();
  await page.getByRole("dialog").getByRole("textbox", { name: "I mean" }).fill("profit");
  await page.getByRole("button", { name: "Keep" }).click();
  await entry.getByText("profit").waitFor();
  await page.goBack();
  const again = await ask(page, `${word} by category`);
  await again.locator(".result").waitFor();
  assert.match(await text(again), /Profit/);
  await page.getByRole("link", { name: "Your words" }).click();
  await entry.getByRole("button", { name: `Forget ${word}` }).click();
  await entry.waitFor({ state: "detached" });
});

test("a word is taught on its page; one that names nothing is refused where it is said", async ({ page }) => {
  const word = `lolly${Date.now().toString(36)}`;
  await page.goto(`${SHOP}/#/words`);
  await page.getByRole("textbox", { name: "When I say" }).fill(word);
  await page.getByRole("textbox", { name: "I mean" }).fill("number of orders");
  await page.getByRole("button", { name: "Remember" }).click();
  const entry = page.locator(".words li").filter({ hasText: word });
  await entry.waitFor();
  assert.equal(await page.getByRole("textbox", { name: "When I say" }).inputValue(), "");
  await page.reload();
  await entry.waitFor();
  await page.getByRole("link", { name: "Ask", exact: true }).click();
  const read = await ask(page, `${word} by region`);
  await read.locator(".result").waitFor();
  const refused = await ask(page, `by ${word} I mean wibble`);
  assert.match(await text(refused), /Nothing in the data is called 'wibble'/);
  const forgotten = await ask(page, `forget what I mean by ${word}`);
  assert.match(await text(forgotten), /is read as it stands again/);
});
