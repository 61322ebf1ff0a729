// TensorFlow.js: its operations, autodiff and Adam; the surrogate is a customGrad.
//
// The spikes are drawn in JavaScript: tf.randomUniform would be slower on every backend.

import { BATCH, BETA, CLASSES, HIDDEN, PIXELS, RATE, SLOPE, THRESHOLD, TIME_STEPS, uniform } from "./harness.mjs";

const PACKAGES = "./node_modules/@tensorflow";

/** The packages are plain scripts that add to `tf`. */
function script(file) {
  return new Promise((done, failed) => {
    const element = Object.assign(document.createElement("script"), { src: `${PACKAGES}/${file}`, onload: done });
    element.onerror = () => failed(new Error(`${file} cannot be loaded`));
    document.head.append(element);
  });
}

/** Bernoulli spikes, [T, B, N]. */
function encode(tf, images) {
  const spikes = new Float32Array(TIME_STEPS * images.length);
  for (let t = 0, at = 0; t < TIME_STEPS; t++) {
    for (let n = 0; n < images.length; n++, at++) spikes[at] = images[n] > 0 && Math.random() < images[n] ? 1 : 0;
  }
  return tf.tensor2d(spikes, [TIME_STEPS * BATCH, PIXELS]);
}

/** The network: spikes [T·B, N] to class scores [B, C]. */
function network(tf) {
  const variable = (shape, senders) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return tf.variable(tf.tensor(uniform(size, senders), shape));
  };
  const [hidden, hiddenBias] = [variable([PIXELS, HIDDEN], PIXELS), variable([HIDDEN], PIXELS)];
  const [readout, readoutBias] = [variable([HIDDEN, CLASSES], HIDDEN), variable([CLASSES], HIDDEN)];
  const spike = tf.customGrad((x, save) => {
    save([x]);
    const gradFunc = (gradient, [x]) => tf.div(gradient, tf.square(tf.add(tf.mul(tf.abs(x), SLOPE), 1)));
    return { value: tf.cast(tf.greater(x, 0), "float32"), gradFunc };
  });
  const reset = tf.customGrad((fired) => ({ value: tf.sub(1, fired), gradFunc: (gradient) => tf.zerosLike(gradient) }));
  return (spikes) => {
    const currents = tf.unstack(tf.reshape(tf.add(tf.matMul(spikes, hidden), hiddenBias), [TIME_STEPS, BATCH, HIDDEN]));
    let after = tf.zeros([BATCH, HIDDEN]);
    let counts = tf.zeros([BATCH, HIDDEN]);
    let total = 0;
    currents.forEach((current, t) => {
      const potential = tf.add(tf.mul(after, BETA), current);
      const fired = spike(tf.sub(potential, THRESHOLD));
      after = tf.mul(potential, reset(fired));
      // What a spike at time step t adds to the mean over time of a leaky integrator's potential.
      const coefficient = (1 - BETA ** (TIME_STEPS - t)) / (1 - BETA) / TIME_STEPS;
      counts = tf.add(counts, tf.mul(fired, coefficient));
      total += coefficient;
    });
    return tf.add(tf.matMul(counts, readout), tf.mul(readoutBias, total));
  };
}

export async function start(device) {
  await script("tfjs/dist/tf.min.js");
  if (device !== "webgl") await script(`tfjs-backend-${device}/dist/tf-backend-${device}.min.js`);
  const { tf } = window;
  if (device === "wasm") tf.wasm.setWasmPaths(`${PACKAGES}/tfjs-backend-wasm/dist/`);
  if (!(await tf.setBackend(device))) throw new Error(`TensorFlow.js cannot start ${device} here`);
  await tf.ready();
  const forward = network(tf);
  const adam = tf.train.adam(RATE, 0.9, 0.999, 1e-8);
  const threads = device === "wasm" && window.crossOriginIsolated ? ` with ${tf.wasm.getThreadsCount()} threads` : "";
  return {
    version: `${device}${threads}`,
    async step(images, labels) {
      const loss = tf.tidy(() => {
        const spikes = encode(tf, images);
        const wanted = tf.oneHot(tf.tensor1d(labels, "int32"), CLASSES);
        return adam.minimize(() => tf.losses.softmaxCrossEntropy(wanted, forward(spikes)), true);
      });
      const value = (await loss.data())[0];
      loss.dispose();
      return value;
    },
    async predict(images) {
      const scores = tf.tidy(() => forward(encode(tf, images)));
      const values = await scores.data();
      scores.dispose();
      return values;
    },
  };
}
