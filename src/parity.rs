//! Whether kernels of one device agree with another's, or with the reference: small networks of all kinds, over shapes
//! that bite. Spikes, potentials, scores, loss and every gradient are compared.
//!
//! Devices sum in different orders. So a spike may differ where the potential lies at the threshold, and from there on
//! the two rightly go different ways: a neuron's *first* differing spike must lie at |u - θ| < 1e-4, and gradients are
//! compared where no spike differs.

use crate::kernels::blocks::{self, unpack};
use crate::kernels::{self, Connection, SpikeTensor};
use crate::layer::Integrators;
use crate::random::{Generator, Stream};
use crate::spec::{Neuron, Readout, Reset, Surrogate};
use crate::spikes::SpikeTrain;
use burn::tensor::{Device, Int, Tensor, TensorData};

/// Largest error over largest magnitude: sums of up to some hundred f32 products in another order.
const TOLERANCE: f32 = 1e-4;
/// How near the threshold a potential is whose spike may differ.
const AT_THE_THRESHOLD: f32 = 1e-4;

/// Sizes of a small network, and how often its input spikes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// B.
    pub batch: usize,
    /// N, neurons or pixels of the input.
    pub senders: usize,
    /// H of the first layer.
    pub first: usize,
    /// H of the second layer, which are the classes.
    pub second: usize,
    /// T.
    pub time_steps: usize,
    /// The share of spikes, or the strength of steady currents.
    pub share: f32,
}

/// T that fills no word, one, and more; one sample; no spike and nothing but spikes; blocks that are filled up.
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

const fn shape(batch: usize, senders: usize, first: usize, second: usize, time_steps: usize, share: f32) -> Shape {
    Shape { batch, senders, first, second, time_steps, share }
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
    ]
}

/// What the input of a network is.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Spikes [B, N].
    Spikes(SpikeTrain),
    /// Steady currents [B, N].
    Currents(Vec<f32>),
}

/// Weights and biases of a layer as they stand for a reader: [N, H] and [H].
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// [N, H].
    pub weight: Vec<f32>,
    /// [H].
    pub bias: Vec<f32>,
}

/// A network of two layers with a batch that it is to learn.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Its sizes.
    pub shape: Shape,
    /// Its neurons.
    pub neuron: Neuron,
    /// What the second layer is: integrators, or neurons whose spikes are counted.
    pub readout: Readout,
    /// The batch.
    pub input: Input,
    /// Its labels.
    pub labels: Vec<u8>,
    /// Both layers.
    pub layers: [Layer; 2],
}

/// What comes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The spikes of each layer that spikes.
    pub spikes: Vec<SpikeTrain>,
    /// Its potentials, [B, T, H].
    pub potentials: Vec<Vec<f32>>,
    /// [B, classes].
    pub scores: Vec<f32>,
    /// Mean cross entropy.
    pub loss: f32,
    /// How many samples are read rightly.
    pub correct: u32,
    /// Of each layer's weights and bias.
    pub gradients: [Layer; 2],
}

/// Where two answers differ, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the kernels disagree: {0}")]
pub struct Disagreement(String);

impl Problem {
    /// A network with random weights, and a random batch.
    pub fn random(shape: Shape, neuron: Neuron, readout: Readout, steady: bool, seed: u64) -> Self {
        let mut generator = Generator::new(seed, Stream::Weights(0));
        let Shape { batch, senders, first, second, time_steps, share } = shape;
        let input = if steady {
            Input::Currents((0..batch * senders).map(|_| generator.unit() * share).collect())
        } else {
            let dense: Vec<f32> =
                (0..batch * time_steps * senders).map(|_| f32::from(u8::from(generator.unit() < share))).collect();
            Input::Spikes(SpikeTrain::from_dense(batch, senders, time_steps, &dense))
        };
        let mut draw = |n: usize, scale: f32| (0..n).map(|_| (generator.unit() * 2.0 - 1.0) * scale).collect();
        // Many senders get smaller weights, so that potentials stay near the threshold.
        let mut layer = |senders: usize, targets: usize| Layer {
            weight: draw(senders * targets, 1.5 * (20.0 / senders as f32).sqrt().min(1.0)),
            bias: draw(targets, 0.4),
        };
        let layers = [layer(senders, first), layer(first, second)];
        let labels = (0..batch).map(|sample| (sample * 7 % second) as u8).collect();
        Self { shape, neuron, readout, input, labels, layers }
    }

