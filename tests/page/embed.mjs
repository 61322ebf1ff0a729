// The page in other people's pages, its links, and what is kept of it, in a browser.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { button, MINUTE, number, opener, ready, text, until } from "./reader.mjs";

/** Pages of other people, on a port of their own. */
async function neighbours() {
  let page = "";
  const server = createServer((_, response) =>
    response.writeHead(200, { "content-type": "text/html", ...neighbours.headers }).end(page),
  );
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${server.address().port}/`;
  return {
    url,
    show: (html) => (page = `<!doctype html><title>A blog</title><body>${html}`),
    close: () => server.close(),
  };
}
neighbours.headers = {};

/** In the page around: what every element told. */
const listen = () => {
  window.told = [];
  for (const name of ["ready", "progress", "prediction"]) {
    addEventListener(name, ({ target, detail }) => window.told.push([target.id, name, detail]), true);
  }
};

/** A number that is worth a screen and more. */
const FAR = '<div style="height:4000px">far</div>';

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
      constructor(...wishes) {
        super(...wishes);
        this.addEventListener("message", ({ data: [report] }) => (window.paused += report[0] === paused));
      }
    };
  }, PAUSED);

/** How many runs are kept, and the newest of them. */
const kept = (page) =>
  page.evaluate(
    () =>
      new Promise((done, failed) => {
        const open = indexedDB.open("spiking-playground", 1);
        open.onupgradeneeded = () => open.transaction.abort();
        open.onerror = () => done([]);
        open.onsuccess = () => {
          const all = open.result.transaction("runs").objectStore("runs").getAll();
          all.onsuccess = () => {
            open.result.close();
            done(all.result.map(({ link, at, file }) => ({ link, at, bytes: file.length })));
          };
          all.onerror = failed;
        };
      }),
  );

export function embedTests(site, browser) {
  const openWhole = opener(site, browser);
  let faults = [];

  /** Another page, with these elements in it. */
  async function hosted(html, { headers = {}, ...options } = {}) {
    const host = await neighbours();
    neighbours.headers = headers;
    host.show(html.replaceAll("SITE", site.url));
    const context = await browser.newContext({ viewport: { width: 1000, height: 800 }, ...options });
    const page = await context.newPage();
    page.faults = faults = [];
    page.fetched = [];
    page.on("console", (message) => message.type() === "error" && page.faults.push(`console: ${message.text()}`));
    page.on("pageerror", (error) => page.faults.push(`exception: ${error}`));
    page.on("request", (request) => page.fetched.push(request.url()));
    page.on("close", host.close);
    page.setDefaultTimeout(MINUTE);
    await page.addInitScript(listen);
    await page.goto(host.url);
    return page;
  }
  const SCRIPT = '<script async src="SITEembed.js"></script>';
  const frameOf = (page, id) => page.frameLocator(`#${id} iframe`);
  const told = (page, id, name) =>
    page.evaluate(
      ([id, name]) => window.told.filter((event) => event[0] === id && event[1] === name).map((event) => event[2]),
      [id, name],
    );
  const mark = (page) => page.fetched.filter((url) => url.startsWith(site.url) && !url.endsWith("embed.js"));

  const tests = {
    async "embed: nothing is fetched until it is nearly in sight; then it is ready, reads a picture and fits its content"() {
      const page = await hosted(`${SCRIPT}${FAR}<spiking-playground id="a" show="pad result"></spiking-playground>`);
      await page.waitForFunction(() => customElements.get("spiking-playground"));
      await page.waitForTimeout(700);
      assert.deepEqual(mark(page), []);
      await page.locator("#a").scrollIntoViewIfNeeded();
      await until("ready", async () => (await told(page, "a", "ready")).length === 1);
      const [{ digit, name, probability, knownSince }] = await until("a prediction", async () =>
        (await told(page, "a", "prediction")).length > 0 ? told(page, "a", "prediction") : null,
      );
      assert.equal(String(digit), name);
      assert.ok(
        probability > 0.5 && probability <= 1 && knownSince >= 1 && knownSince <= 25,
        JSON.stringify({ probability, knownSince }),
      );
      const inside = frameOf(page, "a");
      assert.equal(await inside.getByRole("status", { name: "Recognised digit" }).textContent(), name);
      for (const gone of ["#score", "article", "footer", ".bar"])
        assert.equal(await inside.locator(gone).first().isVisible(), false, gone);
      const frame = page.frames().find((frame) => frame.url().startsWith(site.url));
      await until("no inner scrolling", () =>
        frame.evaluate(
          () =>
            document.documentElement.scrollHeight <= innerHeight &&
            document.body.getBoundingClientRect().height > innerHeight - 2,
        ),
      );
      assert.ok(await page.locator("#a iframe").getAttribute("title"));
      assert.equal(await inside.getByRole("link", { name: /Spiking Playground/ }).getAttribute("href"), "./");
      return page;
    },

    async "embed: several on one page keep to themselves; attributes can be changed"() {
      const page = await hosted(
        `${SCRIPT}<spiking-playground id="a" show="pad" settings="hidden=64&amp;beta=0.8" theme="dark"></spiking-playground><spiking-playground id="b" show="pad result" model="mnist-small"></spiking-playground>`,
      );
      const [a, b] = [frameOf(page, "a"), frameOf(page, "b")];
      await until(
        "both",
        async () => (await told(page, "a", "ready")).length + (await told(page, "b", "ready")).length === 2,
      );
      const links = async () =>
        page
          .frames()
          .slice(1)
          .map((frame) => frame.url());
      assert.match((await links())[0], /hidden=64.*beta=0.8|beta=0.8.*hidden=64/);
      assert.match((await links())[1], /model=mnist-small/);
      const ground = (inside) => inside.locator("html").evaluate((root) => getComputedStyle(root).backgroundColor);
      assert.equal(await ground(a), "rgb(14, 17, 19)");
      assert.equal(await ground(b), "rgb(253, 253, 252)");
      const before = (await told(page, "b", "prediction")).length;
      await a.getByLabel("Draw a digit").focus();
      await page.keyboard.press("7");
      await until("a 7 in the first", async () => page.frames()[1].url().includes("digit=7"));
      assert.ok(!page.frames()[2].url().includes("digit=7"));
      assert.equal((await told(page, "b", "prediction")).length, before);
      const entries = await page.evaluate(() => history.length);
      await page.evaluate(() => {
        const element = document.getElementById("a");
        element.setAttribute("show", "raster");
        element.setAttribute("theme", "light");
      });
      await a.locator("#score").waitFor();
      await until("light", async () => (await ground(a)) === "rgb(253, 253, 252)");
      assert.equal(await a.getByLabel("Draw a digit").isVisible(), false);
      assert.equal(await page.evaluate(() => history.length), entries, "the way back is the reader's");
      assert.deepEqual(await kept(page.frames()[1]), [], "an embed keeps nothing");
      return page;
    },

    async "embed: training begins by itself, tells its numbers, and stands still out of sight"() {
      const page = await hosted(
        `${SCRIPT}<spiking-playground id="a" show="curves" autoplay settings="hidden=64"></spiking-playground>${FAR}`,
      );
      const news = () => told(page, "a", "progress");
      const first = await until(
        "progress",
        async () => (await news()).find(({ accuracy, imagesPerSecond }) => accuracy > 0.5 && imagesPerSecond > 0),
        2 * MINUTE,
      );
      assert.ok(first.epoch > 0 && first.loss > 0 && first.loss < 3, JSON.stringify(first));
      await page.evaluate(() => scrollTo(0, 3000));
      await page.waitForTimeout(1500);
      const count = (await news()).length;
      await page.waitForTimeout(1500);
      assert.equal((await news()).length, count, "nothing is computed out of sight");
      await page.evaluate(() => scrollTo(0, 0));
      await until("it to go on", async () => (await news()).length > count + 3);
      const epochs = (await news()).map(({ epoch }) => epoch);
      assert.deepEqual(
        epochs,
        epochs.toSorted((a, b) => a - b),
      );
      await frameOf(page, "a").getByRole("button", { name: "Pause" }).click();
      await frameOf(page, "a").getByRole("button", { name: "Train" }).waitFor();
      return page;
    },

    async "embed: the page around scrolls over it, by wheel and by keys"() {
      const page = await hosted(`${SCRIPT}<spiking-playground id="a"></spiking-playground>${FAR}`);
      await until("ready", async () => (await told(page, "a", "ready")).length === 1);
      const box = await page.locator("#a").boundingBox();
      const at = () => page.evaluate(() => scrollY);
      for (const place of [
        [box.x + 60, box.y + 60],
        [box.x + box.width / 2, box.y + 300],
      ]) {
        const before = await at();
        await page.mouse.move(...place);
        await page.mouse.wheel(0, 60);
        await until("the page around to scroll", async () => (await at()) > before);
      }
      const playing = () => frameOf(page, "a").locator("#play").getAttribute("aria-label");
      await page.evaluate(() => scrollTo(0, 0));
      await page.mouse.click(box.x + box.width - 8, box.y + 8);
      const was = await playing();
      await page.keyboard.press("ArrowDown");
      await until("an arrow to scroll", async () => (await at()) > 0);
      const frame = page.frames()[1];
      await frame.evaluate(() =>
        addEventListener("keydown", (event) => setTimeout(() => (window.taken = event.defaultPrevented))),
      );
      await page.keyboard.press("Space");
      await until("Space", () => frame.evaluate(() => window.taken !== undefined));
      assert.equal(await frame.evaluate(() => window.taken), false, "Space is left to the page around");
      assert.equal(await playing(), was);
      await frameOf(page, "a").locator("#play").focus();
      await page.keyboard.press("Space");
      await until("Space on the button", async () => (await playing()) !== was);
      return page;
    },

    async "embed: a message of somebody else is no event"() {
      const page = await hosted(
        `${SCRIPT}<spiking-playground id="a" show="pad"></spiking-playground><iframe id="liar" srcdoc="<p>hello"></iframe>`,
      );
      await until("ready", async () => (await told(page, "a", "ready")).length === 1);
      await page.evaluate(() => postMessage({ spiking: "prediction", digit: 99 }, "*"));
      await page
        .frames()
        .find((frame) => frame.url() === "about:srcdoc")
        .evaluate(() => parent.postMessage({ spiking: "prediction", digit: 98 }, "*"));
      await page.waitForTimeout(300);
      assert.ok((await told(page, "a", "prediction")).every(({ digit }) => digit < 10));
      return page;
    },

    async "embed: a host with a strict policy needs two directives"() {
      const policy = `default-src 'none'; script-src ${new URL(site.url).origin}; frame-src ${new URL(site.url).origin}`;
      const page = await hosted(`${SCRIPT}<spiking-playground id="a" show="pad"></spiking-playground>`, {
        headers: { "content-security-policy": policy },
      });
      await frameOf(page, "a").getByLabel("Draw a digit").waitFor();
      await until("its height", () =>
        page.locator("#a iframe").evaluate((frame) => frame.clientHeight > 100 && frame.clientHeight !== 420),
      );
      page.faults.length = 0; // the browser asks for a favicon that the policy forbids
      return page;
    },

    async "embed: a frame whose sandbox lacks something says what, and a whole sandbox is enough"() {
      const page = await hosted(
        '<iframe id="a" sandbox="allow-scripts" src="SITE#show=pad,result" width=600 height=300></iframe><iframe id="b" sandbox="allow-scripts" src="SITE#show=figure-1" width=600 height=300></iframe><iframe id="c" sandbox="allow-scripts allow-same-origin" src="SITE#show=pad,result" width=600 height=300></iframe>',
      );
      for (const id of ["a", "b"]) {
        const inside = page.frameLocator(`#${id}`);
        await until("a word", () => inside.locator("#trouble-frame").isVisible());
        assert.match(await inside.locator("#trouble-frame").textContent(), /allow-same-origin/);
        assert.equal(await inside.locator("#trouble-start").isVisible(), false);
      }
      await until("a digit", async () =>
        /^\d$/.test(await page.frameLocator("#c").getByRole("status", { name: "Recognised digit" }).textContent()),
      );
      return page;
    },

    async "embed: as a module the script says so and works where it can; where it cannot, the element says why"() {
      const page = await hosted(`<spiking-playground id="a" show="pad"></spiking-playground>`, { headers: {} });
      const said = [];
      page.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));
      // A page of the same host, for others lack the header that a module needs.
      await page.route(`${site.url}blog.html`, (route) =>
        route.fulfill({
          contentType: "text/html",
          body: '<!doctype html><script type="module" src="embed.js"></script><spiking-playground id="a" show="pad result"></spiking-playground>',
        }),
      );
      await page.goto(`${site.url}blog.html`);
      await until("a digit", async () =>
        /^\d$/.test(await frameOf(page, "a").getByRole("status", { name: "Recognised digit" }).textContent()),
      );
      assert.ok(
        said.some((line) => /^warning: .*embed\.js is no module/.test(line)),
        said.join("\n"),
      );
      // A script that another one fetches has no tag.
      await page.route(`${site.url}blog.html`, (route) =>
        route.fulfill({
          contentType: "text/html",
          body: '<!doctype html><script type="module">import("./embed.js")</script><spiking-playground id="a" show="pad result"></spiking-playground>',
        }),
      );
      await page.goto(`${site.url}blog.html`);
      await until("a word", async () =>
        /cannot be shown.*<script async/s.test(
          await page.locator("#a").evaluate((element) => element.shadowRoot?.textContent ?? ""),
        ),
      );
      assert.ok(
        said.some((line) => /^error: .*embed\.js does not know/.test(line)),
        said.join("\n"),
      );
      page.faults.length = 0;
      return page;
    },

    async "embed: a figure of the article fetches no engine"() {
      const page = await hosted(
        '<iframe id="a" src="SITE#show=figure-1" width="640" height="300" title="A figure"></iframe>',
      );
      await page.frameLocator("#a").locator("#whole").waitFor();
      await page.frameLocator("#a").locator("#figure-1").waitFor();
      assert.equal(await page.frameLocator("#a").locator("#figure-2").isVisible(), false);
      await page.waitForTimeout(1000);
      assert.deepEqual(
        mark(page).filter((url) => /engine|models|shards|page-.*wasm/.test(url)),
        [],
      );
      return page;
    },

    async "links and embed code are copied; where copying is refused, the text is there to be copied by hand"() {
      const page = await openWhole("#hidden=64&digit=7", { permissions: ["clipboard-read", "clipboard-write"] });
      await ready(page);
      await button(page, "Copy link").click();
      await until("a confirmation", async () => /link is copied/.test(await page.locator("#copied").textContent()));
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), page.url());
      await button(page, "Copy embed code").click();
      await until("a confirmation", async () =>
        /embed code is copied/.test(await page.locator("#copied").textContent()),
      );
      const code = await page.evaluate(() => navigator.clipboard.readText());
      assert.match(code, /<script async src="http.*\/sub\/embed\.js"><\/script>/);
      const host = await hosted(code);
      await until("what the code shows", async () =>
        host.frames().some((frame) => /hidden=64.*digit=7.*show=pad,raster,result/.test(frame.url())),
      );
      await host.close();
      await page.evaluate(() => {
        navigator.clipboard.writeText = () => Promise.reject(new Error("no"));
        document.execCommand = () => false;
      });
      await button(page, "Copy link").click();
      await until("a word", async () => /by hand/.test(await page.locator("#copied").textContent()));
      assert.equal(await page.locator("#by-hand").inputValue(), page.url());
      return page;
    },

    async "kept: a reload goes on where training stood, to the same weights as never stopped"() {
      const link = "#hidden=32&time-steps=10&batch-size=32";
      const [through, stopped] = [
        await openWhole(link, { before: countPauses }),
        await openWhole(link, { before: countPauses }),
      ];
      for (const page of [through, stopped]) {
        await ready(page);
        await steps(page, 12);
      }
      await until("it to be kept", async () => (await kept(stopped)).length === 1);
      await stopped.waitForTimeout(500);
      const accuracy = await until(
        "an accuracy",
        async () => (await text(stopped, "Test accuracy")).match(/^\d\d?\.\d\d.*/)?.[0],
        2 * MINUTE,
      );
      await stopped.reload();
      await until("a sentence", async () =>
        /was kept: epoch 0\.0\. It stands still/.test(await stopped.locator("#kept").textContent()),
      );
      assert.match(await stopped.locator("#kept").textContent(), /Training of today \d\d:\d\d/);
      await until("the same accuracy", async () => (await text(stopped, "Test accuracy")) === accuracy, 2 * MINUTE);
      assert.ok((await number(stopped, "Training loss")) > 0);
      assert.equal(await weights(stopped), await weights(through));
      for (const page of [through, stopped]) await steps(page, 8);
      assert.equal(await stopped.locator("#kept").isVisible(), false);
      assert.equal(await weights(stopped), await weights(through));
      await through.context().close();
      return stopped;
    },

    async "kept: a link with nothing in it goes on with the newest run, other settings open what they say, and starting anew removes it"() {
      const page = await openWhole("#hidden=48");
      await ready(page);
      await button(page, "Train").click();
      await until("some training", async () => (await number(page, "Epoch")) >= 0.1);
      await button(page, "Pause").click();
      await until("it to be kept", async () => (await kept(page)).length === 1);
      await page.waitForTimeout(700);
      const epoch = await text(page, "Epoch");
      await page.goto(`${site.url}embed.html`);
      await page.goto(`${site.url}#hidden=96`);
      await ready(page);
      await page.waitForTimeout(500);
      assert.equal(await page.locator("#kept").isVisible(), false);
      assert.equal((await kept(page)).length, 1);
      await page.goto(`${site.url}embed.html`);
      await page.goto(site.url);
      await until("a sentence", () => page.locator("#kept").isVisible());
      await until("its epoch", async () => (await text(page, "Epoch")) === epoch);
      await until("its link", () => page.url().includes("hidden=48"));
      assert.equal(
        await page.getByRole("spinbutton", { name: "Hidden neurons", exact: true }).getAttribute("aria-valuenow"),
        "48",
      );
      await button(page, "Start anew").click();
      await until("nothing kept", async () => (await kept(page)).length === 0);
      assert.equal(await page.locator("#kept").isVisible(), false);
      await until("epoch 0", async () => (await text(page, "Epoch")) === "0");
      return page;
    },

    async "kept: what cannot be read is removed with a word, and a browser that keeps nothing is no failure"() {
      for (const broken of ["file", "format"]) {
        const page = await openWhole("#hidden=32&time-steps=10");
        await ready(page);
        await button(page, "Step").click();
        await until("it to be kept", async () => (await kept(page)).length === 1);
        await page.evaluate(
          (broken) =>
            new Promise((done) => {
              const open = indexedDB.open("spiking-playground", 1);
              open.onsuccess = () => {
                const runs = open.result.transaction("runs", "readwrite").objectStore("runs");
                runs.getAll().onsuccess = ({
                  target: {
                    result: [run],
                  },
                }) => {
                  if (broken === "file") run.file = run.file.slice(0, 1000);
                  else run.format = 0;
                  runs.put(run).onsuccess = () => {
                    open.result.close();
                    done();
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
        assert.deepEqual(page.faults, []);
        await page.context().close();
      }
      const page = await openWhole("", {
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
      assert.ok((await number(page, "Training loss")) > 0);
      return page;
    },

    async "kept: on a full disk older runs make room; where that is not enough the page says so, and training goes on"() {
      const page = await openWhole("#hidden=32&time-steps=10", {
        // A disk with room for so many runs.
        before: (page) =>
          page.addInitScript(() => {
            globalThis.room = Number.POSITIVE_INFINITY;
            const put = IDBObjectStore.prototype.put;
            IDBObjectStore.prototype.put = function (run) {
              if (globalThis.room === 0) throw new DOMException("full", "QuotaExceededError");
              const written = put.call(this, run);
              this.count().onsuccess = ({ target: { result } }) => {
                if (result > globalThis.room) this.transaction.abort();
              };
              return written;
            };
          }),
      });
      await ready(page);
      await button(page, "Step").click();
      await until("a run to be kept", async () => (await kept(page)).length === 1);
      const knob = page.getByRole("spinbutton", { name: "Hidden neurons", exact: true });
      await knob.press("ArrowUp");
      await until("other settings", () => !page.url().includes("hidden=32"));
      await ready(page);
      await page.evaluate(() => (globalThis.room = 1));
      await button(page, "Step").click();
      await until("the newer run alone", async () => {
        const runs = await kept(page);
        return runs.length === 1 && !runs[0].link.includes("hidden=32");
      });
      assert.equal(await page.locator("#trouble-keep").isVisible(), false);
      const before = (await kept(page))[0].at;
      await page.evaluate(() => (globalThis.room = 0));
      await ready(page);
      await button(page, "Step").click();
      await until("a word", () => page.locator("#trouble-keep").isVisible());
      await page.evaluate(() => (globalThis.room = 1));
      await ready(page);
      await button(page, "Step").click();
      await until("the run of now", async () => (await kept(page))[0]?.at > before);
      await until("no word", async () => !(await page.locator("#trouble-keep").isVisible()));
      return page;
    },

    async "kept: two tabs at once keep their own runs, and each goes on with its own"() {
      const first = await openWhole("#hidden=32&time-steps=10");
      const second = await first.context().newPage();
      second.setDefaultTimeout(MINUTE);
      second.on("console", (message) => message.type() === "error" && first.faults.push(message.text()));
      await second.goto(`${site.url}#hidden=48&time-steps=10`);
      for (const page of [first, second]) {
        await page.bringToFront();
        await ready(page);
        await button(page, "Step").click();
      }
      await until("both to be kept", async () => (await kept(first)).length === 2);
      for (const [page, size] of [
        [first, "32"],
        [second, "48"],
      ]) {
        await page.bringToFront();
        await page.reload();
        await until("its sentence", () => page.locator("#kept").isVisible());
        assert.equal(
          await page.getByRole("spinbutton", { name: "Hidden neurons", exact: true }).getAttribute("aria-valuenow"),
          size,
        );
      }
      // What one tab removes, the other still keeps.
      await button(second, "Start anew").click();
      await until("one to be left", async () => (await kept(first)).length === 1);
      assert.match((await kept(first))[0].link, /hidden=32/);
      return first;
    },
  };
  return { tests, faults: () => [...openWhole.faults(), ...faults] };
}
