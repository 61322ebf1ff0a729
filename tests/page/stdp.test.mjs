// Learning without labels on the page: chosen by a word or a link, watched, and taken elsewhere.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { MINUTE, pages } from "./harness.mjs";
import { ask, button, knob, number, park, reads, ready, text, until, wholeTest, words } from "./reader.mjs";

const { open, test } = await pages();

const accuracy = (page) => number(page, "Test accuracy");

test("stdp: digits are told apart within seconds, and what is drawn is read", async (context) => {
  const page = await open("#rule=stdp&digit=2&pace=full");
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
  const page = await open("#rule=stdp&hidden=100&pace=full");
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

test("stdp: one watches digits become neurons, one by one and then faster", async () => {
  const page = await open("#rule=stdp&hidden=36&seed=3");
  await ready(page);
  const told = () => page.locator("#fields-told").textContent();
  const shown = async () => Number.parseInt(((await told()) ?? "").match(/^([0-9]+) pictures/)?.[1] ?? "0", 10);
  await until("what to do", async () => ((await told()) ?? "").includes("36 neurons with random weights"));
  // Colours of a field's middle: grey as long as the neuron has never fired.
  const coloured = () =>
    page.evaluate(() => {
      const canvas = /** @type {HTMLCanvasElement} */ (document.getElementById("fields-mosaic"));
      const pixels = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      const fields = new Set();
      for (let i = 0; i < pixels.length; i += 4) {
        const [r, g, b] = [pixels[i], pixels[i + 1], pixels[i + 2]];
        const [x, y] = [(i / 4) % canvas.width, Math.floor(i / 4 / canvas.width)];
        if (Math.max(r, g, b) - Math.min(r, g, b) > 60) fields.add(`${Math.floor(x / 29)},${Math.floor(y / 29)}`);
      }
      return { fields: fields.size, width: canvas.width };
    });
  assert.deepEqual(await coloured(), { fields: 0, width: 6 * 29 });
  await button(page, "Step").click();
  await until("the first picture", async () => (await shown()) === 1);
  await until("its neuron", async () => (await coloured()).fields >= 1);
  const newest = page.locator("#newest-told");
  await until("what it showed", async () => /^shows \d: #\d+ fired/.test((await newest.textContent()) ?? ""));
  await button(page, "Train").click();
  await until("some pictures", async () => (await shown()) >= 5);
  const { fields } = await coloured();
  assert.ok(fields >= 2 && fields < 25, `${fields} fields after a few pictures`);
  // It becomes faster by itself, and each neuron something.
  await until("all neurons", async () => (await coloured()).fields >= 34, MINUTE);
  await until("full speed", async () => (await number(page, "Images per second")) > 1000, MINUTE);
  await words(page, "How fast pictures pass").selectOption("5");
  await until("the link", () => page.url().includes("pace=5"));
  await until("five a second", async () => Math.abs((await number(page, "Images per second")) - 5) < 3, MINUTE);
  await button(page, "Pause").click();
  // Neurons in the order of what they stand for; the numbers beside the colours are all of them.
  const legend = await page.locator("#fields-legend span").allTextContents();
  assert.equal(
    legend.reduce((sum, count) => sum + Number(count), 0),
    36,
  );
  await button(page, "Sort by class").click();
  await until("sorted", async () => (await button(page, "Sort by class").getAttribute("aria-pressed")) === "true");
  // The keyboard goes from field to field; Enter puts a neuron's voltage in the score.
  await page.locator("#fields-mosaic").focus();
  await page.keyboard.press("ArrowRight");
  await until("the first field", async () => /Neuron #\d+ stands for \d/.test((await told()) ?? ""));
  const neuron = ((await told()) ?? "").match(/Neuron (#\d+)/)?.[1];
  await page.keyboard.press("Enter");
  await until("its voltage", async () =>
    (await page.locator("#faces b").first().textContent())?.includes(neuron ?? "?"),
  );
  // Others, with the mouse.
  const box = await page.locator("#fields-mosaic").boundingBox();
  assert.ok(box);
  await page.mouse.click(box.x + box.width * 0.9, box.y + box.height * 0.9);
  await until("the last", async () => (await page.locator("#faces b").first().textContent()) !== neuron);
  const [file] = await Promise.all([page.waitForEvent("download"), button(page, "Save: receptive fields").click()]);
  const svg = readFileSync(await file.path(), "utf8");
  assert.ok(svg.includes("data:image/png;base64,") && svg.includes("Receptive fields"), svg.slice(0, 200));
});

test("stdp: the network that ships learnt without labels, and opens by its link", async () => {
  const page = await open("#rule=stdp&digit=4");
  await ready(page);
  await until("its accuracy", async () => (await accuracy(page)) > 92);
  await park(page);
  await reads(page, 4);
  await until("its fields", async () =>
    /neurons have fired|400/.test((await page.locator("#fields-told").textContent()) ?? ""),
  );
  await until("who reads it", async () =>
    /picture in hand makes #\d+ \(4\)/.test((await page.locator("#fields-told").textContent()) ?? ""),
  );
  assert.equal(await page.locator("#notes").textContent(), "");
});
