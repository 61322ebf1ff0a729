//! The export of `spiking evaluate --export`: what other simulators need to compute the same.

use crate::digits::Digits;
use crate::inspection::trace;
use crate::layer::numbers;
use crate::network::{EncodedBatch, Network};
use crate::pipeline::encode;
use crate::sample::Sample;
use crate::spec::{Readout, Spec};
use crate::spikes::SpikeTrain;
use crate::spikes::encode::Pass;
use burn::module::Module;
use serde::Serialize;

/// The number of images exported.
const IMAGES: usize = 16;

/// The file.
#[derive(Serialize)]
struct Export<'a> {
    spec: &'a Spec,
    images: Vec<Image>,
}

/// The trace of one image. Spikes are the numbers of the neurons that fire, for each time step.
#[derive(Serialize)]
struct Image {
    label: u8,
    /// The input, if pixels are encoded as spikes.
    input: Option<Vec<Vec<usize>>>,
    /// The input, if pixels are encoded as constant currents.
    currents: Option<Vec<f32>>,
    /// The spikes of each layer; the output's last, if its spikes are counted.
    spikes: Vec<Vec<Vec<usize>>>,
    /// The class scores, as training and evaluation compute them.
    logits: Vec<f32>,
}

/// Spikes and class scores of the first images of a test set, as JSON.
///
/// # Errors
/// When a class score is NaN or infinite.
pub fn json(spec: &Spec, network: &Network, test: &Digits) -> anyhow::Result<String> {
    let images = (0..test.len().min(IMAGES)).map(|index| image(spec, network, test, index)).collect();
    Ok(serde_json::to_string(&Export { spec, images })? + "\n")
}

fn image(spec: &Spec, network: &Network, test: &Digits, index: usize) -> Image {
    let (pixels, sample) = (test.image(index), index as u64);
    let coded = encode(spec, &[Sample { pixels, label: None, number: sample }], Pass::Evaluation);
    let trace = trace(network, spec, pixels, Pass::Evaluation, sample);
    let counted = (spec.readout == Readout::SpikeCount).then_some(&trace.output);
    let (input, currents) = match &coded {
        EncodedBatch::Spikes(train) => (Some(times(train)), None),
        EncodedBatch::Currents { values, .. } => (None, Some(values.clone())),
    };
    Image {
        label: test.label(index),
        input,
        currents,
        spikes: trace.hidden.iter().chain(counted).map(|layer| times(&layer.spikes)).collect(),
        logits: numbers(network.valid().forward(coded)),
    }
}

/// The numbers of the neurons that fire at each time step.
fn times(train: &SpikeTrain) -> Vec<Vec<usize>> {
    let at = |t: usize| (0..train.neurons()).filter(|n| train.fires(0, *n, t)).collect();
    (0..train.time_steps()).map(at).collect()
}
