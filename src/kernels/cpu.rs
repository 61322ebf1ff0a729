//! The kernels on the CPU, event-driven: time goes where spikes are.
//!
//! The layer's work is the product of a bit matrix with a dense one. A neuron that fires adds its row of weights to the
//! currents of the time steps at which it does; one that fires in more than half of them enters as "always, except",
//! which MNIST's black and white pixels make four times cheaper. A silent neuron costs one test.

use super::{AdamStep, Adapted, Derivatives, Fired, LayerGradients, OptimizerOperations, Spikes, SpikingOperations};
use crate::spec::{Neuron, Reset, Surrogate};
use crate::spikes::{STEPS_PER_WORD, bits, valid_bits};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::TensorData;
use burn_flex::FlexTensor;
use std::iter::zip;

fn floats<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

fn dims<const D: usize>(tensor: &FlexTensor) -> [usize; D] {
    tensor.shape().dims()
}

fn add(to: &mut [f32], from: &[f32]) {
    zip(to, from).for_each(|(to, from)| *to += from);
}

fn subtract(to: &mut [f32], from: &[f32]) {
    zip(to, from).for_each(|(to, from)| *to -= from);
}

/// How one neuron's spikes are cheapest to go through.
enum Firing {
    /// At the time steps of [`events`].
    At,
    /// At all time steps but those of [`events`].
    Except,
}

/// How a neuron with these words fires over T time steps: none if it does not.
fn firing(words: &[u32], time_steps: usize) -> Option<Firing> {
    match words.iter().map(|word| word.count_ones() as usize).sum::<usize>() {
        0 => None,
        count if 2 * count > time_steps => Some(Firing::Except),
        _ => Some(Firing::At),
    }
}

/// The time steps that have to be gone through.
fn events<'a>(words: &'a [u32], firing: &Firing, time_steps: usize) -> impl Iterator<Item = usize> + 'a {
    let flip = matches!(firing, Firing::Except);
    words.iter().enumerate().flat_map(move |(w, word)| {
        let word = if flip { !word & valid_bits(time_steps, w) } else { *word };
        bits(word).map(move |t| w * STEPS_PER_WORD + t)
    })
}

/// Input currents of one sample: `currents` [T, H] from its words [N, words], weights [N, H] and bias [H].
/// `always` [H] is space for what comes at every time step.
fn currents(currents: &mut [f32], always: &mut [f32], words: &[u32], weight: &[f32], bias: &[f32], time_steps: usize) {
    let width = bias.len();
    currents.fill(0.0);
    always.copy_from_slice(bias);
    for (words, row) in zip(words.chunks_exact(time_steps.div_ceil(STEPS_PER_WORD)), weight.chunks_exact(width)) {
        let Some(firing) = firing(words, time_steps) else { continue };
        if let Firing::Except = firing {
            add(always, row);
        }
        for t in events(words, &firing, time_steps) {
            let current = &mut currents[t * width..(t + 1) * width];
            match firing {
                Firing::At => add(current, row),
                Firing::Except => subtract(current, row),
            }
        }
    }
    currents.chunks_exact_mut(width).for_each(|current| add(current, always));
}

/// The neurons of one sample: turns input currents [T, H] into potentials before the reset and sets the spikes' bits,
/// [H, words].
fn neurons(potentials: &mut [f32], fired: &mut [u32], neuron: &Neuron, width: usize) {
    let (words, time_steps) = (fired.len() / width, potentials.len() / width);
    let Neuron { alpha, beta, gain, threshold, .. } = *neuron;
    // A spike leaves keep·u - amount.
    let (keep, amount) = neuron.subtracted().map_or((0.0, 0.0), |amount| (1.0, amount));
    let (mut current, mut after) = (vec![0.0; width], vec![0.0; width]);
    let mut mask = vec![0_u32; width];
    for (t, row) in potentials.chunks_exact_mut(width).enumerate() {
        for (((u, i), v), mask) in zip(zip(zip(&mut *row, &mut current), &mut after), &mut mask) {
            *i = alpha * *i + *u;
            *u = beta * *v + gain * *i;
            let spike = *u > threshold;
            *v = if spike { keep * *u - amount } else { *u };
            *mask |= u32::from(spike) << (t % STEPS_PER_WORD);
        }
        if (t + 1) % STEPS_PER_WORD == 0 || t + 1 == time_steps {
            zip(fired.chunks_exact_mut(words), &mut mask)
                .for_each(|(words, mask)| words[t / STEPS_PER_WORD] = std::mem::take(mask));
        }
    }
}

/// The derivative by the input currents, [T, H], of one sample, from its potentials and the gradient of its spikes: the
/// equations of [`Neuron::derivative`], for a whole layer.
fn derivative(result: &mut [f32], potentials: &[f32], upstream: &[f32], neuron: &Neuron, width: usize) {
    match neuron.surrogate {
        Surrogate::FastSigmoid(k) => {
            derivative_with(result, potentials, upstream, neuron, width, |x| Surrogate::FastSigmoid(k).slope(x));
        }
        Surrogate::Arctan(alpha) => {
            derivative_with(result, potentials, upstream, neuron, width, |x| Surrogate::Arctan(alpha).slope(x));
        }
        Surrogate::Sigmoid(alpha) => {
            derivative_with(result, potentials, upstream, neuron, width, |x| Surrogate::Sigmoid(alpha).slope(x));
        }
        Surrogate::Triangle => {
            derivative_with(result, potentials, upstream, neuron, width, |x| Surrogate::Triangle.slope(x));
        }
    }
}

