//! Training: what its buttons and the settings ask of the engine.

use super::address::Start;
use super::app::App;
use super::conversation::{ALL_TEST_IMAGES, Opening, now};
use super::forecast::{Forecast, Going, forecast, said};
use super::phrases::{Phrase, grouped};
use super::run::{Change, Phase};
use crate::digits::shard::Split;
use crate::event::Accuracy;
use crate::protocol::Request;
use crate::spec::MAX_EPOCHS;

/// All test images are asked for at most so often while training runs, in milliseconds.
const CHECK_EVERY: f64 = 4000.0;

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
        self.apply_settings();
        // That the weights were random was worth a word only until training changes it.
        self.notes.withdraw_all(&[
            Phrase::NoteOtherNetwork,
            Phrase::NoteModel,
            Phrase::NoteOwnFile,
            Phrase::NoteStopped,
        ]);
        self.asking.stopped = false;
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
        self.apply_settings();
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

    /// The turned settings are meant.
    pub(super) fn settle(&mut self) {
        self.asking.turned = self.asking.turned.saturating_sub(1);
        if self.opening == Opening::Done && self.asking.turned == 0 {
            self.apply_settings();
        }
    }

    /// If the settings describe another run than the engine's, it goes on as that one, or becomes it.
    pub(super) fn apply_settings(&mut self) {
        match self.run.change(&self.address.spec) {
            Change::None => {}
            Change::Keeps => self.change_run(),
            Change::Anew => self.start_anew(),
        }
    }

    fn change_run(&mut self) {
        let spec = self.address.spec.clone();
        self.run.changed(spec.clone());
        self.ask(&Request::Change(spec.clone()), &[]);
        if self.is_on_card() {
            self.ask_driver(&Request::Change(spec));
        }
        self.say_mixed();
        if self.run.phase != Phase::Training {
            self.test_all();
        }
    }

    /// Says whether the link gives this network again.
    pub(super) fn say_mixed(&self) {
        self.words.mixed.set_hidden(!self.run.is_mixed());
    }

    /// The network of the settings, with random weights; training goes on with it if it ran.
    pub(super) fn start_anew(&mut self) {
        let training = self.run.phase == Phase::Training;
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

    /// All images on which the accuracy is measured.
    fn test_images(&self) -> usize {
        self.manifest.as_ref().map_or(0, |manifest| manifest.images(Split::Test)).min(ALL_TEST_IMAGES)
    }

    /// Stops training where the test says that it is as good as was wished: a part of the images has all of them asked
    /// for, and those decide. Where it stopped, that is said with the last measurement.
    pub(super) fn stop_where_wished(&mut self, score: Accuracy) {
        let wish = self.address.stop_at.is_some_and(|wish| score.fraction() * 100.0 >= f64::from(wish));
        let all = score.images >= self.test_images();
        if self.run.phase == Phase::Training && wish {
            if all {
                self.asking.stopped = true;
                self.pause();
            } else if now() - self.asking.checked_at > CHECK_EVERY {
                self.asking.checked_at = now();
                self.test_all();
            }
        } else if self.run.phase == Phase::Still && all && std::mem::take(&mut self.asking.stopped) {
            let values = [
                ("p", percent(score.fraction())),
                ("n", grouped(score.images as u64)),
                ("e", format!("{:.1}", self.vitals.epochs)),
            ];
            self.notes.say(&self.phrases, Phrase::NoteStopped, &values);
        }
    }

    /// How long it will take, in words; none where it stands still or nothing can be said.
    pub(super) fn forecast(&self) -> String {
        let images = self.manifest.as_ref().map_or(0, |manifest| manifest.images(Split::Train));
        let Some(speed) = self.vitals.images_per_second.filter(|_| self.run.phase == Phase::Training) else {
            return String::new();
        };
        let going = Going {
            measured: self.history.measured(),
            epochs: self.vitals.epochs,
            epoch: images as f64 / speed,
            wish: self.address.stop_at.map(|wish| f64::from(wish) / 100.0),
            last: Some(self.address.spec.epochs).filter(|epochs| *epochs < MAX_EPOCHS),
        };
        let said_as =
            |phrase, what: String, seconds| self.phrases.say(phrase, &[("what", what), ("time", said(seconds))]);
        match forecast(&going) {
            None => String::new(),
            Some(Forecast::Wish(seconds)) => {
                said_as(Phrase::ForecastWish, self.address.stop_at.unwrap_or_default().to_string(), seconds)
            }
            Some(Forecast::Epoch(epoch, seconds)) => said_as(Phrase::ForecastEpoch, epoch.to_string(), seconds),
        }
    }
}

/// A share as it is said.
fn percent(share: f64) -> String {
    format!("{:.1}\u{2009}%", share * 100.0)
}
