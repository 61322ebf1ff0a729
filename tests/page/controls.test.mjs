// What sets the network and its training: values in sentences, networks with a name, what keeps weights, when it stops.

import assert from "node:assert/strict";
import { MINUTE, pages } from "./harness.mjs";
import {
  answered,
  ask,
  button,
  choose,
  knob,
  number,
  output,
  reads,
  ready,
  text,
  turn,
  unfold,
  until,
} from "./reader.mjs";
import { draw } from "./site.mjs";

const { open, test } = await pages();

const value = (page, name) => knob(page, name).getAttribute("aria-valuenow");
const beta = "Beta, the share of the voltage that stays";
const theta = "Theta, the threshold";
const mixed = async (page) =>
  /under your settings|changed on the way/.test(await page.locator("#standing").textContent());
const accuracy = (page, least, limit = 2 * MINUTE) =>
  until(`${least} %`, async () => (await number(page, "Test accuracy")) >= least, limit);

test("another beta keeps the weights while it trains and at rest, and the page says that the link does not", async () => {
  const page = await open("#hidden=64");
  await ready(page);
  await button(page, "Train").click();
  await accuracy(page, 85);
  const epoch = await number(page, "Epoch");
  await turn(page, beta, ...Array(5).fill("ArrowDown"));
  await until("a word about it", () => mixed(page));
  await until("more training", async () => {
    const now = await number(page, "Epoch");
    assert.ok(now >= epoch, "it goes on where it was");
    return now > epoch;
  });
  await accuracy(page, 85);
  await button(page, "Pause").click();
  await ready(page);
  await until("the whole test", async () => /\.\d\d/.test(await text(page, "Test accuracy")), 2 * MINUTE);
  const before = await number(page, "Test accuracy");
  // A threshold that no neuron reaches: what it learnt is there, and of no use.
  const type = async (name, typed) => {
    await turn(page, name, "Enter");
    await page.locator("#typed").fill(typed);
    await page.locator("#typed").press("Enter");
  };
  await type(theta, "50");
  await until("nothing to be read", async () => (await number(page, "Test accuracy")) < 20, MINUTE);
  await turn(page, theta, "Delete");
  await until("the same as before", async () => (await number(page, "Test accuracy")) === before, MINUTE);
  assert.ok(await mixed(page));
  await button(page, "Reset").click();
  await until("no word about it", async () => !(await mixed(page)));
  await until("a fresh start", async () => (await text(page, "Epoch")) === "0");
});

test("the trained network is seen with another beta at once; the same beta again is the link's network", async () => {
  const page = await open();
  await until("a digit", async () => /^\d$/.test(await text(page, "Recognised digit")), 20_000);
  await ready(page);
  await turn(page, beta, "Home");
  await until("a word about it", () => mixed(page));
  await until("the accuracy without memory", async () => (await number(page, "Test accuracy")) > 0, MINUTE);
  await turn(page, beta, "Delete");
  await until("no word about it", async () => !(await mixed(page)));
  await until("the network's own accuracy", async () => (await number(page, "Test accuracy")) > 95, MINUTE);
  assert.equal(await page.locator("#notes").textContent(), "");
});

test("layers are added, sized and removed, and start anew; what a change does is said beside it", async () => {
  const page = await open();
  await ready(page);
  const says = (word) => page.getByText(word, { exact: true }).isVisible();
  await unfold(page);
  assert.ok(await says("Another value keeps what was learnt."));
  await knob(page, "Hidden neurons").focus();
  assert.ok(await says("Another value forgets what was learnt."));
  await button(page, "Add a layer").click();
  await knob(page, "Neurons in layer 2").press("ArrowDown");
  await knob(page, "Neurons in layer 2").press("ArrowDown");
  await until("the link", () => page.url().includes("hidden=256,64"));
  await until(
    "both layers in the score",
    async () => (await page.getByRole("img", { name: "Hidden spikes over time" }).count()) === 2,
  );
  for (const layer of [3, 4]) {
    await button(page, "Add a layer").click();
    await knob(page, `Neurons in layer ${layer}`).waitFor();
  }
  await until("no fifth", async () => (await button(page, "Add a layer").getAttribute("aria-disabled")) === "true");
  for (let i = 0; i < 3; i++) await button(page, "Remove the last layer").click();
  await until("one layer", async () => (await page.getByRole("spinbutton", { name: /layer/ }).count()) === 0);
  await until("the link", () => !page.url().includes("hidden"));
  assert.ok(!(await mixed(page)));
});

