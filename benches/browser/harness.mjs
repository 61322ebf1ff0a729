// What the peers in the browser have in common: the data, the training loop and the clock.
//
// A peer's module exports `start(device, random)`, which gives
//   step(images, labels)  trains one batch, Float32Array [B, 784] of probabilities and Int32Array [B], and gives its loss
//   predict(images)       class scores, Float32Array [B, 10]
//   version               what it is

export const [PIXELS, HIDDEN, CLASSES] = [784, 256, 10];
export const [TIME_STEPS, BATCH, RATE] = [25, 64, 1e-3];
export const [BETA, THRESHOLD, SLOPE] = [0.9, 1, 10];

/** PyTorch's initial values for a layer: uniform in ±1/√n. */
export function uniform(n, senders) {
  const bound = 1 / Math.sqrt(senders);
  return Float32Array.from({ length: n }, () => (Math.random() * 2 - 1) * bound);
}

/** One of MNIST's parts: `batch(step)` gives the images, as probabilities, and the labels of a step. */
async function digits(part) {
  const read = async (name, header) => {
    const answer = await fetch(`data/${part}-${name}`);
    if (!answer.ok) throw new Error(`${part}-${name}: ${answer.status}`);
    return new Uint8Array(await answer.arrayBuffer(), header);
  };
  const [images, labels] = await Promise.all([read("images-idx3-ubyte", 16), read("labels-idx1-ubyte", 8)]);
  const at = (start) => ({
    images: Float32Array.from(images.subarray(start * PIXELS, (start + BATCH) * PIXELS), (pixel) => pixel / 256),
    labels: Int32Array.from(labels.subarray(start, start + BATCH)),
  });
  return { at, batch: (step) => at((step * BATCH) % (labels.length - BATCH + 1)) };
}

async function accuracy(peer, test, images) {
  let right = 0;
  const batches = Math.max(1, Math.floor(images / BATCH));
  for (let batch = 0; batch < batches; batch++) {
    const { images, labels } = test.at(batch * BATCH);
    const scores = await peer.predict(images);
    for (let n = 0; n < BATCH; n++) {
      const row = scores.subarray(n * CLASSES, (n + 1) * CLASSES);
      if (row.indexOf(Math.max(...row)) === labels[n]) right += 1;
    }
  }
  return right / (batches * BATCH);
}

/** Trains; `window.report(name, value)` is told what came of it. */
window.bench = async ({ module, device, steps, tests, seconds, warmUp }) => {
  const [train, test] = await Promise.all([digits("train"), digits("t10k")]);
  const peer = await (await import(module)).start(device);
  await window.report("version", peer.version);
  const step = (number) => {
    const { images, labels } = train.batch(number);
    return peer.step(images, labels);
  };
  if (steps > 0) {
    const losses = [];
    for (let number = 0; number < steps; number++) losses.push(await step(number));
    const last = losses.slice(-Math.max(1, Math.floor(steps / 5)));
    await window.report("loss", last.reduce((sum, loss) => sum + loss, 0) / last.length);
    await window.report("accuracy", await accuracy(peer, test, tests));
  }
  if (seconds > 0) {
    for (let number = 0; number < warmUp; number++) await step(number);
    const start = performance.now();
    let [done, elapsed] = [0, 0];
    while (elapsed < seconds) {
      await step(warmUp + done);
      done += 1;
      elapsed = (performance.now() - start) / 1000;
    }
    await window.report("images_per_second", (done * BATCH) / elapsed);
  }
};
