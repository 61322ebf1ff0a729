//! What the page fetches for the engine: the list of the training data, the ten test pictures, and the shards that the
//! engine needs.

use super::address::Pad;
use super::app::App;
use super::conversation::Opening;
use super::fetching::{self, Copy};
use super::input::{Due, Input};
use super::link::Who;
use super::phrases::Phrase;
use super::run::Phase;
use super::strokes::three;
use crate::digits::Digits;
use crate::digits::shard::{Manifest, Split};
use crate::dom::document::after;
use crate::pictures::confusion::Confusion;
use crate::protocol::Request;
use crate::spec::Dataset;

/// The list of the training data is asked for again after so many milliseconds.
const DATA_AGAIN: i32 = 10_000;

impl App {
    /// Other images than before: nothing of the old ones is shown or waited for any more.
    pub(super) fn change_data(&mut self) {
        (self.manifest, self.digits, self.reading, self.sample_files) = (None, None, None, None);
        self.supply = Default::default();
        self.mistakes.forget_images();
        self.mistakes.confusion = Confusion::default();
        self.notes.withdraw_all(&[Phrase::NoteData, Phrase::NoteShard]);
        self.sets.show(self.address.spec.dataset, &mut self.phrases);
        (self.dirty.trace, self.dirty.bar, self.dirty.pad) = (true, true, true);
        self.fetch_data(Copy::Kept);
    }

    pub(super) fn samples_fetched(&mut self, dataset: Dataset, files: Result<[Vec<u8>; 2], String>) {
        match files {
            _ if dataset != self.address.spec.dataset => {}
            Ok(files) => {
                self.sample_files = Some(files);
                self.ask_for_samples();
            }
            Err(error) => self.no_data(error),
        }
    }

    /// Lets the engine read the files of the test pictures, once both are there.
    pub(super) fn ask_for_samples(&mut self) {
        if self.run.phase != Phase::Starting
            && let Some([images, labels]) = self.sample_files.take()
        {
            self.ask(&Request::Samples(self.address.spec.dataset), &[&images, &labels]);
        }
    }

    pub(super) fn samples_failed(&mut self, dataset: Dataset, reason: String) {
        if dataset == self.address.spec.dataset {
            self.no_data(reason);
        }
    }

    pub(super) fn take_samples(&mut self, dataset: Dataset, bytes: Vec<Vec<u8>>) {
        if let (Some(manifest), Ok([images, labels])) = (&self.manifest, <[Vec<u8>; 2]>::try_from(bytes))
            && dataset == self.address.spec.dataset
        {
            let digits = Digits { width: manifest.width, height: manifest.height, images, labels };
            self.samples.fill(&digits, Phrase::TestDigit, &self.phrases, &self.post, Input::Digit);
            self.digits = Some(digits);
            self.picture_changed();
            if self.opening == Opening::Done {
                self.ask_for_rates();
            }
        }
    }

    /// Says that the data is not here, and asks again later.
    fn no_data(&mut self, error: String) {
        self.notes.say(&self.phrases, Phrase::NoteData, &[("error", error)]);
        let post = self.post.clone();
        after(DATA_AGAIN, move || post.tell(Input::Due(Due::Data)));
        if self.digits.is_none() {
            self.samples.clear();
        }
        self.show_something();
    }

    pub(super) fn take_manifest(&mut self, dataset: Dataset, manifest: Result<Manifest, String>) {
        if dataset != self.address.spec.dataset {
            return;
        }
        match manifest {
            Ok(manifest) => {
                self.notes.withdraw(Phrase::NoteData);
                self.manifest = Some(manifest);
                self.tell_data();
                if self.test_image().is_some() {
                    self.ask_for_trace();
                }
                self.tell_card_of_data();
                if self.opening == Opening::Done && std::mem::take(&mut self.asking.test_wanted) {
                    self.test_all();
                }
            }
            Err(error) => self.no_data(error),
        }
        self.dirty.bar = true;
    }

    /// Without test digits there is something to be seen all the same; a photo cannot be made up.
    pub(super) fn show_something(&mut self) {
        if self.phrases.names.is_empty() && self.digits.is_none() && matches!(self.address.pad, Pad::Digit(_)) {
            self.address.pad = Pad::Drawing(three());
            self.picture_changed();
            self.dirty.address = false;
        }
    }

    pub(super) fn fetch_data(&mut self, copy: Copy) {
        if self.learns_drawings() {
            return self.give_drawings();
        }
        fetching::data(self.address.spec.dataset, self.post.clone(), copy);
    }

    pub(super) fn fetch_shard(&mut self, who: Who, split: Split, shard: usize, copy: Copy) {
        let entry = self.manifest.as_ref().and_then(|manifest| manifest.shards(split).get(shard)).cloned();
        if let Some(entry) = entry {
            fetching::shard(who, self.address.spec.dataset, &entry, (split, shard), self.post.clone(), copy);
        }
    }

    pub(super) fn take_shard(
        &mut self,
        who: Who,
        dataset: Dataset,
        split: Split,
        shard: usize,
        files: Result<[Vec<u8>; 2], String>,
    ) {
        if dataset != self.address.spec.dataset {
            return;
        }
        match files {
            Ok([images, labels]) if who == Who::Card => self.give_card(split, shard, [&images, &labels]),
            Ok([images, labels]) => self.ask(&Request::Shard(split, shard), &[&images, &labels]),
            Err(error) => self.shard_failed(who, split, shard, error),
        }
    }

    pub(super) fn shard_failed(&mut self, who: Who, split: Split, shard: usize, error: String) {
        let supply = if who == Who::Card { self.card_supply() } else { &mut self.supply };
        let again = supply.failed(split, shard);
        if again.tell {
            self.notes.say(&self.phrases, Phrase::NoteShard, &[("error", error)]);
        }
        let post = self.post.clone();
        after(again.milliseconds, move || post.tell(Input::Due(Due::Shard(who, split, shard))));
    }
}
