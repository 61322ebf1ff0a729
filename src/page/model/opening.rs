//! Which network the page opens: the one of the link that ships, the reader's own, or one with random weights.

use super::effect::{CachePolicy, Effect};
use super::input::EngineKind;
use super::link::{Link, Pad, Start};
use super::networks::{self, named, same_network};
use super::phrases::Phrase;
use super::run::{Change, Origin, Phase};
use super::state::{Experiment, Model, Opening, Source};
use crate::protocol::{Request, RequestId};
use crate::spec::{Dataset, Spec};

impl Model {
    /// Fetches the trained network that the link names.
    pub(super) fn fetch_model(&mut self, policy: CachePolicy) {
        self.model_file = None;
        self.fetched_model = self.link.model().to_owned();
        // Nobody has trained on the reader's drawings before.
        if self.learns_drawings() {
            self.model_file = Some(Err(String::new()));
            return self.open_network();
        }
        self.effect(Effect::FetchModel(self.link.model().to_owned(), policy));
    }

    pub(super) fn take_model(&mut self, name: &str, model: Result<Vec<u8>, String>) {
        // The answer to an earlier choice is too late.
        if name != self.link.model() {
            return;
        }
        if let Err(error) = &model
            && self.opening == Opening::Waiting
        {
            self.notify(Phrase::NoteModel, vec![("error", error.clone())]);
        }
        self.model_file = Some(model);
        self.open_network();
    }

    /// The file that holds the network to be opened, as far as it came.
    fn file(&self) -> &Option<Result<Vec<u8>, String>> {
        if self.link.from == Start::File { &self.user_file } else { &self.model_file }
    }

    /// Opens the network once both its file and the engine are there.
    pub(super) fn open_network(&mut self) {
        if self.opening != Opening::Waiting || self.run.phase == Phase::Starting {
            return;
        }
        if let Some(was) = self.recovered.take() {
            return self.recover(was);
        }
        // What was fetched may be another than what is meant by now.
        if self.link.from != Start::File && self.fetched_model != self.link.model() {
            return self.fetch_model(CachePolicy::Kept);
        }
        match self.file() {
            None => {}
            Some(Ok(_)) => {
                if let Some(id) = self.ask_to_open() {
                    self.opening = Opening::Asked(id, Source::Link);
                }
            }
            Some(Err(_)) => {
                self.link.from = Start::Random;
                self.start_random();
                self.changed.controls = true;
            }
        }
    }

    /// Asks the engine to open the network of the file.
    pub(super) fn ask_to_open(&mut self) -> Option<RequestId> {
        let file = self.file().as_ref()?.as_ref().ok()?.clone();
        Some(self.ask_for_network(Request::Open, vec![file]))
    }

    /// Asks the engine to be another network: a run on a GPU is over.
    pub(super) fn ask_for_network(&mut self, request: Request, bytes: Vec<Vec<u8>>) -> RequestId {
        let id = self.ask(EngineKind::Cpu, request, bytes);
        self.end_gpu_run();
        id
    }

    /// The file of the link cannot be opened, for this reason.
    pub(super) fn file_failed(&mut self, reason: String) {
        self.notify(Phrase::NoteModel, vec![("error", reason.clone())]);
        let file = if self.link.from == Start::File { &mut self.user_file } else { &mut self.model_file };
        *file = Some(Err(reason));
        self.opening = Opening::Waiting;
        self.open_network();
    }

    /// The network of the settings, with random weights.
    pub(super) fn start_random(&mut self) {
        self.opening = Opening::Done;
        let spec = self.link.spec.clone();
        self.run.started(spec.clone(), Origin::Random);
        self.ask_for_network(Request::Start(spec), Vec::new());
    }

