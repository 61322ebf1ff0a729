// Data sets: digits, clothes, and what is not there.

import assert from "node:assert/strict";
import { MINUTE, pages } from "./harness.mjs";
import { button, choose, number, park, reads, ready, text, until, words } from "./reader.mjs";

const { open, test } = await pages();

test("learns clothes, whose names stand wherever a digit would, and comes back to digits", async () => {
  const page = await open();
  await ready(page);
  await choose(page, "Images", "fashion-mnist");
  await until("the link", () => page.url().includes("dataset=fashion-mnist"));
  await page.getByRole("button", { name: "Test garment Ankle boot" }).waitFor();
  const word = () => text(page, "Recognised garment");
  await until("a name", async () => /^[A-Z][a-z]/.test(await word()), 20_000);
  await page.keyboard.press("9");
  await until(
    "the key's picture",
    async () =>
      (await page.getByRole("button", { name: "Test garment Ankle boot" }).getAttribute("aria-pressed")) === "true",
  );
  await park(page);
  await until("an ankle boot", async () => (await word()) === "Ankle boot", 20_000);
  assert.equal(await page.getByRole("button", { name: /^Test / }).count(), 10);
  assert.match(
    await page.locator("#bars").textContent(),
    /T-shirt\/top.*Trouser.*Pullover.*Dress.*Coat.*Sandal.*Shirt.*Sneaker.*Bag.*Ankle boot/s,
  );
  assert.match(await page.locator("#digits").textContent(), /Sandal/);
  assert.match(await page.getByRole("heading", { level: 1 }).innerText(), /garment/);
  assert.match(await page.locator("footer").innerText(), /Zalando/);
  assert.doesNotMatch(await page.locator("footer").innerText(), /LeCun/);
  await ready(page);
  await button(page, "Train").click();
  await until("75 %", async () => (await number(page, "Test accuracy")) >= 75, 3 * MINUTE);
  await button(page, "Pause").click();
  await page.reload();
  await until("a name", async () => /^[A-Z][a-z]/.test(await word()), 20_000);
  await choose(page, "Images", "mnist");
  await until("a digit", async () => /^\d$/.test(await text(page, "Recognised digit")), 20_000);
  await until("the link", () => !page.url().includes("dataset"));
  assert.equal(await page.getByLabel("Draw a digit").count(), 1);
  assert.doesNotMatch(await page.locator("#bars").textContent(), /Sandal/);
});

test("a word fits where a digit stood, on a phone, a tablet and a desk", async () => {
  for (const [width, height] of [
    [390, 844],
    [1024, 768],
    [1440, 1000],
  ]) {
    const page = await open("#dataset=fashion-mnist&digit=9", {
      viewport: { width, height },
      reducedMotion: "reduce",
    });
    await until("a name", async () => /^[A-Z][a-z]/.test(await text(page, "Recognised garment")), 20_000);
    // The longest of them, whatever the network says.
    await page.locator("#digit").evaluate((element) => {
      element.textContent = "T-shirt/top";
    });
    const fits = await page.evaluate(() => {
      const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
      const out = ["#digit", "#digits span", "#bars div > b", "#m-first", "#m-second"].filter((selector) =>
        [...document.querySelectorAll(selector)].some(
          (element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0,
        ),
      );
      return { wide, out };
    });
    assert.deepEqual(fits, { wide: 0, out: [] }, `at ${width}`);
    await page.context().close();
  }
});

test("where one data set is there the page offers no other, and says so to a link that asks", async () => {
  const asked = [];
  const before = (page) =>
    page.route("**/build.js", async (route) => {
      const response = await route.fetch();
      const script = await response.text();
      const both = '["mnist","fashion-mnist"]';
      assert.ok(script.includes(both), "this dist has both sets");
      await route.fulfill({ response, body: script.replace(both, '["mnist"]') });
    });
  const page = await open("#dataset=fashion-mnist", {
    before: async (page) => {
      page.on("request", (request) => asked.push(request.url()));
      await before(page);
    },
  });
  await ready(page);
  await reads(page, 2);
  assert.deepEqual(await words(page, "Images").locator("option").allTextContents(), ["digits", "your own"]);
  assert.match(await page.locator("#notes").textContent(), /no data set `fashion-mnist` here/);
  assert.ok(!asked.some((url) => /fashion/.test(url)), "nothing that is missing was asked for");
});

test("a link to a data set that nobody knows gives a note and the digits", async () => {
  const page = await open("#dataset=cats");
  await ready(page);
  await reads(page, 2);
  assert.match(await page.locator("#notes").textContent(), /cats.*dataset.*fashion-mnist/);
});
