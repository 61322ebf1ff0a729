//! A network in a file, by whichever rule it learnt: what `evaluate` and `predict` ask of it.

use super::arguments::Model;
use super::evaluate::open_network;
use super::interchange::network;
use super::train_stdp::measure;
use super::{files, tell};
use crate::accuracy::evaluate;
use crate::activity::Activity;
use crate::chips::nir::{self, DtSource, ImportedGraph};
use crate::chips::{PlainNetwork, Synapses, hdf5, netx};
use crate::digits::Digits;
use crate::event::Accuracy;
use crate::inspection::trace;
use crate::network::Network;
use crate::plasticity::network::StdpNetwork;
use crate::spec::{Connectivity, Rule, Spec};
use crate::spikes::encode::Pass;
use crate::trace::Trace;
use crate::weights::checkpoint::spec_from_bytes;
use crate::weights::format::Format;
use crate::weights::stdp::model_from_bytes;
use anyhow::{Context, bail, ensure};

/// A network that can answer.
#[derive(Debug)]
pub enum Opened {
    /// It learnt by gradients.
    Gradients(Box<(Spec, Network)>),
    /// It learnt by STDP.
    Stdp(Box<StdpNetwork>),
}

impl Opened {
    /// The network in a file. Settings given on the command line override those in the header.
    ///
    /// # Errors
    /// Names the file when it does not exist or holds no such network.
    pub fn open(model: &Model) -> anyhow::Result<Self> {
        Self::open_with(model, None)
    }

    /// The same, where a file of another program counts in time steps of so many seconds.
    ///
    /// # Errors
    /// As for [`Opened::open`].
    pub fn open_with(model: &Model, dt: Option<f64>) -> anyhow::Result<Self> {
        Self::from_bytes(&files::read_at_most(&model.file, &files::WEIGHTS)?, model, dt)
    }

    /// The same of bytes that are read already.
    ///
    /// # Errors
    /// As for [`Opened::open`].
    pub fn from_bytes(bytes: &[u8], model: &Model, dt: Option<f64>) -> anyhow::Result<Self> {
        let cannot = || format!("cannot open {}", model.file.display());
        if Format::of(bytes) == Some(Format::Hdf5) {
            let plain = foreign(model, bytes, dt).with_context(cannot)?;
            let network = network(&plain).with_context(cannot)?;
            return Ok(Self::Gradients(Box::new((plain.spec, network))));
        }
        match spec_from_bytes(bytes) {
            Ok(mut spec) if spec.rule == Rule::Stdp => {
                for (name, text) in &model.given {
                    spec.set(name, text)?;
                }
                spec.check().with_context(cannot)?;
                Ok(Self::Stdp(Box::new(model_from_bytes(spec, bytes).with_context(cannot)?)))
            }
            _ => open_network(model, bytes).map(|opened| Self::Gradients(Box::new(opened))),
        }
    }

    /// What it is.
    pub const fn spec(&self) -> &Spec {
        match self {
            Self::Gradients(opened) => &opened.0,
            Self::Stdp(network) => &network.spec,
        }
    }

    /// The pixels of an image that it reads, and the number of classes.
    pub fn sizes(&self) -> (usize, usize) {
        match self {
            Self::Gradients(opened) => (opened.1.pixels(), opened.1.classes()),
            Self::Stdp(network) => (network.layer.inputs(), network.classes()),
        }
    }

    /// How well it reads images.
    pub fn score(&self, digits: &Digits) -> Accuracy {
        match self {
            Self::Gradients(opened) => evaluate(&opened.1, &opened.0, digits, 0..digits.len(), 0),
            Self::Stdp(network) => Accuracy::of_answers(&measure(network, digits).0, &digits.labels),
        }
    }