test("a finger taps − and +, and the keyboard shows them too; double-click and Delete put a value back", async () => {
  const page = await open("", { hasTouch: true, viewport: { width: 390, height: 844 }, isMobile: true });
  await ready(page);
  await page.locator(".net summary").first().tap();
  await knob(page, theta).tap();
  assert.equal(await page.locator("#typed").isVisible(), false, "the first tap brings no keyboard");
  await button(page, "More").tap();
  await button(page, "More").tap();
  await until("1.1", async () => (await value(page, theta)) === "1.1");
  await button(page, "Less").tap();
  await until("1.05", async () => (await value(page, theta)) === "1.05");
  const out = await page
    .locator("#stepper")
    .evaluate(
      (stepper) =>
        [...stepper.children]
          .map((part) => part.getBoundingClientRect())
          .filter((area) => area.left < 0 || area.right > document.documentElement.clientWidth).length,
    );
  assert.equal(out, 0, "− and + are on the screen");
  await knob(page, theta).tap();
  await page.locator("#typed").waitFor();
  await page.locator("#typed").press("Escape");
  await page.context().close();

  const desk = await open("#threshold=2");
  await ready(desk);
  await unfold(desk);
  await knob(desk, theta).dblclick();
  await until("the default", async () => (await value(desk, theta)) === "1");
  await knob(desk, theta).press("ArrowUp");
  await button(desk, "More").waitFor();
  await knob(desk, theta).press("Backspace");
  await until("the default again", async () => (await value(desk, theta)) === "1");
});

test("the surrogate's picture is dragged and turned by keys; the gain is a value of its own", async () => {
  const page = await open();
  await ready(page);
  const picture = page.getByRole("slider", { name: /^Steepness/ });
  await picture.scrollIntoViewIfNeeded();
  const box = await picture.boundingBox();
  await page.mouse.move(box.x + 0.6 * box.width, box.y + 0.5 * box.height);
  await page.mouse.down();
  await page.mouse.move(box.x + 0.7 * box.width, box.y + 0.5 * box.height, { steps: 4 });
  await page.mouse.up();
  // Half of the height at 0.4 from the threshold: 0.414/0.4.
  await until("a gentle slope", async () => Math.abs(Number(await picture.getAttribute("aria-valuenow")) - 1) < 0.2);
  assert.equal(await value(page, "Surrogate steepness"), await picture.getAttribute("aria-valuenow"));
  await picture.press("ArrowRight");
  await until("steeper", async () => Number(await picture.getAttribute("aria-valuetext")) >= 2);
  await picture.press("Delete");
  await until("the default", async () => (await value(page, "Surrogate steepness")) === "10");
  await turn(page, "Gain, by which the input is multiplied", "ArrowUp");
  await until("the link", () => page.url().includes("gain=1.05"));
});

test("noise lies over the picture that the network sees, and over nothing on the pad", async () => {
  const page = await open("#digit=7");
  await ready(page);
  const picture = (id) => page.locator(id).evaluate((/** @type {HTMLCanvasElement} */ canvas) => canvas.toDataURL());
  const lit = async () => Number.parseInt(await page.locator("#lit").textContent(), 10);
  await until("its pixels", async () => (await lit()) > 50);
  const [pad, seen, pixels] = [await picture("#pad"), await picture("#seen"), await lit()];
  await turn(page, "Noise, the share of pixels that are random", "PageUp");
  await until("the link", () => page.url().includes("noise=0.5"));
  await until("another picture", async () => (await picture("#seen")) !== seen);
  assert.equal(await picture("#pad"), pad);
  assert.ok((await lit()) > pixels + 250, `${await lit()} of 784 pixels are lit`);
  await until(
    "how badly it reads now",
    async () => {
      const now = await number(page, "Test accuracy");
      return now > 5 && now < 97;
    },
    MINUTE,
  );
});

