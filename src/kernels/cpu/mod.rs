//! The kernels on the CPU, event-driven: time goes where spikes are.
//!
//! The layer's work is the product of a bit matrix with a dense one. A neuron that fires adds its row of weights to the
//! currents of the time steps at which it does; one that fires in more than half of them enters as "always, except",
//! which MNIST's black and white pixels make four times cheaper. A silent neuron costs one test.

mod lanes;
mod layer;
mod threads;

use super::{AdamStep, Adapted, Derivatives, Fired, LayerGradients, OptimizerOperations, Spikes, SpikingOperations};
use crate::spec::Neuron;
use crate::spikes::{STEPS_PER_WORD, bits, words_for};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::TensorData;
use burn_flex::FlexTensor;
use std::iter::zip;

/// Samples that a thread takes at once.
const SAMPLES: usize = 8;
/// Rows of a weight gradient that a thread takes at once.
const ROWS: usize = 64;
/// Numbers that a thread adapts at once.
const NUMBERS: usize = 1 << 14;

fn floats<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

fn dims<const D: usize>(tensor: &FlexTensor) -> [usize; D] {
    tensor.shape().dims()
}

impl SpikingOperations for Flex {
    fn spiking_layer(
        input: Spikes<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        neuron: Neuron,
        time_steps: usize,
    ) -> Fired<Self> {
        let [batch, senders, each] = dims(&input.bits);
        let [_, width] = dims(&weight);
        let (spikes, weight, bias) = (input.bits.to_contiguous(), weight.to_contiguous(), bias.to_contiguous());
        let mut potentials = vec![0.0; batch * time_steps * width];
        let mut fired = vec![0_u32; batch * width * each];
        let (run, row, in_row) = (time_steps * width, width * each, senders * each);
        let pieces = zip(
            potentials.chunks_mut(SAMPLES * run),
            zip(fired.chunks_mut(SAMPLES * row), spikes.storage::<u32>().chunks(SAMPLES * in_row)),
        );
        threads::each(pieces.collect(), |(potentials, (fired, words))| {
            let mut always = vec![0.0; width];
            let samples =
                zip(potentials.chunks_exact_mut(run), zip(fired.chunks_exact_mut(row), words.chunks_exact(in_row)));
            for (potentials, (fired, words)) in samples {
                layer::currents(potentials, &mut always, words, weight.storage(), bias.storage(), time_steps);
                layer::neurons(potentials, fired, &neuron, width);
            }
        });
        Fired {
            bits: FlexTensor::from_data(TensorData::new(fired, [batch, width, each])),
            potentials: floats(potentials, [batch, time_steps, width]),
            carrier: floats(vec![0.0], [1]),
        }
    }

    fn driven_neurons(currents: FloatTensor<Self>, neuron: Neuron, time_steps: usize) -> Fired<Self> {
        let [batch, width] = dims(&currents);
        let each = words_for(time_steps);
        let currents = currents.to_contiguous();
        let mut potentials = Vec::with_capacity(batch * time_steps * width);
        let mut fired = vec![0_u32; batch * width * each];
        for current in currents.storage::<f32>().chunks_exact(width) {
            (0..time_steps).for_each(|_| potentials.extend_from_slice(current));
        }
        zip(potentials.chunks_exact_mut(time_steps * width), fired.chunks_exact_mut(width * each))
            .for_each(|(potentials, fired)| layer::neurons(potentials, fired, &neuron, width));
        Fired {
            bits: FlexTensor::from_data(TensorData::new(fired, [batch, width, each])),
            potentials: floats(potentials, [batch, time_steps, width]),
            carrier: floats(vec![0.0], [1]),
        }
    }

    fn weighted_spike_count(input: Spikes<Self>, coefficients: Vec<f32>) -> FloatTensor<Self> {
        let [batch, neurons, each] = dims(&input.bits);
        let bits_of = |words: &[u32]| {
            let times = words.iter().enumerate().flat_map(|(w, word)| bits(*word).map(move |t| w * STEPS_PER_WORD + t));
            times.map(|t| coefficients[t]).sum::<f32>()
        };
        let counts = input.bits.to_contiguous().storage::<u32>().chunks_exact(each).map(bits_of).collect();
        floats(counts, [batch, neurons])
    }
}

