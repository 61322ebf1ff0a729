//! A network in a file, by whichever rule it learnt: what `evaluate` and `predict` ask of it.

use super::arguments::Model;
use super::evaluate::open_network;
use super::files;
use super::train_stdp::measure;
use crate::accuracy::evaluate;
use crate::activity::Activity;
use crate::digits::Digits;
use crate::event::Accuracy;
use crate::inspection::trace;
use crate::network::Network;
use crate::plasticity::network::StdpNetwork;
use crate::spec::{Rule, Spec};
use crate::spikes::encode::Pass;
use crate::trace::Trace;
use crate::weights::checkpoint::spec_from_bytes;
use crate::weights::stdp::model_from_bytes;
use anyhow::Context;

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
        let bytes = files::read_at_most(&model.file, &files::WEIGHTS)?;
        let cannot = || format!("cannot open {}", model.file.display());
        match spec_from_bytes(&bytes) {
            Ok(mut spec) if spec.rule == Rule::Stdp => {
                for (name, text) in &model.given {
                    spec.set(name, text)?;
                }
                spec.check().with_context(cannot)?;
                Ok(Self::Stdp(Box::new(model_from_bytes(spec, &bytes).with_context(cannot)?)))
            }
            _ => open_network(model, &bytes).map(|opened| Self::Gradients(Box::new(opened))),
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
                let activity = Activity { images: digits.len(), time_steps, neurons, spikes: spikes.to_vec() };
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
