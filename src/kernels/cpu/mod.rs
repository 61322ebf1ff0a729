//! The kernels on the CPU, event-driven: their time grows with the number of spikes.
//!
//! The layer's work is the product of a bit matrix with a dense one. A neuron that fires adds its row of weights to the
//! currents of the time steps at which it fires; one that fires in more than half of them enters as "always, except",
//! which MNIST's black and white pixels make four times cheaper. A silent neuron costs one test.

mod adam;
mod convolution;
mod counts;
pub(super) mod encode;
mod events;
mod lif;
mod linear;
mod linear_convolution;
mod loss;
mod spiking;
mod storage;
mod stored;
pub(super) mod threads;

use super::{
    AdamState, AdamStep, Derivatives, LinearGradients, LinearMap, LossOutput, Neurons, Spikes, SpikingOperations,
    UntrackedOperations,
};
use crate::event::Accuracy;
use crate::rate_penalty::RatePenalty;
use crate::spec::{Encoding, Neuron};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::TensorData;
use burn_flex::FlexTensor;
use convolution::MapUpstream;
use spiking::{GradSums, LayerArgs, Saved, Upstream};
use std::iter::zip;
use std::sync::Arc;
use storage::{Aligned, aligned, contiguous, numbers, numbers_mut, reclaim, reclaim_words, words_of};

fn floats<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

fn dims<const D: usize>(tensor: &FlexTensor) -> [usize; D] {
    tensor.shape().dims()
}

/// Spikes [B, H, words] with a carrier that links the graph, whose value is never read.
fn spikes(words: Vec<u32>, batch: usize, width: usize) -> Spikes<Flex> {
    let words_per_neuron = words.len() / (batch * width).max(1);
    let bits = FlexTensor::from_data(TensorData::new(words, [batch, width, words_per_neuron]));
    Spikes { bits, carrier: floats(vec![0.0], [1]) }
}

/// Runs a layer: `run` gets the words of its input, the size of the batch and the layer.
fn with_layer<R>(
    bits: IntTensor<Flex>,
    map: &LinearMap<Flex>,
    (neuron, time_steps): (&Neuron, usize),
    run: impl FnOnce(&[u32], usize, LayerArgs<'_>) -> R,
) -> R {
    let [batch, _, _] = dims(&bits);
    let (bits, parameters) = (contiguous(bits), aligned(map.parameters.clone()));
    let layer = LayerArgs { shape: map.shape, parameters: numbers(&parameters), neuron, time_steps };
    let result = run(words_of(&bits), batch, layer);
    reclaim_words(bits);
    result
}

/// The spikes of a layer, and the values saved for the backward pass if `is_saved`.
fn layer_forward(
    input: Spikes<Flex>,
    map: &LinearMap<Flex>,
    neuron_over: (&Neuron, usize),
    is_saved: bool,
) -> (Spikes<Flex>, Saved) {
    let run = |words: &[u32], batch, layer: LayerArgs<'_>| {
        let (words, saved) = match map.window {
            Some(window) => convolution::run(words, batch, layer, window, is_saved),
            None => spiking::run(words, batch, layer, is_saved),
        };
        let [_, _, neurons] = saved.shape();
        (spikes(words, batch, neurons), saved)
    };
    with_layer(input.bits, map, neuron_over, run)
}

/// The buffer of the accumulated gradient, and whether it holds one: if not, its contents are unspecified. It takes the
/// map, so that the gradient is not copied.
fn accumulated(map: LinearMap<Flex>) -> (FlexTensor, bool) {
    let LinearMap { grad_accum, shape, .. } = map;
    if grad_accum.shape().num_elements() > 0 {
        (aligned(grad_accum), true)
    } else {
        (Aligned::with_length(shape.numbers()).into_tensor(), false)
    }
}

