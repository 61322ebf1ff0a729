//! The comparison of two devices' kernels, or of kernels and reference, over a table of small networks with edge cases
//! of shape. Spikes, potentials, scores, loss and every gradient are compared.
//!
//! Devices sum in different orders. So a spike may differ if the potential is at the threshold, and from there on both
//! results are valid: a neuron's *first* differing spike must lie at |u - θ - a| < 1e-4, and gradients are compared if
//! no spike differs.

use crate::kernels::{self, LinearWeights, Neurons, SpikeTensor};
use crate::layer::Integrators;
use crate::random::{Generator, Stream};
use crate::rate_penalty::RatePenalty;
use crate::spec::{FeatureMaps, Neuron, Readout, Reset, Surrogate, Window};
use crate::spikes::SpikeTrain;
use burn::tensor::{Device, Int, Tensor};

/// The tolerance of the largest error over the largest magnitude: sums of up to some hundred f32 products in another
/// order.
const TOLERANCE: f32 = 1e-4;
/// The maximal distance from the threshold of a potential whose spike may differ.
const AT_THE_THRESHOLD: f32 = 1e-4;

/// The sizes of a small network, and the rate of its input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// B, the size of the batch.
    pub batch: usize,
    /// N, the number of inputs.
    pub inputs: usize,
    /// H of the first layer.
    pub first: usize,
    /// H of the second layer, the number of classes.
    pub second: usize,
    /// T, the number of time steps.
    pub time_steps: usize,
    /// The fraction of time steps with a spike, or the maximum of the constant currents.
    pub share: f32,
}

/// The edge cases: T of less than a word, one word, and more; one sample; no spikes, and spikes at every time step;
/// padded blocks.
pub const SHAPES: [Shape; 11] = [
    shape(3, 20, 12, 5, 25, 0.3),
    shape(1, 7, 3, 2, 1, 0.5),
    shape(2, 33, 17, 10, 31, 0.2),
    shape(2, 5, 64, 3, 32, 0.6),
    shape(4, 16, 9, 4, 33, 0.8),
    shape(1, 40, 8, 6, 100, 0.1),
    shape(2, 10, 6, 3, 64, 0.0),
    shape(2, 10, 6, 3, 40, 1.0),
    shape(5, 50, 100, 70, 25, 0.4),
    shape(40, 30, 64, 16, 9, 0.5),
    shape(2, 130, 33, 32, 65, 0.3),
];

const fn shape(batch: usize, inputs: usize, first: usize, second: usize, time_steps: usize, share: f32) -> Shape {
    Shape { batch, inputs, first, second, time_steps, share }
}

/// The sizes of a small network of one or two convolutions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Maps {
    /// B, the size of the batch.
    pub batch: usize,
    /// Channels, rows and columns of the input.
    pub input: [usize; 3],
    /// Channels, kernel, stride and padding of the first layer.
    pub first: [usize; 4],
    /// The same of the second layer, or the number of its neurons, the classes, if it is dense.
    pub second: Result<[usize; 4], usize>,
    /// T.
    pub time_steps: usize,
    /// As in [`Shape`].
    pub share: f32,
}

/// The edge cases of convolutions: one channel, a kernel of 1 × 1 and one as large as the image, sides that differ and a stride
/// that leaves a rim out, padding, padded blocks and several of them, a map of a single place, T of more than a word.
pub const MAPS: [Maps; 9] = [
    maps(3, [1, 9, 9], [4, 3, 2, 0], Err(5), 25, 0.3),
    maps(1, [1, 5, 5], [1, 5, 1, 0], Err(2), 1, 0.5),
    maps(2, [2, 8, 6], [17, 3, 2, 1], Ok([3, 2, 1, 0]), 33, 0.2),
    maps(2, [3, 6, 6], [5, 1, 1, 0], Ok([2, 5, 3, 2]), 32, 0.6),
    maps(4, [1, 12, 12], [16, 5, 2, 0], Ok([20, 3, 2, 1]), 25, 0.2),
    maps(2, [1, 7, 10], [70, 4, 3, 0], Ok([2, 2, 1, 1]), 40, 1.0),
    maps(1, [40, 4, 4], [33, 3, 1, 1], Err(10), 65, 0.1),
    maps(20, [2, 5, 5], [8, 3, 1, 2], Ok([3, 7, 2, 0]), 9, 0.5),
    maps(2, [1, 4, 4], [6, 4, 1, 0], Ok([5, 3, 1, 1]), 25, 0.4),
];

