//! The encodings on the GPU, of images stored there, bit-identical to [`crate::spikes::encode`]. An invocation is a
//! pixel of a sample.

use super::launch::{alloc, check_length, dims, invocations, workgroup_size};
use crate::spec::Encoding;
use crate::spikes::words_for;
use burn::tensor::DType;
use burn_wgpu::CubeTensor;
use cubecl::prelude::*;

/// The brightness of a pixel, of which a word holds four.
#[cube]
fn brightness(images: &[u32], pixel: usize) -> u32 {
    images[pixel / 4] >> (pixel % 4 * 8) as u32 & 255
}

/// See `hash` in [`crate::spikes::encode`].
#[cube]
fn hash(counter: u32, key_0: u32, key_1: u32) -> u32 {
    let mut x = counter * 0x9e37_79b9u32 + key_0;
    x ^= x >> 16;
    x *= 0x7feb_352du32;
    x ^= (x >> 15) ^ key_1;
    x *= 0x846c_a68bu32;
    x ^ (x >> 16)
}

/// The bits of a word that stand for time steps.
#[cube]
fn valid(time_steps: usize, word: usize) -> u32 {
    let left = time_steps - word * 32;
    let mut bits = 0xffff_ffffu32;
    if left < 32 {
        bits = (1u32 << left as u32) - 1;
    }
    bits
}

/// Rate coding: spikes [B, N, words]. A row of `batch` [B, 3] is a sample's image and the key of its random numbers.
#[cube(launch_unchecked)]
fn rate(images: &[u32], batch: &[u32], bits: &mut [u32], count: usize, pixels: usize, time_steps: usize) {
    if ABSOLUTE_POS < count {
        let (sample, position) = (ABSOLUTE_POS / pixels, ABSOLUTE_POS % pixels);
        let pixel = brightness(images, batch[sample * 3] as usize * pixels + position);
        let words = time_steps.div_ceil(32);
        for word in 0..words {
            let mut spikes = 0u32;
            if pixel > 0 {
                #[unroll]
                for bit in 0..8u32 {
                    let counter = (word as u32) << 19 | (position as u32) << 3 | bit;
                    let random = hash(counter, batch[sample * 3 + 1], batch[sample * 3 + 2]);
                    spikes = select(pixel >> bit & 1 == 1, spikes | random, spikes & random);
                }
            }
            bits[ABSOLUTE_POS * words + word] = spikes & valid(time_steps, word);
        }
    }
}

/// Latency coding: spikes [B, N, words].
#[cube(launch_unchecked)]
fn latency(images: &[u32], batch: &[u32], bits: &mut [u32], count: usize, pixels: usize, time_steps: usize) {
    if ABSOLUTE_POS < count {
        let (sample, position) = (ABSOLUTE_POS / pixels, ABSOLUTE_POS % pixels);
        let pixel = brightness(images, batch[sample * 3] as usize * pixels + position) as usize;
        let words = time_steps.div_ceil(32);
        let time = (2 * (255 - pixel) * (time_steps - 1) + 255) / 510;
        for word in 0..words {
            let fires = pixel > 0 && time / 32 == word;
            bits[ABSOLUTE_POS * words + word] = select(fires, 1u32 << (time % 32) as u32, 0u32);
        }
    }
}

/// Constant currents, pixel/255, [B, N].
#[cube(launch_unchecked)]
fn current(images: &[u32], batch: &[u32], currents: &mut [f32], count: usize, pixels: usize) {
    if ABSOLUTE_POS < count {
        let (sample, position) = (ABSOLUTE_POS / pixels, ABSOLUTE_POS % pixels);
        let pixel = brightness(images, batch[sample * 3] as usize * pixels + position);
        currents[ABSOLUTE_POS] = f32::cast_from(pixel) / 255.0f32;
    }
}

/// The samples of a batch [B, 3], whose image numbers the image store has checked.
fn samples(batch: &CubeTensor) -> usize {
    let [count, entries] = dims(batch);
    assert_eq!(entries, 3, "a sample of a batch is three numbers");
    count
}

/// Spikes [B, N, words] of the images of a batch [B, 3]. The coding is rate or latency.
///
/// # Panics
/// If the batch has another shape, or the store holds no image.
pub(super) fn spikes(
    images: CubeTensor,
    batch: CubeTensor,
    coding: Encoding,
    pixels: usize,
    time_steps: usize,
) -> CubeTensor {
    let count = samples(&batch);
    check_length("the image store", &images, pixels.div_ceil(4));
    let bits = alloc(&images, [count, pixels, words_for(time_steps)], DType::U32);
    let [images, batch, result] = [images, batch, bits.clone()].map(CubeTensor::into_buffer_arg);
    let all = count * pixels;
    // SAFETY: an invocation below B·N reads its sample's three numbers of the batch and a pixel of that image, which the
    // image store has (`ImageStore::batch` has checked its number), and writes that pixel's words.
    #[allow(unsafe_code)]
    unsafe {
        macro_rules! launch {
            ($kernel:ident) => {
                $kernel::launch_unchecked(
                    &bits.client,
                    invocations(all),
                    workgroup_size(),
                    images,
                    batch,
                    result,
                    all,
                    pixels,
                    time_steps,
                )
            };
        }
        match coding {
            Encoding::Latency => launch!(latency),
            // Constant currents are not spikes: `ImageStore::spikes` refuses them.
            Encoding::Rate | Encoding::Current => launch!(rate),
        }
    }
    bits
}

/// The images of a batch [B, 3] as constant currents, [B, N].
///
/// # Panics
/// As for [`spikes`].
pub(super) fn currents(images: CubeTensor, batch: CubeTensor, pixels: usize) -> CubeTensor {
    let count = samples(&batch);
    check_length("the image store", &images, pixels.div_ceil(4));
    let currents = alloc(&images, [count, pixels], DType::F32);
    // SAFETY: as in `spikes`; an invocation below B·N writes one number.
    #[allow(unsafe_code)]
    unsafe {
        current::launch_unchecked(
            &currents.client,
            invocations(count * pixels),
            workgroup_size(),
            images.into_buffer_arg(),
            batch.into_buffer_arg(),
            currents.clone().into_buffer_arg(),
            count * pixels,
            pixels,
        );
    }
    currents
}
