//! The LIF neurons of a block over all time steps, forward and backward: the equations of [`crate::neuron`] in plain
//! loops over arrays of a block's width.

use crate::kernels::linear::MAX_WIDTH;
use crate::neuron::{Adjoint, Dynamics, NeuronState};
use crate::rate_penalty::RatePenalty;
use crate::simd::multiversion;
use crate::spec::{Neuron, Surrogate};
use crate::spikes::STEPS_PER_WORD;
use std::iter::zip;

/// [`Dynamics`] of the plain neuron ([`Neuron::is_plain`]), whose other terms are 0 and factors 1: the same bits, but for the signs
/// of zeros, in fewer operations.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlainDynamics {
    beta: f32,
    threshold: f32,
}

impl PlainDynamics {
    pub(super) const fn new(neuron: &Neuron) -> Self {
        Self { beta: neuron.beta, threshold: neuron.threshold }
    }

    /// One time step with input current `input` from potential `v`, which becomes the one after it; returns u and s.
    #[inline(always)]
    pub(super) fn step(&self, after: &mut f32, input: f32) -> (f32, bool) {
        let potential = self.beta * *after + input;
        let spike = potential > self.threshold;
        *after = if spike { 0.0 } else { potential };
        (potential, spike)
    }

    /// One time step back: the loss's derivative by u, which is that by `I[t]`, in place of that by u at the time step behind.
    #[inline(always)]
    fn step_back(&self, adjoint: &mut f32, potential: f32, by_spike: f32, slope: impl Fn(f32) -> f32) {
        let passed = if potential > self.threshold { 0.0 } else { self.beta * *adjoint };
        *adjoint = slope(potential - self.threshold) * by_spike + passed;
    }
}

multiversion! {
    /// Turns input currents [T, W] into potentials before the reset, and sets the spikes' bits, [words, W]. The
    /// adaptations of the thresholds are written to `adaptations` [T, W], which is empty for constant thresholds.
    pub(super) fn neurons<const W: usize>(
        potentials: &mut [[f32; W]],
        adaptations: &mut [[f32; W]],
        fired: &mut [[u32; W]],
        neuron: &Neuron,
    ) {
        if neuron.is_plain() {
            run_plain(potentials, fired, neuron);
        } else if neuron.is_adaptive() {
            run::<W, true>(potentials, adaptations, fired, neuron);
        } else {
            run::<W, false>(potentials, adaptations, fired, neuron);
        }
    }
}

#[inline(always)]
fn run_plain<const W: usize>(potentials: &mut [[f32; W]], fired: &mut [[u32; W]], neuron: &Neuron) {
    let dynamics = PlainDynamics::new(neuron);
    let mut after = [0.0; W];
    for (rows, fired) in zip(potentials.chunks_mut(STEPS_PER_WORD), fired) {
        let mut mask = [0_u32; W];
        for (t, row) in rows.iter_mut().enumerate() {
            for ((u, v), mask) in zip(zip(row, &mut after), &mut mask) {
                let (potential, spike) = dynamics.step(v, *u);
                *u = potential;
                *mask |= u32::from(spike) << t;
            }
        }
        *fired = mask;
    }
}

#[inline(always)]
fn run<const W: usize, const ADAPTIVE: bool>(
    potentials: &mut [[f32; W]],
    adaptations: &mut [[f32; W]],
    fired: &mut [[u32; W]],
    neuron: &Neuron,
) {
    let dynamics = Dynamics::<ADAPTIVE>::new(neuron);
    let (mut current, mut after, mut raised) = ([0.0; W], [0.0; W], [0.0; W]);
    let mut adaptations = adaptations.iter_mut();
    for (rows, fired) in zip(potentials.chunks_mut(STEPS_PER_WORD), fired) {
        let mut mask = [0_u32; W];
        for (t, row) in rows.iter_mut().enumerate() {
            if ADAPTIVE && let Some(adaptations) = adaptations.next() {
                *adaptations = raised;
            }
            for (((u, i), (v, a)), mask) in zip(zip(zip(row, &mut current), zip(&mut after, &mut raised)), &mut mask) {
                let mut state = NeuronState { current: *i, potential: *v, adaptation: *a };
                let (potential, spike) = dynamics.step(&mut state, *u);
                (*u, *i, *v, *a) = (potential, state.current, state.potential, state.adaptation);
                *mask |= u32::from(spike) << t;
            }
        }
        *fired = mask;
    }
}

