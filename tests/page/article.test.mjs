// The article under the page: its text, and its figures, which are a program of their own.

import assert from "node:assert/strict";
import { pages } from "./harness.mjs";
import { figures, frames, until } from "./reader.mjs";

const { open, test } = await pages();

const said = (page, n) => page.locator(`#figure-${n} .said`).textContent();

/** How often the neuron of figure 1 fires. */
async function spikes(page) {
  const text = await said(page, 1);
  if (/It never fires/.test(text)) return 0;
  return /It fires once/.test(text) ? 1 : Number(/It fires (\d+) times/.exec(text)[1]);
}

/** The files that a page fetches from now on, without what may come after their names. */
function fetched(page) {
  const files = [];
  page.on("request", (request) => files.push(new URL(request.url()).pathname.split("/").at(-1)));
  return files;
}

/** The middle of an element, and its size. */
async function middle(locator) {
  await locator.scrollIntoViewIfNeeded();
  const { x, y, width, height } = await locator.boundingBox();
  return { x: x + width / 2, y: y + height / 2, width, height };
}

/** Drags with the mouse over a canvas, between two places as shares of it. */
async function drag(page, locator, from, to) {
  const { x, y, width, height } = await middle(locator);
  const at = ([right, down]) => [x + (right - 0.5) * width, y + (down - 0.5) * height];
  await page.mouse.move(...at(from));
  await page.mouse.down();
  await page.mouse.move(...at(to), { steps: 8 });
  await page.mouse.up();
}

const current = (page) => page.getByLabel("Draw the current that flows into the neuron");

test("the article's figures are fetched when a reader comes near them, and not before", async () => {
  let files;
  const page = await open("", { before: async (page) => (files = fetched(page)) });
  await until("a digit", async () => /^\d/.test(await page.locator("#digit").textContent()));
  assert.ok(!files.some((file) => file.startsWith("article")), files.join(" "));
  await page.locator("#article").scrollIntoViewIfNeeded();
  await figures(page);
  assert.ok(
    files.some((file) => /^article.*\.wasm$/.test(file)),
    files.join(" "),
  );
  for (const canvas of await page.locator(".fig canvas").all()) {
    const painted = await canvas.evaluate((/** @type {HTMLCanvasElement} */ canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return data.some((value, i) => i % 4 === 3 && value > 0);
    });
    assert.ok(painted, await canvas.getAttribute("aria-label"));
  }
  const text = await page.locator("#article").innerText();
  assert.doesNotMatch(text, /[{}]/);
  assert.match(text, /that is time step \d+ of 25/);
  assert.match(text, /took [\d\u202f]+ additions/);
});

test("a current drawn into the neuron of figure 1 makes it fire, by mouse and by keyboard", async () => {
  const page = await open();
  await page.locator("#figure-1").scrollIntoViewIfNeeded();
  await figures(page);
  assert.equal(await spikes(page), 2);
  await page.locator("#figure-1").getByRole("button", { name: "none" }).click();
  await until("silence", async () => (await spikes(page)) === 0);
  await drag(page, current(page), [0.05, 0.1], [0.95, 0.1]);
  await until("many spikes", async () => (await spikes(page)) > 10);
  await drag(page, current(page), [0, 0.95], [1, 0.95]);
  await until("silence", async () => (await spikes(page)) === 0);
  const canvas = current(page);
  await canvas.focus();
  await page.keyboard.press("Home");
  for (let t = 0; t < 8; t += 1) {
    for (let notch = 0; notch < 20; notch += 1) await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowRight");
  }
  await until("spikes of the keyboard", async () => (await spikes(page)) > 1);
  const live = page.locator("#figure-1 [aria-live]");
  await until("it to be spoken", async () => (await live.textContent()) === (await said(page, 1)));
  await page.locator("#figure-1").getByRole("button", { name: "All as it was" }).click();
  await until("two spikes", async () => (await spikes(page)) === 2);
  await page.locator("#figure-1 [data-touch=click]").click({ position: { x: 30, y: 100 } });
  await until("another course", async () => (await spikes(page)) !== 2 || /0\.40/.test(await said(page, 1)));
});

