// What this browser keeps of training.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { MINUTE, pages } from "./harness.mjs";
import { answered, button, frames, knob, number, ready, text, turn, until } from "./reader.mjs";
import { kept } from "./runs.mjs";

const { site, open, watch, test } = await pages();

/** SHA-256 of the tensors in the file that "Save weights" gives. */
async function weights(page) {
  const [file] = await Promise.all([page.waitForEvent("download"), button(page, "Save weights").click()]);
  const bytes = readFileSync(await file.path());
  return createHash("sha256")
    .update(bytes.subarray(8 + Number(bytes.readBigUInt64LE(0))))
    .digest("hex");
}

/** Steps one batch so many times. */
async function steps(page, count) {
  for (let step = 0; step < count; step += 1) {
    const before = await page.evaluate(() => window.paused ?? 0);
    await button(page, "Step").click();
    await until("the step", async () => (await page.evaluate(() => window.paused ?? 0)) > before);
  }
}

/** What the engine's report that it stands still begins with: reports travel packed, first the number of the variant. */
const PAUSED = (() => {
  const [, reports] = readFileSync(new URL("../../src/protocol.rs", import.meta.url), "utf8").split(
    "pub enum Report {",
  );
  return [...reports.matchAll(/^ {4}([A-Z]\w+)/gm)].findIndex(([, name]) => name === "Paused");
})();

/** Counts in the page's `window.paused` how often the engine said that it stands still. */
const countPauses = (page) =>
  page.addInitScript((paused) => {
    window.paused = 0;
    const Real = Worker;
    window.Worker = class extends Real {
      /** @param {ConstructorParameters<typeof Worker>} wishes */
      constructor(...wishes) {
        super(...wishes);
        this.addEventListener("message", ({ data: [report] }) => {
          if (report[0] === paused) window.paused = (window.paused ?? 0) + 1;
        });
      }
    };
  }, PAUSED);

test("kept: a reload goes on where training stood, to the same weights as never stopped", async () => {
  const link = "#hidden=32&time-steps=10&batch-size=32";
  const [through, stopped] = [await open(link, { before: countPauses }), await open(link, { before: countPauses })];
  for (const page of [through, stopped]) {
    await ready(page);
    await steps(page, 12);
  }
  await until("all of it to be kept", async () => (await kept(stopped))[0]?.step === 12);
  await stopped.reload();
  await until("a sentence", async () =>
    /is back, paused at epoch 0\.0/.test(await stopped.locator("#kept").textContent()),
  );
  assert.match(await stopped.locator("#kept").textContent(), /Your training of today \d\d:\d\d/);
  // Of all test images: two decimals. The other page may still show what it was after a step before.
  const whole = async (page) => (await text(page, "Test accuracy")).match(/^\d\d?\.\d\d.*/)?.[0];
  await until(
    "the same accuracy",
    async () => {
      const now = await whole(stopped);
      return now !== undefined && now === (await whole(through));
    },
    2 * MINUTE,
  );
  assert.ok((await number(stopped, "Training loss")) > 0);
  assert.equal(await weights(stopped), await weights(through));
  for (const page of [through, stopped]) await steps(page, 8);
  assert.equal(await stopped.locator("#kept").isVisible(), false);
  assert.equal(await weights(stopped), await weights(through));
  await through.context().close();
});

test("kept: a link with nothing in it goes on with the newest run, other settings open what they say, and starting anew removes it", async () => {
  const page = await open("#hidden=48");
  await ready(page);
  await button(page, "Train").click();
  await until("some training", async () => (await number(page, "Epoch")) >= 0.1);
  await button(page, "Pause").click();
  await until("it to stand still", () => button(page, "Train").isVisible());
  const epoch = await text(page, "Epoch");
  // Each epoch has 938 steps, of 64 images.
  await until("it to be kept as it stands", async () => {
    const [run] = await kept(page);
    return run !== undefined && (run.step / 938).toFixed(1) === epoch;
  });
  await page.goto(`${site.url}embed.html`);
  await page.goto(`${site.url}#hidden=96`);
  await ready(page);
  await answered(page);
  await frames(page);
  assert.equal(await page.locator("#kept").isVisible(), false);
  assert.equal((await kept(page)).length, 1);
  await page.goto(`${site.url}embed.html`);
  await page.goto(site.url);
  // The start opens all the same: trained, and what was kept is an offer.
  await until("an offer", () => page.locator("#kept").isVisible());
  await until("the start", async () => /^This network is trained/.test(await page.locator("#standing").textContent()));
  await button(page, "Go on").click();
  await until("its epoch", async () => (await text(page, "Epoch")) === epoch);
  await until("its link", () => page.url().includes("hidden=48"));
  assert.equal(await knob(page, "Hidden neurons").getAttribute("aria-valuenow"), "48");
  await button(page, "Start anew").click();
  await until("nothing kept", async () => (await kept(page)).length === 0);
  assert.equal(await page.locator("#kept").isVisible(), false);
  await until("epoch 0", async () => (await text(page, "Epoch")) === "0");
});

