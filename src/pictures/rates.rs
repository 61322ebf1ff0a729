//! How often the hidden neurons fire: who is silent, who is always on?

use super::marks::{Ink, Mark, level};

const BINS: usize = 26;
const GROUND: f32 = 0.85;
const TOP: f32 = 0.2;
/// A neuron that fires in more than this share of the time steps is always on.
const BUSY: f32 = 0.9;
/// A layer of which more than this share is silent, or always on, learns little.
const SICK: f32 = 0.3;

/// The neurons of one or more layers by how often they fire.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rates {
    /// How often each fires, as a share of the time steps, `[layers][H]`.
    pub layers: Vec<Vec<f32>>,
}

/// What is said of a layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Health {
    /// Those that never fire.
    pub silent: Vec<usize>,
    /// Those that fire nearly always.
    pub busy: Vec<usize>,
    /// All others.
    pub others: usize,
    /// The mean share of time steps in which those others fire.
    pub share: f32,
}

/// The share of a threshold that is tried first where nobody knows how far neurons are from it.
pub const SOME_LOWER: f32 = 0.8;

/// What would help a network whose neurons are mostly silent, or mostly always on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cure {
    /// Wake them: a threshold of this share of the one that there is, or a gain higher by as much.
    Wake(f32),
    /// Calm them: a higher threshold or a lower gain.
    Calm,
}

impl Rates {
    /// The layer's neurons by how often they fire.
    pub fn health(layer: &[f32]) -> Health {
        let with = |fits: fn(f32) -> bool| (0..layer.len()).filter(move |neuron| fits(layer[*neuron])).collect();
        let (silent, busy): (Vec<usize>, Vec<usize>) = (with(|rate| rate == 0.0), with(|rate| rate > BUSY));
        let others = layer.len() - silent.len() - busy.len();
        let sum: f32 = layer.iter().filter(|rate| **rate <= BUSY).sum();
        Health { silent, busy, others, share: sum / others.max(1) as f32 }
    }

    /// What would help, where a layer of the network ails.
    pub fn cure(&self) -> Option<Cure> {
        let share = |neurons: &[usize], layer: &[f32]| neurons.len() as f32 / layer.len().max(1) as f32;
        self.layers.iter().find_map(|layer| {
            let Health { silent, busy, .. } = Self::health(layer);
            let wake = (share(&silent, layer) > SICK).then_some(Cure::Wake(SOME_LOWER));
            wake.or_else(|| (share(&busy, layer) > SICK).then_some(Cure::Calm))
        })
    }

    fn bins(&self) -> Vec<usize> {
        let mut bins = vec![0; BINS];
        for share in self.layers.iter().flatten() {
            // The first bin is for the silent alone.
            let bin = if *share == 0.0 { 0 } else { 1 + (share * (BINS - 2) as f32) as usize };
            bins[bin.min(BINS - 1)] += 1;
        }
        bins
    }

    /// The picture; heights grow with the root, so that small groups are seen.
    pub fn marks(&self) -> Vec<Mark> {
        let bins = self.bins();
        let most = bins.iter().copied().max().unwrap_or(0).max(1) as f32;
        let bar = |(i, count): (usize, &usize)| {
            let (left, height) = (i as f32 / BINS as f32, (GROUND - TOP) * (*count as f32 / most).sqrt());
            let at_an_end = i == 0 || i as f32 > 1.0 + BUSY * (BINS - 2) as f32;
            let ink = if at_an_end { Ink::Ink } else { Ink::Ghost };
            Mark::Bar { from: (left, GROUND - height), to: (left + 0.8 / BINS as f32, GROUND), ink, alpha: 1.0 }
        };
        let mut marks: Vec<Mark> = bins.iter().enumerate().filter(|(_, n)| **n > 0).map(bar).collect();
        marks.push(level(GROUND, Ink::Rule));
        marks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silent_and_busy_neurons_are_told_apart() {
        let health = Rates::health(&[0.0, 1.0, 0.5, 0.1]);
        assert_eq!((health.silent, health.busy, health.others, health.share), (vec![0], vec![1], 2, 0.3));
        assert_eq!(Rates::health(&[]), Health::default());
    }

    #[test]
    fn a_cure_is_offered_where_a_layer_ails() {
        let cure = |layer: &[f32]| Rates { layers: vec![vec![0.2; 9], layer.to_vec()] }.cure();
        assert_eq!(cure(&[0.0, 0.0, 0.2, 0.2]), Some(Cure::Wake(SOME_LOWER)));
        assert_eq!(cure(&[0.95, 1.0, 0.2, 0.2]), Some(Cure::Calm));
        assert_eq!(cure(&[0.0, 0.1, 0.2, 0.9]), None);
    }

    #[test]
    fn every_neuron_is_in_one_bar() {
        let rates = Rates { layers: vec![vec![0.0, 0.01, 0.5, 1.0], vec![0.0]] };
        assert_eq!(rates.bins().iter().sum::<usize>(), 5);
        assert_eq!((rates.bins()[0], rates.bins()[1], rates.bins()[BINS - 1]), (2, 1, 1));
    }
}