const fn maps(
    batch: usize,
    input: [usize; 3],
    first: [usize; 4],
    second: Result<[usize; 4], usize>,
    time_steps: usize,
    share: f32,
) -> Maps {
    Maps { batch, input, first, second, time_steps, share }
}

/// Neurons of every kind.
pub fn neurons() -> Vec<Neuron> {
    let plain = Neuron::default();
    vec![
        plain,
        Neuron { reset: Reset::Subtract, surrogate: Surrogate::Arctan(2.0), ..plain },
        Neuron { reset: Reset::SubtractDelayed, alpha: 0.7, beta: 0.8, ..plain },
        Neuron { attached_reset: true, surrogate: Surrogate::Sigmoid(4.0), ..plain },
        Neuron { attached_reset: true, reset: Reset::SubtractBy(0.6), surrogate: Surrogate::Triangle, ..plain },
        Neuron {
            alpha: 0.8,
            gain: 0.3,
            threshold: 0.4,
            surrogate: Surrogate::FastSigmoid(1.0),
            attached_reset: true,
            ..plain
        },
        Neuron { beta: 0.0, ..plain },
        Neuron { beta: 1.0, reset: Reset::Subtract, ..plain },
        Neuron { adaptation: 0.3, adaptation_decay: 0.8, reset: Reset::Subtract, ..plain },
        Neuron { adaptation: 0.2, alpha: 0.6, gain: 0.5, threshold: 0.6, attached_reset: true, ..plain },
    ]
}

/// The input of a problem's network.
#[derive(Clone, Debug, PartialEq)]
pub enum ProblemInput {
    /// Spikes [B, N].
    Spikes(SpikeTrain),
    /// Constant currents [B, N].
    Currents(Vec<f32>),
}

/// The weights and biases of a layer, or their gradients, row by row: [N, H] and \[H\]. Of a convolution N is the number of taps
/// and H that of maps.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearRows {
    /// [N, H].
    pub weight: Vec<f32>,
    /// \[H\].
    pub bias: Vec<f32>,
}

/// A network of two layers with a batch to learn.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Its sizes.
    pub shape: Shape,
    /// Its neurons.
    pub neuron: Neuron,
    /// The price of the first layer's firing rates, for a batch.
    pub penalty: RatePenalty,
    /// The second layer: integrators, or neurons whose spikes are counted.
    pub readout: Readout,
    /// The batch.
    pub input: ProblemInput,
    /// Its labels.
    pub labels: Vec<u8>,
    /// Both layers.
    pub layers: [LinearRows; 2],
    /// The patches of its input that each layer sees, if it is a convolution.
    pub windows: [Option<Window>; 2],
}

/// The result of a problem.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The spikes of each layer that spikes.
    pub spikes: Vec<SpikeTrain>,
    /// The potentials, [B, T, H], of each layer whose input is spikes.
    pub potentials: Vec<Vec<f32>>,
    /// The class scores, [B, classes].
    pub scores: Vec<f32>,
    /// Mean cross entropy, and the penalty.
    pub loss: f32,
    /// The number of samples that are classified correctly.
    pub correct: u32,
    /// The gradients of each layer's weights and bias.
    pub gradients: [LinearRows; 2],
}

/// Where two results differ, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the kernels disagree: {0}")]
pub struct Disagreement(String);

impl Problem {
    /// A network with random weights, and a random batch.
    pub fn random(shape: Shape, neuron: Neuron, readout: Readout, constant: bool, seed: u64) -> Self {
        Self::over([None, None], shape, neuron, readout, constant, seed)
    }

