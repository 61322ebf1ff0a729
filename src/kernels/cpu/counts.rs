//! Spike counts on the CPU, weighted or squared.

use super::threads;
use crate::rate_penalty::RatePenalty;
use crate::simd::multiversion;
use crate::spikes::{STEPS_PER_WORD, words_for};
use std::iter::zip;

multiversion! {
    /// Σ_t c[t]·s[t] for each neuron, in the order of time: `counts` [N] from their words, [N, words].
    fn count(counts: &mut [f32], words: &[u32], coefficients: &[f32]) {
        let words_per_neuron = words_for(coefficients.len());
        for (w, coefficients) in coefficients.chunks(STEPS_PER_WORD).enumerate() {
            for (counts, words) in zip(counts.chunks_mut(16), words.chunks(16 * words_per_neuron)) {
                let mut mask = [0; 16];
                zip(&mut mask, words.iter().skip(w).step_by(words_per_neuron)).for_each(|(mask, word)| *mask = *word);
                let mut sums = [0.0_f32; 16];
                zip(&mut sums, &*counts).for_each(|(sum, count)| *sum = *count);
                for (t, c) in coefficients.iter().enumerate() {
                    // A mask of all bits if the neuron fires, else of none: c or zero.
                    let add = |(sum, mask): (&mut f32, &u32)| {
                        *sum += f32::from_bits((mask >> t & 1).wrapping_neg() & c.to_bits());
                    };
                    zip(&mut sums, &mask).for_each(add);
                }
                zip(counts, &sums).for_each(|(count, sum)| *count = *sum);
            }
        }
    }
}

/// The number of neurons per thread: fewer are counted sooner than another thread wakes up.
const NEURONS: usize = 1 << 16;

/// The weighted counts [B·N] of spikes [B·N, words].
pub(super) fn weighted(words: &[u32], coefficients: &[f32]) -> Vec<f32> {
    let words_per_neuron = words_for(coefficients.len()).max(1);
    let mut counts = vec![0.0; words.len() / words_per_neuron];
    let pieces = zip(counts.chunks_mut(NEURONS), words.chunks(NEURONS * words_per_neuron));
    threads::par_for_each(pieces.collect(), |(counts, words)| count(counts, words, coefficients));
    counts
}

/// What the firing rates of spikes [B, N, words] add to the loss: sample after sample, so that the sum is the same on every
/// machine.
pub(super) fn rate_penalty(
    words: &[u32],
    [neurons, words_per_neuron]: [usize; 2],
    penalty: RatePenalty,
    time_steps: usize,
) -> f32 {
    let count = |words: &[u32]| words.iter().map(|word| word.count_ones()).sum();
    let sample = |words: &[u32]| penalty.sum(words.chunks_exact(words_per_neuron).map(count), neurons, time_steps);
    words.chunks_exact(neurons * words_per_neuron).map(sample).sum()
}