test("kept: what cannot be read is removed with a word, and a browser that keeps nothing is no failure", async () => {
  for (const broken of ["file", "format"]) {
    const page = await open("#hidden=32&time-steps=10");
    await ready(page);
    await button(page, "Step").click();
    await until("it to be kept", async () => (await kept(page)).length === 1);
    await page.evaluate(
      (broken) =>
        new Promise((done) => {
          const open = indexedDB.open("spiking-playground", 1);
          open.onsuccess = () => {
            const runs = open.result.transaction("runs", "readwrite").objectStore("runs");
            const all = runs.getAll();
            all.onsuccess = () => {
              const [run] = all.result;
              if (broken === "file") run.file = run.file.slice(0, 1000);
              else run.format = 0;
              runs.put(run).onsuccess = () => {
                open.result.close();
                done(null);
              };
            };
          };
        }),
      broken,
    );
    await page.reload();
    await until("a word", () => page.locator("#trouble-kept").isVisible());
    assert.equal(await page.locator("#kept").isVisible(), false);
    await until("an answer", async () => /^\d$/.test(await text(page, "Recognised digit")));
    assert.deepEqual(await kept(page), []);
    await page.context().close();
  }
  const page = await open("", {
    before: (page) =>
      page.addInitScript(() => {
        IDBFactory.prototype.open = () => {
          throw new DOMException("no", "SecurityError");
        };
      }),
  });
  await ready(page);
  await button(page, "Step").click();
  await until("a word", () => page.locator("#trouble-keep").isVisible());
  await until("a loss", async () => (await number(page, "Training loss")) > 0);
});

test("kept: on a full disk older runs make room; where that is not enough the page says so, and training goes on", async () => {
  const page = await open("#hidden=32&time-steps=10", {
    // A disk with room for so many runs.
    before: (page) =>
      page.addInitScript(() => {
        window.room = Number.POSITIVE_INFINITY;
        const put = IDBObjectStore.prototype.put;
        IDBObjectStore.prototype.put = function (run) {
          if (window.room === 0) throw new DOMException("full", "QuotaExceededError");
          const written = put.call(this, run);
          const count = this.count();
          count.onsuccess = () => {
            if (count.result > window.room) this.transaction.abort();
          };
          return written;
        };
      }),
  });
  await ready(page);
  await button(page, "Step").click();
  await until("a run to be kept", async () => (await kept(page)).length === 1);
  await turn(page, "Hidden neurons", "ArrowUp");
  await until("other settings", () => !page.url().includes("hidden=32"));
  await ready(page);
  await page.evaluate(() => (window.room = 1));
  await button(page, "Step").click();
  await until("the newer run alone", async () => {
    const runs = await kept(page);
    return runs.length === 1 && !runs[0].link.includes("hidden=32");
  });
  assert.equal(await page.locator("#trouble-keep").isVisible(), false);
  const before = (await kept(page))[0].at;
  await page.evaluate(() => (window.room = 0));
  await ready(page);
  await button(page, "Step").click();
  await until("a word", () => page.locator("#trouble-keep").isVisible());
  await page.evaluate(() => (window.room = 1));
  await ready(page);
  await button(page, "Step").click();
  await until("the run of now", async () => (await kept(page))[0]?.at > before);
  await until("no word", async () => !(await page.locator("#trouble-keep").isVisible()));
});

test("kept: two tabs at once keep their own runs, and each goes on with its own", async () => {
  const first = await open("#hidden=32&time-steps=10");
  const { page: second } = watch(await first.context().newPage());
  await second.goto(`${site.url}#hidden=48&time-steps=10`);
  for (const page of [first, second]) {
    await page.bringToFront();
    await ready(page);
    await button(page, "Step").click();
  }
  await until("both to be kept", async () => (await kept(first)).length === 2);
  for (const { page, size } of [
    { page: first, size: "32" },
    { page: second, size: "48" },
  ]) {
    await page.bringToFront();
    await page.reload();
    await until("its sentence", () => page.locator("#kept").isVisible());
    assert.equal(await knob(page, "Hidden neurons").getAttribute("aria-valuenow"), size);
  }
  // What one tab removes, the other still keeps.
  await button(second, "Start anew").click();
  await until("one to be left", async () => (await kept(first)).length === 1);
  assert.match((await kept(first))[0].link, /hidden=32/);
});