multiversion! {
    /// Writes the gradients of a block's spikes, [T, W]: a number for each neuron times a coefficient for each time
    /// step.
    pub(super) fn spread<const W: usize>(gradient: &mut [[f32; W]], row: &[f32; W], coefficients: &[f32]) {
        for (gradient, c) in zip(gradient, coefficients) {
            zip(gradient, row).for_each(|(gradient, g)| *gradient = c * g);
        }
    }
}

multiversion! {
    /// Adds the gradient of the penalty on the firing rates of a block's neurons, in a layer of `outputs`, to that of their
    /// spikes, [T, W]. Potentials and adaptations (none for constant thresholds) say when they spiked. One loop for all widths:
    /// a visitor of the page fetches each loop.
    pub(super) fn penalise(
        gradient: &mut [f32],
        potentials: &[f32],
        adaptations: &[f32],
        width: usize,
        neuron: &Neuron,
        penalty: RatePenalty,
        outputs: usize,
    ) {
        let dynamics = Dynamics::<true>::new(neuron);
        let mut counts = [0.0_f32; MAX_WIDTH];
        let counts = &mut counts[..width];
        for (t, potentials) in potentials.chunks_exact(width).enumerate() {
            // No adaptations are saved where thresholds are constant.
            let adaptations = adaptations.get(t * width..(t + 1) * width).unwrap_or(&[0.0; MAX_WIDTH][..width]);
            for ((count, u), a) in zip(zip(&mut *counts, potentials), adaptations) {
                *count += f32::from(u8::from(*u > dynamics.threshold(*a)));
            }
        }
        let time_steps = gradient.len() / width;
        let factor = penalty.factor(outputs, time_steps);
        counts.iter_mut().for_each(|count| *count = factor * penalty.excess(*count, time_steps));
        for gradient in gradient.chunks_exact_mut(width) {
            zip(gradient, &*counts).for_each(|(gradient, added)| *gradient += added);
        }
    }
}

/// Gives a macro the surrogate, its kind known at compile time.
macro_rules! for_surrogate {
    ($surrogate:expr, $with:ident) => {
        match $surrogate {
            Surrogate::FastSigmoid(k) => $with!(Surrogate::FastSigmoid(k)),
            Surrogate::Arctan(alpha) => $with!(Surrogate::Arctan(alpha)),
            Surrogate::Sigmoid(alpha) => $with!(Surrogate::Sigmoid(alpha)),
            Surrogate::Triangle => $with!(Surrogate::Triangle),
        }
    };
}

multiversion! {
    /// Writes the derivatives by the input currents of a block of plain neurons, [T, W], from the potentials [T, W] and the
    /// gradients of the spikes, which are a coefficient for each time step times a number for each neuron. `sum` becomes the sum
    /// over all time steps.
    pub(super) fn plain_derivative<const W: usize>(
        derivative: &mut [[f32; W]],
        sum: &mut [f32; W],
        potentials: &[[f32; W]],
        neuron: &Neuron,
        factors: (&[f32], &[f32; W]),
    ) {
        macro_rules! with {
            ($surrogate:expr) => {
                run_back_spread(derivative, sum, potentials, neuron, factors, |x| $surrogate.slope(x))
            };
        }
        for_surrogate!(neuron.surrogate, with)
    }
}

