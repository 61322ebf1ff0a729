//! How much a network fires over a test set, and the synaptic operations that its spikes take.

use crate::accuracy::slices;
use crate::digits::Digits;
use crate::event::Accuracy;
use crate::kernels::SpikeTensor;
use crate::layer::{ParameterLayout, numbers};
use crate::network::{EncodedBatch, Network};
use crate::pipeline::encode;
use crate::spec::{Connectivity, Encoding, Spec};
use crate::spikes::SpikeTrain;
use crate::spikes::encode::Pass;
use burn::module::Module;

/// The spikes of a network over some images.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// The number of images.
    pub images: usize,
    /// T.
    pub time_steps: usize,
    /// Neurons of the input, of each hidden layer and of the output.
    pub neurons: Vec<usize>,
    /// Spikes of the input (none with constant currents) and of each hidden layer, over all images and time steps.
    pub spikes: Vec<u64>,
    /// The synaptic operations of all images: each spike adds one weight to every neuron of the next layer that it reaches.
    /// Constant currents are summed once an image, by each synapse of the first layer.
    pub operations: u64,
    /// The number of synapses: multiply-adds of a not spiking network of the same shape, for one image.
    pub synapses: u64,
}

/// The synaptic operations of spikes that go on to a layer.
fn operations(spikes: &SpikeTrain, to: Connectivity) -> u64 {
    let reached: Vec<u64> = (0..spikes.neurons()).map(|input| to.fan_out(input) as u64).collect();
    let sample = |sample| reached.iter().enumerate().map(move |(n, to)| u64::from(spikes.count_of(sample, n)) * to);
    (0..spikes.batch()).flat_map(sample).sum()
}

impl Activity {
    /// That of a test set, and how well it is read: what [`crate::accuracy::evaluate`] says, from the same pass.
    ///
    /// # Panics
    /// When the images are of another size.
    pub fn measure(network: &Network, spec: &Spec, digits: &Digits) -> (Accuracy, Self) {
        let network = network.valid();
        let layouts: Vec<_> = network.layouts().map(|(_, layout)| layout).collect();
        let neurons: Vec<usize> = [network.pixels()].into_iter().chain(layouts.iter().map(|it| it.neurons())).collect();
        let synapses_of = |layout: &ParameterLayout| layout.connectivity().synapses(layout.inputs());
        let synapses = layouts.iter().map(synapses_of).sum();
        let steady = if spec.encoding == Encoding::Current { layouts.first().map_or(0, synapses_of) } else { 0 };
        let (mut score, mut all) = (Accuracy::default(), steady * digits.len() as u64);
        let mut spikes = vec![0; layouts.len()];
        for samples in slices(digits, 0..digits.len(), 0) {
            let coded = encode(spec, &samples, Pass::Evaluation);
            let mut count = |layer: usize, train: &SpikeTrain| {
                spikes[layer] += train.count();
                all += operations(train, layouts[layer].connectivity());
            };
            if let EncodedBatch::Spikes(train) = &coded {
                count(0, train);
            }
            let mut watch = |layer: usize, fired: &SpikeTensor| count(1 + layer, &fired.train());
            let logits = numbers(network.forward_watched(coded, &mut watch));
            let labels: Vec<u8> = samples.iter().filter_map(|sample| sample.label).collect();
            score += Accuracy::of(&logits, &labels);
        }
        let (images, time_steps) = (digits.len(), spec.time_steps);
        (score, Self { images, time_steps, neurons, spikes, operations: all, synapses })
    }

    /// The synaptic operations of one image, on average.
    ///
    /// ```
    /// use spiking_playground::activity::Activity;
    /// let (neurons, spikes) = (vec![9, 4, 3], vec![20, 6]);
    /// let two = Activity { images: 2, time_steps: 5, neurons, spikes, operations: 20 * 4 + 6 * 3, synapses: 9 * 4 + 4 * 3 };
    /// assert_eq!(two.synaptic_operations(), (20.0 * 4.0 + 6.0 * 3.0) / 2.0);
    /// assert_eq!(two.rates(), [20.0 / 90.0, 6.0 / 40.0]);
    /// ```
    pub fn synaptic_operations(&self) -> f64 {
        self.operations as f64 / self.images.max(1) as f64
    }

    /// The share of the time steps in which a neuron of the input and of each hidden layer spikes, on average.
    pub fn rates(&self) -> Vec<f64> {
        let steps = (self.images * self.time_steps).max(1) as f64;
        self.spikes
            .iter()
            .zip(&self.neurons)
            .map(|(spikes, neurons)| *spikes as f64 / steps / *neurons as f64)
            .collect()
    }
}
