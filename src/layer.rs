//! The layers of a network as burn modules, and all that the rest of the program asks of one. Only this module knows what
//! kinds of layers there are.

use crate::kernels::{self, LinearShape, LinearWeights, SpikeTensor};
use crate::random::{Generator, Stream};
use crate::spec::{LayerSpec, Neuron};
use burn::module::{Module, Param};
use burn::tensor::{Device, ExecutionError, Gradients, Tensor};

/// Weights and bias of a linear map.
#[derive(Module, Debug)]
pub struct Linear {
    /// All numbers, as [`LinearShape`] says. In files they stand as PyTorch has them.
    pub parameters: Param<Tensor<1>>,
    #[module(skip)]
    shape: LinearShape,
}

impl Linear {
    /// Weights [N, H] and bias [H].
    ///
    /// # Panics
    /// If there are not N·H weights.
    pub fn new(weight: &[f32], bias: &[f32], device: &Device) -> Self {
        let shape = LinearShape { inputs: weight.len() / bias.len().max(1), outputs: bias.len() };
        Self::from_flat(shape, shape.pack(weight, bias), device)
    }

    /// Numbers that lie as [`LinearShape`] says.
    ///
    /// # Panics
    /// If there are not as many as the shape has.
    pub fn from_flat(shape: LinearShape, numbers: Vec<f32>, device: &Device) -> Self {
        assert_eq!(numbers.len(), shape.numbers(), "numbers of {shape:?}");
        Self { parameters: Param::from_tensor(kernels::parameters_on(numbers, device)), shape }
    }

    /// PyTorch's initial values: uniform in ±1/√N, weights and bias, drawn by our own generator in the order of
    /// PyTorch's layout ([H, N], then bias), so that every backend starts from the same.
    pub fn random(shape: LinearShape, seed: u64, layer: u32, device: &Device) -> Self {
        let LinearShape { inputs, outputs } = shape;
        let bound = 1.0 / (inputs as f32).sqrt();
        let mut generator = Generator::new(seed, Stream::Weights(layer));
        let mut draw = |n: usize| (0..n).map(|_| (generator.unit() * 2.0 - 1.0) * bound).collect::<Vec<f32>>();
        let rows = draw(outputs * inputs);
        Self::new(&transposed(&rows, inputs), &draw(outputs), device)
    }

    /// N and H.
    pub const fn shape(&self) -> LinearShape {
        self.shape
    }

    /// Its parameters' layout.
    pub const fn layout(&self) -> ParameterLayout {
        ParameterLayout::Linear(self.shape)
    }

    /// As the kernels take it, with the gradient over earlier samples of a batch, if there were any: new ones are added to
    /// it.
    pub fn weights(&self, grad_accum: Option<Tensor<1>>) -> LinearWeights {
        LinearWeights { shape: self.shape, parameters: self.parameters.val(), grad_accum }
    }

    /// Weights [N, H] and bias [H].
    pub fn rows(&self) -> (Vec<f32>, Vec<f32>) {
        self.shape.unpack(&numbers(self.parameters.val().inner()))
    }
}

/// How the numbers of a flat parameter are named and laid out in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterLayout {
    /// `weight` [H, N] and `bias` [H], as those of PyTorch's `Linear`.
    Linear(LinearShape),
}

/// The name of a part of a layer's parameters in files, and its shape there.
pub type Part = (&'static str, Vec<usize>);

impl ParameterLayout {
    /// The parts, in the order of [`ParameterLayout::split`].
    pub fn parts(self) -> Vec<Part> {
        match self {
            Self::Linear(LinearShape { inputs, outputs }) => {
                vec![("weight", vec![outputs, inputs]), ("bias", vec![outputs])]
            }
        }
    }

    /// The flat parameter's numbers as the parts have them, row by row.
    ///
    /// # Panics
    /// If there are not as many numbers as the layout has.
    pub fn split(self, numbers: &[f32]) -> Vec<Vec<f32>> {
        match self {
            Self::Linear(shape) => {
                let (weight, bias) = shape.unpack(numbers);
                vec![transposed(&weight, shape.outputs), bias]
            }
        }
    }

    /// The flat parameter's numbers, from those of the parts.
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
    /// The gradients of these parameters, out of all that a backward pass gave.
    pub fn take<'a>(parameters: impl Iterator<Item = &'a Param<Tensor<1>>>, gradients: &mut Gradients) -> Self {
        Self(parameters.map(|parameter| parameter.val().grad_remove(gradients)).collect())
    }

    /// What there is for layer `layer`, which is then no longer here.
    pub fn take_layer(&mut self, layer: usize) -> Option<Tensor<1>> {
        self.0.get_mut(layer).and_then(Option::take)
    }
}

/// What goes into a layer.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "it goes into the first layer at once")]
pub enum LayerInput {
    /// Spikes [B, N].
    Spikes(SpikeTensor),
    /// Constant currents [B, N], for T time steps.
    Currents {
        /// On an autodiff device where the layer is.
        values: Tensor<2>,
        /// T.
        time_steps: usize,
    },
}

/// A layer of spiking neurons.
#[derive(Module, Debug)]
pub enum Layer {
    /// Every input reaches every neuron.
    Dense(DenseLayer),
}

/// A layer of spiking neurons that every input reaches.
#[derive(Module, Debug)]
pub struct DenseLayer {
    /// From its input to its neurons' currents.
    pub linear: Linear,
    /// What each neuron is like.
    #[module(skip)]
    pub neuron: Neuron,
}

