//! The neurons of a block over all time steps, forwards and backwards: plain loops over arrays of a block's width.

use super::lanes::widest;
use crate::spec::{Neuron, Reset, Surrogate};
use crate::spikes::STEPS_PER_WORD;
use std::iter::zip;

widest! {
    /// Turns input currents [T, W] into potentials before the reset, and sets the spikes' bits, [words, W].
    pub(super) fn neurons<const W: usize>(potentials: &mut [[f32; W]], fired: &mut [[u32; W]], neuron: &Neuron) {
        let Neuron { alpha, beta, gain, threshold, .. } = *neuron;
        // A spike leaves keep·u - amount.
        let (keep, amount) = neuron.subtracted().map_or((0.0, 0.0), |amount| (1.0, amount));
        let (mut current, mut after) = ([0.0; W], [0.0; W]);
        for (row, fired) in zip(potentials.chunks_mut(STEPS_PER_WORD), fired) {
            let mut mask = [0_u32; W];
            for (t, row) in row.iter_mut().enumerate() {
                for (((u, i), v), mask) in zip(zip(zip(row, &mut current), &mut after), &mut mask) {
                    *i = alpha * *i + *u;
                    *u = beta * *v + gain * *i;
                    let spike = *u > threshold;
                    *v = if spike { keep * *u - amount } else { *u };
                    *mask |= u32::from(spike) << t;
                }
            }
            *fired = mask;
        }
    }
}

widest! {
    /// The gradients of a block's spikes, [T, W], that are a number for each neuron times a coefficient for each time
    /// step.
    pub(super) fn spread<const W: usize>(gradient: &mut [[f32; W]], row: &[f32; W], coefficients: &[f32]) {
        for (gradient, c) in zip(gradient, coefficients) {
            zip(gradient, row).for_each(|(gradient, g)| *gradient = c * g);
        }
    }
}

widest! {
    /// Turns the gradients of a block's spikes, [T, W], into the derivatives by the input currents, from the potentials
    /// [T, W]: the equations of [`Neuron::derivative`]. `sum` becomes that of all time steps.
    pub(super) fn derivative<const W: usize>(
        gradient: &mut [[f32; W]],
        sum: &mut [f32; W],
        potentials: &[[f32; W]],
        neuron: &Neuron,
    ) {
        // The slope is chosen once, so that the loop is free of choices.
        match neuron.surrogate {
            Surrogate::FastSigmoid(k) => {
                with_slope(gradient, sum, potentials, neuron, |x| Surrogate::FastSigmoid(k).slope(x));
            }
            Surrogate::Arctan(alpha) => {
                with_slope(gradient, sum, potentials, neuron, |x| Surrogate::Arctan(alpha).slope(x));
            }
            Surrogate::Sigmoid(alpha) => {
                with_slope(gradient, sum, potentials, neuron, |x| Surrogate::Sigmoid(alpha).slope(x));
            }
            Surrogate::Triangle => {
                with_slope(gradient, sum, potentials, neuron, |x| Surrogate::Triangle.slope(x));
            }
        }
    }
}

/// [`derivative`] with the slope known when it is compiled.
#[inline(always)]
fn with_slope<const W: usize>(
    gradient: &mut [[f32; W]],
    sum: &mut [f32; W],
    potentials: &[[f32; W]],
    neuron: &Neuron,
    slope: impl Fn(f32) -> f32,
) {
    let Neuron { alpha, beta, gain, threshold, .. } = *neuron;
    // A spike lets this share of dv through, and takes (share·u + amount)·dv from ds where the reset is attached.
    let passed = if neuron.reset == Reset::Zero { 0.0 } else { 1.0 };
    let attached = if neuron.attached_reset { 1.0 } else { 0.0 };
    let (share, amount) = neuron.subtracted().map_or((attached, 0.0), |amount| (0.0, attached * amount));
    let (mut by_potential, mut by_current, mut total) = ([0.0_f32; W], [0.0_f32; W], [0.0_f32; W]);
    for (row, potentials) in zip(gradient, potentials).rev() {
        let state = zip(zip(&mut by_potential, &mut by_current), &mut total);
        for ((ds, u), ((du, di), total)) in zip(zip(row, potentials), state) {
            let after = beta * *du;
            let by_spike = *ds - (share * u + amount) * after;
            let through = if *u > threshold { passed * after } else { after };
            *du = slope(u - threshold) * by_spike + through;
            *di = gain * *du + alpha * *di;
            *ds = *di;
            *total += *di;
        }
    }
    *sum = total;
}
