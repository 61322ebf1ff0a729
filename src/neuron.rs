//! The equations of the neuron, once: for one neuron in plain f32, and for the CPU's kernels, which apply the same
//! functions to a block of neurons at a time. Reference and GPU kernels are tested against this module, and the
//! article's figures run it.
//!
//! ```text
//! i[t] = α·i[t-1] + I[t]            I: input current, i: synaptic current
//! u[t] = β·v[t-1] + g·i[t]          u: membrane potential before the reset
//! s[t] = 1 if u[t] > θ + a[t] else 0   s: spike
//! v[t] = u[t]·(1 - s[t])            v: after it, with reset to zero, or
//! v[t] = u[t] - r·s[t]              with reset by subtraction
//! a[t+1] = ρ·a[t] + b·s[t]          a: what spikes have raised the threshold by
//! ```
//!
//! α = 0 and g = 1 is the plain leaky integrate-and-fire neuron; α > 0 makes it current-based (CuBa); b > 0 makes it
//! adaptive (ALIF: Bellec, Salaj, Subramoney, Legenstein and Maass 2018, arXiv:1803.09574, section 2, with b = (1 - ρ)·β
//! in their symbols). Norse's standard neuron is β = 1 - dt/τ_mem, g = dt/τ_mem, α = 1 - dt/τ_syn (Pehle and Pedersen
//! 2021, doi:10.5281/zenodo.4422025). Learning uses a surrogate for the derivative of the spike (surrogate gradient:
//! Neftci, Mostafa and Zenke 2019, doi:10.1109/MSP.2019.2931595).

use crate::spec::{Neuron, Reset, Surrogate};
use std::f32::consts::FRAC_PI_2;

/// The state of a neuron between two time steps.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NeuronState {
    /// i, the synaptic current.
    pub current: f32,
    /// v, the membrane potential after the reset.
    pub potential: f32,
    /// a, the adaptation: what spikes have raised the threshold by.
    pub adaptation: f32,
}

/// The result of one time step of a neuron.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// u, the membrane potential before the reset.
    pub potential: f32,
    /// θ + a, the threshold that it was compared with.
    pub threshold: f32,
    /// s, whether it fired.
    pub spike: bool,
    /// The state after the time step.
    pub state: NeuronState,
}

/// The loss's derivatives by a neuron's state, which the backward pass carries from a time step to the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Adjoint {
    /// By u[t+1], the potential before the reset.
    pub potential: f32,
    /// By i[t+1], the synaptic current.
    pub current: f32,
    /// By a[t+1], the adaptation.
    pub adaptation: f32,
}

/// A neuron's constants in the form that its equations use, without branches, so that a loop over neurons is
/// vectorised.
///
/// `ADAPTIVE` says whether the threshold adapts; if not, that part of the equations is left out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dynamics<const ADAPTIVE: bool> {
    neuron: Neuron,
    /// A spike leaves kept·u - subtracted.
    kept: f32,
    subtracted: f32,
    /// The factor of dv after a spike.
    passed: f32,
    /// If the gradient flows through the reset, (by_potential·u + by_amount)·dv is subtracted from ds.
    by_potential: f32,
    by_amount: f32,
}

impl<const ADAPTIVE: bool> Dynamics<ADAPTIVE> {
    pub(crate) fn new(neuron: &Neuron) -> Self {
        let attached = if neuron.attached_reset { 1.0 } else { 0.0 };
        let to_zero = neuron.reset == Reset::Zero;
        let amount = neuron.subtracted().unwrap_or(0.0);
        Self {
            neuron: *neuron,
            kept: if to_zero { 0.0 } else { 1.0 },
            subtracted: amount,
            passed: if to_zero { 0.0 } else { 1.0 },
            by_potential: if to_zero { attached } else { 0.0 },
            by_amount: attached * amount,
        }
    }

    /// θ + a.
    #[inline(always)]
    pub(crate) fn threshold(&self, adaptation: f32) -> f32 {
        if ADAPTIVE { self.neuron.threshold + adaptation } else { self.neuron.threshold }
    }

