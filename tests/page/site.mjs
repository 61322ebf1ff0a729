// The built page on a port of this machine, and a browser that shows it.

import { createReadStream, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { chromium } from "playwright-core";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** Ways in which a server can be unwell: what it answers in place of the file. */
const MOODS = {
  /** The file, but the second half of it late. */
  async slow(response, bytes) {
    response.writeHead(200, { "content-length": bytes.length });
    response.write(bytes.subarray(0, bytes.length >> 1));
    await new Promise((later) => setTimeout(later, 3000));
    response.end(bytes.subarray(bytes.length >> 1));
  },
  /** Half a file that says it is whole. */
  short(response, bytes) {
    response.writeHead(200).end(bytes.subarray(0, bytes.length >> 1));
  },
  /** The connection breaks off. */
  broken(response, bytes) {
    response.writeHead(200, { "content-length": bytes.length });
    response.write(bytes.subarray(0, bytes.length >> 1), () => response.destroy());
  },
  /** Nothing at all. */
  mute() {},
  /** A web page that says that the file is missing, as if all were well. */
  page(response) {
    response.writeHead(200, { "content-type": TYPES[".html"] }).end("<!doctype html><title>Not here</title>");
  },
};

/**
 * Serves a folder as any host of plain files would, below /sub/ so that absolute paths would be found out. While `mood`
 * is { what: a name of MOODS, files: a pattern }, these files fare like that.
 */
export async function serve(folder) {
  const site = { mood: null };
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname));
    const inside = path.startsWith("/sub/") ? path.slice("/sub/".length) || "index.html" : null;
    const file = inside === null ? null : join(folder, inside);
    if (file === null || !statSync(file, { throwIfNoEntry: false })?.isFile()) {
      response.writeHead(404, { "content-type": "text/plain" }).end("not here");
      return;
    }
    if (site.mood?.files.test(inside)) return MOODS[site.mood.what](response, readFileSync(file));
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
    createReadStream(file).pipe(response);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", () => done(null)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return Object.assign(site, { url: `http://127.0.0.1:${port}/sub/`, close: () => server.close() });
}

/** Chromium: the one that CHROMIUM names, or Debian's. With `webgpu` it has a graphics card, which is a program. */
export function browse({ webgpu = false } = {}) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...(webgpu ? ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"] : []),
    ],
  });
}

/** Strokes of digits as people write them, in 0–1 coordinates of the pad. */
export const STROKES = {
  1: [
    [
      [0.52, 0.15],
      [0.5, 0.85],
    ],
  ],
  3: [
    [
      [0.3, 0.22],
      [0.45, 0.14],
      [0.62, 0.18],
      [0.67, 0.32],
      [0.58, 0.44],
      [0.45, 0.49],
      [0.6, 0.53],
      [0.71, 0.66],
      [0.63, 0.82],
      [0.45, 0.87],
      [0.28, 0.79],
    ],
  ],
  7: [
    [
      [0.26, 0.18],
      [0.5, 0.17],
      [0.74, 0.17],
      [0.6, 0.46],
      [0.5, 0.66],
      [0.44, 0.87],
    ],
  ],
};

/** Draws on the pad with the mouse. */
export async function draw(page, digit) {
  const pad = page.getByLabel("Draw a digit");
  await pad.scrollIntoViewIfNeeded();
  const box = await pad.boundingBox();
  const at = ([x, y]) => [box.x + x * box.width, box.y + y * box.height];
  for (const stroke of STROKES[digit]) {
    await page.mouse.move(...at(stroke[0]));
    await page.mouse.down();
    for (const point of stroke.slice(1)) await page.mouse.move(...at(point), { steps: 5 });
    await page.mouse.up();
  }
}
