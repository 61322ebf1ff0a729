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

use crate::spec::{LayerSpec, Readout, Rule, Spec};

/// The synapses of a dense layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dense {
    /// N.
    pub inputs: usize,
    /// H.
    pub outputs: usize,
    /// W, [H, N].
    pub weight: Vec<f32>,
    /// b, \[H\].
    pub bias: Vec<f32>,
}

impl Dense {
    /// A layer of the chip as plain numbers, for the file beside a program.
    pub fn of_integers(layer: &loihi::LoihiLayer) -> Self {
        let floats = |numbers: &[i32]| numbers.iter().map(|number| *number as f32).collect();
        Self { inputs: layer.inputs, outputs: layer.outputs, weight: floats(&layer.weights), bias: floats(&layer.bias) }
    }

    /// The weights into a neuron, \[N\].
    pub fn incoming(&self, neuron: usize) -> &[f32] {
        &self.weight[neuron * self.inputs..][..self.inputs]
    }
}

/// A network as plain numbers: what it is, and the synapses of its hidden layers and of its readout, in this order.
#[derive(Clone, Debug, PartialEq)]
pub struct PlainNetwork {
    /// What it is.
    pub spec: Spec,
    /// Its synapses.
    pub layers: Vec<Dense>,
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
    /// Checks that the layers are those of the spec.
    pub fn is_whole(&self) -> bool {
        let sizes: Vec<usize> = self.spec.hidden_neurons().collect();
        let hidden = self.layers.iter().map(|layer| layer.outputs).take(sizes.len());
        let chain = self.layers.windows(2).all(|pair| pair[0].outputs == pair[1].inputs);
        let numbers =
            |layer: &Dense| layer.weight.len() == layer.inputs * layer.outputs && layer.bias.len() == layer.outputs;
        self.layers.len() == sizes.len() + 1 && hidden.eq(sizes) && chain && self.layers.iter().all(numbers)
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
fn with_layers(spec: &Spec, layers: &[Dense]) -> Spec {
    let hidden = &layers[..layers.len().saturating_sub(1)];
    Spec { layers: hidden.iter().map(|layer| LayerSpec::Dense(layer.outputs)).collect(), ..spec.clone() }
}