/// The gradient of spikes, in any form.
fn upstream(gradient: &FlexTensor, time_steps: usize) -> Upstream<'_> {
    let values = numbers(gradient);
    match gradient.shape().num_dims() {
        1 => {
            let (coefficients, factors) = values.split_at(time_steps);
            Upstream::Factors(coefficients, factors)
        }
        5 => {
            let [_, blocks, places, _, width] = dims(gradient);
            Upstream::Maps(values, [blocks, places, width])
        }
        _ => Upstream::Dense(values),
    }
}

impl SpikingOperations for Flex {
    fn spiking_layer(input: Spikes<Self>, map: LinearMap<Self>, neurons: Neurons, time_steps: usize) -> Spikes<Self> {
        layer_forward(input, &map, (&neurons.neuron, time_steps), false).0
    }

    fn lif_constant_input(currents: FloatTensor<Self>, neurons: Neurons, time_steps: usize) -> Spikes<Self> {
        Self::lif_constant_input_forward(currents, neurons.neuron, time_steps).0
    }

    fn weighted_spike_count(input: Spikes<Self>, coefficients: Vec<f32>) -> FloatTensor<Self> {
        let [batch, neurons, _] = dims(&input.bits);
        let bits = contiguous(input.bits);
        let counts = counts::weighted(words_of(&bits), &coefficients);
        reclaim_words(bits);
        floats(counts, [batch, neurons])
    }

    fn among(_: FloatTensor<Self>, all: FloatTensor<Self>, _: usize) -> FloatTensor<Self> {
        all
    }

    fn linear_map(input: FloatTensor<Self>, map: LinearMap<Self>, bias_scale: f32) -> FloatTensor<Self> {
        let [batch, _] = dims(&input);
        let LinearMap { parameters, shape, window, .. } = map;
        let (input, parameters) = (contiguous(input), aligned(parameters));
        if let Some(window) = window {
            let output = linear_convolution::forward(numbers(&input), numbers(&parameters), shape, window, bias_scale);
            return floats(output, [batch, shape.outputs * window.places()]);
        }
        floats(linear::forward(numbers(&input), numbers(&parameters), shape, bias_scale), [batch, shape.outputs])
    }

    fn integrators(input: Spikes<Self>, map: LinearMap<Self>, coefficients: Vec<f32>) -> FloatTensor<Self> {
        Self::integrators_forward(input, &map, &coefficients).0
    }

    fn cross_entropy(logits: FloatTensor<Self>, labels: Vec<u8>, batch: usize) -> LossOutput<Self> {
        let logits = contiguous(logits);
        let correct = Accuracy::of(numbers(&logits), &labels).correct as u32;
        let loss = floats(vec![loss::cross_entropy(numbers(&logits), &labels, batch)], [1]);
        LossOutput { loss, correct: FlexTensor::from_data(TensorData::new(vec![correct], [1])) }
    }
}

impl Derivatives for Flex {
    type Saved = Arc<Saved>;

    fn spiking_layer_forward(
        input: Spikes<Self>,
        map: &LinearMap<Self>,
        neuron: Neuron,
        time_steps: usize,
    ) -> (Spikes<Self>, Self::Saved) {
        let (spikes, saved) = layer_forward(input, map, (&neuron, time_steps), true);
        (spikes, Arc::new(saved))
    }

