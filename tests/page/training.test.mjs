// Training, and the weights that come of it, from files and into files.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { trained } from "./engine.mjs";
import { dist, MINUTE, pages } from "./harness.mjs";
import { button, knob, number, park, reads, ready, text, until, wholeTest } from "./reader.mjs";
import { kept } from "./runs.mjs";
import { draw } from "./site.mjs";

const { open, test } = await pages();

/** Lets the engine's worker run into what a panic of its program compiles to. */
function crash(page) {
  return page
    .workers()
    .at(-1)
    .evaluate(() => {
      const unreachable = [
        0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 5, 1, 3, 0, 0, 11,
      ];
      const module = new WebAssembly.Module(new Uint8Array(unreachable));
      const { f } = new WebAssembly.Instance(module).exports;
      if (f instanceof Function) setTimeout(() => f());
    });
}

test("trains to the same weights as the native program, to the bit", async () => {
  const page = await open();
  await ready(page);
  const cases = JSON.parse(readFileSync(new URL("../reproducible.json", import.meta.url), "utf8"));
  for (const { spec, sha256, steps = 200 } of cases)
    assert.equal(await page.evaluate(trained, { spec, steps }), sha256, JSON.stringify(spec));
});

test("trains to the same weights with one worker, two and three", async () => {
  const page = await open();
  await ready(page);
  const [{ spec }] = JSON.parse(readFileSync(new URL("../reproducible.json", import.meta.url), "utf8"));
  const started = page.workers().length;
  let expected;
  for (const workers of [1, 2, 3]) {
    const seen = new Set();
    const hears = (worker) => seen.add(worker);
    page.on("worker", hears);
    const sum = await page.evaluate(trained, { spec: { ...spec, "batch-size": 100 }, workers });
    expected ??= sum;
    assert.equal(sum, expected, `${workers} workers`);
    page.off("worker", hears);
    assert.equal(seen.size, workers, "the engine and its helpers");
  }
  await until("they are gone", async () => page.workers().length === started);
});

test("trains to 90 % on the real test set, pauses, and resets", async () => {
  const page = await open();
  await ready(page);
  await button(page, "Train").click();
  await button(page, "Pause").waitFor();
  await until("90 %", async () => (await number(page, "Test accuracy")) >= 90, 3 * MINUTE);
  assert.ok((await number(page, "Images per second")) > 0);
  assert.ok((await number(page, "Training loss")) < 1);
  await button(page, "Pause").click();
  await ready(page);
  const loss = await text(page, "Training loss");
  // The engine is asked for this after the pause, and would have told of more training before.
  await wholeTest(page);
  assert.ok((await number(page, "Test accuracy")) >= 90);
  assert.equal(await text(page, "Training loss"), loss, "it stands still");
  await button(page, "Clear").click();
  await draw(page, 7);
  await park(page);
  await reads(page, 7);
  await button(page, "Reset").click();
  await until(
    "a fresh start",
    async () => Number.isNaN(await number(page, "Test accuracy")) || (await number(page, "Test accuracy")) < 40,
  );
  assert.equal(await text(page, "Epoch"), "0");
});

test("one step is one batch", async () => {
  const page = await open();
  await ready(page);
  await button(page, "Step").click();
  await until("a loss", async () => (await number(page, "Training loss")) > 0);
  await ready(page);
  assert.ok((await number(page, "Training loss")) > 1.5, "one batch teaches little");
});

test("a crashed engine is started anew with the weights that it had, and goes on", async () => {
  const page = await open("#hidden=64", { expected: ["unreachable"] });
  const note = () => page.locator("#notes").textContent();
  await ready(page);
  await button(page, "Train").click();
  await until("a trained network", async () => (await number(page, "Test accuracy")) >= 88);
  await until("it to be kept", async () => (await kept(page)).length === 1);
  await crash(page);
  await until("a note", async () => /started anew, from the weights/.test(await note()));
  await button(page, "Pause").waitFor();
  const accuracy = await until("a test of what was saved", () => number(page, "Test accuracy"));
  // A slow machine has not learnt much in the second after which the first snapshot is taken; random weights give 10 %.
  assert.ok(accuracy >= 60, `it goes on at ${accuracy} %, not from the start`);
  await button(page, "Pause").click();
  const before = await wholeTest(page);
  await crash(page);
  await until("nothing measured", async () => (await text(page, "Test accuracy")) === "–");
  assert.equal(await wholeTest(page), before);
  await button(page, "Train").waitFor();
});

