//! The layers of a network as burn modules, and the interface that the rest of the program uses. Only this module knows
//! the kinds of layers: all are neurons behind a linear map, which a convolution applies to patches of its input.

use crate::kernels::{self, LinearShape, LinearWeights, Neurons, SpikeTensor};
use crate::random::{Generator, Stream};
use crate::rate_penalty::RatePenalty;
use crate::spec::{Connectivity, FeatureMaps, LayerSpec, Neuron, Window};
use burn::module::{Module, Param};
use burn::tensor::{Device, ExecutionError, Gradients, Tensor};
use std::ops::Range;

/// Weights and bias of a linear map.
#[derive(Module, Debug)]
pub struct Linear {
    /// All weights and biases, in the layout of [`LinearShape`]. Files have PyTorch's layout.
    pub parameters: Param<Tensor<1>>,
    #[module(skip)]
    layout: ParameterLayout,
}

impl Linear {
    /// The map of weights [N, H] and bias \[H\].
    ///
    /// # Panics
    /// If there are not N·H weights.
    pub fn new(weight: &[f32], bias: &[f32], device: &Device) -> Self {
        let layout = ParameterLayout::dense(weight.len() / bias.len().max(1), bias.len());
        Self::from_flat(layout, layout.shape.pack(weight, bias), device)
    }

    /// The map with these numbers as its flat parameter.
    ///
    /// # Panics
    /// If their number is not that of the layout.
    pub fn from_flat(layout: ParameterLayout, numbers: Vec<f32>, device: &Device) -> Self {
        let wanted = layout.shape.numbers();
        assert!(numbers.len() == wanted, "a linear map has {wanted} numbers");
        Self { parameters: Param::from_tensor(kernels::parameters_on(numbers, device)), layout }
    }

    /// A map with PyTorch's initial values: uniform in ±1/√N for N inputs of a neuron, weights and bias, drawn by our own
    /// generator in the order of PyTorch's layout ([H, N], then bias), so that all backends start from the same weights.
    pub fn random(layout: ParameterLayout, seed: u64, layer: u32, device: &Device) -> Self {
        let LinearShape { inputs, outputs } = layout.shape;
        let bound = 1.0 / (inputs as f32).sqrt();
        let mut generator = Generator::new(seed, Stream::Weights(layer));
        let mut draw = |n: usize| (0..n).map(|_| (generator.unit() * 2.0 - 1.0) * bound).collect::<Vec<f32>>();
        let parts = [draw(outputs * inputs), draw(outputs)];
        Self::from_flat(layout, layout.join(&parts), device)
    }

    /// The sizes of its matrix: N and H, or, of a convolution, the inputs in a patch and its feature maps.
    pub const fn shape(&self) -> LinearShape {
        self.layout.shape
    }

    /// The layout of its parameters in files.
    pub const fn layout(&self) -> ParameterLayout {
        self.layout
    }

    /// The map as the kernels' argument, with the gradient over earlier samples of the batch, if there were any, to
    /// which new ones are added.
    pub fn weights(&self, grad_accum: Option<Tensor<1>>) -> LinearWeights {
        let ParameterLayout { shape, window } = self.layout;
        LinearWeights { shape, parameters: self.parameters.val(), grad_accum, window }
    }

    /// The weights [N, H] and the bias \[H\] of its matrix.
    pub fn rows(&self) -> (Vec<f32>, Vec<f32>) {
        self.shape().unpack(&numbers(self.parameters.val().inner()))
    }
}

/// The names and the layout in files of a flat parameter's parts: `weight` and `bias`, as in PyTorch's `Linear` [H, N] and
/// \[H\], or as in its `Conv2d` [C, channels of the input, K, K] and \[C\].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParameterLayout {
    /// The sizes of the matrix.
    pub shape: LinearShape,
    /// If it is a convolution's, the patches that the matrix is applied to.
    pub window: Option<Window>,
}

