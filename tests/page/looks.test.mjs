// A handful of pictures of the page. UPDATE=1 writes the expected ones anew.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { pages } from "./harness.mjs";
import { answered, PHONE, stillPicture, until } from "./reader.mjs";

const { open, test } = await pages();

const PICTURES = new URL("expected/", import.meta.url);

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
/** @type {[name: string, hash: string, wishes: import("./harness.mjs").Wishes][]} */
const VIEWS = [
  ["light", "#digit=2&t=14", { viewport: { width: 1440, height: 1000 } }],
  ["dark", "#digit=2&t=14", { viewport: { width: 1440, height: 1000 }, colorScheme: "dark" }],
  ["phone", "#digit=2&t=14", PHONE],
  ["figure", "#show=figure-1", { viewport: { width: 720, height: 560 } }],
  ["embed", "#show=pad,raster,result&digit=5&t=25", { viewport: { width: 900, height: 620 } }],
];
const [MEAN, TILE] = [5, 70];

test("the page looks as it is expected to", async () => {
  const wrong = [];
  for (const [name, hash, options] of VIEWS) {
    const page = await open(hash, { reducedMotion: "reduce", ...options });
    if (name === "figure") await page.locator("#figure-1 .said").filter({ hasText: /\w/ }).waitFor();
    else await answered(page);
    await until("the fonts", () => page.evaluate(() => document.fonts.ready.then(() => true)));
    const picture = (await stillPicture(page)).toString("base64");
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
    await page.context().close();
  }
  assert.deepEqual(wrong, [], "UPDATE=1 writes the expected pictures anew");
});