    /// The engine has become the network of the file: whether it is the one that the settings describe, or they follow.
    pub(super) fn opened(&mut self, spec: &Spec) -> bool {
        if !same_network(spec, &self.link.spec) {
            if self.link.from == Start::Random && !self.adopts_file_settings {
                self.notify(Phrase::NoteOtherNetwork, Vec::new());
                self.start_random();
                return false;
            }
            let dataset = self.offered_dataset(spec);
            let spec = Spec { dataset, ..spec.clone() };
            let before = self.link.spec.dataset;
            self.link.spec = networks::opened(&spec, &self.link.spec);
            self.changed.controls = true;
            self.link_changed();
            self.dataset_may_differ(before);
        }
        self.opening = Opening::Done;
        self.run.started(spec.clone(), Origin::Shipped);
        if std::mem::take(&mut self.wanted.test) {
            self.test_all();
        }
        true
    }

    /// What the engine is now will be replaced: it stands still, and what was said of it is over.
    pub(super) fn halt(&mut self) {
        if self.run.phase == Phase::Training {
            self.pause();
        }
        self.opening = Opening::Waiting;
        self.withdraw(&[Phrase::NoteOtherNetwork, Phrase::NoteModel, Phrase::NoteFile]);
    }

    /// Training is to start from other weights: they are shown at once.
    pub(super) fn choose_origin(&mut self) {
        if self.link.from == Start::Random {
            return;
        }
        if self.link.from == Start::File {
            self.miss_user_file();
        }
        self.halt();
        if matches!(self.file(), Some(Err(_))) && self.link.from == Start::Shipped {
            return self.fetch_model(CachePolicy::Fresh);
        }
        self.open_network();
    }

    /// Back to the trained network of these images, as the page opens with it.
    pub(super) fn open_trained(&mut self) {
        if !self.may_open_trained() {
            return;
        }
        self.link.model.clear();
        self.link.spec = Spec { augment: self.link.spec.augment, ..self.catalogue.own_spec(&self.link) };
        (self.link.from, self.adopts_file_settings, self.paused_by_hiding) = (Start::Random, true, false);
        self.show_link();
        self.link_chosen();
        self.halt();
        match &self.model_file {
            Some(Ok(_)) if self.fetched_model == self.link.model() => self.open_network(),
            _ => self.fetch_model(CachePolicy::Kept),
        }
    }

    /// Whether there is a trained network to go back to, and the page shows another.
    pub fn may_open_trained(&self) -> bool {
        let is_there = self.opening == Opening::Done && self.run.phase != Phase::Starting && !self.learns_drawings();
        is_there && !(self.run.is_as_shipped() && self.link.from == Start::Random && self.link.model.is_empty())
    }

    /// Another trained network is to be opened: the settings become its own, and its accuracy is measured.
    pub(super) fn choose_model(&mut self) {
        if self.link.from == Start::File {
            self.link.from = Start::Random;
        }
        (self.adopts_file_settings, self.wanted.test) = (true, true);
        self.take_own_settings();
        self.halt();
        self.fetch_model(CachePolicy::Kept);
    }

    /// The settings become those of the network that the link opens.
    fn take_own_settings(&mut self) {
        self.link.spec = networks::opened(&self.catalogue.own_spec(&self.link), &self.link.spec);
        self.show_link();
    }

    /// Other images are to be learnt: a trained network is replaced by theirs, settings of the reader's own stay.
    pub(super) fn choose_set(&mut self) {
        let trained = self.run.holds.as_ref().is_some_and(|(_, origin)| *origin != Origin::Random);
        self.adopts_file_settings = trained || self.catalogue.is_own(&self.link);
        if self.adopts_file_settings {
            self.take_own_settings();
        }
        self.link.pad = if self.learns_drawings() { Pad::Drawing(Vec::new()) } else { Pad::default() };
        if self.link.from == Start::File {
            self.link.from = Start::Random;
        }
        self.halt();
        self.change_data();
        self.fetch_model(CachePolicy::Kept);
    }

