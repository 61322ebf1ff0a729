// Pictures of the page, to be looked at: node tests/page/shots.mjs [DIST] [FOLDER] [HASH]

import { mkdirSync } from "node:fs";
import { answered, frames, number, park, until } from "./reader.mjs";
import { browse, serve } from "./site.mjs";

const [dist = "dist", folder = "test-results", hash = ""] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const site = await serve(dist);
const browser = await browse();
/**
 * @type {{ name: string, width: number, height: number, colorScheme?: "light" | "dark", whole?: boolean,
 *   train?: boolean }[]}
 */
const views = [
  { name: "1440-light", width: 1440, height: 1000 },
  { name: "1440-dark", width: 1440, height: 1000, colorScheme: "dark" },
  { name: "1024-light", width: 1024, height: 768, whole: true },
  { name: "1024-dark", width: 1024, height: 768, colorScheme: "dark" },
  { name: "390-light", width: 390, height: 844, whole: true },
  { name: "390-dark", width: 390, height: 844, whole: true, colorScheme: "dark" },
  { name: "1440-trained", width: 1440, height: 1000, train: true, whole: true },
];

for (const { name, width, height, colorScheme = "light", whole = false, train = false } of views) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme });
  await page.goto(site.url + hash);
  await answered(page);
  if (train) {
    await page.getByRole("button", { name: "Train", exact: true }).click();
    await until("something learnt", async () => (await number(page, "Test accuracy")) >= 90);
  }
  // The animation goes on, so it is parked where all of it is to be seen.
  await park(page);
  await frames(page, 30);
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: whole });
  await page.close();
  console.log(`${folder}/${name}.png`);
}
await browser.close();
site.close();
