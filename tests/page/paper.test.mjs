// The page on paper: every picture of it, also those that nobody has scrolled to.

import assert from "node:assert/strict";
import { pages } from "./harness.mjs";
import { figures, ready, text, until } from "./reader.mjs";

const { open, test } = await pages();

/** Of every canvas that is shown: its name, whether anything is painted on it, and the mean of what is. */
const INK = `(() => [...document.querySelectorAll("canvas")].filter((canvas) => canvas.checkVisibility({ visibilityProperty: true })).map((canvas) => {
  const name = canvas.id || canvas.getAttribute("aria-label") || canvas.parentElement.getAttribute("aria-label") || canvas.parentElement.className || canvas.outerHTML;
  if (canvas.width === 0 || canvas.height === 0) return { name, ink: false };
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let [ink, darkest] = [0, 255];
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] === 0) continue;
    ink += 1;
    if (data[i + 3] === 255) darkest = Math.min(darkest, data[i] + data[i + 1] + data[i + 2]);
  }
  return { name, ink: ink > 0, darkest };
}))()`;

/** The page, and nobody has scrolled; what it asks for while it rests has come. */
async function rested(open, options) {
  const page = await open("#t=25", options);
  await ready(page);
  await until("an answer", async () => /^\d$/.test(await text(page, "Recognised digit")));
  await figures(page);
  await until("the weights", () =>
    page.evaluate(
      () =>
        document.querySelectorAll("#graph-neurons button").length > 0 &&
        document.querySelector("#health").textContent !== "",
    ),
  );
  assert.equal(await page.evaluate(() => scrollY), 0);
  return page;
}

const empty = (pictures) => pictures.filter(({ ink }) => !ink).map(({ name }) => name);

test("printed, every picture is there before anybody has scrolled to it", async () => {
  const page = await rested(open);
  // Printing waits for nothing: what is painted when the page has heard of it is what is printed.
  await page.evaluate(`addEventListener("beforeprint", () => { window.printed = ${INK}; })`);
  const pdf = await page.pdf({ format: "A4" });
  const printed = (await page.evaluate(() => window.printed)) ?? [];
  assert.ok(printed.length > 80, `${printed.length} pictures`);
  assert.deepEqual(empty(printed), []);
  // Where canvases are painted anew in the file, each is a mask over the page so far, and viewers lose some of them.
  const file = pdf.toString("latin1");
  assert.equal(file.match(/\/S \/Alpha/g), null, "no masks");
  assert.ok(file.match(/\/Subtype \/Image/g).length >= printed.length, "pictures in the file");
});

test("on paper a dark page is light, and what can only be pressed is not there", async () => {
  const page = await rested(open, { colorScheme: "dark" });
  const colour = (property) =>
    page.evaluate((property) => getComputedStyle(document.documentElement).getPropertyValue(property), property);
  assert.equal(await colour("--ink"), "#eceef0");
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await until("light colours", async () => (await colour("--ink")) === "#14171c");
  assert.equal(
    await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor),
    "rgb(255, 255, 255)",
  );
  await until("every picture", async () => empty(await page.evaluate(INK)).length === 0);
  const race = (await page.evaluate(INK)).find(({ name }) => name === "race");
  assert.ok(race.darkest < 120, "dark on white");
  for (const name of ["Train", "Clear", "Play the animation", "Save weights", "Copy link"])
    assert.equal(await page.getByRole("button", { name, exact: true }).count(), 0, name);
  await page.emulateMedia({ media: "screen", colorScheme: "dark" });
  await until("its own colours", async () => (await colour("--ink")) === "#eceef0");
  await until("a light race", async () => (await page.evaluate(INK)).find(({ name }) => name === "race").darkest > 120);
});
