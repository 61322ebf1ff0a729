//! A network of one hidden layer that several workers train together: each has the weights of some of the hidden neurons, its
//! *share*, and all of them the readout's (tensor parallelism; Shoeybi et al. 2019, arXiv:1909.08053, section 3).
//!
//! In a step each worker encodes the batch itself, lets it pass through its neurons, and tells the others their weighted spike
//! counts. From the counts of all neurons each computes class scores, loss and the readout's gradient, and of its own neurons'
//! counts goes back to its weights. No number is a sum over two workers, so the weights come out bit-identical to those of
//! [`Run::launch`], and the copies of the readout stay equal.

use super::losses::LaunchedStep;
use super::{Launch, PassedPart, Position, Run};
use crate::digits::Images;
use crate::event::{Accuracy, StepDone};
use crate::kernels::{self, LinearShape};
use crate::layer::{Integrators, Layer, Linear, ParameterGradients, ParameterLayout, numbers};
use crate::network::{EncodedBatch, Network, ReadoutLayer};
use crate::optimizer::{Adam, learning_rate};
use crate::pipeline::encode;
use crate::rate_penalty::RatePenalty;
use crate::sample::Sample;
use crate::spec::{LayerSpec, Readout, Spec};
use crate::spikes::encode::Pass;
use burn::module::Param;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The maximal number of shares into which a spec's network can be divided: its hidden layer's blocks in the kernels. 1 where
/// there are several hidden layers, or convolutions, whose spikes and gradients would have to be exchanged; and where the
/// readout itself spikes.
pub fn max_shares(spec: &Spec) -> usize {
    match (&spec.layers[..], spec.readout) {
        ([LayerSpec::Dense(neurons)], Readout::Membrane) => LinearShape { inputs: 1, outputs: *neurons }.blocks(),
        _ => 1,
    }
}

/// The hidden neurons of each of so many shares, at most [`max_shares`]: whole blocks of the kernels, as evenly as these allow.
///
/// ```
/// use spiking_playground::training::share::division;
/// assert_eq!(division(256, 2), [0..128, 128..256]);
/// ```
pub fn division(neurons: usize, shares: usize) -> Vec<Range<usize>> {
    let shape = LinearShape { inputs: 1, outputs: neurons };
    let start = |share: usize| (shape.blocks() * share / shares.max(1) * shape.width()).min(neurons);
    (0..shares).map(|share| start(share)..start(share + 1)).collect()
}

/// What a worker needs to take a share: all but its numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShareHead {
    /// The run's settings, as what differs from the defaults ([`Spec::to_hash`]).
    pub spec: String,
    /// Pixels of an image.
    pub pixels: usize,
    /// Classes.
    pub classes: usize,
    /// The hidden neurons that it trains.
    pub neurons: Range<usize>,
    /// Updates of the weights so far.
    pub step: u64,
}

/// A batch for all shares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SharedBatch {
    /// The epoch, from 0.
    pub epoch: u32,
    /// The images' numbers in the data set, \[B\].
    pub samples: Vec<u64>,
    /// Their labels, \[B\].
    pub labels: Vec<u8>,
    /// Their pixels, [B, N]. On the wire they stand beside the rest.
    #[serde(skip)]
    pub pixels: Vec<u8>,
    /// The learning rate.
    pub rate: f64,
}

/// What a share tells the others of a batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareCounts {
    /// `Σ_t c[t]·s[t]` of its neurons ([`Integrators::coefficients`]), [B, neurons].
    pub counts: Vec<f32>,
    /// What its neurons' firing rates add to the loss.
    pub penalty: f32,
}

/// The numbers that a share has learnt: of its neurons' map and of the readout's, each the parameters, Adam's mean of their
/// gradient and that of its square.
pub type ShareNumbers = [[Vec<f32>; 3]; 2];

/// A share of a network in training.
#[derive(Debug)]
pub struct Share {
    spec: Spec,
    neurons: Range<usize>,
    /// H, with those of the other shares.
    hidden: usize,
    /// The share's neurons, and a readout that reads all.
    network: Network,
    adam: Adam,
    /// The counts of the batch in hand, in the graph.
    counts: Option<Tensor<2>>,
}

/// The places of a share's numbers in the flat parameter of the whole layer, of this shape, and in its own.
fn places(whole: LinearShape, neurons: &Range<usize>) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    let own = LinearShape { inputs: whole.inputs, outputs: neurons.len() };
    let (first, width) = (neurons.start, own.width());
    let blocks = (0..own.blocks()).flat_map(move |block| {
        let (at, real) = (first + block * width, width.min(own.outputs - block * width));
        (0..whole.inputs).map(move |input| {
            let from = (at / whole.width() * whole.inputs + input) * whole.width() + at % whole.width();
            let to = (block * whole.inputs + input) * width;
            (from..from + real, to..to + real)
        })
    });
    let (from, to) = (whole.bias_start() + first, own.bias_start());
    blocks.chain([(from..from + own.outputs, to..to + own.outputs)])
}

