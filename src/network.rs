//! The network that a spec describes.

use crate::kernels::{self, SpikeTensor};
use crate::layer::{Integrators, SpikingLayer, Synapses, transposed};
use crate::spec::{Readout, Spec};
use crate::spikes::SpikeTrain;
use burn::module::Module;
use burn::tensor::{Device, ExecutionError, Tensor, TensorData};

/// How the last hidden layer's spikes become class scores.
#[derive(Module, Debug)]
pub enum Output {
    /// Score = mean over time of the potential.
    Membrane(Integrators),
    /// Score = number of spikes.
    SpikeCount(SpikingLayer),
}

/// Layers of spiking neurons and a readout.
#[derive(Module, Debug)]
pub struct Network {
    /// From the input to the output.
    pub hidden: Vec<SpikingLayer>,
    /// What reads the last of them.
    pub output: Output,
}

/// What a batch of images is to the first layer.
#[derive(Clone, Debug)]
pub enum Input {
    /// Spikes [B, N].
    Spikes(SpikeTrain),
    /// Constant currents [B, N], row by row, for T time steps.
    Currents {
        /// One for each pixel of each image.
        values: Vec<f32>,
        /// T.
        time_steps: usize,
    },
}

/// The same on the network's device.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "it goes into the first layer at once")]
pub enum Coded {
    /// Spikes [B, N].
    Spikes(SpikeTensor),
    /// Constant currents [B, N], for T time steps.
    Currents {
        /// Outside the graph.
        values: Tensor<2>,
        /// T.
        time_steps: usize,
    },
}

/// One parameter, row by row, as it stands in files: weights [out, in], bias [out].
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// As PyTorch would name it: `layers.0.weight`, …, `readout.bias`.
    pub name: String,
    /// [out, in] or [out].
    pub shape: Vec<usize>,
    /// Row by row.
    pub values: Vec<f32>,
}

/// Why parameters do not make the network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// One is not there.
    #[error("the network needs `{0}`, which is not there: the weights are of another network")]
    Missing(String),
    /// One has another shape.
    #[error("`{name}` should be {wanted:?} and is {found:?}: the weights are of another network")]
    Shape {
        /// The parameter.
        name: String,
        /// What the network needs.
        wanted: Vec<usize>,
        /// What is there.
        found: Vec<usize>,
    },
    /// One holds numbers that are none.
    #[error("`{0}` holds a NaN or an infinity: the run that made it had diverged")]
    NotFinite(String),
    /// Rows and columns of one are exchanged.
    #[error(
        "`{name}` is {found:?}, and [out, in] is wanted, with out = {targets}: save it transposed (in PyTorch, `.t().contiguous()`)"
    )]
    Transposed {
        /// The parameter.
        name: String,
        /// Neurons of its layer.
        targets: usize,
        /// What is there.
        found: Vec<usize>,
    },
    /// A mean of squares is below 0.
    #[error("`{0}` holds a mean of squares that is negative: the file is damaged")]
    Negative(String),
    /// There is no neuron where pixels enter, or where the answer is read, or too many classes.
    #[error(
        "it takes images of {pixels} pixels to {classes} classes: a network has at least one pixel, and 1 to {MOST_CLASSES} classes"
    )]
    Sizes {
        /// Pixels.
        pixels: usize,
        /// Classes.
        classes: usize,
    },
}

/// The most classes: a label is a byte.
pub const MOST_CLASSES: usize = 256;

/// That a network does not take some images. Both are (pixels of an image, classes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("reads images of {} in {} classes; there are images of {} in {} classes", size(.has.0), .has.1, size(.there.0), .there.1)]
pub struct Misfit {
    /// What the network reads.
    pub has: (usize, usize),
    /// What there is.
    pub there: (usize, usize),
}

/// The size of an image, as width and height if it is a square.
fn size(pixels: usize) -> String {
    let side = pixels.isqrt();
    if side * side == pixels { format!("{side} × {side}") } else { format!("{pixels} pixels") }
}

impl Parameter {
    /// Its values, if it has this shape and all are finite.
    ///
    /// # Errors
    /// When it has another, or one is a NaN or an infinity.
    pub fn checked(&self, wanted: Vec<usize>) -> Result<Vec<f32>, ParameterError> {
        if self.shape != wanted {
            let (name, found) = (self.name.clone(), self.shape.clone());
            return Err(ParameterError::Shape { name, wanted, found });
        }
        let finite = self.values.iter().all(|value| value.is_finite());
        finite.then(|| self.values.clone()).ok_or_else(|| ParameterError::NotFinite(self.name.clone()))
    }
}

