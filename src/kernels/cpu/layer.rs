//! One sample's way through a layer, forwards and backwards: plain loops over rows of neurons, each compiled for several
//! instruction sets. They multiply and then add, never both at once, and sum in a fixed order, so all give the same bits.

use super::lanes::widest;
use crate::spec::{Neuron, Reset, Surrogate};
use crate::spikes::{STEPS_PER_WORD, bits, valid_bits, words_for};
use std::iter::zip;

#[inline(always)]
fn add(to: &mut [f32], from: &[f32]) {
    zip(to, from).for_each(|(to, from)| *to += from);
}

#[inline(always)]
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
#[inline(always)]
fn firing(words: &[u32], time_steps: usize) -> Option<Firing> {
    match words.iter().map(|word| word.count_ones() as usize).sum::<usize>() {
        0 => None,
        count if 2 * count > time_steps => Some(Firing::Except),
        _ => Some(Firing::At),
    }
}

/// The time steps that have to be gone through.
#[inline(always)]
fn events<'a>(words: &'a [u32], firing: &Firing, time_steps: usize) -> impl Iterator<Item = usize> + 'a {
    let flip = matches!(firing, Firing::Except);
    words.iter().enumerate().flat_map(move |(w, word)| {
        let word = if flip { !word & valid_bits(time_steps, w) } else { *word };
        bits(word).map(move |t| w * STEPS_PER_WORD + t)
    })
}

widest! {
    /// Input currents of one sample: `currents` [T, H] from its words [N, words], weights [N, H] and bias [H].
    /// `always` [H] is space for what comes at every time step.
    pub(super) fn currents(
        currents: &mut [f32],
        always: &mut [f32],
        words: &[u32],
        weight: &[f32],
        bias: &[f32],
        time_steps: usize,
    ) {
        let width = bias.len();
        currents.fill(0.0);
        always.copy_from_slice(bias);
        for (words, row) in zip(words.chunks_exact(words_for(time_steps)), weight.chunks_exact(width)) {
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
}

widest! {
    /// The neurons of one sample: turns input currents [T, H] into potentials before the reset and sets the spikes' bits,
    /// [H, words].
    pub(super) fn neurons(potentials: &mut [f32], fired: &mut [u32], neuron: &Neuron, width: usize) {
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
}

widest! {
    /// The derivative by the input currents, [T, H], of one sample, from its potentials and the gradient of its spikes:
    /// the equations of [`Neuron::derivative`], for a whole layer.
    pub(super) fn derivative(
        result: &mut [f32],
        potentials: &[f32],
        upstream: &[f32],
        neuron: &Neuron,
        width: usize,
    ) {
        // The slope is chosen once, so that the loop is free of choices.
        match neuron.surrogate {
            Surrogate::FastSigmoid(k) => {
                with_slope(result, potentials, upstream, neuron, width, |x| Surrogate::FastSigmoid(k).slope(x));
            }
            Surrogate::Arctan(alpha) => {
                with_slope(result, potentials, upstream, neuron, width, |x| Surrogate::Arctan(alpha).slope(x));
            }
            Surrogate::Sigmoid(alpha) => {
                with_slope(result, potentials, upstream, neuron, width, |x| Surrogate::Sigmoid(alpha).slope(x));
            }
            Surrogate::Triangle => {
                with_slope(result, potentials, upstream, neuron, width, |x| Surrogate::Triangle.slope(x));
            }
        }
    }
}

/// [`derivative`] with the slope known when it is compiled.
#[inline(always)]
fn with_slope(
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

widest! {
    /// Adds one sample's part to some rows of the weights' gradient, [rows, H]: for each spike the derivative of its
    /// time step. `words` are those of the rows' neurons, `sum` [H] is the derivative of all time steps.
    pub(super) fn weight_gradient(
        gradient: &mut [f32],
        derivative: &[f32],
        sum: &[f32],
        words: &[u32],
        time_steps: usize,
    ) {
        let width = sum.len();
        let rows = gradient.chunks_exact_mut(width);
        for (words, row) in zip(words.chunks_exact(words_for(time_steps)), rows) {
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
}

widest! {
    /// The derivatives of all time steps together: `sum` [H] of `derivative` [T, H].
    pub(super) fn sum_over_time(sum: &mut [f32], derivative: &[f32]) {
        sum.fill(0.0);
        derivative.chunks_exact(sum.len()).for_each(|at| add(sum, at));
    }
}

/// Partial sums of a product of two rows.
const PARTS: usize = 16;

widest! {
    /// The gradient of one sample's input spikes, [T, N]: each time step's derivative times every row of weights.
    pub(super) fn input_gradient(gradient: &mut [f32], derivative: &[f32], weight: &[f32], width: usize) {
        let senders = weight.len() / width;
        for (gradient, at) in zip(gradient.chunks_exact_mut(senders), derivative.chunks_exact(width)) {
            for (gradient, row) in zip(gradient, weight.chunks_exact(width)) {
                let mut parts = [0.0_f32; PARTS];
                let (a, b) = (at.chunks_exact(PARTS), row.chunks_exact(PARTS));
                let rest: f32 = zip(a.remainder(), b.remainder()).map(|(a, b)| a * b).sum();
                for (a, b) in zip(a, b) {
                    zip(&mut parts, zip(a, b)).for_each(|(part, (a, b))| *part += a * b);
                }
                *gradient = parts.iter().sum::<f32>() + rest;
            }
        }
    }
}

widest! {
    /// One step of Adam on some numbers.
    pub(super) fn adam(
        parameter: &mut [f32],
        mean: &mut [f32],
        square: &mut [f32],
        gradient: &[f32],
        step: crate::kernels::AdamStep,
    ) {
        let crate::kernels::AdamStep { beta_1, beta_2, rate, epsilon } = step;
        for ((parameter, gradient), (mean, square)) in zip(zip(parameter, gradient), zip(mean, square)) {
            *mean = beta_1 * *mean + (1.0 - beta_1) * gradient;
            *square = beta_2 * *square + (1.0 - beta_2) * (gradient * gradient);
            *parameter -= rate * *mean / (square.sqrt() + epsilon);
        }
    }
}
