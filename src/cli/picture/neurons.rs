//! The selection and order of the neurons shown.

use crate::trace::LayerTrace;
use std::cmp::Reverse;

/// The neurons, ordered by their first spike, then by their number of spikes.
pub fn by_first_spike(layer: &LayerTrace) -> Vec<usize> {
    let first = |n: usize| layer.spikes.times(0, n).next().unwrap_or(usize::MAX);
    sorted(layer, |n| (first(n), Reverse(layer.spikes.count_of(0, n))))
}

/// Three telling neurons: a busy one, an inhibited one that fires now and then, and a silent one that nearly fired. If
/// a kind is missing, the next best takes its place.
pub fn telling(layer: &LayerTrace) -> Vec<usize> {
    let (neurons, time_steps) = (layer.neurons(), layer.spikes.time_steps());
    let count = |n: usize| layer.spikes.count_of(0, n) as usize;
    let potentials = |n: usize| (0..time_steps).map(move |t| layer.potentials[t * neurons + n]);
    let most = |n: usize| potentials(n).fold(f32::NEG_INFINITY, f32::max);
    let busiest = sorted(layer, |n| Reverse(layer.spikes.count_of(0, n)));
    // A neuron that fires at every other time step shows nothing but its resets.
    let calm = busiest.iter().filter(|n| 20 * count(**n) <= 9 * time_steps);
    let busy = calm.clone().next();
    let inhibited = |n: &&usize| potentials(**n).any(|u| u < 0.0) && count(**n) > 0 && 5 * count(**n) <= time_steps;
    let nearly = busiest.iter().filter(|n| count(**n) == 0).max_by(|a, b| most(**a).total_cmp(&most(**b)));
    let mut chosen: Vec<usize> = Vec::new();
    let kinds = [busy, busiest.iter().find(inhibited), nearly];
    for neuron in kinds.into_iter().flatten().chain(calm).chain(&busiest).copied() {
        if chosen.len() < 3 && !chosen.contains(&neuron) {
            chosen.push(neuron);
        }
    }
    chosen.sort_by_key(|n| Reverse(count(*n)));
    chosen
}

fn sorted<K: Ord>(layer: &LayerTrace, key: impl Fn(usize) -> K) -> Vec<usize> {
    let mut order: Vec<usize> = (0..layer.neurons()).collect();
    order.sort_by_key(|n| (key(*n), *n));
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spikes::SpikeTrain;

    fn layer(times: &[&[usize]]) -> LayerTrace {
        let mut spikes = SpikeTrain::silent(1, times.len(), 10);
        for (neuron, times) in times.iter().enumerate() {
            times.iter().for_each(|t| spikes.fire(0, neuron, *t));
        }
        LayerTrace { spikes, potentials: vec![0.0; 10 * times.len()], ..LayerTrace::default() }
    }

    #[test]
    fn neurons_stand_in_the_order_of_their_first_spikes() {
        assert_eq!(by_first_spike(&layer(&[&[3], &[], &[0], &[3, 4]])), [2, 3, 0, 1]);
    }

    #[test]
    fn three_are_chosen_where_there_are_three() {
        assert_eq!(telling(&layer(&[&[0, 1, 2, 3, 4, 5, 6], &[1, 2, 3], &[4], &[]])), [1, 2, 3]);
        assert_eq!(telling(&layer(&[&[]])), [0]);
        let mut inhibited = layer(&[&[1, 2, 3], &[5, 6], &[5], &[]]);
        inhibited.potentials[2] = -1.0;
        assert_eq!(telling(&inhibited), [0, 2, 3]);
    }
}
