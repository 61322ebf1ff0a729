// jax-js: the whole step, from encoding to Adam, under its jit. The surrogate's slope is put in by stopGradient.
//
// Arrays are owned: a use that is not the last one says `.ref`.

import { defaultDevice, init, jit, lax, nn, numpy as np, random, valueAndGrad } from "@jax-js/jax";
import { BATCH, BETA, CLASSES, HIDDEN, PIXELS, RATE, SLOPE, THRESHOLD, TIME_STEPS, uniform } from "./harness.mjs";

const [BETA_1, BETA_2, EPSILON] = [0.9, 0.999, 1e-8];
const NAMES = ["hidden", "hiddenBias", "readout", "readoutBias"];

/** What a spike at time step t adds to the mean over time of a leaky integrator's potential. */
const coefficients = Array.from({ length: TIME_STEPS }, (_, t) => {
  let sum = 0;
  for (let k = 0; k < TIME_STEPS - t; k++) sum = 1 + BETA * sum;
  return sum / TIME_STEPS;
});

/** 1 where x > 0; the derivative of the fast sigmoid instead of its own. */
function spike(x) {
  const still = lax.stopGradient(x.ref);
  const fired = still.ref.greater(0).astype(np.float32);
  const slope = np.reciprocal(np.square(np.abs(still.ref).mul(SLOPE).add(1)));
  return fired.add(x.sub(still).mul(slope));
}

/** Spikes [T, B, N] to class scores [B, C]. */
function scores({ hidden, hiddenBias, readout, readoutBias }, spikes) {
  const currents = np
    .dot(spikes.reshape([TIME_STEPS * BATCH, PIXELS]), hidden)
    .add(hiddenBias)
    .reshape([TIME_STEPS, BATCH, HIDDEN]);
  let after = np.zeros([BATCH, HIDDEN]);
  let counts = np.zeros([BATCH, HIDDEN]);
  for (let t = 0; t < TIME_STEPS; t++) {
    const potential = after.mul(BETA).add(currents.ref.slice(t));
    const fired = spike(potential.ref.sub(THRESHOLD));
    after = potential.mul(np.subtract(1, lax.stopGradient(fired.ref)));
    counts = counts.add(fired.mul(coefficients[t]));
  }
  currents.dispose();
  after.dispose();
  const total = coefficients.reduce((sum, c) => sum + c, 0);
  return np.dot(counts, readout).add(readoutBias.mul(total));
}

function encode(key, images) {
  return random.uniform(key, [TIME_STEPS, BATCH, PIXELS]).less(images).astype(np.float32);
}

function loss(parameters, spikes, labels) {
  const logarithms = nn.logSoftmax(scores(parameters, spikes), 1);
  return logarithms
    .mul(nn.oneHot(labels, CLASSES))
    .sum()
    .mul(-1 / BATCH);
}

/** One more reference to each array of an object. */
const kept = (arrays) => Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, array.ref]));

/** One update: parameters, Adam's means and the loss. `corrections` are those of the means' bias, [2]. */
function update(parameters, means, squares, seed, images, labels, corrections) {
  const [value, gradients] = valueAndGrad(loss)(kept(parameters), encode(random.key(seed), images), labels);
  const next = [{}, {}, {}];
  for (const name of NAMES) {
    const gradient = gradients[name];
    const mean = means[name].mul(BETA_1).add(gradient.ref.mul(1 - BETA_1));
    const square = squares[name].mul(BETA_2).add(np.square(gradient).mul(1 - BETA_2));
    const by = np.sqrt(square.ref.div(corrections.ref.slice(1))).add(EPSILON);
    next[0][name] = parameters[name].sub(mean.ref.div(corrections.ref.slice(0)).div(by).mul(RATE));
    next[1][name] = mean;
    next[2][name] = square;
  }
  corrections.dispose();
  return [...next, value];
}

export async function start(device) {
  const there = await init(device);
  if (!there.includes(device)) throw new Error(`jax-js has no ${device} here`);
  defaultDevice(device);
  const tensor = (values, shape) => np.array(values).reshape(shape);
  const shapes = [[PIXELS, HIDDEN], [HIDDEN], [HIDDEN, CLASSES], [CLASSES]];
  const senders = [PIXELS, PIXELS, HIDDEN, HIDDEN];
  const size = (shape) => shape.reduce((a, b) => a * b, 1);
  const all = (make) => Object.fromEntries(NAMES.map((name, i) => [name, make(shapes[i], senders[i])]));
  let state = [
    all((shape, n) => tensor(uniform(size(shape), n), shape)),
    all((shape) => np.zeros(shape)),
    all((shape) => np.zeros(shape)),
  ];
  const jittedUpdate = jit(update);
  const jittedScores = jit((parameters, seed, images) => scores(parameters, encode(random.key(seed), images)));
  const seed = (number) => np.array(number, { dtype: np.uint32 });
  let steps = 0;
  return {
    version: `${device}${device === "wasm" && window.crossOriginIsolated ? " with threads" : ""}`,
    async step(images, labels) {
      steps += 1;
      const corrections = np.array([1 - BETA_1 ** steps, 1 - BETA_2 ** steps]);
      const input = [seed(steps), tensor(images, [BATCH, PIXELS]), np.array(labels, { dtype: np.int32 }), corrections];
      const [parameters, means, squares, value] = jittedUpdate(...state, ...input);
      state = [parameters, means, squares];
      return (await value.data())[0];
    },
    predict: (images) => jittedScores(kept(state[0]), seed(0), tensor(images, [BATCH, PIXELS])).data(),
  };
}
