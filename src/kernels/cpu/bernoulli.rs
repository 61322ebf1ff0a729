//! Rate coding at speed: [`crate::spikes::encode::rate`], sixteen pixels at a time, on all cores.

use super::lanes::widest;
use super::{storage, threads};
use crate::spikes::encode::{Pass, bernoulli_word, key};
use crate::spikes::{SpikeTrain, valid_bits, words_for};

/// Pixels that are drawn together.
const PIXELS: usize = 16;
/// Images that a thread takes at once.
const IMAGES: usize = 8;

widest! {
    /// The spikes of one image, [N, words]. `lit` is room for the pixels that are not black.
    fn image(words: &mut [u32], pixels: &[u8], lit: &mut Vec<(u32, u32)>, key: (u32, u32), time_steps: usize) {
        words.fill(0);
        lit.clear();
        for (group, pixels) in pixels.chunks(8).enumerate() {
            if pixels.iter().fold(0, |any, pixel| any | pixel) > 0 {
                let pixels = pixels.iter().enumerate().filter(|(_, pixel)| **pixel > 0);
                lit.extend(pixels.map(|(place, pixel)| ((group * 8 + place) as u32, u32::from(*pixel))));
            }
        }
        let each = words_for(time_steps);
        for together in lit.chunks(PIXELS) {
            let (mut places, mut values, mut spikes) = ([0; PIXELS], [0; PIXELS], [0; PIXELS]);
            for (i, (place, value)) in together.iter().enumerate() {
                (places[i], values[i]) = (*place, *value);
            }
            for word in 0..each {
                for i in 0..PIXELS {
                    spikes[i] = bernoulli_word(values[i], places[i], word as u32, key);
                }
                for (spikes, (place, _)) in spikes.iter().zip(together) {
                    words[*place as usize * each + word] = spikes & valid_bits(time_steps, word);
                }
            }
        }
    }
}

/// See [`crate::kernels::rate`].
pub(crate) fn rate(images: &[&[u8]], samples: &[u64], seed: u64, pass: Pass, time_steps: usize) -> SpikeTrain {
    assert_eq!(images.len(), samples.len(), "each image needs the number of its sample");
    let pixels = images.first().map_or(0, |image| image.len());
    assert!(images.iter().all(|image| image.len() == pixels), "all images of a batch have one size");
    let each = words_for(time_steps);
    let mut words = storage::words(images.len() * pixels * each);
    let pieces = words.chunks_mut((IMAGES * pixels * each).max(1));
    let pieces = pieces.zip(images.chunks(IMAGES).zip(samples.chunks(IMAGES)));
    threads::each(pieces.collect(), |(words, (images, samples))| {
        let mut lit = Vec::with_capacity(pixels);
        for (words, (pixels, sample)) in words.chunks_exact_mut(pixels * each).zip(images.iter().zip(samples)) {
            image(words, pixels, &mut lit, key(seed, pass, *sample), time_steps);
        }
    });
    SpikeTrain::from_valid_words(images.len(), pixels, time_steps, words)
}