/// The names of the layers' parameters, without `.weight` and `.bias`.
pub(crate) fn layer_names(hidden: usize) -> impl Iterator<Item = String> {
    (0..hidden).map(|layer| format!("layers.{layer}")).chain(["readout".to_owned()])
}

impl Network {
    /// The spec's network for images of `pixels` pixels in `classes` classes, with weights drawn from its seed. On an
    /// autodiff device it can be trained.
    pub fn new(spec: &Spec, pixels: usize, classes: usize, device: &Device) -> Self {
        let sizes: Vec<usize> = [pixels].into_iter().chain(spec.hidden.iter().copied()).chain([classes]).collect();
        let pairs = sizes.windows(2).zip(0..);
        let synapses = pairs.map(|(n, layer)| Synapses::random(n[0], n[1], spec.seed, layer, device)).collect();
        Self::of_synapses(spec, synapses)
    }

    fn of_synapses(spec: &Spec, synapses: Vec<Synapses>) -> Self {
        let mut layers: Vec<SpikingLayer> =
            synapses.into_iter().map(|synapses| SpikingLayer { synapses, neuron: spec.neuron }).collect();
        // A spec has at least one hidden layer, so there are at least two pairs of layers.
        let last = layers.remove(layers.len() - 1);
        let output = match spec.readout {
            Readout::SpikeCount => Output::SpikeCount(last),
            Readout::Membrane => {
                Output::Membrane(Integrators { synapses: last.synapses, beta: f64::from(spec.neuron.beta) })
            }
        };
        Self { hidden: layers, output }
    }

    /// The same weights in the network of another spec, whose layers are of the same sizes.
    pub fn change(&mut self, spec: &Spec) {
        let synapses = self.synapses().into_iter().cloned().collect();
        *self = Self::of_synapses(spec, synapses);
    }

    /// The spec's network with these parameters; pixels and classes are theirs.
    ///
    /// # Errors
    /// When one is missing, has another shape than the spec says or holds a NaN or an infinity; when there is no pixel or
    /// no class.
    pub fn with_parameters(spec: &Spec, parameters: &[Parameter], device: &Device) -> Result<Self, ParameterError> {
        let find = |name: String| {
            parameters.iter().find(|parameter| parameter.name == name).ok_or(ParameterError::Missing(name))
        };
        let first = find("layers.0.weight".to_owned())?;
        let pixels = first.shape.get(1).copied().unwrap_or(0);
        let classes = find("readout.bias".to_owned())?.shape.first().copied().unwrap_or(0);
        if pixels == 0 || !(1..=MOST_CLASSES).contains(&classes) {
            return Err(ParameterError::Sizes { pixels, classes });
        }
        let mut senders = pixels;
        let mut synapses = Vec::new();
        for (name, targets) in layer_names(spec.hidden.len()).zip(spec.hidden.iter().copied().chain([classes])) {
            let weight = find(format!("{name}.weight"))?;
            // Of the first layer only one size is known, so any shape would look like other sizes.
            let is_first = std::ptr::eq(weight, first);
            let exchanged = if is_first { pixels == targets } else { weight.shape == [senders, targets] };
            if weight.shape.len() == 2 && weight.shape[0] != targets && exchanged {
                let (name, found) = (weight.name.clone(), weight.shape.clone());
                return Err(ParameterError::Transposed { name, targets, found });
            }
            let weight = weight.checked(vec![targets, senders])?;
            let bias = find(format!("{name}.bias"))?.checked(vec![targets])?;
            synapses.push(Synapses::new(&transposed(&weight, senders), bias, device));
            senders = targets;
        }
        Ok(Self::of_synapses(spec, synapses))
    }

    /// Whether it takes images of so many pixels in so many classes.
    ///
    /// # Errors
    /// When it reads others.
    pub fn check_fit(&self, pixels: usize, classes: usize) -> Result<(), Misfit> {
        let (has, there) = ((self.pixels(), self.classes()), (pixels, classes));
        if has == there { Ok(()) } else { Err(Misfit { has, there }) }
    }

