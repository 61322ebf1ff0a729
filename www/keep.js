// Keeps runs in this browser (IndexedDB), one for each link: a reload goes on where training stood.

const [DATABASE, RUNS, NEWEST, FORMAT] = ["spiking-playground", "runs", "newest", 1];
/** So many runs are kept for a page; the oldest goes. */
const MOST = 5;
const folder = new URL(".", location.href).pathname;
const ofFolder = IDBKeyRange.bound([folder, 0], [folder, Number.POSITIVE_INFINITY]);

/**
 * A run as it is kept: under its folder and what its link says of it.
 * @typedef {{ key: [string, string], folder: string, at: number, format: number, link: string,
 *   file: Uint8Array<ArrayBuffer>, curves: Uint8Array<ArrayBuffer> }} Run
 */

/**
 * What a link says of the run, however it is written.
 * @param {string} link
 */
function settings(link) {
  const pairs = link.replace(/^#/, "").replaceAll("%2C", ",").replaceAll("%3A", ":").split("&");
  return pairs
    .filter((pair) => pair && !build.viewSettings.includes(pair.split("=")[0]))
    .sort()
    .join("&");
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
const answer = (request) =>
  new Promise((done, failed) => {
    const refuse = () => failed(request.error ?? new Error("another tab holds it"));
    request.onsuccess = () => done(request.result);
    request.onerror = refuse;
    if (request instanceof IDBOpenDBRequest) request.onblocked = refuse;
  });

/** @type {Promise<IDBDatabase> | null} */
let opened = null;
function database() {
  opened ??= (() => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () =>
      request.result.createObjectStore(RUNS, { keyPath: "key" }).createIndex(NEWEST, ["folder", "at"]);
    return answer(request).then((found) => {
      // A later page with another format must not wait for this tab.
      found.onversionchange = () => found.close();
      found.onclose = () => {
        opened = null;
      };
      return found;
    });
  })();
  opened.catch(() => {
    opened = null;
  });
  return opened;
}

/**
 * Does something with the runs, all of it or nothing.
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(runs: IDBObjectStore) => T} work
 */
async function transact(mode, work) {
  const transaction = (await database()).transaction(RUNS, mode);
  const done = new Promise((done, failed) => {
    transaction.oncomplete = done;
    transaction.onabort = () => failed(transaction.error);
  });
  const result = work(transaction.objectStore(RUNS));
  await done;
  return result;
}

/** @param {Run} run */
const isWhole = (run) =>
  run.format === FORMAT &&
  typeof run.link === "string" &&
  run.at > 0 &&
  run.file instanceof Uint8Array &&
  run.file.length > 0 &&
  run.curves instanceof Uint8Array;

/**
 * Today at 14:03, yesterday at 9:30, 3 May at 20:15.
 * @param {number} at
 */
function inWords(at) {
  const [then, now] = [new Date(at), new Date()];
  const days = Math.round((new Date(now).setHours(0, 0, 0, 0) - new Date(then).setHours(0, 0, 0, 0)) / 86_400_000);
  const time = then.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  const date = () => then.toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });
  return `${["today", "yesterday"][days] ?? date()} ${time}`;
}

/** @param {string} id */
const show = (id, on = true) => {
  element(id).hidden = !on;
};

/**
 * The run of the page's link, or the newest where the link says nothing.
 * @param {IDBObjectStore} runs
 * @returns {Promise<Run | undefined>}
 */
async function wanted(runs) {
  const link = settings(location.hash);
  if (link) return answer(runs.get([folder, link]));
  return (await answer(runs.index(NEWEST).openCursor(ofFolder, "prev")))?.value;
}

/** Looks for the run that the page's link means, and gives it to the program. */
export async function find() {
  Object.assign(outside, { keep, forget });
  const run = await transact("readonly", wanted);
  if (!run) return;
  if (!isWhole(run)) return remove(run.key, true);
  Object.assign(outside, {
    kept: () => run.link,
    kept_when: () => inWords(run.at),
    kept_file: () => run.file,
    kept_curves: () => run.curves,
  });
}

/** @type {Run | null} */
let waiting = null;
let writing = false;

/**
 * Keeps a run. While one is being written only the newest of those that come waits.
 * @type {Outside["keep"]}
 */
function keep(link, file, curves) {
  /** @type {Run["key"]} */
  const key = [folder, settings(link)];
  // The arrays are windows into the program's memory.
  waiting = { key, folder, at: Date.now(), format: FORMAT, link, file: file.slice(), curves: curves.slice() };
  if (!writing) write();
}

async function write() {
  writing = true;
  while (waiting) {
    const run = waiting;
    waiting = null;
    try {
      // Where there is no room, older runs make some.
      await put(run, MOST).catch(() => put(run, 1));
      show("trouble-keep", false);
    } catch (error) {
      console.warn("This run is not kept:", error);
      show("trouble-keep");
    }
  }
  writing = false;
}

/**
 * Writes a run, and removes the oldest of more than `most`; where only it may stay, the others go first.
 * @param {Run} run
 * @param {number} most
 */
async function put(run, most) {
  if (most === 1) await transact("readwrite", (runs) => trim(runs, 0, run.key));
  await transact("readwrite", (runs) => {
    runs.put(run);
    trim(runs, most);
  });
}

/**
 * Removes all but the newest, and that with this key.
 * @param {IDBObjectStore} runs
 * @param {number} most
 * @param {Run["key"]} [except]
 */
function trim(runs, most, except) {
  let left = most;
  const request = runs.index(NEWEST).openKeyCursor(ofFolder, "prev");
  request.onsuccess = () => {
    const cursor = request.result;
    if (!cursor) return;
    left -= 1;
    if (left < 0 && String(cursor.primaryKey) !== String(except)) runs.delete(cursor.primaryKey);
    cursor.continue();
  };
}

/** @type {Outside["forget"]} */
function forget(link, broken) {
  /** @type {Run["key"]} */
  const key = [folder, settings(link)];
  if (waiting?.key.join() === key.join()) waiting = null;
  remove(key, broken);
}

/**
 * @param {Run["key"]} key
 * @param {boolean} broken whether it is because it cannot be read, which the reader is told
 */
async function remove(key, broken) {
  if (broken) show("trouble-kept");
  await transact("readwrite", (runs) => void runs.delete(key)).catch(console.warn);
}