    /// The same, and how much it fires.
    pub fn measure(&self, digits: &Digits) -> (Accuracy, Activity) {
        match self {
            Self::Gradients(opened) => Activity::measure(&opened.1, &opened.0, digits),
            Self::Stdp(network) => {
                let (answers, spikes) = measure(network, digits);
                let neurons = vec![network.layer.inputs(), network.layer.neurons(), network.classes()];
                let time_steps = network.spec.time_steps;
                let layers: Vec<_> = neurons[1..].iter().map(|neurons| Connectivity::dense(*neurons)).collect();
                let operations = spikes.iter().zip(&layers).map(|(spikes, layer)| layer.synapses(1) * spikes).sum();
                let synapses = layers.iter().zip(&neurons).map(|(layer, inputs)| layer.synapses(*inputs)).sum();
                let (images, spikes) = (digits.len(), spikes.to_vec());
                let activity = Activity { images, time_steps, neurons, spikes, operations, synapses };
                (Accuracy::of_answers(&answers, &digits.labels), activity)
            }
        }
    }

    /// How a picture runs through it.
    pub fn trace(&mut self, pixels: &[u8], pass: Pass, number: u64) -> Trace {
        match self {
            Self::Gradients(opened) => trace(&opened.1, &opened.0, pixels, pass, number),
            Self::Stdp(network) => network.trace(pixels, pass, number),
        }
    }
}

/// A network as plain numbers.
///
/// # Errors
/// Of a layer that learns by STDP.
pub fn plain(opened: &Opened) -> anyhow::Result<PlainNetwork> {
    let Opened::Gradients(inner) = opened else {
        bail!(
            "a layer that learnt by stdp cannot leave so: its neurons inhibit each other, which no other program knows. Its file has all \
             of its numbers"
        );
    };
    let (spec, network) = &**inner;
    let parameters = network.parameters();
    let layers = parameters.chunks_exact(2).zip(network.layouts()).map(|(pair, (_, layout))| Synapses {
        inputs: layout.inputs(),
        outputs: layout.neurons(),
        weight: pair[0].values.clone(),
        bias: pair[1].values.clone(),
        window: layout.window,
    });
    Ok(PlainNetwork { spec: spec.clone(), layers: layers.collect() })
}

/// The network in an HDF5 file: of NIR, or for Loihi.
///
/// # Errors
/// When it is none, or none of ours.
pub fn foreign(model: &Model, bytes: &[u8], dt: Option<f64>) -> anyhow::Result<PlainNetwork> {
    let root = hdf5::read(bytes)?;
    let file = model.file.display();
    let mut open = nir::own_spec(&root).unwrap_or_default();
    for (name, text) in &model.given {
        ensure!(!nir::SETTLED.contains(name), "the file says what `{name}` is: leave --{name} out");
        open.set(name, text)?;
    }
    if root.group("layer").is_some() {
        tell(format_args!("{file}: weights and decays of Loihi, as floats; T = {} (--time-steps)", open.time_steps));
        return Ok(netx::to_plain(&netx::from_group(&root)?, &open)?);
    }
    let ImportedGraph { mut network, dt: (dt, said), has_own_spec, ends_at_currents } =
        nir::from_group(&root, &open, dt)?;
    let who = match said {
        DtSource::Reader => "as --dt says",
        DtSource::File => "as its metadata says",
        DtSource::Nobody => "as is usual: its metadata says none, and --dt could",
    };
    tell(format_args!("{file}: a time step of {dt} s, {who}"));
    if has_own_spec {
        // What is typed counts, where the graph leaves it open.
        for (name, text) in &model.given {
            network.spec.set(name, text)?;
        }
    } else {
        tell(format_args!(
            "{file}: NIR does not say for how long and how pictures are shown: {} time steps and {} coding are taken (--time-steps, --encoding)",
            network.spec.time_steps,
            network.spec.encoding.word()
        ));
    }
    if ends_at_currents {
        tell(format_args!("{file}: it ends at the currents into its outputs, which are taken for integrators here"));
    }
    Ok(network)
}
