//! How often the hidden neurons fire: who is silent, who is always on?

use super::marks::{Ink, Mark, level};
use crate::trace::LayerTrace;

const BINS: usize = 26;
const GROUND: f32 = 0.85;
const TOP: f32 = 0.2;
/// A neuron that fires in more than this share of the time steps is always on.
const BUSY: f32 = 0.9;

/// The neurons of one or more layers by how often they fire.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rates {
    /// Those that never fire.
    pub silent: usize,
    /// Those that fire nearly always.
    pub busy: usize,
    /// All others.
    pub others: usize,
    /// The mean share of time steps in which those others fire.
    pub share: f32,
    bins: Vec<usize>,
}

impl Rates {
    /// Counts.
    pub fn new(layers: &[LayerTrace], time_steps: usize) -> Self {
        let mut rates = Self { bins: vec![0; BINS], ..Self::default() };
        let mut sum = 0.0;
        for layer in layers {
            for neuron in 0..layer.neurons() {
                let share = layer.spikes.count_of(0, neuron) as f32 / time_steps.max(1) as f32;
                // The first bin is for the silent alone.
                let bin = if share == 0.0 { 0 } else { 1 + (share * (BINS - 2) as f32) as usize };
                rates.bins[bin.min(BINS - 1)] += 1;
                match share {
                    0.0 => rates.silent += 1,
                    share if share > BUSY => rates.busy += 1,
                    share => (rates.others, sum) = (rates.others + 1, sum + share),
                }
            }
        }
        rates.share = sum / rates.others.max(1) as f32;
        rates
    }

    /// The picture; heights grow with the root, so that small groups are seen.
    pub fn marks(&self) -> Vec<Mark> {
        let most = self.bins.iter().copied().max().unwrap_or(0).max(1) as f32;
        let bar = |(i, count): (usize, &usize)| {
            let (left, height) = (i as f32 / BINS as f32, (GROUND - TOP) * (*count as f32 / most).sqrt());
            let at_an_end = i == 0 || i as f32 > 1.0 + BUSY * (BINS - 2) as f32;
            let ink = if at_an_end { Ink::Ink } else { Ink::Ghost };
            Mark::Bar { from: (left, GROUND - height), to: (left + 0.8 / BINS as f32, GROUND), ink, alpha: 1.0 }
        };
        let mut marks: Vec<Mark> = self.bins.iter().enumerate().filter(|(_, n)| **n > 0).map(bar).collect();
        marks.push(level(GROUND, Ink::Rule));
        marks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spikes::SpikeTrain;

    #[test]
    fn silent_and_busy_neurons_are_told_apart() {
        let mut spikes = SpikeTrain::silent(1, 3, 10);
        (0..10).for_each(|t| spikes.fire(0, 1, t));
        (0..5).for_each(|t| spikes.fire(0, 2, t));
        let rates = Rates::new(&[LayerTrace { spikes, ..LayerTrace::default() }], 10);
        assert_eq!((rates.silent, rates.busy, rates.others, rates.share), (1, 1, 1, 0.5));
    }
}
