//! The encodings of [`crate::spikes::encode`] on all cores.

use super::{storage, threads};
use crate::spikes::encode::{Pass, key, latency_of, rate_words};
use crate::spikes::{STEPS_PER_WORD, SpikeTrain, words_for};

/// The number of images that a thread takes at once.
const IMAGES: usize = 8;

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
        rate_words(words, pixels, lit, key(seed, pass, samples[place]), time_steps);
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