/// The name of a part of a layer's parameters in files, and its shape there.
pub type Part = (&'static str, Vec<usize>);

impl ParameterLayout {
    /// That of a map of all inputs to all neurons.
    pub const fn dense(inputs: usize, outputs: usize) -> Self {
        Self { shape: LinearShape { inputs, outputs }, window: None }
    }

    /// That of a layer over an input of this shape.
    ///
    /// # Panics
    /// If the layer has no room there ([`crate::spec::Spec::check_fit`]).
    #[expect(clippy::expect_used, reason = "who makes a network has checked that its layers have room")]
    pub fn of(spec: LayerSpec, input: FeatureMaps) -> Self {
        match spec {
            LayerSpec::Dense(outputs) => Self::dense(input.neurons(), outputs),
            LayerSpec::Convolution(convolution) => {
                let window = convolution.over(input).expect("a convolution with room to move");
                let shape = LinearShape { inputs: window.taps(), outputs: convolution.channels };
                Self { shape, window: Some(window) }
            }
        }
    }

    /// N, the number of inputs.
    pub fn inputs(self) -> usize {
        self.window.map_or(self.shape.inputs, |window| window.input.neurons())
    }

    /// P, the places that the matrix is applied to.
    pub fn places(self) -> usize {
        self.window.map_or(1, Window::places)
    }

    /// H, the number of neurons.
    pub fn neurons(self) -> usize {
        self.shape.outputs * self.places()
    }

    /// Which inputs reach which neurons.
    pub fn connectivity(self) -> Connectivity {
        Connectivity { neurons: self.neurons(), window: self.window }
    }

    /// The names and shapes of the parts, in the order of [`ParameterLayout::split`].
    pub fn parts(self) -> Vec<Part> {
        let LinearShape { inputs, outputs } = self.shape;
        let weight = match self.window {
            Some(window) => vec![outputs, window.input.channels, window.kernel, window.kernel],
            None => vec![outputs, inputs],
        };
        vec![("weight", weight), ("bias", vec![outputs])]
    }

    /// The parts of a flat parameter's numbers, each row by row.
    ///
    /// # Panics
    /// If the number of numbers is not that of the layout.
    pub fn split(self, numbers: &[f32]) -> Vec<Vec<f32>> {
        let (weight, bias) = self.shape.unpack(numbers);
        vec![transposed(&weight, self.shape.outputs), bias]
    }

    /// The flat parameter's numbers, joined from the parts.
    ///
    /// # Panics
    /// If the parts are not those of [`ParameterLayout::parts`].
    pub fn join(self, parts: &[Vec<f32>]) -> Vec<f32> {
        let [weight, bias] = parts else { panic!("{} parts; a linear map has two", parts.len()) };
        self.shape.pack(&transposed(weight, self.shape.inputs), bias)
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

/// A layer of spiking neurons: every input is connected to every neuron, or, in a convolution, those of a patch.
#[derive(Module, Debug)]
pub struct Layer {
    /// The map from its input to its neurons' currents.
    pub linear: Linear,
    /// The parameters of its neurons.
    #[module(skip)]
    pub neuron: Neuron,
}

impl Layer {
    /// A layer with the initial weights of the network's layer `index`.
    pub fn random(layout: ParameterLayout, neuron: Neuron, seed: u64, index: u32, device: &Device) -> Self {
        Self { linear: Linear::random(layout, seed, index, device), neuron }
    }

    /// A layer with these numbers as its flat parameter.
    ///
    /// # Panics
    /// If their number is not that of the layout.
    pub fn from_flat(layout: ParameterLayout, neuron: Neuron, numbers: Vec<f32>, device: &Device) -> Self {
        Self { linear: Linear::from_flat(layout, numbers, device), neuron }
    }

    /// N, the number of inputs.
    pub fn inputs(&self) -> usize {
        self.linear.layout.inputs()
    }

    /// H, the number of neurons.
    pub fn neurons(&self) -> usize {
        self.linear.layout.neurons()
    }

    /// The spikes, [B, H]; the backward pass adds its gradients to `grad_accum`, that of a penalty on each sample's firing
    /// rates among them.
    ///
    /// # Panics
    /// If the number of inputs is not N.
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
    pub fn inputs(&self) -> usize {
        self.linear.layout.inputs()
    }

    /// H, the number of neurons.
    pub fn neurons(&self) -> usize {
        self.linear.layout.neurons()
    }

    /// The patches of the input that its neurons see; `None` if each sees all of it.
    pub const fn patches(&self) -> Option<Window> {
        self.linear.layout.window
    }

    /// The constant current into each of these neurons.
    ///
    /// # Panics
    /// If there are no such neurons.
    pub fn bias(&self, neurons: Range<usize>) -> Vec<f32> {
        let places = self.linear.layout.places();
        let (first, end) = (neurons.start / places, neurons.end.div_ceil(places));
        let start = self.linear.shape().bias_start() + first;
        let maps = kernels::strided_rows(&self.linear.parameters.val().inner(), start, 0, [1, end - first]);
        neurons.map(|neuron| maps[neuron / places - first]).collect()
    }

    /// The weights by which these inputs reach these neurons, [inputs, neurons]. No more than that is copied; of a convolution,
    /// the kernels of these neurons' maps are.
    ///
    /// # Panics
    /// If there are no such inputs or neurons.
    pub fn between(&self, inputs: Range<usize>, neurons: Range<usize>) -> Vec<f32> {
        let Some(window) = self.patches() else { return self.matrix(inputs, neurons) };
        let places = window.places();
        let maps = neurons.start / places..neurons.end.div_ceil(places);
        let kernels = self.matrix(0..window.taps(), maps.clone());
        let mut weights = vec![0.0; inputs.len() * neurons.len()];
        for (input, row) in inputs.zip(weights.chunks_exact_mut(neurons.len())) {
            for (place, tap) in window.targets_of(input) {
                for map in maps.clone() {
                    let neuron = map * places + place;
                    if neurons.contains(&neuron) {
                        row[neuron - neurons.start] = kernels[tap * maps.len() + map - maps.start];
                    }
                }
            }
        }
        weights
    }

    /// A part of the matrix [N, H].
    fn matrix(&self, inputs: Range<usize>, neurons: Range<usize>) -> Vec<f32> {
        let (flat, shape) = (self.linear.parameters.val().inner(), self.linear.shape());
        let width = shape.width();
        let mut weights = vec![0.0; inputs.len() * neurons.len()];
        let mut first = neurons.start;
        while first < neurons.end {
            let block = first / width;
            let end = neurons.end.min((block + 1) * width);
            let start = (block * shape.inputs + inputs.start) * width + first - block * width;
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