    /// `a[t+1]`, from `a[t]` and `s[t]`.
    #[inline(always)]
    pub(crate) fn adapt(&self, adaptation: f32, spike: bool) -> f32 {
        if !ADAPTIVE {
            return 0.0;
        }
        self.neuron.adaptation_decay * adaptation + if spike { self.neuron.adaptation } else { 0.0 }
    }

    /// One time step with input current `input`; returns u and s.
    #[inline(always)]
    pub(crate) fn step(&self, state: &mut NeuronState, input: f32) -> (f32, bool) {
        state.current = self.neuron.alpha * state.current + input;
        let potential = self.neuron.beta * state.potential + self.neuron.gain * state.current;
        let spike = potential > self.threshold(state.adaptation);
        state.potential = if spike { self.kept * potential - self.subtracted } else { potential };
        state.adaptation = self.adapt(state.adaptation, spike);
        (potential, spike)
    }

    /// One time step back: the loss's derivative by `I[t]`, from `u[t]`, `a[t]` and the derivative by `s[t]` from the
    /// readers of the spike.
    #[inline(always)]
    pub(crate) fn step_back(
        &self,
        adjoint: &mut Adjoint,
        (potential, adaptation): (f32, f32),
        by_spike: f32,
        slope: impl Fn(f32) -> f32,
    ) -> f32 {
        let after = self.neuron.beta * adjoint.potential;
        let mut by_spike = by_spike - (self.by_potential * potential + self.by_amount) * after;
        if ADAPTIVE {
            by_spike += self.neuron.adaptation * adjoint.adaptation;
        }
        let threshold = self.threshold(adaptation);
        let passed = if potential > threshold { self.passed * after } else { after };
        let by_distance = slope(potential - threshold) * by_spike;
        adjoint.potential = by_distance + passed;
        if ADAPTIVE {
            adjoint.adaptation = self.neuron.adaptation_decay * adjoint.adaptation - by_distance;
        }
        adjoint.current = self.neuron.gain * adjoint.potential + self.neuron.alpha * adjoint.current;
        adjoint.current
    }
}

impl Surrogate {
    /// The surrogate gradient at x = u - θ.
    ///
    /// ```
    /// use spiking_playground::spec::Surrogate;
    /// assert_eq!(Surrogate::FastSigmoid(10.0).slope(0.1), 0.25);
    /// assert_eq!(Surrogate::Triangle.slope(0.75), 0.25);
    /// ```
    #[inline]
    pub fn slope(self, x: f32) -> f32 {
        match self {
            Self::FastSigmoid(k) => {
                let q = 1.0 + k * x.abs();
                1.0 / (q * q)
            }
            Self::Arctan(alpha) => {
                let q = FRAC_PI_2 * alpha * x;
                alpha / 2.0 / (1.0 + q * q)
            }
            Self::Sigmoid(alpha) => {
                // σ' is even; the exponent is kept negative so that nothing overflows. libm's exponential, since a
                // platform's own may round differently.
                let e = libm::expf(-(alpha * x).abs());
                alpha * e / ((1.0 + e) * (1.0 + e))
            }
            Self::Triangle => (1.0 - x.abs()).max(0.0),
        }
    }
}

impl Neuron {
    /// Whether it is the plain leaky integrate-and-fire neuron, reset to zero, whose reset passes no gradient.
    pub fn is_plain(&self) -> bool {
        let is_unscaled = self.alpha == 0.0 && self.gain == 1.0;
        is_unscaled && self.reset == Reset::Zero && !self.attached_reset && !self.is_adaptive()
    }

    /// Whether spikes raise the threshold.
    pub fn is_adaptive(&self) -> bool {
        self.adaptation != 0.0
    }

