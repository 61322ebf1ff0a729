//! Networks that leave for neuromorphic chips, other simulators and Python, and come back. Everything here is pure: bytes, integers
//! and plain floats, without burn, so that the command line and the page have the same.
//!
//! `hdf5` is files as trees, `nir` the exchange format of simulators and chips (Pedersen and others 2024,
//! doi:10.1038/s41467-024-52259-9), `loihi` a network in the integers of Intel's chip, `netx` its file, `source` programs in
//! Python that compute the same, `trial` a network on the chip beside itself in floats, `file` such networks as
//! safetensors.

pub mod file;
pub mod hdf5;
pub mod loihi;
pub mod netx;
pub mod nir;
pub mod source;
pub mod trial;

use crate::spec::{Convolution, FeatureMaps, LayerSpec, MAX_NEURONS, Readout, Rule, Spec, Window};

/// The synapses of a layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Synapses {
    /// N.
    pub inputs: usize,
    /// H.
    pub outputs: usize,
    /// W, [H, N]; of a convolution the kernels, [C, taps].
    pub weight: Vec<f32>,
    /// b, \[H\]; of a convolution \[C\].
    pub bias: Vec<f32>,
    /// The patches of the input that the neurons of a convolution see.
    pub window: Option<Window>,
}

/// The maximal number of synapses that are written out.
const MAX_SYNAPSES: usize = 1 << 26;

impl Synapses {
    /// A layer of the chip as plain numbers, for the file beside a program.
    pub fn of_integers(layer: &loihi::LoihiLayer) -> Self {
        let floats = |numbers: &[i32]| numbers.iter().map(|number| *number as f32).collect();
        let (weight, bias) = (floats(&layer.weights), floats(&layer.bias));
        Self { inputs: layer.inputs, outputs: layer.outputs, weight, bias, window: None }
    }

    /// The shape of a weight in files, as PyTorch has it.
    pub fn shape(&self) -> Vec<usize> {
        match self.window {
            None => vec![self.outputs, self.inputs],
            Some(window) => vec![self.bias.len(), window.input.channels, window.kernel, window.kernel],
        }
    }

    /// The same, every neuron of a convolution with weights of its own, most of them 0; `None` if there are too many.
    ///
    /// ```
    /// use spiking_playground::chips::Synapses;
    /// use spiking_playground::spec::{FeatureMaps, Window};
    /// let input = FeatureMaps { channels: 1, rows: 2, columns: 2 };
    /// let window = Some(Window { input, kernel: 2, stride: 1, padding: 1 });
    /// let (weight, bias) = (vec![1.0, 2.0, 3.0, 4.0], vec![5.0]);
    /// let matrix = Synapses { inputs: 4, outputs: 9, weight, bias, window }.written_out().unwrap();
    /// assert_eq!(matrix.weight[..8], [4.0, 0.0, 0.0, 0.0, 3.0, 4.0, 0.0, 0.0]);
    /// assert_eq!(matrix.weight[16..20], [1.0, 2.0, 3.0, 4.0].map(|weight: f32| weight));
    /// assert_eq!(matrix.bias, [5.0; 9]);
    /// ```
    pub fn written_out(&self) -> Option<Self> {
        let Some(window) = self.window else { return Some(self.clone()) };
        let synapses = self.inputs.checked_mul(self.outputs);
        if self.outputs > MAX_NEURONS || synapses.is_none_or(|synapses| synapses > MAX_SYNAPSES) {
            return None;
        }
        let (places, taps) = (window.places(), window.taps());
        let mut weight = vec![0.0; self.inputs * self.outputs];
        for (neuron, row) in weight.chunks_exact_mut(self.inputs).enumerate() {
            for (tap, value) in self.weight[neuron / places * taps..][..taps].iter().enumerate() {
                if let Some(input) = window.source(neuron % places, tap) {
                    row[input] = *value;
                }
            }
        }
        let bias = (0..self.outputs).map(|neuron| self.bias[neuron / places]).collect();
        Some(Self { weight, bias, window: None, ..*self })
    }

