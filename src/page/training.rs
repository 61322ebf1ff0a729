//! Training: what its buttons and the settings ask of the engine.

use super::app::App;
use super::conversation::{Opening, now};
use super::phrases::Phrase;
use super::run::Phase;
use crate::protocol::Request;

impl App {
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
}