    /// A network of one or two convolutions with random weights, and a random batch.
    pub fn of_maps(maps: Maps, neuron: Neuron, readout: Readout, constant: bool, seed: u64) -> Self {
        let Maps { batch, input: [channels, rows, columns], time_steps, share, .. } = maps;
        let window = |input, [channels, kernel, stride, padding]: [usize; 4]| {
            let window = Window { input, kernel, stride, padding };
            (window, FeatureMaps { channels, rows: window.rows(), columns: window.columns() })
        };
        let input = FeatureMaps { channels, rows, columns };
        let (first, hidden) = window(input, maps.first);
        let second = maps.second.map(|second| window(hidden, second));
        let classes = second.map_or_else(|classes| classes, |(_, output)| output.neurons());
        let shape =
            Shape { batch, inputs: input.neurons(), first: hidden.neurons(), second: classes, time_steps, share };
        // Integrators are no convolution.
        let readout = if second.is_ok() { Readout::SpikeCount } else { readout };
        Self::over([Some(first), second.ok().map(|(window, _)| window)], shape, neuron, readout, constant, seed)
    }

    fn over(
        windows: [Option<Window>; 2],
        shape: Shape,
        neuron: Neuron,
        readout: Readout,
        constant: bool,
        seed: u64,
    ) -> Self {
        let mut generator = Generator::new(seed, Stream::Weights(0));
        let Shape { batch, inputs, first, second, time_steps, share } = shape;
        let input = if constant {
            ProblemInput::Currents((0..batch * inputs).map(|_| generator.unit() * share).collect())
        } else {
            let dense: Vec<f32> =
                (0..batch * time_steps * inputs).map(|_| f32::from(u8::from(generator.unit() < share))).collect();
            ProblemInput::Spikes(SpikeTrain::from_dense(batch, inputs, time_steps, &dense))
        };
        let mut draw = |n: usize, scale: f32| (0..n).map(|_| (generator.unit() * 2.0 - 1.0) * scale).collect();
        // Layers of many inputs get smaller weights, so that potentials stay near the threshold.
        let mut layer = |window: Option<Window>, inputs: usize, outputs: usize| {
            let (inputs, outputs) = window.map_or((inputs, outputs), |it| (it.taps(), outputs / it.places()));
            let weight = draw(inputs * outputs, 1.5 * (20.0 / inputs as f32).sqrt().min(1.0));
            LinearRows { weight, bias: draw(outputs, 0.4) }
        };
        let layers = [layer(windows[0], inputs, first), layer(windows[1], first, second)];
        let labels = (0..batch).map(|sample| (sample * 7 % second) as u8).collect();
        // A price for any spike, for those above a usual rate, or none, over all kinds of the table.
        let penalty = match seed % 3 {
            0 => RatePenalty { strength: 3.0, ..RatePenalty::default() },
            1 => RatePenalty { strength: 3.0, target: 0.2, neurons: None },
            _ => RatePenalty::default(),
        };
        Self { shape, neuron, penalty, readout, input, labels, layers, windows }
    }

