//! The input pipeline: images as a data set has them, augmented where they are trained on, with noise, encoded for the
//! network's first layer. Training, evaluation and inspection all use it, so that one image of one pass is one input.

use crate::digits::Images;
use crate::digits::order::SHARD_SIZE;
use crate::kernels::{self, ImageStore};
use crate::layer::LayerInput;
use crate::network::EncodedBatch;
use crate::sample::Sample;
use crate::spec::{Encoding, Spec};
use crate::spikes::encode::{Pass, at_rate};
use burn::tensor::Device;
use std::collections::HashSet;

/// The pixels of the samples, `[B][N]`, as the spec changes them in this pass. `None` if all of them stay as they are.
pub fn transform(spec: &Spec, samples: &[Sample<'_>], pass: Pass) -> Option<Vec<Vec<u8>>> {
    if !Sample::is_changed(spec, pass) {
        return None;
    }
    let mut changed = vec![Vec::new(); samples.len()];
    kernels::par_for_each(changed.iter_mut().zip(samples).collect(), |(changed, sample)| {
        *changed = sample.shown(spec, pass).into_owned();
    });
    Some(changed)
}

/// The share of the time steps in which a pixel of full ink spikes, if that is not all of them.
fn lowered_rate(spec: &Spec) -> Option<f32> {
    (spec.encoding == Encoding::Rate && spec.input_rate < 1.0).then_some(spec.input_rate)
}

/// The samples as the network's input, transformed and encoded on the CPU.
///
/// # Panics
/// When the images differ in size.
pub fn encode(spec: &Spec, samples: &[Sample<'_>], pass: Pass) -> EncodedBatch {
    let transformed = transform(spec, samples, pass);
    let images: Vec<&[u8]> = match &transformed {
        Some(images) => images.iter().map(Vec::as_slice).collect(),
        None => samples.iter().map(|sample| sample.pixels).collect(),
    };
    let lowered: Option<Vec<Vec<u8>>> =
        lowered_rate(spec).map(|rate| images.iter().map(|image| at_rate(image, rate)).collect());
    let images = lowered.as_ref().map_or(images, |lowered| lowered.iter().map(Vec::as_slice).collect());
    let numbers: Vec<u64> = samples.iter().map(|sample| sample.number).collect();
    let time_steps = spec.time_steps;
    match spec.encoding {
        Encoding::Rate => EncodedBatch::Spikes(kernels::rate(&images, &numbers, spec.seed, pass, time_steps)),
        Encoding::Latency => EncodedBatch::Spikes(kernels::latency(&images, time_steps)),
        Encoding::Current => {
            let values = images.iter().flat_map(|image| image.iter().map(|pixel| f32::from(*pixel) / 255.0)).collect();
            EncodedBatch::Currents { values, time_steps }
        }
    }
}

/// A run's images on its GPU, where they are encoded. Those that no pass changes go there once, shard by shard; a batch
/// that is transformed goes there at each step.
#[derive(Debug)]
pub struct GpuImages {
    device: Device,
    /// Images in the data set.
    images: usize,
    /// Pixels of an image.
    pixels: usize,
    store: Option<ImageStore>,
    /// The shards whose images are there.
    shards: HashSet<usize>,
}

impl GpuImages {
    /// None yet, of a data set of `images` images of `pixels` pixels.
    pub fn new(images: usize, pixels: usize, device: Device) -> Self {
        Self { device, images, pixels, store: None, shards: HashSet::new() }
    }

    /// Whether the GPU holds images in the same way under both specs: the data set as it is, or a transformed batch, at the
    /// same input rate.
    pub fn same_layout(a: &Spec, b: &Spec) -> bool {
        let transformed = |spec: &Spec| spec.augment.is_on() || spec.noise > 0.0;
        transformed(a) == transformed(b) && a.batch_size == b.batch_size && lowered_rate(a) == lowered_rate(b)
    }

    /// Takes over what another run over the same images has there.
    pub fn adopt(&mut self, other: &mut Self) {
        if (self.images, self.pixels) == (other.images, other.pixels) {
            (self.store, self.shards) = (other.store.take(), std::mem::take(&mut other.shards));
        }
    }

    /// Drops what is there: other images, or a batch of another size, will follow.
    pub fn clear(&mut self) {
        (self.store, self.shards) = (None, HashSet::new());
    }

    /// The samples of a training batch as the network's input, encoded on the GPU. `data` is where they are from.
    pub fn encode(&mut self, spec: &Spec, samples: &[Sample<'_>], pass: Pass, data: &impl Images) -> LayerInput {
        let transformed = transform(spec, samples, pass);
        // An image of a store begins with a word of its own.
        let capacity = if transformed.is_some() { spec.batch_size.next_multiple_of(4) } else { self.images };
        let lowered = |images: &[u8]| lowered_rate(spec).map(|rate| at_rate(images, rate));
        let store = self.store.get_or_insert_with(|| ImageStore::new(capacity, self.pixels, &self.device));
        let places: Vec<(usize, u64)> = match transformed {
            Some(images) => {
                let images = images.concat();
                store.put(0, &lowered(&images).unwrap_or(images));
                samples.iter().map(|sample| sample.number).enumerate().collect()
            }
            None => {
                for sample in samples {
                    let shard = sample.number as usize / SHARD_SIZE;
                    if self.shards.insert(shard)
                        && let Some(images) = data.shard(shard)
                    {
                        store.put(shard * SHARD_SIZE, lowered(images).as_deref().unwrap_or(images));
                    }
                }
                samples.iter().map(|sample| (sample.number as usize, sample.number)).collect()
            }
        };
        let time_steps = spec.time_steps;
        match spec.encoding {
            Encoding::Current => LayerInput::Currents { values: store.currents(&places), time_steps },
            coding @ (Encoding::Rate | Encoding::Latency) => {
                LayerInput::Spikes(store.spikes(&places, coding, spec.seed, pass, time_steps))
            }
        }
    }
}
