//! The layers of a network as burn modules, and the interface that the rest of the program uses. Only this module knows
//! the kinds of layers.

use crate::kernels::{self, LinearShape, LinearWeights, Neurons, SpikeTensor};
use crate::random::{Generator, Stream};
use crate::rate_penalty::RatePenalty;
use crate::spec::{LayerSpec, Neuron};
use burn::module::{Module, Param};
use burn::tensor::{Device, ExecutionError, Gradients, Tensor};
use std::ops::Range;

/// Weights and bias of a linear map.
#[derive(Module, Debug)]
pub struct Linear {
    /// All weights and biases, in the layout of [`LinearShape`]. Files have PyTorch's layout.
    pub parameters: Param<Tensor<1>>,
    #[module(skip)]
    shape: LinearShape,
}

impl Linear {
    /// The map of weights [N, H] and bias \[H\].
    ///
    /// # Panics
    /// If there are not N·H weights.
    pub fn new(weight: &[f32], bias: &[f32], device: &Device) -> Self {
        let shape = LinearShape { inputs: weight.len() / bias.len().max(1), outputs: bias.len() };
        Self::from_flat(shape, shape.pack(weight, bias), device)
    }

    /// The map of numbers in the layout of [`LinearShape`].
    ///
    /// # Panics
    /// If their number is not that of the shape.
    pub fn from_flat(shape: LinearShape, numbers: Vec<f32>, device: &Device) -> Self {
        assert!(numbers.len() == shape.numbers(), "a linear map has {} numbers", shape.numbers());
        Self { parameters: Param::from_tensor(kernels::parameters_on(numbers, device)), shape }
    }

    /// A map with PyTorch's initial values: uniform in ±1/√N, weights and bias, drawn by our own generator in the order
    /// of PyTorch's layout ([H, N], then bias), so that all backends start from the same weights.
    pub fn random(shape: LinearShape, seed: u64, layer: u32, device: &Device) -> Self {
        let LinearShape { inputs, outputs } = shape;
        let bound = 1.0 / (inputs as f32).sqrt();
        let mut generator = Generator::new(seed, Stream::Weights(layer));
        let mut draw = |n: usize| (0..n).map(|_| (generator.unit() * 2.0 - 1.0) * bound).collect::<Vec<f32>>();
        let rows = draw(outputs * inputs);
        Self::new(&transposed(&rows, inputs), &draw(outputs), device)
    }

    /// The sizes N and H.
    pub const fn shape(&self) -> LinearShape {
        self.shape
    }

    /// The layout of its parameters in files.
    pub const fn layout(&self) -> ParameterLayout {
        ParameterLayout::Linear(self.shape)
    }

    /// The map as the kernels' argument, with the gradient over earlier samples of the batch, if there were any, to
    /// which new ones are added.
    pub fn weights(&self, grad_accum: Option<Tensor<1>>) -> LinearWeights {
        LinearWeights { shape: self.shape, parameters: self.parameters.val(), grad_accum }
    }

    /// The weights [N, H] and the bias \[H\].
    pub fn rows(&self) -> (Vec<f32>, Vec<f32>) {
        self.shape.unpack(&numbers(self.parameters.val().inner()))
    }
}

/// The names and the layout in files of a flat parameter's parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterLayout {
    /// `weight` [H, N] and `bias` \[H\], as in PyTorch's `Linear`.
    Linear(LinearShape),
}

/// The name of a part of a layer's parameters in files, and its shape there.
pub type Part = (&'static str, Vec<usize>);

impl ParameterLayout {
    /// The names and shapes of the parts, in the order of [`ParameterLayout::split`].
    pub fn parts(self) -> Vec<Part> {
        match self {
            Self::Linear(LinearShape { inputs, outputs }) => {
                vec![("weight", vec![outputs, inputs]), ("bias", vec![outputs])]
            }
        }
    }

    /// The parts of a flat parameter's numbers, each row by row.
    ///
    /// # Panics
    /// If the number of numbers is not that of the layout.
    pub fn split(self, numbers: &[f32]) -> Vec<Vec<f32>> {
        match self {
            Self::Linear(shape) => {
                let (weight, bias) = shape.unpack(numbers);
                vec![transposed(&weight, shape.outputs), bias]
            }
        }
    }

    /// The flat parameter's numbers, joined from the parts.
    ///
    /// # Panics
    /// If the parts are not those of [`ParameterLayout::parts`].
    pub fn join(self, parts: &[Vec<f32>]) -> Vec<f32> {
        match (self, parts) {
            (Self::Linear(shape), [weight, bias]) => shape.pack(&transposed(weight, shape.inputs), bias),
            (Self::Linear(_), other) => panic!("{} parts; a linear map has two", other.len()),
        }
    }
}

/// The gradients of a network's parameters, layer by layer: of a batch, or of those of its samples that have passed.
#[derive(Debug, Default)]
pub struct ParameterGradients(pub Vec<Option<Tensor<1>>>);

impl ParameterGradients {
    /// The gradients of these parameters, removed from those of a backward pass.
    pub fn take<'a>(parameters: impl Iterator<Item = &'a Param<Tensor<1>>>, gradients: &mut Gradients) -> Self {
        Self(parameters.map(|parameter| parameter.val().grad_remove(gradients)).collect())
    }

    /// Removes and returns the gradient of layer `layer`, if there is one.
    pub fn take_layer(&mut self, layer: usize) -> Option<Tensor<1>> {
        self.0.get_mut(layer).and_then(Option::take)
    }
}

