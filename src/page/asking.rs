//! What the page asks of the engine again and again: traces of the picture, and weights to show.

use super::app::App;
use super::conversation::{Opening, now};
use super::graph::Layout;
use super::run::Phase;
use super::synapses::floats;
use crate::protocol::{Picture, Request};

/// While a pen draws, a trace is asked for at most so often, in milliseconds.
const WHILE_DRAWING: f64 = 100.0;
/// While training runs, the picture is run through the network so often.
const WHILE_TRAINING: f64 = 250.0;
/// Weights are asked for at most so often while training runs.
const WEIGHTS_EVERY: f64 = 2000.0;

/// What was asked for and when.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asking {
    /// Whether a trace is to be asked for.
    pub trace_wanted: bool,
    /// Whether one was asked for and has not come.
    pub trace_under_way: bool,
    /// Its number.
    pub trace_id: u32,
    /// When.
    pub trace_at: f64,
    /// How many answers with weights to show have not come.
    pub weights_awaited: u32,
    /// When.
    pub weights_at: f64,
    /// When training was asked for.
    pub train_at: f64,
    /// Whether the reader waits for a file of the weights.
    pub file_wanted: bool,
    /// Whether the reader chose a neuron, so that the page no longer does.
    pub neurons_chosen: bool,
    /// Networks that the engine was asked to become and has not said so.
    pub begins: u32,
    /// Whether the accuracy on the test set is wanted as soon as it can be measured.
    pub test_wanted: bool,
    /// Whether training stopped by itself, and that is still to be said.
    pub stopped: bool,
    /// When all test images were last asked for to see whether it may.
    pub checked_at: f64,
    /// Turns that have not settled yet.
    pub turned: u32,
}

impl App {
    /// The picture is to be run through the network.
    pub(super) fn ask_for_trace(&mut self) {
        self.asking.trace_wanted = true;
        self.send_trace();
    }

    pub(super) fn send_trace(&mut self) {
        let asked = self.asking;
        if !asked.trace_wanted || asked.trace_under_way || self.opening != Opening::Done {
            return;
        }
        if self.drawing && now() - asked.trace_at < WHILE_DRAWING {
            return;
        }
        self.asking.trace_wanted = false;
        let Some(pixels) = self.pixels() else {
            self.reading = None;
            self.dirty.trace = true;
            if self.test_image().is_some() {
                self.ask_for_test_images();
            }
            return;
        };
        self.asking.trace_id = self.asking.trace_id.wrapping_add(1);
        (self.asking.trace_under_way, self.asking.trace_at) = (true, now());
        // A test image is coded as it was in the test, so that one sees the very run in which it was misread.
        let picture = self.test_image().map_or(Picture::Drawing, Picture::Test);
        self.ask(&Request::Trace { id: self.asking.trace_id, picture }, &[&pixels]);
    }

    /// Asks for what is wanted and was asked for too short a while ago; while training runs, for what changes with it.
    pub(super) fn ask_when_due(&mut self, _frame: f64) {
        if self.run.phase == Phase::Training {
            let time = now();
            self.asking.trace_wanted |= time - self.asking.trace_at > WHILE_TRAINING;
            if time - self.asking.weights_at > WEIGHTS_EVERY {
                self.ask_for_weights();
            }
            self.keep_weights_when_due();
            self.consider_card();
        }
        self.send_trace();
    }

    /// Asks for the weights of the neurons that are shown.
    pub(super) fn ask_for_weights(&mut self) {
        if self.opening != Opening::Done || self.asking.weights_awaited > 0 {
            return;
        }
        self.asking.weights_at = now();
        let whole = self.wants_whole();
        if whole || self.mosaic.is_near() {
            self.ask_for_rates();
        }
        let connected =
            if whole || self.connections.visible { self.connections.layout.clone() } else { Layout::default() };
        let mut first = self.score.faces.chosen.to_vec();
        first.extend(connected.columns.first().into_iter().flatten());
        self.ask_for_fields(0, self.mosaic.wanted(&first, whole));
        let outputs = (!connected.columns.is_empty()).then(|| (0..connected.classes).collect());
        for (layer, column) in connected.columns.into_iter().chain(outputs).enumerate().skip(1) {
            self.ask_for_fields(layer, column);
        }
    }

    /// Asks how often the hidden neurons fire for the ten test pictures.
    pub(super) fn ask_for_rates(&mut self) {
        if let Some(pixels) = self.digits.as_ref().map(|digits| digits.images.clone()) {
            self.ask(&Request::Rates, &[&pixels]);
        }
    }

    pub(super) fn take_rates(&mut self, sizes: &[usize], bytes: Option<&Vec<u8>>) {
        let mut rates = floats(bytes.map_or(&[][..], Vec::as_slice));
        self.rates.layers = sizes.iter().map(|size| rates.by_ref().take(*size).collect()).collect();
        self.dirty.rates = true;
    }

    pub(super) fn ask_for_fields(&mut self, layer: usize, neurons: Vec<usize>) {
        self.asking.weights_awaited += 1;
        self.ask(&Request::Fields(layer, neurons), &[]);
    }

    pub(super) fn take_fields(&mut self, layer: usize, neurons: &[usize], bytes: Option<&Vec<u8>>) {
        self.asking.weights_awaited = self.asking.weights_awaited.saturating_sub(1);
        if let Some(bytes) = bytes {
            self.synapses.take(layer, neurons, bytes);
        }
        self.dirty.weights |= layer == 0;
        if self.asking.weights_awaited == 0 {
            self.connect();
        }
    }
}
