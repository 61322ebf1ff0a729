//! The page's talk with the engine: what is asked, and what follows from its reports.

use super::app::App;
use super::asking::Asking;
use super::confusion::Confusion;
use super::curves::History;
use super::document::{in_words, missing, window};
use super::fetching::Copy;
use super::learning::Vitals;
use super::link::{Link, Who};
use super::outside;
use super::phrases::Phrase;
use super::reading::{Reading, telling_neurons};
use super::run::{Phase, Run};
use crate::digits::shard::Split;
use crate::event::Accuracy;
use crate::protocol::{BUILD, Report, Request};
use crate::spec::{Encoding, Spec};
use crate::trace::Trace;

/// The test images measured when training pauses: all.
pub(super) const ALL_TEST_IMAGES: usize = 10_000;
/// A crash after so many others in a row is the last: the engine is not started again.
const MOST_CRASHES: u32 = 3;

/// How far the first network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// The engine or the file is not there yet.
    Waiting,
    /// The engine was asked to open the file.
    Asked,
    /// The engine was asked to open the reader's file.
    File,
    /// The engine was asked to become what was kept of an earlier visit.
    Kept,
    /// There is a network.
    Done,
}

/// The page's clock, in milliseconds.
pub(super) fn now() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}

impl App {
    /// Starts the engine, or starts it anew.
    pub(super) fn start_engine(&mut self) {
        self.link = None;
        self.run = Run::default();
        self.opening = Opening::Waiting;
        self.asking = Asking { neurons_chosen: self.asking.neurons_chosen, ..Asking::default() };
        self.supply = Default::default();
        self.mistakes.forget_images();
        self.words.engine.set(&self.phrases.say(Phrase::Loading, &[]));
        let path = outside::worker("engine_cpu").unwrap_or_else(|| missing("engine"));
        match Link::start(Who::Cpu, &path, &self.post) {
            Ok(link) => self.link = Some(link),
            Err(error) => self.notes.say(&self.phrases, Phrase::NoteEngineDead, &[("error", in_words(&error))]),
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
        let begins = matches!(request, Request::Open | Request::Start(_) | Request::Continue(_));
        self.asking.begins += u32::from(begins);
        if begins {
            self.stand_down();
        }
        let asked = self.link.as_ref().map_or(Ok(()), |link| link.ask(request, bytes));
        if let Err(error) = asked {
            self.notes.say(&self.phrases, Phrase::NoteEngineFailed, &[("error", error)]);
        }
    }

    pub(super) fn ask_all(&mut self, requests: Vec<Request>) {
        for request in requests {
            if request == Request::Open {
                self.ask_to_open();
            } else {
                self.ask(&request, &[]);
            }
        }
    }

    // ---- reports ----

    pub(super) fn hear_report(&mut self, report: Report, bytes: Vec<Vec<u8>>) {
        match report {
            Report::Ready { build, device, is_software: _ } => self.engine_ready(&build, device),
            Report::Started(hash) => self.started(Spec::from_hash(&Spec::default(), &hash).0),
            Report::Changed => self.run_changed(),
            Report::Samples(dataset) => self.take_samples(dataset, bytes),
            Report::SamplesRefused(dataset, reason) => self.samples_failed(dataset, reason),
            Report::Need(split, shard) => {
                self.supply.needed(split, shard);
                self.fetch_shard(Who::Cpu, split, shard, Copy::Kept);
                self.dirty.bar = true;
            }
            Report::ShardTaken(split, shard) => {
                self.supply.taken(split, shard);
                if !self.supply.is_in_trouble() {
                    self.notes.withdraw(Phrase::NoteShard);
                }
                if split == Split::Test {
                    self.ask_for_test_images();
                }
                self.dirty.bar = true;
            }
            Report::ShardRefused { split, shard, reason } => self.shard_failed(Who::Cpu, split, shard, reason),
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
                // An epoch of a few drawings is over soon.
                if self.learns_drawings() {
                    self.keep_weights_when_due()
                } else {
                    self.keep_weights()
                }
                if done.epoch + 1 == self.address.spec.epochs && self.run.phase == Phase::Training {
                    self.run.phase = Phase::Pausing;
                    self.asking.stopped = true;
                }
            }
            Report::Paused => self.paused(),
            Report::Tested { score, step } => {
                self.tested(score, Some(step));
                self.take_answers(&bytes);
            }
            Report::TestImages(images) => self.take_test_images(&images, &bytes),
            Report::Trace { id, step: _, picture: _, label } => self.take_trace(id, label, &bytes),
            Report::NoTrace { id, reason } => {
                self.asking.trace_under_way &= id != self.asking.trace_id;
                self.engine_failed(reason);
            }
            Report::Photo(id, has_rival) => self.take_photo(id, has_rival, bytes),
            Report::NoPhoto(id, reason) if id == self.asking.photo_id => self.photo_failed(reason),
            Report::NoPhoto(..) => {}
            Report::Fields(layer, neurons) => self.take_fields(layer, &neurons, bytes.first()),
            Report::Rates(sizes) => self.take_rates(&sizes, bytes.first()),
            Report::Weights => self.take_weights(bytes),
            Report::Checkpoint(_) => bytes.into_iter().next().map_or((), |file| self.take_checkpoint(file)),
            Report::Resumed(step) => self.resumed(step),
            Report::Lost(reason) => self.lost_engine(&reason),
            // Only the card is asked for these.
            Report::Tried(_) | Report::Checked(..) => {}
            Report::Failed(reason) => self.request_failed(reason),
        }
    }

