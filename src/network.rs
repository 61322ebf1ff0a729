//! The network that a spec describes.

use crate::kernels::{self, LinearShape, SpikeTensor};
use crate::layer::{
    Integrators, Layer, LayerInput, Linear, ParameterGradients, ParameterLayout, SynapticWeights, numbers, to_device,
};
use crate::rate_penalty::RatePenalty;
use crate::spec::{FeatureMaps, Readout, Spec, SpecError};
use crate::spikes::SpikeTrain;
use burn::module::{Module, Param};
use burn::tensor::{Device, ExecutionError, Tensor};

/// The readout: the layer that turns the last hidden layer's spikes into class scores.
#[derive(Module, Debug)]
pub enum ReadoutLayer {
    /// Leaky integrators: score = mean over time of the potential.
    Membrane(Integrators),
    /// Spiking neurons: score = number of spikes.
    SpikeCount(Layer),
}

impl ReadoutLayer {
    /// The spec's readout with these weights.
    fn of(spec: &Spec, linear: Linear) -> Self {
        match spec.readout {
            Readout::Membrane => Self::Membrane(Integrators { linear, beta: f64::from(spec.neuron.beta) }),
            Readout::SpikeCount => Self::SpikeCount(Layer { linear, neuron: spec.neuron }),
        }
    }

    /// Its weights and bias.
    pub const fn linear(&self) -> &Linear {
        match self {
            Self::Membrane(integrators) => &integrators.linear,
            Self::SpikeCount(layer) => &layer.linear,
        }
    }

    /// The same, mutable.
    pub const fn linear_mut(&mut self) -> &mut Linear {
        match self {
            Self::Membrane(integrators) => &mut integrators.linear,
            Self::SpikeCount(layer) => &mut layer.linear,
        }
    }
}

/// Layers of spiking neurons and a readout.
#[derive(Module, Debug)]
pub struct Network {
    /// The hidden layers, from input to readout.
    pub layers: Vec<Layer>,
    /// The readout.
    pub readout: ReadoutLayer,
}

/// A batch of encoded images, the input of the first layer.
#[derive(Clone, Debug)]
pub enum EncodedBatch {
    /// Spikes [B, N].
    Spikes(SpikeTrain),
    /// Constant currents [B, N], row by row, for T time steps.
    Currents {
        /// The currents, one for each pixel of each image.
        values: Vec<f32>,
        /// T.
        time_steps: usize,
    },
}

/// What a pass takes and gives that is learnt from, beside images and class scores: some samples of a batch, or all.
#[derive(Debug, Default)]
pub struct BatchPart {
    /// The gradients over earlier samples of the batch, taken by the pass: its backward pass adds its own to them.
    pub gradients: ParameterGradients,
    /// The price of the hidden neurons' firing rates, for each sample; its gradient is part of the backward pass.
    pub penalty: RatePenalty,
    /// What it adds to the loss, \[1\] for each hidden layer; empty if there is none.
    pub penalties: Vec<Tensor<1>>,
}

/// One parameter as in files: weights [out, in] or bias \[out\].
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name, as in PyTorch: `layers.0.weight`, …, `readout.bias`.
    pub name: String,
    /// Its shape, [out, in] or \[out\].
    pub shape: Vec<usize>,
    /// Its values, row by row.
    pub values: Vec<f32>,
}

