//! The kernels on the CPU, event-driven: time goes where spikes are.
//!
//! The layer's work is the product of a bit matrix with a dense one. A neuron that fires adds its row of weights to the
//! currents of the time steps at which it does; one that fires in more than half of them enters as "always, except",
//! which MNIST's black and white pixels make four times cheaper. A silent neuron costs one test.

mod adam;
mod counts;
mod dense;
pub(super) mod encode;
mod events;
mod lanes;
mod layer;
mod loss;
mod spiking;
mod storage;
mod stored;
pub(super) mod threads;

use super::{
    AdamStep, Adaptive, AffineGradients, Derivatives, Fired, Judgement, LayerGradients, Pair, Spikes,
    SpikingOperations, UntrackedOperations,
};
use crate::event::Score;
use crate::spec::{Encoding, Neuron};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::TensorData;
use burn_flex::FlexTensor;
use spiking::{Layer, Record, Upstream};
use std::iter::zip;
use std::sync::Arc;
use storage::{Aligned, aligned, dense as whole, numbers, numbers_mut, reclaim, reclaim_words};

fn floats<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

fn dims<const D: usize>(tensor: &FlexTensor) -> [usize; D] {
    tensor.shape().dims()
}

/// The words of a packed tensor.
fn numbers_of(tensor: &FlexTensor) -> &[u32] {
    tensor.as_slice().unwrap_or_default()
}

/// What a layer gives, from its spikes [B, H, words].
fn fired(words: Vec<u32>, batch: usize, width: usize) -> Fired<Flex> {
    let each = words.len() / (batch * width).max(1);
    Fired { bits: FlexTensor::from_data(TensorData::new(words, [batch, width, each])), carrier: floats(vec![0.0], [1]) }
}

/// Runs a layer: `run` gets the words of its input, the batch's size and the layer.
fn with_layer<R>(
    bits: IntTensor<Flex>,
    weight: FloatTensor<Flex>,
    bias: FloatTensor<Flex>,
    (neuron, time_steps): (&Neuron, usize),
    run: impl FnOnce(&[u32], usize, Layer<'_>) -> R,
) -> R {
    let [batch, _, _] = dims(&bits);
    let (bits, weight, bias) = (whole(bits), aligned(weight), whole(bias));
    let layer = Layer { weight: numbers(&weight), bias: numbers(&bias), neuron, time_steps };
    let result = run(numbers_of(&bits), batch, layer);
    reclaim_words(bits);
    result
}

/// The sums of gradients that new ones are added to, and whether there are any: if not, the weights' hold whatever.
fn started(sums: Pair<Flex>, weight: &FlexTensor, targets: usize) -> (Pair<Flex>, bool) {
    if sums.bias.shape().num_elements() > 0 {
        return (Pair { weight: aligned(sums.weight), bias: whole(sums.bias) }, true);
    }
    let shape: [usize; 3] = dims(weight);
    let weight = Aligned::with_length(shape.iter().product()).into_tensor(shape);
    (Pair { weight, bias: floats(vec![0.0; targets], [targets]) }, false)
}

/// The gradient of spikes, in either of its forms.
fn upstream(gradient: &FlexTensor, time_steps: usize) -> Upstream<'_> {
    let values = numbers(gradient);
    match gradient.shape().num_dims() {
        1 => {
            let (coefficients, factors) = values.split_at(time_steps);
            Upstream::Factors(coefficients, factors)
        }
        _ => Upstream::Dense(values),
    }
}

impl SpikingOperations for Flex {
    fn spiking_layer(
        input: Spikes<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        _: Pair<Self>,
        neuron: Neuron,
        time_steps: usize,
    ) -> Fired<Self> {
        let [width] = dims(&bias);
        let run = |words: &[u32], batch, layer: Layer<'_>| fired(spiking::forward(words, batch, layer), batch, width);
        with_layer(input.bits, weight, bias, (&neuron, time_steps), run)
    }

    fn driven_neurons(currents: FloatTensor<Self>, neuron: Neuron, time_steps: usize) -> Fired<Self> {
        Self::recorded_driven_neurons(currents, neuron, time_steps).0
    }

    fn weighted_spike_count(input: Spikes<Self>, coefficients: Vec<f32>) -> FloatTensor<Self> {
        let [batch, neurons, _] = dims(&input.bits);
        let bits = whole(input.bits);
        let counts = counts::weighted(numbers_of(&bits), &coefficients);
        reclaim_words(bits);
        floats(counts, [batch, neurons])
    }

