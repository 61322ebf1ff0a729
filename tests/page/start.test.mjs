// The page as it opens: drawing, links, keys, and whatever size its window has.

import assert from "node:assert/strict";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { dist, MINUTE, pages } from "./harness.mjs";
import { button, frames, knob, number, output, park, reads, ready, text, turn, until, wholeTest } from "./reader.mjs";
import { draw } from "./site.mjs";

const { browser, open, test, watch } = await pages();

test("without a graphics card the page says so where one was asked for", async () => {
  const page = await open("#engine=gpu");
  await until("a sentence", async () => /no graphics card/.test(await page.locator("#engine-note").textContent()));
  await until("the engine", async () => (await text(page, "Engine")) === "CPU");
});

test("opens alive: the shipped network reads a digit before anything was trained", async () => {
  const page = await open();
  await until("a digit", async () => /^\d$/.test(await text(page, "Recognised digit")), 20_000);
  for (const name of ["Train", "Step", "Reset", "Clear"]) assert.equal(await button(page, name).count(), 1, name);
  for (const name of ["Test accuracy", "Training loss", "Images per second", "Epoch", "Engine", "Recognised digit"])
    assert.equal(await output(page, name).count(), 1, name);
  assert.equal(await page.getByLabel("Draw a digit").count(), 1);
  assert.equal(await text(page, "Epoch"), "0");
  await until("the engine's name", async () => (await text(page, "Engine")) === "CPU");
});

test("a drawn 7 is read while its spikes are shown; an empty pad says nothing", async () => {
  const page = await open();
  await until("a digit", async () => /^\d$/.test(await text(page, "Recognised digit")), 20_000);
  await button(page, "Clear").click();
  await until("no digit", async () => !/^\d$/.test(await text(page, "Recognised digit")));
  for (const digit of [7, 3, 1]) {
    await button(page, "Clear").click();
    await draw(page, digit);
    await park(page);
    await reads(page, digit);
  }
  const marks = await page.locator("#in").evaluate((/** @type {HTMLCanvasElement} */ canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.filter((value, i) => i % 4 === 3 && value > 0).length;
  });
  assert.ok(marks > 100, "the input stave shows spikes");
});

test("a link restores the settings, and settings make a link", async () => {
  const page = await open("#hidden=64&seed=3&time-steps=12");
  await ready(page);
  const value = (name) => knob(page, name).getAttribute("aria-valuenow");
  assert.equal(await value("Hidden neurons"), "64");
  assert.equal(await value("Time steps"), "12");
  await until(
    "twelve time steps on the slider",
    async () => (await page.getByRole("slider", { name: "Time step" }).getAttribute("max")) === "12",
  );
  await turn(page, "Time steps", "ArrowUp");
  await until("the link", () => page.url().includes("time-steps=13"));
  assert.ok(page.url().includes("hidden=64") && page.url().includes("seed=3"), page.url());
  await page.reload();
  await ready(page);
  assert.equal(await value("Time steps"), "13");
});

test("nonsense in a link gives a note and the defaults", async () => {
  const page = await open("#beta=9&hidden=&time-steps=1e9&wat=%F0%9F&&=&seed=-1");
  await ready(page);
  assert.equal(await knob(page, "Hidden neurons").getAttribute("aria-valuenow"), "256");
  await until("a note", async () => /beta/.test(await page.locator("#notes").textContent()));
});

test("fits a phone, a tablet and a desk, without scrolling sideways", async () => {
  const page = await open();
  const fits = async (when) => {
    for (const [width, height] of [
      [390, 844],
      [760, 1000],
      [768, 1024],
      [960, 700],
      [1024, 768],
      [1180, 800],
      [1280, 800],
      [1440, 1000],
    ]) {
      await page.setViewportSize({ width, height });
      const wider = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      assert.ok(wider <= 0, `${wider} px too wide at ${width} ${when}`);
      const accuracy = await output(page, "Test accuracy").boundingBox();
      assert.ok(accuracy.x + accuracy.width <= width, `the accuracy is cut off at ${width} ${when}`);
    }
  };
  await ready(page);
  await fits("at rest");
  await button(page, "Train").click();
  await until(
    "an accuracy of two digits",
    async () => (await number(page, "Test accuracy")) >= 10 && (await number(page, "Images per second")) >= 1000,
  );
  await fits("while it trains");
  await button(page, "Pause").click();
  await wholeTest(page);
  await fits("after training");
});