/// The input of a layer.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "it goes into the first layer at once")]
pub enum LayerInput {
    /// Spikes [B, N].
    Spikes(SpikeTensor),
    /// Constant currents [B, N], for T time steps.
    Currents {
        /// On an autodiff device if the layer is on one.
        values: Tensor<2>,
        /// T.
        time_steps: usize,
    },
}

/// A layer of spiking neurons.
#[derive(Module, Debug)]
pub enum Layer {
    /// Every input is connected to every neuron.
    Dense(DenseLayer),
}

/// A dense layer of spiking neurons: every input is connected to every neuron.
#[derive(Module, Debug)]
pub struct DenseLayer {
    /// The map from its input to its neurons' currents.
    pub linear: Linear,
    /// The parameters of its neurons.
    #[module(skip)]
    pub neuron: Neuron,
}

impl DenseLayer {
    /// The spikes, [B, H]; see [`Layer::forward`].
    pub fn forward(&self, input: LayerInput, grad_accum: Option<Tensor<1>>, penalty: RatePenalty) -> SpikeTensor {
        let weights = self.linear.weights(grad_accum);
        let neurons = Neurons { neuron: self.neuron, penalty };
        match input {
            LayerInput::Spikes(spikes) => kernels::spiking_layer(spikes, weights, neurons),
            // The linear map is applied once, not at each time step.
            LayerInput::Currents { values, time_steps } => {
                kernels::lif_constant_input(kernels::linear(values, weights, 1.0), neurons, time_steps)
            }
        }
    }
}

impl Layer {
    /// The layout of the parameters that a layer of this kind has for `inputs` inputs.
    pub const fn layout_of(spec: LayerSpec, inputs: usize) -> ParameterLayout {
        match spec {
            LayerSpec::Dense(outputs) => ParameterLayout::Linear(LinearShape { inputs, outputs }),
        }
    }

    /// A layer with the initial weights of the network's layer `index`.
    pub fn random(spec: LayerSpec, inputs: usize, neuron: Neuron, seed: u64, index: u32, device: &Device) -> Self {
        match spec {
            LayerSpec::Dense(outputs) => {
                let linear = Linear::random(LinearShape { inputs, outputs }, seed, index, device);
                Self::Dense(DenseLayer { linear, neuron })
            }
        }
    }

    /// A layer with these numbers as its flat parameter.
    ///
    /// # Panics
    /// If their number is not that of the layer's parameters.
    pub fn with_parameters(spec: LayerSpec, inputs: usize, neuron: Neuron, numbers: Vec<f32>, device: &Device) -> Self {
        match spec {
            LayerSpec::Dense(outputs) => {
                let linear = Linear::from_flat(LinearShape { inputs, outputs }, numbers, device);
                Self::Dense(DenseLayer { linear, neuron })
            }
        }
    }

    /// Sets the parameters of its neurons.
    pub const fn set_neuron(&mut self, to: Neuron) {
        match self {
            Self::Dense(layer) => layer.neuron = to,
        }
    }

    /// The parameters of its neurons.
    pub const fn neuron(&self) -> &Neuron {
        match self {
            Self::Dense(layer) => &layer.neuron,
        }
    }

    /// Its flat parameter.
    pub const fn parameters(&self) -> &Param<Tensor<1>> {
        match self {
            Self::Dense(layer) => &layer.linear.parameters,
        }
    }

    /// Its flat parameter, mutable.
    pub const fn parameters_mut(&mut self) -> &mut Param<Tensor<1>> {
        match self {
            Self::Dense(layer) => &mut layer.linear.parameters,
        }
    }

    /// The layout of its parameters in files.
    pub const fn layout(&self) -> ParameterLayout {
        match self {
            Self::Dense(layer) => layer.linear.layout(),
        }
    }

    /// N, the number of inputs.
    pub const fn inputs(&self) -> usize {
        match self {
            Self::Dense(layer) => layer.linear.shape.inputs,
        }
    }

    /// H, the number of neurons.
    pub const fn neurons(&self) -> usize {
        match self {
            Self::Dense(layer) => layer.linear.shape.outputs,
        }
    }

    /// The spikes, [B, H]; the backward pass adds its gradients to `grad_accum`, that of a penalty on each sample's firing
    /// rates among them.
    ///
    /// # Panics
    /// If the number of inputs is not N.
    pub fn forward(&self, input: LayerInput, grad_accum: Option<Tensor<1>>, penalty: RatePenalty) -> SpikeTensor {
        match self {
            Self::Dense(layer) => layer.forward(input, grad_accum, penalty),
        }
    }

