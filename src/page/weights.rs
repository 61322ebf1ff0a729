//! Weights that come to the page and go from it: snapshots that outlive a crash of the engine, and files that the reader
//! saves and opens.

use super::address::{Pad, Start};
use super::app::App;
use super::conversation::{ALL_TEST_IMAGES, Opening, now};
use super::fetching::{self, Copy};
use super::input::{Input, Post};
use super::phrases::Phrase;
use super::run::{Origin, Phase, Run};
use crate::dom::document::{find, in_words, listen};
use crate::dom::download::download;
use crate::protocol::Request;
use crate::spec::Spec;
use js_sys::{Array, Reflect};
use web_sys::{Event, HtmlInputElement};

/// While training runs, a snapshot is taken so often, in milliseconds; the first one sooner.
const SNAPSHOT_EVERY: f64 = 4000.0;
const FIRST_SNAPSHOT: f64 = 1000.0;

/// The file that "Open weights" chooses is read and told to `post`.
pub fn listen_to_files(post: &Post) {
    let (field, post): (HtmlInputElement, _) = (find("open"), post.clone());
    let chosen = field.clone();
    listen(&field, "change", move |_: Event| {
        let file = Reflect::get(&chosen, &"files".into()).and_then(|files| Reflect::get_u32(&files, 0));
        if let Ok(file) = file
            && file.is_object()
        {
            let post = post.clone();
            let then = move |files| post.tell(Input::File(fetching::only(files)));
            fetching::read(&Array::of1(&file), Copy::Kept, Box::new(then));
        }
        // So that the same file can be chosen again.
        chosen.set_value("");
    });
}

impl App {
    // ---- snapshots ----

    /// Asks for the state of the run, which a crash would lose. The card gives it by itself.
    pub(super) fn keep_weights(&mut self) {
        let is_due = self.opening == Opening::Done && self.run.has_learnt_here() && !self.run.snapshot_awaited;
        if is_due && !self.is_on_card() {
            self.run.snapshot_awaited = true;
            self.ask(&Request::Checkpoint, &[]);
        }
    }

    /// The same, if the last time was a while ago.
    pub(super) fn keep_weights_when_due(&mut self) {
        let (since, every) = match &self.run.snapshot {
            Some(snapshot) => (snapshot.at, SNAPSHOT_EVERY),
            None => (self.asking.train_at, FIRST_SNAPSHOT),
        };
        if now() - since > every {
            self.keep_weights();
        }
    }

    pub(super) fn take_weights(&mut self, mut bytes: Vec<Vec<u8>>) {
        let Some(weights) = bytes.pop() else { return };
        if std::mem::take(&mut self.asking.file_wanted)
            && let Err(error) = download(&weights, "network.safetensors")
        {
            self.engine_failed(in_words(&error));
        }
    }

    /// Says that the engine was lost, and how much with it. What can be saved waits for the new one.
    pub(super) fn rescue(&mut self, reason: &str) {
        // What was kept has brought the engine down: it would again.
        if self.opening == Opening::Kept {
            return self.give_up_kept();
        }
        let was = std::mem::take(&mut self.run);
        // An engine that never got ready has nothing to be sorry for yet.
        if was.phase == Phase::Starting {
            return;
        }
        let mut values = vec![("error", reason.to_owned())];
        self.notes.withdraw_all(&[Phrase::NoteEngineLost, Phrase::NoteEngineBack]);
        let phrase = match &was.snapshot {
            Some(snapshot) => {
                values.push(("n", format!("{:.0}", (now() - snapshot.at) / 1000.0)));
                Phrase::NoteEngineBack
            }
            None => Phrase::NoteEngineLost,
        };
        self.notes.say(&self.phrases, phrase, &values);
        self.rescued = was.snapshot.is_some().then_some(was);
    }

    /// Makes the new engine what the lost one was, and lets it go on.
    pub(super) fn restore(&mut self, was: Run) {
        let (Some((spec, _)), Some(snapshot)) = (was.holds.clone(), &was.snapshot) else { return };
        // What was kept of an earlier visit has yet to prove that it can be read.
        let kept = was.phase == Phase::Starting;
        self.opening = if kept { Opening::Kept } else { Opening::Done };
        self.ask(&Request::Resume, &[&snapshot.checkpoint]);
        let trained = was.phase == Phase::Training;
        self.run = Run { phase: Phase::Still, trained: true, snapshot_awaited: false, ..was };
        if self.run.is_mixed() {
            self.ask(&Request::Change(spec), &[]);
        }
        // What was measured was of a later network.
        (self.vitals.test, self.dirty.bar) = (None, true);
        if trained {
            self.go_on_training();
        } else if !kept {
            self.test_all();
        }
    }

    // ---- files ----

    /// The reader wants the weights as a file.
    pub(super) fn save_weights(&mut self) {
        if self.opening == Opening::Done {
            self.asking.file_wanted = true;
            self.ask(&Request::Weights, &[]);
        }
    }

    /// The reader gives weights. The engine stays what it is until it has understood them.
    pub(super) fn open_file(&mut self, file: Result<Vec<u8>, String>) {
        self.notes.withdraw(Phrase::NoteFile);
        match file {
            Ok(_) if self.opening != Opening::Done => {}
            Ok(file) => {
                self.opening = Opening::File;
                self.ask(&Request::Open, &[&file]);
                self.offered = file;
            }
            Err(error) => self.notes.say(&self.phrases, Phrase::NoteFile, &[("error", error)]),
        }
    }

    /// The engine has become the network of the reader's file: the page shows the images that it knows, and the controls
    /// its settings.
    pub(super) fn file_opened(&mut self, spec: &Spec) {
        self.own = Some(Ok(std::mem::take(&mut self.offered)));
        self.notes.withdraw_all(&[Phrase::NoteOtherNetwork, Phrase::NoteModel, Phrase::NoteOwnFile]);
        let (before, model) = (self.address.spec.dataset, self.address.model().to_owned());
        let dataset = if self.sets.offers(spec.dataset) { spec.dataset } else { before };
        let spec = &Spec { dataset, ..spec.clone() };
        // For how long to train is the reader's to say here, not the file's.
        let here = &self.address.spec;
        self.address.spec = Spec { epochs: here.epochs, schedule: here.schedule, ..spec.clone() };
        self.address.from = Start::File;
        self.address.model.clear();
        self.sets.show_own();
        self.controls.show(&self.address);
        self.opening = Opening::Done;
        self.run.started(spec.clone(), Origin::Shipped);
        self.run.phase = Phase::Still;
        (self.dirty.address, self.dirty.bar, self.dirty.neuron) = (true, true, true);
        if dataset != before {
            self.address.pad = Pad::default();
            self.change_data();
        }
        if self.address.model() != model {
            self.fetch_model(Copy::Kept);
        }
        self.test_all();
    }

    /// Measures the accuracy on the whole test set, once it is known what that is.
    pub(super) fn test_all(&mut self) {
        self.asking.test_wanted = self.manifest.is_none();
        if self.manifest.is_some() {
            self.ask(&Request::Test(ALL_TEST_IMAGES), &[]);
        }
    }
}
