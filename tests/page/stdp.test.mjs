// Learning without labels on the page: chosen by a word or a link, watched, and taken elsewhere.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { MINUTE, pages } from "./harness.mjs";
import { ask, button, knob, number, park, reads, ready, text, until, wholeTest, words } from "./reader.mjs";

const { open, test } = await pages();

const accuracy = (page) => number(page, "Test accuracy");

test("stdp: digits are told apart within seconds, and what is drawn is read", async (context) => {
  const page = await open("#rule=stdp&digit=2");
  await ready(page);
  await button(page, "Train").click();
  const start = performance.now();
  const after = async (least) => {
    await until(`${least} %`, async () => (await accuracy(page)) >= least, 2 * MINUTE);
    context.diagnostic(`${least} % of 1,000 test pictures after ${((performance.now() - start) / 1000).toFixed(1)} s`);
  };
  await after(85);
  context.diagnostic(`${await text(page, "Images per second")} images a second`);
  await after(90);
  await button(page, "Pause").click();
  const whole = Number.parseFloat(await wholeTest(page));
  context.diagnostic(`${whole} % of all test pictures, after ${await text(page, "Epoch")} epochs`);
  assert.ok(whole >= 89, `${whole} %`);
  await park(page);
  await reads(page, 2);
  // What the rule has no use for is not there.
  assert.equal(await page.locator("#loss").isVisible(), false);
  assert.equal(await page.locator("#surrogate").isVisible(), false);
});

test("stdp: it is chosen by a word, and so is the way back", async () => {
  const page = await open("#seed=3");
  await ready(page);
  const value = (name) => knob(page, name).getAttribute("aria-valuenow");
  const rule = words(page, "Rule by which it learns");
  await rule.selectOption("stdp");
  await until("the link", () => page.url().includes("rule=stdp&seed=3"));
  assert.deepEqual([await value("Hidden neurons"), await value("Time steps")], ["400", "64"]);
  await ready(page);
  await button(page, "Step").click();
  await until("a picture", async () => (await page.locator("#loss").textContent()) !== "–");
  await page.goBack();
  await until("the link before", () => !page.url().includes("rule="));
  await until("its neurons", async () => (await value("Hidden neurons")) === "256");
  await page.goForward();
  await until("the link again", () => page.url().includes("rule=stdp"));
  await rule.selectOption("surrogate-gradient");
  await until("the other rule", () => !page.url().includes("rule="));
  await until("its neurons", async () => (await value("Hidden neurons")) === "256");
  assert.equal(await value("Time steps"), "25");
  await until("no note", async () => (await page.locator("#notes").textContent()) === "");
});

test("stdp: without homeostasis one neuron wins all, and a question says why", async () => {
  const page = await open("#rule=stdp");
  await ready(page);
  await ask(page, "What if no neuron tires?");
  await until("its link", () => page.url().includes("adaptation=0"));
  await until("some pictures", async () => (await number(page, "Images per second")) > 0, 2 * MINUTE);
  await until("a test", async () => (await accuracy(page)) > 0);
  assert.ok((await accuracy(page)) < 40, "it learns nothing");
});

test("stdp: a run is kept, and its file opens as what it is", async () => {
  const page = await open("#rule=stdp&hidden=100");
  await ready(page);
  await button(page, "Train").click();
  await until("some learning", async () => (await accuracy(page)) >= 70, 2 * MINUTE);
  await button(page, "Pause").click();
  const before = await wholeTest(page);
  const epoch = await number(page, "Epoch");
  const [download] = await Promise.all([page.waitForEvent("download"), button(page, "Save weights").click()]);
  const file = readFileSync(await download.path());
  await page.reload();
  await ready(page);
  await until("where it stood", async () => (await number(page, "Epoch")) >= epoch);
  assert.equal(await wholeTest(page), before);
  const other = await open();
  await ready(other);
  await other.getByLabel("Open weights").setInputFiles({ name: "layer.safetensors", mimeType: "", buffer: file });
  await until("its rule", () => other.url().includes("rule=stdp"));
  await until("it to read as well", async () => (await text(other, "Test accuracy")) === before, MINUTE);
  await until("no note", async () => (await other.locator("#notes").textContent()) === "");
  assert.equal(await knob(other, "Hidden neurons").getAttribute("aria-valuenow"), "100");
});
