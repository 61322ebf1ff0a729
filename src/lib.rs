//! **Spiking Playground** trains a network of leaky integrate-and-fire neurons on images of digits and shows every
//! spike of it: in a browser tab and, at full speed, from a command line.
//!
//! The modules, in the order in which data passes them. A module uses only those above it (`tests/layout.rs` sees to
//! that). Shapes are written [B, T, N]: B samples of a batch, T time steps, N neurons that send, H neurons that receive.
//!
//! A *step* is an update of the weights; time is `t` of `T` *time steps*.

/// Numbers from texts.
pub mod decimal;
/// SHA-256 checksums as text.
pub mod checksum;
/// What a run is: data, coding, network, training, seed; as URL hash, flags, file header and message.
pub mod spec;
/// Random numbers as a pure function of where they are needed.
pub mod random;
/// Images of digits: idx files, shards for the web, the order of an epoch, drawings.
pub mod digits;
/// Pictures in files and photos of paper: where the digit is, and what a network sees of it.
#[cfg(feature = "engine")]
pub mod photo;
/// Spike trains, packed into bits, and how pixels become spikes.
pub mod spikes;
/// The equations of the neuron, once, in plain f32.
pub mod neuron;
/// One picture's spikes and membrane potentials.
pub mod trace;
/// What arithmetic costs, by a cited figure.
pub mod energy;
/// The events of a run.
pub mod event;
/// What page and engine say to each other.
pub mod protocol;

// ---- nothing above this line knows burn; nothing above it reads files, clocks or the network ----

/// What burn lacks, as backend extensions: every float of a training step is computed here.
#[cfg(feature = "engine")]
pub mod kernels;
/// A layer of spiking neurons as a burn module.
#[cfg(feature = "engine")]
pub mod layer;
/// Whether two devices' kernels agree.
#[cfg(feature = "engine")]
pub mod parity;
/// The network that a spec describes.
#[cfg(feature = "engine")]
pub mod network;
/// Adam and the schedule of its step size.
#[cfg(feature = "engine")]
pub mod optimizer;
/// The input pipeline: augmentation, noise, encoding.
#[cfg(feature = "engine")]
pub mod pipeline;
/// The accuracy over a test set.
#[cfg(feature = "engine")]
pub mod accuracy;
/// What a network does inside: traces, firing rates, incoming weights.
#[cfg(feature = "engine")]
pub mod inspection;
/// The training step, and the run that pushes events.
#[cfg(feature = "engine")]
pub mod training;
/// Weights in files.
#[cfg(feature = "engine")]
pub mod weights;
/// The engine's state, and what it makes of requests: training, tests and traces in turn.
#[cfg(feature = "engine")]
pub mod session;

// ---- the ends ----

/// How messages travel between page and engine.
#[cfg(feature = "web")]
pub mod wire;
/// The command-line program: the only one that prints, opens files and reaches the network.
#[cfg(feature = "cli")]
pub mod cli;
/// The program behind the message port.
#[cfg(all(feature = "web", feature = "engine"))]
pub mod engine;
/// The page: document, canvases, pointer, URL.
#[cfg(feature = "web")]
pub mod page;
/// The article's figures: a program of their own, which paints as the page does.
#[cfg(feature = "web")]
pub mod article;
