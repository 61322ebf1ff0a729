// The page without a network, and one build after another. It needs a page that the build has finished (its service
// worker knows the files): without that list these tests say so and are left out.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { dist, MINUTE, pages } from "./harness.mjs";
import { button, number, ready, text, until } from "./reader.mjs";
import { draw, serve } from "./site.mjs";

/** Waits until the page could be opened without a network. */
const isKept = (page) =>
  until("a service worker in charge", () => page.evaluate(() => navigator.serviceWorker.controller !== null));

/** What the caches hold: [cache, path]. */
const cached = (page) =>
  page.evaluate(async () => {
    const found = [];
    for (const name of await caches.keys()) {
      for (const { url } of await (await caches.open(name)).keys())
        found.push([name, url.slice(document.baseURI.split("#")[0].length)]);
    }
    return found;
  });

const { site, open: openPage, test: declare } = await pages();
/** @param {import("./harness.mjs").Wishes & { at?: string }} [wishes] */
const open = (hash = "", wishes = {}) => openPage(hash, { serviceWorkers: "allow", expected: page404, ...wishes });
const page404 = ["Failed to load resource"];

/** What the build wrote for the service worker; a page that is being developed has no list. */
const LIST = "files.js";
const skip =
  /"build":null/.test(readFileSync(join(dist, LIST), "utf8")) && "the page in this folder has no list of its files";
const test = (name, body) => declare(name, body, { skip });

/** Notes in the page's `window.gaveUp` that a service worker was not installed. */
function noteFailure() {
  const register = ServiceWorkerContainer.prototype.register;
  ServiceWorkerContainer.prototype.register = async function (...wishes) {
    const registration = await register.apply(this, wishes);
    registration.installing?.addEventListener("statechange", ({ target }) => {
      window.gaveUp = target instanceof ServiceWorker && target.state === "redundant";
    });
    return registration;
  };
}

test("offline: after one visit the page opens without a network, reads what is drawn and trains on what was fetched", async () => {
  const page = await open("#hidden=32&time-steps=10");
  await ready(page);
  await isKept(page);
  await button(page, "Train").click();
  await until(
    "a whole epoch, so that all images were fetched",
    async () => (await number(page, "Epoch")) >= 1.1,
    4 * MINUTE,
  );
  await button(page, "Pause").click();
  await until(
    "pieces in the cache",
    async () => (await cached(page)).filter(([, path]) => path.includes("-train-")).length >= 60,
  );
  await page.context().setOffline(true);
  site.mood = { what: "broken", files: /./ };
  await page.reload();
  await ready(page);
  await until("what was kept", () => page.locator("#kept").isVisible());
  await button(page, "Clear").click();
  await draw(page, 1);
  await until("an answer", async () => /^\d$/.test(await text(page, "Recognised digit")));
  // What reads pictures is kept although nobody has given one.
  const chosen = page.waitForEvent("filechooser");
  await button(page, "Picture").click();
  const picture = new URL("../cases/pictures/dark-ink-on-grey-120-seven.png", import.meta.url);
  await (await chosen).setFiles(fileURLToPath(picture));
  await until("the picture on the pad", async () => !(await page.evaluate(() => location.hash)).includes("draw="));
  const epoch = await number(page, "Epoch");
  await button(page, "Train").click();
  await until("training", async () => (await number(page, "Epoch")) >= epoch + 0.3, 2 * MINUTE);
  await button(page, "Pause").click();
  site.mood = null;
});

test("offline: only whole files are kept, and no answer that is an error", async () => {
  site.mood = { what: "page", files: /models\/mnist\.safetensors/ };
  const page = await open("", { before: (page) => page.addInitScript(noteFailure) });
  await until("the worker to give up", () => page.evaluate(() => window.gaveUp === true));
  assert.ok(
    !(await cached(page)).some(([, path]) => path.includes("models/mnist.safetensors")),
    "a web page is no network",
  );
  assert.equal(await page.evaluate(() => navigator.serviceWorker.controller), null, "half a build is not used");
  site.mood = null;
  await page.reload();
  await isKept(page);
  assert.ok((await cached(page)).some(([, path]) => path.includes("models/mnist.safetensors")));
  assert.ok(
    !(await cached(page)).some(([, path]) => /engine_gpu|-train-|card\.png/.test(path)),
    "what nobody asked for is not kept",
  );
});

test("offline: a new build takes over, and never is half of it another", async () => {
  const folder = mkdtempSync(join(tmpdir(), "spiking-"));
  cpSync(dist, folder, { recursive: true });
  const other = await serve(folder);
  const page = await open("", { at: other.url });
  try {
    await ready(page);
    await isKept(page);
    const builds = async () => [...new Set((await cached(page)).map(([name]) => name))];
    const [first] = await builds();
    // The next build: another page, and its list says so.
    const [index, list] = [join(folder, "index.html"), join(folder, LIST)];
    writeFileSync(index, readFileSync(index, "utf8").replace("<title>", "<title>New "));
    const bytes = readFileSync(index);
    const sum = bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5) >>> 0;
    writeFileSync(
      list,
      readFileSync(list, "utf8")
        .replace(/"index\.html":\[\d+,\d+/, `"index.html":[${bytes.length},${sum}`)
        .replace(/("build":")./, "$1x"),
    );
    await page.reload();
    assert.match(await page.title(), /^New /, "with a network the new page comes at once");
    await until("the new build's cache", async () => (await builds()).length === 2);
    await until("all of it", async () => {
      const all = await cached(page);
      return all.filter(([name]) => name !== first).length >= all.filter(([name]) => name === first).length;
    });
    await until("the new worker in charge", () =>
      page.evaluate(async () => {
        const { installing, waiting, active } = await navigator.serviceWorker.getRegistration();
        return !installing && !waiting && active.state === "activated";
      }),
    );
    await page.context().setOffline(true);
    other.mood = { what: "broken", files: /./ };
    await page.reload();
    await ready(page);
    assert.match(await page.title(), /^New /, "and without one");
    // The one after that removes the first.
    other.mood = null;
    await page.context().setOffline(false);
    writeFileSync(list, readFileSync(list, "utf8").replace(/("build":")./, "$1y"));
    await page.reload();
    await until("the first to be gone", async () => {
      const names = await builds();
      return names.length === 2 && !names.includes(first);
    });
  } finally {
    other.close();
    rmSync(folder, { recursive: true });
  }
});

test("offline: a server that does not answer is not waited for where there is a copy", async () => {
  const page = await open("");
  await ready(page);
  await isKept(page);
  site.mood = { what: "mute", files: /^index\.html$/ };
  const start = Date.now();
  await page.reload();
  assert.ok(Date.now() - start < 20_000, "the copy came");
  site.mood = null;
  await ready(page);
});
