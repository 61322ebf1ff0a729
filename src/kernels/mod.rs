//! The operations that burn lacks, as backend extensions: layers of spiking neurons, readouts, the loss, Adam's step,
//! and the encodings. All floating-point arithmetic of a training step is here, so that the CPU gives the same bits on
//! every machine.
//!
//! A layer of spiking neurons is one operation with a hand-written derivative, not T×k tensor operations. The data
//! between two layers are packed spikes, an integer tensor, which burn's autodiff does not track. So a *carrier*
//! travels with them: one float that links the graph. The operation that reads the spikes registers their gradient, [B,
//! T, N], under the carrier's node, and the operation that made them takes it from there. A layer's spikes have one
//! reader: a [`SpikeTensor`](crate::kernels::SpikeTensor) cannot be cloned.
//!
//! A convolution is a linear map that moves over its input: its shape is that of a patch, and a
//! [`Window`](crate::spec::Window) says where the patches are. Each operation with a linear map takes both kinds.
//!
//! The weights and bias of a linear map are one flat tensor (its layout is that of [`LinearShape`](crate::kernels::LinearShape)), and so are their
//! gradient and Adam's moments.
//!
//! The public functions check all shapes: kernels read and write their buffers unchecked.
//!
//! [`reference`] is the same in plain tensor operations, slow and obvious: the oracle of the tests.

mod cpu;
mod derivative;
#[cfg(feature = "gpu")]
mod gpu;
mod gpu_device;
mod linear;
pub mod reference;

pub(crate) use cpu::threads::par_for_each;
pub use gpu_device::{GpuDevice, OpenError};
pub use linear::LinearShape;

use crate::rate_penalty::RatePenalty;
use crate::spec::{Encoding, Neuron, Window};
use crate::spikes::SpikeTrain;
use crate::spikes::encode::{self, Pass};
use burn::backend::ops::{FloatTensorOps, IntTensorOps};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, Dispatch, ExtensionType, backend_extension};
use burn::tensor::{DType, Device, ExecutionError, Int, Tensor, TensorData};

/// Packed spikes and their carrier, as a backend's tensors.
#[derive(Clone, Debug, ExtensionType)]
pub struct Spikes<B: Backend> {
    /// [B, N, words], u32.
    pub bits: IntTensor<B>,
    /// \[1\], zero.
    pub carrier: FloatTensor<B>,
}

/// The weights and bias of a linear map, as a backend's tensors.
#[derive(Clone, Debug, ExtensionType)]
pub struct LinearMap<B: Backend> {
    /// [[`LinearShape::numbers`]].
    pub parameters: FloatTensor<B>,
    /// Their gradient over earlier samples of the batch, of the same length; \[0\] if there were none. New gradients
    /// are added sample by sample, so that the sum does not depend on how a batch is divided. The forward pass only
    /// stores it.
    pub grad_accum: FloatTensor<B>,
    /// Its sizes.
    pub shape: LinearShape,
    /// If it is a convolution, the patches of the input, of `shape.inputs` numbers each, that it is applied to. Neuron c of
    /// `shape.outputs` over patch p is number c·P + p of its output.
    pub window: Option<Window>,
}

/// The neurons of a layer, all alike, and what the loss adds for their firing rates. The forward pass gives spikes only; the
/// backward pass adds the penalty's own gradient to that of their readers. Its value is that of [`rate_penalty`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neurons {
    /// Their parameters.
    pub neuron: Neuron,
    /// For each sample, that is with λ/B.
    pub penalty: RatePenalty,
}

impl From<&Neuron> for Neurons {
    /// Neurons that fire for nothing.
    fn from(neuron: &Neuron) -> Self {
        Self { neuron: *neuron, penalty: RatePenalty::default() }
    }
}

/// The loss of a batch, as a backend's tensors.
#[derive(Clone, Debug, ExtensionType)]
pub struct LossOutput<B: Backend> {
    /// \[1\].
    pub loss: FloatTensor<B>,
    /// The number of samples that are classified correctly, \[1\].
    pub correct: IntTensor<B>,
}