    fn affine(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        _: Pair<Self>,
        times: f32,
    ) -> FloatTensor<Self> {
        let ([batch, _], [targets]) = (dims(&input), dims(&bias));
        let (input, weight, bias) = (whole(input), aligned(weight), whole(bias));
        let output = dense::affine(numbers(&input), numbers(&weight), numbers(&bias), times);
        floats(output, [batch, targets])
    }

    fn integrators(
        input: Spikes<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        _: Pair<Self>,
        coefficients: Vec<f32>,
    ) -> FloatTensor<Self> {
        Self::recorded_integrators(input, weight, bias, &coefficients).0
    }

    fn cross_entropy(logits: FloatTensor<Self>, labels: Vec<u8>, batch: usize) -> Judgement<Self> {
        let logits = whole(logits);
        let correct = Score::of(numbers(&logits), &labels).correct as u32;
        let loss = floats(vec![loss::cross_entropy(numbers(&logits), &labels, batch)], [1]);
        Judgement { loss, correct: FlexTensor::from_data(TensorData::new(vec![correct], [1])) }
    }
}

impl Derivatives for Flex {
    type Record = Arc<Record>;

    fn recorded_spiking_layer(
        input: Spikes<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        neuron: Neuron,
        time_steps: usize,
    ) -> (Fired<Self>, Self::Record) {
        let [width] = dims(&bias);
        let run = |words: &[u32], batch, layer: Layer<'_>| {
            let (words, record) = spiking::recorded(words, batch, layer);
            (fired(words, batch, width), Arc::new(record))
        };
        with_layer(input.bits, weight, bias, (&neuron, time_steps), run)
    }

    fn spiking_layer_gradients(
        record: Self::Record,
        weight: FloatTensor<Self>,
        sums: Pair<Self>,
        gradient: FloatTensor<Self>,
        neuron: Neuron,
        with_input: bool,
    ) -> LayerGradients<Self> {
        let [_, senders, _] = dims(&weight);
        let [batch, time_steps, targets] = record.shape();
        let gradient = whole(gradient);
        let (mut sums, onto) = started(sums, &weight, targets);
        let results = spiking::Sums { weight: numbers_mut(&mut sums.weight), bias: numbers_mut(&mut sums.bias), onto };
        let currents = spiking::backward(&record, &neuron, upstream(&gradient, time_steps), results, with_input);
        reclaim(gradient);
        let input = currents.map(|currents| {
            let weight = whole(weight);
            let sizes = [batch, time_steps, senders, targets];
            let by_spikes = dense::spike_gradient(&currents, numbers(&weight), sizes);
            storage::put_back(currents);
            floats(by_spikes, [batch, time_steps, senders])
        });
        LayerGradients { weight: sums.weight, bias: sums.bias, input }
    }

    fn recorded_driven_neurons(
        currents: FloatTensor<Self>,
        neuron: Neuron,
        time_steps: usize,
    ) -> (Fired<Self>, Self::Record) {
        let [batch, width] = dims(&currents);
        let (words, record) = spiking::driven(numbers(&whole(currents)), width, &neuron, time_steps);
        (fired(words, batch, width), Arc::new(record))
    }

    fn driven_neurons_gradient(record: Self::Record, gradient: FloatTensor<Self>, neuron: Neuron) -> FloatTensor<Self> {
        let [batch, time_steps, targets] = record.shape();
        let gradient = whole(gradient);
        let result = spiking::driven_backward(&record, &neuron, upstream(&gradient, time_steps));
        reclaim(gradient);
        floats(result, [batch, targets])
    }

    fn spread_over_time(gradient: FloatTensor<Self>, coefficients: &[f32]) -> FloatTensor<Self> {
        let gradient = whole(gradient);
        let length = coefficients.len() + numbers(&gradient).len();
        let mut factors = storage::floats(length);
        factors[..coefficients.len()].copy_from_slice(coefficients);
        factors[coefficients.len()..].copy_from_slice(numbers(&gradient));
        floats(factors, [length])
    }

    fn affine_gradients(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        sums: Pair<Self>,
        gradient: FloatTensor<Self>,
        times: f32,
        wanted: [bool; 3],
    ) -> AffineGradients<Self> {
        let ([batch, targets], [_, senders, _]) = (dims(&gradient), dims(&weight));
        let (input, weight, gradient) = (whole(input), whole(weight), whole(gradient));
        let by_output = numbers(&gradient);
        let (mut sums, onto) = started(sums, &weight, targets);
        if wanted[1] {
            if !onto {
                numbers_mut(&mut sums.weight).fill(0.0);
            }
            dense::affine_weight_gradient(numbers_mut(&mut sums.weight), numbers(&input), by_output, targets);
        }
        for row in by_output.chunks_exact(targets) {
            zip(numbers_mut(&mut sums.bias), row).for_each(|(sum, g)| *sum += times * g);
        }
        let by_input = || {
            let result = dense::affine_input_gradient(by_output, numbers(&weight), senders, targets);
            floats(result, [batch, senders])
        };
        let input = wanted[0].then(by_input);
        AffineGradients { input, weight: wanted[1].then_some(sums.weight), bias: wanted[2].then_some(sums.bias) }
    }

    fn recorded_integrators(
        input: Spikes<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        coefficients: &[f32],
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let counts = Self::weighted_spike_count(input, coefficients.to_vec());
        let (counts, weight, bias) = (whole(counts), aligned(weight), whole(bias));
        let ([batch, _], [targets]) = (dims(&counts), dims(&bias));
        let times = coefficients.iter().sum();
        let output = dense::affine(numbers(&counts), numbers(&weight), numbers(&bias), times);
        (floats(output, [batch, targets]), counts)
    }

    fn integrators_gradients(
        counts: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        sums: Pair<Self>,
        gradient: FloatTensor<Self>,
        coefficients: &[f32],
        wanted: [bool; 3],
    ) -> AffineGradients<Self> {
        let times = coefficients.iter().sum();
        let gradients = Self::affine_gradients(counts, weight, sums, gradient, times, wanted);
        let input = gradients.input.map(|by_counts| Self::spread_over_time(by_counts, coefficients));
        AffineGradients { input, ..gradients }
    }

    fn cross_entropy_gradient(
        logits: FloatTensor<Self>,
        labels: &[u8],
        batch: usize,
        gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let [rows, classes] = dims(&logits);
        let upstream = numbers(&whole(gradient)).first().copied().unwrap_or_default();
        floats(loss::gradient(numbers(&whole(logits)), labels, upstream / batch as f32), [rows, classes])
    }
}

