//! The messages between the page and the engine, which run in threads of their own.
//!
//! A message is a value of [`Request`](crate::protocol::Request) or [`Report`](crate::protocol::Report) with byte arrays beside it: on the wire a JavaScript array whose
//! first element is the value and whose others are `Uint8Array`s, moved and not copied. What arrays a message carries
//! stands with it. The engine hears a request within one piece of work, some 20 ms, and answers most of them at once; what
//! takes longer, in a large network, is answered once it is done, and other requests are answered meanwhile
//! (`session/jobs.rs` says in which order). Each request has a number, and its answer or [`Failed`](crate::protocol::Report::Failed)
//! carries it.

use crate::digits::shard::{Manifest, Split};
use crate::event::{Accuracy, EpochDone, StepDone};
use crate::plasticity::pace::Pace;
use crate::spec::{Dataset, Spec};
use serde::{Deserialize, Serialize};

/// The version of the source that the program was built from; page and engine must agree.
pub const BUILD: &str = match option_env!("SPIKING_BUILD") {
    Some(build) => build,
    None => concat!("v", env!("CARGO_PKG_VERSION")),
};

/// The width and height of a photo's preview, in pixels.
pub const PREVIEW: usize = 160;

/// The number of a request, which its answer carries; the page counts them.
pub type RequestId = u32;

/// The picture of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Picture {
    /// The pixels that came with the request.
    Drawing,
    /// This image of the test set; its shard must have been sent.
    Test(usize),
}