/// The tensors that Adam's step updates, all of one length.
#[derive(Clone, Debug, ExtensionType)]
pub struct AdamState<B: Backend> {
    /// The parameters.
    pub parameters: FloatTensor<B>,
    /// The running mean of their gradient.
    pub mean: FloatTensor<B>,
    /// The running mean of their gradient's square.
    pub square: FloatTensor<B>,
}

/// The operations that autodiff tracks. The gradient of a linear map's parameters is one tensor.
#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Autodiff)]
pub trait SpikingOperations: Backend {
    /// A layer of spiking neurons: its spikes, from those of its inputs.
    fn spiking_layer(
        #[extension_type] input: Spikes<Self>,
        #[extension_type] map: LinearMap<Self>,
        neurons: Neurons,
        time_steps: usize,
    ) -> Spikes<Self>;

    /// The spikes of LIF neurons under constant input currents, [B, H].
    fn lif_constant_input(currents: FloatTensor<Self>, neurons: Neurons, time_steps: usize) -> Spikes<Self>;

    /// `Σ_t c[t]·s[t]` for each neuron: [B, N].
    fn weighted_spike_count(#[extension_type] input: Spikes<Self>, coefficients: Vec<f32>) -> FloatTensor<Self>;

    /// `all` [B, H], whose columns from `first` on are those of `own` [B, n]: only through these a gradient flows back.
    fn among(own: FloatTensor<Self>, all: FloatTensor<Self>, first: usize) -> FloatTensor<Self>;

    /// input [B, N] × weights + bias_scale·bias, as [B, H].
    fn linear_map(
        input: FloatTensor<Self>,
        #[extension_type] map: LinearMap<Self>,
        bias_scale: f32,
    ) -> FloatTensor<Self>;

    /// Leaky integrators that read spikes: `Σ_t c[t]·s[t]` [B, N] × weights + `Σ_t c[t]`·bias, as [B, H].
    fn integrators(
        #[extension_type] input: Spikes<Self>,
        #[extension_type] map: LinearMap<Self>,
        coefficients: Vec<f32>,
    ) -> FloatTensor<Self>;

    /// The sum of `-log softmax(logits)[label]`, from logits [B, C], divided by the size of the batch, of which these
    /// rows may be a part.
    fn cross_entropy(logits: FloatTensor<Self>, labels: Vec<u8>, batch: usize) -> LossOutput<Self>;
}

/// The operations outside the graph.
#[backend_extension(Flex, Cube: cfg(feature = "gpu"))]
pub trait UntrackedOperations: Backend {
    /// u, the membrane potentials before the reset of a layer of spiking neurons, [B, T, H].
    fn membrane_potentials(
        #[extension_type] input: Spikes<Self>,
        #[extension_type] map: LinearMap<Self>,
        neuron: Neuron,
        time_steps: usize,
    ) -> FloatTensor<Self>;

    /// What firing rates add to the loss, \[1\]: the sum over the samples of [`RatePenalty::sum`].
    fn rate_penalty(bits: IntTensor<Self>, penalty: RatePenalty, time_steps: usize) -> FloatTensor<Self>;

    /// The same numbers in the memory layout that is fastest for the kernels.
    fn to_kernel_layout(parameters: FloatTensor<Self>) -> FloatTensor<Self>;