    fn spiking_layer_backward(
        saved: Self::Saved,
        map: LinearMap<Self>,
        grad_spikes: FloatTensor<Self>,
        neurons: Neurons,
        needs_input: bool,
    ) -> LinearGradients<Self> {
        let [batch, time_steps, outputs] = saved.shape();
        let gradient = contiguous(grad_spikes);
        let (shape, window, parameters) = (map.shape, map.window, map.parameters.clone());
        let (mut sums, accumulate) = accumulated(map);
        let results = GradSums { numbers: numbers_mut(&mut sums), accumulate };
        if let Some(window) = window {
            let (mut gradient, parameters) = (gradient, contiguous(parameters));
            let upstream = match gradient.shape().num_dims() {
                5 => MapUpstream::InPlace(numbers_mut(&mut gradient)),
                _ => MapUpstream::Elsewhere(upstream(&gradient, time_steps)),
            };
            let map = (numbers(&parameters), window);
            let input = convolution::backward(&saved, &neurons, upstream, results, map, needs_input);
            reclaim(gradient);
            return LinearGradients { parameters: sums, input: input.map(|(values, sizes)| floats(values, sizes)) };
        }
        let currents = spiking::backward(&saved, &neurons, upstream(&gradient, time_steps), results, needs_input);
        reclaim(gradient);
        let input = currents.map(|currents| {
            let parameters = contiguous(parameters);
            let weight = &numbers(&parameters)[..shape.bias_start()];
            let sizes = [batch, time_steps, shape.inputs, outputs];
            let grad_input = linear::spikes_backward(&currents, weight, sizes);
            storage::release(currents);
            floats(grad_input, [batch, time_steps, shape.inputs])
        });
        LinearGradients { parameters: sums, input }
    }

    fn lif_constant_input_forward(
        currents: FloatTensor<Self>,
        neuron: Neuron,
        time_steps: usize,
    ) -> (Spikes<Self>, Self::Saved) {
        let [batch, width] = dims(&currents);
        let (words, saved) = spiking::constant_input(numbers(&contiguous(currents)), width, &neuron, time_steps);
        (spikes(words, batch, width), Arc::new(saved))
    }

    fn lif_constant_input_backward(
        saved: Self::Saved,
        grad_spikes: FloatTensor<Self>,
        neurons: Neurons,
    ) -> FloatTensor<Self> {
        let [batch, time_steps, outputs] = saved.shape();
        let gradient = contiguous(grad_spikes);
        let result = spiking::constant_input_backward(&saved, &neurons, upstream(&gradient, time_steps));
        reclaim(gradient);
        floats(result, [batch, outputs])
    }

    fn weighted_spike_count_backward(grad_counts: FloatTensor<Self>, coefficients: &[f32]) -> FloatTensor<Self> {
        let gradient = contiguous(grad_counts);
        let length = coefficients.len() + numbers(&gradient).len();
        let mut factors = storage::floats(length);
        factors[..coefficients.len()].copy_from_slice(coefficients);
        factors[coefficients.len()..].copy_from_slice(numbers(&gradient));
        floats(factors, [length])
    }

    fn linear_map_backward(
        input: FloatTensor<Self>,
        map: LinearMap<Self>,
        grad_output: FloatTensor<Self>,
        bias_scale: f32,
        needs_input: bool,
    ) -> LinearGradients<Self> {
        let [batch, outputs] = dims(&grad_output);
        let (shape, window, parameters) = (map.shape, map.window, contiguous(map.parameters.clone()));
        let (input, gradient) = (contiguous(input), contiguous(grad_output));
        let grad_output = numbers(&gradient);
        let (mut sums, accumulate) = accumulated(map);
        let results = GradSums { numbers: numbers_mut(&mut sums), accumulate }.started();
        if let Some(window) = window {
            let map = (numbers(&parameters), shape, window);
            let input =
                linear_convolution::backward(numbers(&input), map, grad_output, results, bias_scale, needs_input);
            let input = input.map(|values| floats(values, [batch, window.input.neurons()]));
            return LinearGradients { parameters: sums, input };
        }
        let (weight, bias) = results.split_at_mut(shape.bias_start());
        linear::weight_backward(weight, numbers(&input), grad_output, outputs);
        for row in grad_output.chunks_exact(outputs) {
            zip(&mut *bias, row).for_each(|(sum, g)| *sum += bias_scale * g);
        }
        let grad_input = || {
            let weight = &numbers(&parameters)[..shape.bias_start()];
            floats(linear::input_backward(grad_output, weight, shape), [batch, shape.inputs])
        };
        LinearGradients { input: needs_input.then(grad_input), parameters: sums }
    }

