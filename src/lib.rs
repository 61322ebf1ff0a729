//! **Spiking Playground** trains networks of leaky integrate-and-fire neurons on images by surrogate gradients, and
//! records every spike and membrane potential: in a browser tab and, at full speed, from a command line.
//!
//! ```
//! # #[cfg(feature = "engine")] {
//! use spiking_playground::network::{EncodedBatch, Network};
//! use spiking_playground::spec::{Spec, dense};
//! use spiking_playground::spikes::encode::{Pass, rate};
//! use spiking_playground::{event, kernels, layer};
//!
//! // 784-64-10 neurons with initial weights from the spec's seed.
//! let spec = Spec { layers: dense([64]), ..Spec::default() };
//! let network = Network::new(&spec, 784, 10, &kernels::cpu());
//!
//! let images = [[0_u8; 784], [200_u8; 784]];
//! let pixels: [&[u8]; 2] = [&images[0], &images[1]];
//! let spikes = rate(&pixels, &[0, 1], spec.seed, Pass::Evaluation, spec.time_steps);
//! let logits = network.forward(EncodedBatch::Spikes(spikes)); // [B, classes]
//! assert_eq!(logits.dims(), [2, 10]);
//! assert_eq!(event::predictions(&layer::numbers(logits), 2).len(), 2); // [B]
//! # }
//! ```
//!
//! # Main types
//!
//! - [`spec::Spec`]: all settings of a run. Equal specs on equal data give bit-identical weights on every CPU.
//! - [`digits::Digits`]: images with their labels. [`spikes::SpikeTrain`]: packed spikes.
//! - [`spec::Neuron`]: the neuron's parameters; [`neuron`] has its equations, with their sources.
//! - [`network::Network`]: layers and readout as a burn module. [`training::Run`]: a network in training, which pushes
//!   [`event::Event`]s.
//! - [`trace::Trace`]: every spike and membrane potential of one picture.
//! - [`session::Session`]: the browser's engine without its message port; [`protocol`] has its messages.
//!
//! # Features
//!
//! - `engine` (default): networks, kernels and training, by [burn](https://burn.dev).
//! - `cli` (default): the command-line program.
//! - `gpu`: the kernels for GPUs, through wgpu.
//! - `photo` (default): the reading of picture files and photos.
//! - `chips` (a part of `cli`): networks that leave for chips and other simulators, and come back.
//! - `web`: the page and the article; with `engine`, `gpu`, `photo` or `chips` also their workers.
//!
//! # Conventions
//!
//! The modules below are in the order in which data passes them; a module uses only those above it (`tests/layout.rs`
//! checks this). Shapes are written [B, T, N]: B samples of a batch, T time steps, N inputs, H neurons of a layer,
//! C classes. A *step* is an update of the weights; time is `t` of `T` *time steps*.

/// A small parser of decimal numbers, and a clamp of floats.
pub mod decimal;
/// SHA-256 checksums as text.
pub mod checksum;
/// What a run is: data, coding, network, training, seed; as URL hash, flags, file header and message.
pub mod spec;
/// Counter-based random numbers.
pub mod random;
/// Data sets: idx files, shards for the web, the order of an epoch, augmentation, drawings.
pub mod digits;
/// The preparation of picture files and photos of paper as a network's input.
#[cfg(feature = "photo")]
pub mod photo;
/// The events of a run.
pub mod event;
/// The choice of the widest SIMD instructions at run time.
pub mod simd;
/// Spike trains, packed into bits, and the encodings that make them.
pub mod spikes;
/// An image as it is shown: augmented, with noise.
pub mod sample;
/// The equations of the neuron, in plain f32.
pub mod neuron;
/// The price of firing more often than a target, which the loss may add.
pub mod rate_penalty;
/// The trace of one picture: its spikes and membrane potentials.
pub mod trace;
/// Learning without labels, by the times of spikes (STDP).
pub mod plasticity;
/// The energy of arithmetic operations, from a cited source.
pub mod energy;
/// Networks that leave for chips and other simulators, and come back.
#[cfg(feature = "chips")]
pub mod chips;
/// The messages between page and engine.
pub mod protocol;
/// Values that are turned in notches.
pub mod knob;
/// Sentences whose words stand in the document.
pub mod said;
/// Every picture of the program, as marks in 0–1 coordinates, and as SVG and CSV files.
pub mod pictures;

// ---- nothing above this line uses burn; nothing above it reads files, clocks or the network ----

/// The operations that burn lacks, as backend extensions: all floating-point arithmetic of a training step.
#[cfg(feature = "engine")]
pub mod kernels;
/// The layers of a network as burn modules.
#[cfg(feature = "engine")]
pub mod layer;
/// The comparison of two devices' kernels.
#[cfg(feature = "engine")]
pub mod parity;
/// The network that a spec describes.
#[cfg(feature = "engine")]
pub mod network;
/// Adam and the schedule of its learning rate.
#[cfg(feature = "engine")]
pub mod optimizer;
/// The input pipeline: augmentation, noise, encoding.
#[cfg(feature = "engine")]
pub mod pipeline;
/// The accuracy over a test set.
#[cfg(feature = "engine")]
pub mod accuracy;
/// How much a network fires over a test set.
#[cfg(feature = "engine")]
pub mod activity;
/// What a network does inside: traces, firing rates, incoming weights.
#[cfg(feature = "engine")]
pub mod inspection;
/// The training step, and the run that pushes events.
#[cfg(feature = "engine")]
pub mod training;
/// Networks and runs as files.
#[cfg(feature = "engine")]
pub mod weights;
/// The engine's state, and what it makes of requests: training, tests and traces in turn.
#[cfg(feature = "engine")]
pub mod session;

// ---- entry points ----

/// The encoding of messages between page and engine.
#[cfg(feature = "web")]
pub mod wire;
/// The message port of a worker.
#[cfg(all(feature = "web", any(feature = "engine", feature = "photo")))]
pub mod port;
/// The program that reads picture files, behind the message port.
#[cfg(all(feature = "web", feature = "photo"))]
pub mod photo_reader;
/// The workers that help the engine to train.
#[cfg(all(feature = "web", feature = "engine"))]
pub mod helpers;
/// The engine's program behind the message port.
#[cfg(all(feature = "web", feature = "engine"))]
pub mod engine;
/// The toolkit that page and article share: document, canvases, knobs, what a reader saves.
#[cfg(feature = "web")]
pub mod dom;
/// The page: its model, and in the browser its views and ports.
pub mod page;
/// The program that saves pictures.
#[cfg(feature = "web")]
pub mod exporter;
/// The article's figures, a program of their own that draws with the page's parts.
#[cfg(feature = "web")]
pub mod article;
/// A layer that learns by STDP, watched: a program of its own that draws with the page's parts.
#[cfg(feature = "web")]
pub mod plasticity_view;
/// The command-line program: the only one that prints, opens files and reaches the network.
#[cfg(feature = "cli")]
#[allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "here files are opened and clocks are read")]
pub mod cli;