/// Of the hidden layer and of the readout: parameters, Adam's means and squares.
fn numbers_of(network: &Network, adam: &Adam) -> ShareNumbers {
    let (mut flat, mut means) = (network.flat_parameters(), adam.means());
    [(); 2].map(|()| {
        let own = flat.next().map_or_else(Vec::new, |flat| numbers(flat.val().inner()));
        let [mean, square] = means.next().map_or_else(Default::default, |of| of.map(|tensor| numbers(tensor.clone())));
        [own, mean, square]
    })
}

impl Share {
    /// The share with these numbers.
    ///
    /// # Errors
    /// When they are not those of the head's network.
    pub fn new(head: &ShareHead, [layer, readout]: ShareNumbers, device: &Device) -> Result<Self, ShareError> {
        let (spec, rest, errors) = Spec::from_hash(&Spec::default(), &head.spec);
        let [LayerSpec::Dense(hidden)] = spec.layers[..] else { return Err(ShareError) };
        let ends = head.neurons.start < head.neurons.end && head.neurons.end <= hidden;
        let own = ParameterLayout::dense(head.pixels, head.neurons.len());
        let reads = ParameterLayout::dense(hidden, head.classes);
        let fit =
            |layout: ParameterLayout, all: &[Vec<f32>; 3]| all.iter().all(|of| of.len() == layout.shape.numbers());
        if !rest.is_empty() || !errors.is_empty() || !ends || !fit(own, &layer) || !fit(reads, &readout) {
            return Err(ShareError);
        }
        let [[parameters, mean, square], [read, read_mean, read_square]] = [layer, readout];
        let neuron = spec.neuron;
        let linear = Linear::from_flat(reads, read, device);
        let readout = ReadoutLayer::Membrane(Integrators { linear, beta: f64::from(neuron.beta) });
        let network = Network { layers: vec![Layer::from_flat(own, neuron, parameters, device)], readout };
        let adam = Adam::restored(head.step, vec![[mean, square], [read_mean, read_square]], device);
        Ok(Self { spec, neurons: head.neurons.clone(), hidden, network, adam, counts: None })
    }

    /// Updates of the weights so far.
    pub const fn step(&self) -> u64 {
        self.adam.step()
    }

    /// A batch as the share's neurons get it. It reads no number that is learnt, so it may be called at any time before the batch
    /// passes.
    ///
    /// # Panics
    /// When the batch's parts are not of one size.
    pub fn encode(&self, batch: &SharedBatch) -> EncodedBatch {
        let sample = |(i, pixels)| Sample { pixels, label: Some(batch.labels[i]), number: batch.samples[i] };
        let images = batch.pixels.chunks_exact(self.network.pixels());
        let samples: Vec<Sample<'_>> = images.enumerate().map(sample).collect();
        encode(&self.spec, &samples, Pass::Training(batch.epoch))
    }

    /// Lets a batch of so many images pass through the share's neurons.
    pub fn forward(&mut self, batch: EncodedBatch, size: usize) -> ShareCounts {
        let layer = &self.network.layers[0];
        let input = self.network.layer_input(batch);
        let penalty = RatePenalty { neurons: Some(self.hidden), ..RatePenalty::of(&self.spec) };
        let penalty = penalty.per_sample(size);
        let spikes = layer.forward(input, None, penalty);
        let paid = match penalty.is_none() {
            true => 0.0,
            false => numbers(kernels::rate_penalty(&spikes, penalty)).iter().sum(),
        };
        let counts = kernels::weighted_spike_count(spikes, &self.coefficients());
        let values = numbers(counts.clone().inner());
        self.counts = Some(counts);
        ShareCounts { counts: values, penalty: paid }
    }

    fn coefficients(&self) -> Vec<f32> {
        Integrators::coefficients(f64::from(self.spec.neuron.beta), self.spec.time_steps)
    }

    /// Learns from the batch in hand, whose counts of all shares these are, in the order of their neurons. Returns the loss,
    /// without what firing adds, and how many images were classified correctly; of a loss that is no number nothing is learnt.
    ///
    /// # Panics
    /// When no batch is in hand, or the counts are not those of all neurons.
    #[expect(clippy::expect_used, reason = "who learns has let a batch pass")]
    pub fn learn(&mut self, batch: &SharedBatch, shares: &[&[f32]]) -> (f32, usize) {
        let size = batch.samples.len();
        let mut all = Vec::with_capacity(size * self.hidden);
        for sample in 0..size {
            for counts in shares {
                let width = counts.len() / size;
                all.extend_from_slice(&counts[sample * width..][..width]);
            }
        }
        let own = self.counts.take().expect("a batch in hand");
        let counts = kernels::among(own, all, self.neurons.start);
        let scale = self.coefficients().iter().sum();
        let logits = kernels::linear(counts, self.network.readout.linear().weights(None), scale);
        let (loss, correct) = kernels::cross_entropy(logits, &batch.labels, size);
        let (value, correct) =
            (numbers(loss.clone().inner())[0], correct.into_data().iter::<u32>().next().unwrap_or(0));
        if value.is_finite() {
            let gradients = ParameterGradients::take(self.network.flat_parameters(), &mut loss.backward());
            self.adam.update(&mut self.network, gradients, batch.rate);
        }
        (value, correct as usize)
    }

