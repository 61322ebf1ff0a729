// The network on a chip, and files of other programs: what computes is a program of its own (src/bin/chips.rs) in a worker of its own.
// Loaded when a reader opens the panel or such a file.

const worker = new Worker(new URL("chips-worker.js", import.meta.url), { type: "module" });
/** @type {Map<number, { resolve: (value: any) => void, reject: (reason: Error) => void }>} */
const asked = new Map();
let newest = 0;
worker.addEventListener("message", ({ data: { id, result, error } }) => {
  const request = asked.get(id);
  asked.delete(id);
  if (error === undefined) request?.resolve(result);
  else request?.reject(new Error(error));
});
worker.addEventListener("error", ({ message }) => {
  for (const { reject } of asked.values()) reject(new Error(message || "its program did not start"));
  asked.clear();
});

/**
 * Calls a function of the program.
 * @param {string} method
 * @param {unknown[]} parameters
 * @returns {Promise<any>}
 */
function call(method, ...parameters) {
  newest += 1;
  const id = newest;
  return new Promise((resolve, reject) => {
    asked.set(id, { resolve, reject });
    worker.postMessage({ id, path: address(`${build.programs.chips}.js`), method, parameters });
  });
}

/**
 * One of our files, of another program's.
 * @param {Uint8Array} bytes
 * @returns {Promise<Uint8Array>}
 */
export function imported(bytes) {
  return call("imported", bytes, location.hash.slice(1));
}

const template = /** @type {HTMLTemplateElement} */ (element("chip-phrases"));
/**
 * A sentence of the document with its braces filled.
 * @param {string} key
 * @param {Record<string, unknown>} [values]
 */