impl DenseLayer {
    /// See [`Layer::forward`].
    pub fn forward(&self, input: LayerInput, grad_accum: Option<Tensor<1>>) -> SpikeTensor {
        let weights = self.linear.weights(grad_accum);
        match input {
            LayerInput::Spikes(spikes) => kernels::spiking_layer(spikes, weights, &self.neuron),
            // Weights and bias meet the currents once.
            LayerInput::Currents { values, time_steps } => {
                kernels::lif_constant_input(kernels::linear(values, weights, 1.0), &self.neuron, time_steps)
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

    /// A layer with these numbers as its parameters, which lie as [`Layer::layout_of`] says.
    ///
    /// # Panics
    /// If there are not as many numbers.
    pub fn with_parameters(spec: LayerSpec, inputs: usize, neuron: Neuron, numbers: Vec<f32>, device: &Device) -> Self {
        match spec {
            LayerSpec::Dense(outputs) => {
                let linear = Linear::from_flat(LinearShape { inputs, outputs }, numbers, device);
                Self::Dense(DenseLayer { linear, neuron })
            }
        }
    }

    /// What its neurons are like from now on.
    pub const fn set_neuron(&mut self, to: Neuron) {
        match self {
            Self::Dense(layer) => layer.neuron = to,
        }
    }

    /// What its neurons are like.
    pub const fn neuron(&self) -> &Neuron {
        match self {
            Self::Dense(layer) => &layer.neuron,
        }
    }

    /// All its parameters.
    pub const fn parameters(&self) -> &Param<Tensor<1>> {
        match self {
            Self::Dense(layer) => &layer.linear.parameters,
        }
    }

    /// The same, to be changed.
    pub const fn parameters_mut(&mut self) -> &mut Param<Tensor<1>> {
        match self {
            Self::Dense(layer) => &mut layer.linear.parameters,
        }
    }

    /// How they stand in files.
    pub const fn layout(&self) -> ParameterLayout {
        match self {
            Self::Dense(layer) => layer.linear.layout(),
        }
    }

    /// N, the number of its inputs.
    pub const fn inputs(&self) -> usize {
        match self {
            Self::Dense(layer) => layer.linear.shape.inputs,
        }
    }

    /// H, the number of its neurons.
    pub const fn neurons(&self) -> usize {
        match self {
            Self::Dense(layer) => layer.linear.shape.outputs,
        }
    }

    /// Its spikes, [B, H]; gradients that come back are added to `grad_accum`.
    ///
    /// # Panics
    /// If the input is not of N neurons.
    pub fn forward(&self, input: LayerInput, grad_accum: Option<Tensor<1>>) -> SpikeTensor {
        match self {
            Self::Dense(layer) => layer.forward(input, grad_accum),
        }
    }

    /// Its synapses, in plain numbers.
    pub fn synapses(&self) -> SynapticWeights {
        match self {
            Self::Dense(layer) => SynapticWeights::of(&layer.linear),
        }
    }
}

/// The synapses of a layer in plain numbers, to be looked at.
#[derive(Clone, Debug)]
pub struct SynapticWeights {
    shape: LinearShape,
    /// [N, H].
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl SynapticWeights {
    /// Those of a linear map.
    pub fn of(linear: &Linear) -> Self {
        let (weight, bias) = linear.rows();
        Self { shape: linear.shape, weight, bias }
    }

    /// H, the number of neurons that they lead to.
    pub const fn neurons(&self) -> usize {
        self.shape.outputs
    }

    /// The constant current into each neuron, [H].
    pub fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// The weights by which input `input` reaches each neuron, [H].
    ///
    /// # Panics
    /// If there is no such input.
    pub fn outgoing(&self, input: usize) -> &[f32] {
        &self.weight[input * self.shape.outputs..][..self.shape.outputs]
    }

    /// The weights by which all inputs reach neuron `neuron`, [N]: its receptive field, a picture of the input's shape.
    ///
    /// # Panics
    /// If there is no such neuron.
    pub fn incoming(&self, neuron: usize) -> Vec<f32> {
        assert!(neuron < self.shape.outputs, "neuron {neuron} of {}", self.shape.outputs);
        self.weight.iter().skip(neuron).step_by(self.shape.outputs).copied().collect()
    }
}

/// The same parameter on another device.
///
/// # Errors
/// When the device that it is on cannot be read.
pub(crate) async fn to_device(tensor: Tensor<1>, device: &Device) -> Result<Tensor<1>, ExecutionError> {
    let numbers = tensor.into_data_async().await?.iter::<f32>().collect();
    Ok(kernels::parameters_on(numbers, device))
}

/// The numbers of a tensor.
pub fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// A matrix with rows of `width` numbers, with rows and columns exchanged.
///
/// ```
/// assert_eq!(spiking_playground::layer::transposed(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
/// ```
pub fn transposed(matrix: &[f32], width: usize) -> Vec<f32> {
    let height = matrix.len() / width.max(1);
    (0..width).flat_map(|column| (0..height).map(move |row| matrix[row * width + column])).collect()
}

/// Leaky integrators that never spike: y[t] = β·y[t-1] + W·s[t] + b. Their mean over time is linear in the spikes, so it
/// is a product with a weighted spike count, exactly: mean(y) = W·Σ_t c[t]·s[t] + b·Σ_t c[t].
#[derive(Module, Debug)]
pub struct Integrators {
    /// From the last hidden layer.
    pub linear: Linear,
    /// β, the share of the potential that stays.
    pub beta: f64,
}

impl Integrators {
    /// c[t], what a spike at time step t adds to the mean: (1 + β + … + β^(T-1-t))/T.
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

    /// Spikes [B, N] to the mean over time of the potentials, [B, C]; gradients that come back are added to `grad_accum`.
    pub fn forward(&self, input: SpikeTensor, grad_accum: Option<Tensor<1>>) -> Tensor<2> {
        let coefficients = Self::coefficients(self.beta, input.time_steps());
        kernels::integrators(input, self.linear.weights(grad_accum), &coefficients)
    }
}
