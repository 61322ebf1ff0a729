// Starts the programs. A file of its own because the page's policy allows no script inside the document.
// It is no module and loads what it needs later, so it can still say what is wrong when a program cannot run.

/**
 * The page's element with that id.
 * @param {string} id
 */
const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** @param {string} id */
const tell = (id) => element(id).removeAttribute("hidden");
/** @param {string} path */
const address = (path) => new URL(path, document.baseURI).href;

// A module with one SIMD instruction: (v128.const) inside a function.
const simd = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

// Scripts and styles that only some visits need lie beside this one.
const { src } = /** @type {HTMLScriptElement} */ (document.currentScript);
/** @param {string} name */
const beside = (name) => new URL(name, src).href;

// What the program finds around the page (src/page/ports/host.rs). Here nothing is; other scripts replace what they can.
const nothing = () => {};
// Only after a run was found.
const absent = () => {
  throw new Error("nothing was kept");
};
globalThis.outside = {
  load,
  worker: (program) => build.programs[program] && `${build.programs[program]}_loader.js`,
  sets: () => build.sets.join(" "),
  unseen: () => document.hidden,
  ready: nothing,
  progress: nothing,
  prediction: nothing,
  // What is handed over lies in the page's memory, which may be another's by then.
  glimpse: (bytes) => watch("glimpse", bytes.slice()),
  chip: (...shown) => {
    const copies = shown.map((part) => (part instanceof Uint8Array ? part.slice() : part));
    import(beside("chips.js")).then(({ show }) => show(...copies)).catch(console.error);
  },
  firing: (counts) => watch("firing", counts.slice()),
  kept: () => undefined,
  kept_when: absent,
  kept_file: absent,
  kept_curves: absent,
  keep: nothing,
  forget: nothing,
  save,
};

/**
 * Reads files, each a path or a Blob; `then` is handed their bytes, or what went wrong.
 * @type {Load}
 */
async function load(files, fresh, then) {
  /** @type {Uint8Array[]} */
  const bytes = [];
  /** @type {string | null} */
  let error = null;
  try {
    for (const file of files) {
      const own = new Uint8Array(await (typeof file === "string" ? await answer(file, fresh) : file).arrayBuffer());
      // HDF5: a network of another program (.nir, .net), of which one of ours is made.
      const isForeign = String.fromCharCode(...own.subarray(1, 4)) === "HDF";
      bytes.push(isForeign ? await (await import(beside("chips.js"))).imported(own) : own);
    }
  } catch (reason) {
    error = (reason instanceof Error && reason.message) || "no answer";
  }
  then(bytes, error);
}

/**
 * Has the program that saves pictures do that: it is fetched for the first.
 * @type {Save}
 */
async function save(method, parameters, failed) {
  try {
    const exporter = await import(address(`${build.programs.exporter}.js`));
    await exporter.default();
    await exporter[method](...parameters);
  } catch (reason) {
    failed(reason instanceof Error ? reason.message : String(reason));
  }
}

/** The program that shows a layer as it learns by STDP. @type {Promise<Record<string, (numbers: Numbers) => void>> | undefined} */
let plasticity;

/**
 * Has that program show something: it is fetched for the first glimpse.
 * @param {string} method
 * @param {Numbers} numbers
 */
async function watch(method, numbers) {
  try {
    plasticity ??= import(address(`${build.programs.plasticity_view}.js`)).then(async (program) => {
      await program.default();
      return program;
    });
    (await plasticity)[method]?.(numbers);
  } catch (error) {
    plasticity = undefined;
    console.error(error);
  }
}

/**
 * @param {string} path
 * @param {boolean} fresh past the browser's cache
 */
