//! What burn lacks, as backend extensions: the spiking layer, the weighted spike count and Adam's step.
//!
//! A layer of spiking neurons is one operation with a hand-written derivative, not T×k tensor operations. Between two
//! layers pass packed spikes, an integer tensor, which burn's autodiff does not track. So a *carrier* travels with them:
//! one float that links the graph. The operation that reads the spikes registers their gradient, [B, T, N], under the
//! carrier's node, and the operation that made them takes it from there.
//!
//! [`reference`] says the same in plain tensor operations, slowly and obviously: it is the judge.

mod cpu;
mod derivative;
pub mod reference;

use crate::spec::Neuron;
use crate::spikes::SpikeTrain;
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
    /// u, the membrane potentials before the reset, [B, T, H].
    pub potentials: FloatTensor<B>,
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
    /// A layer of spiking neurons: weights [N, H], bias [H].
    fn spiking_layer(
        #[extension_type] input: Spikes<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        neuron: Neuron,
        time_steps: usize,
    ) -> Fired<Self>;

    /// Σ_t c[t]·s[t] for each neuron: [B, N].
    fn weighted_spike_count(#[extension_type] input: Spikes<Self>, coefficients: Vec<f32>) -> FloatTensor<Self>;
}

/// The operations outside the graph.
#[backend_extension(Flex)]
pub trait OptimizerOperations: Backend {
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
    /// [N, H].
    weight: FloatTensor<B>,
    /// [H].
    bias: FloatTensor<B>,
    /// Of the input's spikes, [B, T, N], where asked for.
    input: Option<FloatTensor<B>>,
}

/// What the derivatives are made of: backwards kernels of a backend without autodiff.
pub(crate) trait Derivatives: SpikingOperations {
    /// From `gradient`, of the layer's spikes, [B, T, H].
    fn spiking_layer_gradients(
        bits: IntTensor<Self>,
        weight: FloatTensor<Self>,
        potentials: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        neuron: Neuron,
        with_input: bool,
    ) -> LayerGradients<Self>;

    /// From `gradient` [B, N] of the counts to that of the spikes, [B, T, N].
    fn spread_over_time(gradient: FloatTensor<Self>, coefficients: &[f32]) -> FloatTensor<Self>;
}

/// The CPU. Everything outside this module learns from its device where it computes.
pub fn cpu() -> Device {
    Device::flex()
}

/// A batch of spike trains on a device.
#[derive(Clone, Debug)]
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
    pub fn into_train(self) -> SpikeTrain {
        let [batch, neurons, _] = self.bits.dims();
        let words = self.bits.into_data().iter::<u32>().collect();
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

    fn into_dispatch(self) -> Spikes<Dispatch> {
        Spikes { bits: self.bits.into_dispatch(), carrier: self.carrier.into_dispatch() }
    }
}

/// A layer of spiking neurons: its spikes [B, H] and its membrane potentials before the reset, [B, T, H] (a constant).
/// Shapes: `input` [B, N], `weight` [N, H], `bias` [H].
pub fn spiking_layer(
    input: SpikeTensor,
    weight: Tensor<2>,
    bias: Tensor<1>,
    neuron: &Neuron,
) -> (SpikeTensor, Tensor<3>) {
    let time_steps = input.time_steps;
    let fired = Dispatch::spiking_layer(
        input.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        *neuron,
        time_steps,
    );
    let spikes = SpikeTensor {
        bits: Tensor::from_dispatch(fired.bits),
        carrier: Tensor::from_dispatch(fired.carrier),
        time_steps,
    };
    (spikes, Tensor::from_dispatch(fired.potentials))
}

/// Σ_t c[t]·s[t] for each neuron, [B, N].
///
/// # Panics
/// When there are not T coefficients.
pub fn weighted_spike_count(input: SpikeTensor, coefficients: &[f32]) -> Tensor<2> {
    assert_eq!(coefficients.len(), input.time_steps, "a weight for each time step");
    Tensor::from_dispatch(Dispatch::weighted_spike_count(input.into_dispatch(), coefficients.to_vec()))
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
