// The page for everyone: by keyboard, by touch, for who wants less motion, with assistive technology.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { pages } from "./harness.mjs";
import { answered, button, frames, PHONE, ready, stillPicture, train, until } from "./reader.mjs";

const { open, test } = await pages();

const AXE = new URL("../../node_modules/axe-core/axe.min.js", import.meta.url);

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
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    scrollTo(0, 0);
  });
}

async function keys(page) {
  await answered(page);
  await page.keyboard.press("?");
  await page.getByRole("dialog").waitFor();
}

async function saving(page) {
  await answered(page);
  await page.locator("[data-save=in]").click();
  await page.getByRole("dialog").waitFor();
}

const example = (page) =>
  page
    .frameLocator("spiking-playground >> nth=0 >> iframe")
    .getByRole("status", { name: "Recognised digit" })
    .waitFor();

const figure = (page) => page.locator("#figure-1 .said").filter({ hasText: /\w/ }).waitFor();

/**
 * What is looked at: how it is opened, and what is done there first.
 * @type {{ name: string, hash?: string, wishes?: import("./harness.mjs").Wishes, prepare: (page: unknown) => Promise<unknown> }[]}
 */
const SEEN = [
  { name: "at rest", prepare: answered },
  { name: "while training", prepare: train },
  { name: "in the dark", wishes: { colorScheme: "dark" }, prepare: filled },
  { name: "at 390 pixels", wishes: PHONE, prepare: answered },
  { name: "with its keys shown", prepare: keys },
  { name: "while a picture is saved", prepare: saving },
  { name: "with clothes", hash: "#dataset=fashion-mnist", prepare: ready },
  { name: "about embedding", hash: "embed.html", prepare: example },
  {
    name: "embedded",
    hash: "#show=pad,samples,raster,network,result,curves,neurons,mistakes,train",
    prepare: answered,
  },
  { name: "as a figure alone", hash: "#show=figure-1", prepare: figure },
];

for (const { name, hash = "", wishes = {}, prepare } of SEEN) {
  test(`axe-core finds nothing serious on the page ${name}`, async () => {
    // The page's policy allows no script of others.
    const page = await open(hash, { bypassCSP: true, ...wishes });
    await prepare(page);
    assert.deepEqual(await violations(page), []);
  });
}

test("by keyboard: everything is reached by Tab, is seen to have the focus, and nothing holds it", async () => {
  const page = await open("#t=25");
  await filled(page);
  await page.locator(".skip").focus();
  await page.locator(".skip").evaluate((skip) => (skip.dataset.reached = "1"));
  const stops = [];
  for (let press = 0; press < 400; press += 1) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate((groups) => {
      const element = /** @type {HTMLElement} */ (document.activeElement);
      if (element === document.body) return null;
      if (element.dataset.reached) return { again: element.outerHTML.slice(0, 80) };
      element.dataset.reached = "1";
      for (const button of element.closest(groups)?.querySelectorAll("button") ?? []) button.dataset.reached = "1";
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
            !one.matches(":disabled") &&
            one.checkVisibility({ visibilityProperty: true }) &&
            !one.closest("dialog, .stepper, [tabindex='-1']:not(button)") &&
            one.tabIndex >= 0,
        )
        .map((one) => one.outerHTML.slice(0, 100)),
    );
  assert.deepEqual(missed, [], "everything is reached");
  assert.ok(stops.length < 160, `${stops.length} stops`);
  const article = stops.findIndex(({ what }) => /figure-1|href="#a-why"/.test(what));
  assert.ok(article > 0 && article <= 60, `${article} stops before the article`);
});

test("by keyboard: a group of buttons is one stop, and arrow keys reach each of them", async () => {
  const page = await open("#t=25");
  await filled(page);
  for (const group of GROUPS) {
    const { stops, all, reached } = await page.evaluate((group) => {
      /** @type {NodeListOf<HTMLElement>} */
      const found = document.querySelectorAll(`${group} button`);
      const buttons = [...found];
      const stops = buttons.filter((button) => button.tabIndex === 0).length;
      const open = [buttons[0]];
      const reached = new Set(open);
      for (const button of open) {
        for (const key of ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"]) {
          button.focus();
          button.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
          const next = /** @type {HTMLElement} */ (document.activeElement);
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
});

test("by keyboard: a dialog takes the focus, Escape closes it, and the focus returns", async () => {
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
});

test("by touch, 390 and 320 pixels wide: nothing scrolls sideways, what is tapped is large enough, the pad holds still", async () => {
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
          .map((one) => ({ box: one.getBoundingClientRect(), what: one.outerHTML.slice(0, 100) }))
          .filter(({ box }) => box.width > 0 && (box.width < 23.9 || box.height < 23.9))
          .map(({ box, what }) => `${Math.round(box.width)} × ${Math.round(box.height)}: ${what}`),
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
        await frames(page, 1);
      }
      await touch("touchEnd");
      // It rolls on for a moment.
      let [last, now] = [Number.NaN, before];
      while (now !== last) {
        await frames(page, 6);
        [last, now] = [now, await page.evaluate(() => scrollY)];
      }
      return now - before;
    };
    assert.equal(await swipe(page.locator("#pad")), 0, "drawing does not scroll the page");
    for (const place of ["#in", "#graph", ".lead", "#figure-1 .high"]) {
      const way = await swipe(page.locator(place));
      assert.ok(way > 50, `the page scrolls by ${way} pixels over ${place}`);
    }
    await page.context().close();
  }
});

test("who wants less motion sees the end at once, and nothing moves", async () => {
  const page = await open("", { reducedMotion: "reduce" });
  await answered(page);
  await button(page, "Play the animation").waitFor();
  const slider = page.getByRole("slider", { name: "Time step" });
  assert.equal(await slider.inputValue(), await slider.getAttribute("max"));
  const first = await stillPicture(page);
  await frames(page, 90);
  assert.ok(first.equals(await page.screenshot()), "nothing moves");
  assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
});