    /// Whether all weights and biases are finite numbers.
    pub fn is_finite(&self) -> bool {
        let finite = |values: Vec<f32>| values.iter().all(|value| value.is_finite());
        self.synapses().into_iter().all(|synapses| finite(synapses.rows()) && finite(synapses.biases()))
    }

    /// All synapses, from the input to the output.
    pub fn synapses(&self) -> Vec<&Synapses> {
        let last = match &self.output {
            Output::Membrane(integrators) => &integrators.synapses,
            Output::SpikeCount(layer) => &layer.synapses,
        };
        self.hidden.iter().map(|layer| &layer.synapses).chain([last]).collect()
    }

    /// All synapses, to be changed.
    pub fn synapses_mut(&mut self) -> Vec<&mut Synapses> {
        let last = match &mut self.output {
            Output::Membrane(integrators) => &mut integrators.synapses,
            Output::SpikeCount(layer) => &mut layer.synapses,
        };
        self.hidden.iter_mut().map(|layer| &mut layer.synapses).chain([last]).collect()
    }

    /// What the layers are called in files.
    pub fn names(&self) -> impl Iterator<Item = String> {
        layer_names(self.hidden.len())
    }

    /// All parameters, as they stand in files.
    pub fn parameters(&self) -> Vec<Parameter> {
        let named = self.names().zip(self.synapses());
        named.flat_map(|(name, synapses)| file_layout(&name, &synapses.rows(), synapses.biases())).collect()
    }

    /// The same network on another device.
    ///
    /// # Errors
    /// When the device it is on cannot be read.
    pub async fn copied_to(&self, device: &Device) -> Result<Self, ExecutionError> {
        let copied = async |layer: &SpikingLayer| {
            Ok(SpikingLayer { synapses: layer.synapses.copied_to(device).await?, neuron: layer.neuron })
        };
        let mut hidden = Vec::new();
        for layer in &self.hidden {
            hidden.push(copied(layer).await?);
        }
        let output = match &self.output {
            Output::SpikeCount(layer) => Output::SpikeCount(copied(layer).await?),
            Output::Membrane(layer) => {
                Output::Membrane(Integrators { synapses: layer.synapses.copied_to(device).await?, beta: layer.beta })
            }
        };
        Ok(Self { hidden, output })
    }

    /// Pixels of an image.
    pub fn pixels(&self) -> usize {
        self.synapses().first().map_or(0, |synapses| synapses.dims()[0])
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.synapses().last().map_or(0, |synapses| synapses.dims()[1])
    }

    /// Where the weights live.
    pub fn device(&self) -> Device {
        self.hidden[0].synapses.weight.val().device()
    }

    /// A batch of B images to class scores, [B, classes].
    pub fn forward(&self, input: Input) -> Tensor<2> {
        let device = self.device();
        self.forward_coded(match input {
            Input::Spikes(train) => Coded::Spikes(SpikeTensor::new(train, &device)),
            Input::Currents { values, time_steps } => {
                let shape = [values.len() / self.pixels(), self.pixels()];
                Coded::Currents { values: tensor(values, shape, &device.inner()), time_steps }
            }
        })
    }

    /// The same for images that are on the device.
    pub fn forward_coded(&self, input: Coded) -> Tensor<2> {
        let first = match input {
            Coded::Spikes(spikes) => self.hidden[0].forward(spikes),
            Coded::Currents { values, time_steps } => {
                let values = if self.device().is_autodiff() { Tensor::from_inner(values) } else { values };
                self.hidden[0].driven(values, time_steps)
            }
        };
        let last = self.hidden[1..].iter().fold(first, |spikes, layer| layer.forward(spikes));
        match &self.output {
            Output::Membrane(integrators) => integrators.forward(last),
            Output::SpikeCount(layer) => {
                let spikes = layer.forward(last);
                let ones = vec![1.0; spikes.time_steps()];
                kernels::weighted_spike_count(spikes, &ones)
            }
        }
    }
}

/// Weights [in, out] and bias as parameters of a file. Adam's means stand there alike.
pub fn file_layout(name: &str, weight: &[f32], bias: Vec<f32>) -> [Parameter; 2] {
    let (outputs, inputs) = (bias.len(), weight.len() / bias.len().max(1));
    [
        Parameter { name: format!("{name}.weight"), shape: vec![outputs, inputs], values: transposed(weight, outputs) },
        Parameter { name: format!("{name}.bias"), shape: vec![outputs], values: bias },
    ]
}

/// Numbers as a tensor.
pub fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), device)
}
