//! The page's talk with the engine: what is asked, and what follows from its reports.

use super::address::Pad;
use super::app::App;
use super::curves::History;
use super::document::{after, meta, window};
use super::fetching::{self, Copy};
use super::input::{Due, Input};
use super::learning::Vitals;
use super::link::Link;
use super::phrases::Phrase;
use super::reading::{Reading, telling_neurons};
use super::run::{Origin, Phase, Run};
use super::settings::{same_network, with_training};
use super::strokes::three;
use crate::digits::shard::{Manifest, Split};
use crate::event::Score;
use crate::protocol::{BUILD, Picture, Report, Request};
use crate::spec::{Encoding, Spec};
use crate::trace::Trace;

/// While a pen draws, a trace is asked for at most so often, in milliseconds.
const WHILE_DRAWING: f64 = 100.0;
/// While training runs, the picture is run through the network so often.
const WHILE_TRAINING: f64 = 250.0;
/// Weights are asked for at most so often while training runs.
const WEIGHTS_EVERY: f64 = 2000.0;
/// The test images measured when training pauses: all.
pub(super) const ALL_TEST_IMAGES: usize = 10_000;
/// A crash after so many others in a row is the last: the engine is not started again.
const MOST_CRASHES: u32 = 3;

/// The list of the training data is asked for again after so many milliseconds.
const DATA_AGAIN: i32 = 10_000;

/// How far the first network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// The engine or the file is not there yet.
    Waiting,
    /// The engine was asked to open the file.
    Asked,
    /// The engine was asked to open the reader's file.
    File,
    /// There is a network.
    Done,
}

/// What was asked for and when.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asking {
    trace_wanted: bool,
    trace_under_way: bool,
    trace_id: u32,
    trace_at: f64,
    weights_under_way: bool,
    weights_at: f64,
    /// When training was asked for.
    pub train_at: f64,
    /// Whether the reader waits for a file of the weights.
    pub file_wanted: bool,
    /// Whether the reader chose a neuron, so that the page no longer does.
    pub neurons_chosen: bool,
    /// Turns that have not settled yet.
    pub turned: u32,
}

/// The page's clock, in milliseconds.
pub(super) fn now() -> f64 {
    window().ok().and_then(|window| window.performance()).map_or(0.0, |performance| performance.now())
}

impl App {
    /// Starts the engine, or starts it anew.
    pub(super) fn start_engine(&mut self) {
        self.link = None;
        self.run = Run::default();
        self.opening = Opening::Waiting;
        self.asking = Asking { neurons_chosen: self.asking.neurons_chosen, ..Asking::default() };
        self.supply = Default::default();
        self.words.engine.set(&self.phrases.say(Phrase::Loading, &[]));
        let started = meta("engine-cpu")
            .map_err(|error| error.to_string())
            .and_then(|path| Link::start(&path, &self.post).map_err(|error| format!("{error:?}")));
        match started {
            Ok(link) => self.link = Some(link),
            Err(error) => self.notes.say(&self.phrases, Phrase::NoteEngineDead, &[("error", error)]),
        }
        self.dirty.bar = true;
    }

    pub(super) fn lost_engine(&mut self, reason: &str) {
        self.crashes += 1;
        let values = [("error", reason.to_owned())];
        if self.crashes > MOST_CRASHES {
            self.link = None;
            self.run = Run::default();
            self.notes.withdraw(Phrase::NoteEngineLost);
            self.notes.withdraw(Phrase::NoteEngineBack);
            self.words.engine.set("–");
            return self.notes.say(&self.phrases, Phrase::NoteEngineDead, &values);
        }
        self.rescue(reason);
        self.start_engine();
    }

    pub(super) fn ask(&mut self, request: &Request, bytes: &[&[u8]]) {
        let asked = self.link.as_ref().map_or(Ok(()), |link| link.ask(request, bytes));
        if let Err(error) = asked {
            self.notes.say(&self.phrases, Phrase::NoteEngineFailed, &[("error", error)]);
        }
    }

    fn ask_all(&mut self, requests: Vec<Request>) {
        for request in requests {
            match request {
                Request::Open => self.ask_to_open(),
                other => self.ask(&other, &[]),
            }
        }
    }

    fn ask_to_open(&mut self) {
        if let Some(Ok(model)) = self.model.take() {
            self.ask(&Request::Open, &[&model]);
            self.model = Some(Ok(model));
        }
    }

    // ---- what was fetched ----

