//! The equations of every neuron here, once, for one neuron in plain f32. The kernels are held against this module, and
//! the article's figures run it.
//!
//! ```text
//! i[t] = α·i[t-1] + I[t]        I: input current, i: synaptic current
//! u[t] = β·v[t-1] + g·i[t]      u: membrane potential before the reset
//! s[t] = 1 if u[t] > θ else 0   s: spike
//! v[t] = u[t]·(1 - s[t])        v: after it, with reset to zero, or
//! v[t] = u[t] - ρ·s[t]          with reset by subtraction
//! ```
//!
//! α = 0 and g = 1 is the plain leaky integrate-and-fire neuron; α > 0 makes it current-based (CuBa). Norse's standard
//! neuron is β = 1 - dt/τ_mem, g = dt/τ_mem, α = 1 - dt/τ_syn (Pehle and Pedersen 2021, doi:10.5281/zenodo.4422025).
//! Learning borrows a slope for the spike (surrogate gradient: Neftci, Mostafa and Zenke 2019,
//! doi:10.1109/MSP.2019.2931595).

use crate::spec::{Neuron, Reset, Surrogate};
use std::f32::consts::FRAC_PI_2;

/// What a neuron remembers from one time step to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct State {
    /// i, the synaptic current.
    pub current: f32,
    /// v, the membrane potential after the reset.
    pub potential: f32,
}

/// What a neuron does in one time step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// u, the membrane potential before the reset.
    pub potential: f32,
    /// s, whether it fired.
    pub spike: bool,
    /// What it remembers.
    pub state: State,
}

impl Surrogate {
    /// The slope at x = u - θ.
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
                // σ' is even; the exponent is kept negative so that nothing overflows.
                // libm's exponential, for a platform's own may round differently.
                let e = libm::expf(-(alpha * x).abs());
                alpha * e / ((1.0 + e) * (1.0 + e))
            }
            Self::Triangle => (1.0 - x.abs()).max(0.0),
        }
    }
}

impl Neuron {
    /// ρ, what a spike subtracts; none where it sets the potential to zero.
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
            // With β = 0 nothing of v is left in the next time step, so whatever is subtracted has no effect.
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
    /// use spiking_playground::{neuron::State, spec::Neuron};
    /// let neuron = Neuron::default(); // β = 0.9, θ = 1, reset to zero
    /// let first = neuron.step(State::default(), 0.6);
    /// assert!(!first.spike);
    /// let second = neuron.step(first.state, 0.6);
    /// assert!(second.spike && second.potential > 1.0 && second.state.potential == 0.0);
    /// ```
    pub fn step(&self, before: State, input: f32) -> Step {
        let current = self.alpha * before.current + input;
        let potential = self.beta * before.potential + self.gain * current;
        let spike = potential > self.threshold;
        Step { potential, spike, state: State { current, potential: self.reset(potential, spike) } }
    }

    /// All time steps for input currents [T], from rest.
    pub fn run<'a>(&'a self, inputs: &'a [f32]) -> impl Iterator<Item = Step> + 'a {
        inputs.iter().scan(State::default(), |state, input| {
            let step = self.step(*state, *input);
            *state = step.state;
            Some(step)
        })
    }

    /// The derivative of a loss by the input currents [T], from its derivatives by the spikes [T] and the potentials
    /// before the reset [T] of a run: the equations above, backwards.
    ///
    /// ```text
    /// dv[t] = β·du[t+1]
    /// ds[t] = upstream[t] - (u[t] or ρ)·dv[t]              the second term only with an attached reset
    /// du[t] = slope(u[t] - θ)·ds[t] + (1 - s[t] or 1)·dv[t]
    /// dI[t] = g·du[t] + α·dI[t+1]
    /// ```
    pub fn derivative(&self, potentials: &[f32], upstream: &[f32]) -> Vec<f32> {
        let mut result = vec![0.0; potentials.len()];
        let (mut by_potential, mut by_current) = (0.0, 0.0);
        for (t, (u, ds)) in potentials.iter().zip(upstream).enumerate().rev() {
            let spike = *u > self.threshold;
            let after = self.beta * by_potential;
            let removed = self.subtracted().unwrap_or(*u);
            let ds = if self.attached_reset { ds - removed * after } else { *ds };
            let passed = if spike && self.reset == Reset::Zero { 0.0 } else { after };
            by_potential = self.surrogate.slope(u - self.threshold) * ds + passed;
            by_current = self.gain * by_potential + self.alpha * by_current;
            result[t] = by_current;
        }
        result
    }
}