/// [`derivative`] with the slope known when it is compiled, so that its loop is free of choices.
fn derivative_with(
    result: &mut [f32],
    potentials: &[f32],
    upstream: &[f32],
    neuron: &Neuron,
    width: usize,
    slope: impl Fn(f32) -> f32,
) {
    let Neuron { alpha, beta, gain, threshold, .. } = *neuron;
    // A spike lets this share of dv through, and takes (share·u + amount)·dv from ds where the reset is attached.
    let passed = if neuron.reset == Reset::Zero { 0.0 } else { 1.0 };
    let attached = if neuron.attached_reset { 1.0 } else { 0.0 };
    let (share, amount) = neuron.subtracted().map_or((attached, 0.0), |amount| (0.0, attached * amount));
    let (mut by_potential, mut by_current) = (vec![0.0_f32; width], vec![0.0_f32; width]);
    let rows = zip(zip(result.chunks_exact_mut(width), potentials.chunks_exact(width)), upstream.chunks_exact(width));
    for ((result, potentials), upstream) in rows.rev() {
        let state = zip(&mut by_potential, &mut by_current);
        for (((result, u), ds), (du, di)) in zip(zip(zip(result, potentials), upstream), state) {
            let after = beta * *du;
            let ds = ds - (share * u + amount) * after;
            let through = if *u > threshold { passed * after } else { after };
            *du = slope(u - threshold) * ds + through;
            *di = gain * *du + alpha * *di;
            *result = *di;
        }
    }
}

/// Adds one sample's part to the weights' gradient [N, H]: for each spike the derivative of its time step.
/// `sum` [H] is that of all time steps.
fn weight_gradient(gradient: &mut [f32], derivative: &[f32], sum: &[f32], words: &[u32], time_steps: usize) {
    let width = sum.len();
    for (words, row) in zip(words.chunks_exact(time_steps.div_ceil(STEPS_PER_WORD)), gradient.chunks_exact_mut(width)) {
        let Some(firing) = firing(words, time_steps) else { continue };
        if let Firing::Except = firing {
            add(row, sum);
        }
        for t in events(words, &firing, time_steps) {
            let at = &derivative[t * width..(t + 1) * width];
            match firing {
                Firing::At => add(row, at),
                Firing::Except => subtract(row, at),
            }
        }
    }
}

/// The gradient of one sample's input spikes, [T, N]: each time step's derivative times every row of weights.
fn input_gradient(gradient: &mut [f32], derivative: &[f32], weight: &[f32], width: usize) {
    let senders = weight.len() / width;
    for (gradient, at) in zip(gradient.chunks_exact_mut(senders), derivative.chunks_exact(width)) {
        for (gradient, row) in zip(gradient, weight.chunks_exact(width)) {
            *gradient = zip(at, row).map(|(a, b)| a * b).sum();
        }
    }
}

impl SpikingOperations for Flex {
    fn spiking_layer(
        input: Spikes<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        neuron: Neuron,
        time_steps: usize,
    ) -> Fired<Self> {
        let [batch, senders, each] = dims(&input.bits);
        let [_, width] = dims(&weight);
        let (spikes, weight, bias) = (input.bits.to_contiguous(), weight.to_contiguous(), bias.to_contiguous());
        let mut potentials = vec![0.0; batch * time_steps * width];
        let mut fired = vec![0_u32; batch * width * each];
        let mut always = vec![0.0; width];
        let samples = zip(
            potentials.chunks_exact_mut(time_steps * width),
            zip(fired.chunks_exact_mut(width * each), spikes.storage::<u32>().chunks_exact(senders * each)),
        );
        for (potentials, (fired, words)) in samples {
            currents(potentials, &mut always, words, weight.storage(), bias.storage(), time_steps);
            neurons(potentials, fired, &neuron, width);
        }
        Fired {
            bits: FlexTensor::from_data(TensorData::new(fired, [batch, width, each])),
            potentials: floats(potentials, [batch, time_steps, width]),
            carrier: floats(vec![0.0], [1]),
        }
    }

    fn driven_neurons(currents: FloatTensor<Self>, neuron: Neuron, time_steps: usize) -> Fired<Self> {
        let [batch, width] = dims(&currents);
        let each = time_steps.div_ceil(STEPS_PER_WORD);
        let currents = currents.to_contiguous();
        let mut potentials = Vec::with_capacity(batch * time_steps * width);
        let mut fired = vec![0_u32; batch * width * each];
        for current in currents.storage::<f32>().chunks_exact(width) {
            (0..time_steps).for_each(|_| potentials.extend_from_slice(current));
        }
        zip(potentials.chunks_exact_mut(time_steps * width), fired.chunks_exact_mut(width * each))
            .for_each(|(potentials, fired)| neurons(potentials, fired, &neuron, width));
        Fired {
            bits: FlexTensor::from_data(TensorData::new(fired, [batch, width, each])),
            potentials: floats(potentials, [batch, time_steps, width]),
            carrier: floats(vec![0.0], [1]),
        }
    }

