// Pointers on the pad: pens, hands that rest beside them, and pointers of which the browser does not tell the end.

import assert from "node:assert/strict";
import { pages } from "./harness.mjs";
import { button, frames, text, until } from "./reader.mjs";
import { STROKES } from "./site.mjs";

const { open, test } = await pages();

const TOUCH = { pointerType: "touch", width: 24, height: 24 };
const PEN = { pointerType: "pen", width: 1, height: 1 };
const MOUSE = { pointerType: "mouse", width: 1, height: 1 };

/**
 * Sends a pointer's event to an element, at a place in shares of its size. A browser driven from outside has no pen, so the
 * page is told what it would be told of one.
 * @param {import("playwright-core").Page} page
 * @param {string} type
 * @param {{ pointerType: string, pointerId?: number, width?: number, height?: number, isPrimary?: boolean,
 *   detail?: number }} pointer
 * @param {number[]} place
 */
const send = (page, type, pointer, [x, y] = [0.5, 0.5], on = "#pad") =>
  page.evaluate(
    ({ type, pointer, x, y, on }) => {
      const element = document.querySelector(on);
      const area = element.getBoundingClientRect();
      const place = { clientX: area.left + x * area.width, clientY: area.top + y * area.height };
      const buttons = ["pointerdown", "pointermove"].includes(type) ? 1 : 0;
      element.dispatchEvent(
        new PointerEvent(type, {
          bubbles: true,
          cancelable: true,
          isPrimary: true,
          button: 0,
          buttons,
          ...place,
          ...pointer,
        }),
      );
    },
    { type, pointer, x, y, on },
  );

/** A stroke of this pointer. */
async function stroke(page, pointer, points) {
  await send(page, "pointerdown", pointer, points[0]);
  for (const point of points.slice(1)) await send(page, "pointermove", pointer, point);
  await send(page, "pointerup", pointer, points.at(-1));
}

/** A tap, with the click that a browser sends after it. */
async function tap(page, pointer, on) {
  await send(page, "pointerdown", pointer, undefined, on);
  await send(page, "pointerup", pointer, undefined, on);
  await send(page, "click", { ...pointer, detail: 1 }, undefined, on);
}

const link = (page) => new URLSearchParams(new URL(page.url()).hash.slice(1)).get("draw");
/** How many strokes the link says are on the pad. */
const strokes = (page) => (link(page) ?? "").split(".").filter(Boolean).length;
const undo = (page) => button(page, "Undo");

/** A page whose pad is empty, and all of whose scripts are there. */
async function emptied(open, hash = "#draw=") {
  const page = await open(hash);
  await until(
    "the page",
    async () => /^\d?$/.test(await text(page, "Recognised digit")) && (await button(page, "Train").isEnabled()),
  );
  await until("its scripts", () =>
    page.evaluate(() =>
      performance
        .getEntriesByType("resource")
        .some(({ name, responseEnd }) => name.endsWith("/hands.js") && responseEnd > 0),
    ),
  );
  return page;
}
/** So many frames take longer than the page takes to answer everything so far, its link included. */
const rest = (page) => frames(page, 40);

test("a pen that comes down while a hand lies on the pad draws; what the hand drew is gone", async () => {
  const page = await emptied(open);
  const palm = { ...TOUCH, pointerId: 11, width: 50, height: 70 };
  const pen = { ...PEN, pointerId: 12 };
  await send(page, "pointerdown", palm, [0.9, 0.9]);
  await send(page, "pointermove", palm, [0.92, 0.95]);
  const [seven] = STROKES[7];
  await send(page, "pointerdown", pen, seven[0]);
  for (const point of seven.slice(1)) {
    await send(page, "pointermove", pen, point);
    await send(page, "pointermove", palm, [0.93, 0.94]);
  }
  await send(page, "pointerup", pen, seven.at(-1));
  await send(page, "pointerup", palm, [0.93, 0.94]);
  await until("one stroke", () => strokes(page) === 1);
  assert.match(link(page), /^Q/, "it begins where the pen did");
  await until("a 7", async () => (await text(page, "Recognised digit")) === "7");
  // While the pen is near, touches neither draw nor press what lies under the hand.
  await send(page, "pointermove", pen, [0.5, 0.5]);
  await stroke(page, { ...TOUCH, pointerId: 13 }, [
    [0.8, 0.8],
    [0.9, 0.9],
  ]);
  await tap(page, { ...TOUCH, pointerId: 14 }, "#clear");
  await send(page, "pointermove", pen, [0.5, 0.5]);
  await tap(page, { ...TOUCH, pointerId: 15 }, "#samples button");
  await rest(page);
  assert.equal(strokes(page), 1);
  // The pen itself may.
  await tap(page, pen, "#clear");
  await until("an empty pad", () => link(page) === "");
});

