//! Which network the page opens: the one of the link that ships, the reader's own, or one with random weights.

use super::address::{Address, Pad, Start};
use super::app::App;
use super::conversation::Opening;
use super::fetching::{self, Copy};
use super::phrases::Phrase;
use super::run::{Change, Origin, Phase};
use super::settings::{self, is_plain, same_network, with_training};
use crate::protocol::Request;
use crate::spec::Spec;

impl App {
    /// Fetches the trained network that the link names.
    pub(super) fn fetch_model(&mut self, copy: Copy) {
        self.model = None;
        // Nobody has trained on the reader's drawings before.
        if self.learns_drawings() {
            self.model = Some(Err(String::new()));
            return self.open_network();
        }
        fetching::model(self.address.model().to_owned(), self.post.clone(), copy);
    }

    pub(super) fn take_model(&mut self, name: &str, model: Result<Vec<u8>, String>) {
        // The answer to an earlier choice is too late.
        if name != self.address.model() {
            return;
        }
        if let Err(error) = &model
            && self.opening == Opening::Waiting
        {
            self.notes.say(&self.phrases, Phrase::NoteModel, &[("error", error.clone())]);
        }
        self.model = Some(model);
        self.open_network();
    }

    /// The file that holds the network to be opened, as far as it came.
    pub(super) fn file(&mut self) -> &mut Option<Result<Vec<u8>, String>> {
        if self.address.from == Start::File { &mut self.own } else { &mut self.model }
    }

    /// Opens the network once both its file and the engine are there.
    pub(super) fn open_network(&mut self) {
        if self.opening != Opening::Waiting || self.run.phase == Phase::Starting {
            return;
        }
        if let Some(was) = self.rescued.take() {
            return self.restore(was);
        }
        match self.file() {
            None => {}
            Some(Ok(_)) => {
                self.opening = Opening::Asked;
                self.ask_to_open();
            }
            Some(Err(_)) => {
                self.address.from = Start::Random;
                self.start_random();
                self.controls.show(&self.address);
            }
        }
    }

    pub(super) fn ask_to_open(&mut self) {
        let file = self.file().take();
        if let Some(Ok(bytes)) = &file {
            self.ask(&Request::Open, &[bytes]);
        }
        *self.file() = file;
    }

    /// The network of the settings, with random weights.
    pub(super) fn start_random(&mut self) {
        self.opening = Opening::Done;
        let spec = self.address.spec.clone();
        self.run.started(spec.clone(), Origin::Random);
        self.ask(&Request::Start(spec), &[]);
    }

    /// The engine has become the network of the file: whether it is the one that the settings describe, or they follow.
    pub(super) fn opened(&mut self, spec: &Spec) -> bool {
        if !same_network(spec, &self.address.spec) {
            if self.address.from == Start::Random && !self.follows {
                self.notes.say(&self.phrases, Phrase::NoteOtherNetwork, &[]);
                self.start_random();
                return false;
            }
            self.address.spec = with_training(spec, &self.address.spec);
            self.controls.show(&self.address);
            self.dirty.address = true;
        }
        self.opening = Opening::Done;
        self.run.started(spec.clone(), Origin::Shipped);
        if std::mem::take(&mut self.asking.test_wanted) {
            self.test_all();
        }
        true
    }

    /// What the engine is now will be replaced: it stands still, and what was said of it is over.
    fn halt(&mut self) {
        if self.run.phase == Phase::Training {
            self.pause();
        }
        self.opening = Opening::Waiting;
        self.notes.withdraw_all(&[Phrase::NoteOtherNetwork, Phrase::NoteModel, Phrase::NoteFile]);
    }

    /// Training is to start from other weights: they are shown at once.
    pub(super) fn choose_origin(&mut self) {
        if self.address.from == Start::Random {
            return;
        }
        self.halt();
        if matches!(self.file(), Some(Err(_))) && self.address.from == Start::Shipped {
            return self.fetch_model(Copy::Fresh);
        }
        self.open_network();
    }

    /// Another trained network is to be opened: the settings become its own, and its accuracy is measured.
    pub(super) fn choose_model(&mut self) {
        if self.address.from == Start::File {
            self.address.from = Start::Random;
        }
        (self.follows, self.asking.test_wanted) = (true, true);
        self.halt();
        self.fetch_model(Copy::Kept);
    }

    /// Other images are to be learnt: a trained network is replaced by theirs, settings of the reader's own stay.
    pub(super) fn choose_set(&mut self) {
        let trained = self.run.holds.as_ref().is_some_and(|(_, origin)| *origin != Origin::Random);
        self.follows = trained || is_plain(&self.address.spec);
        self.address.pad = if self.learns_drawings() { Pad::Drawing(Vec::new()) } else { Pad::default() };
        if self.address.from == Start::File {
            self.address.from = Start::Random;
        }
        self.halt();
        self.change_data();
        self.fetch_model(Copy::Kept);
    }

    /// A network with a name was chosen: it starts from its random weights, and what is no part of it stays.
    pub(super) fn choose_preset(&mut self, hash: &str) {
        let spec = Address::from_hash(hash).0.spec;
        self.address.spec = settings::named(&self.address.spec, &spec);
        self.show_address();
        (self.dirty.address, self.dirty.pad) = (true, true);
        if self.run.phase != Phase::Starting {
            self.opening = Opening::Done;
            self.start_anew();
        }
    }

    /// The link was changed under the running page.
    pub(super) fn take_address(&mut self) {
        let (set, model, from) = (self.address.spec.dataset, self.address.model().to_owned(), self.address.from);
        self.read_address();
        self.show_address();
        self.follows = is_plain(&self.address.spec);
        let other_set = self.address.spec.dataset != set;
        let random = self.run.holds.as_ref().is_some_and(|(_, origin)| *origin == Origin::Random);
        let other_origin = self.address.from != Start::Random && (random || self.address.from != from);
        if other_set {
            self.change_data();
        }
        if other_set || self.address.model() != model {
            self.halt();
            self.fetch_model(Copy::Kept);
        } else if self.opening == Opening::Done
            && (other_origin || !self.run.shows(&self.address.spec))
            && self.run.phase != Phase::Training
        {
            self.halt();
            self.open_network();
        } else if self.opening == Opening::Done && self.run.change(&self.address.spec) != Change::None {
            // A link means the network that it describes, from its start.
            self.start_anew();
        }
        self.picture_changed();
    }
}
