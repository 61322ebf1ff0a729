//! Training: what its buttons and the settings ask of the engines.

use super::input::EngineKind;
use super::link::Start;
use super::phrases::Phrase;
use super::requests::Asked;
use super::run::{Change, Phase};
use super::state::{Model, Opening};
use crate::digits::shard::Split;
use crate::event::Accuracy;
use crate::pictures::numbers::grouped;
use crate::protocol::{Request, RequestId};
use crate::spec::Rule;
use crate::trace::Stopping;

/// Training that hears of no step for this number of milliseconds waits for something.
const WAITS: f64 = 700.0;
/// All test images are asked for at most this often while training runs, in milliseconds.
const CHECK_EVERY: f64 = 4000.0;
/// The test images over which stopping early is measured: each is traced, which takes longer than to be read.
const STOPPING_IMAGES: usize = 500;
/// The test images measured when training pauses: all.
const ALL_TEST_IMAGES: usize = 10_000;

impl Model {
    /// Whether there is data, and the network from which training is to start; random weights need no waiting.
    pub fn may_train(&self) -> bool {
        self.manifest.is_some() && (self.opening == Opening::Done || self.link.from == Start::Random)
    }

    /// Whether its buttons can be pressed.
    pub fn is_ready_to_train(&self) -> bool {
        self.run.phase != Phase::Starting && self.may_train()
    }

    pub(super) fn train(&mut self) {
        if !self.is_ready_to_train() {
            return;
        }
        self.opening = Opening::Done;
        self.apply_settings();
        // That the weights were random was worth a word only until training changes it.
        self.withdraw(&[Phrase::NoteOtherNetwork, Phrase::NoteModel, Phrase::NoteOwnFile, Phrase::NoteStopped]);
        self.wanted.stop_notice = false;
        self.prepare_training();
        self.go_on_training();
        self.show_user_drawing();
    }

    /// Has the engine be the run that is to be trained.
    fn prepare_training(&mut self) {
        for request in self.run.before_training(&self.link.spec, self.link.from != Start::Random) {
            if request == Request::Open {
                self.ask_to_open();
            } else {
                self.ask_for_network(request, Vec::new());
            }
        }
    }

    pub(super) fn go_on_training(&mut self) {
        self.tell_how_to_train();
        self.run.training_request = self.ask_driver(Request::Train);
        self.run.phase = Phase::Training;
        (self.autoplay, self.paused_by_hiding) = (false, false);
        self.end_kept_offer();
        (self.times.train, self.times.step) = (self.now, self.now);
        self.bar_changed();
    }

    /// Whether training waits for images, and long enough for a word about it.
    pub(super) fn waits_for_images(&self) -> bool {
        self.run.phase == Phase::Training && self.shards.is_waiting() && self.now - self.times.step > WAITS
    }

    pub(super) fn pause(&mut self) {
        self.ask_driver(Request::Pause);
        self.run.phase = Phase::Pausing;
        self.bar_changed();
    }

    pub(super) fn step(&mut self) {
        if !self.is_ready_to_train() {
            return;
        }
        self.opening = Opening::Done;
        self.apply_settings();
        self.prepare_training();
        self.run.training_request = self.ask_driver(Request::Step);
        self.end_kept_offer();
        self.run.phase = Phase::Pausing;
    }

    pub(super) fn reset(&mut self) {
        if self.run.phase == Phase::Training {
            self.ask_driver(Request::Pause);
        }
        self.run.phase = Phase::Still;
        self.paused_by_hiding = false;
        self.forget_run();
        self.link.from = Start::Random;
        self.changed.controls = true;
        self.start_random();
        self.bar_changed();
        self.link_changed();
    }

    /// Asks the engine that has the run.
    fn ask_driver(&mut self, request: Request) -> RequestId {
        let engine = if self.is_on_gpu() { EngineKind::Gpu } else { EngineKind::Cpu };
        self.ask(engine, request, Vec::new())
    }

    /// An engine has stopped training: as it was asked to, or by itself.
    pub(super) fn paused(&mut self, answers: Option<RequestId>) {
        // What it says of an earlier training says nothing of the one that was asked for since.
        let is_old = answers.is_none_or(|id| id < self.run.training_request);
        if self.run.phase == Phase::Training && is_old {
            return;
        }
        self.stand_still();
    }

    /// A request failed: if it was the one to train, nothing trains.
    pub(super) fn training_failed(&mut self, answers: Option<RequestId>) {
        let trains = matches!(self.run.phase, Phase::Training | Phase::Pausing);
        if trains && answers == Some(self.run.training_request) {
            self.stand_still();
        }
    }

    /// Training has stopped: what stands now is shown, kept and measured.
    pub(super) fn stand_still(&mut self) {
        // An engine that is being started again will say so itself.
        if self.run.phase == Phase::Starting {
            return;
        }
        self.run.phase = Phase::Still;
        self.progress.images_per_second = None;
        self.wanted.glimpse = true;
        self.bar_changed();
        self.ask_for_trace();
        self.ask_for_weights();
        self.save_checkpoint();
        if !self.paused_by_hiding {
            self.test_all();
        }
    }

