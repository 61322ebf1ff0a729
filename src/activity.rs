//! How much a network fires over a test set, and the synaptic operations that its spikes take.

use crate::digits::Digits;
use crate::kernels::{SpikeTensor, floats};
use crate::layer::LayerInput;
use crate::network::{EncodedBatch, Network};
use crate::pipeline::{Sample, encode};
use crate::rate_penalty::RatePenalty;
use crate::spec::Spec;
use crate::spikes::encode::Pass;
use burn::module::Module;
use std::ops::Range;

/// Images that pass at once.
const SLICE: usize = 200;

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
    /// That of the test images in `range`, as they are evaluated. `first` is the number of image 0 in the whole set.
    ///
    /// # Panics
    /// When there are fewer images, or they are of another size.
    pub fn measure(network: &Network, spec: &Spec, digits: &Digits, range: Range<usize>, first: usize) -> Self {
        let (network, device) = (network.valid(), network.device().inner());
        let neurons = [network.pixels()].into_iter().chain(spec.hidden_neurons()).chain([network.classes()]).collect();
        let mut spikes = vec![0; 1 + network.layers.len()];
        for start in range.clone().step_by(SLICE) {
            let slice = start..(start + SLICE).min(range.end);
            let sample =
                |index: usize| Sample { pixels: digits.image(index), label: None, number: (first + index) as u64 };
            let samples: Vec<Sample<'_>> = slice.map(sample).collect();
            let mut input = match encode(spec, &samples, Pass::Evaluation) {
                EncodedBatch::Spikes(train) => {
                    spikes[0] += train.count();
                    LayerInput::Spikes(SpikeTensor::new(train, &device))
                }
                EncodedBatch::Currents { values, time_steps } => {
                    let shape = [samples.len(), network.pixels()];
                    LayerInput::Currents { values: floats(values, shape, &device), time_steps }
                }
            };
            for (layer, sum) in network.layers.iter().zip(&mut spikes[1..]) {
                let fired = layer.forward(input, None, RatePenalty::default());
                *sum += fired.train().count();
                input = LayerInput::Spikes(fired);
            }
        }
        Self { images: range.len(), time_steps: spec.time_steps, neurons, spikes }
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
        self.neurons.windows(2).map(|pair| (pair[0] * pair[1]) as u64).sum()
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
