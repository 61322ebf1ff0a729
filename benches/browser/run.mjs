// A peer in headless Chromium, or the built page.
//
//   node benches/browser/run.mjs jax wasm --steps 300              loss and accuracy after 300 steps
//   node benches/browser/run.mjs tensorflow wasm --seconds 10      images per second
//   node benches/browser/run.mjs jax wasm --seconds 10 --isolated  the same, on a host that lets it use threads
//   node benches/browser/run.mjs page dist --seconds 10            our page's own figure; --steps 1: loss and accuracy as
//                                                                  soon as 90 % are reached, and when that, 95 and 97 % were,
//                                                                  in seconds since the page was asked for; 90 s at most
//   node benches/browser/run.mjs card dist --seconds 10            the same on the graphics card
//
// Further: --hidden LAYERS and --workers N for the page, --data FOLDER, --tests N, --warm-up STEPS, --limit SECONDS. Prints one `name value` a line.

import { createReadStream, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { browse, serve } from "../../tests/page/site.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

const PACKAGES = { jax: "@jax-js/jax", tensorflow: "@tensorflow/tfjs" };

const [peer, device, ...flags] = process.argv.slice(2);
const flag = (name, fallback) => (flags.includes(`--${name}`) ? flags[flags.indexOf(`--${name}`) + 1] : fallback);
const number = (name, fallback) => Number(flag(name, fallback));
const [steps, tests, seconds] = [number("steps", 0), number("tests", 1000), number("seconds", 0)];
const isolated = flags.includes("--isolated");

const report = (name, value) => console.log(`${name} ${value}`);

/** Package, version and browser of a peer that runs on `how`. */
function version(how, browser) {
  const name = PACKAGES[peer];
  const { version } = JSON.parse(readFileSync(join(HERE, "node_modules", name, "package.json"), "utf8"));
  return `${name} ${version} on ${how}, Chromium ${browser.version()}`;
}

const wait = (milliseconds) => new Promise((later) => setTimeout(later, milliseconds));

/** This folder, with the data set below data/. An isolated site may share memory between threads. */
async function site(data) {
  const headers = isolated
    ? { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" }
    : {};
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname));
    const file = path.startsWith("/data/")
      ? join(data, path.slice("/data/".length))
      : join(HERE, path === "/" ? "index.html" : path);
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
      response.writeHead(404, headers).end("not here");
      return;
    }
    response.writeHead(200, { ...headers, "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
    createReadStream(file).pipe(response);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", () => done(null)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return { url: `http://127.0.0.1:${port}/`, close: () => server.close() };
}

/** A peer trains on index.html. */
async function runPeer(browser) {
  const { url } = await site(flag("data", "data"));
  const page = await browser.newPage();
  page.setDefaultTimeout(0);
  await page.exposeFunction("report", (name, value) =>
    report(name, name === "version" ? version(value, browser) : value),
  );
  await page.goto(url);
  await page.waitForFunction(() => window.bench);
  await page.evaluate((options) => window.bench(options), {
    module: `./${peer}.mjs`,
    device,
    steps,
    tests,
    seconds,
    warmUp: number("warm-up", 3),
  });
}

/** Accuracies of interest, in percent. */
const MARKS = [90, 95, 97];

/** Our page trains, as a person would let it. */
async function runPage(browser) {
  const { url } = await serve(device);
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 1000 } })).newPage();
  page.setDefaultTimeout(60_000);
  // The network of the defaults, which the others train too: the one that the page opens with has settings of its own.
  const network = flag("hidden", "");
  const settings = network ? `hidden=${network}` : "model=mnist-chatty";
  const engine = peer === "card" ? "gpu" : "cpu";
  const asked = Date.now();
  await page.goto(`${url}#${settings}&engine=${engine}&workers=${number("workers", 1)}`);
  const text = async (name) => (await page.getByRole("status", { name, exact: true }).textContent()).trim();
  const figure = async (name) => Number.parseFloat((await text(name)).replace(/[^\d.]/g, ""));
  await page.getByRole("button", { name: "Train", exact: true }).click();
  while (!((await figure("Images per second")) > 0)) await wait(50);
  // The CPU trains until the card takes over, and its figure stands there until the card has one.
  if (peer === "card") {
    while ((await text("Engine")) === "CPU") await wait(50);
    report("card", await text("Engine"));
    const step = await text("Epoch");
    for (const end = Date.now() + 60_000; (await text("Epoch")) === step && Date.now() < end; ) await wait(50);
  }
  report("version", `Chromium ${browser.version()}`);
  if (steps > 0) {
    const [least] = MARKS;
    for (const mark of MARKS) {
      while (!((await figure("Test accuracy")) >= mark) && Date.now() < asked + 90_000) await wait(20);
      if ((await figure("Test accuracy")) >= mark) report(`seconds_to_${mark}`, (Date.now() - asked) / 1000);
      if (mark === least) {
        report("loss", await figure("Training loss"));
        report("accuracy", (await figure("Test accuracy")) / 100);
      }
    }
  }
  if (seconds > 0) {
    await wait(3000);
    const rates = [];
    for (const end = Date.now() + 1000 * seconds; Date.now() < end; await wait(250))
      rates.push(await figure("Images per second"));
    rates.sort((a, b) => a - b);
    report("images_per_second", rates[rates.length >> 1]);
  }
}

// Whatever hangs, this ends.
const limit = setTimeout(() => {
  console.error(`not done after ${number("limit", 600)} s`);
  process.exit(2);
}, 1000 * number("limit", 600));
const browser = await browse({ webgpu: true });
try {
  await (["page", "card"].includes(peer) ? runPage(browser) : runPeer(browser));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
await browser.close();
clearTimeout(limit);
process.exit();
