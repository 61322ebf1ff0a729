// The page is smooth and lean while it trains, and there at once.

import assert from "node:assert/strict";
import { MINUTE, pages } from "./harness.mjs";
import { answered, button, figures, frames, number, ready, train, until } from "./reader.mjs";

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

/** What the main thread of a page does while `during` runs: its tasks and its frames, with their CPU time in milliseconds. */
async function traced(page, during) {
  const browser = page.context().browser();
  await browser.startTracing(page, { categories: ["devtools.timeline", "toplevel"] });
  await during();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
  const thread = ({ pid, tid }) => `${pid} ${tid}`;
  const whole = traceEvents.filter(({ ph }) => ph === "X");
  const frames = whole.filter(({ name }) => name === "FireAnimationFrame");
  const main = thread(frames[0]);
  const cost = ({ tdur = 0 }) => tdur / 1000;
  const tasks = whole.filter((event) => /RunTask$/.test(event.name) && thread(event) === main);
  return { tasks: tasks.map(cost), frames: frames.filter((event) => thread(event) === main).map(cost) };
}

/** Steps of a small loop that take a core of an ordinary machine 50 ms. */
const STEPS = 40_000_000;

/**
 * The CPU time in milliseconds that the main thread of this page takes for what takes an ordinary machine 50: the middle one of
 * five. What shares the cores, or how fast they are, says nothing of the page.
 */
async function fifty(page) {
  const { tasks } = await traced(page, async () => {
    await frames(page);
    for (let time = 0; time < 5; time += 1) {
      await page.evaluate((steps) => {
        let bits = 1;
        for (let step = 0; step < steps; step += 1) {
          bits ^= bits << 13;
          bits ^= bits >>> 17;
          bits ^= bits << 5;
        }
        return bits;
      }, STEPS);
    }
  });
  return tasks.sort((one, other) => other - one)[2];
}

test("while it trains no task of the main thread takes 50 ms, and a frame takes a small part of its sixtieth of a second", async (context) => {
  const page = await open("");
  await train(page);
  const epoch = await number(page, "Epoch");
  await until("training to be under way", async () => (await number(page, "Epoch")) >= epoch + 0.2);
  const unit = await fifty(page);
  const seen = await traced(page, () => new Promise((later) => setTimeout(later, 20_000)));
  assert.ok(seen.tasks.length > 100 && seen.frames.length > 100, "tasks and frames were seen");
  const [longest, mean] = [
    // A shared core takes a moment from one or the other of a thousand tasks.
    seen.tasks.sort((one, other) => other - one)[2],
    seen.frames.reduce((sum, frame) => sum + frame) / seen.frames.length,
  ];
  context.diagnostic(
    `${(seen.frames.length / 20).toFixed(1)} frames a second of ${mean.toFixed(1)} ms, the longest task but two ${longest.toFixed(1)} ms, ${await number(page, "Images per second")} images a second, on a machine that needs ${unit.toFixed(1)} ms for 50`,
  );
  assert.ok(longest < unit, `a task takes ${longest.toFixed(1)} ms, where 50 are ${unit.toFixed(1)}`);
  assert.ok(mean < 0.16 * unit, `a frame takes ${mean.toFixed(1)} ms`);
  await button(page, "Pause").click();
});

test("memory stays flat over 15 epochs", async (context) => {
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
  // What is fetched while nothing else is to be done is there before it is counted.
  await figures(page);
  const epoch = (least) => until(`epoch ${least}`, async () => (await number(page, "Epoch")) >= least, 6 * MINUTE);
  await epoch(5);
  const early = await memory(page, session);
  await epoch((await number(page, "Epoch")) + 15);
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
      !/[-/][0-9a-f]{8,16}[-_./]/.test(file) && !/^(service\.js|models\/|shards\/[^/]+\/manifest\.json)/.test(file),
  );
  assert.deepEqual(plain, []);
});
