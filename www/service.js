// Lets the page be opened without a network: a service worker for the folder that it lies in.
//
// The build lists its files in files.js (xtask/src/offline.rs): with another list this is another worker. Each build has a
// cache of its own, filled with whole files only: size and checksum must be those of the list. Names with a hash in them are
// answered from the cache first; others, the page itself among them, from the network if it is quick and well. The cache of
// the build before stays for pages that are still open. A build for development has no list: it removes what was cached,
// and answers nothing.

importScripts("files.js");
const { build: BUILD, files: FILES } = release;
const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

const PREFIX = `spiking-playground ${new URL(worker.registration.scope).pathname} `;
const OWN = PREFIX + BUILD;
/** A server that takes longer than so many milliseconds is taken for none, where there is a copy. */
const PATIENCE = 2500;

const caches_ = async () => (await caches.keys()).filter((name) => name.startsWith(PREFIX));
/** @param {string} path */
const urlOf = (path) => new URL(path, worker.registration.scope).href;

/**
 * The path in this build's list that a request means.
 * @param {string} url
 */
function pathOf(url) {
  const path = url.startsWith(worker.registration.scope)
    ? decodeURI(url.slice(worker.registration.scope.length).split(/[?#]/)[0])
    : null;
  return path === "" ? "index.html" : path;
}

/** @param {string} path */
const isHashed = (path) => /[-/][0-9a-f]{8,16}[-_./]/.test(path);

/** @param {string} path */
const isListed = (path) => Object.hasOwn(FILES, path);

/**
 * Whether these bytes are the file of this build.
 * @param {string} path
 * @param {Uint8Array} bytes
 */
function isWhole(path, bytes) {
  const [size, sum] = FILES[path];
  if (bytes.length !== size) return false;
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0 === sum;
}

/**
 * Puts an answer into this build's cache, if it is whole; whether it was.
 * @param {string} path
 * @param {Response} response
 */
async function keep(path, response) {
  if (!response.ok || !isListed(path)) return false;
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (!isWhole(path, bytes)) return false;
  const headers = { "content-type": response.headers.get("content-type") ?? "application/octet-stream" };
  await (await caches.open(OWN)).put(urlOf(path), new Response(bytes, { headers }));
  return true;
}

/**
 * Fetches a file for the cache, unless an earlier build had the same.
 * @param {string} path
 * @param {RequestCache | null} cache how; null takes it over only
 */
async function bring(path, cache) {
  const own = await caches.open(OWN);
  if (await own.match(urlOf(path))) return;
  for (const name of await caches_()) {
    const before = name !== OWN && (await (await caches.open(name)).match(urlOf(path)));
    if (before && (await keep(path, before))) return;
  }
  if (cache && !(await keep(path, await fetch(urlOf(path), { cache }))))
    throw new Error(`${path} is not whole, or of another build`);
}

worker.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      // What was fetched at wish before is taken over; what every visit needs is fetched where it was not.
      for (const [path, [, , always]] of Object.entries(FILES)) await bring(path, always ? "no-cache" : null);
      await worker.skipWaiting();
    })(),
  );
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      const before = (await caches_()).filter((name) => name !== OWN);
      const stays = BUILD === null ? [] : before.slice(-1);
      await Promise.all(before.filter((name) => !stays.includes(name)).map((name) => caches.delete(name)));
      await worker.clients.claim();
    })(),
  );
});

// What a page fetched before this worker was there: the browser's own cache has it still.
worker.addEventListener("message", (event) => {
  const paths = (Array.isArray(event.data) ? event.data : [])
    .map((url) => pathOf(String(url)))
    .filter((path) => path !== null)
    .filter(isListed);
  event.waitUntil(Promise.allSettled(paths.map((path) => bring(path, "force-cache"))));
});

/**
 * The copy in this build's cache; for names with a hash also one that an earlier build left.
 * @param {string} path
 */
async function copy(path) {
  const own = await (await caches.open(OWN)).match(urlOf(path));
  if (own || !isHashed(path)) return own;
  for (const name of await caches_()) {
    const found = await (await caches.open(name)).match(urlOf(path));
    if (found) return found;
  }
}

/**
 * @param {FetchEvent} event
 * @param {string} path
 */
async function cacheFirst(event, path) {
  // Who asks past the browser's cache has got something that was not right.
  const found = event.request.cache === "reload" ? null : await copy(path);
  if (found) return found;
  const response = await fetch(event.request);
  // A copy of it is read to its end beside the page; one that breaks off is not kept.
  event.waitUntil(keep(path, response.clone()).catch(() => false));
  return response;
}

/**
 * The answer once all of it is there: one that breaks off is none.
 * @param {Request} request
 */
async function wholeAnswer(request) {
  const answer = await fetch(request);
  if (answer.status !== 200) return answer;
  const { status, statusText, headers } = answer;
  return new Response(await answer.arrayBuffer(), { status, statusText, headers });
}

/**
 * @param {FetchEvent} event
 * @param {string} path
 */
async function networkFirst(event, path) {
  const found = copy(path);
  const answer = wholeAnswer(event.request);
  answer.catch(() => {});
  const late = new Promise((later) => setTimeout(later, PATIENCE));
  try {
    const quick = await Promise.race([answer, late.then(() => found).then((copy) => copy ?? answer)]);
    return quick.ok ? quick : ((await found) ?? quick);
  } catch (error) {
    const there = await found;
    if (there) return there;
    throw error;
  }
}

worker.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  const path = method === "GET" && BUILD !== null ? pathOf(url) : null;
  if (path === null) return;
  if (isHashed(path)) event.respondWith(cacheFirst(event, path));
  else if (isListed(path)) event.respondWith(networkFirst(event, path));
});