test("a question is answered by some seconds of training, with a reason and what was before; Back undoes it", async () => {
  const page = await open("#digit=7&speed=9");
  await ready(page);
  await page.evaluate(() => {
    window.same = true;
  });
  const standing = () => page.locator("#standing").textContent();
  const link = (name) => page.locator("#presets a").filter({ hasText: name });
  await ask(page, "What if neurons forget fast?");
  await until(
    "its link",
    () => page.url().includes("beta=0.2") && page.url().includes("digit=7") && page.url().includes("speed=9"),
  );
  assert.equal(await link("forget fast").getAttribute("aria-current"), "true");
  assert.equal(await page.locator("#presets a[aria-current=true]").count(), 1);
  assert.equal(await knob(page, beta).getAttribute("aria-valuenow"), "0.2");
  await until("it to learn by itself", async () => (await number(page, "Epoch")) > 0);
  await until("it to stop by itself", async () => (await button(page, "Train").count()) === 1, MINUTE);
  await until("why, and what was before", async () =>
    /fifth of its voltage.*Before, it was 98\.\d/s.test(await standing()),
  );
  await accuracy(page, 60);
  await button(page, "Back").click();
  await until("the network before", async () => /^This network is trained/.test(await standing()));
  await until("its link", () => !page.url().includes("beta"));
  // The browser's own way back, too.
  await ask(page, "What if there are only eight neurons?");
  await until("its link", () => page.url().includes("hidden=8"));
  await page.goBack();
  await until("the network before", async () => /^This network is trained/.test(await standing()));
  assert.ok(await page.evaluate(() => window.same), "the page was not loaded again");
});

test("too deep a network does not learn", async () => {
  const page = await open();
  await ready(page);
  await ask(page, "What if it is too deep to learn?");
  await until("it to be trained", async () => (await number(page, "Epoch")) > 0);
  await until("it to stop by itself", async () => (await button(page, "Train").count()) === 1, MINUTE);
  await button(page, "Train").click();
  await until("half an epoch", async () => (await number(page, "Epoch")) >= 0.5, 3 * MINUTE);
  assert.ok((await number(page, "Test accuracy")) < 25, await text(page, "Test accuracy"));
});

test("stopping early is measured over test pictures, and follows the probability that is set", async () => {
  const page = await open("#model=mnist-small&t=10");
  await answered(page);
  await ready(page);
  await button(page, "What if it stops so at 500 test pictures?").click();
  const said = () => page.locator("#stops-over").textContent();
  await until("a sentence", async () => /^Over 500 test pictures/.test(await said()), MINUTE);
  const [, steps, stopped, patient] = (await said())
    .match(/after ([\d.]+) of 10 .* ([\d.]+)\u202f% of them .* ([\d.]+)\u202f%/)
    .map(Number);
  assert.ok(steps > 1 && steps < 10 && patient > 90 && Math.abs(patient - stopped) < 10, await said());
  const before = await said();
  await knob(page, "Probability at which to stop, in per cent").press("Home");
  await until("another sentence", async () => (await said()) !== before);
  assert.ok(Number((await said()).match(/after ([\d.]+)/)[1]) < steps, "less certain, earlier");
});

test("a value that means nothing is refused with the range, and a comma is a point", async () => {
  const page = await open();
  await ready(page);
  const type = async (typed) => {
    await turn(page, beta, "Enter");
    await page.locator("#typed").fill(typed);
    await page.locator("#typed").press("Enter");
  };
  await type("5");
  await until("a word", async () => /“5”.*between 0 and 1/.test(await page.locator("#notes").textContent()));
  assert.equal(await value(page, beta), "0.9");
  await type("0,6");
  await until("its value", async () => (await value(page, beta)) === "0.6");
  await until("no word", async () => (await page.locator("#notes").textContent()) === "");
});