    /// What it has learnt.
    pub fn numbers(&self) -> ShareNumbers {
        numbers_of(&self.network, &self.adam)
    }
}

/// Numbers that are not those of a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the numbers are not those of a share of the network")]
pub struct ShareError;

impl Run {
    /// What workers need to train these hidden neurons each from here on. The network must be one that can be divided
    /// ([`max_shares`]).
    pub fn shares(&self, division: &[Range<usize>]) -> Vec<(ShareHead, ShareNumbers)> {
        let [layer, readout] = numbers_of(&self.network, &self.adam);
        let whole = self.network.layers[0].linear.shape();
        let share = |neurons: &Range<usize>| {
            let head = ShareHead {
                spec: self.spec.to_hash(&Spec::default()),
                pixels: self.network.pixels(),
                classes: self.network.classes(),
                neurons: neurons.clone(),
                step: self.adam.step(),
            };
            let own = LinearShape { outputs: neurons.len(), ..whole };
            let cut = layer.each_ref().map(|all| {
                let mut part = vec![0.0; own.numbers()];
                places(whole, neurons).for_each(|(from, to)| part[to].copy_from_slice(&all[from]));
                part
            });
            (head, [cut, readout.clone()])
        };
        division.iter().map(share).collect()
    }

    /// Takes in what all shares have learnt, in the order of the neurons, after so many updates of the weights.
    ///
    /// # Errors
    /// When the numbers are not those of such shares; the run is then as it was.
    pub fn adopt_shares(&mut self, shares: &[(Range<usize>, ShareNumbers)], step: u64) -> Result<(), ShareError> {
        let [mut layer, mut readout] = numbers_of(&self.network, &self.adam);
        let whole = self.network.layers[0].linear.shape();
        for (neurons, [own, reads]) in shares {
            let shape = LinearShape { outputs: neurons.len(), ..whole };
            for ((all, own), (read, reads)) in layer.iter_mut().zip(own).zip(readout.iter_mut().zip(reads)) {
                if own.len() != shape.numbers() || reads.len() != read.len() || neurons.end > whole.outputs {
                    return Err(ShareError);
                }
                places(whole, neurons).for_each(|(to, from)| all[to].copy_from_slice(&own[from]));
                read.copy_from_slice(reads);
            }
        }
        let device = self.network.device();
        let mut moments = Vec::new();
        for (to, [parameters, mean, square]) in self.network.flat_parameters_mut().zip([layer, readout]) {
            *to = Param::from_tensor(kernels::parameters_on(parameters, &device));
            moments.push([mean, square]);
        }
        self.adam = Adam::restored(step, moments, &device);
        Ok(())
    }

    /// The batch behind the next `ahead` images of the epoch, for shares that will have taken `step` steps; or why there is none
    /// yet.
    ///
    /// # Errors
    /// [`Launch::Waiting`] or [`Launch::NoImages`].
    pub fn shared_batch(&self, step: u64, ahead: usize, images: &impl Images) -> Result<SharedBatch, Launch> {
        let rate = learning_rate(&self.spec, step, self.steps());
        let (samples, labels, pixels) = (Vec::new(), Vec::new(), Vec::new());
        let mut batch = SharedBatch { epoch: self.position.epoch, samples, labels, pixels, rate };
        for place in self.order.batch(self.position.images + ahead, self.spec.batch_size) {
            let Some((pixels, label)) = images.at(*place) else { return Err(Launch::Waiting(place.shard)) };
            batch.samples.push(place.sample() as u64);
            batch.labels.push(label);
            batch.pixels.extend_from_slice(pixels);
        }
        if batch.samples.is_empty() { Err(Launch::NoImages) } else { Ok(batch) }
    }

    /// Stands at an earlier place of the same epoch, where the weights still are: what shares learnt since is lost.
    pub fn go_back_to(&mut self, position: Position) {
        (self.position, self.passed) = (position, PassedPart::default());
        self.launched.clear();
    }

    /// Whether all images of the epoch were shown.
    pub fn epoch_is_shown(&self) -> bool {
        self.position.images >= self.images()
    }

    /// Shares have taken a step, with this loss, firing included: it is to be recorded as any other. Their weights are theirs
    /// until [`Run::adopt_shares`].
    pub fn shares_stepped(&mut self, step: u64, images: usize, loss: f32, correct: usize) {
        let at = self.position.images + images;
        if loss.is_finite() {
            self.position.images = at;
        }
        let done = StepDone {
            step,
            epoch: self.position.epoch,
            images: at,
            images_in_epoch: self.images(),
            loss,
            score: Accuracy { correct, images },
        };
        self.launched.push(LaunchedStep { done, on_gpu: None });
    }
}
