//! What burn lacks, as backend extensions: the spiking layer and what reads it, the loss, Adam's step, and encoding.
//! Whatever a step computes with floats is here, so that it gives the same bits on every machine.
//!
//! A layer of spiking neurons is one operation with a hand-written derivative, not T×k tensor operations. Between two
//! layers pass packed spikes, an integer tensor, which burn's autodiff does not track. So a *carrier* travels with them:
//! one float that links the graph. The operation that reads the spikes registers their gradient, [B, T, N], under the
//! carrier's node, and the operation that made them takes it from there. A layer's spikes have one reader: a
//! [`SpikeTensor`] cannot be cloned.
//!
//! Weights lie in [`blocks`]; no other layout is known here.
//!
//! [`reference`] says the same in plain tensor operations, slowly and obviously: it is the judge.

pub mod blocks;
mod card;
mod cpu;
mod derivative;
#[cfg(feature = "gpu")]
mod gpu;
pub mod reference;

pub use card::{Card, OpenError};
pub(crate) use cpu::threads::{each, together};

use crate::spec::{Encoding, Neuron};
use crate::spikes::SpikeTrain;
use crate::spikes::encode::{self, Pass};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, Dispatch, ExtensionType, backend_extension};
use burn::tensor::{DType, Device, ExecutionError, Int, Tensor, TensorData};

/// Packed spikes and their carrier, as a backend's tensors.
#[derive(Clone, Debug, ExtensionType)]
pub struct Spikes<B: Backend> {
    /// [B, N, words], u32.
    pub bits: IntTensor<B>,
    /// [1], zero.
    pub carrier: FloatTensor<B>,
}

/// What a layer of spiking neurons gives, as a backend's tensors.
#[derive(Clone, Debug, ExtensionType)]
pub struct Fired<B: Backend> {
    /// Packed spikes, [B, H, words], u32.
    pub bits: IntTensor<B>,
    /// [1], zero.
    pub carrier: FloatTensor<B>,
}

/// Weights and bias of a layer, or numbers that belong to them, as a backend's tensors.
///
/// As *sums* they are the gradients over earlier samples of a batch, empty where there are none. New ones are added to
/// them sample by sample, so that the sums do not depend on how a batch was cut.
#[derive(Clone, Debug, ExtensionType)]
pub struct Pair<B: Backend> {
    /// [K, N, W].
    pub weight: FloatTensor<B>,
    /// [H].
    pub bias: FloatTensor<B>,
}

/// What the loss says of a batch, as a backend's tensors.
#[derive(Clone, Debug, ExtensionType)]
pub struct Judgement<B: Backend> {
    /// [1].
    pub loss: FloatTensor<B>,
    /// How many samples are read rightly, [1].
    pub correct: IntTensor<B>,
}

/// What Adam's step moves, as a backend's tensors.
#[derive(Clone, Debug, ExtensionType)]
pub struct Adaptive<B: Backend> {
    /// The parameters.
    #[extension_type]
    pub parameter: Pair<B>,
    /// The running mean of their gradient.
    #[extension_type]
    pub mean: Pair<B>,
    /// The running mean of their gradient's square.
    #[extension_type]
    pub square: Pair<B>,
}

/// The operations that are tracked by autodiff.
#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Autodiff)]
pub trait SpikingOperations: Backend {
    /// A layer of spiking neurons: weights [K, N, W], bias [H].
    fn spiking_layer(
        #[extension_type] input: Spikes<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        #[extension_type] sums: Pair<Self>,
        neuron: Neuron,
        time_steps: usize,
    ) -> Fired<Self>;

    /// A layer of neurons into which the same currents, [B, H], flow at every time step.
    fn driven_neurons(currents: FloatTensor<Self>, neuron: Neuron, time_steps: usize) -> Fired<Self>;