async function answer(path, fresh) {
  const response = await fetch(path, fresh ? { cache: "reload" } : {}).catch(({ message }) => {
    throw new Error(`${path}: ${message}`);
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${response.statusText}`.trim());
  return response;
}

/** The parts of the page that the link shows; none where it shows all. */
function shown() {
  return (new URLSearchParams(location.hash.slice(1)).get("show") ?? "").split(",").filter(Boolean);
}

/** Shows these parts of the page, in the colours of the link. */
function dress() {
  const root = document.documentElement.dataset;
  const parts = shown();
  const theme = new URLSearchParams(location.hash.slice(1)).get("theme");
  if (theme === "light" || theme === "dark") root.theme = theme;
  else delete root.theme;
  if (parts.length > 0) root.show = parts.map((part) => part.replace(/^figure-.*/, "figure")).join(" ");
  else delete root.show;
  for (const figure of document.querySelectorAll("figure[id^=figure-]"))
    figure.classList.toggle("shown", parts.includes(figure.id));
  if (parts.length > 0 && !document.getElementById("part")) {
    document.head.append(
      Object.assign(document.createElement("link"), { id: "part", rel: "stylesheet", href: beside("part.css") }),
    );
  }
}

/** Whether this is the whole page, by itself in its tab. */
function alone() {
  return parent === window && shown().length === 0;
}

// The origin of a frame whose sandbox lacks allow-same-origin is nobody's: no module is given to it, and no worker.
const isSandboxed = origin === "null" && location.protocol !== "file:";

async function startPage() {
  const path = build.programs.page;
  const kept = alone() && import(beside("keep.js")).then(({ find }) => find()).catch(console.warn);
  const wasm = fetch(address(`${path}_bg.wasm`));
  const module = await import(address(`${path}.js`));
  // What was kept is worth a moment, not more.
  await Promise.race([kept, new Promise((later) => setTimeout(later, 1500))]);
  await module.default({ module_or_path: wasm });
}

// The article's figures are a program of their own.
async function startFigures() {
  const module = await import(address(`${build.programs.article}.js`));
  await module.default();
}

/** @type {Set<() => Promise<void>>} */
const started = new Set();
/** @param {() => Promise<void>} program */
async function start(program) {
  if (started.has(program)) return;
  started.add(program);
  if (location.protocol === "file:") return tell("trouble-file");
  if (isSandboxed) return tell("trouble-frame");
  // A script that is missing says nothing.
  if (typeof build === "undefined") return tell("trouble-start");
  if (typeof WebAssembly !== "object") return tell("trouble-wasm");
  if (!WebAssembly.validate(simd)) return tell("trouble-simd");
  try {
    await program();
  } catch (error) {
    tell("trouble-start");
    console.error(error);
  }
}

/** Shows what the link says: figures alone need neither the page's program nor an engine. */
function show() {
  dress();
  const parts = shown();
  start(parts.length > 0 && parts.every((part) => part.startsWith("figure-")) ? startFigures : startPage);
}

// Figures are fetched when a reader comes near them.
const article = document.getElementById("article");
if (article && "IntersectionObserver" in window) {
  const near = new IntersectionObserver(
    (seen) => {
      if (!seen.some((entry) => entry.isIntersecting)) return;
      near.disconnect();
      start(startFigures);
    },
    { rootMargin: "800px" },
  );
  near.observe(article);
}

// Behind the # stand the settings, so a link to a place of the page must not go there.
document.addEventListener("click", (event) => {
  /** @type {HTMLAnchorElement | null} */
  const link = event.target instanceof Element ? event.target.closest("a[href^='#']") : null;
  // A question was asked: its list is out of the way.
  if (link?.closest(".presets")) fold();
  const place = link && document.getElementById(link.hash.slice(1));
  if (!place) return;
  event.preventDefault();
  place.scrollIntoView();
  place.tabIndex = -1;
  place.focus({ preventScroll: true });
});

// What is unfolded over the page folds again when something else is touched, and by Escape.
/** @param {EventTarget | null} [except] */
function fold(except) {
  for (const details of document.querySelectorAll(".flow details[open]")) {
    if (!(except instanceof Node && details.contains(except))) details.removeAttribute("open");
  }
}
document.addEventListener("pointerdown", ({ target }) => fold(target));
document.addEventListener("keydown", ({ key }) => key === "Escape" && fold());

addEventListener("hashchange", show);
show();
if (!isSandboxed && location.protocol !== "file:") {
  for (const name of ["hands.js", "paper.js", "photo.js"]) import(beside(name));
  if (!alone()) import(beside("around.js"));
  else addEventListener("load", () => setTimeout(() => import(beside("after.js"))));
}