    /// The table: every shape with every kind of neuron, both readouts and both codings in turn.
    pub fn table() -> Vec<Self> {
        let kinds = neurons();
        let case = |(case, shape): (usize, &Shape)| {
            let problem = |(kind, neuron): (usize, &Neuron)| {
                let readout = if (case + kind).is_multiple_of(2) { Readout::Membrane } else { Readout::SpikeCount };
                Self::random(*shape, *neuron, readout, (case + kind) % 3 == 2, (case * 100 + kind) as u64)
            };
            kinds.iter().enumerate().map(problem).collect::<Vec<_>>()
        };
        SHAPES.iter().enumerate().flat_map(case).collect()
    }

    /// A part of the table with every shape and every kind of neuron in it.
    pub fn short_table() -> Vec<Self> {
        let kinds = neurons().len();
        let diagonal = |(place, problem): (usize, Self)| (place % kinds == place / kinds % kinds).then_some(problem);
        Self::table().into_iter().enumerate().filter_map(diagonal).collect()
    }

    /// What the kernels of a device make of it.
    ///
    /// # Errors
    /// When the device cannot be read.
    pub async fn answer(&self, device: &Device) -> Result<Answer, Disagreement> {
        let (plain, device) = (device.clone().inner(), device.clone().autodiff());
        let Shape { batch, senders, time_steps, .. } = self.shape;
        let [first, second] = [0, 1].map(|layer| self.layers[layer].connection(&device));
        let fresh = |layer: &Layer| layer.connection(&plain);
        let potentials = |train: &SpikeTrain, layer: &Layer| {
            let Connection { weight, bias, .. } = fresh(layer);
            kernels::membrane_potentials(SpikeTensor::new(train.clone(), &plain), weight, bias, &self.neuron)
        };
        let mut answer = Vec::new();
        let hidden = match &self.input {
            Input::Spikes(train) => {
                answer.push(read(potentials(train, &self.layers[0])).await?);
                kernels::spiking_layer(SpikeTensor::new(train.clone(), &device), copy(&first), &self.neuron)
            }
            Input::Currents(values) => {
                let input = Tensor::<2>::from_data(TensorData::new(values.clone(), [batch, senders]), &device);
                kernels::driven_neurons(kernels::affine(input, copy(&first), 1.0), &self.neuron, time_steps)
            }
        };
        let mut spikes = vec![hidden.train_async().await.map_err(|error| Disagreement(error.to_string()))?];
        let scores = match self.readout {
            Readout::Membrane => {
                kernels::integrators(hidden, copy(&second), &Integrators::coefficients(0.9, time_steps))
            }
            Readout::SpikeCount => {
                answer.push(read(potentials(&spikes[0], &self.layers[1])).await?);
                let last = kernels::spiking_layer(hidden, copy(&second), &self.neuron);
                spikes.push(last.train_async().await.map_err(|error| Disagreement(error.to_string()))?);
                kernels::weighted_spike_count(last, &vec![1.0; time_steps])
            }
        };
        let (loss, correct) = kernels::cross_entropy(scores.clone(), &self.labels, batch);
        let gradients = loss.backward();
        let mut learnt = Vec::new();
        for Connection { weight, bias, .. } in [&first, &second] {
            let missing = || Disagreement("a gradient is missing".to_owned());
            let bias = read(bias.grad(&gradients).ok_or_else(missing)?).await?;
            let weight = read(weight.grad(&gradients).ok_or_else(missing)?).await?;
            learnt.push(Layer { weight: unpack(&weight, bias.len()), bias });
        }
        let gradients = <[Layer; 2]>::try_from(learnt).map_err(|_| Disagreement("layers are missing".to_owned()))?;
        let (scores, loss) = (read(scores.inner()).await?, read(loss.inner()).await?[0]);
        Ok(Answer { spikes, potentials: answer, scores, loss, correct: read_count(correct).await?, gradients })
    }