    /// A network with a name was chosen: it starts from its random weights, and what is no part of it stays.
    ///
    /// It trains for some seconds by itself, so that one sees what comes of it.
    pub(super) fn choose_preset(&mut self, hash: &str, why: String) {
        let spec = Link::from_hash(hash).0.spec;
        self.experiment = Some(Experiment { why, before: self.progress.test, is_over: false });
        // A training that runs goes on with it, and has begun now.
        self.autoplay = self.run.phase != Phase::Training;
        self.times.train = self.now;
        self.link.spec = named(&self.link.spec, &spec);
        self.adopts_file_settings = false;
        self.show_link();
        self.link_chosen();
        self.changed.pad = true;
        if self.run.phase != Phase::Starting {
            self.opening = Opening::Done;
            self.start_anew();
        }
    }

    /// The link was changed under the running page.
    pub(super) fn take_link(&mut self, hash: &str) {
        self.experiment = None;
        let (set, model, from) = (self.link.spec.dataset, self.link.model().to_owned(), self.link.from);
        self.read_link(hash);
        self.show_link();
        self.adopts_file_settings = self.catalogue.is_own(&self.link);
        let other_set = self.link.spec.dataset != set;
        let other_origin = self.link.from != Start::Random && (self.is_random() || self.link.from != from);
        if other_set {
            self.change_data();
        }
        if other_set || self.link.model() != model {
            self.halt();
            self.fetch_model(CachePolicy::Kept);
        } else if self.opening == Opening::Done && (other_origin || !self.run.shows(&self.link.spec)) {
            self.halt();
            self.open_network();
        } else if self.opening == Opening::Done && self.run.change(&self.link.spec) != Change::None {
            // A link means the network that it describes, from its start.
            self.start_anew();
        }
        self.picture_changed();
    }

    /// The data set of a file's network, where the page has it.
    fn offered_dataset(&self, spec: &Spec) -> Dataset {
        if self.catalogue.set(spec.dataset).is_some() { spec.dataset } else { self.link.spec.dataset }
    }

    /// Settings of a file were adopted: where they are about other images, those are fetched.
    fn dataset_may_differ(&mut self, before: Dataset) {
        if self.link.spec.dataset != before {
            self.link.pad = Pad::default();
            self.change_data();
        }
    }

    // ---- files of the reader ----

    /// The reader gives weights. The engine stays what it is until it has understood them.
    pub(super) fn open_file(&mut self, file: Result<Vec<u8>, String>) {
        self.withdraw(&[Phrase::NoteFile]);
        match file {
            Ok(_) if self.opening != Opening::Done => {}
            Ok(file) => {
                // A run on the GPU goes on until it is known that the file can be opened.
                let id = self.ask(EngineKind::Cpu, Request::Open, vec![file.clone()]);
                self.opening = Opening::Asked(id, Source::File);
                self.offered_file = file;
            }
            Err(error) => self.notify(Phrase::NoteFile, vec![("error", error)]),
        }
    }

    /// The engine has become the network of the reader's file: the page shows the images that it knows, and the controls
    /// its settings.
    pub(super) fn file_opened(&mut self, spec: &Spec) {
        self.end_gpu_run();
        self.user_file = Some(Ok(std::mem::take(&mut self.offered_file)));
        self.withdraw(&[Phrase::NoteOtherNetwork, Phrase::NoteModel, Phrase::NoteOwnFile]);
        let (before, model) = (self.link.spec.dataset, self.link.model().to_owned());
        let spec = Spec { dataset: self.offered_dataset(spec), ..spec.clone() };
        // For how long to train is the reader's to say here, not the file's.
        let here = &self.link.spec;
        self.link.spec = Spec { epochs: here.epochs, schedule: here.schedule, ..spec.clone() };
        self.link.from = Start::File;
        self.link.model.clear();
        self.opening = Opening::Done;
        self.run.started(spec, Origin::Shipped);
        self.run.phase = Phase::Still;
        (self.changed.controls, self.changed.neuron, self.changed.dataset) = (true, true, true);
        self.bar_changed();
        self.link_changed();
        self.dataset_may_differ(before);
        if self.link.model() != model {
            self.fetch_model(CachePolicy::Kept);
        }
        self.test_all();
    }
}
