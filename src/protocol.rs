//! What the page and the engine say to each other, each in its own thread.
//!
//! A message is a value of [`Request`] or [`Report`] with byte arrays beside it: on the wire a JavaScript array whose
//! first element is the value and whose others are `Uint8Array`s, moved and not copied. What arrays a message carries
//! stands with it. The engine hears a request within one piece of work, some 20 ms, and answers most of them at once; what
//! takes longer, in a large network, is answered once it is done, and other requests are answered meanwhile
//! (`session/jobs.rs` says in which order).

use crate::digits::shard::{Manifest, Split};
use crate::event::{EpochDone, Score, StepDone};
use crate::spec::{Dataset, Spec};
use serde::{Deserialize, Serialize};

/// Which source the program was built from: page and engine must say the same.
pub const BUILD: &str = match option_env!("SPIKING_BUILD") {
    Some(build) => build,
    None => concat!("v", env!("CARGO_PKG_VERSION")),
};

/// Pixels in a row, and rows, of a photo's preview.
pub const PREVIEW: usize = 160;

/// What picture a trace shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Picture {
    /// The pixels that came with the request.
    Drawing,
    /// This image of the test set; its shard must have been given.
    Test(usize),
}

/// What the page asks of the engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// Be the network of this weights file, spec included. Arrays: the safetensors file. Answer: `Started`.
    Open,
    /// Be the network of this spec with weights drawn from its seed. Answer: `Started`.
    Start(Spec),
    /// Be the network as it is, at the start of a run with this spec, whose network must be the same. Answer: `Started`.
    Continue(Spec),
    /// Go on with the same weights under this spec, whose layers must be of the same sizes: training goes on if it runs.
    /// Answer: `Changed`.
    Change(Spec),
    /// Here is what data there is. It may be sent again; shards that were taken stay.
    Data(Manifest),
    /// Here is the shard that `Need` asked for. Arrays: the gzipped images, the gzipped labels.
    /// Answer: `ShardTaken` or `ShardRefused`.
    Shard(Split, usize),
    /// Read the ten pictures that come with this data set. Arrays: their two plain idx files, as the manifest names them.
    /// Answer: `Samples` or `SamplesRefused`.
    Samples(Dataset),
    /// Learn from a reader's drawings, in place of any other data. Arrays: their pixels, 28 × 28 each; what they show.
    Drawings,
    /// Train until `Pause`, or until the epoch ends after which the spec stops. A shard that is not there is asked for by
    /// `Need`, and the run waits for it.
    Train,
    /// Stop after the step in hand. Answer: `Paused`.
    Pause,
    /// Train one batch, then pause.
    Step,
    /// Show how this picture runs through the network. Arrays: the pixels, for a drawing.
    /// Answer: `Trace` with the same `id`, or `NoTrace`.
    Trace {
        /// The asker's number.
        id: u32,
        /// What to show.
        picture: Picture,
    },
    /// What does the network see of this picture file? Arrays: the file. It is decoded in one piece of work, which takes
    /// some tenths of a second for a large photo. Answer: `Photo` with the same number, or `NoPhoto`.
    Photo(u32),
    /// Measure the accuracy on the first so many images of the test set. Answer: `Tested`, after `Need` where shards
    /// are missing.
    Test(usize),
    /// Give these images of the test set. Answer: `TestImages` with those that are there, after `Need` for the shards of
    /// the others.
    TestImages(Vec<usize>),
    /// The weights by which these neurons of a layer are reached; layers are counted from 0, the first hidden one, and
    /// the last is the output. Answer: `Fields`, without the neurons that there are not.
    Fields(usize, Vec<usize>),
    /// How often does each hidden neuron fire for some pictures? Arrays: their pixels, [images, N]. Answer: `Rates`.
    Rates,
    /// Give the weights. Answer: `Weights`.
    Weights,
    /// Give the run as it is after the last whole step. Answer: `Checkpoint`.
    Checkpoint,
    /// The same, and train no further.
    HandOver,
    /// Be the run of this checkpoint, and stand still. Arrays: the file. Answer: `Resumed`.
    Resume,
    /// Train some batches of the run of this checkpoint and say how fast that went; nothing of it is kept. Arrays: the
    /// file. Answer: `Tried`, after `Need` where shards are missing.
    Try,
    /// Compute some small networks as the CPU does and compare. Answer: `Checked`.
    SelfCheck,
}

