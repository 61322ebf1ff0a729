// What a visitor fetches, compressed as most hosts do it, before the first digit is read and until training has begun.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { dist, pages } from "./harness.mjs";
import { answered, button, number, ready, until } from "./reader.mjs";

const { open, test, site } = await pages();

/** Bytes until the first digit is read, and those after it until training has begun. */
const [SEEN, TRAINED] = [900_000, 750_000];

test("bytes: a digit is read, and training begins, after few of them", async (context) => {
  /** @type {Set<string>} */
  const fetched = new Set();
  /** The piece of the training images that is fetched first. @type {string | undefined} */
  let first;
  const before = async (page) => {
    // Pieces of the data but for the first one never come: what training begins with is that alone.
    await page.route(/-(train|test)-\d/, (route) => {
      const piece = route
        .request()
        .url()
        .match(/-(train|test)-\d+/)?.[0];
      first ??= piece;
      return piece === first ? route.continue() : undefined;
    });
    page.on("requestfinished", (request) => {
      const path = decodeURIComponent(new URL(request.url()).pathname);
      if (request.url().startsWith(site.url)) fetched.add(path.replace("/sub/", "") || "index.html");
    });
  };
  const started = performance.now();
  const page = await open("", { before });
  await answered(page);
  const after = performance.now() - started;
  const seen = [...fetched];
  await ready(page);
  await button(page, "Train").click();
  await until("training", async () => (await number(page, "Images per second")) > 0);
  // What training does not wait for comes beside it: the engine for graphics cards, tried where there may be one.
  const trained = [...fetched].filter((path) => !seen.includes(path) && !path.includes("engine_gpu"));
  const sizes = new Map(
    [...seen, ...trained].map((path) => [path, brotliCompressSync(readFileSync(join(dist, path))).length]),
  );
  const bytes = (paths) => paths.reduce((sum, path) => sum + sizes.get(path), 0);
  for (const [what, paths] of [
    [`until a digit is read, after ${after.toFixed(0)} ms`, seen],
    ["from there until training has begun", trained],
  ]) {
    context.diagnostic(`${what}: ${(bytes(paths) / 1000).toFixed(0)} KB in ${paths.length} files`);
    for (const path of paths) context.diagnostic(`  ${String(bytes([path])).padStart(8)}  ${path}`);
  }
  assert.ok(!seen.some((path) => /engine_gpu|photo_reader|exporter/.test(path)), "what is wanted later comes later");
  assert.ok(bytes(seen) <= SEEN && bytes(trained) <= TRAINED);
});
