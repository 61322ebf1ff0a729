// What a person and assistive technology find on the page, and waiting for it.

import assert from "node:assert/strict";

import { MINUTE } from "./harness.mjs";

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

/** Waits for so many frames: what had begun is then on the screen. */
export const frames = (page, count = 2) =>
  page.evaluate(
    (count) =>
      new Promise((done) => {
        const next = (left) => (left === 0 ? done(null) : requestAnimationFrame(() => next(left - 1)));
        next(count);
      }),
    count,
  );

/** A value that is turned, also where its sentence is folded. */
export const knob = (page, name) => page.locator(`[role=spinbutton][aria-label="${name}"]`).first();

/** A list of words in a sentence, also where that is folded. */
export const words = (page, name) => page.locator(`select[aria-label="${name}"]`);

/** Unfolds the sentences over pad and score, or folds them. */
export const unfold = (page, open = true) =>
  page.locator(".flow details").evaluateAll((all, open) => {
    for (const details of all) details.open = open && !details.matches(".what-if");
  }, open);

/** Turns a value by these keys. */
export async function turn(page, name, ...keys) {
  await unfold(page);
  for (const key of keys) await knob(page, name).press(key);
}

/** Chooses a word of a list. */
export async function choose(page, name, word) {
  await unfold(page);
  await words(page, name).selectOption(word);
  await unfold(page, false);
}

/** Asks the network one of the page's questions. */
export async function ask(page, question) {
  await page.getByText("What if …?", { exact: true }).click();
  await page.getByRole("link", { name: question, exact: true }).click();
}

export const ready = (page) => until("Train to be ready", () => button(page, "Train").isEnabled());

export const reads = (page, digit) =>
  until(`a ${digit} to be recognised`, async () => (await text(page, "Recognised digit")) === String(digit), 20_000);

/** The accuracy on all test images, two decimals, which is measured when training pauses. */
export const wholeTest = (page) =>
  until("the whole test set", async () => (await text(page, "Test accuracy")).match(/^\d\d\.\d\d.*/)?.[0], 2 * MINUTE);

/** Parks the animation at its end, where the answer stands. */
export async function park(page) {
  const slider = page.getByRole("slider", { name: "Time step" });
  await slider.evaluate((element) => {
    element.value = element.max;
    element.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

/** The figures are there once each says something. */
export const figures = (page) =>
  until("the figures", async () => (await page.locator(".fig .said").allTextContents()).every((text) => text !== ""));

export const answered = (page) => until("an answer", async () => /\S/.test(await text(page, "Recognised digit")));

/** Trains until mistakes are known. */
export async function train(page) {
  await ready(page);
  await button(page, "Train").click();
  await until("mistakes", async () => (await page.locator("#wrong-few button").count()) > 0);
}

/** A window as a phone has it. */
export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** A picture of the page once it no longer changes. */
export async function stillPicture(page) {
  let [last, now] = [Buffer.alloc(0), await page.screenshot()];
  while (!now.equals(last)) {
    await frames(page, 15);
    [last, now] = [now, await page.screenshot()];
  }
  return now;
}