    /// The table: every shape with every kind of neuron, both readouts and both codings in turn.
    pub fn table() -> Vec<Self> {
        type Make<'a> = Box<dyn Fn(Neuron, Readout, bool, u64) -> Problem + 'a>;
        let dense = SHAPES.iter().map(|shape| -> Make<'_> {
            Box::new(|neuron, readout, constant, seed| Self::random(*shape, neuron, readout, constant, seed))
        });
        let convolutions = MAPS.iter().map(|maps| -> Make<'_> {
            Box::new(|neuron, readout, constant, seed| Self::of_maps(*maps, neuron, readout, constant, seed))
        });
        let kinds = neurons();
        let case = |(case, make): (usize, Make<'_>)| {
            let problem = |(kind, neuron): (usize, &Neuron)| {
                let readout = if (case + kind).is_multiple_of(2) { Readout::Membrane } else { Readout::SpikeCount };
                make(*neuron, readout, (case + kind) % 3 == 2, (case * 100 + kind) as u64)
            };
            kinds.iter().enumerate().map(problem).collect::<Vec<_>>()
        };
        dense.chain(convolutions).enumerate().flat_map(case).collect()
    }

    /// A part of the table that has every shape and every kind of neuron.
    pub fn short_table() -> Vec<Self> {
        let kinds = neurons().len();
        let diagonal = |(place, problem): (usize, Self)| (place % kinds == place / kinds % kinds).then_some(problem);
        Self::table().into_iter().enumerate().filter_map(diagonal).collect()
    }

    /// The result by the kernels of a device.
    ///
    /// # Errors
    /// When the device cannot be read.
    pub async fn answer(&self, device: &Device) -> Result<Answer, Disagreement> {
        let (plain, device) = (device.clone().inner(), device.clone().autodiff());
        let Shape { batch, inputs, time_steps, .. } = self.shape;
        let [first, second] = [0, 1].map(|layer| self.weights(layer, &device));
        let potentials = |train: &SpikeTrain, layer: usize| {
            let input = SpikeTensor::new(train.clone(), &plain);
            kernels::membrane_potentials(input, self.weights(layer, &plain), &self.neuron)
        };
        let penalty = self.penalty.per_sample(batch);
        let neurons = Neurons { neuron: self.neuron, penalty };
        let mut answer = Vec::new();
        let hidden = match &self.input {
            ProblemInput::Spikes(train) => {
                answer.push(read(potentials(train, 0)).await?);
                kernels::spiking_layer(SpikeTensor::new(train.clone(), &device), copy(&first), neurons)
            }
            ProblemInput::Currents(values) => {
                let input = kernels::floats(values.clone(), [batch, inputs], &device);
                kernels::lif_constant_input(kernels::linear(input, copy(&first), 1.0), neurons, time_steps)
            }
        };
        let mut spikes = vec![hidden.train_async().await.map_err(|error| Disagreement(error.to_string()))?];
        let price = kernels::rate_penalty(&hidden, penalty);
        let scores = match self.readout {
            Readout::Membrane => {
                kernels::integrators(hidden, copy(&second), &Integrators::coefficients(0.9, time_steps))
            }
            Readout::SpikeCount => {
                answer.push(read(potentials(&spikes[0], 1)).await?);
                let last = kernels::spiking_layer(hidden, copy(&second), &self.neuron);
                spikes.push(last.train_async().await.map_err(|error| Disagreement(error.to_string()))?);
                kernels::weighted_spike_count(last, &vec![1.0; time_steps])
            }
        };
        let (loss, correct) = kernels::cross_entropy(scores.clone(), &self.labels, batch);
        let gradients = loss.backward();
        let mut learnt = Vec::new();
        for LinearWeights { shape, parameters, .. } in [&first, &second] {
            let gradient =
                parameters.grad(&gradients).ok_or_else(|| Disagreement("a gradient is missing".to_owned()))?;
            let (weight, bias) = shape.unpack(&read(gradient).await?);
            learnt.push(LinearRows { weight, bias });
        }
        let gradients =
            <[LinearRows; 2]>::try_from(learnt).map_err(|_| Disagreement("layers are missing".to_owned()))?;
        let scores = read(scores.inner()).await?;
        let loss = read(loss.inner()).await?[0] + read(price).await?[0];
        Ok(Answer { spikes, potentials: answer, scores, loss, correct: read_count(correct).await?, gradients })
    }

    /// Compares a result with the oracle's. False if a spike differs at the threshold, so that nothing after it was
    /// compared.
    ///
    /// # Errors
    /// When they disagree.
    pub fn compare(&self, ours: &Answer, oracle: &Answer) -> Result<bool, Disagreement> {
        let what = || {
            let Self { shape, readout, neuron, penalty, windows, .. } = self;
            format!("{shape:?}, {windows:?}, {readout:?}, {neuron:?}, {penalty:?}, constant {}", self.is_constant())
        };
        let fail = |name: &str| Err(Disagreement(format!("{name}: {}", what())));
        // Layers whose input is spikes have potentials.
        let skipped = usize::from(self.is_constant());
        for (layer, (ours, spikes)) in ours.spikes.iter().zip(&oracle.spikes).enumerate() {
            let potentials = layer.checked_sub(skipped).and_then(|layer| oracle.potentials.get(layer));
            match same_spikes(ours, spikes, potentials.map(Vec::as_slice), &self.neuron) {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(distance) => return fail(&format!("a spike of layer {layer} differs at u - θ - a = {distance}")),
            }
        }
        // The error of a slope is that of its potential, which grows with its magnitude.
        let largest = oracle.potentials.iter().flatten().fold(0.0_f32, |largest, u| largest.max(u.abs()));
        let tolerance = TOLERANCE * (largest / 5.0).max(1.0);
        for (ours, oracle) in ours.potentials.iter().zip(&oracle.potentials) {
            if !close(ours, oracle, TOLERANCE) {
                return fail("potentials");
            }
        }
        if !close(&ours.scores, &oracle.scores, TOLERANCE) {
            return fail("scores");
        }
        if !close(&[ours.loss], &[oracle.loss], TOLERANCE) || ours.correct != oracle.correct {
            return fail("loss");
        }
        for (layer, (ours, oracle)) in ours.gradients.iter().zip(&oracle.gradients).enumerate() {
            if !close(&ours.weight, &oracle.weight, tolerance) {
                return fail(&format!("gradient of the weights of layer {layer}"));
            }
            if !close_beside(&ours.bias, &oracle.bias, tolerance, CANCELLED) {
                return fail(&format!("gradient of the bias of layer {layer}"));
            }
        }
        Ok(true)
    }

    /// Whether the input is constant currents.
    pub const fn is_constant(&self) -> bool {
        matches!(self.input, ProblemInput::Currents(_))
    }
}

