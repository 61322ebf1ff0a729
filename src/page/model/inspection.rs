//! What is asked of the engine again and again: traces of the picture, and weights to show.

use super::effect::Effect;
use super::input::{EngineKind, Region};
use super::requests::Asked;
use super::run::Phase;
use super::state::{Model, Opening};
use crate::pictures::analysis::{Analysis, telling_neurons};
use crate::pictures::receptive_fields::floats;
use crate::protocol::{Picture, Request};
use crate::spec::{Dataset, Encoding, FeatureMaps, LayerSpec, Window};
use crate::trace::Trace;

/// While a pen draws, a trace is asked for at most this often, in milliseconds.
const WHILE_DRAWING: f64 = 100.0;
/// While training runs, the picture is run through the network this often.
const WHILE_TRAINING: f64 = 250.0;
/// Weights are asked for at most this often while training runs; in its first seconds, in which they change most, this often.
const WEIGHTS_EVERY: f64 = 2000.0;
const FIRST_WEIGHTS_EVERY: f64 = 400.0;
const FIRST_SECONDS: f64 = 8000.0;
/// The number of neurons whose weights are shown as a grid of pictures.
pub const GRID: usize = 64;

/// The probability from which on an answer is taken for sure.
const SURE: f32 = 0.8;

impl Model {
    /// The picture is to be run through the network.
    pub(super) fn ask_for_trace(&mut self) {
        self.wanted.trace = true;
        self.send_trace();
    }

    fn send_trace(&mut self) {
        let is_under_way = self.requests.awaits(EngineKind::Cpu, Asked::Trace);
        if !self.wanted.trace || is_under_way || self.opening != Opening::Done {
            return;
        }
        if self.drawing && self.now - self.times.trace < WHILE_DRAWING {
            return;
        }
        self.wanted.trace = false;
        let Some(pixels) = self.pixels() else {
            self.analysis = None;
            self.changed.trace = true;
            if self.test_image().is_some() {
                self.ask_for_test_images();
            }
            return;
        };
        self.times.trace = self.now;
        // A test image is encoded as it was in the test, so that one sees the very run in which it was misclassified.
        let picture = self.test_image().map_or(Picture::Drawing, Picture::Test);
        self.ask(EngineKind::Cpu, Request::Trace { picture }, vec![pixels]);
    }

    /// Asks for what is wanted and was asked for too short a while ago; while training runs, for what changes with it.
    pub(super) fn ask_when_due(&mut self) {
        if self.run.phase == Phase::Training {
            self.wanted.trace |= self.now - self.times.trace > WHILE_TRAINING;
            let is_new = self.now - self.times.train < FIRST_SECONDS;
            if self.now - self.times.weights > if is_new { FIRST_WEIGHTS_EVERY } else { WEIGHTS_EVERY } {
                self.ask_for_weights();
            }
            self.save_checkpoint_when_due();
            self.consider_gpu();
        }
        self.ask_for_glimpse();
        self.send_trace();
    }

    // ---- traces ----

    pub(super) fn take_trace(&mut self, label: Option<u8>, bytes: &[Vec<u8>]) {
        let trace = bytes.first().map(|bytes| Trace::from_bytes(bytes));
        match trace {
            Some(Ok(trace)) => self.show_trace(trace, label),
            Some(Err(error)) => self.engine_failed(error.to_string()),
            None => {}
        }
        self.send_trace();
    }

    fn show_trace(&mut self, trace: Trace, label: Option<u8>) {
        self.clock.set_time_steps(trace.time_steps);
        if self.pixels().is_none() {
            return;
        }
        if let Some(first) = trace.hidden.first() {
            let before = self.neurons;
            // A neuron that the reader pinned may not be in the network that this is a trace of.
            let is_there = self.neurons.iter().all(|neuron| *neuron < first.neurons());
            // While training runs the three stay, so that one sees them change, until only one of them still fires.
            let firing = self.neurons.iter().filter(|neuron| first.spikes.count_of(0, **neuron) > 0).count();
            let may_choose = self.run.phase != Phase::Training || firing < 2;
            if !is_there || !self.neurons_are_pinned && may_choose {
                self.neurons = telling_neurons(first, trace.time_steps);
            }
            let known = |neuron: &usize| self.receptive_fields.into_neuron(0, *neuron).is_some();
            if !self.neurons.iter().all(known) {
                self.ask_for_weights();
            }
            self.changed.weights |= self.neurons != before;
        }
        let mut analysis = Analysis::new(trace, label.or_else(|| self.label()));
        if self.run.holds.as_ref().is_some_and(|(spec, _)| spec.encoding == Encoding::Current) {
            analysis = analysis.with_steady_input();
        }
        self.changed.speech |= std::mem::take(&mut self.wanted.speech);
        if let (Some(class), Some(decided_at)) = (analysis.answer(), analysis.settled) {
            let probability = analysis.probability(analysis.time_steps().saturating_sub(1), class);
            self.effect(Effect::TellPrediction { class, probability, decided_at });
        }
        self.analysis = Some(analysis);
        self.changed.trace = true;
        self.show_firing();
        self.show_picture_on_chip();
        self.connect();
    }