    pub(super) fn take_model(&mut self, model: Result<Vec<u8>, String>) {
        if let Err(error) = &model {
            self.notes.say(&self.phrases, Phrase::NoteModel, &[("error", error.clone())]);
        }
        self.model = Some(model);
        self.open_network();
    }

    /// Opens the shipped network once both it and the engine are there.
    fn open_network(&mut self) {
        if self.opening != Opening::Waiting || self.run.phase == Phase::Starting {
            return;
        }
        if let Some(was) = self.rescued.take() {
            return self.restore(was);
        }
        match &self.model {
            None => {}
            Some(Ok(_)) => {
                self.opening = Opening::Asked;
                self.ask_to_open();
            }
            Some(Err(_)) => self.start_random(),
        }
    }

    /// The network of the settings, with random weights.
    fn start_random(&mut self) {
        self.opening = Opening::Done;
        let spec = self.address.spec.clone();
        self.run.started(spec.clone(), Origin::Random);
        self.ask(&Request::Start(spec), &[]);
    }

    pub(super) fn take_manifest(&mut self, manifest: Result<Manifest, String>) {
        match manifest {
            Ok(manifest) => {
                self.notes.withdraw(Phrase::NoteData);
                if self.run.phase != Phase::Starting {
                    self.ask(&Request::Data(manifest.clone()), &[]);
                }
                self.manifest = Some(manifest);
            }
            Err(error) => {
                self.notes.say(&self.phrases, Phrase::NoteData, &[("error", error)]);
                let post = self.post.clone();
                after(DATA_AGAIN, move || post.tell(Input::Due(Due::Data)));
                self.show_something();
            }
        }
        self.dirty.bar = true;
    }

    /// Without test digits there is something to be seen all the same.
    pub(super) fn show_something(&mut self) {
        if self.digits.is_none() && matches!(self.address.pad, Pad::Digit(_)) {
            self.address.pad = Pad::Drawing(three());
            self.picture_changed();
            self.dirty.address = false;
        }
    }

    pub(super) fn fetch_data(&self) {
        if let Ok(folder) = meta("shards") {
            fetching::data(folder, self.post.clone(), Copy::Fresh);
        }
    }

    pub(super) fn fetch_shard(&mut self, split: Split, shard: usize, copy: Copy) {
        let entry = self.manifest.as_ref().and_then(|manifest| manifest.shards(split).get(shard)).cloned();
        if let (Some(entry), Ok(folder)) = (entry, meta("shards")) {
            fetching::shard(folder, entry, split, shard, self.post.clone(), copy);
        }
    }

    pub(super) fn take_shard(&mut self, split: Split, shard: usize, files: Result<[Vec<u8>; 2], String>) {
        match files {
            Ok([images, labels]) => self.ask(&Request::Shard(split, shard), &[&images, &labels]),
            Err(error) => self.shard_failed(split, shard, error),
        }
    }

    fn shard_failed(&mut self, split: Split, shard: usize, error: String) {
        let again = self.supply.failed(split, shard);
        if again.tell {
            self.notes.say(&self.phrases, Phrase::NoteShard, &[("error", error)]);
        }
        let post = self.post.clone();
        after(again.milliseconds, move || post.tell(Input::Due(Due::Shard(split, shard))));
    }

    // ---- buttons ----

    pub(super) fn train(&mut self) {
        self.settle();
        // That the weights were random was worth a word only until training changes it.
        self.notes.withdraw(Phrase::NoteOtherNetwork);
        self.notes.withdraw(Phrase::NoteModel);
        let requests = self.run.before_training(&self.address.spec, self.address.from_shipped);
        self.ask_all(requests);
        self.go_on_training();
    }

    pub(super) fn go_on_training(&mut self) {
        self.ask(&Request::Train, &[]);
        self.run.phase = Phase::Training;
        self.asking.train_at = now();
        self.dirty.bar = true;
    }

    pub(super) fn pause(&mut self) {
        self.ask(&Request::Pause, &[]);
        self.run.phase = Phase::Pausing;
        self.dirty.bar = true;
    }

    pub(super) fn step(&mut self) {
        if self.run.phase == Phase::Starting {
            return;
        }
        self.settle();
        let requests = self.run.before_training(&self.address.spec, self.address.from_shipped);
        self.ask_all(requests);
        self.ask(&Request::Step, &[]);
        self.run.phase = Phase::Pausing;
    }

