// The page is smooth and lean while it trains, and there at once.

import assert from "node:assert/strict";
import { MINUTE, pages } from "./harness.mjs";
import { answered, button, number, ready, train, until } from "./reader.mjs";

const { open, test } = await pages();

/**
 * Memory after a collection of garbage: bytes of JavaScript, nodes, listeners, and bytes of both programs. The least of some
 * readings: what a request to IndexedDB in flight holds is collected once it is over, and a leak never is.
 */
async function memory(page, session) {
  const least = {
    heap: Number.POSITIVE_INFINITY,
    nodes: Number.POSITIVE_INFINITY,
    listeners: Number.POSITIVE_INFINITY,
  };
  for (let reading = 0; reading < 8; reading += 1) {
    await session.send("HeapProfiler.collectGarbage");
    const { metrics } = await session.send("Performance.getMetrics");
    for (const [name, metric] of [
      ["heap", "JSHeapUsedSize"],
      ["nodes", "Nodes"],
      ["listeners", "JSEventListeners"],
    ]) {
      least[name] = Math.min(least[name], metrics.find((one) => one.name === metric).value);
    }
    const epoch = await number(page, "Epoch");
    await until("more training", async () => (await number(page, "Epoch")) >= epoch + 0.2);
  }
  const programs = await Promise.all(
    [page, ...page.workers()].map((one) =>
      one.evaluate(() => globalThis.memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0)),
    ),
  );
  return { ...least, programs };
}

/** Keeps the memories of WebAssembly programs in `memories`. */
const KEEP_MEMORIES = `globalThis.memories = [];
for (const name of ["instantiate", "instantiateStreaming"]) {
  const real = WebAssembly[name];
  WebAssembly[name] = async (...wishes) => {
    const made = await real.apply(WebAssembly, wishes);
    // The build has given it another name.
    const exports = Object.values((made.instance ?? made).exports);
    memories.push(exports.find((it) => it instanceof WebAssembly.Memory));
    return made;
  };
}
`;

/**
 * So many seconds of the main thread: frames a second, the CPU time of one, and tasks over 50 ms, in milliseconds: by the
 * clock, and by the CPU time that they took. Where other programs have the cores, only the second says something of the page.
 */
async function watch(page, seconds) {
  await page
    .context()
    .browser()
    .startTracing(page, { categories: ["devtools.timeline", "toplevel"] });
  const frames = await page.evaluate(
    (seconds) =>
      new Promise((done) => {
        const times = [];
        const frame = (now) => {
          times.push(now);
          if (now - times[0] < seconds * 1000) return requestAnimationFrame(frame);
          done((1000 * (times.length - 1)) / (now - times[0]));
        };
        requestAnimationFrame(frame);
      }),
    seconds,
  );
  const { traceEvents } = JSON.parse((await page.context().browser().stopTracing()).toString());
  const thread = ({ pid, tid }) => `${pid} ${tid}`;
  const drawn = traceEvents.filter(({ name, ph }) => name === "FireAnimationFrame" && ph === "X");
  const main = thread(drawn[0]);
  const tasks = traceEvents.filter(
    (event) => event.ph === "X" && /RunTask$/.test(event.name) && thread(event) === main,
  );
  assert.ok(tasks.length > 100, "tasks were seen");
  const over = (time) => tasks.map((task) => Math.round((task[time] ?? 0) / 1000)).filter((duration) => duration > 50);
  const cost = drawn.reduce((sum, { tdur }) => sum + tdur / 1000, 0) / drawn.length;
  return { frames, cost, long: over("dur"), computing: over("tdur") };
}

test("while it trains no task of the main thread takes 50 ms, and a frame takes a small part of its sixtieth of a second", async (context) => {
  const page = await open("");
  await train(page);
  const epoch = await number(page, "Epoch");
  await until("training to be under way", async () => (await number(page, "Epoch")) >= epoch + 0.2);
  let seen;
  for (let attempt = 0; attempt < 2; attempt += 1) {
    seen = await watch(page, 20);
    if (seen.computing.length === 0) break;
  }
  context.diagnostic(
    `${seen.frames.toFixed(1)} frames a second, ${seen.cost.toFixed(1)} ms each, ${seen.long.length} long tasks by the clock, ${await number(page, "Images per second")} images a second`,
  );
  assert.deepEqual(seen.computing, [], "tasks over 50 ms");
  assert.ok(seen.cost < 8, `a frame takes ${seen.cost.toFixed(1)} ms`);
  await button(page, "Pause").click();
});