/// Why parameters are not those of the network.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ParameterError {
    /// The spec's layers have no room on the images.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A parameter is missing.
    #[error("the network needs `{0}`, which is not there: the weights are of another network")]
    Missing(String),
    /// A parameter has another shape.
    #[error("`{name}` should be {wanted:?} and is {found:?}: the weights are of another network")]
    Shape {
        /// The parameter.
        name: String,
        /// The shape that the network needs.
        wanted: Vec<usize>,
        /// The shape found.
        found: Vec<usize>,
    },
    /// A parameter holds a NaN or an infinity.
    #[error("`{0}` holds a NaN or an infinity: the run that made it had diverged")]
    NotFinite(String),
    /// A matrix is transposed.
    #[error(
        "`{name}` is {found:?}, and [out, in] is wanted, with out = {outputs}: save it transposed (in PyTorch, `.t().contiguous()`)"
    )]
    Transposed {
        /// The parameter.
        name: String,
        /// Neurons of its layer.
        outputs: usize,
        /// The shape found.
        found: Vec<usize>,
    },
    /// A mean of squares is negative.
    #[error("`{0}` holds a mean of squares that is negative: the file is damaged")]
    Negative(String),
    /// It holds numbers that nothing here can be.
    #[error(
        "`{0}` holds a number that is out of its range, or nothing: the file was changed, or written by something else"
    )]
    OutOfRange(String),
    /// There are no pixels, no classes, or too many classes.
    #[error(
        "it takes images of {pixels} pixels to {classes} classes: a network has at least one pixel, and 1 to {MAX_CLASSES} classes"
    )]
    Sizes {
        /// Pixels.
        pixels: usize,
        /// Classes.
        classes: usize,
    },
}

/// The maximal number of classes: a label is a byte.
pub const MAX_CLASSES: usize = 256;

/// The error of a network that does not fit some images. Both fields are (pixels of an image, classes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("reads images of {} in {} classes; there are images of {} in {} classes", size(.has.0), .has.1, size(.there.0), .there.1)]
pub struct Misfit {
    /// The network's sizes.
    pub has: (usize, usize),
    /// The images' sizes.
    pub there: (usize, usize),
}

impl Misfit {
    /// Compares sizes of a network with those of images.
    ///
    /// # Errors
    /// When they differ.
    pub fn between(has: (usize, usize), there: (usize, usize)) -> Result<(), Self> {
        if has == there { Ok(()) } else { Err(Self { has, there }) }
    }
}

/// The size of an image, as width and height if it is a square.
fn size(pixels: usize) -> String {
    let side = pixels.isqrt();
    if side * side == pixels { format!("{side} × {side}") } else { format!("{pixels} pixels") }
}

impl Parameter {
    /// The values, if the parameter has this shape and all values are finite.
    ///
    /// # Errors
    /// When the shape differs, or a value is a NaN or an infinity.
    pub fn checked(&self, wanted: Vec<usize>) -> Result<Vec<f32>, ParameterError> {
        if self.shape != wanted {
            let (name, found) = (self.name.clone(), self.shape.clone());
            return Err(ParameterError::Shape { name, wanted, found });
        }
        let finite = self.values.iter().all(|value| value.is_finite());
        finite.then(|| self.values.clone()).ok_or_else(|| ParameterError::NotFinite(self.name.clone()))
    }

    /// The parameters in files of a layer called `name`, from its flat parameter's numbers.
    ///
    /// # Panics
    /// If the number of numbers is not that of the layout.
    pub fn from_flat(layer: &str, layout: ParameterLayout, numbers: &[f32]) -> Vec<Self> {
        let parts = layout.parts().into_iter().zip(layout.split(numbers));
        parts.map(|((part, shape), values)| Self { name: format!("{layer}.{part}"), shape, values }).collect()
    }
}

/// The parameter of that name.
fn find(parameters: &[Parameter], name: String) -> Result<&Parameter, ParameterError> {
    parameters.iter().find(|parameter| parameter.name == name).ok_or(ParameterError::Missing(name))
}

/// Checks that a layer's matrix is not transposed.
fn check_orientation(parameters: &[Parameter], layer: &str, layout: ParameterLayout) -> Result<(), ParameterError> {
    let LinearShape { inputs, outputs } = layout.shape;
    let weight = find(parameters, format!("{layer}.weight"))?;
    // The number of inputs of the first layer is known only from this matrix: any shape would be valid.
    let is_first = weight.name == "layers.0.weight";
    let exchanged = if is_first { inputs == outputs } else { weight.shape == [inputs, outputs] };
    if weight.shape.len() == 2 && weight.shape[0] != outputs && exchanged {
        let (name, found) = (weight.name.clone(), weight.shape.clone());
        return Err(ParameterError::Transposed { name, outputs, found });
    }
    Ok(())
}