/// A request of the page to the engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// Load the network of this weights file, spec included. Arrays: the safetensors file. Answer: `Started`.
    Open,
    /// Start with the network of this spec, with weights drawn from its seed. Answer: `Started`.
    Start(#[serde(with = "short_spec")] Spec),
    /// Start a run with this spec from the network as it is; the spec's network must be the same. Answer: `Started`.
    Continue(#[serde(with = "short_spec")] Spec),
    /// Continue with the same weights under this spec, whose layers must have the same sizes; training continues if it
    /// runs. Answer: `Changed`.
    Change(#[serde(with = "short_spec")] Spec),
    /// The manifest of the data. It may be sent again; shards that were taken stay.
    Data(Manifest),
    /// The shard that `Need` requested. Arrays: the gzipped images, the gzipped labels. Answer: `ShardTaken` or
    /// `ShardRefused`.
    Shard(Split, usize),
    /// Decode the sample pictures of this data set. Arrays: their two plain idx files, as the manifest names them.
    /// Answer: `Samples` or `SamplesRefused`.
    Samples(Dataset),
    /// Learn from a user's drawings instead of any other data. Arrays: their pixels, [n, 28, 28]; their labels, \[n\].
    Drawings,
    /// Train until `Pause`, or until the epoch ends after which the spec stops. Answer: `Paused`, where it ends by itself. A missing shard is requested by `Need`,
    /// and the run waits for it.
    Train,
    /// Let the pictures of a layer that learns by STDP pass so fast, from now on. There is no answer.
    Pace(Pace),
    /// Let so many workers train one network from now on, the engine included, where it can be divided among them; or as many as
    /// are fastest. There is no answer.
    Workers(Option<usize>),
    /// Stop after the current step. Answer: `Paused`.
    Pause,
    /// Train one batch, then pause.
    Step,
    /// Trace this picture through the network. Arrays: the pixels, for a drawing. Answer: `Trace`; `Failed` for an unknown
    /// test image or a wrong number of pixels.
    Trace {
        /// The picture.
        picture: Picture,
    },
    /// Prepare this picture file for a network that learnt this data set. Arrays: the file. It is asked of the program that
    /// reads pictures (`photo_reader.rs`), which answers nothing else, and takes some tenths of a second for a large photo.
    /// Answer: `Photo`.
    Photo {
        /// The data set.
        dataset: Dataset,
        /// How many pixels the network takes.
        pixels: usize,
    },
    /// Measure the accuracy on this number of images at the start of the test set. Answer: `Tested`, after `Need` where
    /// shards are missing.
    Test(usize),
    /// Send these images of the test set. Answer: `TestImages` with those that are loaded, after `Need` for the shards
    /// of the others.
    TestImages(Vec<usize>),
    /// Send the incoming weights (receptive fields) of these neurons of a layer; layer 0 is the first hidden one, and
    /// the last is the output. Answer: `Fields`, without neurons that do not exist.
    Fields(usize, Vec<usize>),
    /// Say what there is to see of a layer that learns by STDP, and record the next picture for the next time. Answer: `Glimpse`.
    Glimpse,
    /// Measure the firing rate of each hidden neuron over some pictures. Arrays: their pixels, [images, N]. Answer:
    /// `Rates`.
    Rates,
    /// Measure what stopping early comes to, over this number of images at the start of the test set, at most those of its
    /// first shard. Answer: `Stopping`, after `Need` where that shard is missing.
    Stopping(usize),
    /// Send the weights. Answer: `Weights`.
    Weights,
    /// Send the run as it is after the last complete step. Answer: `Checkpoint`.
    Checkpoint,
    /// Send the same, and stop training.
    HandOver,
    /// Load the run of this checkpoint, paused. Arrays: the file. Answer: `Resumed`.
    Resume,
    /// Benchmark: train some batches of the run of this checkpoint and report the speed; the result is discarded.
    /// Arrays: the file. Answer: `Tried`, after `Need` where shards are missing.
    Try,
    /// Self-check: compute some small networks and compare them with the CPU's results. Answer: `Checked`.
    SelfCheck,
}

/// A spec in a packed message: what differs from the defaults ([`Spec::to_hash`]), for the page writes links anyway. In plain
/// values it is what it is everywhere else.
mod short_spec {
    use crate::spec::Spec;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(spec: &Spec, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            spec.serialize(serializer)
        } else {
            serializer.serialize_str(&spec.to_hash(&Spec::default()))
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Spec, D::Error> {
        if deserializer.is_human_readable() {
            return Spec::deserialize(deserializer);
        }
        let (spec, rest, errors) = Spec::from_hash(&Spec::default(), &String::deserialize(deserializer)?);
        match rest.is_empty() && errors.is_empty() {
            true => Ok(spec),
            false => Err(serde::de::Error::custom("it has no such setting")),
        }
    }
}

/// A report on its way to the page.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// The number of the request whose answer it is; `None` for what happens by itself.
    pub answers: Option<RequestId>,
    /// The report.
    pub report: Report,
    /// The byte arrays beside it.
    pub bytes: Vec<Vec<u8>>,
}

impl Outgoing {
    /// A report that answers no request, without byte arrays.
    pub const fn unasked(report: Report) -> Self {
        Self { answers: None, report, bytes: Vec::new() }
    }
}

/// A report of the engine to the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Report {
    /// The engine is ready; messages sent earlier were lost.
    Ready {
        /// Its [`BUILD`].
        build: String,
        /// The device: "CPU", or the name of a GPU.
        device: String,
        /// Whether that GPU is a software adapter, which is slower than the CPU engine.
        is_software: bool,
    },
    /// The engine cannot compute, or no longer, for this reason. No report follows.
    Lost(String),
    /// The network is that of this spec, at step 0 of its run.
    Started {
        /// The spec, as what differs from the defaults ([`Spec::to_hash`]): the page parses links anyway, and a second
        /// decoder of a spec is a fortieth of what a visitor fetches.
        spec: String,
        /// The accuracy on the test set that the network's file says.
        accuracy: Option<Accuracy>,
    },
    /// The network has the same weights under the spec that was requested.
    Changed,
    /// The engine needs this shard to continue.
    Need(Split, usize),
    /// That shard was taken.
    ShardTaken(Split, usize),
    /// That shard does not match the manifest.
    ShardRefused {
        /// Which part of the data.
        split: Split,
        /// Which shard of it.
        shard: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The sample pictures of that data set. Arrays: their pixels, [images, N], and their labels.
    Samples(Dataset),
    /// They do not match the manifest, for this reason.
    SamplesRefused(Dataset, String),
    /// A batch was trained (sent at most 30 times a second while training runs).
    Step {
        /// The newest step.
        done: StepDone,
        /// Mean loss of the steps since the last report.
        loss: f32,
        /// Their score.
        score: Accuracy,
        /// Images per second, without waiting.
        images_per_second: f64,
    },
    /// An epoch is over.
    Epoch(EpochDone),
    /// Training is paused: the answer to `Pause`, or, where training has ended by itself, to the newest `Train` or `Step`.
    Paused,
    /// The accuracy on the test set: automatically about once a second while training runs (1,000 images), or as
    /// requested. Arrays: the predictions and the labels of the images.
    Tested {
        /// The number of correct predictions, and of images.
        score: Accuracy,
        /// The number of updates of the weights before.
        step: u64,
    },
    /// Arrays: the bytes of a [`crate::trace::Trace`].
    Trace {
        /// The picture.
        picture: Picture,
        /// The label of a test image.
        label: Option<u8>,
        /// The number of updates of the weights before.
        step: u64,
    },
    /// These test images. Arrays: their pixels, [images, N].
    TestImages(Vec<usize>),
    /// The network's input made of that file, and whether something else on it could as well be the digit. Arrays: the
    /// pixels, \[N\]; and the picture with its ink outlined, [PREVIEW, PREVIEW], empty where all of it is seen
    /// ([`crate::protocol::PREVIEW`]).
    Photo(bool),
    /// The incoming weights of these neurons of that layer. Arrays: the weights as f32, little-endian, [neurons, N].
    Fields(usize, Vec<usize>),
    /// Arrays: the bytes of a [`crate::plasticity::glimpse::Glimpse`]; none where no layer learns by STDP.
    Glimpse {
        /// Whether there is more to be seen at once.
        more: bool,
    },
    /// The number of neurons of each hidden layer. Arrays: for each neuron the fraction of time steps in which it
    /// fires, as f32, little-endian.
    Rates(Vec<usize>),
    /// The number of images; and for each of [`crate::trace::CERTAINTIES`] and, at last, without stopping, the sum of their
    /// time steps and the number of correct predictions.
    Stopping(usize, Vec<(usize, usize)>),
    /// Arrays: the safetensors file.
    Weights,
    /// The run after this number of updates of the weights: as requested, or, from an engine on a GPU, from which
    /// nothing can be read while it trains, automatically after every epoch, every ten seconds and before `Paused`.
    /// Arrays: the file, which opens as weights too.
    Checkpoint(u64),
    /// The run is that of the checkpoint, after this number of updates of the weights.
    Resumed(u64),
    /// The speed in the benchmark, in images per second.
    Tried(f64),
    /// The number of small networks computed; and the difference, if one disagrees.
    Checked(usize, Option<String>),
    /// A request had no effect, for this reason; or, as no answer, training cannot go on.
    Failed(String),
}

impl Report {
    /// Whether it is the answer to a request where it is sent because of one. The others tell what happens by itself.
    pub const fn is_answer(&self) -> bool {
        match self {
            Self::Ready { .. } | Self::Lost(_) | Self::Need(..) | Self::Step { .. } | Self::Epoch(_) => false,
            Self::Started { .. }
            | Self::Changed
            | Self::ShardTaken(..)
            | Self::ShardRefused { .. }
            | Self::Samples(_)
            | Self::SamplesRefused(..)
            | Self::Paused
            | Self::Tested { .. }
            | Self::Trace { .. }
            | Self::TestImages(_)
            | Self::Photo(_)
            | Self::Fields(..)
            | Self::Glimpse { .. }
            | Self::Rates(_)
            | Self::Stopping(..)
            | Self::Weights
            | Self::Checkpoint(_)
            | Self::Resumed(_)
            | Self::Tried(_)
            | Self::Checked(..)
            | Self::Failed(_) => true,
        }
    }
}
