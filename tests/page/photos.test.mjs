// Pictures of the reader's on the page: chosen, dropped, pasted; read in the browser, and refused with a reason.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { pages } from "./harness.mjs";
import { reads, ready, text, until } from "./reader.mjs";

const { open, test } = await pages();

const file = (name) => new URL(`../cases/pictures/${name}`, import.meta.url);

/** Hands a file to the page as a drop or a paste would. */
function hand(page, kind, name, type) {
  const bytes = [...readFileSync(file(name))];
  return page.evaluate(
    ({ kind, bytes, name, type }) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([new Uint8Array(bytes)], name, { type }));
      const event =
        kind === "drop"
          ? new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true })
          : new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true });
      document.body.dispatchEvent(event);
      return event.defaultPrevented;
    },
    { kind, bytes, name, type },
  );
}

async function choose(page, path) {
  const chosen = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Picture", exact: true }).click();
  await (await chosen).setFiles(path);
}

/** How many pixels of the pad are of the colour in which ink is outlined. */
const outlined = (page) =>
  page.evaluate(() => {
    const canvas = /** @type {HTMLCanvasElement} */ (document.getElementById("pad"));
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    // The colour of spikes is green, and the photo is grey.
    let count = 0;
    for (let i = 0; i < data.length; i += 4) if (data[i + 1] - data[i] > 40) count += 1;
    return count;
  });

async function opened(open, options = {}) {
  const page = await open("#t=25", options);
  await ready(page);
  await until("its scripts", () => page.evaluate(() => document.getElementById("picture") !== null));
  return page;
}

test("photo: a PNG and a JPEG are read, with their ink outlined", async () => {
  const page = await opened(open);
  // The page opens with a 2.
  await choose(page, file("black-card-transparent-margin-seven.png").pathname);
  await reads(page, "7");
  await choose(page, file("ruled-paper-two.jpg").pathname);
  await reads(page, "2");
  await until("an outline", async () => (await outlined(page)) > 100);
  // Turned, as its EXIF block says; the same file may be chosen twice.
  for (let again = 0; again < 2; again += 1) {
    await choose(page, file("exif6-three.jpg").pathname);
    await reads(page, "3");
    await page.getByRole("button", { name: "Clear", exact: true }).click();
    await until("an empty pad", async () => (await text(page, "Recognised digit")) === "");
  }
});

test("photo: dropped and pasted pictures are read", async () => {
  const page = await opened(open);
  assert.ok(await hand(page, "drop", "phone-dim-seven.jpg", "image/jpeg"), "the browser stays on the page");
  await reads(page, "7");
  assert.ok(await hand(page, "paste", "phone-soft-shadow-four.jpg", "image/jpeg"));
  await reads(page, "4");
});

test("photo: what reads pictures is fetched for the first of them; where it does not come, that is said, and the next is read", async () => {
  /** @type {string[]} */
  const asked = [];
  let isThere = false;
  const before = (page) =>
    page.route(/photo_reader/, (route) => {
      asked.push(route.request().url());
      return isThere ? route.continue() : route.fulfill({ status: 404, body: "no" });
    });
  const page = await opened(open, { before, expected: ["Failed to load resource"] });
  assert.deepEqual(asked, [], "nobody has given a picture");
  const notes = page.locator("#notes");
  await choose(page, file("dark-ink-on-grey-120-seven.png").pathname);
  await until("a complaint", async () => (await notes.textContent()).includes("could not be loaded"));
  assert.equal(await text(page, "Recognised digit"), "2", "the picture before stays");
  isThere = true;
  await choose(page, file("dark-ink-on-grey-120-seven.png").pathname);
  await reads(page, "7");
  assert.equal(await notes.textContent(), "");
  // It stays for the next.
  const fetched = asked.length;
  await choose(page, file("phone-soft-shadow-four.jpg").pathname);
  await reads(page, "4");
  assert.equal(asked.length, fetched);
});

test("photo: what is no picture, or has nothing on it, is refused with a reason, and the picture before stays", async () => {
  const page = await opened(open);
  await choose(page, file("dark-ink-on-grey-120-seven.png").pathname);
  await reads(page, "7");
  const said = (words) => until(words, async () => (await page.locator("#notes").textContent()).includes(words));
  await choose(page, { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("seven") });
  await said("neither PNG nor JPEG");
  await choose(page, {
    name: "cut.png",
    mimeType: "image/png",
    buffer: readFileSync(file("black-frame-1px-seven.png")).subarray(0, 600),
  });
  await said("damaged");
  await choose(page, {
    name: "photo.heic",
    mimeType: "image/heic",
    buffer: Buffer.from("\0\0\0\x18ftypheic\0\0\0\0", "latin1"),
  });
  await said("HEIC");
  assert.equal(await text(page, "Recognised digit"), "7");
  await choose(page, file("phone-flat-noise3-seven.jpg").pathname);
  await until("no complaint", async () => !(await page.locator("#notes").textContent()).includes("not read"));
});