/// The numbers of a layer's flat parameter, from the parameters in a file under the layer's name.
///
/// # Errors
/// When a part is missing, has another shape or holds a NaN or an infinity.
pub fn to_flat(parameters: &[Parameter], layer: &str, layout: ParameterLayout) -> Result<Vec<f32>, ParameterError> {
    let part = |(part, wanted)| find(parameters, format!("{layer}.{part}"))?.checked(wanted);
    Ok(layout.join(&layout.parts().into_iter().map(part).collect::<Result<Vec<_>, _>>()?))
}

/// The name of the readout's parameters in files, without `.weight` and `.bias`.
const READOUT: &str = "readout";

/// The name of a hidden layer's parameters in files.
fn layer_name(layer: usize) -> String {
    format!("layers.{layer}")
}

/// The names of all layers' parameters in files, the readout's last.
pub(crate) fn layer_names(hidden: usize) -> impl Iterator<Item = String> {
    (0..hidden).map(layer_name).chain([READOUT.to_owned()])
}

/// The sides of square images that are tried for convolutions that do not say which they were made for.
const SIDES: std::ops::RangeInclusive<usize> = 1..=256;

/// The pixels of an image for which what the convolutions give is what the layer behind them takes: as many as the data set's,
/// if these fit.
fn pixels_under_convolutions(spec: &Spec, parameters: &[Parameter]) -> Result<usize, ParameterError> {
    let convolutions = spec.layers.iter().take_while(|layer| layer.is_convolution()).count();
    let behind = if convolutions == spec.layers.len() { READOUT.to_owned() } else { layer_name(convolutions) };
    let wanted = find(parameters, format!("{behind}.weight"))?.shape.get(1).copied().unwrap_or(0);
    let [width, height] = spec.dataset.image_size();
    let fits = |pixels: &usize| spec.hidden_neurons(*pixels).nth(convolutions - 1) == Some(wanted);
    Ok([width * height].into_iter().chain(SIDES.map(|side| side * side)).find(fits).unwrap_or(width * height))
}

/// The layout of each layer's parameters, the readout's last, for images of `pixels` pixels in `classes` classes.
fn layouts(spec: &Spec, pixels: usize, classes: usize) -> impl Iterator<Item = ParameterLayout> {
    let inputs: Vec<FeatureMaps> =
        [FeatureMaps::of_image(pixels)].into_iter().chain(spec.feature_maps(pixels)).collect();
    let readout = ParameterLayout::dense(inputs.last().map_or(pixels, |maps| maps.neurons()), classes);
    let hidden = spec.layers.iter().zip(inputs).map(|(layer, input)| ParameterLayout::of(*layer, input));
    hidden.chain([readout]).collect::<Vec<_>>().into_iter()
}

impl Network {
    /// The spec's network for images of `pixels` pixels in `classes` classes, with weights drawn from its seed. On an
    /// autodiff device it can be trained.
    ///
    /// # Panics
    /// If a convolution has no room on such images ([`Spec::check_fit`]).
    pub fn new(spec: &Spec, pixels: usize, classes: usize, device: &Device) -> Self {
        let mut layers = Vec::new();
        for (layout, index) in layouts(spec, pixels, classes).zip(0..) {
            layers.push(Layer::random(layout, spec.neuron, spec.seed, index, device));
        }
        Self::of_layers(spec, layers)
    }

    /// The network of these layers, the last of which becomes the readout.
    #[expect(clippy::expect_used, reason = "a network has a readout")]
    fn of_layers(spec: &Spec, mut layers: Vec<Layer>) -> Self {
        let last = layers.pop().expect("the readout");
        Self { layers, readout: ReadoutLayer::of(spec, last.linear) }
    }

    /// Changes the network to that of another spec, whose layers have the same sizes, with the same weights.
    pub fn change(&mut self, spec: &Spec) {
        self.layers.iter_mut().for_each(|layer| layer.neuron = spec.neuron);
        self.readout = ReadoutLayer::of(spec, self.readout.linear().clone());
    }

