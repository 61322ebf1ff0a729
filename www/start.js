// Starts the programs. A file of its own because the page's policy allows no script inside the document.
// It imports nothing statically, so it can still say what is wrong when a program cannot run.
const tell = (id) => { document.getElementById(id)?.removeAttribute("hidden"); };
const meta = (name) => document.querySelector(`meta[name=${name}]`);
const address = (path) => new URL(path, document.baseURI);

// A module with one SIMD instruction: (v128.const) inside a function.
const simd = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

async function startPage() {
  const { script, program } = meta("program").dataset;
  const module = await import(address(script));
  await module.default({ module_or_path: address(program) });
}

// The article's figures are a program of their own.
async function startFigures() {
  const module = await import(address(meta("article").content));
  await module.default();
}

const started = new Set();
async function start(program) {
  if (started.has(program)) return;
  started.add(program);
  if (location.protocol === "file:") return tell("trouble-file");
  if (typeof WebAssembly !== "object") return tell("trouble-wasm");
  if (!WebAssembly.validate(simd)) return tell("trouble-simd");
  try {
    await program();
  } catch (error) {
    tell("trouble-start");
    console.error(error);
  }
}

// What the address says is to be shown: figures alone need neither the page's program nor an engine.
function show() {
  const shown = /[#&]show=([^&]*)/.exec(location.hash)?.[1].replaceAll("%2C", ",").split(",") ?? [];
  const alone = shown.length > 0 && shown.every((part) => /^figure-\d+$/.test(part));
  document.documentElement.classList.toggle("alone", alone);
  for (const figure of document.querySelectorAll(".fig")) figure.classList.toggle("shown", alone && shown.includes(figure.id));
  start(alone ? startFigures : startPage);
}

// Figures are fetched when a reader comes near them.
const article = document.getElementById("article");
if (article && "IntersectionObserver" in window) {
  const near = new IntersectionObserver((seen) => {
    if (!seen.some((entry) => entry.isIntersecting)) return;
    near.disconnect();
    start(startFigures);
  }, { rootMargin: "800px" });
  near.observe(article);
}

// Behind the # stand the settings, so a link to a place of the page must not go there.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href^='#']");
  const place = link && document.getElementById(link.hash.slice(1));
  if (!place) return;
  event.preventDefault();
  place.scrollIntoView();
  place.tabIndex = -1;
  place.focus({ preventScroll: true });
});

addEventListener("hashchange", show);
show();
