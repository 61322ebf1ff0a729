// Convolutions on the page: said in words, turned, trained, seen as maps, and taken elsewhere.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { MINUTE, pages } from "./harness.mjs";
import { ask, button, knob, number, park, reads, ready, text, until, words } from "./reader.mjs";

const { open, test } = await pages();

test("maps: strokes are looked for, learnt within seconds, and a digit is read", async (context) => {
  const page = await open("#digit=2");
  await ready(page);
  await ask(page, "What if neurons look for strokes?");
  await until("its link", () => page.url().includes("hidden=16c5s2,32c5s2"));
  assert.match(await page.locator("#network-now").textContent(), /^16 maps of 5 × 5, every 2 → 32 maps of 5 × 5/);
  // Some seconds of training answer the question; what is asked here takes more.
  await until("the answer", async () => (await button(page, "Train").count()) > 0, MINUTE);
  await button(page, "Train").click();
  const start = performance.now();
  await until("95 %", async () => (await number(page, "Test accuracy")) >= 95, 2 * MINUTE);
  context.diagnostic(
    `95 % of 1,000 test pictures ${((performance.now() - start) / 1000).toFixed(1)} s after Train, which went on from the answer`,
  );
  context.diagnostic(`${await text(page, "Images per second")} images a second`);
  await button(page, "Pause").click();
  await park(page);
  await reads(page, 2);
  // A neuron is called by its map and its place there, and has its kernel beside it.
  assert.match(await page.locator("#faces b").first().textContent(), /^#\d+ at \d+, \d+$/);
});

test("maps: their number is turned, and layers behind them are taken off and added", async () => {
  const page = await open("#hidden=4c5s3,8&time-steps=9");
  await ready(page);
  const value = (name) => knob(page, name).getAttribute("aria-valuenow");
  assert.deepEqual(
    [await value("Feature maps"), await value("Side of a kernel"), await value("Stride")],
    ["4", "5", "3"],
  );
  assert.equal(await knob(page, "Hidden neurons").isVisible(), false);
  await page.locator("details.tune:has(#network-now)").evaluate((tune) => tune.setAttribute("open", ""));
  await knob(page, "Feature maps").focus();
  await page.keyboard.press("ArrowUp");
  await until("more maps", () => page.url().includes("hidden=8c5s3,8"));
  await ready(page);
  await button(page, "Remove the last layer").click();
  await until("one layer", () => /hidden=8c5s3(&|$)/.test(page.url()));
  await ready(page);
  await button(page, "Add a layer").click();
  await until("two layers again", () => /hidden=8c5s3,\d+(&|$)/.test(page.url()));
});

test("maps: the network that ships reads, and its file opens as what it is", async () => {
  const page = await open("#digit=4");
  await ready(page);
  await words(page, "Trained network").selectOption("mnist-conv");
  await until("its link", () => page.url().includes("model=mnist-conv"));
  await ready(page);
  await park(page);
  await reads(page, 4);
  const [download] = await Promise.all([page.waitForEvent("download"), button(page, "Save weights").click()]);
  const file = readFileSync(await download.path());
  const header = JSON.parse(file.subarray(8, 8 + Number(file.readBigUInt64LE())).toString());
  const [maps, channels, rows, columns] = header["layers.0.weight"].shape;
  assert.deepEqual([channels, rows, columns, header.__metadata__.pixels], [1, 5, 5, "784"]);
  assert.ok(maps >= 16);
});
