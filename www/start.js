// Starts the page's program. A file of its own because the page's policy allows no script inside the document.
// It is a module that imports nothing statically, so it can still say what is wrong when the program cannot run.
const tell = (id) => { document.getElementById(id)?.removeAttribute("hidden"); };

// A module with one SIMD instruction: (v128.const) inside a function.
const simd = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

async function start() {
  if (location.protocol === "file:") return tell("trouble-file");
  if (typeof WebAssembly !== "object") return tell("trouble-wasm");
  if (!WebAssembly.validate(simd)) return tell("trouble-simd");
  try {
    const { script, program } = document.querySelector("meta[name=program]").dataset;
    const module = await import(new URL(script, document.baseURI));
    await module.default({ module_or_path: new URL(program, document.baseURI) });
  } catch (error) {
    tell("trouble-start");
    console.error(error);
  }
}

start();