    /// r, what a spike subtracts; `None` if it sets the potential to zero.
    ///
    /// ```
    /// use spiking_playground::spec::{Neuron, Reset};
    /// let neuron = Neuron { beta: 0.5, threshold: 2.0, reset: Reset::SubtractDelayed, ..Neuron::default() };
    /// assert_eq!(neuron.subtracted(), Some(4.0));
    /// ```
    pub fn subtracted(&self) -> Option<f32> {
        match self.reset {
            Reset::Zero => None,
            Reset::Subtract => Some(self.threshold),
            // With β = 0 nothing of v remains in the next time step, so a subtraction has no effect.
            Reset::SubtractDelayed if self.beta == 0.0 => Some(0.0),
            Reset::SubtractDelayed => Some(self.threshold / self.beta),
            Reset::SubtractBy(amount) => Some(amount),
        }
    }

    /// The potential after the reset.
    pub fn reset(&self, potential: f32, spike: bool) -> f32 {
        match self.subtracted() {
            _ if !spike => potential,
            None => 0.0,
            Some(amount) => potential - amount,
        }
    }

    /// One time step with input current `input`.
    ///
    /// ```
    /// use spiking_playground::{neuron::NeuronState, spec::Neuron};
    /// let neuron = Neuron::default(); // β = 0.9, θ = 1, reset to zero
    /// let first = neuron.step(NeuronState::default(), 0.6);
    /// assert!(!first.spike);
    /// let second = neuron.step(first.state, 0.6);
    /// assert!(second.spike && second.potential > 1.0 && second.state.potential == 0.0);
    /// ```
    pub fn step(&self, before: NeuronState, input: f32) -> Step {
        let dynamics = Dynamics::<true>::new(self);
        let mut state = before;
        let (potential, spike) = dynamics.step(&mut state, input);
        Step { potential, threshold: dynamics.threshold(before.adaptation), spike, state }
    }

    /// All time steps for input currents \[T\], from rest.
    pub fn run<'a>(&'a self, inputs: &'a [f32]) -> impl Iterator<Item = Step> + 'a {
        inputs.iter().scan(NeuronState::default(), |state, input| {
            let step = self.step(*state, *input);
            *state = step.state;
            Some(step)
        })
    }

    /// a \[T\], the adaptation at each time step of a run, from its potentials before the reset \[T\], which determine
    /// its spikes.
    ///
    /// ```
    /// use spiking_playground::spec::Neuron;
    /// let neuron = Neuron { adaptation: 0.5, adaptation_decay: 0.5, ..Neuron::default() }; // θ = 1
    /// assert_eq!(neuron.adaptations(&[1.25, 1.25, 1.3]), [0.0, 0.5, 0.25]);
    /// ```
    pub fn adaptations(&self, potentials: &[f32]) -> Vec<f32> {
        let dynamics = Dynamics::<true>::new(self);
        let step = |adaptation: &mut f32, potential: &f32| {
            let before = *adaptation;
            *adaptation = dynamics.adapt(before, *potential > dynamics.threshold(before));
            Some(before)
        };
        potentials.iter().scan(0.0, step).collect()
    }

    /// The derivative of a loss by the input currents \[T\], from its derivatives by the spikes \[T\] and the
    /// potentials before the reset \[T\] of a run: the equations above, backward.
    ///
    /// ```text
    /// dv[t] = β·du[t+1]
    /// ds[t] = upstream[t] - (u[t] or r)·dv[t] + b·da[t+1]   the second term only with an attached reset
    /// dx[t] = slope(u[t] - θ - a[t])·ds[t]
    /// du[t] = dx[t] + (1 - s[t] or 1)·dv[t]
    /// da[t] = ρ·da[t+1] - dx[t]
    /// dI[t] = g·du[t] + α·dI[t+1]
    /// ```
    pub fn derivative(&self, potentials: &[f32], upstream: &[f32]) -> Vec<f32> {
        let dynamics = Dynamics::<true>::new(self);
        let adaptations = self.adaptations(potentials);
        let mut adjoint = Adjoint::default();
        let mut result = vec![0.0; potentials.len()];
        for (t, by_spike) in upstream.iter().enumerate().rev() {
            let at = (potentials[t], adaptations[t]);
            result[t] = dynamics.step_back(&mut adjoint, at, *by_spike, |x| self.surrogate.slope(x));
        }
        result
    }
}
