//! Learning without labels: one layer of leaky integrate-and-fire neurons that inhibit each other, whose weights change by the
//! times of spikes alone (STDP, spike-timing-dependent plasticity), so that each comes to stand for a kind of picture. Input i,
//! neuron j of N, time step t of T.
//!
//! ```text
//! u_j[t] = β·v_j[t-1] + g·Σ_i w_ij·s_i[t]         the membrane potential before the reset, as in [`crate::neuron`]
//! s_j[t] = 1 if u_j[t] > θ + a_j                  those above their threshold in the order of u_j - θ - a_j, the largest first:
//!     v_j = 0, for t_ref more time steps too      it is reset, and refractory;
//!     v_k = max(0, u_k - w_inh) for all k ≠ j     it inhibits all others at once, before the next may fire;
//!     a_j += a⁺_j                                 its threshold rises (adaptation);
//!     n_j += 1                                    it ages
//! a_j = max(-0.9·θ, a_j - a⁺_j·k/N)               after each picture: k spikes of N neurons are what is wished for
//!
//! x_i = 1 at a spike of i, else x_i·e^(-1/τ_x)    presynaptic trace, of the nearest spike
//! y_j = 1 at a spike of j, else y_j·e^(-1/τ_y)    postsynaptic trace, of the nearest spike
//! Δw_ij = +η_j·x_i·(1 - w_ij)                     at a spike of j: pre before post, potentiation
//! Δw_ij = -η_j·d·y_j·w_ij                         at a spike of i: post before pre, depression
//! w_ij ← w_ij·W/Σ_i w_ij                          after each spike of j: synaptic scaling
//!
//! η_j = max(η_min, η/(1 + n_j/n_0)), a⁺_j = max(a⁺_min, a⁺/(1 + n_j/n_0))     plasticity falls with age
//! ```
//!
//! A spike of an input in the time step in which j fires came before it (Δt = 0, x = 1). Before each picture v, x and y are 0, as
//! after a rest. Nothing here ever sees a label; `labels` says afterwards what each neuron answers to.
//!
//! STDP from pairs of nearest spikes by traces: Morrison, Diesmann and Gerstner 2008, doi:10.1007/s00422-008-0233-1. Its window
//! was measured by Bi and Poo 1998, doi:10.1523/JNEUROSCI.18-24-10464.1998. Soft bounds, here with exponent 1: Gütig, Aharonov,
//! Rotter and Sompolinsky 2003, doi:10.1523/JNEUROSCI.23-09-03697.2003. Inhibition of all by the winner, and thresholds that
//! rise, for MNIST: Diehl and Cook 2015, doi:10.3389/fncom.2015.00099, whose inhibitory neurons are folded away here. Homeostasis
//! of firing rates is found in cortical neurons (Desai, Rutherford and Turrigiano 1999, doi:10.1038/9165), and scaling of all
//! synapses of a neuron too, over hours to days (Turrigiano 2008, doi:10.1016/j.cell.2008.10.008): a target of k spikes a picture
//! and a fixed sum after each spike are engineering inspired by them, and so is ageing.
//!
//! `layer` is the fast way, `obvious` the plain one that it is held against. All sums run per neuron in ascending order of the
//! inputs, or in 16 fixed lanes, so weights are the same to the bit on every machine.

pub mod failing;
pub mod glimpse;
pub mod input;
pub mod labels;
pub mod layer;
pub mod network;
pub mod obvious;
pub mod pace;
pub mod run;
pub mod window;

use crate::simd::multiversion;
use crate::spec::Stdp;

impl Stdp {
    /// What is left of a plasticity after `age` spikes.
    fn aged(&self, young: f32, least: f32, age: u32) -> f32 {
        if self.youth > 0.0 { (young / (1.0 + age as f32 / self.youth)).max(least) } else { young }
    }

    /// η_j of a neuron that has spiked `age` times.
    pub fn learning_rate_at(&self, age: u32) -> f32 {
        self.aged(self.learning_rate, self.learning_rate_min, age)
    }

    /// a⁺_j of a neuron that has spiked `age` times.
    pub fn adaptation_at(&self, age: u32) -> f32 {
        self.aged(self.adaptation, self.adaptation_min, age)
    }

    /// a_j after a picture, for N neurons of threshold θ.
    fn relaxed(&self, adaptation: f32, age: u32, neurons: usize, threshold: f32) -> f32 {
        (adaptation - self.adaptation_at(age) * (self.target_spikes / neurons as f32)).max(-LOWEST * threshold)
    }

    /// Δw at a spike of the neuron, from its η, the presynaptic trace and the weight.
    fn potentiation(learning_rate: f32, trace: f32, weight: f32) -> f32 {
        learning_rate * (trace * (1.0 - weight))
    }

    /// Δw at a spike of the input, from the neuron's η, the postsynaptic trace and the weight.
    fn depression(&self, learning_rate: f32, trace: f32, weight: f32) -> f32 {
        -(learning_rate * self.depression * trace) * weight
    }
}

/// The share of θ by which homeostasis lowers a threshold at most: a neuron at zero would fire at nothing.
const LOWEST: f32 = 0.9;

/// Sums run in as many lanes, whatever a machine has.
const LANES: usize = 16;

/// A spike of a neuron of the layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spike {
    /// j.
    pub neuron: usize,
    /// t.
    pub time: usize,
}

/// What a picture leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing: the layer only answers.
    Frozen,
    /// Weights change by STDP, thresholds by homeostasis, and who fires ages.
    Learning,
}

/// The powers of e^(-1/τ), \[T + 1\]: a trace after 0, 1, 2, … time steps.
fn powers(decay: f32, time_steps: usize) -> Vec<f32> {
    let one = if decay > 0.0 { libm::expf(-1.0 / decay) } else { 0.0 };
    std::iter::successors(Some(1.0), |power| Some(power * one)).take(time_steps + 1).collect()
}

multiversion! {
    /// The sum in sixteen lanes, then over them.
    fn lane_sum(sum: &mut f32, values: &[f32]) {
        let mut lanes = [0.0; LANES];
        let (whole, rest) = values.as_chunks::<LANES>();
        for values in whole {
            lanes.iter_mut().zip(values).for_each(|(lane, value)| *lane += value);
        }
        lanes.iter_mut().zip(rest).for_each(|(lane, value)| *lane += value);
        *sum = lanes.into_iter().sum();
    }
}

multiversion! {
    /// All values times a factor.
    fn multiply(values: &mut [f32], factor: f32) {
        values.iter_mut().for_each(|value| *value *= factor);
    }
}

/// Synaptic scaling: the weights become multiples whose mean is `mean_weight`; none where that is 0.
fn scale(weights: &mut [f32], mean_weight: f32) {
    if mean_weight > 0.0 {
        let mut sum = 0.0;
        lane_sum(&mut sum, weights);
        // No multiple of nothing has a mean.
        let factor = if sum > f32::MIN_POSITIVE { mean_weight * weights.len() as f32 / sum } else { 1.0 };
        multiply(weights, factor);
    }
}
