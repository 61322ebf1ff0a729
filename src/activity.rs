//! How much a network fires over a test set, and the synaptic operations that its spikes take.

use crate::accuracy::slices;
use crate::digits::Digits;
use crate::event::Accuracy;
use crate::kernels::SpikeTensor;
use crate::layer::numbers;
use crate::network::{EncodedBatch, Network};
use crate::pipeline::encode;
use crate::spec::Spec;
use crate::spikes::encode::Pass;
use crate::trace::dense_operations;
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
}

impl Activity {
    /// That of a test set, and how well it is read: what [`crate::accuracy::evaluate`] says, from the same pass.
    ///
    /// # Panics
    /// When the images are of another size.
    pub fn measure(network: &Network, spec: &Spec, digits: &Digits) -> (Accuracy, Self) {
        let network = network.valid();
        let neurons = [network.pixels()].into_iter().chain(spec.hidden_neurons()).chain([network.classes()]).collect();
        let (mut score, mut spikes) = (Accuracy::default(), vec![0; 1 + network.layers.len()]);
        for samples in slices(digits, 0..digits.len(), 0) {
            let coded = encode(spec, &samples, Pass::Evaluation);
            if let EncodedBatch::Spikes(train) = &coded {
                spikes[0] += train.count();
            }
            let mut watch = |layer: usize, fired: &SpikeTensor| spikes[1 + layer] += fired.train().count();
            let logits = numbers(network.forward_watched(coded, &mut watch));
            let labels: Vec<u8> = samples.iter().filter_map(|sample| sample.label).collect();
            score += Accuracy::of(&logits, &labels);
        }
        (score, Self { images: digits.len(), time_steps: spec.time_steps, neurons, spikes })
    }

    /// The synaptic operations of one image, on average: each spike adds one weight to every neuron of the next layer.
    ///
    /// ```
    /// use spiking_playground::activity::Activity;
    /// let two = Activity { images: 2, time_steps: 5, neurons: vec![9, 4, 3], spikes: vec![20, 6] };
    /// assert_eq!(two.synaptic_operations(), (20.0 * 4.0 + 6.0 * 3.0) / 2.0);
    /// assert_eq!((two.dense_operations(), two.rates()), (9 * 4 + 4 * 3, vec![20.0 / 90.0, 6.0 / 40.0]));
    /// ```
    pub fn synaptic_operations(&self) -> f64 {
        let all: u64 = self.spikes.iter().zip(&self.neurons[1..]).map(|(spikes, next)| spikes * *next as u64).sum();
        all as f64 / self.images.max(1) as f64
    }

    /// The number of multiply-adds of a dense, not spiking network of the same shape, for one image.
    pub fn dense_operations(&self) -> u64 {
        dense_operations(&self.neurons)
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
