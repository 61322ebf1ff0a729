//! The accuracy over a test set.

use crate::digits::Digits;
use crate::event::{self, Accuracy};
use crate::layer::numbers;
use crate::network::Network;
use crate::pipeline::encode;
use crate::sample::Sample;
use crate::spec::Spec;
use crate::spikes::encode::Pass;
use burn::module::Module;
use std::ops::Range;

/// Images that pass at once: enough to be fast, few enough for their activations to stay small.
const SLICE: usize = 200;

/// The accuracy on the images in `range` of a test set. `first` is the number of its image 0 in the whole set.
///
/// # Panics
/// When the set has fewer images.
pub fn evaluate(network: &Network, spec: &Spec, digits: &Digits, range: Range<usize>, first: usize) -> Accuracy {
    Accuracy::of_predictions(&predictions(network, spec, digits, range.clone(), first), &digits.labels[range])
}

/// The samples of the images in `range`, so many as pass at once; the arguments are those of [`evaluate`].
pub(crate) fn slices(digits: &Digits, range: Range<usize>, first: usize) -> impl Iterator<Item = Vec<Sample<'_>>> {
    let sample = move |image: usize| Sample::of(digits, image, first);
    range.clone().step_by(SLICE).map(move |start| (start..(start + SLICE).min(range.end)).map(sample).collect())
}

/// The class that each image of `range` is classified as, \[B\]; the arguments are those of [`evaluate`].
///
/// # Panics
/// When the set has fewer images.
pub fn predictions(network: &Network, spec: &Spec, digits: &Digits, range: Range<usize>, first: usize) -> Vec<u8> {
    let network = network.valid();
    let mut predictions = Vec::with_capacity(range.len());
    for samples in slices(digits, range, first) {
        let logits = numbers(network.forward(encode(spec, &samples, Pass::Evaluation)));
        predictions.extend(event::predictions(&logits, samples.len()));
    }
    predictions
}