test("weights are saved as a file, and a file is opened", async () => {
  const page = await open("#hidden=64&beta=0.8");
  await ready(page);
  await button(page, "Train").click();
  await until("a trained network", async () => (await number(page, "Test accuracy")) >= 85);
  await button(page, "Pause").click();
  const accuracy = await wholeTest(page);
  const [download] = await Promise.all([page.waitForEvent("download"), button(page, "Save weights").click()]);
  assert.equal(download.suggestedFilename(), "network.safetensors");
  const file = readFileSync(await download.path());

  const other = await open();
  await ready(other);
  const give = (buffer) =>
    other.getByLabel("Open weights").setInputFiles({ name: "n.safetensors", mimeType: "", buffer });
  await give(Buffer.from("nonsense"));
  await until("a note", async () => /not opened/.test(await other.locator("#notes").textContent()));
  await give(file);
  await until("it to read as well as it did", async () => (await text(other, "Test accuracy")) === accuracy, MINUTE);
  await until("no note", async () => (await other.locator("#notes").textContent()) === "");
  assert.equal(await knob(other, "Hidden neurons").getAttribute("aria-valuenow"), "64");
  await button(other, "Clear").click();
  await draw(other, 1);
  await park(other);
  await reads(other, 1);
  await button(other, "Train").click();
  const next = await until("a test", () => number(other, "Test accuracy"));
  assert.ok(next > 75, `it learns on from there: ${next} %`);
  await other.context().close();
});

test("opens another network that ships: its settings, its accuracy, its link", async () => {
  const page = await open("#digit=7");
  await ready(page);
  const value = (page, name) => knob(page, name).getAttribute("aria-valuenow");
  const before = [await value(page, "Hidden neurons"), await value(page, "Time steps")];
  await page.getByRole("combobox", { name: "Trained network", exact: true }).selectOption("mnist-small");
  await until("the link", () => page.url().includes("model=mnist-small"));
  await until("other settings", async () => (await value(page, "Hidden neurons")) !== before[0]);
  const small = [await value(page, "Hidden neurons"), await value(page, "Time steps")];
  const accuracy = await wholeTest(page);
  assert.ok(Number.parseFloat(accuracy) > 90, accuracy);
  await park(page);
  await reads(page, 7);
  for (const hash of [new URL(page.url()).hash, "#model=mnist-small&digit=7"]) {
    const other = await open(hash);
    await reads(other, 7);
    assert.deepEqual([await value(other, "Hidden neurons"), await value(other, "Time steps")], small, hash);
    assert.equal(await other.locator("#notes").textContent(), "");
    await other.context().close();
  }
  await page.getByRole("combobox", { name: "Trained network", exact: true }).selectOption("mnist");
  await until("the settings as they were", async () => (await value(page, "Hidden neurons")) === before[0]);
  await until("the link", () => !page.url().includes("model="));
  await page.evaluate(() => {
    location.hash = "#model=wings";
  });
  await until("a note", async () => /no trained network `wings`/.test(await page.locator("#notes").textContent()));
});

test("weights that are cut off or are no numbers are not opened, and the network stays", async () => {
  const page = await open();
  await park(page);
  await reads(page, 2);
  const file = readFileSync(`${dist}/models/mnist.safetensors`);
  const spoilt = Buffer.from(file);
  spoilt.writeFloatLE(Number.NaN, file.length - 4000);
  const note = () => page.locator("#notes").textContent();
  for (const { buffer, reason } of [
    { buffer: file.subarray(0, file.length - 100), reason: /cut off/ },
    { buffer: spoilt, reason: /NaN/ },
    { buffer: Buffer.alloc(0), reason: /cut off/ },
  ]) {
    await page.getByLabel("Open weights").setInputFiles({ name: "n.safetensors", mimeType: "", buffer });
    await until(`a note with ${reason}`, async () => /not opened/.test(await note()) && reason.test(await note()));
    for (const digit of [7, 1]) {
      await button(page, "Clear").click();
      await draw(page, digit);
      await park(page);
      await reads(page, digit);
    }
    assert.ok(!page.url().includes("from="), page.url());
  }
});

test("a link says that weights came from a file, and the page that it cannot carry it", async () => {
  const page = await open("#digit=7");
  await ready(page);
  const buffer = readFileSync(`${dist}/models/mnist-small.safetensors`);
  await page.getByLabel("Open weights").setInputFiles({ name: "n.safetensors", mimeType: "", buffer });
  await until("the link", () => /from=file/.test(page.url()));
  assert.ok(page.url().includes("hidden=") && !page.url().includes("shipped"), page.url());
  const accuracy = await wholeTest(page);
  const from = page.getByRole("combobox", { name: "Weights to start from", exact: true });
  assert.equal(await from.inputValue(), "file");
  await button(page, "Reset").click();
  await until("random weights", async () => (await from.inputValue()) === "random");
  await from.selectOption("file");
  await park(page);
  await reads(page, 7);
  await until("the link again", () => /from=file/.test(page.url()));
  await page.reload();
  await until("a note", async () => /file.*cannot carry/.test(await page.locator("#notes").textContent()));
  await ready(page);
  assert.equal(await from.inputValue(), "random");
  await page.getByLabel("Open weights").setInputFiles({ name: "n.safetensors", mimeType: "", buffer });
  assert.equal(await wholeTest(page), accuracy);
  await until("no note", async () => (await page.locator("#notes").textContent()) === "");
});