    /// One step of Adam; see [`crate::optimizer`]. A gradient that is not finite makes its parameter and moments so.
    fn adam(#[extension_type] state: AdamState<Self>, gradient: FloatTensor<Self>, step: AdamStep) -> AdamState<Self>;

    /// Rows of numbers, copied: those of row r begin at `first` + r·`stride`. \[rows·columns\].
    fn strided_rows(
        numbers: FloatTensor<Self>,
        first: usize,
        stride: usize,
        rows: usize,
        columns: usize,
    ) -> FloatTensor<Self>;

    /// Writes bytes from byte `first` on; four bytes are packed into a number, so their count is a multiple of four.
    fn write_bytes(images: IntTensor<Self>, first: usize, bytes: Vec<u8>) -> IntTensor<Self>;

    /// The spikes, [B, N, words], of images stored on the device. A row of `batch` [B, 3] is an image's number and the
    /// two halves of the key of its random numbers. `coding` is rate or latency.
    fn encode_spikes(
        images: IntTensor<Self>,
        batch: IntTensor<Self>,
        coding: Encoding,
        pixels: usize,
        time_steps: usize,
    ) -> IntTensor<Self>;

    /// The same images as constant currents, [B, N].
    fn encode_currents(images: IntTensor<Self>, batch: IntTensor<Self>, pixels: usize) -> FloatTensor<Self>;
}

/// The constants of one step of Adam.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    /// β1, the decay of the gradient's mean.
    pub beta_1: f32,
    /// β2, the decay of its square's mean.
    pub beta_2: f32,
    /// The step size, including the bias corrections of both means.
    pub rate: f32,
    /// ε, scaled like the root of the square's mean.
    pub epsilon: f32,
}

/// The gradients from a linear map's backward pass, as a backend's tensors.
pub(crate) struct LinearGradients<B: Backend> {
    /// That of its parameters.
    parameters: FloatTensor<B>,
    /// That of its input, if requested: numbers [B, N], or spikes.
    input: Option<FloatTensor<B>>,
}

/// The parts of the derivatives: forward passes that save values for the backward pass, and backward passes, of a
/// backend without autodiff.
///
/// The gradient of a layer's spikes, registered under its carrier's node, has one of three forms: [B, T, H]; or, if it is
/// a coefficient for each time step times a number for each neuron, [T + B·H], the coefficients first; or, if it comes from a
/// convolution on the CPU, that of feature maps, [B, K, P, T, W]: K blocks of W channels, P places.
pub(crate) trait Derivatives: SpikingOperations + UntrackedOperations {
    /// What a layer of neurons saves for its backward pass.
    type Saved: Clone + std::fmt::Debug + Send + Sync + 'static;

    /// [`SpikingOperations::spiking_layer`], with the values saved for its backward pass.
    fn spiking_layer_forward(
        input: Spikes<Self>,
        map: &LinearMap<Self>,
        neuron: Neuron,
        time_steps: usize,
    ) -> (Spikes<Self>, Self::Saved);

    /// The gradients from that of the layer's spikes, `grad_spikes`, to which that of the neurons' penalty is added.
    fn spiking_layer_backward(
        saved: Self::Saved,
        map: LinearMap<Self>,
        grad_spikes: FloatTensor<Self>,
        neurons: Neurons,
        needs_input: bool,
    ) -> LinearGradients<Self>;

    /// [`SpikingOperations::lif_constant_input`], with the values saved for its backward pass.
    fn lif_constant_input_forward(
        currents: FloatTensor<Self>,
        neuron: Neuron,
        time_steps: usize,
    ) -> (Spikes<Self>, Self::Saved);

    /// The gradient of the constant currents, [B, H], from that of the spikes, `grad_spikes`, to which that of the neurons'
    /// penalty is added.
    fn lif_constant_input_backward(
        saved: Self::Saved,
        grad_spikes: FloatTensor<Self>,
        neurons: Neurons,
    ) -> FloatTensor<Self>;

    /// The gradient of the spikes, from that of their counts, `grad_counts` [B, N].
    fn weighted_spike_count_backward(grad_counts: FloatTensor<Self>, coefficients: &[f32]) -> FloatTensor<Self>;

    /// The gradients from that of the map's output, `grad_output` [B, H].
    fn linear_map_backward(
        input: FloatTensor<Self>,
        map: LinearMap<Self>,
        grad_output: FloatTensor<Self>,
        bias_scale: f32,
        needs_input: bool,
    ) -> LinearGradients<Self>;