    fn weighted_spike_count(input: Spikes<Self>, coefficients: Vec<f32>) -> FloatTensor<Self> {
        let [batch, neurons, each] = dims(&input.bits);
        let bits_of = |words: &[u32]| {
            let times = words.iter().enumerate().flat_map(|(w, word)| bits(*word).map(move |t| w * STEPS_PER_WORD + t));
            times.map(|t| coefficients[t]).sum::<f32>()
        };
        let counts = input.bits.to_contiguous().storage::<u32>().chunks_exact(each).map(bits_of).collect();
        floats(counts, [batch, neurons])
    }
}

impl Derivatives for Flex {
    fn spiking_layer_gradients(
        bits: IntTensor<Self>,
        weight: FloatTensor<Self>,
        potentials: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        neuron: Neuron,
        with_input: bool,
    ) -> LayerGradients<Self> {
        let [batch, senders, each] = dims(&bits);
        let [_, time_steps, width] = dims(&potentials);
        let (bits, weight, potentials) = (bits.to_contiguous(), weight.to_contiguous(), potentials.to_contiguous());
        let gradient = gradient.to_contiguous();
        let mut by_weight = vec![0.0; senders * width];
        let mut by_bias = vec![0.0; width];
        let mut by_input = vec![0.0; if with_input { batch * time_steps * senders } else { 0 }];
        let (mut by_current, mut sum) = (vec![0.0; time_steps * width], vec![0.0; width]);
        let samples = zip(
            bits.storage::<u32>().chunks_exact(senders * each),
            zip(
                potentials.storage::<f32>().chunks_exact(time_steps * width),
                gradient.storage::<f32>().chunks_exact(time_steps * width),
            ),
        );
        for (sample, (words, (potentials, gradient))) in samples.enumerate() {
            derivative(&mut by_current, potentials, gradient, &neuron, width);
            sum.fill(0.0);
            by_current.chunks_exact(width).for_each(|at| add(&mut sum, at));
            add(&mut by_bias, &sum);
            weight_gradient(&mut by_weight, &by_current, &sum, words, time_steps);
            if with_input {
                let size = time_steps * senders;
                let by_input = &mut by_input[sample * size..(sample + 1) * size];
                input_gradient(by_input, &by_current, weight.storage(), width);
            }
        }
        LayerGradients {
            weight: floats(by_weight, [senders, width]),
            bias: floats(by_bias, [width]),
            input: with_input.then(|| floats(by_input, [batch, time_steps, senders])),
        }
    }

    fn driven_neurons_gradient(
        potentials: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        neuron: Neuron,
    ) -> FloatTensor<Self> {
        let [batch, time_steps, width] = dims(&potentials);
        let (potentials, gradient) = (potentials.to_contiguous(), gradient.to_contiguous());
        let mut result = vec![0.0; batch * width];
        let mut by_current = vec![0.0; time_steps * width];
        let samples = zip(
            potentials.storage::<f32>().chunks_exact(time_steps * width),
            gradient.storage::<f32>().chunks_exact(time_steps * width),
        );
        for (result, (potentials, gradient)) in zip(result.chunks_exact_mut(width), samples) {
            derivative(&mut by_current, potentials, gradient, &neuron, width);
            by_current.chunks_exact(width).for_each(|at| add(result, at));
        }
        floats(result, [batch, width])
    }

    fn spread_over_time(gradient: FloatTensor<Self>, coefficients: &[f32]) -> FloatTensor<Self> {
        let [batch, neurons] = dims(&gradient);
        let gradient = gradient.to_contiguous();
        let rows = gradient.storage::<f32>().chunks_exact(neurons);
        let spread = rows.flat_map(|row| coefficients.iter().flat_map(move |c| row.iter().map(move |g| c * g)));
        floats(spread.collect(), [batch, coefficients.len(), neurons])
    }
}

impl OptimizerOperations for Flex {
    fn adam(
        mut parameter: FloatTensor<Self>,
        mut mean: FloatTensor<Self>,
        mut square: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        step: AdamStep,
    ) -> Adapted<Self> {
        let gradient = gradient.to_contiguous();
        let AdamStep { beta_1, beta_2, rate, epsilon } = step;
        let numbers = zip(
            zip(parameter.storage_mut::<f32>(), gradient.storage::<f32>()),
            zip(mean.storage_mut::<f32>(), square.storage_mut::<f32>()),
        );
        for ((parameter, gradient), (mean, square)) in numbers {
            *mean = beta_1 * *mean + (1.0 - beta_1) * gradient;
            *square = beta_2 * *square + (1.0 - beta_2) * (gradient * gradient);
            *parameter -= rate * *mean / (square.sqrt() + epsilon);
        }
        Adapted { parameter, mean, square }
    }
}
