// What a person and assistive technology find on the page, and waiting for it.

import assert from "node:assert/strict";

export const MINUTE = 60_000;

/**
 * Opens pages in a browser, each of which fails its test at a console error, an exception or a request to somewhere else.
 * What went wrong on the one that was opened last may say why a test fails: `faults()`.
 */
export function opener(site, browser) {
  let faults = [];
  const open = async (hash = "", { expected = [], ...options } = {}) => {
    const context = await browser.newContext({
      viewport: { width: 1440, height: 1000 },
      serviceWorkers: "block",
      ...options,
    });
    const page = await context.newPage();
    faults = [];
    const own = faults;
    const fault = (text) => expected.some((part) => text.includes(part)) || own.push(text);
    page.on(
      "console",
      (message) => message.type() === "error" && fault(`console: ${message.text()} ${message.location().url}`),
    );
    page.on("pageerror", (error) => fault(`exception: ${error}`));
    page.on(
      "request",
      (request) =>
        new URL(request.url()).origin === new URL(site.url).origin ||
        request.url().startsWith("data:") ||
        request.url().startsWith("blob:") ||
        fault(`request to ${request.url()}`),
    );
    page.faults = own;
    page.setDefaultTimeout(MINUTE);
    if (options.before) await options.before(page);
    await page.goto(site.url + hash);
    return page;
  };
  return Object.assign(open, { faults: () => faults });
}

export const output = (page, name) => page.getByRole("status", { name, exact: true });
export const button = (page, name) => page.getByRole("button", { name, exact: true });
export const text = async (page, name) => (await output(page, name).textContent()).trim();
export const number = async (page, name) => Number.parseFloat((await text(page, name)).replace(/[^\d.]/g, ""));

/** Waits until `probe` gives something true. */
export async function until(what, probe, limit = MINUTE) {
  const end = Date.now() + limit;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) assert.fail(`waited for ${what}`);
    await new Promise((later) => setTimeout(later, 50));
  }
}

export const ready = (page) => until("Train to be ready", () => button(page, "Train").isEnabled());