test("a figure's knobs are turned, typed and chosen, and leave the page's settings alone", async () => {
  const page = await open();
  await page.locator("#figure-1").scrollIntoViewIfNeeded();
  await figures(page);
  const theta = page.getByLabel("Theta in figure 1");
  await theta.focus();
  for (let notch = 0; notch < 10; notch += 1) await page.keyboard.press("ArrowDown");
  await until("the threshold to be lower", async () => (await theta.textContent()) === "0.50");
  assert.equal(await theta.getAttribute("aria-valuenow"), "0.5");
  await until("more spikes", async () => (await spikes(page)) > 2);
  await theta.press("Enter");
  await page.keyboard.type("3");
  await page.keyboard.press("Enter");
  await until("no spike", async () => (await spikes(page)) === 0);
  await page.getByLabel("Current in figure 1").selectOption("a steady push");
  assert.equal(await page.locator(".net [data-set=threshold]").textContent(), "1.00");
  assert.equal(new URL(page.url()).hash, "");
  await page.getByLabel("Steepness in figure 3").press("Home");
  const reached = async () => Number(/reaches (\d+)/.exec(await said(page, 3))[1]);
  const wide = await until("many neurons", async () => (await reached()) > 100 && reached());
  const slope = page.locator("#figure-3 canvas").first();
  await drag(page, slope, [0.9, 0.5], [0.68, 0.5]);
  await until("few neurons", async () => (await reached()) < wide / 3);
  await page.locator("#figure-2").getByRole("button", { name: "Throw the coins again" }).click();
  const rate = page.locator("#figure-2 [data-value=rate]");
  const before = await rate.textContent();
  await drag(page, page.getByLabel("The ink of the column"), [0.1, 0.05], [0.9, 0.05]);
  await until("more spikes", async () => Number(await rate.textContent()) > Number(before));
  await page.getByLabel("Memory in figure 5").selectOption("from DRAM counts too");
  await until("the ordinary neuron", async () => /the ordinary neuron is cheaper/.test(await said(page, 5)));
  await page.getByLabel("Time step in figure 4").press("Home");
  await until("nothing to blame", async () => /No earlier current/.test(await said(page, 4)));
});

test("links to places of the page leave its settings where they are", async () => {
  const page = await open("#beta=0.8");
  await page.locator("#article").getByRole("link", { name: "weights of the hidden neurons" }).click();
  await until("the neurons", () => page.locator("#h-neurons").evaluate((place) => place === document.activeElement));
  assert.equal(new URL(page.url()).hash, "#beta=0.8");
  for (const link of await page.locator("#article a[href^='http']").all())
    assert.equal(await link.getAttribute("rel"), "noopener");
});

test("a figure alone needs neither the page's program nor an engine", async () => {
  let files;
  const page = await open("#show=figure-1", {
    before: async (page) => (files = fetched(page)),
    viewport: { width: 390, height: 700 },
  });
  await figures(page);
  await until("the scripts that come last", () => files.includes("photo.js"));
  await frames(page);
  for (const file of files) assert.doesNotMatch(file, /^(page[._]|engine|mnist|manifest)/, files.join(" "));
  for (const other of ["header", ".flow", "#figure-2", "footer", "#article h3 >> nth=0"])
    assert.ok(!(await page.locator(other).isVisible()), other);
  const heading = await page.getByRole("heading", { level: 1 }).boundingBox();
  assert.ok(heading.width <= 1 && heading.height <= 1, "the heading is only heard");
  assert.ok(await current(page).isVisible());
  await drag(page, current(page), [0.05, 0.1], [0.95, 0.1]);
  await until("many spikes", async () => (await spikes(page)) > 10);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
  await page.evaluate(() => {
    location.hash = "";
  });
  await until("the page", async () => /^\d/.test(await page.locator("#digit").textContent()));
});

test("figures fit a phone and take a finger; a finger elsewhere scrolls", async () => {
  const page = await open("", { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  await page.locator("#figure-1").scrollIntoViewIfNeeded();
  await figures(page);
  const right = (elements) => Math.max(...elements.map((element) => element.getBoundingClientRect().right));
  assert.ok((await page.locator("#article, #article *").evaluateAll(right)) <= 390);
  const action = (selector) =>
    page
      .locator(selector)
      .first()
      .evaluate((/** @type {HTMLCanvasElement} */ canvas) => getComputedStyle(canvas).touchAction);
  assert.equal(await action("#figure-1 [data-touch=draw]"), "none");
  assert.equal(await action("#figure-3 canvas"), "pan-y");
  await page.locator("#figure-1").getByRole("button", { name: "none" }).tap();
  await until("silence", async () => (await spikes(page)) === 0);
  const { x, y, height } = await middle(current(page));
  await page.touchscreen.tap(x, y - 0.4 * height);
  await until("a current", async () => /comes 0\.[45]/.test(await said(page, 1)));
});
