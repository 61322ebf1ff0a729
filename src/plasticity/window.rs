//! The STDP window: how much a weight changes, by the time between the two spikes.

use super::powers;
use crate::spec::Stdp;

/// Changes of weights by Δt = t_post - t_pre, as a running layer made them.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    time_steps: usize,
    /// By Δt + T: the sum of the changes, and their number.
    changes: Vec<(f64, u64)>,
}

impl Window {
    /// One without changes, for pictures of T time steps.
    pub fn new(time_steps: usize) -> Self {
        Self { time_steps, changes: vec![(0.0, 0); 2 * time_steps + 1] }
    }

    /// T.
    pub(super) const fn time_steps(&self) -> usize {
        self.time_steps
    }

    /// Counts the change of a weight.
    pub(super) fn add(&mut self, from_pre_to_post: isize, change: f32) {
        let place = usize::try_from(from_pre_to_post + self.time_steps as isize).unwrap_or(usize::MAX);
        if let Some((sum, count)) = self.changes.get_mut(place) {
            *sum += f64::from(change);
            *count += 1;
        }
    }

    /// (Δt, mean change, number of changes) where there were any, ascending.
    pub fn means(&self) -> impl Iterator<Item = (isize, f64, u64)> + '_ {
        let means = self.changes.iter().enumerate().filter(|(_, (_, count))| *count > 0);
        means.map(|(place, (sum, count))| (place as isize - self.time_steps as isize, sum / *count as f64, *count))
    }
}

impl Stdp {
    /// The change of a weight `weight` of a neuron that has not fired yet, by one pair of spikes that are Δt = t_post - t_pre time
    /// steps apart: potentiation from 0 on, depression before.
    ///
    /// ```
    /// use spiking_playground::spec::Stdp;
    /// let stdp = Stdp::default(); // η = 0.3, d = 0.1
    /// assert_eq!(stdp.change(0, 0.5), 0.15);
    /// assert!(stdp.change(5, 0.5) < stdp.change(1, 0.5) && stdp.change(-1, 0.5) < stdp.change(-5, 0.5));
    /// assert_eq!((stdp.change(3, 1.0), stdp.change(-3, 0.0)), (0.0, 0.0)); // soft bounds
    /// ```
    pub fn change(&self, from_pre_to_post: isize, weight: f32) -> f32 {
        let after = from_pre_to_post.unsigned_abs();
        let trace = |decay: f32| powers(decay, after)[after];
        if from_pre_to_post >= 0 {
            Self::potentiation(self.learning_rate, trace(self.presynaptic_decay), weight)
        } else {
            self.depression(self.learning_rate, trace(self.postsynaptic_decay), weight)
        }
    }
}