test("memory stays flat over 20 epochs", async (context) => {
  const before = async (page) => {
    await page.addInitScript(KEEP_MEMORIES);
    await page.route(/engine_cpu_loader\.js$/, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: KEEP_MEMORIES + (await response.text()) });
    });
  };
  const page = await open("#hidden=8&time-steps=4&batch-size=256", { before });
  await ready(page);
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  await button(page, "Train").click();
  const epoch = (least) => until(`epoch ${least}`, async () => (await number(page, "Epoch")) >= least, 6 * MINUTE);
  await epoch(5);
  const early = await memory(page, session);
  await epoch(20);
  const late = await memory(page, session);
  context.diagnostic(`${JSON.stringify(early)}, then ${JSON.stringify(late)}`);
  // A megabyte is what the browser itself is uneven by; the curves have at most 480 points.
  assert.ok(late.heap < early.heap + 1_000_000, "JavaScript");
  assert.ok(late.nodes < early.nodes + 200, "nodes");
  assert.ok(late.listeners < early.listeners + 50, "listeners");
  assert.equal(early.programs.length, 2, "both programs");
  // A page of WebAssembly is 64 KB: two of them.
  for (const [at, bytes] of late.programs.entries()) {
    assert.ok(bytes <= early.programs[at] + 131_072, `program ${at}`);
  }
  await button(page, "Pause").click();
});

test("the first text is painted before any program is there, and nothing else holds it up", async () => {
  const before = (page) =>
    page.route(/\.wasm$/, async (route) => {
      await new Promise((later) => setTimeout(later, 3000));
      await route.continue();
    });
  const page = await open("", { before });
  await page.getByRole("heading", { level: 1 }).waitFor();
  const painted = await until("a first paint", () =>
    page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime),
  );
  assert.ok(painted < 1000, `painted after ${painted} ms`);
  const head = await page.evaluate(() => ({
    lang: document.documentElement.lang,
    title: document.title,
    description: document.querySelector("meta[name=description]")?.getAttribute("content").length ?? 0,
    viewport: document.querySelector("meta[name=viewport]")?.getAttribute("content"),
    blocking: [...document.scripts]
      .filter((script) => script.src !== "")
      .filter((script) => !script.defer && !script.async && script.type !== "module")
      .map((script) => script.src),
    unsized: [...document.querySelectorAll("img")]
      .filter((image) => !(image.hasAttribute("width") && image.hasAttribute("height")))
      .map((image) => image.outerHTML),
    blockedBy: performance
      .getEntriesByType("resource")
      .filter((entry) => entry.renderBlockingStatus === "blocking")
      .map((entry) => entry.name.split("/").pop()),
  }));
  assert.equal(head.lang, "en");
  assert.match(head.title, /Spiking Playground/);
  assert.ok(head.description > 50 && head.description < 200);
  assert.match(head.viewport, /width=device-width/);
  assert.deepEqual([head.blocking, head.unsized], [[], []]);
  assert.ok(
    head.blockedBy.every((name) => /^style\.css$/.test(name)),
    head.blockedBy.join(),
  );
  await answered(page);
  // Nothing that a program draws pushes text aside.
  const shifts = await page.evaluate(
    () =>
      new Promise((done) => {
        new PerformanceObserver((list) => done(list.getEntries().reduce((sum, { value }) => sum + value, 0))).observe({
          type: "layout-shift",
          buffered: true,
        });
        setTimeout(() => done(0), 500);
      }),
  );
  assert.ok(shifts < 0.1, `layout shift ${shifts}`);
});

test("files that caches keep have a hash in their path", async () => {
  const page = await open("");
  await answered(page);
  const files = await page.evaluate(() =>
    performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname.replace("/sub/", "")),
  );
  // The service worker, models and lists are asked for anew (see service.js).
  const plain = files.filter(
    (file) =>
      !/(^|[-/])[0-9a-f]{1,64}([-_./]|$)/.test(file) &&
      !/^(service\.js|models\/|shards\/[^/]+\/manifest\.json)/.test(file),
  );
  assert.deepEqual(plain, []);
});