impl Problem {
    /// A layer in the kernels' layout, on a device; on an autodiff device it requires gradients.
    fn weights(&self, layer: usize, device: &Device) -> LinearWeights {
        let LinearRows { weight, bias } = &self.layers[layer];
        LinearWeights::from_rows(weight, bias, device).over(self.windows[layer])
    }
}

fn copy(weights: &LinearWeights) -> LinearWeights {
    LinearWeights::new(weights.shape, weights.parameters.clone()).over(weights.window)
}

async fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, Disagreement> {
    let data = tensor.into_data_async().await.map_err(|error| Disagreement(error.to_string()))?;
    Ok(data.iter::<f32>().collect())
}

async fn read_count(tensor: Tensor<1, Int>) -> Result<u32, Disagreement> {
    let data = tensor.into_data_async().await.map_err(|error| Disagreement(error.to_string()))?;
    data.iter::<u32>().next().ok_or_else(|| Disagreement("the number of correct samples is missing".to_owned()))
}

/// The magnitude of the terms of a bias's gradient, whose sum over all places of all maps, which are the classes, may be 0.
const CANCELLED: f32 = 1e-3;

fn close(ours: &[f32], oracle: &[f32], tolerance: f32) -> bool {
    close_beside(ours, oracle, tolerance, 1e-6)
}

/// Whether the largest error is within the tolerance of the largest magnitude, or of `least`.
fn close_beside(ours: &[f32], oracle: &[f32], tolerance: f32, least: f32) -> bool {
    let largest = oracle.iter().fold(least, |largest, value| largest.max(value.abs()));
    ours.len() == oracle.len() && ours.iter().zip(oracle).all(|(a, b)| (a - b).abs() <= tolerance * largest)
}

/// Whether the spikes equal the oracle's; an error is the distance from the threshold of a neuron's first differing
/// spike, if that is not at the threshold. `potentials` is [B, T, H].
fn same_spikes(
    ours: &SpikeTrain,
    oracle: &SpikeTrain,
    potentials: Option<&[f32]>,
    neuron: &Neuron,
) -> Result<bool, f32> {
    let (dense, oracle, width) = (ours.to_dense(), oracle.to_dense(), ours.neurons());
    let run = width * ours.time_steps();
    let differs = |place: &usize| dense.get(*place) != oracle.get(*place);
    for (sample, h) in (0..ours.batch()).flat_map(|sample| (0..width).map(move |h| (sample, h))) {
        let places = || (sample * run + h..(sample + 1) * run).step_by(width);
        let Some(t) = places().position(|place| differs(&place)) else { continue };
        let own: Vec<f32> = places().filter_map(|place| potentials?.get(place).copied()).collect();
        let distance = own.get(t).zip(neuron.adaptations(&own).get(t)).map(|(u, a)| u - neuron.threshold - a);
        let distance = distance.unwrap_or(f32::NAN);
        let at_the_threshold = distance.abs() < AT_THE_THRESHOLD;
        if !at_the_threshold {
            return Err(distance);
        }
    }
    Ok(dense == oracle)
}