    fn engine_ready(&mut self, build: &str, device: String) {
        if build != BUILD {
            let values = [("page", BUILD.to_owned()), ("engine", build.to_owned())];
            self.notes.say(&self.phrases, Phrase::NoteBuild, &values);
        }
        self.cpu_name = device;
        self.say_engine();
        self.run.phase = Phase::Still;
        self.tell_data();
        self.ask_for_samples();
        self.open_network();
        self.dirty.bar = true;
    }

    fn started(&mut self, spec: Spec) {
        self.asking.begins = self.asking.begins.saturating_sub(1);
        // It was asked to become something else since.
        if self.asking.begins > 0 {
            return;
        }
        if self.opening == Opening::Asked {
            if !self.opened(&spec) {
                return;
            }
        } else if self.opening == Opening::File {
            self.file_opened(&spec);
        }
        self.say_mixed();
        self.history = History::default();
        self.vitals = Vitals::default();
        self.mistakes.confusion = Confusion::default();
        self.words.kept.element.set_hidden(true);
        self.show_network(&spec);
        self.ask_for_trace();
    }

    /// The engine has become another network: nothing of the one before is shown any more.
    pub(super) fn show_network(&mut self, spec: &Spec) {
        self.clock.set_time_steps(spec.time_steps);
        self.asking.neurons_chosen = false;
        self.synapses.clear();
        self.connections.layout.columns.clear();
        let first = spec.hidden_neurons().next().unwrap_or(0);
        self.mosaic.set_neurons(first, &self.phrases, &self.post);
        self.ask_for_rates();
        self.dirty.everything();
        outside::ready();
    }

    /// The engine's network has the same weights and other settings.
    fn run_changed(&mut self) {
        (self.dirty.pad, self.dirty.trace) = (true, true);
        self.ask_for_trace();
        self.ask_for_rates();
    }

    pub(super) fn paused(&mut self) {
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

    /// The engine has the card's newest weights, or those that were kept.
    fn resumed(&mut self, step: u64) {
        if self.opening == Opening::Kept {
            self.kept_is_back(step);
        }
        if self.run.phase != Phase::Training {
            self.ask_for_trace();
            self.ask_for_weights();
        }
    }

    fn tested(&mut self, score: Accuracy, step: Option<u64>) {
        self.vitals.test = Some(score);
        if let Some(step) = step {
            self.history.tested(score, step);
        }
        (self.dirty.curves, self.dirty.bar) = (true, true);
        self.stop_where_wished(score);
    }

    fn take_trace(&mut self, id: u32, label: Option<u8>, bytes: &[Vec<u8>]) {
        if id == self.asking.trace_id {
            self.asking.trace_under_way = false;
        }
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
        if let Some(first) = trace.hidden.first().filter(|_| !self.asking.neurons_chosen) {
            let before = self.score.faces.chosen;
            // While training runs the three stay, so that one sees them change.
            if self.run.phase != Phase::Training || before.iter().any(|neuron| *neuron >= first.neurons()) {
                self.score.faces.chosen = telling_neurons(first, trace.time_steps);
            }
            let known = |neuron: &usize| self.synapses.into_neuron(0, *neuron).is_some();
            if !self.score.faces.chosen.iter().all(known) {
                self.ask_for_weights();
            }
            self.dirty.weights = true;
        }
        let mut reading = Reading::new(trace, label.or_else(|| self.label()));
        if self.run.holds.as_ref().is_some_and(|(spec, _)| spec.encoding == Encoding::Current) {
            reading = reading.with_steady_input();
        }
        if std::mem::take(&mut self.speak) {
            self.result.speak(&reading, &self.phrases);
        }
        self.reading = Some(reading);
        self.tell_prediction();
        self.dirty.trace = true;
        self.connect();
    }

    fn request_failed(&mut self, reason: String) {
        self.asking.begins = self.asking.begins.saturating_sub(1);
        if self.opening == Opening::Asked {
            self.notes.say(&self.phrases, Phrase::NoteModel, &[("error", reason.clone())]);
            *self.file() = Some(Err(reason));
            self.opening = Opening::Waiting;
            self.open_network();
        } else if self.opening == Opening::Kept {
            self.kept_is_broken();
        } else if self.opening == Opening::File {
            self.opening = Opening::Done;
            self.open_file(Err(reason));
        } else {
            self.engine_failed(reason);
        }
    }

    pub(super) fn engine_failed(&mut self, reason: String) {
        self.asking.weights_awaited = 0;
        self.notes.say(&self.phrases, Phrase::NoteEngineFailed, &[("error", reason)]);
    }
}