test("training stops at the accuracy that was wished, says so, and measures all of the test set", async () => {
  const page = await open("#hidden=128&stop-at=90");
  await ready(page);
  await button(page, "Train").click();
  await until(
    "how long it will take",
    async () => /(s|min) to|end of epoch/.test(await page.locator("#forecast").textContent()),
    MINUTE,
  );
  await until(
    "a word in the status",
    async () => /Stopped.*10\u202f000.*epoch/.test(await page.locator("#notes").textContent()),
    3 * MINUTE,
  );
  await button(page, "Train").waitFor();
  assert.ok((await number(page, "Test accuracy")) >= 89.5, await text(page, "Test accuracy"));
  assert.match(await text(page, "Test accuracy"), /\d\d\.\d\d/);
});

test("training stops after so many epochs, exactly there, and goes on when asked again", async () => {
  const page = await open("#hidden=16&time-steps=8&epochs=1&batch-size=256");
  await ready(page);
  await button(page, "Train").click();
  await until(
    "a word in the status",
    async () => /Stopped.*epoch/.test(await page.locator("#notes").textContent()),
    3 * MINUTE,
  );
  assert.equal(await text(page, "Epoch"), "1.0");
  await button(page, "Train").click();
  await until("more", async () => (await number(page, "Epoch")) > 1);
  assert.equal(await page.locator("#notes").textContent(), "");
});

test("S trains one batch, Shift and R reset, the dialog lists them, and none of it happens while one types", async () => {
  const page = await open("#hidden=32");
  await ready(page);
  await page.keyboard.press("s");
  await until("a loss", async () => (await number(page, "Training loss")) > 0);
  await ready(page);
  await turn(page, beta, "Enter");
  await page.locator("#typed").press("R");
  await page.locator("#typed").press("t");
  assert.ok((await number(page, "Training loss")) > 0, "nothing was reset");
  await button(page, "Train").waitFor();
  await page.locator("#typed").press("Escape");
  await unfold(page, false);
  await page.locator("h1").click();
  await page.keyboard.press("Shift+R");
  await until("no loss", async () => Number.isNaN(await number(page, "Training loss")));
  await page.keyboard.press("?");
  const dialog = page.getByRole("dialog");
  for (const word of ["train one batch", "reset", "Delete", "Page keys"])
    assert.ok((await dialog.textContent()).includes(word), word);
});

test("learns from a few drawings of the reader's own, which are there again after a reload", async () => {
  const page = await open();
  await ready(page);
  await choose(page, "Images", "folder");
  await until("nothing to train on", async () => !(await button(page, "Train").isEnabled()));
  const add = (name) =>
    page.getByRole("group", { name: "Add the drawing as" }).getByRole("button", { name, exact: true });
  const examples = page.getByRole("group", { name: "Your drawings" }).getByRole("button");
  for (const digit of [1, 3, 7, 1, 3, 7]) {
    await draw(page, digit);
    await add(String(digit)).click();
  }
  await until("six drawings", async () => (await examples.count()) === 6);
  await button(page, "Train").click();
  await accuracy(page, 90);
  await button(page, "Pause").click();
  await ready(page);
  assert.match(await page.locator("#size").textContent(), /6 drawings/);
  await draw(page, 7);
  await reads(page, 7);
  // A drawing more does not start anew.
  await add("7").click();
  await until("seven drawings", async () => (await examples.count()) === 7);
  assert.ok((await number(page, "Epoch")) > 1);
  await page.reload();
  await until("seven drawings", async () => (await examples.count()) === 7);
  await examples.first().click();
  await until("six drawings", async () => (await examples.count()) === 6);
  await page.reload();
  await until("six drawings", async () => (await examples.count()) === 6);
  await choose(page, "Images", "mnist");
  await until("a digit", async () => /^\d$/.test(await text(page, "Recognised digit")), 20_000);
  assert.equal(await examples.count(), 0);
  assert.equal(await output(page, "Recognised digit").count(), 1);
});
