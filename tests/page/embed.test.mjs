// The page in other people's pages, and its links.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { MINUTE, pages } from "./harness.mjs";
import { button, frames, ready, until } from "./reader.mjs";
import { kept } from "./runs.mjs";

const { site, browser, open, watch, test } = await pages();

/** Pages of other people, on a port of their own. */
async function neighbours(headers) {
  let page = "";
  const server = createServer((_, response) =>
    response.writeHead(200, { "content-type": "text/html", ...headers }).end(page),
  );
  await new Promise((done) => server.listen(0, "127.0.0.1", () => done(null)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const url = `http://127.0.0.1:${port}/`;
  return {
    url,
    show: (html) => (page = `<!doctype html><title>A blog</title><body>${html}`),
    close: () => server.close(),
  };
}

/** In the page around: what every element told. */
const listen = () => {
  window.told = [];
  for (const name of ["ready", "progress", "prediction"]) {
    addEventListener(
      name,
      (event) => {
        if (event instanceof CustomEvent && event.target instanceof Element)
          window.told.push([event.target.id, name, event.detail]);
      },
      true,
    );
  }
};

/** Several screens of it. */
const FAR = '<div style="height:4000px">far</div>';

/**
 * Another page, with these elements in it.
 * @param {string} html
 * @param {import("./harness.mjs").Wishes & { headers?: Record<string, string> }} wishes
 */
async function hosted(html, { headers = {}, ...options } = {}) {
  const host = await neighbours(headers);
  host.show(html.replaceAll("SITE", site.url));
  const context = await (await browser()).newContext({ viewport: { width: 1000, height: 800 }, ...options });
  const page = Object.assign(watch(await context.newPage()).page, { fetched: /** @type {string[]} */ ([]) });
  page.on("request", (request) => page.fetched.push(request.url()));
  page.on("close", host.close);
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

test("embed: nothing is fetched until it is nearly in sight; then it is ready, reads a picture and fits its content", async () => {
  const page = await hosted(`${SCRIPT}${FAR}<spiking-playground id="a" show="pad result"></spiking-playground>`);
  await page.waitForFunction(() => customElements.get("spiking-playground"));
  // Whoever asks after the element whether that is near is told after it.
  const near = await page.locator("#a").evaluate(
    (element) =>
      new Promise((done) => {
        const asked = ([entry]) => done(entry.isIntersecting);
        new IntersectionObserver(asked, { rootMargin: "600px" }).observe(element);
      }),
  );
  assert.equal(near, false);
  await frames(page);
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
});

test("embed: several on one page keep to themselves; attributes can be changed", async () => {
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
});

test("embed: training begins by itself, tells its numbers, and stands still out of sight", async () => {
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
  await until("it to know", () => page.frames()[1].evaluate(() => outside.unseen()));
  // The step that was under way is told still.
  await frames(page, 30);
  const count = (await news()).length;
  await frames(page, 90);
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
});

test("embed: the page around scrolls over it, by wheel and by keys", async () => {
  const page = await hosted(`${SCRIPT}<spiking-playground id="a"></spiking-playground>${FAR}`);
  await until("ready", async () => (await told(page, "a", "ready")).length === 1);
  const box = await page.locator("#a").boundingBox();
  const at = () => page.evaluate(() => scrollY);
  for (const place of [
    [box.x + 60, box.y + 60],
    [box.x + box.width / 2, box.y + 300],
  ]) {
    const before = await at();
    await page.mouse.move(place[0], place[1]);
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
});

test("embed: a message of somebody else is no event", async () => {
  const page = await hosted(
    `${SCRIPT}<spiking-playground id="a" show="pad"></spiking-playground><iframe id="liar" srcdoc="<p>hello"></iframe>`,
  );
  await until("ready", async () => (await told(page, "a", "ready")).length === 1);
  await page.evaluate(() => {
    addEventListener("message", ({ data }) => {
      if (data === "last") window.heard = (window.heard ?? 0) + 1;
    });
    postMessage({ spiking: "prediction", digit: 99 }, "*");
    postMessage("last", "*");
  });
  await page
    .frames()
    .find((frame) => frame.url() === "about:srcdoc")
    .evaluate(() => {
      parent.postMessage({ spiking: "prediction", digit: 98 }, "*");
      parent.postMessage("last", "*");
    });
  await until("what was sent after both", () => page.evaluate(() => window.heard === 2));
  assert.ok((await told(page, "a", "prediction")).every(({ digit }) => digit < 10));
});

test("embed: a host with a strict policy needs two directives", async () => {
  const policy = `default-src 'none'; script-src ${new URL(site.url).origin}; frame-src ${new URL(site.url).origin}`;
  const page = await hosted(`${SCRIPT}<spiking-playground id="a" show="pad"></spiking-playground>`, {
    headers: { "content-security-policy": policy },
  });
  await frameOf(page, "a").getByLabel("Draw a digit").waitFor();
  await until("its height", () =>
    page.locator("#a iframe").evaluate((frame) => frame.clientHeight > 100 && frame.clientHeight !== 420),
  );
  page.faults.length = 0; // the browser asks for a favicon that the policy forbids
});

test("embed: a frame whose sandbox lacks something says what, and a whole sandbox is enough", async () => {
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
});

test("embed: as a module the script says so and works where it can; where it cannot, the element says why", async () => {
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
});

test("embed: a figure of the article fetches no engine", async () => {
  const page = await hosted(
    '<iframe id="a" src="SITE#show=figure-1" width="640" height="300" title="A figure"></iframe>',
  );
  await page.frameLocator("#a").locator("#whole").waitFor();
  await page.frameLocator("#a").locator("#figure-1").waitFor();
  assert.equal(await page.frameLocator("#a").locator("#figure-2").isVisible(), false);
  await until("the figure", () => page.frameLocator("#a").locator("#figure-1 .said").textContent());
  await until("the scripts that come last", () => page.fetched.some((url) => url.endsWith("/around.js")));
  await frames(page);
  assert.deepEqual(
    mark(page).filter((url) => /engine|models|shards|page.*wasm/.test(url)),
    [],
  );
});

test("links and embed code are copied; where copying is refused, the text is there to be copied by hand", async () => {
  const page = await open("#hidden=64&digit=7", { permissions: ["clipboard-read", "clipboard-write"] });
  await ready(page);
  await button(page, "Copy link").click();
  await until("a confirmation", async () => /link is copied/.test(await page.locator("#copied").textContent()));
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), page.url());
  await button(page, "Copy embed code").click();
  await until("a confirmation", async () => /embed code is copied/.test(await page.locator("#copied").textContent()));
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
});

test("embed: a layer that learns without labels is watched, and can be stopped", async () => {
  const page = await hosted(
    `${SCRIPT}<spiking-playground id="a" show="fields" settings="rule=stdp&amp;hidden=36" autoplay></spiking-playground>`,
  );
  const inside = frameOf(page, "a");
  // Its sentences are beside, and not shown here.
  const pictures = async () => Number.parseInt((await inside.locator("#fields-told").textContent()) ?? "0", 10);
  await until("some pictures", async () => (await pictures()) >= 3, MINUTE);
  assert.ok(await inside.locator("#fields-mosaic").isVisible());
  for (const gone of ["#score", "article", "#pad"]) assert.equal(await inside.locator(gone).first().isVisible(), false);
  await inside.getByRole("button", { name: "Pause" }).click();
  await until("it stands", () => inside.getByRole("button", { name: "Train" }).isVisible());
  const sides = await inside
    .locator("html")
    .evaluate((root) => [root.scrollWidth, root.clientWidth, root.scrollHeight, innerHeight]);
  assert.ok(sides[0] <= sides[1] && sides[2] <= sides[3], `nothing is cut off: ${sides}`);
});
