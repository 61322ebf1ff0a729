//! Training: what its buttons and the settings ask of the engine.

use super::address::Start;
use super::app::App;
use super::conversation::{Opening, now};
use super::phrases::Phrase;
use super::run::Phase;
use crate::protocol::Request;

impl App {
    /// Whether there is data, and the network from which training is to start; random weights need no waiting.
    pub(super) fn may_train(&self) -> bool {
        self.manifest.is_some() && (self.opening == Opening::Done || self.address.from == Start::Random)
    }

    pub(super) fn train(&mut self) {
        if !self.may_train() {
            return;
        }
        self.opening = Opening::Done;
        self.settle();
        // That the weights were random was worth a word only until training changes it.
        self.notes.withdraw_all(&[Phrase::NoteOtherNetwork, Phrase::NoteModel, Phrase::NoteOwnFile]);
        let requests = self.run.before_training(&self.address.spec, self.address.from != Start::Random);
        self.ask_all(requests);
        self.go_on_training();
    }

    pub(super) fn go_on_training(&mut self) {
        self.ask_driver(&Request::Train);
        self.run.phase = Phase::Training;
        self.plays_itself = false;
        self.words.kept.element.set_hidden(true);
        self.asking.train_at = now();
        self.dirty.bar = true;
    }

    pub(super) fn pause(&mut self) {
        self.ask_driver(&Request::Pause);
        self.run.phase = Phase::Pausing;
        self.dirty.bar = true;
    }

    pub(super) fn step(&mut self) {
        if self.run.phase == Phase::Starting || !self.may_train() {
            return;
        }
        self.opening = Opening::Done;
        self.settle();
        let requests = self.run.before_training(&self.address.spec, self.address.from != Start::Random);
        self.ask_all(requests);
        self.ask_driver(&Request::Step);
        self.words.kept.element.set_hidden(true);
        self.run.phase = Phase::Pausing;
    }

    pub(super) fn reset(&mut self) {
        if self.run.phase == Phase::Training {
            self.ask_driver(&Request::Pause);
        }
        self.run.phase = Phase::Still;
        self.forget_outside();
        self.address.from = Start::Random;
        self.controls.show(&self.address);
        self.start_random();
        (self.dirty.bar, self.dirty.address) = (true, true);
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
            // None of the networks that ship is meant any more.
            self.address.from = Start::Random;
            self.address.model.clear();
            self.controls.show(&self.address);
            self.notes.withdraw(Phrase::NoteOtherNetwork);
            self.start_random();
            if training {
                self.ask(&Request::Train, &[]);
            }
        }
    }
}