impl UntrackedOperations for Flex {
    fn membrane_potentials(
        input: Spikes<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        neuron: Neuron,
        time_steps: usize,
    ) -> FloatTensor<Self> {
        let [width] = dims(&bias);
        let run = |words: &[u32], batch, layer: Layer<'_>| {
            floats(spiking::recorded(words, batch, layer).1.potentials(), [batch, time_steps, width])
        };
        with_layer(input.bits, weight, bias, (&neuron, time_steps), run)
    }

    fn well_placed(pair: Pair<Self>) -> Pair<Self> {
        Pair { weight: aligned(pair.weight), bias: pair.bias }
    }

    fn adam(adaptive: Adaptive<Self>, gradient: Pair<Self>, step: AdamStep) -> Adaptive<Self> {
        let Adaptive { parameter, mean, square } = adaptive;
        let adapt = |numbers: [FlexTensor; 4]| {
            let [mut parameter, mut mean, mut square, gradient] = numbers.map(aligned);
            adam::adapt(
                numbers_mut(&mut parameter),
                numbers_mut(&mut mean),
                numbers_mut(&mut square),
                self::numbers(&gradient),
                step,
            );
            reclaim(gradient);
            [parameter, mean, square]
        };
        let weight = adapt([parameter.weight, mean.weight, square.weight, gradient.weight]);
        let bias = adapt([parameter.bias, mean.bias, square.bias, gradient.bias]);
        let ([p, m, s], [p_bias, m_bias, s_bias]) = (weight, bias);
        let pair = |weight, bias| Pair { weight, bias };
        Adaptive { parameter: pair(p, p_bias), mean: pair(m, m_bias), square: pair(s, s_bias) }
    }

    fn written(images: IntTensor<Self>, first: usize, bytes: Vec<u8>) -> IntTensor<Self> {
        let mut images = whole(images);
        stored::write(&mut images, first, &bytes);
        images
    }

    fn coded_spikes(
        images: IntTensor<Self>,
        batch: IntTensor<Self>,
        coding: Encoding,
        pixels: usize,
        time_steps: usize,
    ) -> IntTensor<Self> {
        stored::spikes(&whole(images), &whole(batch), coding, pixels, time_steps)
    }

    fn coded_currents(images: IntTensor<Self>, batch: IntTensor<Self>, pixels: usize) -> FloatTensor<Self> {
        stored::currents(&whole(images), &whole(batch), pixels)
    }
}