    /// The spec's network with these parameters, which also determine the number of classes and that of pixels. The kernels of a
    /// convolution fit images of several sizes, so `pixels` is asked for where it is known.
    ///
    /// # Errors
    /// When a parameter is missing, has another shape than the spec's or holds a NaN or an infinity; when there are no
    /// pixels, no classes, or too many classes; when a convolution has no room.
    pub fn with_parameters(
        spec: &Spec,
        parameters: &[Parameter],
        pixels: Option<usize>,
        device: &Device,
    ) -> Result<Self, ParameterError> {
        let first = find(parameters, "layers.0.weight".to_owned())?;
        let pixels = match spec.has_convolution() {
            true => pixels.map_or_else(|| pixels_under_convolutions(spec, parameters), Ok)?,
            false => first.shape.get(1).copied().unwrap_or(0),
        };
        spec.check_fit(pixels)?;
        let classes = find(parameters, "readout.bias".to_owned())?.shape.first().copied().unwrap_or(0);
        if pixels == 0 || !(1..=MAX_CLASSES).contains(&classes) {
            return Err(ParameterError::Sizes { pixels, classes });
        }
        let checked = |name: &str, layout| {
            check_orientation(parameters, name, layout)?;
            to_flat(parameters, name, layout)
        };
        let mut layers = Vec::new();
        for (name, layout) in layer_names(spec.layers.len()).zip(layouts(spec, pixels, classes)) {
            layers.push(Layer::from_flat(layout, spec.neuron, checked(&name, layout)?, device));
        }
        Ok(Self::of_layers(spec, layers))
    }

    /// Checks that the network takes images of `pixels` pixels in `classes` classes.
    ///
    /// # Errors
    /// When its sizes differ.
    pub fn check_fit(&self, pixels: usize, classes: usize) -> Result<(), Misfit> {
        Misfit::between((self.pixels(), self.classes()), (pixels, classes))
    }

    /// Whether all weights and biases are finite.
    pub fn is_finite(&self) -> bool {
        self.flat_parameters().all(|flat| numbers(flat.val().inner()).iter().all(|value| value.is_finite()))
    }

    /// The flat parameter of each layer, the readout's last.
    pub fn flat_parameters(&self) -> impl Iterator<Item = &Param<Tensor<1>>> {
        self.layers.iter().map(|layer| &layer.linear.parameters).chain([&self.readout.linear().parameters])
    }

    /// The same, mutable.
    pub fn flat_parameters_mut(&mut self) -> impl Iterator<Item = &mut Param<Tensor<1>>> {
        let readout = &mut self.readout.linear_mut().parameters;
        self.layers.iter_mut().map(|layer| &mut layer.linear.parameters).chain([readout])
    }

    /// The name and the layout in files of each layer's parameter, the readout last.
    pub fn layouts(&self) -> impl Iterator<Item = (String, ParameterLayout)> {
        let layouts = self.layers.iter().map(|layer| layer.linear.layout()).chain([self.readout.linear().layout()]);
        layer_names(self.layers.len()).zip(layouts)
    }

    /// All parameters, as in files.
    pub fn parameters(&self) -> Vec<Parameter> {
        let flat = self.flat_parameters().map(|flat| numbers(flat.val().inner()));
        self.layouts().zip(flat).flat_map(|((name, layout), flat)| Parameter::from_flat(&name, layout, &flat)).collect()
    }

    /// The synapses that lead to a layer's neurons; the layer after the hidden ones is the readout. `None` if there is no
    /// such layer.
    pub fn synaptic_weights(&self, layer: usize) -> Option<SynapticWeights> {
        match self.layers.get(layer) {
            Some(layer) => Some(SynapticWeights::of(&layer.linear)),
            None => (layer == self.layers.len()).then(|| SynapticWeights::of(self.readout.linear())),
        }
    }

    /// The same network on another device.
    ///
    /// # Errors
    /// When its device cannot be read.
    pub async fn to_device(&self, device: &Device) -> Result<Self, ExecutionError> {
        let mut copy = self.clone();
        for (to, from) in copy.flat_parameters_mut().zip(self.flat_parameters()) {
            *to = Param::from_tensor(to_device(from.val().inner(), device).await?);
        }
        Ok(copy)
    }