    // ---- weights ----

    /// Asks for the weights of the neurons that are shown.
    pub(super) fn ask_for_weights(&mut self) {
        if self.opening != Opening::Done || self.awaits_receptive_fields() {
            return;
        }
        self.times.weights = self.now;
        let mut first = Vec::new();
        if self.is_shown(Region::WeightGrid) {
            self.ask_for_rates();
            first.extend(self.grid());
        }
        let columns = if self.is_shown(Region::Connections) { self.columns.clone() } else { Vec::new() };
        for neuron in self.neurons.iter().chain(columns.first().into_iter().flatten()) {
            if !first.contains(neuron) {
                first.push(*neuron);
            }
        }
        self.ask_for_receptive_fields(0, first);
        let classes = self.analysis.as_ref().map_or(0, |analysis| analysis.trace.classes());
        let outputs = (!columns.is_empty()).then(|| (0..classes).collect());
        for (layer, column) in columns.into_iter().chain(outputs).enumerate().skip(1) {
            self.ask_for_receptive_fields(layer, column);
        }
    }

    /// Whether the network that reads more hands is offered: this one is not sure of what somebody drew.
    pub fn offers_sharper(&self) -> bool {
        let Some(analysis) = self.analysis.as_ref().filter(|analysis| analysis.label.is_none()) else { return false };
        let spec = self.shown_spec();
        let end = analysis.time_steps().saturating_sub(1);
        let first = analysis.answer().map_or(0.0, |answer| analysis.probability(end, answer));
        self.run.trained && spec.dataset == Dataset::Mnist && !spec.has_convolution() && first < SURE
    }

    /// The neurons of the first hidden layer, and the patches of the image that they see, if it is a convolution.
    pub fn first_maps(&self) -> (FeatureMaps, Option<Window>) {
        let (spec, pixels) = (self.shown_spec(), self.image_pixels());
        let maps = spec.feature_maps(pixels).next().unwrap_or(FeatureMaps::flat(0));
        let window = match spec.layers.first() {
            Some(LayerSpec::Convolution(convolution)) => convolution.over(FeatureMaps::of_image(pixels)),
            Some(LayerSpec::Dense(_)) | None => None,
        };
        (maps, window)
    }

    /// The number of neurons of the first hidden layer.
    pub fn first_neurons(&self) -> usize {
        self.first_maps().0.neurons()
    }

    /// The neurons in the weight grid: the first ones, and of each feature map one in its middle.
    pub fn grid(&self) -> impl Iterator<Item = usize> {
        let maps = self.first_maps().0;
        let middle = maps.rows / 2 * maps.columns + maps.columns / 2;
        (0..maps.channels.min(GRID)).map(move |map| map * maps.places() + middle)
    }

    /// Whether weights that were asked for have yet to come.
    pub(super) fn awaits_receptive_fields(&self) -> bool {
        self.requests.awaits(EngineKind::Cpu, Asked::ReceptiveFields)
    }

    pub(super) fn ask_for_receptive_fields(&mut self, layer: usize, neurons: Vec<usize>) {
        self.ask(EngineKind::Cpu, Request::Fields(layer, neurons), Vec::new());
    }

    pub(super) fn take_receptive_fields(&mut self, layer: usize, neurons: &[usize], bytes: Option<&Vec<u8>>) {
        // Those of a network before are none of this one.
        if self.requests.awaits(EngineKind::Cpu, Asked::Network) {
            return;
        }
        if let Some(bytes) = bytes {
            self.receptive_fields.take(layer, neurons, bytes);
        }
        self.changed.weights |= layer == 0;
        if !self.awaits_receptive_fields() {
            self.connect();
        }
    }

    /// Asks how often the hidden neurons fire for the ten test pictures.
    pub(super) fn ask_for_rates(&mut self) {
        if let Some(pixels) = self.samples.as_ref().map(|samples| samples.images.clone()) {
            self.ask(EngineKind::Cpu, Request::Rates, vec![pixels]);
        }
    }

    pub(super) fn take_rates(&mut self, sizes: &[usize], bytes: Option<&Vec<u8>>) {
        let mut rates = floats(bytes.map_or(&[][..], Vec::as_slice));
        self.rates.layers = sizes.iter().map(|size| rates.by_ref().take(*size).collect()).collect();
        self.changed.rates = true;
    }
}