    /// The turned settings are meant.
    pub(super) fn settle(&mut self) {
        self.turned = self.turned.saturating_sub(1);
        if self.opening == Opening::Done && self.turned == 0 {
            self.apply_settings();
        }
    }

    /// If the settings describe another run than the engine's, it goes on as that one, or becomes it.
    fn apply_settings(&mut self) {
        match self.run.change(&self.link.spec) {
            Change::None => {}
            Change::Keeps => self.change_run(),
            Change::Anew => self.start_anew(),
        }
    }

    fn change_run(&mut self) {
        let spec = self.link.spec.clone();
        self.run.changed(spec.clone());
        self.ask(EngineKind::Cpu, Request::Change(spec.clone()), Vec::new());
        if self.is_on_gpu() {
            self.ask(EngineKind::Gpu, Request::Change(spec), Vec::new());
        }
        self.changed.notices = true;
        // What was measured was of the network as it was.
        self.progress.test = None;
        self.bar_changed();
        if self.run.phase != Phase::Training {
            self.test_all();
        }
    }

    /// The network of the settings, with random weights; training goes on with it if it ran.
    pub(super) fn start_anew(&mut self) {
        let training = self.run.phase == Phase::Training;
        // None of the networks that ship is meant any more.
        self.link.from = Start::Random;
        self.link.model.clear();
        self.changed.controls = true;
        self.withdraw(&[Phrase::NoteOtherNetwork]);
        self.start_random();
        if training {
            self.tell_how_to_train();
            self.run.training_request = self.ask(EngineKind::Cpu, Request::Train, Vec::new());
        }
    }

    /// The engine is told how fast pictures are to pass, or how many workers may train: a tab that nobody sees leaves the other
    /// cores alone.
    pub(super) fn tell_how_to_train(&mut self) {
        let workers = if self.unseen { Some(1) } else { self.link.workers };
        let request = match self.link.spec.rule {
            Rule::Stdp => Request::Pace(self.link.pace),
            Rule::SurrogateGradient => Request::Workers(workers),
        };
        self.ask(EngineKind::Cpu, request, Vec::new());
    }

    // ---- tests ----

    /// All images on which the accuracy is measured.
    fn test_set_size(&self) -> usize {
        self.manifest.as_ref().map_or(0, |manifest| manifest.images(Split::Test)).min(ALL_TEST_IMAGES)
    }

    /// Measures the accuracy on the whole test set, once it is known what that is.
    pub(super) fn test_all(&mut self) {
        self.wanted.test = self.manifest.is_none();
        if self.manifest.is_some() {
            self.ask(EngineKind::Cpu, Request::Test(ALL_TEST_IMAGES), Vec::new());
        }
    }

    /// Asks what stopping early comes to, over some of the test images.
    pub(super) fn ask_for_stopping(&mut self) {
        let may_ask = self.manifest.is_some() && !self.learns_drawings();
        if may_ask && !self.requests.awaits(EngineKind::Cpu, Asked::Stopping) {
            self.ask(EngineKind::Cpu, Request::Stopping(STOPPING_IMAGES), Vec::new());
        }
    }

    pub(super) fn take_stopping(&mut self, images: usize, at: &[(usize, usize)]) {
        let at = at.try_into().unwrap_or_default();
        self.stopping = Some(Stopping { images, at }).filter(|_| images > 0);
        (self.changed.time, self.changed.trace) = (true, true);
    }

    /// The accuracy was measured, after this number of updates of the weights.
    pub(super) fn tested(&mut self, accuracy: Accuracy, step: Option<u64>) {
        (self.progress.test, self.progress.is_of_file) = (Some(accuracy), false);
        if let Some(step) = step {
            self.history.tested(accuracy, step);
        }
        self.wanted.curves = true;
        self.bar_changed();
        self.stop_at_target(accuracy);
    }

    /// Stops training where the test says that it is as good as was wanted: a part of the images has all of them asked for,
    /// and those decide. Where it stopped, that is said with the last measurement.
    fn stop_at_target(&mut self, accuracy: Accuracy) {
        let is_reached = self.link.stop_at.is_some_and(|target| accuracy.fraction() * 100.0 >= f64::from(target));
        let all = accuracy.images >= self.test_set_size();
        if self.run.phase == Phase::Training && is_reached {
            if all {
                self.wanted.stop_notice = true;
                self.pause();
            } else if self.now - self.times.target_check > CHECK_EVERY {
                self.times.target_check = self.now;
                self.test_all();
            }
        } else if self.run.phase == Phase::Still && all && std::mem::take(&mut self.wanted.stop_notice) {
            let values = vec![
                ("p", percent(accuracy.fraction())),
                ("n", grouped(accuracy.images as u64)),
                ("e", format!("{:.1}", self.progress.epochs)),
            ];
            self.notify(Phrase::NoteStopped, values);
        }
    }
}

/// A share as it is said.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1}\u{202f}%", share * 100.0)
}
