//! A picture as input spikes, listed by time step.

use crate::sample::Sample;
use crate::spec::Spec;
use crate::spikes::encode::{Pass, at_rate, key, rate_words};
use crate::spikes::{SpikeTrain, words_for};
use std::iter::zip;

/// The mean ink, of 1, that [`even_rate`] gives each picture: that of MNIST's training images.
pub const MEAN_INK: f32 = 0.13;

/// The input spikes of one picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputSpikes {
    /// Inputs that fire at t, ascending: `inputs[starts[t]..starts[t + 1]]`.
    inputs: Vec<u32>,
    /// \[T + 1\].
    starts: Vec<usize>,
}

impl InputSpikes {
    /// The spikes of one sample.
    ///
    /// ```
    /// use spiking_playground::plasticity::input::InputSpikes;
    /// use spiking_playground::spikes::SpikeTrain;
    /// let mut train = SpikeTrain::silent(1, 3, 40);
    /// [(2, 39), (0, 39), (1, 0)].into_iter().for_each(|(input, t)| train.fire(0, input, t));
    /// let spikes = InputSpikes::of(&train, 0);
    /// assert_eq!((spikes.time_steps(), spikes.count(), spikes.at(0), spikes.at(1)), (40, 3, &[1][..], &[][..]));
    /// assert_eq!(spikes.at(39), [0, 2]);
    /// ```
    pub fn of(train: &SpikeTrain, sample: usize) -> Self {
        let (time_steps, words) = (train.time_steps(), words_for(train.time_steps()));
        // Most inputs of a picture are silent. The others are taken 32 at a time, and their words turned around: a word for each time
        // step, whose bits are those that fire then.
        let (mut groups, mut turned, mut count) = (Vec::new(), Vec::new(), 0);
        let mut firing = Vec::new();
        let of_sample = train.words().get(sample * train.neurons() * words..).unwrap_or_default();
        for (input, own) in (0..train.neurons() as u32).zip(of_sample.chunks_exact(words.max(1))) {
            if own.iter().any(|word| *word != 0) {
                count += own.iter().map(|word| word.count_ones() as usize).sum::<usize>();
                firing.push(input);
            }
        }
        for some in firing.chunks(32) {
            let mut group = [0; 32];
            group[..some.len()].copy_from_slice(some);
            groups.push(group);
            for word in 0..words {
                let mut of = [0; 32];
                zip(&mut of, some).for_each(|(of, input)| *of = train.of(sample, *input as usize)[word]);
                turned.push(transposed(of));
            }
        }
        let (mut starts, mut inputs, mut end) = (Vec::with_capacity(time_steps + 1), vec![0; count], 0);
        starts.push(0);
        for t in 0..time_steps {
            for (group, turned) in zip(&groups, turned.chunks_exact(words)) {
                end += list(turned[t / 32][t % 32], group, &mut inputs[end..]);
            }
            starts.push(end);
        }
        Self { inputs, starts }
    }

    /// T.
    pub const fn time_steps(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The inputs that fire at time step t, ascending; none after the last one.
    pub fn at(&self, t: usize) -> &[u32] {
        match (self.starts.get(t), self.starts.get(t + 1)) {
            (Some(start), Some(end)) => &self.inputs[*start..*end],
            _ => &[],
        }
    }

    /// All of them.
    pub const fn count(&self) -> usize {
        self.inputs.len()
    }
}

/// Lists those whose bits are set, ascending; how many they are.
fn list(mut bits: u32, of: &[u32; 32], to: &mut [u32]) -> usize {
    let mut count = 0;
    for place in to {
        if bits == 0 {
            break;
        }
        *place = of[bits.trailing_zeros() as usize];
        bits &= bits - 1;
        count += 1;
    }
    count
}

/// A matrix of bits turned around: bit i of word t is bit t of word i (Warren, Hacker's Delight, section 7-3).
fn transposed(mut words: [u32; 32]) -> [u32; 32] {
    let (mut width, mut mask) = (16, 0x0000_ffff_u32);
    while width > 0 {
        let mut from = 0;
        while from < 32 {
            // What is above the diagonal changes place with what is below.
            let other = ((words[from] >> width) ^ words[from + width]) & mask;
            words[from] ^= other << width;
            words[from + width] ^= other;
            from = (from + width + 1) & !width;
        }
        width /= 2;
        mask ^= mask << width;
    }
    words
}

/// The input rate at which a picture has as many spikes as one of [`MEAN_INK`] at `input_rate`: a thin 1 then speaks as loudly as a
/// fat 0 (divisive normalisation: Carandini and Heeger 2012, doi:10.1038/nrn3136). Pixels spike in all time steps at most.
///
/// ```
/// use spiking_playground::plasticity::input::even_rate;
/// let (thin, fat) = ([255, 0, 0, 0, 0, 0, 0, 0, 0, 0], [255; 10]);
/// assert!((even_rate(&thin, 0.25) / even_rate(&fat, 0.25) - 10.0).abs() < 1e-4);
/// assert_eq!(even_rate(&[0; 9], 0.25), 0.0);
/// ```
pub fn even_rate(pixels: &[u8], input_rate: f32) -> f32 {
    let ink: u32 = pixels.iter().map(|pixel| u32::from(*pixel)).sum();
    if ink == 0 { 0.0 } else { input_rate * (MEAN_INK * (pixels.len() as f32 * 255.0) / ink as f32) }
}

/// The spikes of a sample in this pass by rate coding, of as much ink as any other, at the spec's input rate and over its time
/// steps.
pub fn encode(spec: &Spec, sample: &Sample<'_>, pass: Pass) -> InputSpikes {
    InputSpikes::of(&encoded(spec, sample, pass), 0)
}

/// The same as a spike train, [1, inputs].
pub fn encoded(spec: &Spec, sample: &Sample<'_>, pass: Pass) -> SpikeTrain {
    let pixels = sample.shown(spec, pass);
    let even = at_rate(&pixels, even_rate(&pixels, spec.input_rate));
    let mut words = vec![0; pixels.len() * words_for(spec.time_steps)];
    rate_words(&mut words, &even, &mut Vec::new(), key(spec.seed, pass, sample.number), spec.time_steps);
    SpikeTrain::from_valid_words(1, pixels.len(), spec.time_steps, words)
}