    /// Whether there are as many numbers as its sizes say.
    fn is_whole(&self) -> bool {
        let Self { inputs, outputs, weight, bias, window } = self;
        match window {
            None => inputs.checked_mul(*outputs) == Some(weight.len()) && bias.len() == *outputs,
            Some(window) => {
                *inputs == window.input.neurons()
                    && bias.len().checked_mul(window.places()) == Some(*outputs)
                    && bias.len().checked_mul(window.taps()) == Some(weight.len())
            }
        }
    }

    /// The weights into a neuron of a dense layer, \[N\].
    pub fn incoming(&self, neuron: usize) -> &[f32] {
        &self.weight[neuron * self.inputs..][..self.inputs]
    }

    /// The feature maps of a convolution's neurons.
    pub fn maps(&self) -> Option<FeatureMaps> {
        let window = self.window?;
        Some(FeatureMaps { channels: self.bias.len(), rows: window.rows(), columns: window.columns() })
    }

    /// The specification of a layer with these synapses.
    fn layer(&self) -> LayerSpec {
        match self.window {
            None => LayerSpec::Dense(self.outputs),
            Some(Window { kernel, stride, padding, .. }) => {
                LayerSpec::Convolution(Convolution { channels: self.bias.len(), kernel, stride, padding })
            }
        }
    }
}

/// A network as plain numbers: what it is, and the synapses of its hidden layers and of its readout, in this order.
#[derive(Clone, Debug, PartialEq)]
pub struct PlainNetwork {
    /// What it is.
    pub spec: Spec,
    /// Its synapses.
    pub layers: Vec<Synapses>,
}

/// Why a network cannot leave in the form that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{setting}` cannot be said {place}: {way_out}")]
pub struct CannotSay {
    /// The setting that has no counterpart.
    pub setting: String,
    /// Where it has none.
    pub place: &'static str,
    /// What can be done.
    pub way_out: &'static str,
}

/// The error for a setting of the network.
fn cannot(spec: &Spec, name: &'static str, place: &'static str, way_out: &'static str) -> CannotSay {
    let text = crate::spec::field(name).map(|field| field.text(spec)).unwrap_or_default();
    CannotSay { setting: format!("{name}={text}"), place, way_out }
}

impl PlainNetwork {
    /// The pixels of an image.
    pub fn pixels(&self) -> usize {
        self.layers.first().map_or(0, |layer| layer.inputs)
    }

    /// The same network, its convolutions written out as dense layers.
    ///
    /// # Errors
    /// When these have too many synapses.
    pub fn written_out(&self, place: &'static str) -> Result<Self, CannotSay> {
        if !self.spec.has_convolution() {
            return Ok(self.clone());
        }
        let layers: Option<Vec<_>> = self.layers.iter().map(Synapses::written_out).collect();
        let layers = layers.ok_or_else(|| {
            cannot(
                &self.spec,
                "hidden",
                place,
                "its convolutions have too many neurons or synapses: take fewer maps, or a larger stride",
            )
        })?;
        Ok(Self { spec: with_layers(&self.spec, &layers), layers })
    }

    /// Checks that the layers are those of the spec.
    pub fn is_whole(&self) -> bool {
        let chain = self.layers.windows(2).all(|pair| pair[0].outputs == pair[1].inputs);
        let Some((_, hidden)) = self.layers.split_last() else { return false };
        let is_of_spec = hidden.iter().map(Synapses::layer).eq(self.spec.layers.iter().copied());
        is_of_spec && chain && self.layers.iter().all(Synapses::is_whole)
    }

    /// Whether its output neurons spike.
    pub fn output_spikes(&self) -> bool {
        self.spec.readout == Readout::SpikeCount
    }

    /// What no other program says of a network, wherever it goes.
    fn check_rule(&self, place: &'static str) -> Result<(), CannotSay> {
        match self.spec.rule {
            Rule::SurrogateGradient => Ok(()),
            Rule::Stdp => Err(cannot(
                &self.spec,
                "rule",
                place,
                "its neurons inhibit each other; its file has all of its numbers, and one that learnt by gradients can leave",
            )),
        }
    }
}

/// The spec of a network of these layers in place of others.
fn with_layers(spec: &Spec, layers: &[Synapses]) -> Spec {
    let hidden = &layers[..layers.len().saturating_sub(1)];
    Spec { layers: hidden.iter().map(Synapses::layer).collect(), ..spec.clone() }
}
