//! What is around the page: the page that embeds it, and what this browser keeps. Both are plain scripts beside the
//! page (`www/start.js` and what it loads), which the program reaches under the name `outside`.

use super::address::{Address, Start};
use super::app::App;
use super::conversation::{Opening, now};
use super::curves::History;
use super::phrases::Phrase;
use super::run::{Origin, Phase, Run, Snapshot};
use js_sys::Array;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(js_namespace = outside)]
extern "C" {
    /// Reads files, each a path beside the page or a `Blob`; `then` is called with a list of their bytes and nothing, or
    /// with any list and what went wrong, in words.
    pub fn load(files: &Array, fresh: bool, then: &JsValue);
    /// Where the worker of this engine starts; nothing where the page was built without it.
    pub fn worker(program: &str) -> Option<String>;
    /// The names of the data sets that are beside the page, with spaces between.
    pub fn sets() -> String;
    /// Whether nobody sees the page: its tab is hidden, or the page around it was scrolled on.
    pub fn unseen() -> bool;
    /// Tells the page around this one that there is a network.
    pub fn ready();
    /// Tells it how training goes: epochs, loss, accuracy, images a second; NaN where unknown.
    fn progress(epochs: f64, loss: f64, accuracy: f64, images_per_second: f64);
    /// Tells it what the picture was read as: the class, its name and probability, and since which time step, from 1.
    fn prediction(class: u32, name: &str, probability: f32, known_since: u32);
    /// The link under which a run was kept that this page's link means; nothing where there is none.
    fn kept() -> Option<String>;
    /// When that was, in words.
    fn kept_when() -> String;
    /// Its checkpoint, which is given once.
    fn kept_file() -> Vec<u8>;
    /// Its curves.
    fn kept_curves() -> Vec<u8>;
    /// Keeps a run under its link.
    fn keep(link: &str, file: &[u8], curves: &[u8]);
    /// What was kept under that link is no longer wanted; or it is, and cannot be read, which the reader is told.
    fn forget(link: &str, broken: bool);
}

impl App {
    /// Goes on with the run that was kept for this link, if there is one: the engine becomes it as soon as it can.
    pub(super) fn take_kept(&mut self) {
        let Some(link) = kept() else { return };
        let (mut address, errors) = Address::from_hash(&link);
        let curves = History::from_bytes(&kept_curves());
        let (Some(history), true, true) = (curves, errors.is_empty(), self.sets.correct(&mut address).is_empty())
        else {
            return forget(&link, true);
        };
        let origin = if address.from == Start::Random { Origin::Random } else { Origin::Continued };
        // The engine has not been this run yet: its phase stays that of one which is starting.
        let mut run = Run::default();
        run.started(address.spec.clone(), origin);
        run.snapshot = Some(Snapshot { checkpoint: kept_file(), at: now() });
        self.rescued = Some(run);
        self.history = history;
        let here = &mut self.address;
        (here.spec, here.from, here.model) = (address.spec, address.from, address.model);
        if here.pad == Default::default() {
            here.pad = address.pad;
        }
        self.dirty.address = true;
        self.notes.withdraw(Phrase::NoteOwnFile);
    }

    /// The link of the run that the engine has.
    fn link_of_run(&self) -> Option<String> {
        let (spec, origin) = self.run.holds.clone()?;
        let from = if origin == Origin::Random { Start::Random } else { self.address.from };
        Some(Address { spec, from, ..self.address.clone() }.to_hash())
    }

    /// Keeps the run as it is in this checkpoint.
    pub(super) fn keep_outside(&self, checkpoint: &[u8]) {
        if let Some(link) = self.link_of_run() {
            keep(&link, checkpoint, &self.history.to_bytes());
        }
    }

    /// The run is begun anew, so nothing of it is kept.
    pub(super) fn forget_outside(&mut self) {
        if let Some(link) = self.link_of_run() {
            forget(&link, false);
        }
        self.words.kept.element.set_hidden(true);
    }

    /// The engine is what was kept: the page says so.
    pub(super) fn kept_is_back(&mut self, step: u64) {
        self.opening = Opening::Done;
        self.history.is_at(step);
        (self.vitals.epochs, self.vitals.loss) = (self.history.epochs(), self.history.loss());
        if let Some((spec, _)) = self.run.holds.clone() {
            self.show_network(&spec);
        }
        self.test_all();
        let epoch = format!("{:.1}", self.history.epochs());
        let values = [("when", kept_when()), ("epoch", epoch)];
        self.words.kept_told.set(&self.phrases.say(Phrase::Kept, &values));
        self.words.kept.element.set_hidden(self.run.phase == Phase::Training);
    }

    /// What was kept is no run for this engine: the page opens as without it.
    pub(super) fn kept_is_broken(&mut self) {
        self.give_up_kept();
        self.run = Run { phase: Phase::Still, ..Run::default() };
        self.opening = Opening::Waiting;
        self.open_network();
    }

    /// What was kept is removed, with a word.
    pub(super) fn give_up_kept(&mut self) {
        if let Some(link) = self.link_of_run() {
            forget(&link, true);
        }
        self.history = History::default();
    }

    /// Tells the page around this one how training goes.
    pub(super) fn tell_progress(&self) {
        let vitals = &self.vitals;
        let known = |value: Option<f64>| value.unwrap_or(f64::NAN);
        let accuracy = vitals.test.map(|score| score.fraction());
        progress(vitals.epochs, known(vitals.loss.map(f64::from)), known(accuracy), known(vitals.images_per_second));
    }

    /// Tells it what the picture was read as.
    pub(super) fn tell_prediction(&self) {
        let Some(reading) = &self.reading else { return };
        if let (Some(answer), Some(known)) = (reading.answer(), reading.known) {
            let probability = reading.probability(reading.time_steps().saturating_sub(1), answer);
            prediction(answer as u32, &self.phrases.name(answer), probability, known as u32 + 1);
        }
    }
}