multiversion! {
    /// Turns the gradients of a block's spikes, [T, W], into the derivatives by the input currents, from the potentials
    /// [T, W] and, for adaptive thresholds, the adaptations [T, W]. `sum` becomes the sum over all time steps.
    pub(super) fn derivative<const W: usize>(
        gradient: &mut [[f32; W]],
        sum: &mut [f32; W],
        potentials: &[[f32; W]],
        adaptations: &[[f32; W]],
        neuron: &Neuron,
    ) {
        if neuron.is_adaptive() {
            // One loop for all surrogates: a visitor of the page fetches each loop.
            let surrogate = neuron.surrogate;
            return run_back::<W, true>(gradient, sum, (potentials, adaptations), neuron, |x| surrogate.slope(x));
        }
        let is_plain = neuron.is_plain();
        // The surrogate is chosen once, so that the loop has no branches.
        macro_rules! with {
            ($surrogate:expr) => {
                if is_plain {
                    run_back_plain(gradient, sum, potentials, neuron, |x| $surrogate.slope(x))
                } else {
                    // The argument in place of the adaptations is not read.
                    run_back::<W, false>(gradient, sum, (potentials, potentials), neuron, |x| $surrogate.slope(x))
                }
            };
        }
        for_surrogate!(neuron.surrogate, with)
    }
}

/// [`plain_derivative`] with the surrogate's slope known at compile time.
#[inline(always)]
fn run_back_spread<const W: usize>(
    gradient: &mut [[f32; W]],
    sum: &mut [f32; W],
    potentials: &[[f32; W]],
    neuron: &Neuron,
    (coefficients, row): (&[f32], &[f32; W]),
    slope: impl Fn(f32) -> f32,
) {
    let dynamics = PlainDynamics::new(neuron);
    let (mut adjoint, mut total) = ([0.0_f32; W], [0.0_f32; W]);
    for ((derivative, potentials), c) in zip(zip(gradient, potentials), coefficients).rev() {
        for ((derivative, (u, g)), (du, total)) in
            zip(zip(derivative, zip(potentials, row)), zip(&mut adjoint, &mut total))
        {
            dynamics.step_back(du, *u, c * g, &slope);
            *derivative = *du;
            *total += *du;
        }
    }
    *sum = total;
}

/// [`derivative`] of plain neurons with the surrogate's slope known at compile time.
#[inline(always)]
fn run_back_plain<const W: usize>(
    gradient: &mut [[f32; W]],
    sum: &mut [f32; W],
    potentials: &[[f32; W]],
    neuron: &Neuron,
    slope: impl Fn(f32) -> f32,
) {
    let dynamics = PlainDynamics::new(neuron);
    let (mut adjoint, mut total) = ([0.0_f32; W], [0.0_f32; W]);
    for (row, potentials) in zip(gradient, potentials).rev() {
        for ((ds, u), (du, total)) in zip(zip(row, potentials), zip(&mut adjoint, &mut total)) {
            dynamics.step_back(du, *u, *ds, &slope);
            *ds = *du;
            *total += *du;
        }
    }
    *sum = total;
}

/// [`derivative`] with the surrogate's slope known at compile time.
#[inline(always)]
fn run_back<const W: usize, const ADAPTIVE: bool>(
    gradient: &mut [[f32; W]],
    sum: &mut [f32; W],
    (potentials, adaptations): (&[[f32; W]], &[[f32; W]]),
    neuron: &Neuron,
    slope: impl Fn(f32) -> f32,
) {
    let dynamics = Dynamics::<ADAPTIVE>::new(neuron);
    let (mut by_potential, mut by_current, mut by_adaptation) = ([0.0_f32; W], [0.0_f32; W], [0.0_f32; W]);
    let mut total = [0.0_f32; W];
    for (row, (potentials, adaptations)) in zip(gradient, zip(potentials, adaptations)).rev() {
        let carried = zip(zip(&mut by_potential, &mut by_current), zip(&mut by_adaptation, &mut total));
        for ((ds, (u, a)), ((du, di), (da, total))) in zip(zip(row, zip(potentials, adaptations)), carried) {
            let mut adjoint = Adjoint { potential: *du, current: *di, adaptation: *da };
            let adaptation = if ADAPTIVE { *a } else { 0.0 };
            let by_input = dynamics.step_back(&mut adjoint, (*u, adaptation), *ds, &slope);
            (*du, *di, *da) = (adjoint.potential, adjoint.current, adjoint.adaptation);
            *ds = by_input;
            *total += by_input;
        }
    }
    *sum = total;
}
