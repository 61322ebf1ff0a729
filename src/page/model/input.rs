//! What can happen to the page, as one closed enum: the document, the engines and the network send it, the model takes it.

use crate::digits::shard::{Manifest, Split};
use crate::protocol::{Report, RequestId};
use crate::spec::Dataset;

/// An engine: a program in a worker of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    /// The one on the CPU, which is always there.
    Cpu,
    /// The one on a GPU.
    Gpu,
    /// What reads pictures and photos.
    Photo,
}

/// A part of the page that is looked after only where it can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// The network in which spikes travel.
    Connections,
    /// The weights of the hidden neurons as pictures.
    WeightGrid,
    /// A layer that learns by STDP, as it is watched.
    Fields,
}

/// What a button does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// Train, or pause.
    Train,
    /// Train one batch.
    Step,
    /// Back to the random weights.
    Reset,
    /// Back to the trained network.
    Trained,
    /// Go on with the run that was kept.
    GoOn,
    /// Do without the run that was kept.
    Anew,
    /// Back to where the reader was before a question was asked.
    Back,
    /// Empty the pad.
    Clear,
    /// Bring back what was on the pad when it was emptied.
    Undo,
    /// Play or stop the animation.
    Play,
    /// Read the whole test set.
    Measure,
    /// See what stopping early comes to over some test pictures.
    Stopping,
    /// The weights as a file.
    Save,
    /// See the network on a chip.
    Chip,
    /// Show what keys do.
    Keys,
}

/// What the pen does on the pad, in 0–1 coordinates.
#[derive(Clone, Debug, PartialEq)]
pub enum Pen {
    /// It touches.
    Down([f32; 2]),
    /// It moves along these points.
    Move(Vec<[f32; 2]>),
    /// It is lifted.
    Up,
    /// It was none: what touched was the hand that holds the pen, or the browser took the touch for something else.
    Withdraw,
}

/// What a scrub of time goes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scrub {
    /// This share of the staves' width.
    To(f32),
    /// So many whole time steps further.
    By(i32),
    /// This time step, from 1.
    Step(f32),
}

/// What fell due after a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Fetch this shard again, for that engine.
    Shard(EngineKind, Split, usize),
    /// Fetch the list of the training data again.
    Data,
    /// Be the network that the turned settings describe.
    Settings,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// An engine reports.
    Report {
        /// Which engine.
        engine: EngineKind,
        /// The number of the request whose answer it is.
        answers: Option<RequestId>,
        /// The report.
        report: Report,
        /// The byte arrays beside it.
        bytes: Vec<Vec<u8>>,
    },
    /// That engine crashed, for this reason.
    EngineLost(EngineKind, String),
    /// The shipped network of that name was fetched, or not.
    Model(String, Result<Vec<u8>, String>),
    /// The reader chose a file of weights, and it could be read, or not.
    File(Result<Vec<u8>, String>),
    /// The reader chose, took, pasted or dropped a picture, and it could be read, or not.
    Picture(Result<Vec<u8>, String>),
    /// The list of that set's data was fetched, or not.
    Manifest(Dataset, Result<Manifest, String>),
    /// The two files of the ten test pictures of that set were fetched, or not.
    Samples(Dataset, Result<[Vec<u8>; 2], String>),
    /// The two files of a shard of that set were fetched for that engine, or not.
    Shard(EngineKind, Dataset, Split, usize, Result<[Vec<u8>; 2], String>),
    /// A button was pressed.
    Press(Press),
    /// A control of the page was set to a text.
    Set(String, String),
    /// A knob was turned by so many notches.
    Turn(&'static str, i32),
    /// A control of the page was set to its default.
    Restore(&'static str),
    /// The surrogate was dragged: half of its height is at this share of its picture's width.
    Slope(f32),
    /// The network that this hash describes was chosen, to see what it does; and why it does that, in words.
    Preset {
        /// The hash.
        hash: String,
        /// What happens, and why.
        why: String,
    },
    /// The pen did something.
    Pen(Pen),
    /// A test picture was chosen.
    Digit(usize),
    /// A cell of the matrix of mistakes was chosen, or none.
    Cell(Option<usize>),
    /// An image of the test set was chosen, by its number.
    TestImage(usize),
    /// The pointer is on the canvas with this id, at that place of it in shares, or on none.
    Point(Option<(String, (f32, f32))>),
    /// The neuron at that place of the first hidden layer's field was chosen.
    Dot((f32, f32)),
    /// The drawing on the pad is to be kept as one of this class.
    Keep(u8),
    /// This drawing of the reader's is to be forgotten.
    Forget(usize),
    /// A hidden neuron was chosen.
    Neuron(usize),
    /// The pointer or the focus is on this button over a neuron, or on none.
    Light(Option<usize>),
    /// The neuron under this button was chosen.
    Pin(usize),
    /// Time was moved.
    Scrub(Scrub),
    /// The time for something has come.
    Due(Due),
    /// A frame is to be drawn, at this time in milliseconds.
    Frame(f64),
    /// The page's address was changed from outside: its hash.
    Link(String),
    /// The tab was hidden or shown.
    Hidden(bool),
    /// That part of the page is about to be seen, or no longer.
    InView(Region, bool),
    /// Something that the page did itself failed, for this reason.
    Failed(String),
    /// All of the page is to be there, also what nobody has scrolled to: it may be printed.
    Whole,
    /// Sizes or colours are different.
    Look,
}