    /// The synapses that lead to its neurons.
    pub fn synaptic_weights(&self) -> SynapticWeights {
        match self {
            Self::Dense(layer) => SynapticWeights::of(&layer.linear),
        }
    }
}

/// The synapses that lead to a layer's neurons, as they are at a moment, to be read part by part: a large layer has tens of
/// millions, and their reader may have something else to do in between.
#[derive(Clone, Debug)]
pub struct SynapticWeights {
    linear: Linear,
}

impl SynapticWeights {
    /// Those of a linear map.
    pub fn of(linear: &Linear) -> Self {
        Self { linear: linear.clone() }
    }

    /// N.
    pub const fn inputs(&self) -> usize {
        self.linear.shape.inputs
    }

    /// H, the number of neurons.
    pub const fn neurons(&self) -> usize {
        self.linear.shape.outputs
    }

    /// The constant current into each of these neurons.
    ///
    /// # Panics
    /// If there are no such neurons.
    pub fn bias(&self, neurons: Range<usize>) -> Vec<f32> {
        let start = self.linear.shape.bias_start() + neurons.start;
        kernels::strided_rows(&self.linear.parameters.val().inner(), start, 0, [1, neurons.len()])
    }

    /// The weights by which these inputs reach these neurons, [inputs, neurons]. No more than that is copied.
    ///
    /// # Panics
    /// If there are no such inputs or neurons.
    pub fn between(&self, inputs: Range<usize>, neurons: Range<usize>) -> Vec<f32> {
        let (flat, width) = (self.linear.parameters.val().inner(), self.linear.shape.width());
        let mut weights = vec![0.0; inputs.len() * neurons.len()];
        let mut first = neurons.start;
        while first < neurons.end {
            let block = first / width;
            let end = neurons.end.min((block + 1) * width);
            let start = (block * self.inputs() + inputs.start) * width + first - block * width;
            let part = kernels::strided_rows(&flat, start, width, [inputs.len(), end - first]);
            let into = first - neurons.start..end - neurons.start;
            for (row, values) in weights.chunks_exact_mut(neurons.len()).zip(part.chunks_exact(end - first)) {
                row[into.clone()].copy_from_slice(values);
            }
            first = end;
        }
        weights
    }

    /// The incoming weights of neuron `neuron`, \[N\]: its receptive field, an image of the input's shape.
    ///
    /// # Panics
    /// If there is no such neuron.
    pub fn incoming(&self, neuron: usize) -> Vec<f32> {
        self.between(0..self.inputs(), neuron..neuron + 1)
    }
}

/// The same parameter on another device.
///
/// # Errors
/// When its device cannot be read.
pub(crate) async fn to_device(tensor: Tensor<1>, device: &Device) -> Result<Tensor<1>, ExecutionError> {
    let numbers = tensor.into_data_async().await?.iter::<f32>().collect();
    Ok(kernels::parameters_on(numbers, device))
}

/// The numbers of a tensor, row by row. Blocks until the device has computed them.
pub fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// The transpose of a matrix with rows of `width` numbers.
///
/// ```
/// assert_eq!(spiking_playground::layer::transposed(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
/// ```
pub fn transposed(matrix: &[f32], width: usize) -> Vec<f32> {
    let height = matrix.len() / width.max(1);
    (0..width).flat_map(|column| (0..height).map(move |row| matrix[row * width + column])).collect()
}

/// Leaky integrators that never spike: `y[t] = β·y[t-1] + W·s[t] + b`. Their mean over time is linear in the spikes, so
/// it is a product with a weighted spike count, exactly: `mean(y) = W·Σ_t c[t]·s[t] + b·Σ_t c[t]`.
#[derive(Module, Debug)]
pub struct Integrators {
    /// The map from the last hidden layer.
    pub linear: Linear,
    /// β, the decay of the potential per time step.
    pub beta: f64,
}

impl Integrators {
    /// The coefficients c \[T\], where `c[t]` is what a spike at time step t adds to the mean: `(1 + β + … +
    /// β^(T-1-t))/T`.
    ///
    /// ```
    /// assert_eq!(spiking_playground::layer::Integrators::coefficients(0.5, 2), [0.75, 0.5]);
    /// ```
    pub fn coefficients(beta: f64, time_steps: usize) -> Vec<f32> {
        let mut sum = 0.0;
        let mut backwards: Vec<f32> = (0..time_steps)
            .map(|_| {
                sum = 1.0 + beta * sum;
                (sum / time_steps as f64) as f32
            })
            .collect();
        backwards.reverse();
        backwards
    }

    /// The mean over time of the potentials, [B, C], from spikes [B, N]; the backward pass adds its gradients to
    /// `grad_accum`.
    pub fn forward(&self, input: SpikeTensor, grad_accum: Option<Tensor<1>>) -> Tensor<2> {
        let coefficients = Self::coefficients(self.beta, input.time_steps());
        kernels::integrators(input, self.linear.weights(grad_accum), &coefficients)
    }
}