    pub(super) fn reset(&mut self) {
        if self.run.phase == Phase::Training {
            self.ask(&Request::Pause, &[]);
        }
        self.run.phase = Phase::Still;
        self.address.from_shipped = false;
        self.controls.show(&self.address);
        self.start_random();
        (self.dirty.bar, self.dirty.address) = (true, true);
    }

    /// Training is to start from other weights: they are shown at once.
    pub(super) fn choose_origin(&mut self) {
        if !self.address.from_shipped {
            return;
        }
        if self.run.phase == Phase::Training {
            self.pause();
        }
        self.opening = Opening::Asked;
        self.ask_to_open();
    }

    /// The turned settings are meant: if they describe another network than the engine's, it becomes that one.
    pub(super) fn settle(&mut self) {
        self.asking.turned = self.asking.turned.saturating_sub(1);
        if self.opening != Opening::Done || self.asking.turned > 0 {
            return;
        }
        let training = self.run.phase == Phase::Training;
        let other_run = self.run.holds.as_ref().is_some_and(|(held, _)| *held != self.address.spec);
        if !self.run.shows(&self.address.spec) || (training && other_run) {
            self.address.from_shipped = false;
            self.controls.show(&self.address);
            self.notes.withdraw(Phrase::NoteOtherNetwork);
            self.start_random();
            if training {
                self.ask(&Request::Train, &[]);
            }
        }
    }

    // ---- traces and weights ----

    /// The picture is to be run through the network.
    pub(super) fn ask_for_trace(&mut self) {
        self.asking.trace_wanted = true;
        self.send_trace();
    }

