// The page for everyone: by keyboard, by touch, for who wants less motion, with assistive technology; smooth and lean
// while it trains; and a handful of pictures of it. UPDATE=1 writes the expected pictures anew.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { button, MINUTE, number, ready, text, until } from "./reader.mjs";

const AXE = new URL("../../node_modules/axe-core/axe.min.js", import.meta.url);
const PICTURES = new URL("expected/", import.meta.url);
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** What can be pressed, turned or followed. */
const OPERABLE = "button, a[href], select, input, summary, [tabindex], [role=spinbutton]";
/** Groups whose buttons are one stop of the Tab key. */
const GROUPS = ["#samples", "#mosaic", "#graph-neurons", "#confusion", "#wrong", "#wrong-few"];

/** What axe-core holds to be serious or critical. */
async function violations(page) {
  await page.addScriptTag({ content: readFileSync(AXE, "utf8") });
  return page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
    const bad = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    return bad.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.target.join(" ")}: ${node.failureSummary}`),
    );
  });
}

const answered = (page) => until("an answer", async () => /\S/.test(await text(page, "Recognised digit")));

/** Trains until mistakes are known. */
async function train(page) {
  await ready(page);
  await button(page, "Train").click();
  await until("mistakes", async () => (await page.locator("#wrong-few button").count()) > 0);
}

/** Everything there is, so that it can be reached: mistakes, neurons and connections. */
async function filled(page) {
  await train(page);
  await button(page, "Pause").click();
  await ready(page);
  for (const id of ["#mosaic", "#graph"]) {
    await page.locator(id).scrollIntoViewIfNeeded();
    await until(
      `buttons in ${id}`,
      async () => (await page.locator(id === "#graph" ? "#graph-neurons button" : `${id} button`).count()) > 8,
    );
  }
  await page.evaluate(() => {
    document.activeElement.blur();
    scrollTo(0, 0);
  });
}

async function keys(page) {
  await answered(page);
  await page.keyboard.press("?");
}

async function saving(page) {
  await answered(page);
  await page.locator("[data-save=in]").click();
}

/** Opens pages that take axe-core in: their policy allows no script of others. */
const SEEN = [
  ["at rest", "", {}, answered],
  ["while training", "", {}, train],
  ["in the dark", "", { colorScheme: "dark" }, filled],
  ["at 390 pixels", "", PHONE, answered],
  ["with its keys shown", "", {}, keys],
  ["while a picture is saved", "", {}, saving],
  ["with clothes", "#dataset=fashion-mnist", {}, ready],
  [
    "about embedding",
    "embed.html",
    {},
    (page) =>
      page
        .frameLocator("spiking-playground >> nth=0 >> iframe")
        .getByRole("status", { name: "Recognised digit" })
        .waitFor(),
  ],
  ["embedded", "#show=pad,samples,raster,network,result,curves,neurons,mistakes,train", {}, answered],
  [
    "as a figure alone",
    "#show=figure-1",
    {},
    (page) => page.locator("#figure-1 .said").filter({ hasText: /\w/ }).waitFor(),
  ],
];

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
    await page.waitForTimeout(250);
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
    memories.push((made.instance ?? made).exports.memory);
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

/** A picture at a quarter of its size, and how far it is from the expected one: on average, and in its worst tile. */
const compare = (page, picture, expected) =>
  page.evaluate(
    async ([picture, expected]) => {
      const load = async (data) => {
        const image = new Image();
        image.src = `data:image/png;base64,${data}`;
        await image.decode();
        return image;
      };
      const whole = await load(picture);
      const [width, height] = [whole.width >> 2, whole.height >> 2];
      const paint = (image) => {
        const canvas = Object.assign(document.createElement("canvas"), { width, height });
        const context = canvas.getContext("2d");
        context.imageSmoothingQuality = "high";
        context.drawImage(image, 0, 0, width, height);
        return { canvas, data: context.getImageData(0, 0, width, height).data };
      };
      const now = paint(whole);
      const small = now.canvas.toDataURL("image/png").split(",")[1];
      if (expected === null) return { small };
      const before = await load(expected);
      if (before.width !== width || before.height !== height) return { small, mean: 255, worst: 255 };
      const then = paint(before);
      const TILE = 16;
      const tiles = new Map();
      let sum = 0;
      for (let i = 0; i < now.data.length; i += 1) {
        const difference = Math.abs(now.data[i] - then.data[i]);
        const pixel = i >> 2;
        const tile = Math.floor((pixel % width) / TILE) + 1000 * Math.floor(Math.floor(pixel / width) / TILE);
        tiles.set(tile, (tiles.get(tile) ?? 0) + difference / (TILE * TILE * 3));
        sum += difference;
      }
      return { small, mean: sum / (width * height * 3), worst: Math.max(...tiles.values()) };
    },
    [picture, expected],
  );

/** Pictures that stand still: name, link, how it is opened. Other fonts are other pixels, so differences of a tile are let
    pass that are less than a missing picture. */
const VIEWS = [
  ["light", "#digit=2&t=14", { viewport: { width: 1440, height: 1000 } }],
  ["dark", "#digit=2&t=14", { viewport: { width: 1440, height: 1000 }, colorScheme: "dark" }],
  ["phone", "#digit=2&t=14", PHONE],
  ["figure", "#show=figure-1", { viewport: { width: 720, height: 560 } }],
  ["embed", "#show=pad,raster,result&digit=5&t=25", { viewport: { width: 900, height: 620 } }],
];
const [MEAN, TILE] = [5, 70];

export function qualityTests(open) {
  const tests = {};
  for (const [name, hash, options, prepare] of SEEN) {
    tests[`axe-core finds nothing serious on the page ${name}`] = async () => {
      const page = await open(hash, { bypassCSP: true, ...options });
      await prepare(page);
      assert.deepEqual(await violations(page), []);
      return page;
    };
  }

  return {
    ...tests,

    async "by keyboard: everything is reached by Tab, is seen to have the focus, and nothing holds it"() {
      const page = await open("#t=25");
      await filled(page);
      await page.locator(".skip").focus();
      await page.locator(".skip").evaluate((skip) => (skip.dataset.reached = 1));
      const stops = [];
      for (let press = 0; press < 400; press += 1) {
        await page.keyboard.press("Tab");
        const stop = await page.evaluate((groups) => {
          const element = document.activeElement;
          if (element === document.body) return null;
          if (element.dataset.reached) return { again: element.outerHTML.slice(0, 80) };
          element.dataset.reached = 1;
          for (const button of element.closest(groups)?.querySelectorAll("button") ?? []) button.dataset.reached = 1;
          const framed = [element, element.closest(".s-axis"), element.closest("label")].some(
            (one) =>
              one &&
              getComputedStyle(one).outlineStyle !== "none" &&
              Number.parseFloat(getComputedStyle(one).outlineWidth) > 0,
          );
          return { what: element.outerHTML.slice(0, 80), framed };
        }, GROUPS.join());
        if (stop === null || stop.again) break;
        stops.push(stop);
      }
      assert.deepEqual(
        stops.filter(({ framed }) => !framed).map(({ what }) => what),
        [],
        "the focus is seen",
      );
      const missed = await page
        .locator(OPERABLE)
        .evaluateAll((all) =>
          all
            .filter(
              (one) =>
                !one.dataset.reached &&
                !one.disabled &&
                one.checkVisibility({ visibilityProperty: true }) &&
                !one.closest("dialog, .stepper, [tabindex='-1']:not(button)") &&
                one.tabIndex >= 0,
            )
            .map((one) => one.outerHTML.slice(0, 100)),
        );
      assert.deepEqual(missed, [], "everything is reached");
      assert.ok(stops.length < 160, `${stops.length} stops`);
      return page;
    },

    async "by keyboard: a group of buttons is one stop, and arrow keys reach each of them"() {
      const page = await open("#t=25");
      await filled(page);
      for (const group of GROUPS) {
        const { stops, all, reached } = await page.evaluate((group) => {
          const buttons = [...document.querySelectorAll(`${group} button`)];
          const stops = buttons.filter((button) => button.tabIndex === 0).length;
          const open = [buttons[0]];
          const reached = new Set(open);
          for (const button of open) {
            for (const key of ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"]) {
              button.focus();
              button.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
              const next = document.activeElement;
              if (!reached.has(next)) reached.add(next) && open.push(next);
            }
          }
          return { stops, all: buttons.length, reached: reached.size };
        }, group);
        assert.deepEqual({ group, stops, reached }, { group, stops: 1, reached: all });
      }
      const before = page.url();
      await page.locator("#samples button").first().focus();
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("Enter");
      await until("another picture", () => page.url() !== before);
      return page;
    },

    async "by keyboard: a dialog takes the focus, Escape closes it, and the focus returns"() {
      const page = await open("#t=25");
      await ready(page);
      for (const opener of [button(page, "Keys"), page.locator("[data-save=in]")]) {
        await opener.focus();
        await page.keyboard.press("Enter");
        await page.getByRole("dialog").waitFor();
        assert.ok(await page.evaluate(() => document.activeElement.closest("dialog") !== null));
        await page.keyboard.press("Escape");
        await until("no dialog", async () => (await page.getByRole("dialog").count()) === 0);
        assert.ok(await opener.evaluate((element) => element === document.activeElement), "the focus returns");
      }
      return page;
    },

    async "by touch, 390 and 320 pixels wide: nothing scrolls sideways, what is tapped is large enough, the pad holds still"() {
      for (const width of [390, 320]) {
        const page = await open("#t=25", { ...PHONE, viewport: { width, height: 844 } });
        await filled(page);
        await page.evaluate(() => {
          for (const details of document.querySelectorAll("details")) details.open = true;
        });
        const { wide, culprits } = await page.evaluate((width) => {
          const culprits = [...document.querySelectorAll("body *")].filter(
            (one) =>
              one.checkVisibility() &&
              one.getBoundingClientRect().right > width + 1 &&
              getComputedStyle(one).position !== "fixed",
          );
          return {
            wide: document.scrollingElement.scrollWidth,
            culprits: culprits.slice(0, 5).map((one) => one.outerHTML.slice(0, 120)),
          };
        }, width);
        assert.ok(wide <= width, `${wide} of ${width} pixels`);
        assert.deepEqual(culprits, [], "what reaches over the rim");
        // What stands in a sentence is as high as its line.
        const small = await page
          .locator("button, summary, select, [role=slider], label, canvas[tabindex]")
          .evaluateAll((all) =>
            all
              .filter(
                (one) =>
                  one.checkVisibility({ visibilityProperty: true }) &&
                  !one.closest("p, dd, figcaption, .stepper") &&
                  one.tabIndex >= -1,
              )
              .map((one) => [one.getBoundingClientRect(), one.outerHTML.slice(0, 100)])
              .filter(([box]) => box.width > 0 && (box.width < 23.9 || box.height < 23.9))
              .map(([box, what]) => `${Math.round(box.width)} × ${Math.round(box.height)}: ${what}`),
          );
        assert.deepEqual(small, [], "tap targets");
        const session = await page.context().newCDPSession(page);
        const swipe = async (locator) => {
          await locator.evaluate((element) => element.scrollIntoView({ block: "center" }));
          const box = await locator.boundingBox();
          const before = await page.evaluate(() => scrollY);
          const touch = (type, moved = 0) =>
            session.send("Input.dispatchTouchEvent", {
              type,
              touchPoints: type === "touchEnd" ? [] : [{ x: box.x + box.width / 2, y: box.y + box.height / 2 - moved }],
            });
          await touch("touchStart");
          for (let moved = 15; moved <= 150; moved += 15) {
            await touch("touchMove", moved);
            await page.waitForTimeout(16);
          }
          await touch("touchEnd");
          await page.waitForTimeout(150);
          return (await page.evaluate(() => scrollY)) - before;
        };
        assert.equal(await swipe(page.locator("#pad")), 0, "drawing does not scroll the page");
        for (const place of ["#in", "#graph", ".lead", "#figure-1 .high"]) {
          const way = await swipe(page.locator(place));
          assert.ok(way > 50, `the page scrolls by ${way} pixels over ${place}`);
        }
        assert.deepEqual(page.faults, []);
        await page.context().close();
      }
    },

    async "who wants less motion sees the end at once, and nothing moves"() {
      const page = await open("", { reducedMotion: "reduce" });
      await answered(page);
      await button(page, "Play the animation").waitFor();
      const slider = page.getByRole("slider", { name: "Time step" });
      assert.equal(await slider.inputValue(), await slider.getAttribute("max"));
      await page.waitForTimeout(500);
      const first = await page.screenshot();
      await page.waitForTimeout(1500);
      assert.ok(first.equals(await page.screenshot()), "nothing moves");
      assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
      return page;
    },

    async "while it trains no task of the main thread takes 50 ms, and a frame takes a small part of its sixtieth of a second"() {
      const page = await open("");
      await train(page);
      await page.waitForTimeout(3000);
      let seen;
      for (let attempt = 0; attempt < 2; attempt += 1) {
        seen = await watch(page, 20);
        if (seen.computing.length === 0) break;
      }
      console.log(
        `        ${seen.frames.toFixed(1)} frames a second, ${seen.cost.toFixed(1)} ms each, ${seen.long.length} long tasks by the clock, ${await number(page, "Images per second")} images a second`,
      );
      assert.deepEqual(seen.computing, [], "tasks over 50 ms");
      assert.ok(seen.cost < 8, `a frame takes ${seen.cost.toFixed(1)} ms`);
      await button(page, "Pause").click();
      return page;
    },

    async "memory stays flat over 20 epochs"() {
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
      console.log(`        ${JSON.stringify(early)}\n        ${JSON.stringify(late)}`);
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
      return page;
    },

    async "the first text is painted before any program is there, and nothing else holds it up"() {
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
        description: document.querySelector("meta[name=description]")?.content.length ?? 0,
        viewport: document.querySelector("meta[name=viewport]")?.content,
        blocking: [...document.querySelectorAll("script[src]")]
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
        head.blockedBy.every((name) => /^style-.*\.css$/.test(name)),
        head.blockedBy.join(),
      );
      await answered(page);
      // Nothing that a program draws pushes text aside.
      const shifts = await page.evaluate(
        () =>
          new Promise((done) => {
            new PerformanceObserver((list) =>
              done(list.getEntries().reduce((sum, { value }) => sum + value, 0)),
            ).observe({ type: "layout-shift", buffered: true });
            setTimeout(() => done(0), 500);
          }),
      );
      assert.ok(shifts < 0.1, `layout shift ${shifts}`);
      return page;
    },

    async "files that caches keep have a hash in their path"() {
      const page = await open("");
      await answered(page);
      const files = await page.evaluate(() =>
        performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname.replace("/sub/", "")),
      );
      if (await page.evaluate(() => document.querySelector("meta[name=service]").content === "none")) {
        console.log("        this folder was not finished by the build, so its files have no hashes");
        return page;
      }
      // The service worker, models and lists are asked for anew (see service.js).
      const plain = files.filter(
        (file) =>
          !/(^|[-/])[0-9a-f]{1,64}([-_./]|$)/.test(file) &&
          !/^(service\.js|models\/|shards\/[^/]+\/manifest\.json)/.test(file),
      );
      assert.deepEqual(plain, []);
      return page;
    },

    async "the page looks as it is expected to"() {
      const wrong = [];
      for (const [name, hash, options] of VIEWS) {
        const page = await open(hash, { reducedMotion: "reduce", ...options });
        if (name === "figure") await page.locator("#figure-1 .said").filter({ hasText: /\w/ }).waitFor();
        else await answered(page);
        await until("the fonts", () => page.evaluate(() => document.fonts.ready.then(() => true)));
        await page.waitForTimeout(1000);
        const picture = (await page.screenshot()).toString("base64");
        const file = new URL(`${name}.png`, PICTURES);
        const update = process.env.UPDATE === "1";
        const expected = !update && existsSync(file) ? readFileSync(file).toString("base64") : null;
        const { small, mean, worst } = await compare(page, picture, expected);
        if (update) {
          mkdirSync(PICTURES, { recursive: true });
          writeFileSync(file, Buffer.from(small, "base64"));
        } else if (!(mean <= MEAN && worst <= TILE)) {
          mkdirSync("test-results", { recursive: true });
          writeFileSync(`test-results/${name}.png`, Buffer.from(small, "base64"));
          wrong.push(
            expected === null
              ? `${name}: nothing is expected yet`
              : `${name}: differs by ${mean.toFixed(1)} on average and ${worst.toFixed(1)} in a tile; see test-results/${name}.png`,
          );
        }
        assert.deepEqual(page.faults, []);
        await page.context().close();
      }
      assert.deepEqual(wrong, [], "UPDATE=1 writes the expected pictures anew");
    },
  };
}