    fn integrators_forward(
        input: Spikes<Self>,
        map: &LinearMap<Self>,
        coefficients: &[f32],
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let counts = Self::weighted_spike_count(input, coefficients.to_vec());
        let output = Self::linear_map(counts.clone(), map.clone(), coefficients.iter().sum());
        (output, counts)
    }

    fn integrators_backward(
        counts: FloatTensor<Self>,
        map: LinearMap<Self>,
        grad_output: FloatTensor<Self>,
        coefficients: &[f32],
        needs_input: bool,
    ) -> LinearGradients<Self> {
        let bias_scale = coefficients.iter().sum();
        let LinearGradients { parameters, input } =
            Self::linear_map_backward(counts, map, grad_output, bias_scale, needs_input);
        let input = input.map(|grad_counts| Self::weighted_spike_count_backward(grad_counts, coefficients));
        LinearGradients { parameters, input }
    }

    fn cross_entropy_backward(
        logits: FloatTensor<Self>,
        labels: &[u8],
        batch: usize,
        grad_loss: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let [rows, classes] = dims(&logits);
        let (logits, grad_loss) = (contiguous(logits), contiguous(grad_loss));
        floats(loss::gradient(numbers(&logits), labels, numbers(&grad_loss)[0] / batch as f32), [rows, classes])
    }
}

impl UntrackedOperations for Flex {
    fn membrane_potentials(
        input: Spikes<Self>,
        map: LinearMap<Self>,
        neuron: Neuron,
        time_steps: usize,
    ) -> FloatTensor<Self> {
        let (_, saved) = Self::spiking_layer_forward(input, &map, neuron, time_steps);
        floats(saved.potentials(), saved.shape())
    }

    fn rate_penalty(bits: IntTensor<Self>, penalty: RatePenalty, time_steps: usize) -> FloatTensor<Self> {
        let [_, neurons, words_per_neuron] = dims(&bits);
        let bits = contiguous(bits);
        floats(vec![counts::rate_penalty(words_of(&bits), [neurons, words_per_neuron], penalty, time_steps)], [1])
    }

    fn to_kernel_layout(parameters: FloatTensor<Self>) -> FloatTensor<Self> {
        aligned(parameters)
    }

    fn adam(state: AdamState<Self>, gradient: FloatTensor<Self>, step: AdamStep) -> AdamState<Self> {
        let [mut parameters, mut mean, mut square, gradient] =
            [state.parameters, state.mean, state.square, gradient].map(aligned);
        adam::adapt(
            numbers_mut(&mut parameters),
            numbers_mut(&mut mean),
            numbers_mut(&mut square),
            numbers(&gradient),
            step,
        );
        reclaim(gradient);
        AdamState { parameters, mean, square }
    }

    fn strided_rows(
        numbers: FloatTensor<Self>,
        first: usize,
        stride: usize,
        rows: usize,
        columns: usize,
    ) -> FloatTensor<Self> {
        let numbers = contiguous(numbers);
        let all = self::numbers(&numbers);
        let part: Vec<f32> = (0..rows).flat_map(|row| &all[first + row * stride..][..columns]).copied().collect();
        floats(part, [rows * columns])
    }

    fn write_bytes(images: IntTensor<Self>, first: usize, bytes: Vec<u8>) -> IntTensor<Self> {
        let mut images = contiguous(images);
        stored::write(&mut images, first, &bytes);
        images
    }

    fn encode_spikes(
        images: IntTensor<Self>,
        batch: IntTensor<Self>,
        coding: Encoding,
        pixels: usize,
        time_steps: usize,
    ) -> IntTensor<Self> {
        stored::spikes(&contiguous(images), &contiguous(batch), coding, pixels, time_steps)
    }

    fn encode_currents(images: IntTensor<Self>, batch: IntTensor<Self>, pixels: usize) -> FloatTensor<Self> {
        stored::currents(&contiguous(images), &contiguous(batch), pixels)
    }
}
