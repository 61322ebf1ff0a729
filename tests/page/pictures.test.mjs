// What the page's pictures tell: mistakes, numbers under the pointer, pinned neurons, and files of all of it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { MINUTE, pages } from "./harness.mjs";
import { button, figures, number, park, ready, text, until } from "./reader.mjs";

const { open, test } = await pages();

/** Opens the page with a picture that stands at its last time step. */
async function still(open, hash = "") {
  const page = await open(`#t=25${hash}`);
  await until("an answer", async () => /^\d$/.test(await text(page, "Recognised digit")));
  return page;
}

/** Saves the picture of that name as one of the dialog's kinds, and gives the file. */
async function save(page, name, kind) {
  await page.locator(`[data-save=${name}]:visible`).first().click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: kind }).click(),
  ]);
  assert.equal(await page.getByRole("dialog").count(), 0, "the dialog is closed");
  const bytes = readFileSync(await download.path());
  return { name: download.suggestedFilename(), text: bytes.toString("utf8"), bytes };
}

/** Whether the browser takes the text for an SVG file, and how many shapes there are in it. */
const shapes = (page, file) =>
  page.evaluate((file) => {
    const root = new DOMParser().parseFromString(file, "image/svg+xml").documentElement;
    if (root.nodeName !== "svg") return { broken: root.textContent };
    return {
      shapes: root.querySelectorAll("rect, circle, polyline, polygon").length,
      words: [...root.querySelectorAll("text")].map((word) => word.textContent),
      moving: root.querySelectorAll("animate").length,
    };
  }, file);

test("what is misread is told, and each picture of it is a click away from its own run", async () => {
  const page = await still(open);
  await ready(page);
  await button(page, "Read all 10 000 test pictures").click();
  await until("all of them", async () => (await page.locator("#confusion button").count()) === 100, 2 * MINUTE);
  const counts = await page
    .locator("#confusion button")
    .evaluateAll((cells) => cells.map((cell) => Number(cell.textContent || 0)));
  assert.equal(counts.length, 100);
  assert.equal(
    counts.reduce((sum, count) => sum + count),
    10_000,
  );
  const right = counts.filter((_, at) => at % 11 === 0).reduce((sum, count) => sum + count);
  assert.ok(Math.abs(right / 100 - (await number(page, "Test accuracy"))) < 0.006, `${right} on the diagonal`);
  // The most frequent mistake, by the keyboard: rows and columns by arrow keys.
  const most = counts
    .map((count, at) => (at % 11 === 0 ? 0 : count))
    .reduce((best, count, at, all) => (count > all[best] ? at : best), 0);
  await page.locator("#confusion button").first().focus();
  for (let row = 0; row < Math.floor(most / 10); row++) await page.keyboard.press("ArrowDown");
  for (let column = 0; column < most % 10; column++) await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  const [label, answer] = [Math.floor(most / 10), most % 10];
  await until(
    "its pictures",
    async () => (await page.locator("#wrong-which").textContent()) === `${label} taken for ${answer}`,
  );
  assert.equal(await page.locator("#wrong button").count(), Math.min(counts[most], 48));
  const first = page.locator("#wrong button").first();
  assert.match(await first.getAttribute("aria-label"), new RegExp(`^Test digit \\d+: ${label} as ${answer}$`));
  await first.click();
  await until("its run", async () => page.url().includes("image="));
  await park(page);
  await until("the same mistake", async () => (await text(page, "Recognised digit")) === String(answer));
  await until("the truth", async () => (await page.locator("#detail").textContent()).includes(`In truth: ${label}.`));
});

test("a link shows a picture of the test set", async () => {
  const page = await open("#t=25&image=247");
  await until("its run", async () => /^\d$/.test(await text(page, "Recognised digit")));
  assert.match(page.url(), /image=247/);
  const lit = Number.parseInt(await page.locator("#lit").textContent(), 10);
  assert.ok(lit > 20, `${lit} pixels are lit`);
});

