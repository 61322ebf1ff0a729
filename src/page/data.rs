//! What the page fetches for the engine: the list of the training data, the ten test digits, and the shards that the
//! engine needs.

use super::address::Pad;
use super::app::App;
use super::document::{after, meta};
use super::fetching::{self, Copy};
use super::input::{Due, Input};
use super::phrases::Phrase;
use super::run::Phase;
use super::strokes::three;
use crate::digits::Digits;
use crate::digits::shard::{Manifest, Split};
use crate::protocol::Request;

/// The list of the training data is asked for again after so many milliseconds.
const DATA_AGAIN: i32 = 10_000;

impl App {
    pub(super) fn take_samples(&mut self, digits: Result<Digits, String>) {
        match digits {
            Ok(digits) => {
                if self.samples.fill(&digits, &self.phrases, &self.post).is_ok() {
                    self.digits = Some(digits);
                    self.picture_changed();
                }
            }
            Err(error) => {
                self.notes.say(&self.phrases, Phrase::NoteData, &[("error", error)]);
                self.show_something();
            }
        }
    }

    pub(super) fn take_manifest(&mut self, manifest: Result<Manifest, String>) {
        match manifest {
            Ok(manifest) => {
                self.notes.withdraw(Phrase::NoteData);
                if self.run.phase != Phase::Starting {
                    self.ask(&Request::Data(manifest.clone()), &[]);
                }
                self.manifest = Some(manifest);
            }
            Err(error) => {
                self.notes.say(&self.phrases, Phrase::NoteData, &[("error", error)]);
                let post = self.post.clone();
                after(DATA_AGAIN, move || post.tell(Input::Due(Due::Data)));
                self.show_something();
            }
        }
        self.dirty.bar = true;
    }

    /// Without test digits there is something to be seen all the same.
    pub(super) fn show_something(&mut self) {
        if self.digits.is_none() && matches!(self.address.pad, Pad::Digit(_)) {
            self.address.pad = Pad::Drawing(three());
            self.picture_changed();
            self.dirty.address = false;
        }
    }

    pub(super) fn fetch_data(&self) {
        if let Ok(folder) = meta("shards") {
            fetching::data(folder, self.post.clone(), Copy::Fresh);
        }
    }

    pub(super) fn fetch_shard(&mut self, split: Split, shard: usize, copy: Copy) {
        let entry = self.manifest.as_ref().and_then(|manifest| manifest.shards(split).get(shard)).cloned();
        if let (Some(entry), Ok(folder)) = (entry, meta("shards")) {
            fetching::shard(folder, entry, split, shard, self.post.clone(), copy);
        }
    }

    pub(super) fn take_shard(&mut self, split: Split, shard: usize, files: Result<[Vec<u8>; 2], String>) {
        match files {
            Ok([images, labels]) => self.ask(&Request::Shard(split, shard), &[&images, &labels]),
            Err(error) => self.shard_failed(split, shard, error),
        }
    }

    pub(super) fn shard_failed(&mut self, split: Split, shard: usize, error: String) {
        let again = self.supply.failed(split, shard);
        if again.tell {
            self.notes.say(&self.phrases, Phrase::NoteShard, &[("error", error)]);
        }
        let post = self.post.clone();
        after(again.milliseconds, move || post.tell(Input::Due(Due::Shard(split, shard))));
    }
}