test("the keyboard plays, scrubs and lists its keys", async () => {
  const page = await open();
  await ready(page);
  await park(page);
  const slider = page.getByRole("slider", { name: "Time step" });
  await page.keyboard.press("ArrowLeft");
  await until("a step back", async () => (await slider.inputValue()) === "24");
  await page.keyboard.press("?");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
});

test("spikes travel along connections, and a neuron chosen there comes into the score", async () => {
  const page = await open("#t=8");
  await ready(page);
  const graph = page.getByRole("img", { name: /strongest connections/ });
  await graph.scrollIntoViewIfNeeded();
  const group = page.getByRole("group", { name: "Hidden neurons" });
  await until("24 neurons", async () => (await group.getByRole("button").count()) === 24);
  const picture = () => graph.evaluate((/** @type {HTMLCanvasElement} */ canvas) => canvas.toDataURL());
  const colours = await graph.evaluate((/** @type {HTMLCanvasElement} */ canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const [exc, inh] = [0, 2].map(
      (strong) => data.filter((value, i) => i % 4 === strong && value > data[i + 2 - 2 * strong] + 60).length,
    );
    return { exc, inh };
  });
  assert.ok(colours.exc > 100 && colours.inh > 100, `orange and blue are seen: ${JSON.stringify(colours)}`);
  assert.match(await page.locator("#graph-told").textContent(), /#\d+ speaks most for \d: \d+ spikes?/);
  const before = await picture();
  await page.keyboard.press("ArrowRight");
  await until("another picture at another time step", async () => (await picture()) !== before);
  const other = group.locator("button[aria-pressed=false]").nth(5);
  const name = (await other.textContent()).match(/^#\d+/)[0];
  const unlit = await picture();
  await other.hover();
  await until("its connections", async () => (await picture()) !== unlit);
  await other.click();
  await until("its voltage in the score", async () =>
    (await page.locator("#faces b").allTextContents()).includes(name),
  );
  const chosen = group.getByRole("button", { name: new RegExp(`^${name},`) });
  await until("it to be pressed", async () => (await chosen.getAttribute("aria-pressed")) === "true");
  await button(page, "Clear").click();
  await until("nothing to choose", async () => (await group.getByRole("button").count()) === 0);
  await draw(page, 7);
  await graph.scrollIntoViewIfNeeded();
  await until("those of the 7", async () => (await group.getByRole("button").count()) === 24);
});

test("stands still for people who ask for less motion", async () => {
  const page = await open("", { reducedMotion: "reduce" });
  await until("a digit", async () => /^\d$/.test(await text(page, "Recognised digit")), 20_000);
  const slider = page.getByRole("slider", { name: "Time step" });
  assert.equal(await slider.inputValue(), "25");
  await frames(page, 60);
  assert.equal(await slider.inputValue(), "25");
});

test("three hundred links of nonsense under a live page leave it well", async () => {
  const page = await open();
  await ready(page);
  // A generator of its own, so that a failure can be had again.
  let seed = 7;
  const random = (below) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  const pick = (list) => list[random(list.length)];
  const names = [
    "beta",
    "hidden",
    "time-steps",
    "seed",
    "dataset",
    "model",
    "from",
    "digit",
    "draw",
    "t",
    "speed",
    "reset",
    "surrogate",
    "readout",
    "encoding",
    "hide",
    "wat",
    "",
    "%F0%9F",
    "__proto__",
  ];
  const values = [
    "",
    "9e99",
    "-1",
    "NaN",
    "0,0,0",
    "☃",
    "%",
    "shipped",
    "file",
    "cats",
    "fashion-mnist",
    "folder",
    "../x",
    "7",
    "AA__.gA",
    "A",
    "null",
    "subtract:",
    "a".repeat(3000),
  ];
  for (let i = 0; i < 300; i += 1) {
    const pairs = Array.from({ length: 1 + random(4) }, () => `${pick(names)}=${pick(values)}`);
    await page.evaluate(
      (hash) => {
        location.hash = hash;
      },
      `#${pairs.join("&")}&wings=${i}`,
    );
    // Browsers refuse more than some 200 in ten seconds.
    await frames(page, 4);
  }
  await until("a note about the last", async () => /wings/.test(await page.locator("#notes").textContent()));
  await page.evaluate(() => {
    location.hash = "#hidden=64";
  });
  await until(
    "no note about links",
    async () => !/not all understood/.test(await page.locator("#notes").textContent()),
  );
  await ready(page);
  assert.equal(await knob(page, "Hidden neurons").getAttribute("aria-valuenow"), "64");
  await button(page, "Train").click();
  await until("80 %", async () => (await number(page, "Test accuracy")) >= 80, 2 * MINUTE);
  await button(page, "Pause").click();
  await button(page, "Clear").click();
  await draw(page, 1);
  await park(page);
  await reads(page, 1);
});

test("opened from a disk, or without a script that is missing, the page says so", async () => {
  const { page } = watch(await (await browser()).newPage());
  await page.goto(`${pathToFileURL(resolve(dist))}/index.html`);
  await page.locator("#trouble-file").waitFor();
  assert.equal(await page.locator("#trouble-start").isVisible(), false);

  const before = (page) => page.route("**/build.js", (route) => route.fulfill({ status: 404, body: "no" }));
  const other = await open("", { before, expected: ["404", "build is not defined"] });
  await other.locator("#trouble-start").waitFor();
});

test("a tour of five stops, by keyboard too, from its button and from a link", async () => {
  const page = await open("#t=12");
  await ready(page);
  const box = page.getByRole("dialog");
  await button(page, "A minute’s tour").click();
  await box.waitFor();
  assert.match(await box.textContent(), /1 of 5.*ink/s);
  const places = [];
  for (let stop = 1; stop <= 5; stop += 1) {
    assert.ok((await box.textContent()).includes(`${stop} of 5`));
    places.push(await page.locator(".toured").evaluate((place) => `#${place.id}.${place.className}`));
    if (stop < 5) await page.keyboard.press("ArrowRight");
  }
  assert.equal(new Set(places).size, 5, "each is of another place");
  assert.match(places[4], /^#train/);
  await page.keyboard.press("ArrowLeft");
  await until("the stop before", async () => (await box.textContent()).includes("4 of 5"));
  await page.keyboard.press("Escape");
  await until("no tour", async () => (await box.count()) === 0);
  // A dialog tells of its end a moment after it.
  await until("no mark", async () => (await page.locator(".toured").count()) === 0);
  await until("the focus to return", () => page.evaluate(() => document.activeElement.id === "tour"));
  const other = await open("#tour&digit=7");
  await other.getByRole("dialog").waitFor();
  assert.equal(await other.locator("#notes").textContent(), "");
  await button(other, "Skip").click();
  await until("no tour", async () => (await other.getByRole("dialog").count()) === 0);
});

test("a word that is pointed at says what it means, as the list of words has it", async () => {
  const page = await open("#t=12");
  await ready(page);
  const missing = await page.evaluate(() => {
    const words = [...document.querySelectorAll(".terms dt")].map((word) => word.textContent.trim());
    /** @type {NodeListOf<HTMLElement>} */
    const bearers = document.querySelectorAll("[data-term]");
    return [...bearers].map(({ dataset }) => dataset.term).filter((term) => !words.includes(term));
  });
  assert.deepEqual(missing, []);
  const meaning = page.locator("#meaning");
  await page.getByText("Membrane voltage", { exact: true }).hover();
  await until("its meaning", async () => /^Membrane potential: the voltage/.test(await meaning.textContent()));
  await page.locator("h1").hover();
  await until("nothing", async () => !(await meaning.isVisible()));
});