test("every picture is saved as a drawing and as a table", async () => {
  const page = await still(open);
  await ready(page);
  const names = await page
    .locator("[data-save]:visible")
    .evaluateAll((buttons) => buttons.map((button) => button.dataset.save));
  assert.ok(names.length >= 16, names.join());
  // Scrolled past once, so that all of it has been fetched and drawn.
  for (const name of names) await page.locator(`[data-save=${name}]:visible`).first().scrollIntoViewIfNeeded();
  await until("weights", () => page.evaluate(() => document.querySelectorAll("#mosaic canvas").length > 0));
  await figures(page);
  for (const name of names.filter((name) => name !== "confusion")) {
    const drawing = await save(page, name, "As a drawing");
    assert.equal(drawing.name, `${name}.svg`);
    const seen = await shapes(page, drawing.text);
    assert.ok(
      seen.shapes > 3 && seen.words.length > 0 && seen.moving === 0,
      `${name}: ${JSON.stringify(seen).slice(0, 300)}`,
    );
    const table = await save(page, name, "Its numbers");
    const rows = table.text.trim().split("\n");
    const columns = rows[0].split(",").length;
    assert.ok(columns > 1 && rows.every((row) => row.split(",").length === columns), `${name}: ${rows[0]}`);
    if (!["loss", "accuracy"].includes(name)) assert.ok(rows.length > 10, `${name}: ${rows.length} rows`);
  }
});

test("a picture is saved in pixels, twice as many as the page takes", async () => {
  const page = await still(open);
  const file = await save(page, "hid", "As an image");
  assert.equal(file.name, "hid.png");
  assert.deepEqual([...file.bytes.subarray(1, 4)], [...Buffer.from("PNG")]);
  const stave = await page.locator("#hid").boundingBox();
  const width = file.bytes.readUInt32BE(16);
  assert.ok(Math.abs(width - 2 * (stave.width + 16)) < 8, `${width} pixels for ${stave.width}`);
});

test("a run is saved as a picture that moves", async () => {
  const page = await still(open);
  const file = await save(page, "hid", "The whole run");
  const seen = await shapes(page, file.text);
  assert.ok(seen.moving >= 5 && seen.shapes > 500, JSON.stringify(seen).slice(0, 300));
  assert.ok(seen.words.includes("Hidden spikes"), seen.words.join());
  // Outside the score nothing has time to move in.
  await page.locator("[data-save=surrogate]").click();
  assert.equal(await page.getByRole("button", { name: "The whole run" }).count(), 0);
});

test("the pointer gets the number under it, and a click pins the neuron in every picture", async () => {
  const page = await still(open);
  const tip = page.locator("#tip");
  await page.locator("#seen").hover({ position: { x: 60, y: 60 } });
  await until("a pixel's number", async () => /^row \d+, column \d+: \d+ of 255, /.test(await tip.textContent()));
  await page.locator("#field").hover({ position: { x: 30, y: 40 } });
  const named = await until("a neuron's name", async () => (await tip.textContent()).match(/^#(\d+)/)?.[0]);
  await page.locator("#field").click({ position: { x: 30, y: 40 } });
  await until("it in the score", async () => (await page.locator("#faces b").first().textContent()) === named);
  await page.locator("#mem").hover({ position: { x: 200, y: 20 } });
  await until("its voltage", async () =>
    new RegExp(`^${named} at time step \\d+: voltage -?\\d`).test(await tip.textContent()),
  );
  await page.mouse.move(5, 5);
  await until("no word", () => tip.isHidden());
});

test("silent neurons are named, and what would wake them is a click away", async () => {
  const page = await open("#threshold=20");
  await until("the cure", async () => page.locator("#cure").isVisible());
  assert.ok((await page.locator("#silent-names button").count()) > 0);
  assert.match(await page.locator("#health").textContent(), /\d+ never fire/);
  await page.locator("#cure").getByRole("button", { name: "θ = 16" }).click();
  await until("the lower threshold", async () => page.url().includes("threshold=16"));
  // Nothing gets through the layer, and its empty row says so, too.
  const wake = page.locator(".stave > #wake");
  await until("the cure at the empty row", () => wake.isVisible());
  await wake.getByRole("button").first().click();
  await until("spikes in the row", async () => !(await wake.isVisible()));
});