    /// Σ_t c[t]·s[t] for each neuron: [B, N].
    fn weighted_spike_count(#[extension_type] input: Spikes<Self>, coefficients: Vec<f32>) -> FloatTensor<Self>;

    /// input [B, N] × weight [K, N, W] + times·bias [H], as [B, H].
    fn affine(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        #[extension_type] sums: Pair<Self>,
        times: f32,
    ) -> FloatTensor<Self>;

    /// Leaky integrators that read spikes: Σ_t c[t]·s[t] [B, N] × weight [K, N, W] + Σ_t c[t]·bias [H], as [B, H].
    fn integrators(
        #[extension_type] input: Spikes<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        #[extension_type] sums: Pair<Self>,
        coefficients: Vec<f32>,
    ) -> FloatTensor<Self>;

    /// The sum of -log softmax(logits)[label], from logits [B, C], divided by the size of the batch, of which these may
    /// be a part.
    fn cross_entropy(logits: FloatTensor<Self>, labels: Vec<u8>, batch: usize) -> Judgement<Self>;
}

/// The operations outside the graph.
#[backend_extension(Flex, Cube: cfg(feature = "gpu"))]
pub trait UntrackedOperations: Backend {
    /// u, the membrane potentials before the reset of a layer of spiking neurons, [B, T, H].
    fn membrane_potentials(
        #[extension_type] input: Spikes<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        neuron: Neuron,
        time_steps: usize,
    ) -> FloatTensor<Self>;

    /// The same numbers, where the kernels reach them fastest.
    fn well_placed(#[extension_type] pair: Pair<Self>) -> Pair<Self>;

    /// One step of Adam; see [`crate::optimizer`]. A gradient that is no finite number may move nothing.
    fn adam(
        #[extension_type] adaptive: Adaptive<Self>,
        #[extension_type] gradient: Pair<Self>,
        step: AdamStep,
    ) -> Adaptive<Self>;

    /// Writes bytes, four a number and a multiple of four of them, from byte `first` on.
    fn written(images: IntTensor<Self>, first: usize, bytes: Vec<u8>) -> IntTensor<Self>;

    /// Spikes [B, N, words] of images that lie on the device, `batch` [B, 3] of them: number, and both halves of the key
    /// of its random numbers. The coding is by spikes.
    fn coded_spikes(
        images: IntTensor<Self>,
        batch: IntTensor<Self>,
        coding: Encoding,
        pixels: usize,
        time_steps: usize,
    ) -> IntTensor<Self>;

    /// The same images as constant currents, [B, N].
    fn coded_currents(images: IntTensor<Self>, batch: IntTensor<Self>, pixels: usize) -> FloatTensor<Self>;
}

/// What is the same for all numbers of one step of Adam.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    /// β1, the share of the gradient's mean that stays.
    pub beta_1: f32,
    /// β2, the share of its square's mean that stays.
    pub beta_2: f32,
    /// The step size, with both corrections of the means' bias in it.
    pub rate: f32,
    /// ε, scaled as the root of the square's mean is.
    pub epsilon: f32,
}

/// The gradients of a layer of spiking neurons, as a backend's tensors.
pub(crate) struct LayerGradients<B: Backend> {
    /// [K, N, W].
    weight: FloatTensor<B>,
    /// [H].
    bias: FloatTensor<B>,
    /// Of the input's spikes, [B, T, N], where asked for.
    input: Option<FloatTensor<B>>,
}

/// The gradients of an affine map, as a backend's tensors, where asked for.
pub(crate) struct AffineGradients<B: Backend> {
    /// [B, N], or that of spikes.
    input: Option<FloatTensor<B>>,
    /// [K, N, W].
    weight: Option<FloatTensor<B>>,
    /// [H].
    bias: Option<FloatTensor<B>>,
}

/// What the derivatives are made of: forward passes that remember, and backward passes, of a backend without autodiff.
///
/// The gradient of a layer's spikes, which stands under its carrier's node, has one of two forms: [B, T, H], or, where
/// it is a coefficient for each time step times a number for each neuron, [T + B·H], the coefficients first.
pub(crate) trait Derivatives: SpikingOperations {
    /// What a layer remembers of its forward pass.
    type Record: Clone + std::fmt::Debug + Send + Sync + 'static;

