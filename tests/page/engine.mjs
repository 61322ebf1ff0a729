// The engine's worker by itself, asked in its own messages (src/protocol.rs).

/**
 * In the page: trains `spec` for so many steps, or, by so many workers, all its epochs, and gives the SHA-256 of the weights,
 * headers left out.
 */
export function trained({ spec, steps = 0, workers = 0 }) {
  const shards = new URL(`shards/${spec.dataset}/`, document.baseURI);
  const bytes = async (path) => new Uint8Array(await (await fetch(new URL(path, shards))).arrayBuffer());
  const worker = new Worker(new URL(outside.worker("engine_cpu"), document.baseURI), { type: "module", name: "plain" });
  const ask = (request, ...arrays) =>
    worker.postMessage(
      [request, ...arrays],
      arrays.map((array) => array.buffer),
    );
  return new Promise((done, failed) => {
    let manifest;
    let left = steps;
    const answers = {
      async ready() {
        manifest = JSON.parse(new TextDecoder().decode(await bytes("manifest.json")));
        ask({ data: manifest });
        ask({ start: spec });
      },
      started() {
        if (workers) ask({ workers });
        ask(workers ? "train" : "step");
      },
      async need([split, shard]) {
        const { images, labels } = manifest[split][shard];
        ask({ shard: [split, shard] }, await bytes(images.file), await bytes(labels.file));
      },
      paused: () => ask(--left > 0 ? "step" : "weights"),
      async weights(_, file) {
        const header = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
        const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", file.subarray(8 + header)));
        worker.terminate();
        done([...sum].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
      },
      failed: (reason) => failed(new Error(reason)),
    };
    worker.onerror = (event) => failed(new Error(event.message));
    worker.onmessage = ({ data: [report, ...arrays] }) => {
      const [name, value] = typeof report === "string" ? [report, null] : Object.entries(report)[0];
      answers[name]?.(value, ...arrays);
    };
  });
}
