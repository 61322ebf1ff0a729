// Networks that leave the page for a chip and other programs, and files of those.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { MINUTE, pages } from "./harness.mjs";
import { button, knob, park, reads, ready, text, until, words } from "./reader.mjs";

const { open, test } = await pages();

const told = async (page) => (await page.locator("#chip-told").textContent()) ?? "";
/** A file that a click hands over. @returns {Promise<[string, Buffer][]>} */
async function files(page, name, count) {
  const all = [];
  const collect = (download) => all.push(download);
  page.on("download", collect);
  await button(page, name).click();
  await until(`${count} files`, () => all.length >= count, MINUTE);
  page.off("download", collect);
  return Promise.all(all.map(async (download) => [download.suggestedFilename(), readFileSync(await download.path())]));
}

test("chips: a network is put on the chip, measured there, and its spikes are compared", async () => {
  const page = await open("#digit=2");
  await ready(page);
  assert.equal(await page.locator("#chip-body").isVisible(), false);
  await button(page, "See this network on Loihi").click();
  await until(
    "the first test pictures",
    async () => /rightly on the chip, 9[0-9.]+ % in floats/.test(await told(page)),
    MINUTE,
  );
  const table = () => page.locator("#chip-table").textContent();
  await until("its costs", async () => ((await table()) ?? "").includes("Energy"));
  assert.match((await table()) ?? "", /Neurons266.*Synapses203,264.*of 1282.*picture27/);
  const compared = page.locator("#chip-compared");
  assert.match(
    (await compared.textContent()) ?? "",
    /spikes in both, \d+ only in floats, \d+ only on the chip.*read as 2 in floats, as 2/,
  );
  const before = await page.locator("#chip-rasters").getAttribute("src");
  // Another picture is run through both.
  await page.keyboard.press("7");
  await until("the other picture", async () => (await page.locator("#chip-rasters").getAttribute("src")) !== before);
  await until("its answer", async () => /read as 7 in floats/.test((await compared.textContent()) ?? ""));
  // Fewer bits: it is measured again, and the curve gets another point.
  await words(page, "Bits of a weight on the chip").selectOption("2");
  await until("two bits", async () => Number(((await told(page)).match(/^([0-9.]+) % of/) ?? [])[1]) < 60, MINUTE);
  assert.equal(await page.locator("#notes").textContent(), "");
});

test("chips: networks leave as files that open here again", async () => {
  const page = await open("#hidden=16&time-steps=7&seed=5");
  await ready(page);
  await button(page, "See this network on Loihi").click();
  await until("its files", () => page.locator("#chip-files").isVisible(), MINUTE);
  const [[name, nir]] = await files(page, "NIR", 1);
  assert.equal(name, "network.nir");
  const [[, net]] = await files(page, "Loihi’s .net", 1);
  assert.deepEqual(
    [nir, net].map((file) => file.subarray(1, 4).toString()),
    ["HDF", "HDF"],
  );
  const program = await files(page, "NumPy", 2);
  assert.deepEqual(program.map(([name]) => name).sort(), ["network_numpy.py", "network_numpy.safetensors"]);
  assert.ok(program.some(([, file]) => file.toString().includes("def spiking_layer")));
  const other = await open();
  await ready(other);
  const give = (name, buffer) => other.getByLabel("Open weights").setInputFiles({ name, mimeType: "", buffer });
  await give("mine.nir", nir);
  await until("its settings", async () => (await knob(other, "Hidden neurons").getAttribute("aria-valuenow")) === "16");
  await until("its time", async () => (await knob(other, "Time steps").getAttribute("aria-valuenow")) === "7");
  assert.equal(await other.locator("#notes").textContent(), "");
  // Dropped anywhere they open too.
  await other.evaluate(
    (bytes) => {
      const held = new DataTransfer();
      held.items.add(new File([new Uint8Array(bytes)], "dropped.net"));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: held, bubbles: true, cancelable: true }));
    },
    [...net],
  );
  await until("Loihi’s decay", async () =>
    ((await knob(other, "Beta, the share of the voltage that stays").textContent()) ?? "").startsWith("0.8999"),
  );
  // Damaged ones are refused, and nothing is lost.
  await give("cut.nir", nir.subarray(0, 2000));
  await until("a reason", async () => /HDF5/.test((await other.locator("#notes").textContent()) ?? ""));
  assert.equal(await knob(other, "Hidden neurons").getAttribute("aria-valuenow"), "16");
});

test("chips: what cannot go there is said", async () => {
  const page = await open("#rule=stdp&digit=1");
  await ready(page);
  await button(page, "See this network on Loihi").click();
  await until("why not", async () => /cannot go there.*rule=stdp.*inhibit each other/.test(await told(page)), MINUTE);
  await park(page);
  await reads(page, 1);
  assert.notEqual(await text(page, "Test accuracy"), "–");
});
