//! The encodings of [`crate::spikes::encode`] on all cores; rate coding sixteen pixels at a time.

use super::simd::multiversion;
use super::{storage, threads};
use crate::spikes::encode::{Pass, bernoulli_word, key, latency_of};
use crate::spikes::{STEPS_PER_WORD, SpikeTrain, valid_bits, words_for};

/// The number of pixels that are drawn together.
const PIXELS: usize = 16;
/// The number of images that a thread takes at once.
const IMAGES: usize = 8;

multiversion! {
    /// The spikes of one image, [N, words]. `lit` is a buffer for the pixels that are not black.
    fn image(words: &mut [u32], pixels: &[u8], lit: &mut Vec<(u32, u32)>, key: (u32, u32), time_steps: usize) {
        words.fill(0);
        lit.clear();
        for (group, pixels) in pixels.chunks(8).enumerate() {
            if pixels.iter().fold(0, |any, pixel| any | pixel) > 0 {
                let pixels = pixels.iter().enumerate().filter(|(_, pixel)| **pixel > 0);
                lit.extend(pixels.map(|(place, pixel)| ((group * 8 + place) as u32, u32::from(*pixel))));
            }
        }
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

/// Encodes a batch: `code` gets the words of an image, [N, words], with unspecified contents, the image and its index.
fn batch(
    images: &[&[u8]],
    time_steps: usize,
    code: impl Fn(&mut [u32], &[u8], usize, &mut Vec<(u32, u32)>) + Sync + Send,
) -> SpikeTrain {
    let pixels = images.first().map_or(0, |image| image.len());
    assert!(images.iter().all(|image| image.len() == pixels), "all images of a batch have one size");
    let words_per_neuron = words_for(time_steps);
    let mut words = storage::words(images.len() * pixels * words_per_neuron);
    let pieces = words.chunks_mut((IMAGES * pixels * words_per_neuron).max(1)).zip(images.chunks(IMAGES)).enumerate();
    threads::par_for_each(pieces.collect(), |(piece, (words, images))| {
        let mut lit = Vec::with_capacity(pixels);
        for (place, (words, image)) in words.chunks_exact_mut(pixels * words_per_neuron).zip(images).enumerate() {
            code(words, image, piece * IMAGES + place, &mut lit);
        }
    });
    SpikeTrain::from_valid_words(images.len(), pixels, time_steps, words)
}

/// See [`crate::kernels::rate`].
pub(crate) fn rate(images: &[&[u8]], samples: &[u64], seed: u64, pass: Pass, time_steps: usize) -> SpikeTrain {
    assert_eq!(images.len(), samples.len(), "each image needs the number of its sample");
    batch(images, time_steps, |words, pixels, place, lit| {
        image(words, pixels, lit, key(seed, pass, samples[place]), time_steps);
    })
}

/// See [`crate::kernels::latency`].
pub(crate) fn latency(images: &[&[u8]], time_steps: usize) -> SpikeTrain {
    let words_per_neuron = words_for(time_steps);
    batch(images, time_steps, |words, pixels, _, _| {
        words.fill(0);
        for (words, pixel) in words.chunks_exact_mut(words_per_neuron).zip(pixels).filter(|(_, pixel)| **pixel > 0) {
            let t = latency_of(*pixel, time_steps);
            words[t / STEPS_PER_WORD] = 1 << (t % STEPS_PER_WORD);
        }
    })
}