/// What the engine tells the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Report {
    /// The engine is there; nothing that was sent before was heard.
    Ready {
        /// Its [`BUILD`].
        build: String,
        /// What it computes on: "CPU", or the name of a graphics card.
        device: String,
        /// Whether that card is a program, which the CPU engine outruns.
        is_software: bool,
    },
    /// The engine cannot compute, or no longer, for this reason. Nothing comes after it.
    Lost(String),
    /// The network is this one, untrained steps since its start: 0.
    /// The spec is given as what differs from the defaults ([`Spec::to_hash`]): links are read by the page anyway, and a
    /// second way to read a spec is a fortieth of what a visitor fetches.
    Started(String),
    /// The network has the same weights, and is the one that was asked for.
    Changed,
    /// The engine needs this shard to go on.
    Need(Split, usize),
    /// That shard is in.
    ShardTaken(Split, usize),
    /// That shard was not what the manifest promises.
    ShardRefused {
        /// Which part of the data.
        split: Split,
        /// Which shard of it.
        shard: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The pictures that come with that data set. Arrays: their pixels, [images, N], and their labels.
    Samples(Dataset),
    /// They are not what the manifest promises, for this reason.
    SamplesRefused(Dataset, String),
    /// A batch was trained (sent at most 30 times a second while training runs).
    Step {
        /// The newest step.
        done: StepDone,
        /// Mean loss of the steps since the last report.
        loss: f32,
        /// Their score.
        score: Score,
        /// Images a second, waiting left out.
        images_per_second: f64,
    },
    /// An epoch is over.
    Epoch(EpochDone),
    /// Training stands still.
    Paused,
    /// The accuracy on the test set: by itself about once a second while training runs (1,000 images), or asked for.
    /// Arrays: the class that was read in each of the images, and what they are.
    Tested {
        /// How the images were read.
        score: Score,
        /// After how many updates of the weights.
        step: u64,
    },
    /// Arrays: the bytes of a [`crate::trace::Trace`].
    Trace {
        /// The asker's number.
        id: u32,
        /// What it shows.
        picture: Picture,
        /// What a test image really is.
        label: Option<u8>,
        /// After how many updates of the weights.
        step: u64,
    },
    /// These test images. Arrays: their pixels, [images, N].
    TestImages(Vec<usize>),
    /// What the network sees of that file, and whether something else on it could as well be the digit. Arrays: the
    /// pixels, [N]; and the picture with its ink outlined, [PREVIEW, PREVIEW], empty where all of it is seen
    /// ([`crate::protocol::PREVIEW`]).
    Photo(u32, bool),
    /// That file cannot be read, for this reason.
    NoPhoto(u32, String),
    /// There is no such trace to show (an unknown test image, pixels of another number).
    NoTrace {
        /// The asker's number.
        id: u32,
        /// Why.
        reason: String,
    },
    /// These neurons of that layer. Arrays: the weights as f32, little-endian, [neurons, N].
    Fields(usize, Vec<usize>),
    /// How many neurons each hidden layer has. Arrays: for each of them the share of the time steps in which it fires, as
    /// f32, little-endian.
    Rates(Vec<usize>),
    /// Arrays: the safetensors file.
    Weights,
    /// The run as it was after so many updates of the weights: asked for, or, by an engine on a card, which nothing can
    /// be read from while it trains, by itself after every epoch, every ten seconds and before `Paused`. Arrays: the
    /// file, which opens as weights too.
    Checkpoint(u64),
    /// The run is that of the checkpoint, after so many updates of the weights.
    Resumed(u64),
    /// So many images a second were trained.
    Tried(f64),
    /// So many small networks were computed; where one came out otherwise, what differs.
    Checked(usize, Option<String>),
    /// A request had no effect, for this reason.
    Failed(String),
}
