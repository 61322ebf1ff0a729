//! The encodings of pixels as spikes.
//!
//! Latency coding lets a pixel spike once, the earlier the brighter it is; nothing in it is random.
//!
//! Rate coding draws each spike independently: whether pixel p of sample n of epoch e spikes at time step t is a pure
//! function of (seed, e, n, p, t), in integer arithmetic, so every machine sees the same spikes and nothing has to be
//! stored. The probability is exactly pixel/256: eight random words and the eight bits of the pixel, combined from the
//! lowest bit up by AND (bit 0) and OR (bit 1), make 32 time steps at once.

use super::{SpikeTrain, valid_bits, words_for};
use crate::random::mix64;
use crate::simd::multiversion;

/// The pass over the data in which a sample is encoded; it selects the random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pass {
    /// Training in this epoch, counted from 0.
    Training(u32),
    /// The measurement of the accuracy.
    Evaluation,
    /// The trace of one picture.
    Drawing,
}

impl Pass {
    /// The number of the pass: that of the epoch, or one that no epoch has.
    pub const fn number(self) -> u64 {
        match self {
            Self::Training(epoch) => epoch as u64,
            Self::Evaluation => 1 << 32,
            Self::Drawing => 2 << 32,
        }
    }
}

/// The key of one sample's random numbers: (seed, pass, sample).
pub(crate) fn key(seed: u64, pass: Pass, sample: u64) -> (u32, u32) {
    let key = mix64(mix64(mix64(seed) ^ pass.number()) ^ sample);
    (key as u32, (key >> 32) as u32)
}