function say(key, values = {}) {
  const words = template.content.querySelector(`[data-say=${key}]`)?.textContent?.trim().replace(/\s+/g, " ") ?? key;
  return words.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

const bits = /** @type {HTMLSelectElement} */ (element("chip-bits"));
/** Pictures that are shown to both at once. */
const AT_ONCE = 50;
/** What is a name in other programs too. */
const NAME = "network";

/** The network that is shown. @type {Uint8Array} */
let network = new Uint8Array();
/** The picture in hand, and its number in the test set, or -1. @type {{ pixels: Uint8Array, image: number }} */
let picture = { pixels: new Uint8Array(), image: -1 };
let dataset = "";
/** Accuracy by bits, as far as it was measured for this network. @type {Map<number, number>} */
const points = new Map();
/** What the data set's list is, and how many of its shards were taken. */
let data = { set: "", list: "", shards: /** @type {any[]} */ ([]), taken: 0 };
/** Counts what was begun: whatever was under way before is over. */
let turn = 0;

/** @param {string} id @param {string} svg */
function draw(id, svg) {
  const image = /** @type {HTMLImageElement} */ (element(id));
  URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
}

/** Whether the page is dark. */
function isDark() {
  const paper = getComputedStyle(document.documentElement).getPropertyValue("--paper").trim();
  return Number.parseInt(paper.slice(1, 3), 16) < 128;
}

/** @param {number} share */
const percent = (share) => `${(100 * share).toFixed(1)} %`;

/** @param {[string, string][]} rows */
function fillTable(rows) {
  element("chip-table").replaceChildren(
    ...rows.map(([name, value]) => {
      const row = document.createElement("tr");
      row.append(
        Object.assign(document.createElement("th"), { scope: "row", textContent: name }),
        Object.assign(document.createElement("td"), { textContent: value }),
      );
      return row;
    }),
  );
}

/** Brings the next shard of the test images; whether there was one. */
async function bringImages() {
  if (data.set !== dataset) {
    data = { set: dataset, list: "", shards: [], taken: 0 };
    await call("forget_images");
    const list = await fetch(`shards/${dataset}/manifest.json`);
    if (!list.ok) throw new Error(`shards/${dataset}/manifest.json: ${list.status}`);
    data.list = await list.text();
    data.shards = JSON.parse(data.list).test;
  }
  const shard = data.shards[data.taken];
  if (!shard) return false;
  const files = [shard.images.file, shard.labels.file].map(async (file) => {
    const response = await fetch(`shards/${dataset}/${file}`);
    if (!response.ok) throw new Error(`${file}: ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  });
  const [images, labels] = await Promise.all(files);
  await call("take_images", data.list, data.taken, images, labels);
  data.taken += 1;
  return true;
}

/** Shows the picture in hand to both. */
async function compare() {
  if (picture.pixels.length === 0) return;
  const mine = turn;
  const { pixels, image } = picture;
  const told = JSON.parse(await call("compare", pixels, Math.max(image, 0), image >= 0, isDark()));
  if (mine !== turn) return;
  draw("chip-rasters", told.svg);
  const [a, b] = told.answers.map((/** @type {number | null} */ answer) => answer ?? "nothing");
  const said = say("chip-compared", { ...told, a, b });
  element("chip-compared").textContent = said;
  /** @type {HTMLImageElement} */ (element("chip-rasters")).alt = said;
}

/** Puts the network on the chip and reads the test pictures there. */
async function run() {
  turn += 1;
  const mine = turn;
  const width = Number(bits.value);
  element("chip-told").textContent = say("chip-loading");
  try {
    const chip = JSON.parse(await call("put_on_chip", network, width));
    if (mine !== turn) return;
    for (const id of ["chip-body", "chip-costs"]) element(id).hidden = false;
    element("chip-files").hidden = false;
    const fixed = () => [
      [say("chip-neurons"), String(chip.neurons)],
      [say("chip-synapses"), chip.synapses.toLocaleString("en")],
      [say("chip-cores"), String(chip.cores)],
      [say("chip-steps"), String(chip.steps)],
    ];
    fillTable(/** @type {[string, string][]} */ (fixed()));
    await compare();
    if (dataset === "folder") {
      element("chip-told").textContent = say("chip-own");
      return;
    }
    let standing = { images: -1, chip: 0, floats: 0, same: 0, operations: 0, wraps: 0, saturations: 0 };
    for (;;) {
      const before = standing.images;
      standing = JSON.parse(await call("show_images", AT_ONCE));
      if (mine !== turn) return;
      if (standing.images === before || standing.images === 0) {
        // All that are there were shown.
        if (!(await bringImages())) break;
        if (mine !== turn) return;
        continue;
      }
      const { images } = standing;
      const values = {
        n: images,
        ...Object.fromEntries(
          ["chip", "floats", "same"].map((name) => [name, percent(standing[/** @type {"chip"} */ (name)] / images)]),
        ),
      };
      element("chip-told").textContent = say("chip-running", values);
      const operations = standing.operations / images;
      fillTable(
        /** @type {[string, string][]} */ ([
          ...fixed(),
          [say("chip-operations"), Math.round(operations).toLocaleString("en")],
          [say("chip-energy"), `${((operations * chip.picojoules) / 1e6).toFixed(1)} µJ`],
          [say("chip-wraps"), String(standing.wraps)],
          [say("chip-saturations"), String(standing.saturations)],
        ]),
      );
      points.set(width, standing.chip / images);
      const svg = await call("curve", new Float32Array([...points].flat()), standing.floats / images, isDark());
      draw("chip-curve", svg);
    }
  } catch (error) {
    if (mine !== turn) return;
    element("chip-told").textContent = say("chip-failed", { error: error instanceof Error ? error.message : error });
  }
}

/**
 * Hands a file to the reader.
 * @param {string} name
 * @param {Uint8Array} bytes
 */
function hand(name, bytes) {
  const url = URL.createObjectURL(new Blob([/** @type {BlobPart} */ (bytes)]));
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** @param {string} kind */
async function take(kind) {
  const hint = element("chip-hint");
  const width = Number(bits.value);
  const isProgram = !["nir", "currents", "netx"].includes(kind);
  const name = isProgram ? `${NAME}_${kind}` : NAME;
  try {
    const file = await call("exported", kind, name, width);
    if (isProgram) hand(`${name}.safetensors`, await call("weights_beside", kind, width));
    hand(isProgram ? `${name}.py` : `${name}.${kind === "netx" ? "net" : "nir"}`, file);
    hint.textContent = say(isProgram ? "chip-python" : kind === "netx" ? "chip-netx" : "chip-nir");
  } catch (error) {
    hint.textContent = say("chip-export-failed", { error: error instanceof Error ? error.message : error });
  }
}

bits.addEventListener("change", run);
element("chip-files").addEventListener("click", ({ target }) => {
  const kind = target instanceof HTMLElement && target.dataset.chip;
  if (kind) take(kind);
});

/**
 * Shows a network there, if it is another one, and a picture.
 * @param {Uint8Array} file
 * @param {Uint8Array} pixels
 * @param {number} image
 * @param {string} set
 */
export function show(file, pixels, image, set) {
  picture = { pixels, image };
  dataset = set;
  if (file.length > 0) {
    network = file;
    points.clear();
    run();
  } else {
    compare().catch(() => {});
  }
}