impl Derivatives for Flex {
    fn spiking_layer_gradients(
        bits: IntTensor<Self>,
        weight: FloatTensor<Self>,
        potentials: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        neuron: Neuron,
        with_input: bool,
    ) -> LayerGradients<Self> {
        let [batch, senders, each] = dims(&bits);
        let [_, time_steps, width] = dims(&potentials);
        let (bits, weight, potentials) = (bits.to_contiguous(), weight.to_contiguous(), potentials.to_contiguous());
        let gradient = gradient.to_contiguous();
        let (run, in_run) = (time_steps * width, time_steps * senders);
        let mut by_current = vec![0.0; batch * run];
        let mut sums = vec![0.0; batch * width];
        let mut by_input = vec![0.0; if with_input { batch * in_run } else { 0 }];
        let mut inputs = by_input.chunks_mut(SAMPLES * in_run);
        let pieces = zip(
            zip(by_current.chunks_mut(SAMPLES * run), sums.chunks_mut(SAMPLES * width)),
            zip(potentials.storage::<f32>().chunks(SAMPLES * run), gradient.storage::<f32>().chunks(SAMPLES * run)),
        );
        let pieces = pieces.map(|(results, given)| (results, given, inputs.next().unwrap_or_default()));
        threads::each(pieces.collect(), |((by_current, sums), (potentials, gradient), by_input)| {
            let mut inputs = by_input.chunks_exact_mut(in_run);
            let samples = zip(
                zip(by_current.chunks_exact_mut(run), sums.chunks_exact_mut(width)),
                zip(potentials.chunks_exact(run), gradient.chunks_exact(run)),
            );
            for ((by_current, sum), (potentials, gradient)) in samples {
                layer::derivative(by_current, potentials, gradient, &neuron, width);
                layer::sum_over_time(sum, by_current);
                if let Some(by_input) = inputs.next() {
                    layer::input_gradient(by_input, by_current, weight.storage(), width);
                }
            }
        });
        let mut by_bias = vec![0.0; width];
        sums.chunks_exact(width).for_each(|sum| zip(&mut by_bias, sum).for_each(|(bias, sum)| *bias += sum));
        // Each row is summed by one thread, in the order of the samples.
        let mut by_weight = vec![0.0; senders * width];
        let words = bits.storage::<u32>();
        let pieces = by_weight.chunks_mut(ROWS * width).enumerate();
        threads::each(pieces.collect(), |(piece, rows)| {
            let first = piece * ROWS * each;
            let last = first + rows.len() / width * each;
            let samples =
                zip(words.chunks_exact(senders * each), zip(by_current.chunks_exact(run), sums.chunks_exact(width)));
            for (words, (by_current, sum)) in samples {
                layer::weight_gradient(rows, by_current, sum, &words[first..last], time_steps);
            }
        });
        LayerGradients {
            weight: floats(by_weight, [senders, width]),
            bias: floats(by_bias, [width]),
            input: with_input.then(|| floats(by_input, [batch, time_steps, senders])),
        }
    }

    fn driven_neurons_gradient(
        potentials: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        neuron: Neuron,
    ) -> FloatTensor<Self> {
        let [batch, time_steps, width] = dims(&potentials);
        let (potentials, gradient) = (potentials.to_contiguous(), gradient.to_contiguous());
        let mut result = vec![0.0; batch * width];
        let mut by_current = vec![0.0; time_steps * width];
        let samples = zip(
            potentials.storage::<f32>().chunks_exact(time_steps * width),
            gradient.storage::<f32>().chunks_exact(time_steps * width),
        );
        for (result, (potentials, gradient)) in zip(result.chunks_exact_mut(width), samples) {
            layer::derivative(&mut by_current, potentials, gradient, &neuron, width);
            layer::sum_over_time(result, &by_current);
        }
        floats(result, [batch, width])
    }

    fn spread_over_time(gradient: FloatTensor<Self>, coefficients: &[f32]) -> FloatTensor<Self> {
        let [batch, neurons] = dims(&gradient);
        let gradient = gradient.to_contiguous();
        let rows = gradient.storage::<f32>().chunks_exact(neurons);
        let spread = rows.flat_map(|row| coefficients.iter().flat_map(move |c| row.iter().map(move |g| c * g)));
        floats(spread.collect(), [batch, coefficients.len(), neurons])
    }
}

impl OptimizerOperations for Flex {
    fn adam(
        mut parameter: FloatTensor<Self>,
        mut mean: FloatTensor<Self>,
        mut square: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        step: AdamStep,
    ) -> Adapted<Self> {
        let gradient = gradient.to_contiguous();
        let pieces = zip(
            zip(parameter.storage_mut::<f32>().chunks_mut(NUMBERS), gradient.storage::<f32>().chunks(NUMBERS)),
            zip(mean.storage_mut::<f32>().chunks_mut(NUMBERS), square.storage_mut::<f32>().chunks_mut(NUMBERS)),
        );
        threads::each(pieces.collect(), |((parameter, gradient), (mean, square))| {
            layer::adam(parameter, mean, square, gradient, step);
        });
        Adapted { parameter, mean, square }
    }
}
