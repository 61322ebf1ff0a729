// What the tests of a file have in common: one server, one browser, and pages that fail their test at a console error, an
// exception or a request to somewhere else. node:test runs each file in a process of its own.

import assert from "node:assert/strict";
import { after, test as declare } from "node:test";
import { browse, serve } from "./site.mjs";

export const MINUTE = 60_000;
/** No test takes so long. */
const LONGEST = 8 * MINUTE;

/** The built page. */
export const dist = process.env.DIST ?? "dist";

/**
 * What a test may want of a page: what Playwright takes for a context, on which site it is, what is done with it before it is
 * opened, and parts of faults that are expected.
 * @typedef {import("playwright-core").BrowserContextOptions & {
 *   at?: string, expected?: string[], before?: (page: import("playwright-core").Page) => unknown }} Wishes
 */

/** A page, and what went wrong on it. @typedef {import("playwright-core").Page & { faults: string[] }} WatchedPage */

/** A server and a browser for the tests of this file, with a graphics card (which is a program) or without. */
export async function pages({ webgpu = false } = {}) {
  const site = await serve(dist);
  /** Not before a test needs it: most files may have none that was asked for. @type {ReturnType<typeof browse> | null} */
  let launched = null;
  const browser = () => {
    launched ??= browse({ webgpu });
    return launched;
  };
  /** Those of the test that is running. @type {WatchedPage[]} */
  let opened = [];

  after(async () => {
    await (await launched)?.close();
    site.close();
  });

  /**
   * Watches a page: all of its faults are those of its test.
   * @param {import("playwright-core").Page} page
   * @param {string[]} expected
   */
  function watch(page, expected = []) {
    const watched = Object.assign(page, { faults: /** @type {string[]} */ ([]) });
    const fault = (text) => expected.some((part) => text.includes(part)) || watched.faults.push(text);
    page.on("console", (message) => {
      if (message.type() === "error") fault(`console: ${message.text()} ${message.location().url}`);
    });
    page.on("pageerror", (error) => fault(`exception: ${error}`));
    page.setDefaultTimeout(MINUTE);
    opened.push(watched);
    return { page: watched, fault };
  }

  /**
   * Opens a page in a context of its own.
   * @param {string} hash what stands behind the site's address
   * @param {Wishes} wishes
   */
  async function open(hash = "", { at = site.url, expected = [], before, ...options } = {}) {
    const context = await (await browser()).newContext({
      viewport: { width: 1440, height: 1000 },
      serviceWorkers: "block",
      ...options,
    });
    const { page, fault } = watch(await context.newPage(), expected);
    const own = new URL(at).origin;
    page.on("request", (request) => {
      const url = request.url();
      if (new URL(url).origin !== own && !/^(data|blob):/.test(url)) fault(`request to ${url}`);
    });
    if (before) await before(page);
    await page.goto(at + hash);
    return page;
  }

  /**
   * Declares a test, after which its pages are closed and must have had no fault.
   * @param {string} name
   * @param {(context: import("node:test").TestContext) => Promise<unknown>} body
   * @param {import("node:test").TestOptions} options
   */
  function test(name, body, options = {}) {
    declare(name, { timeout: LONGEST, ...options }, async (context) => {
      opened = [];
      site.mood = null;
      const own = opened;
      const close = () =>
        Promise.all(
          own.map((page) =>
            page
              .context()
              .close()
              .catch(() => {}),
          ),
        );
      // What never answers must not hold up the tests after it.
      context.signal.addEventListener("abort", close);
      try {
        await body(context);
        for (const { faults } of own) assert.deepEqual(faults, [], "the browser's console is clean");
      } catch (error) {
        for (const fault of own.flatMap(({ faults }) => faults)) context.diagnostic(fault);
        throw error;
      } finally {
        await close();
      }
    });
  }

  return { site, browser, open, watch, test };
}