    fn send_trace(&mut self) {
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
            return;
        };
        self.asking.trace_id = self.asking.trace_id.wrapping_add(1);
        (self.asking.trace_under_way, self.asking.trace_at) = (true, now());
        self.ask(&Request::Trace { id: self.asking.trace_id, picture: Picture::Drawing }, &[&pixels]);
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
        }
        self.send_trace();
    }

    /// Asks for the weights of the neurons that are shown.
    pub(super) fn ask_for_weights(&mut self) {
        if self.opening != Opening::Done || self.asking.weights_under_way {
            return;
        }
        (self.asking.weights_under_way, self.asking.weights_at) = (true, now());
        let wanted = self.mosaic.wanted(&self.score.faces.chosen);
        self.ask(&Request::Fields(wanted), &[]);
    }

    // ---- reports ----

    pub(super) fn hear_report(&mut self, report: Report, bytes: Vec<Vec<u8>>) {
        match report {
            Report::Ready { build, device } => self.engine_ready(&build, &device),
            Report::Started(spec) => self.started(spec),
            Report::Need(split, shard) => {
                self.supply.needed(split, shard);
                self.fetch_shard(split, shard, Copy::Kept);
                self.dirty.bar = true;
            }
            Report::ShardTaken(split, shard) => {
                self.supply.taken(split, shard);
                if !self.supply.is_in_trouble() {
                    self.notes.withdraw(Phrase::NoteShard);
                }
                self.dirty.bar = true;
            }
            Report::ShardRefused { split, shard, reason } => self.shard_failed(split, shard, reason),
            Report::Step { done, loss, score, images_per_second } => {
                self.run.trained = true;
                self.history.step(&done, loss, score);
                self.vitals.epochs = self.history.epochs();
                self.vitals.loss = Some(loss);
                self.vitals.images_per_second = Some(images_per_second);
                (self.dirty.curves, self.dirty.bar) = (true, true);
            }
            Report::Epoch(done) => {
                if let Some(test) = done.test {
                    self.tested(test, None);
                }
                self.keep_weights();
            }
            Report::Paused => self.paused(),
            Report::Tested { score, step } => self.tested(score, Some(step)),
            Report::Trace { id, step: _, picture: _, label: _ } => self.take_trace(id, &bytes),
            Report::NoTrace { id, reason } => {
                self.asking.trace_under_way &= id != self.asking.trace_id;
                self.engine_failed(reason);
            }
            Report::Fields(neurons) => {
                self.asking.weights_under_way = false;
                if let Some(bytes) = bytes.first() {
                    self.mosaic.take(&neurons, bytes);
                    self.dirty.weights = true;
                }
            }
            Report::Weights => self.take_weights(bytes),
            Report::Failed(reason) => self.request_failed(reason),
        }
    }

    fn engine_ready(&mut self, build: &str, device: &str) {
        if build != BUILD {
            let values = [("page", BUILD.to_owned()), ("engine", build.to_owned())];
            self.notes.say(&self.phrases, Phrase::NoteBuild, &values);
        }
        self.words.engine.set(device);
        self.run.phase = Phase::Still;
        if let Some(manifest) = self.manifest.clone() {
            self.ask(&Request::Data(manifest), &[]);
        }
        self.open_network();
        self.dirty.bar = true;
    }

    fn started(&mut self, spec: Spec) {
        if self.opening == Opening::Asked {
            if !same_network(&spec, &self.address.spec) {
                let say = if self.address.from_shipped { None } else { Some(Phrase::NoteOtherNetwork) };
                match say {
                    Some(phrase) => {
                        self.notes.say(&self.phrases, phrase, &[]);
                        return self.start_random();
                    }
                    // The trained network was asked for, so the settings become its own.
                    None => self.address.spec = with_training(&spec, &self.address.spec),
                }
                self.controls.show(&self.address);
                self.dirty.address = true;
            }
            self.opening = Opening::Done;
            self.run.started(spec.clone(), Origin::Shipped);
        } else if self.opening == Opening::File {
            self.file_opened(&spec);
        }
        self.history = History::default();
        self.vitals = Vitals::default();
        self.clock.set_time_steps(spec.time_steps);
        self.asking.neurons_chosen = false;
        self.mosaic.weights.clear();
        let first = spec.hidden.first().copied().unwrap_or(0);
        drop(self.mosaic.set_neurons(first, &self.phrases, &self.post));
        self.dirty.everything();
        self.ask_for_trace();
    }

    fn paused(&mut self) {
        // A pause that was asked for before training went on again says nothing about now.
        if self.run.phase == Phase::Training {
            return;
        }
        self.run.phase = Phase::Still;
        self.vitals.images_per_second = None;
        self.dirty.bar = true;
        self.ask_for_trace();
        self.ask_for_weights();
        self.keep_weights();
        if !self.paused_by_hiding {
            self.test_all();
        }
    }

    fn tested(&mut self, score: Score, step: Option<u64>) {
        self.vitals.test = Some(score);
        if let Some(step) = step {
            self.history.tested(score, step);
        }
        (self.dirty.curves, self.dirty.bar) = (true, true);
    }

    fn take_trace(&mut self, id: u32, bytes: &[Vec<u8>]) {
        if id == self.asking.trace_id {
            self.asking.trace_under_way = false;
        }
        let trace = bytes.first().map(|bytes| Trace::from_bytes(bytes));
        match trace {
            Some(Ok(trace)) => self.show_trace(trace),
            Some(Err(error)) => self.engine_failed(error.to_string()),
            None => {}
        }
        self.send_trace();
    }

    fn show_trace(&mut self, trace: Trace) {
        self.clock.set_time_steps(trace.time_steps);
        if self.pixels().is_none() {
            return;
        }
        if let Some(first) = trace.hidden.first().filter(|_| !self.asking.neurons_chosen) {
            let before = self.score.faces.chosen;
            // While training runs the three stay, so that one sees them change.
            if self.run.phase != Phase::Training || before.iter().any(|neuron| *neuron >= first.neurons()) {
                self.score.faces.chosen = telling_neurons(first, trace.time_steps);
            }
            let known = |neuron: &usize| self.mosaic.weights.contains_key(neuron);
            if !self.score.faces.chosen.iter().all(known) || self.mosaic.weights.is_empty() {
                self.ask_for_weights();
            }
            self.dirty.weights = true;
        }
        let mut reading = Reading::new(trace, self.label());
        if self.run.holds.as_ref().is_some_and(|(spec, _)| spec.encoding == Encoding::Current) {
            reading = reading.with_steady_input();
        }
        if std::mem::take(&mut self.speak) {
            self.result.speak(&reading, &self.phrases);
        }
        self.reading = Some(reading);
        self.dirty.trace = true;
    }

    fn request_failed(&mut self, reason: String) {
        if self.opening == Opening::Asked {
            self.notes.say(&self.phrases, Phrase::NoteModel, &[("error", reason.clone())]);
            self.model = Some(Err(reason));
            self.start_random();
        } else if self.opening == Opening::File {
            self.opening = Opening::Done;
            self.open_file(Err(reason));
        } else {
            self.engine_failed(reason);
        }
    }

    pub(super) fn engine_failed(&mut self, reason: String) {
        self.asking.weights_under_way = false;
        self.notes.say(&self.phrases, Phrase::NoteEngineFailed, &[("error", reason)]);
    }
}
