// Servers that are unwell: what is not fetched, or not whole.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dist, pages } from "./harness.mjs";
import { button, number, park, reads, ready, text, until } from "./reader.mjs";
import { draw } from "./site.mjs";

const { open, site, test } = await pages();

test("a shard that lies about its hash is asked for again", async () => {
  let lies = 0;
  const before = (page) =>
    page.route(/train-\d\d-.*images/, async (route) => {
      lies += 1;
      if (lies > 2) return route.continue();
      const body = readFileSync(`${dist}/${new URL(route.request().url()).pathname.replace("/sub/", "")}`);
      body[body.length >> 1] ^= 1;
      return route.fulfill({ body });
    });
  const page = await open("", { before });
  await ready(page);
  await button(page, "Train").click();
  await until("training", async () => (await number(page, "Training loss")) > 0);
  assert.ok(lies >= 3);
});

test("shards that never come give a message, and the page goes on", async () => {
  const before = (page) => page.route(/train-\d\d-/, (route) => route.fulfill({ status: 404, body: "no" }));
  const page = await open("", { before, expected: ["404"] });
  await ready(page);
  await button(page, "Train").click();
  await until("a message", async () => /training data/.test(await page.locator("#notes").textContent()));
  await button(page, "Clear").click();
  await draw(page, 1);
  await until("an answer", async () => /^\d$/.test(await text(page, "Recognised digit")), 20_000);
});

test("a data server that is slow is waited for", async () => {
  const page = await open();
  await ready(page);
  site.mood = { what: "slow", files: /train-\d\d-/ };
  await button(page, "Train").click();
  await until("a word about it", async () => /Fetching images/.test(await page.locator("#standing").textContent()));
  await until("training", async () => (await number(page, "Training loss")) > 0, 20_000);
  assert.equal(await page.locator("#notes").textContent(), "");
});

test("a data server that cuts files short, breaks off or answers with a web page: the page says so, and goes on when it is well", async () => {
  for (const what of ["short", "broken", "page"]) {
    const page = await open("", { expected: ["ERR_CONTENT_LENGTH_MISMATCH", "ERR_INCOMPLETE"] });
    await ready(page);
    site.mood = { what, files: /train-\d\d-/ };
    await button(page, "Train").click();
    const note = () => page.locator("#notes").textContent();
    await until(`a note (${what})`, async () => /could not be fetched.*tries again/.test(await note()));
    await button(page, "Clear").click();
    await draw(page, 1);
    await until("an answer", async () => /^\d$/.test(await text(page, "Recognised digit")), 20_000);
    site.mood = null;
    await until(`training (${what})`, async () => (await number(page, "Training loss")) > 0);
    await until(`no note (${what})`, async () => (await note()) === "");
    await page.context().close();
  }
});

test("a server that gives no list of the data: the page says so, asks again, and goes on when it is well", async () => {
  for (const [what, files] of [
    ["page", /manifest/],
    ["short", /manifest/],
    ["broken", /samples/],
  ]) {
    site.mood = { what, files };
    const page = await open("", { expected: ["ERR_CONTENT_LENGTH_MISMATCH", "ERR_INCOMPLETE"] });
    const note = () => page.locator("#notes").textContent();
    await until(`a note (${what})`, async () => /training data is not here.*asks again/.test(await note()));
    await until("a drawn digit is read", async () => /^\d$/.test(await text(page, "Recognised digit")), 20_000);
    site.mood = null;
    await until(`no note (${what})`, async () => (await note()) === "");
    await ready(page);
    await until(
      "ten test digits",
      async () => (await page.getByRole("button", { name: /^Test digit/ }).count()) === 10,
    );
    await page.context().close();
  }
});

test("a trained network that does not come, or not whole: random weights, a note, and it can be asked for again", async () => {
  for (const what of ["page", "short", "broken"]) {
    site.mood = { what, files: /models\// };
    const page = await open("", { expected: ["ERR_CONTENT_LENGTH_MISMATCH", "ERR_INCOMPLETE"] });
    const note = () => page.locator("#notes").textContent();
    await until(`a note (${what})`, async () =>
      /trained network could not be fetched.*random weights/.test(await note()),
    );
    await ready(page);
    const from = page.getByRole("combobox", { name: "Weights to start from", exact: true });
    await from.selectOption("shipped");
    await until("random weights again", async () => (await from.inputValue()) === "random");
    site.mood = null;
    await from.selectOption("shipped");
    await until("no note", async () => (await note()) === "");
    await park(page);
    await reads(page, 2);
    await page.context().close();
  }
});
