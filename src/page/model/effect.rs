//! What the model wants done in the world, as one closed enum; `ports` does it.

use super::input::{Due, EngineKind};
use crate::digits::shard::{ShardEntry, Split};
use crate::protocol::{Request, RequestId};
use crate::spec::Dataset;
use std::rc::Rc;

/// Whether an older copy of a file will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CachePolicy {
    /// One that the browser has kept will do.
    Kept,
    /// It is to be fetched anew: the last one was not right.
    Fresh,
}

/// Something to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Start the program of this engine, in place of the one before. What it reports comes as [`super::input::Input::Report`].
    StartEngine(EngineKind),
    /// End the program of this engine.
    StopEngine(EngineKind),
    /// Post this request to an engine, with its byte arrays.
    Ask {
        /// Which engine.
        engine: EngineKind,
        /// The number of the request.
        id: RequestId,
        /// The request.
        request: Request,
        /// The byte arrays beside it.
        bytes: Vec<Vec<u8>>,
    },
    /// Fetch the network of this name that ships.
    FetchModel(String, CachePolicy),
    /// Fetch the manifest of a data set and its sample pictures.
    FetchData(Dataset, CachePolicy),
    /// Fetch a shard of a data set for an engine.
    FetchShard {
        /// Which engine needs it.
        engine: EngineKind,
        /// Of which data set.
        dataset: Dataset,
        /// Which part of it.
        split: Split,
        /// Which shard of that.
        shard: usize,
        /// Its files.
        entry: ShardEntry,
        /// Whether an older copy will do.
        policy: CachePolicy,
    },
    /// Come back after this number of milliseconds.
    After(i32, Due),
    /// Write this hash into the page's address, unless the address was changed from outside meanwhile.
    WriteLink {
        /// The hash.
        hash: String,
        /// Whether the address as it was stays in the browser's history, to go back to.
        is_new_page: bool,
    },
    /// Keep a run in this browser, under its link.
    KeepRun {
        /// The hash that describes it.
        link: String,
        /// Its checkpoint.
        checkpoint: Rc<Vec<u8>>,
        /// Its curves.
        curves: Vec<u8>,
    },
    /// Forget the run that is kept under this link.
    ForgetRun {
        /// The hash.
        link: String,
        /// Whether that is because it cannot be read, which the reader is told.
        is_broken: bool,
    },
    /// Keep the reader's drawings in this browser.
    KeepDrawings(String),
    /// Hand this file to the reader.
    Download {
        /// What is in it.
        bytes: Vec<u8>,
        /// What it is called.
        name: &'static str,
    },
    /// Tell the page around this one that there is a network.
    TellReady,
    /// Tell it how training goes.
    TellProgress {
        /// Epochs, the running one in part.
        epochs: f64,
        /// The newest loss; NaN where unknown.
        loss: f64,
        /// The newest test accuracy, 0 to 1; NaN where unknown.
        accuracy: f64,
        /// NaN where unknown.
        images_per_second: f64,
    },
    /// Tell it what the picture was classified as.
    TellPrediction {
        /// The class.
        class: usize,
        /// Its probability at the end.
        probability: f32,
        /// The time step, from 0, at which that was decided.
        decided_at: usize,
    },
    /// Show what there is to see of a layer that learns by STDP: the bytes of a [`crate::plasticity::glimpse::Glimpse`].
    ShowGlimpse(Vec<u8>),
    /// Show how often each of its neurons fires for the picture in hand.
    ShowFiring(Vec<u32>),
    /// Show a network on a chip.
    ShowOnChip {
        /// Its safetensors file; empty where it is the one that is shown there already.
        network: Vec<u8>,
        /// The picture in hand; empty where there is none.
        pixels: Vec<u8>,
        /// Its number in the test set, if it is of that.
        image: Option<usize>,
        /// What is learnt.
        set: &'static str,
    },
    /// Go back in the browser's history, as its own button does.
    GoBack,
    /// Show what the keys do.
    ShowKeys,
    /// Bring the pad into sight.
    ShowPad,
}