/// 32 random bits for a counter: a 32-bit finaliser (C. Wellons's `lowbias32`, which has an avalanche bias of 0.17)
/// with the key added before and mixed in between. 32-bit, so that a shader computes the same.
#[inline(always)]
const fn hash(counter: u32, key: (u32, u32)) -> u32 {
    let mut x = counter.wrapping_mul(0x9e37_79b9).wrapping_add(key.0);
    x ^= x >> 16;
    x = x.wrapping_mul(0x7feb_352d);
    x ^= (x >> 15) ^ key.1;
    x = x.wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

/// A pixel's spikes at time steps 32·word to 32·word + 31, as bits.
#[inline(always)]
pub(crate) fn bernoulli_word(pixel: u32, position: u32, word: u32, key: (u32, u32)) -> u32 {
    (0..8).fold(0, |spikes, bit| {
        // The word is in the upper bits of the counter, so that a spike does not depend on T.
        let random = hash((word << 19) | (position << 3) | bit, key);
        let one = (pixel >> bit & 1).wrapping_neg();
        // spikes OR random where the bit is 1, spikes AND random where it is 0: without a branch, so that the loop is
        // vectorised.
        (spikes & random) | (one & (spikes | random))
    })
}

/// Rate coding (Bernoulli, probability pixel/256 at each time step) of B images of N pixels.
///
/// `samples` are the images' numbers in the data set. Shapes: `images` is [B, N], the result [B, N, words].
///
/// ```
/// use spiking_playground::spikes::encode::{Pass, rate};
/// let image = [0, 128, 255];
/// let train = rate(&[&image], &[17], 1, Pass::Training(0), 25);
/// assert_eq!(train.count_of(0, 0), 0); // black never spikes
/// assert_eq!(train, rate(&[&image], &[17], 1, Pass::Training(0), 25)); // the same again
/// assert_ne!(train, rate(&[&image], &[18], 1, Pass::Training(0), 25)); // another sample
/// ```
///
/// # Panics
/// When the images differ in size, or `samples` and `images` differ in length.
pub fn rate(images: &[&[u8]], samples: &[u64], seed: u64, pass: Pass, time_steps: usize) -> SpikeTrain {
    assert_eq!(images.len(), samples.len(), "each image needs the number of its sample");
    let (pixels, each) = (images.first().map_or(0, |image| image.len()), words_for(time_steps));
    let mut words = vec![0; images.len() * pixels * each];
    for (b, (image, sample)) in images.iter().zip(samples).enumerate() {
        assert_eq!(image.len(), pixels, "all images of a batch have one size");
        let key = key(seed, pass, *sample);
        for (p, pixel) in image.iter().enumerate().filter(|(_, pixel)| **pixel > 0) {
            for w in 0..each {
                words[(b * pixels + p) * each + w] =
                    bernoulli_word(u32::from(*pixel), p as u32, w as u32, key) & valid_bits(time_steps, w);
            }
        }
    }
    SpikeTrain { batch: images.len(), neurons: pixels, time_steps, words }
}

/// The number of pixels that are drawn together.
const PIXELS: usize = 16;
multiversion! {
    /// The spikes of one image by rate coding, [N, words], sixteen pixels at a time: the bits of [`rate`]. `lit` is a buffer for
    /// the pixels that are not black.
    pub(crate) fn rate_words(words: &mut [u32], pixels: &[u8], lit: &mut Vec<(u32, u32)>, key: (u32, u32), time_steps: usize) {
        words.fill(0);
        if lit.len() < pixels.len() + 1 {
            lit.resize(pixels.len() + 1, (0, 0));
        }
        let mut found = 0;
        for (group, pixels) in pixels.chunks(8).enumerate() {
            if pixels.iter().fold(0, |any, pixel| any | pixel) > 0 {
                for (place, pixel) in pixels.iter().enumerate() {
                    // Written whether or not it is lit, and overwritten by the next if not: a branch would be mispredicted.
                    lit[found] = ((group * 8 + place) as u32, u32::from(*pixel));
                    found += usize::from(*pixel > 0);
                }
            }
        }
        let lit = &lit[..found];
        let words_per_neuron = words_for(time_steps);
        for together in lit.chunks(PIXELS) {
            let (mut places, mut values, mut spikes) = ([0; PIXELS], [0; PIXELS], [0; PIXELS]);
            for (i, (place, value)) in together.iter().enumerate() {
                (places[i], values[i]) = (*place, *value);
            }
            for word in 0..words_per_neuron {
                for i in 0..PIXELS {
                    spikes[i] = bernoulli_word(values[i], places[i], word as u32, key);
                }
                for (spikes, (place, _)) in spikes.iter().zip(together) {
                    words[*place as usize * words_per_neuron + word] = spikes & valid_bits(time_steps, word);
                }
            }
        }
    }
}

/// Pixels for rate coding at an input rate: one of full ink spikes in about that share of the time steps. \[N\].
///
/// ```
/// use spiking_playground::spikes::encode::at_rate;
/// assert_eq!(at_rate(&[0, 100, 255], 0.25), [0, 25, 64]);
/// ```
pub fn at_rate(pixels: &[u8], input_rate: f32) -> Vec<u8> {
    let of: [u8; 256] = std::array::from_fn(|pixel| (pixel as f32 * input_rate + 0.5) as u8);
    pixels.iter().map(|pixel| of[usize::from(*pixel)]).collect()
}

/// The time step at which latency coding lets a pixel that is not black spike.
pub(crate) fn latency_of(pixel: u8, time_steps: usize) -> usize {
    (2 * usize::from(255 - pixel) * (time_steps - 1) + 255) / 510
}

/// Latency coding of B images of N pixels: one spike at t = round((1 - pixel/255)·(T - 1)), halves up, and no spike for
/// a black pixel. Shapes: `images` is [B, N], the result [B, N, words].
///
/// ```
/// use spiking_playground::spikes::encode::latency;
/// let train = latency(&[&[0, 255, 1, 128]], 25);
/// let first = |pixel| train.times(0, pixel).next();
/// assert_eq!([first(0), first(1), first(2), first(3)], [None, Some(0), Some(24), Some(12)]);
/// assert_eq!(train.count(), 3);
/// ```
///
/// # Panics
/// When the images differ in size, or T is 0.
pub fn latency(images: &[&[u8]], time_steps: usize) -> SpikeTrain {
    let pixels = images.first().map_or(0, |image| image.len());
    let mut train = SpikeTrain::silent(images.len(), pixels, time_steps);
    for (b, image) in images.iter().enumerate() {
        assert_eq!(image.len(), pixels, "all images of a batch have one size");
        for (p, pixel) in image.iter().enumerate().filter(|(_, pixel)| **pixel > 0) {
            train.fire(b, p, latency_of(*pixel, time_steps));
        }
    }
    train
}