    /// [`SpikingOperations::integrators`], with the counts that its backward pass needs.
    fn integrators_forward(
        input: Spikes<Self>,
        map: &LinearMap<Self>,
        coefficients: &[f32],
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// The gradients from that of the integrators' output, `grad_output` [B, H].
    fn integrators_backward(
        counts: FloatTensor<Self>,
        map: LinearMap<Self>,
        grad_output: FloatTensor<Self>,
        coefficients: &[f32],
        needs_input: bool,
    ) -> LinearGradients<Self>;

    /// The gradient of the logits, [B, C], from that of the loss, `grad_loss` \[1\].
    fn cross_entropy_backward(
        logits: FloatTensor<Self>,
        labels: &[u8],
        batch: usize,
        grad_loss: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// The CPU's device. Code outside this module is generic over the device.
pub fn cpu() -> Device {
    Device::flex()
}

/// Opens the best available GPU. To be called once in a program.
///
/// # Errors
/// When there is none, it refuses or lacks what the kernels need, or this program was built without them.
pub async fn open_gpu() -> Result<GpuDevice, OpenError> {
    #[cfg(feature = "gpu")]
    let opened = gpu::open().await;
    #[cfg(not(feature = "gpu"))]
    let opened = Err(OpenError::NotBuilt);
    opened
}

/// Whether a device is a GPU: results should stay there, because reading them back takes long.
pub fn is_gpu(device: &Device) -> bool {
    #[cfg(feature = "gpu")]
    let gpu = gpu::holds(device);
    #[cfg(not(feature = "gpu"))]
    let gpu = {
        let _ = device;
        false
    };
    gpu
}

/// The rate coding of a batch of images: [`crate::spikes::encode::rate`], on all cores and with the widest
/// instructions.
///
/// # Panics
/// When the images differ in size, or `samples` and `images` differ in length.
pub fn rate(images: &[&[u8]], samples: &[u64], seed: u64, pass: Pass, time_steps: usize) -> SpikeTrain {
    cpu::encode::rate(images, samples, seed, pass, time_steps)
}

/// The latency coding of a batch of images: [`crate::spikes::encode::latency`], on all cores.
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
    /// The spike trains, uploaded to a device. They are constants: no gradient flows into them.
    ///
    /// # Panics
    /// If there is no sample, no neuron or no time step.
    pub fn new(train: SpikeTrain, device: &Device) -> Self {
        let shape = [train.batch(), train.neurons(), train.words_per_neuron()];
        let time_steps = train.time_steps();
        check_sizes("spike trains", &shape);
        let bits = words(train.into_words(), shape, device);
        Self { bits, carrier: Tensor::zeros([1], device), time_steps }
    }

    /// The spike trains, read back from the device.
    pub fn train(&self) -> SpikeTrain {
        self.train_of(&self.bits.to_data())
    }

    /// The same without blocking, as a browser requires.
    ///
    /// # Errors
    /// When the device cannot be read.
    pub async fn train_async(&self) -> Result<SpikeTrain, ExecutionError> {
        Ok(self.train_of(&self.bits.clone().into_data_async().await?))
    }

    #[expect(clippy::expect_used, reason = "kernels write no spike after the last time step, and all words of a shape")]
    fn train_of(&self, data: &TensorData) -> SpikeTrain {
        let [batch, neurons, _] = self.bits.dims();
        let words = data.iter::<u32>().collect();
        SpikeTrain::from_words(batch, neurons, self.time_steps, words).expect("the kernels' spikes")
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

    fn of(spikes: Spikes<Dispatch>, time_steps: usize) -> Self {
        let (bits, carrier) = (Tensor::from_dispatch(spikes.bits), Tensor::from_dispatch(spikes.carrier));
        Self { bits, carrier, time_steps }
    }

    fn into_dispatch(self) -> Spikes<Dispatch> {
        Spikes { bits: self.bits.into_dispatch(), carrier: self.carrier.into_dispatch() }
    }
}

/// The weights and bias of a linear map, and their gradient over earlier samples of a batch.
#[derive(Debug)]
pub struct LinearWeights {
    /// Its sizes.
    pub shape: LinearShape,
    /// [[`LinearShape::numbers`]].
    pub parameters: Tensor<1>,
    /// Their gradient over earlier samples, of the same length and outside the graph; `None` if there were none.
    pub grad_accum: Option<Tensor<1>>,
    /// If the map is a convolution, the patches that it is applied to.
    pub window: Option<Window>,
}

impl LinearWeights {
    /// Weights without gradients from earlier samples.
    pub const fn new(shape: LinearShape, parameters: Tensor<1>) -> Self {
        Self { shape, parameters, grad_accum: None, window: None }
    }

    /// The same map, applied to the patches of a window, or to the whole input.
    pub fn over(self, window: Option<Window>) -> Self {
        Self { window, ..self }
    }

    /// Weights [N, H] and bias \[H\], uploaded to a device; on an autodiff device they require gradients.
    ///
    /// # Panics
    /// If there are not N·H weights and H numbers of the bias, or one of the sizes is 0.
    pub fn from_rows(weight: &[f32], bias: &[f32], device: &Device) -> Self {
        let shape = LinearShape { inputs: weight.len() / bias.len().max(1), outputs: bias.len() };
        let parameters = parameters_on(shape.pack(weight, bias), device);
        Self::new(shape, if device.is_autodiff() { parameters.require_grad() } else { parameters })
    }

    /// Checks the shapes for an input of `inputs` numbers per sample.
    fn check(&self, inputs: usize) {
        let shape = self.shape;
        check_sizes("a linear map", &[shape.inputs, shape.outputs]);
        if let Some(window) = self.window {
            let Window { input, kernel, stride, .. } = window;
            check_sizes("a convolution", &[input.neurons(), kernel, stride, window.places()]);
            let taps = window.taps();
            assert!(taps == shape.inputs, "kernels of {taps} weights over a patch of {}", shape.inputs);
            assert!(inputs == input.neurons(), "a convolution over {} inputs got {inputs}", input.neurons());
        } else {
            assert!(inputs == shape.inputs, "a linear map of {} inputs got {inputs}", shape.inputs);
        }
        assert!(self.parameters.dims() == [shape.numbers()], "a linear map has {} numbers", shape.numbers());
        if let Some(accumulated) = &self.grad_accum {
            assert!(accumulated.dims() == [shape.numbers()], "its gradient has {} numbers", shape.numbers());
        }
    }

    fn into_dispatch(self) -> LinearMap<Dispatch> {
        let device = self.parameters.device();
        let grad_accum = self.grad_accum.unwrap_or_else(|| Tensor::empty([0], &device.clone().inner()));
        let grad_accum = if device.is_autodiff() { Tensor::from_inner(grad_accum) } else { grad_accum };
        LinearMap {
            parameters: self.parameters.into_dispatch(),
            grad_accum: grad_accum.into_dispatch(),
            shape: self.shape,
            window: self.window,
        }
    }
}

/// The maximal number of samples of a batch: the limit of workgroups along an axis in WebGPU.
pub const MAX_BATCH: usize = 65_535;

/// The maximal T: no setting is longer, and what sorts events has room for so many.
pub const MAX_TIME_STEPS: usize = 256;

fn check_sizes(what: &str, sizes: &[usize]) {
    assert!(sizes.iter().all(|size| *size > 0), "{what} of sizes {sizes:?}: none of them may be 0");
}

fn check_batch(batch: usize, time_steps: usize) {
    assert!((1..=MAX_BATCH).contains(&batch), "a batch of {batch}: it has 1 to {MAX_BATCH} samples");
    assert!((1..=MAX_TIME_STEPS).contains(&time_steps), "{time_steps} time steps: there are 1 to {MAX_TIME_STEPS}");
}

/// A layer of spiking neurons: its spikes, [B, H], from those of its input, [B, N].
///
/// # Panics
/// If the weights are not of N inputs, or have not the numbers that their shape says; if there is no sample, or more than
/// [`MAX_BATCH`].
pub fn spiking_layer(input: SpikeTensor, weights: LinearWeights, neurons: impl Into<Neurons>) -> SpikeTensor {
    let ([batch, inputs], time_steps) = (input.dims(), input.time_steps);
    check_batch(batch, time_steps);
    weights.check(inputs);
    let spikes = Dispatch::spiking_layer(input.into_dispatch(), weights.into_dispatch(), neurons.into(), time_steps);
    SpikeTensor::of(spikes, time_steps)
}

/// The membrane potentials before the reset of a layer of spiking neurons, [B, T, H]. None of the tensors may be part
/// of a graph.
///
/// # Panics
/// As for [`spiking_layer`].
pub fn membrane_potentials(input: SpikeTensor, weights: LinearWeights, neuron: &Neuron) -> Tensor<3> {
    let ([batch, inputs], time_steps) = (input.dims(), input.time_steps);
    check_batch(batch, time_steps);
    weights.check(inputs);
    let (input, map) = (input.into_dispatch(), weights.into_dispatch());
    Tensor::from_dispatch(Dispatch::membrane_potentials(input, map, *neuron, time_steps))
}

/// The spikes, [B, H], of LIF neurons under constant input currents, [B, H].
///
/// # Panics
/// If there is no sample, more than [`MAX_BATCH`], no neuron or no time step.
pub fn lif_constant_input(currents: Tensor<2>, neurons: impl Into<Neurons>, time_steps: usize) -> SpikeTensor {
    let [batch, width] = currents.dims();
    check_batch(batch, time_steps);
    check_sizes("currents", &[width]);
    SpikeTensor::of(Dispatch::lif_constant_input(currents.into_dispatch(), neurons.into(), time_steps), time_steps)
}

/// What the firing rates of a layer's spikes, [B, H], add to the loss, \[1\], for a penalty for each sample. It takes no part
/// in a graph: its gradient is that of the layer with the same [`Neurons::penalty`].
pub fn rate_penalty(spikes: &SpikeTensor, penalty: RatePenalty) -> Tensor<1> {
    let bits = spikes.bits.clone().inner().into_dispatch();
    Tensor::from_dispatch(Dispatch::rate_penalty(bits, penalty, spikes.time_steps))
}

/// `Σ_t c[t]·s[t]` for each neuron, [B, N].
///
/// # Panics
/// If there are not T coefficients.
pub fn weighted_spike_count(input: SpikeTensor, coefficients: &[f32]) -> Tensor<2> {
    assert!(coefficients.len() == input.time_steps, "a coefficient for each time step");
    Tensor::from_dispatch(Dispatch::weighted_spike_count(input.into_dispatch(), coefficients.to_vec()))
}

/// The numbers `all` [B, H], whose columns from `first` on are those of `own` [B, n], known again: a gradient flows back to
/// `own` alone, for the others are computed elsewhere.
///
/// # Panics
/// If there are not B·H numbers, or no such columns.
pub fn among(own: Tensor<2>, all: Vec<f32>, first: usize) -> Tensor<2> {
    let [batch, columns] = own.dims();
    check_sizes("columns", &[batch, columns]);
    let width = all.len() / batch;
    assert!(all.len() == batch * width && first + columns <= width, "{columns} columns from {first} on, of {width}");
    let all = Tensor::from_inner(floats(all, [batch, width], &own.device().inner()));
    Tensor::from_dispatch(Dispatch::among(own.into_dispatch(), all.into_dispatch(), first))
}

/// input [B, N] × weights + bias_scale·bias, as [B, H].
///
/// # Panics
/// If the weights are not of N inputs, or have not the numbers that their shape says; if there is no sample, or more than
/// [`MAX_BATCH`].
pub fn linear(input: Tensor<2>, weights: LinearWeights, bias_scale: f32) -> Tensor<2> {
    let [batch, inputs] = input.dims();
    check_batch(batch, 1);
    weights.check(inputs);
    Tensor::from_dispatch(Dispatch::linear_map(input.into_dispatch(), weights.into_dispatch(), bias_scale))
}

/// Leaky integrators that read spikes, [B, N]: the weighted mean over time of their potentials, [B, H].
///
/// # Panics
/// If there are not T coefficients, the map is a convolution, and as for [`spiking_layer`].
pub fn integrators(input: SpikeTensor, weights: LinearWeights, coefficients: &[f32]) -> Tensor<2> {
    let [batch, inputs] = input.dims();
    assert!(weights.window.is_none(), "integrators read all of their input");
    assert!(coefficients.len() == input.time_steps, "a coefficient for each time step");
    check_batch(batch, input.time_steps);
    weights.check(inputs);
    let (input, map) = (input.into_dispatch(), weights.into_dispatch());
    Tensor::from_dispatch(Dispatch::integrators(input, map, coefficients.to_vec()))
}

/// The sum of `-log softmax(logits)[label]`, \[1\], divided by the size of the batch, of which these rows may be a
/// part, and the number of rows whose largest logit is their label's, \[1\]. `logits` is [B, C].
///
/// # Panics
/// If there are not B labels, one is not below C, or there is no row.
pub fn cross_entropy(logits: Tensor<2>, labels: &[u8], batch: usize) -> (Tensor<1>, Tensor<1, Int>) {
    let [rows, classes] = logits.dims();
    check_sizes("logits", &[rows, classes, batch]);
    assert!(rows == labels.len(), "a label for each row");
    assert!(labels.iter().all(|label| usize::from(*label) < classes), "labels are below the number of classes");
    let output = Dispatch::cross_entropy(logits.into_dispatch(), labels.to_vec(), batch);
    (Tensor::from_dispatch(output.loss), Tensor::from_dispatch(output.correct))
}

/// A tensor of these numbers as they are, given row by row. burn's own way of making one can also convert them, from any
/// type to any: a tenth of the code of the engine that a browser fetches, for conversions that nobody asks for.
pub fn floats<const D: usize>(numbers: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::float_from_data(TensorData::new(numbers, shape), device.as_dispatch()))
}

/// The same of words of bits.
fn words<const D: usize>(words: Vec<u32>, shape: [usize; D], device: &Device) -> Tensor<D, Int> {
    Tensor::from_dispatch(Dispatch::int_from_data(TensorData::new(words, shape), device.as_dispatch()))
}

/// Numbers as a layer's parameters (or Adam's moments of them) in the memory layout that is fastest for the kernels;
/// `require_grad` makes them a leaf of the graph.
pub fn parameters_on(numbers: Vec<f32>, device: &Device) -> Tensor<1> {
    let length = numbers.len();
    let plain = device.clone().inner();
    let placed = to_kernel_layout(floats(numbers, [length], &plain));
    if device.is_autodiff() { Tensor::from_inner(placed) } else { placed }
}

/// The same numbers in the memory layout that is fastest for the kernels. The tensor may not be part of a graph.
pub fn to_kernel_layout(parameters: Tensor<1>) -> Tensor<1> {
    Tensor::from_dispatch(Dispatch::to_kernel_layout(parameters.into_dispatch()))
}

/// One step of Adam on parameters, the running mean of their gradient and that of its square, which are returned in
/// this order. None of the tensors may be part of a graph.
///
/// # Panics
/// If their lengths differ or are 0.
pub fn adam([parameters, mean, square]: [Tensor<1>; 3], gradient: Tensor<1>, step: AdamStep) -> [Tensor<1>; 3] {
    let length = gradient.dims();
    check_sizes("a gradient", &length);
    for tensor in [&parameters, &mean, &square] {
        assert!(tensor.dims() == length, "Adam's moments are as many as the parameters");
    }
    let [parameters, mean, square] = [parameters, mean, square].map(Tensor::into_dispatch);
    let AdamState { parameters, mean, square } =
        Dispatch::adam(AdamState { parameters, mean, square }, gradient.into_dispatch(), step);
    [parameters, mean, square].map(Tensor::from_dispatch)
}

/// Rows of a parameter's numbers, [rows, columns]: those of row r begin at `first` + r·`stride`. No more than that is copied,
/// so a large layer can be read part by part. The tensor takes no part in a graph.
///
/// # Panics
/// If there are no such numbers, or none are asked for.
pub fn strided_rows(numbers: &Tensor<1>, first: usize, stride: usize, [rows, columns]: [usize; 2]) -> Vec<f32> {
    check_sizes("rows", &[rows, columns]);
    let [length] = numbers.dims();
    let end = (rows - 1).checked_mul(stride).and_then(|last| last.checked_add(first)?.checked_add(columns));
    assert!(
        end.is_some_and(|end| end <= length),
        "{rows} rows of {columns} from {first} on, every {stride}, of {length}"
    );
    let part = Dispatch::strided_rows(numbers.clone().into_dispatch(), first, stride, rows, columns);
    Tensor::<1>::from_dispatch(part).into_data().iter::<f32>().collect()
}

/// Images stored on a device, to be encoded there.
#[derive(Debug)]
pub struct ImageStore {
    /// Four pixels in each number.
    words: Tensor<1, Int>,
    images: usize,
    pixels: usize,
}

/// Pixels in a number of an [`ImageStore`].
const PIXELS_PER_WORD: usize = 4;

impl ImageStore {
    /// A store for `images` images of `pixels` pixels each.
    ///
    /// # Panics
    /// If one of them is 0.
    pub fn new(images: usize, pixels: usize, device: &Device) -> Self {
        check_sizes("images", &[images, pixels]);
        let words = (images * pixels).div_ceil(PIXELS_PER_WORD);
        Self { words: Tensor::empty([words], (&device.clone().inner(), DType::U32)), images, pixels }
    }

    /// Uploads images from number `first` on, a multiple of four.
    ///
    /// # Panics
    /// If `first` is not a multiple of four, or the store is too small.
    pub fn put(&mut self, first: usize, images: &[u8]) {
        assert!(first.is_multiple_of(PIXELS_PER_WORD), "images begin with a number of their own");
        let mut bytes = images.to_vec();
        bytes.resize(images.len().next_multiple_of(PIXELS_PER_WORD), 0);
        let end = (first * self.pixels + bytes.len()) / PIXELS_PER_WORD;
        assert!(end <= self.words.dims()[0], "there is no room for these images");
        if bytes.is_empty() {
            return;
        }
        let nothing = Tensor::empty([0], &self.words.device());
        let words = std::mem::replace(&mut self.words, nothing);
        self.words = Tensor::from_dispatch(Dispatch::write_bytes(words.into_dispatch(), first * self.pixels, bytes));
    }

    /// The spikes, [B, N], by [`encode::rate`] or [`encode::latency`], of images given by their number in the store and
    /// in the data set.
    ///
    /// # Panics
    /// If the store has no image of such a number; if there is no image or no time step; if the coding is not by
    /// spikes.
    pub fn spikes(
        &self,
        batch: &[(usize, u64)],
        coding: Encoding,
        seed: u64,
        pass: Pass,
        time_steps: usize,
    ) -> SpikeTensor {
        assert!(coding != Encoding::Current, "constant currents are no spikes");
        check_batch(batch.len(), time_steps);
        let device = self.words.device();
        let batch = self.batch(batch, seed, pass);
        let bits = Dispatch::encode_spikes(self.words.clone().into_dispatch(), batch, coding, self.pixels, time_steps);
        SpikeTensor { bits: Tensor::from_dispatch(bits), carrier: Tensor::empty([1], &device), time_steps }
    }

    /// The images with these numbers in the store as constant currents, [B, N].
    ///
    /// # Panics
    /// If the store has no image of such a number, or no image is given.
    pub fn currents(&self, batch: &[(usize, u64)]) -> Tensor<2> {
        check_batch(batch.len(), 1);
        let batch = self.batch(batch, 0, Pass::Drawing);
        Tensor::from_dispatch(Dispatch::encode_currents(self.words.clone().into_dispatch(), batch, self.pixels))
    }

    fn batch(&self, batch: &[(usize, u64)], seed: u64, pass: Pass) -> IntTensor<Dispatch> {
        let entry = |(image, sample): &(usize, u64)| {
            assert!(*image < self.images, "image {image} of a store of {}", self.images);
            let key = encode::key(seed, pass, *sample);
            [*image as u32, key.0, key.1]
        };
        let numbers: Vec<u32> = batch.iter().flat_map(entry).collect();
        words(numbers, [batch.len(), 3], &self.words.device()).into_dispatch()
    }
}
