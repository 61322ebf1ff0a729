//! The encoding of images stored in a tensor, four pixels in each number: plain loops, the reference for the GPU's
//! kernels.

use super::storage::words_of;
use super::{dims, floats};
use crate::spec::Encoding;
use crate::spikes::encode::{bernoulli_word, latency_of};
use crate::spikes::{STEPS_PER_WORD, valid_bits, words_for};
use burn::tensor::TensorData;
use burn_flex::FlexTensor;

/// Writes bytes, whose count is a multiple of four, from byte `first` on.
pub(super) fn write(images: &mut FlexTensor, first: usize, bytes: &[u8]) {
    let mut words = words_of(images).to_vec();
    for (word, bytes) in words[first / 4..].iter_mut().zip(bytes.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    let length = words.len();
    *images = FlexTensor::from_data(TensorData::new(words, [length]));
}

/// The pixels of each image of the batch, and the two halves of its key.
fn images<'a>(
    images: &'a FlexTensor,
    batch: &'a FlexTensor,
    pixels: usize,
) -> impl Iterator<Item = (Vec<u8>, (u32, u32))> + 'a {
    let words = words_of(images);
    let pixel = move |place: usize| words[place / 4].to_le_bytes()[place % 4];
    words_of(batch).as_chunks().0.iter().map(move |[image, first, second]| {
        let start = *image as usize * pixels;
        ((start..start + pixels).map(pixel).collect(), (*first, *second))
    })
}

/// Spikes [B, N, words].
pub(super) fn spikes(
    store: &FlexTensor,
    batch: &FlexTensor,
    coding: Encoding,
    pixels: usize,
    time_steps: usize,
) -> FlexTensor {
    let ([count, _], words_per_neuron) = (dims(batch), words_for(time_steps));
    let word = |pixel: u8, place: usize, word: usize, key: (u32, u32)| match coding {
        _ if pixel == 0 => 0,
        Encoding::Latency => {
            let time = latency_of(pixel, time_steps);
            u32::from(time / STEPS_PER_WORD == word) << (time % STEPS_PER_WORD)
        }
        // Constant currents are no spikes: the image store refuses them.
        Encoding::Rate | Encoding::Current => {
            bernoulli_word(u32::from(pixel), place as u32, word as u32, key) & valid_bits(time_steps, word)
        }
    };
    let mut bits = Vec::with_capacity(count * pixels * words_per_neuron);
    for (image, key) in images(store, batch, pixels) {
        for (place, pixel) in image.iter().enumerate() {
            bits.extend((0..words_per_neuron).map(|number| word(*pixel, place, number, key)));
        }
    }
    FlexTensor::from_data(TensorData::new(bits, [count, pixels, words_per_neuron]))
}

/// Constant currents, [B, N].
pub(super) fn currents(store: &FlexTensor, batch: &FlexTensor, pixels: usize) -> FlexTensor {
    let [count, _] = dims(batch);
    let values =
        images(store, batch, pixels).flat_map(|(image, _)| image.into_iter().map(|pixel| f32::from(pixel) / 255.0));
    floats(values.collect(), [count, pixels])
}
