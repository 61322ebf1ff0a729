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
mod cpu;
mod derivative;
pub mod reference;

pub(crate) use cpu::threads::together;

use crate::spec::Neuron;
use crate::spikes::SpikeTrain;
use crate::spikes::encode::Pass;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, Dispatch, ExtensionType, backend_extension};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};

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

/// What Adam's step gives, as a backend's tensors, each of the parameter's shape.
#[derive(Clone, Debug, ExtensionType)]
pub struct Adapted<B: Backend> {
    /// The parameter.
    pub parameter: FloatTensor<B>,
    /// The running mean of its gradient.
    pub mean: FloatTensor<B>,
    /// The running mean of its gradient's square.
    pub square: FloatTensor<B>,
}

/// The operations that are tracked by autodiff.
#[backend_extension(Flex, Autodiff)]
pub trait SpikingOperations: Backend {
    /// A layer of spiking neurons: weights [K, N, W], bias [H].
    fn spiking_layer(
        #[extension_type] input: Spikes<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
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
        times: f32,
    ) -> FloatTensor<Self>;

    /// Mean over the batch of -log softmax(logits)[label], [1], from logits [B, C].
    fn cross_entropy(logits: FloatTensor<Self>, labels: Vec<u8>) -> FloatTensor<Self>;
}

/// The operations outside the graph.
#[backend_extension(Flex)]
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
    fn well_placed(tensor: FloatTensor<Self>) -> FloatTensor<Self>;

    /// One step of Adam; see [`crate::optimizer`].
    fn adam(
        parameter: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        square: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        step: AdamStep,
    ) -> Adapted<Self>;
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
    /// [B, N].
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
        gradient: FloatTensor<Self>,
        times: f32,
        wanted: [bool; 3],
    ) -> AffineGradients<Self>;

    /// From `gradient` [1] of the loss to that of the logits, [B, C].
    fn cross_entropy_gradient(
        logits: FloatTensor<Self>,
        labels: &[u8],
        gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// The CPU. Everything outside this module learns from its device where it computes.
pub fn cpu() -> Device {
    Device::flex()
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
        let [batch, neurons, _] = self.bits.dims();
        let words = self.bits.to_data().iter::<u32>().collect();
        // Kernels write no spike after the last time step.
        SpikeTrain::from_words(batch, neurons, self.time_steps, words).unwrap_or_default()
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

/// A layer of spiking neurons: its spikes, [B, H]. Shapes: `input` [B, N], `weight` [K, N, W], `bias` [H].
pub fn spiking_layer(input: SpikeTensor, weight: Tensor<3>, bias: Tensor<1>, neuron: &Neuron) -> SpikeTensor {
    let time_steps = input.time_steps;
    let (input, weight, bias) = (input.into_dispatch(), weight.into_dispatch(), bias.into_dispatch());
    SpikeTensor::of(Dispatch::spiking_layer(input, weight, bias, *neuron, time_steps), time_steps)
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
pub fn affine(input: Tensor<2>, weight: Tensor<3>, bias: Tensor<1>, times: f32) -> Tensor<2> {
    let (input, weight, bias) = (input.into_dispatch(), weight.into_dispatch(), bias.into_dispatch());
    Tensor::from_dispatch(Dispatch::affine(input, weight, bias, times))
}

/// Mean over the batch of -log softmax(logits)[label], [1]. `logits` is [B, C].
///
/// # Panics
/// When there are not B labels, or one is not below C.
pub fn cross_entropy(logits: Tensor<2>, labels: &[u8]) -> Tensor<1> {
    let [batch, classes] = logits.dims();
    assert_eq!(batch, labels.len(), "a label for each row");
    assert!(labels.iter().all(|label| usize::from(*label) < classes), "labels are below the number of classes");
    Tensor::from_dispatch(Dispatch::cross_entropy(logits.into_dispatch(), labels.to_vec()))
}

/// The same numbers, where the kernels reach them fastest. The tensor takes no part in a graph.
pub fn well_placed<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::well_placed(tensor.into_dispatch()))
}

/// One step of Adam on a parameter, the running mean of its gradient and that of its gradient's square. None of the
/// tensors takes part in a graph.
pub fn adam<const D: usize>(
    [parameter, mean, square]: [Tensor<D>; 3],
    gradient: Tensor<D>,
    step: AdamStep,
) -> [Tensor<D>; 3] {
    let adapted = Dispatch::adam(
        parameter.into_dispatch(),
        mean.into_dispatch(),
        square.into_dispatch(),
        gradient.into_dispatch(),
        step,
    );
    [adapted.parameter, adapted.mean, adapted.square].map(Tensor::from_dispatch)
}