    /// Whether an answer agrees with a judge's. False where a spike differs at the threshold, so that nothing after it
    /// was compared.
    ///
    /// # Errors
    /// Where it disagrees.
    pub fn compare(&self, ours: &Answer, judge: &Answer) -> Result<bool, Disagreement> {
        let what = || format!("{:?}, {:?}, {:?}, steady {}", self.shape, self.readout, self.neuron, self.is_steady());
        let fail = |name: &str| Err(Disagreement(format!("{name}: {}", what())));
        // Potentials are there for layers that get spikes.
        let skipped = usize::from(self.is_steady());
        for (layer, (ours, spikes)) in ours.spikes.iter().zip(&judge.spikes).enumerate() {
            let potentials = layer.checked_sub(skipped).and_then(|layer| judge.potentials.get(layer));
            match same_spikes(ours, spikes, potentials.map(Vec::as_slice), self.neuron.threshold) {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(potential) => return fail(&format!("a spike of layer {layer} differs at u = {potential}")),
            }
        }
        // A slope is as wrong as its potential, whose error grows with its size.
        let largest = judge.potentials.iter().flatten().fold(0.0_f32, |largest, u| largest.max(u.abs()));
        let tolerance = TOLERANCE * (largest / 5.0).max(1.0);
        for (ours, judge) in ours.potentials.iter().zip(&judge.potentials) {
            if !close(ours, judge, TOLERANCE) {
                return fail("potentials");
            }
        }
        if !close(&ours.scores, &judge.scores, TOLERANCE) {
            return fail("scores");
        }
        if !close(&[ours.loss], &[judge.loss], TOLERANCE) || ours.correct != judge.correct {
            return fail("loss");
        }
        for (layer, (ours, judge)) in ours.gradients.iter().zip(&judge.gradients).enumerate() {
            if !close(&ours.weight, &judge.weight, tolerance) {
                return fail(&format!("gradient of the weights of layer {layer}"));
            }
            if !close(&ours.bias, &judge.bias, tolerance) {
                return fail(&format!("gradient of the bias of layer {layer}"));
            }
        }
        Ok(true)
    }

    /// Whether its input is steady currents.
    pub const fn is_steady(&self) -> bool {
        matches!(self.input, Input::Currents(_))
    }
}

impl Layer {
    /// As the kernels have it, to be learnt where the device is one for that.
    fn connection(&self, device: &Device) -> Connection {
        let targets = self.bias.len();
        let shape = [blocks::count(targets), self.weight.len() / targets.max(1), blocks::width(targets)];
        let weight = Tensor::<3>::from_data(TensorData::new(blocks::pack(&self.weight, targets), shape), device);
        let bias = Tensor::<1>::from_data(TensorData::new(self.bias.clone(), [targets]), device);
        if device.is_autodiff() {
            return Connection::new(weight.require_grad(), bias.require_grad());
        }
        Connection::new(weight, bias)
    }
}

fn copy(connection: &Connection) -> Connection {
    Connection::new(connection.weight.clone(), connection.bias.clone())
}

async fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, Disagreement> {
    let data = tensor.into_data_async().await.map_err(|error| Disagreement(error.to_string()))?;
    Ok(data.iter::<f32>().collect())
}

async fn read_count(tensor: Tensor<1, Int>) -> Result<u32, Disagreement> {
    let data = tensor.into_data_async().await.map_err(|error| Disagreement(error.to_string()))?;
    Ok(data.iter::<u32>().next().unwrap_or_default())
}

fn close(ours: &[f32], judge: &[f32], tolerance: f32) -> bool {
    let largest = judge.iter().fold(1e-6_f32, |largest, value| largest.max(value.abs()));
    ours.len() == judge.len() && ours.iter().zip(judge).all(|(a, b)| (a - b).abs() <= tolerance * largest)
}

/// Whether the spikes are the judge's; else the potential at which a neuron's first differing spike lies, if it is not at
/// the threshold. `potentials` is [B, T, H].
fn same_spikes(ours: &SpikeTrain, judge: &SpikeTrain, potentials: Option<&[f32]>, threshold: f32) -> Result<bool, f32> {
    let (dense, judge, width, run) =
        (ours.to_dense(), judge.to_dense(), ours.neurons(), ours.neurons() * ours.time_steps());
    for (sample, neuron) in (0..ours.batch()).flat_map(|sample| (0..width).map(move |neuron| (sample, neuron))) {
        let mut places = (sample * run + neuron..(sample + 1) * run).step_by(width);
        if let Some(first) = places.find(|place| dense.get(*place) != judge.get(*place)) {
            let potential = potentials.and_then(|potentials| potentials.get(first)).copied().unwrap_or(f32::NAN);
            let at_the_threshold = (potential - threshold).abs() < AT_THE_THRESHOLD;
            if !at_the_threshold {
                return Err(potential);
            }
        }
    }
    Ok(dense == judge)
}