    /// [`SpikingOperations::spiking_layer`], with what its backward pass needs.
    fn recorded_spiking_layer(
        input: Spikes<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        neuron: Neuron,
        time_steps: usize,
    ) -> (Fired<Self>, Self::Record);

    /// From `gradient`, of the layer's spikes.
    fn spiking_layer_gradients(
        record: Self::Record,
        weight: FloatTensor<Self>,
        sums: Pair<Self>,
        gradient: FloatTensor<Self>,
        neuron: Neuron,
        with_input: bool,
    ) -> LayerGradients<Self>;

    /// [`SpikingOperations::driven_neurons`], with what its backward pass needs.
    fn recorded_driven_neurons(
        currents: FloatTensor<Self>,
        neuron: Neuron,
        time_steps: usize,
    ) -> (Fired<Self>, Self::Record);

    /// From `gradient`, of the spikes, to that of the constant currents, [B, H].
    fn driven_neurons_gradient(record: Self::Record, gradient: FloatTensor<Self>, neuron: Neuron) -> FloatTensor<Self>;

    /// From `gradient` [B, N] of the counts to that of the spikes.
    fn spread_over_time(gradient: FloatTensor<Self>, coefficients: &[f32]) -> FloatTensor<Self>;

    /// From `gradient` [B, H] of an affine map's output; `wanted` says which of input, weight and bias.
    fn affine_gradients(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        sums: Pair<Self>,
        gradient: FloatTensor<Self>,
        times: f32,
        wanted: [bool; 3],
    ) -> AffineGradients<Self>;