test("without a pen a finger draws and presses, but a hand in the corner does not clear the pad", async () => {
  const page = await emptied(open);
  await stroke(page, { ...TOUCH, pointerId: 21 }, STROKES[7][0]);
  await until("a 7", async () => (await text(page, "Recognised digit")) === "7");
  await tap(page, { ...TOUCH, pointerId: 22, width: 90, height: 70 }, "#clear");
  await rest(page);
  assert.equal(strokes(page), 1, "a hand");
  await tap(page, { ...TOUCH, pointerId: 23 }, "#clear");
  await until("an empty pad", () => link(page) === "");
});

test("a pointer whose end was lost holds up no other, and a second finger none", async () => {
  const page = await emptied(open);
  const line = [
    [0.3, 0.2],
    [0.4, 0.5],
  ];
  for (const end of ["lostpointercapture", "pointercancel", null]) {
    const before = strokes(page);
    const lost = { ...MOUSE, pointerId: 31 };
    await send(page, "pointerdown", lost, line[0]);
    await send(page, "pointermove", lost, line[1]);
    if (end) await send(page, end, lost, line[1]);
    await stroke(page, { ...(end ? MOUSE : TOUCH), pointerId: end ? 31 : 32 }, [
      [0.6, 0.2],
      [0.7, 0.8],
    ]);
    await until(`two strokes more after ${end}`, () => strokes(page) === before + 2);
  }
  // A second finger waits, and a touch that the browser takes away was no stroke.
  const before = strokes(page);
  await send(page, "pointerdown", { ...TOUCH, pointerId: 33 }, [0.2, 0.2]);
  await stroke(page, { ...TOUCH, pointerId: 34, isPrimary: false }, [
    [0.8, 0.8],
    [0.9, 0.9],
  ]);
  await send(page, "pointermove", { ...TOUCH, pointerId: 33 }, [0.2, 0.6]);
  await send(page, "pointerup", { ...TOUCH, pointerId: 33 }, [0.2, 0.6]);
  await until("one stroke", () => strokes(page) === before + 1);
  await send(page, "pointerdown", { ...TOUCH, pointerId: 35 }, [0.5, 0.2]);
  await send(page, "pointermove", { ...TOUCH, pointerId: 35 }, [0.5, 0.6]);
  await send(page, "pointercancel", { ...TOUCH, pointerId: 35 }, [0.5, 0.6]);
  await rest(page);
  assert.equal(strokes(page), before + 1);
  // Staves, figures and values let go as well: what follows moves nothing.
  const time = page.getByRole("slider", { name: "Time step" });
  await send(page, "pointerdown", { ...MOUSE, pointerId: 36 }, [0.5, 0.5], "#in");
  const now = await until("the middle", async () => ((await time.inputValue()) === "13" ? "13" : null));
  await send(page, "lostpointercapture", { ...MOUSE, pointerId: 36 }, [0.5, 0.5], "#in");
  await send(page, "pointermove", { ...MOUSE, pointerId: 36 }, [0.9, 0.5], "#in");
  await rest(page);
  assert.equal(await time.inputValue(), now);
});

test("what was cleared comes back, by a button and by the keyboard", async () => {
  const page = await emptied(open, "");
  const digit = await until("a digit", async () => (await text(page, "Recognised digit")) || null);
  assert.equal(await undo(page).count(), 0, "nothing was cleared");
  await button(page, "Clear").click();
  await until("an empty pad", () => link(page) === "");
  await undo(page).click();
  await until("the digit", async () => (await text(page, "Recognised digit")) === digit && link(page) === null);
  assert.equal(await undo(page).count(), 0);
  assert.equal(await page.evaluate(() => document.activeElement.id), "clear", "the focus is not lost");
  // A drawing, by keys alone; a second Clear takes nothing away.
  await page.getByLabel("Draw a digit").focus();
  for (const key of [
    " ",
    "ArrowDown",
    "ArrowDown",
    "ArrowDown",
    "ArrowDown",
    "ArrowDown",
    "ArrowDown",
    "ArrowDown",
    "ArrowDown",
    " ",
  ])
    await page.keyboard.press(key);
  await until("a stroke", () => strokes(page) === 1);
  const drawn = link(page);
  for (const key of ["c", "c", "Control+z"]) await page.keyboard.press(key);
  await until("the stroke", () => link(page) === drawn);
  await page.keyboard.press("Control+z");
  await rest(page);
  assert.equal(link(page), drawn, "there is nothing more to bring back");
  // What is drawn on the empty pad takes its place.
  await button(page, "Clear").click();
  await button(page, "Clear").focus();
  await page.keyboard.press("Shift+Tab");
  assert.equal(await page.evaluate(() => document.activeElement.id), "undo");
  await stroke(page, { ...MOUSE, pointerId: 1 }, STROKES[1][0]);
  await until("a stroke", () => strokes(page) === 1 && link(page) !== drawn);
  assert.equal(await undo(page).count(), 0);
  await page.keyboard.press("Control+z");
  await rest(page);
  assert.notEqual(link(page), drawn);
});
