//! The price of firing: what a run's loss adds for neurons that fire more often than a target, so that a network learns to be
//! silent where a spike tells nothing.
//!
//! ```text
//! r[b,h] = Σ_t s[b,t,h] / T                    the firing rate of neuron h while it sees sample b
//! R      = λ/(B·H)·Σ_b Σ_h max(0, r[b,h] - r*)²   added to the loss, for each hidden layer
//! dR/ds[b,t,h] = 2·λ/(B·H·T)·max(0, r[b,h] - r*)
//! ```
//!
//! It is the upper one of the two activity regularisers of Zenke and Vogels (2021, doi:10.1162/neco_a_01367), whose spike counts
//! have a threshold above which their square is added to the loss, here with rates in place of counts, so that r* and λ mean the
//! same for any T and H. Each sample counts for itself, so a batch may pass in slices.

use crate::spec::Spec;

/// λ and r*, of a layer's neurons.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RatePenalty {
    /// λ; 0 for none. Where a batch is learnt from it is λ/B.
    pub strength: f32,
    /// r*, the share of the time steps in which a neuron may spike for nothing.
    pub target: f32,
    /// H, where these are only some of a layer's neurons.
    pub neurons: Option<usize>,
}

impl RatePenalty {
    /// That of a spec's hidden neurons.
    pub const fn of(spec: &Spec) -> Self {
        Self { strength: spec.rate_penalty, target: spec.rate_target, neurons: None }
    }

    /// Whether there is none.
    pub const fn is_none(self) -> bool {
        self.strength == 0.0
    }

    /// The same with λ/B, for a sample of a batch of B.
    pub fn per_sample(self, batch: usize) -> Self {
        Self { strength: self.strength / batch as f32, ..self }
    }

    /// r - r* for a neuron that spiked `count` times in T time steps; 0 below r*.
    #[inline(always)]
    pub fn excess(self, count: f32, time_steps: usize) -> f32 {
        (count / time_steps as f32 - self.target).max(0.0)
    }

    /// The sum over the H neurons of a layer, from how often each spiked in T time steps.
    ///
    /// ```
    /// use spiking_playground::rate_penalty::RatePenalty;
    /// let penalty = RatePenalty { strength: 2.0, target: 0.25, neurons: None };
    /// // Rates of 0, 0.25, 0.5 and 1.
    /// assert_eq!(penalty.sum([0, 1, 2, 4].into_iter(), 4, 4), 2.0 / 4.0 * (0.0625 + 0.5625));
    /// ```
    pub fn sum(self, counts: impl Iterator<Item = u32>, neurons: usize, time_steps: usize) -> f32 {
        let squares: f32 =
            counts.map(|count| self.excess(count as f32, time_steps)).map(|excess| excess * excess).sum();
        self.strength / self.neurons.unwrap_or(neurons) as f32 * squares
    }

    /// The factor of the excess in the derivative by a spike: 2·λ/(H·T).
    pub fn factor(self, neurons: usize, time_steps: usize) -> f32 {
        2.0 * self.strength / (self.neurons.unwrap_or(neurons) * time_steps) as f32
    }
}