    /// The number of pixels of an image.
    pub fn pixels(&self) -> usize {
        self.layers.first().map_or(self.readout.linear().shape().inputs, Layer::inputs)
    }

    /// The number of classes.
    pub const fn classes(&self) -> usize {
        self.readout.linear().shape().outputs
    }

    /// The device of the weights.
    pub fn device(&self) -> Device {
        self.readout.linear().parameters.val().device()
    }

    /// The class scores (logits) of a batch of B images, [B, classes].
    ///
    /// # Panics
    /// If an image does not have the network's number of pixels, or the batch is empty.
    pub fn forward(&self, input: EncodedBatch) -> Tensor<2> {
        self.forward_part(input, &mut BatchPart::default())
    }

    /// The same for a part of a batch that is learnt from.
    ///
    /// # Panics
    /// As for [`Network::forward`].
    pub fn forward_part(&self, input: EncodedBatch, part: &mut BatchPart) -> Tensor<2> {
        self.forward_encoded(self.on_device(input), part)
    }

    /// The class scores as [`Network::forward`] has them; `watch` sees the spikes of each hidden layer, by its number from 0.
    ///
    /// # Panics
    /// As for [`Network::forward`].
    pub fn forward_watched(&self, input: EncodedBatch, watch: &mut dyn FnMut(usize, &SpikeTensor)) -> Tensor<2> {
        self.pass(self.on_device(input), &mut BatchPart::default(), watch)
    }

    /// The input on the network's device.
    fn on_device(&self, input: EncodedBatch) -> LayerInput {
        let device = self.device();
        match input {
            EncodedBatch::Spikes(train) => LayerInput::Spikes(SpikeTensor::new(train, &device)),
            EncodedBatch::Currents { values, time_steps } => {
                let shape = [values.len() / self.pixels(), self.pixels()];
                LayerInput::Currents { values: kernels::floats(values, shape, &device.inner()), time_steps }
            }
        }
    }

    /// An encoded batch as the input of the first layer.
    pub(crate) fn layer_input(&self, input: EncodedBatch) -> LayerInput {
        self.tracked(self.on_device(input))
    }

    /// What comes from outside the graph, in it where the weights are.
    fn tracked(&self, input: LayerInput) -> LayerInput {
        match input {
            LayerInput::Currents { values, time_steps } => {
                let values = if self.device().is_autodiff() { Tensor::from_inner(values) } else { values };
                LayerInput::Currents { values, time_steps }
            }
            LayerInput::Spikes(spikes) => LayerInput::Spikes(spikes),
        }
    }

    /// The same for images that are encoded on the device, outside the graph.
    ///
    /// # Panics
    /// As for [`Network::forward`].
    pub fn forward_encoded(&self, input: LayerInput, part: &mut BatchPart) -> Tensor<2> {
        self.pass(input, part, &mut |_, _| {})
    }

    fn pass(&self, input: LayerInput, part: &mut BatchPart, watch: &mut dyn FnMut(usize, &SpikeTensor)) -> Tensor<2> {
        let BatchPart { gradients, penalty, penalties } = part;
        let mut input = self.tracked(input);
        for (layer, number) in self.layers.iter().zip(0..) {
            let spikes = layer.forward(input, gradients.take_layer(number), *penalty);
            if !penalty.is_none() {
                penalties.push(kernels::rate_penalty(&spikes, *penalty));
            }
            watch(number, &spikes);
            input = LayerInput::Spikes(spikes);
        }
        let earlier = gradients.take_layer(self.layers.len());
        match (&self.readout, input) {
            (ReadoutLayer::Membrane(integrators), LayerInput::Spikes(spikes)) => integrators.forward(spikes, earlier),
            (ReadoutLayer::SpikeCount(layer), input) => {
                let spikes = layer.forward(input, earlier, RatePenalty::default());
                let ones = vec![1.0; spikes.time_steps()];
                kernels::weighted_spike_count(spikes, &ones)
            }
            // A spec has at least one hidden layer, so the readout's input is spikes.
            (ReadoutLayer::Membrane(_), LayerInput::Currents { .. }) => unreachable!("a network without hidden layers"),
        }
    }
}