    /// [`SpikingOperations::integrators`], with the counts that its backward pass needs.
    fn recorded_integrators(
        input: Spikes<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        coefficients: &[f32],
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// From `gradient` [B, H] of the integrators' output; `wanted` says which of spikes, weight and bias.
    fn integrators_gradients(
        counts: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        sums: Pair<Self>,
        gradient: FloatTensor<Self>,
        coefficients: &[f32],
        wanted: [bool; 3],
    ) -> AffineGradients<Self>;

    /// From `gradient` [1] of the loss to that of the logits, [B, C].
    fn cross_entropy_gradient(
        logits: FloatTensor<Self>,
        labels: &[u8],
        batch: usize,
        gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// The CPU. Everything outside this module learns from its device where it computes.
pub fn cpu() -> Device {
    Device::flex()
}

/// Opens the best graphics card there is. Once in a program.
///
/// # Errors
/// When there is none, it refuses or cannot do what the kernels need, or this program was built without them.
pub async fn card() -> Result<Card, OpenError> {
    #[cfg(feature = "gpu")]
    let opened = gpu::open().await;
    #[cfg(not(feature = "gpu"))]
    let opened = Err(OpenError::NotBuilt);
    opened
}

/// Whether a device is a graphics card: what it computes should stay there, and reading it back takes long.
pub fn is_card(device: &Device) -> bool {
    #[cfg(feature = "gpu")]
    let card = gpu::holds(device);
    #[cfg(not(feature = "gpu"))]
    let card = {
        let _ = device;
        false
    };
    card
}

/// A batch of images as rate coding has them on the CPU: [`crate::spikes::encode::rate`], on all cores and with the
/// widest instructions.
///
/// # Panics
/// When the images differ in size, or there are not as many samples as images.
pub fn rate(images: &[&[u8]], samples: &[u64], seed: u64, pass: Pass, time_steps: usize) -> SpikeTrain {
    cpu::encode::rate(images, samples, seed, pass, time_steps)
}

/// A batch of images as latency coding has them on the CPU: [`crate::spikes::encode::latency`], on all cores.
///
/// # Panics
/// When the images differ in size, or T is 0.
pub fn latency(images: &[&[u8]], time_steps: usize) -> SpikeTrain {
    cpu::encode::latency(images, time_steps)
}

/// A batch of spike trains on a device.
#[derive(Debug)]
pub struct SpikeTensor {
    bits: Tensor<3, Int>,
    carrier: Tensor<1>,
    time_steps: usize,
}

impl SpikeTensor {
    /// Brings spike trains to a device. They are constants: no gradient flows into them.
    pub fn new(train: SpikeTrain, device: &Device) -> Self {
        let shape = [train.batch(), train.neurons(), train.words_per_neuron()];
        let time_steps = train.time_steps();
        let bits = Tensor::from_data(TensorData::new(train.into_words(), shape), (device, DType::U32));
        Self { bits, carrier: Tensor::zeros([1], device), time_steps }
    }

    /// Brings the spike trains back.
    pub fn train(&self) -> SpikeTrain {
        self.train_of(&self.bits.to_data())
    }

    /// The same where nobody can wait, as in a browser.
    ///
    /// # Errors
    /// When the device cannot be read.
    pub async fn train_async(&self) -> Result<SpikeTrain, ExecutionError> {
        Ok(self.train_of(&self.bits.clone().into_data_async().await?))
    }

    fn train_of(&self, data: &TensorData) -> SpikeTrain {
        let [batch, neurons, _] = self.bits.dims();
        // Kernels write no spike after the last time step.
        SpikeTrain::from_words(batch, neurons, self.time_steps, data.iter::<u32>().collect()).unwrap_or_default()
    }

    /// [B, N].
    pub fn dims(&self) -> [usize; 2] {
        let [batch, neurons, _] = self.bits.dims();
        [batch, neurons]
    }

    /// T.
    pub const fn time_steps(&self) -> usize {
        self.time_steps
    }

    fn of(fired: Fired<Dispatch>, time_steps: usize) -> Self {
        let (bits, carrier) = (Tensor::from_dispatch(fired.bits), Tensor::from_dispatch(fired.carrier));
        Self { bits, carrier, time_steps }
    }

    fn into_dispatch(self) -> Spikes<Dispatch> {
        Spikes { bits: self.bits.into_dispatch(), carrier: self.carrier.into_dispatch() }
    }
}

/// Weights and bias from one layer to the next, with the gradients that they have had from earlier samples of a batch.
#[derive(Debug)]
pub struct Connection {
    /// [K, N, W].
    pub weight: Tensor<3>,
    /// [H].
    pub bias: Tensor<1>,
    /// The gradients of both, outside the graph.
    pub sums: Option<(Tensor<3>, Tensor<1>)>,
}

impl Connection {
    /// Without gradients yet. Shapes: `weight` [K, N, W], `bias` [H].
    pub const fn new(weight: Tensor<3>, bias: Tensor<1>) -> Self {
        Self { weight, bias, sums: None }
    }

    fn into_dispatch(self) -> (FloatTensor<Dispatch>, FloatTensor<Dispatch>, Pair<Dispatch>) {
        let device = self.weight.device();
        let (weight, bias) = self.sums.unwrap_or_else(|| {
            let plain = device.clone().inner();
            (Tensor::empty([0; 3], &plain), Tensor::empty([0], &plain))
        });
        let (weight, bias) = match device.is_autodiff() {
            true => (Tensor::from_inner(weight), Tensor::from_inner(bias)),
            false => (weight, bias),
        };
        let sums = Pair { weight: weight.into_dispatch(), bias: bias.into_dispatch() };
        (self.weight.into_dispatch(), self.bias.into_dispatch(), sums)
    }
}

/// A layer of spiking neurons: its spikes, [B, H], from those of its input, [B, N].
pub fn spiking_layer(input: SpikeTensor, connection: Connection, neuron: &Neuron) -> SpikeTensor {
    let time_steps = input.time_steps;
    let (input, (weight, bias, sums)) = (input.into_dispatch(), connection.into_dispatch());
    SpikeTensor::of(Dispatch::spiking_layer(input, weight, bias, sums, *neuron, time_steps), time_steps)
}

/// The membrane potentials before the reset of a layer of spiking neurons, [B, T, H]. None of the tensors takes part in a
/// graph.
pub fn membrane_potentials(input: SpikeTensor, weight: Tensor<3>, bias: Tensor<1>, neuron: &Neuron) -> Tensor<3> {
    let time_steps = input.time_steps;
    let (input, weight, bias) = (input.into_dispatch(), weight.into_dispatch(), bias.into_dispatch());
    Tensor::from_dispatch(Dispatch::membrane_potentials(input, weight, bias, *neuron, time_steps))
}

/// A layer of neurons into which the same currents, [B, H], flow at every time step: its spikes, [B, H].
pub fn driven_neurons(currents: Tensor<2>, neuron: &Neuron, time_steps: usize) -> SpikeTensor {
    SpikeTensor::of(Dispatch::driven_neurons(currents.into_dispatch(), *neuron, time_steps), time_steps)
}

/// Σ_t c[t]·s[t] for each neuron, [B, N].
///
/// # Panics
/// When there are not T coefficients.
pub fn weighted_spike_count(input: SpikeTensor, coefficients: &[f32]) -> Tensor<2> {
    assert_eq!(coefficients.len(), input.time_steps, "a weight for each time step");
    Tensor::from_dispatch(Dispatch::weighted_spike_count(input.into_dispatch(), coefficients.to_vec()))
}

/// input [B, N] × weight [K, N, W] + times·bias [H], as [B, H].
pub fn affine(input: Tensor<2>, connection: Connection, times: f32) -> Tensor<2> {
    let (input, (weight, bias, sums)) = (input.into_dispatch(), connection.into_dispatch());
    Tensor::from_dispatch(Dispatch::affine(input, weight, bias, sums, times))
}

/// Leaky integrators that read spikes, [B, N]: the weighted mean over time of their potentials, [B, H].
///
/// # Panics
/// When there are not T coefficients.
pub fn integrators(input: SpikeTensor, connection: Connection, coefficients: &[f32]) -> Tensor<2> {
    assert_eq!(coefficients.len(), input.time_steps, "a weight for each time step");
    let (input, (weight, bias, sums)) = (input.into_dispatch(), connection.into_dispatch());
    Tensor::from_dispatch(Dispatch::integrators(input, weight, bias, sums, coefficients.to_vec()))
}

/// The sum of -log softmax(logits)[label], [1], divided by the size of the batch, of which these may be a part, and how
/// many rows have their label's logit as the largest, [1]. `logits` is [B, C].
///
/// # Panics
/// When there are not B labels, or one is not below C.
pub fn cross_entropy(logits: Tensor<2>, labels: &[u8], batch: usize) -> (Tensor<1>, Tensor<1, Int>) {
    let [rows, classes] = logits.dims();
    assert_eq!(rows, labels.len(), "a label for each row");
    assert!(labels.iter().all(|label| usize::from(*label) < classes), "labels are below the number of classes");
    let judgement = Dispatch::cross_entropy(logits.into_dispatch(), labels.to_vec(), batch);
    (Tensor::from_dispatch(judgement.loss), Tensor::from_dispatch(judgement.correct))
}

/// Weights [K, N, W] and bias [H], or numbers that belong to them.
pub type Parameters = (Tensor<3>, Tensor<1>);

fn pair((weight, bias): Parameters) -> Pair<Dispatch> {
    Pair { weight: weight.into_dispatch(), bias: bias.into_dispatch() }
}

fn parameters(pair: Pair<Dispatch>) -> Parameters {
    (Tensor::from_dispatch(pair.weight), Tensor::from_dispatch(pair.bias))
}

/// The same numbers, where the kernels reach them fastest. The tensors take no part in a graph.
pub fn well_placed(numbers: Parameters) -> Parameters {
    parameters(Dispatch::well_placed(pair(numbers)))
}

/// One step of Adam on a layer's parameters, the running means of their gradient and of its square. None of the tensors
/// takes part in a graph.
pub fn adam([parameter, mean, square]: [Parameters; 3], gradient: Parameters, step: AdamStep) -> [Parameters; 3] {
    let adaptive = Adaptive { parameter: pair(parameter), mean: pair(mean), square: pair(square) };
    let Adaptive { parameter, mean, square } = Dispatch::adam(adaptive, pair(gradient), step);
    [parameter, mean, square].map(parameters)
}

/// Images that lie on a device, to be coded there.
#[derive(Debug)]
pub struct ImageStore {
    /// Four pixels a number.
    words: Tensor<1, Int>,
    pixels: usize,
}

/// Pixels in a number of an [`ImageStore`].
const PIXELS_PER_WORD: usize = 4;

impl ImageStore {
    /// Room for so many images of so many pixels.
    pub fn new(images: usize, pixels: usize, device: &Device) -> Self {
        let words = (images * pixels).div_ceil(PIXELS_PER_WORD).max(1);
        Self { words: Tensor::empty([words], (&device.clone().inner(), DType::U32)), pixels }
    }

    /// Takes images in from number `first` on, a multiple of four.
    ///
    /// # Panics
    /// When there is no room for them.
    pub fn put(&mut self, first: usize, images: &[u8]) {
        assert_eq!(first % PIXELS_PER_WORD, 0, "images begin with a number of their own");
        let mut bytes = images.to_vec();
        bytes.resize(images.len().next_multiple_of(PIXELS_PER_WORD), 0);
        let end = (first * self.pixels + bytes.len()) / PIXELS_PER_WORD;
        assert!(end <= self.words.dims()[0], "there is no room for these images");
        let nothing = Tensor::empty([0], &self.words.device());
        let words = std::mem::replace(&mut self.words, nothing);
        self.words = Tensor::from_dispatch(Dispatch::written(words.into_dispatch(), first * self.pixels, bytes));
    }

    /// The images with these numbers in the store, each with its number in the data set, [`encode::rate`] or
    /// [`encode::latency`] coded.
    pub fn spikes(
        &self,
        batch: &[(usize, u64)],
        coding: Encoding,
        seed: u64,
        pass: Pass,
        time_steps: usize,
    ) -> SpikeTensor {
        let device = self.words.device();
        let batch = self.batch(batch, seed, pass);
        let bits = Dispatch::coded_spikes(self.words.clone().into_dispatch(), batch, coding, self.pixels, time_steps);
        SpikeTensor { bits: Tensor::from_dispatch(bits), carrier: Tensor::empty([1], &device), time_steps }
    }

    /// The images with these numbers in the store as constant currents, [B, N].
    pub fn currents(&self, batch: &[(usize, u64)]) -> Tensor<2> {
        let batch = self.batch(batch, 0, Pass::Drawing);
        Tensor::from_dispatch(Dispatch::coded_currents(self.words.clone().into_dispatch(), batch, self.pixels))
    }

    fn batch(&self, batch: &[(usize, u64)], seed: u64, pass: Pass) -> IntTensor<Dispatch> {
        let entry = |(image, sample): &(usize, u64)| {
            let key = encode::key(seed, pass, *sample);
            [*image as u32, key.0, key.1]
        };
        let numbers: Vec<u32> = batch.iter().flat_map(entry).collect();
        let data = TensorData::new(numbers, [batch.len(), 3]);
        Tensor::<2, Int>::from_data(data, (&self.words.device(), DType::U32)).into_dispatch()
    }
}
