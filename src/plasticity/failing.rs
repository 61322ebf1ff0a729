//! When nothing is learnt, and why: what a program then says names the setting that cures it.

use super::labels::Responses;
use super::layer::StdpLayer;
use super::run::Live;

/// Pictures before which nothing is said: a layer has to begin.
const FIRST: usize = 20;
/// Of fewer neurons none is said to win all.
const FEW: usize = 10;

/// Why a layer learns nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Failing {
    /// At most pictures no neuron fires.
    Silent,
    /// So it is because thresholds have risen, by so much on average: many fired at once before.
    Raised(f64),
    /// One neuron has so large a share of all spikes.
    OneWins(f64),
}

impl Failing {
    /// What is wrong with a layer of neurons of this threshold at which pictures went so, and whose neurons responded so; none where
    /// nothing is.
    pub fn of(layer: &StdpLayer, live: Live, responses: &Responses, threshold: f32) -> Option<Self> {
        if live.score.images < FIRST {
            return None;
        }
        let adaptation = layer.adaptation().iter().map(|raised| f64::from(*raised));
        let raised = adaptation.sum::<f64>() / layer.neurons().max(1) as f64;
        let is_silent = 2 * live.silent > live.score.images;
        let busiest = busiest(responses);
        match is_silent {
            true if raised > f64::from(threshold) => Some(Self::Raised(raised)),
            true => Some(Self::Silent),
            // One of very few has much in any case.
            false => (busiest > 0.5 && layer.neurons() >= FEW).then_some(Self::OneWins(busiest)),
        }
    }
}

/// The share of all spikes that one neuron has.
fn busiest(responses: &Responses) -> f64 {
    let (spikes, shown) = responses.counts();
    let each = spikes.chunks(shown.len().max(1)).map(|own| f64::from(own.iter().sum::<f32>()));
    let (most, all) = each.fold((0.0_f64, 0.0), |(most, all), own| (most.max(own), all + own));
    if all > 0.0 { most / all } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::super::Spike;
    use super::*;
    use crate::event::Accuracy;
    use crate::spec::{Neuron, Stdp};

    #[test]
    fn what_is_wrong_is_known_once_a_layer_has_begun() {
        let live = |images, silent| Live { score: Accuracy { correct: 0, images }, silent };
        let layer = |raised: f32, neurons: usize| {
            let layer = StdpLayer::new(Neuron::default(), Stdp::default(), 4, neurons, 1);
            layer.aged(vec![raised; neurons], vec![0; neurons])
        };
        let mut responses = Responses::new(12, 2);
        assert_eq!(Failing::of(&layer(0.0, 12), live(19, 19), &responses, 1.0), None);
        assert_eq!(Failing::of(&layer(0.0, 12), live(20, 11), &responses, 1.0), Some(Failing::Silent));
        assert_eq!(Failing::of(&layer(1.5, 12), live(20, 11), &responses, 1.0), Some(Failing::Raised(1.5)));
        let spikes = [3, 3, 3, 7].map(|neuron| Spike { neuron, time: 0 });
        responses.add(1, &spikes);
        assert_eq!(Failing::of(&layer(0.0, 12), live(20, 10), &responses, 1.0), Some(Failing::OneWins(0.75)));
        assert_eq!(Failing::of(&layer(0.0, 9), live(20, 10), &responses, 1.0), None, "one of few");
    }
}
