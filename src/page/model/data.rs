//! What is fetched for the engines: the manifest, the sample pictures, and the shards that they need.

use super::effect::{CachePolicy, Effect};
use super::input::{Due, EngineKind};
use super::link::Pad;
use super::phrases::Phrase;
use super::run::Phase;
use super::state::{Model, Opening};
use super::strokes::three;
use crate::digits::Digits;
use crate::digits::shard::{Manifest, Split};
use crate::pictures::confusion::Confusion;
use crate::protocol::Request;
use crate::spec::Dataset;

/// The manifest is fetched again after this number of milliseconds.
const DATA_AGAIN: i32 = 10_000;

impl Model {
    /// Other images than before: nothing of the old ones is shown or waited for any more.
    pub(super) fn change_data(&mut self) {
        (self.manifest, self.samples, self.analysis, self.sample_files) = (None, None, None, None);
        (self.shards, self.gpu.shards) = (Default::default(), Default::default());
        self.test_images.clear();
        self.confusion = Confusion::default();
        self.withdraw(&[Phrase::NoteData, Phrase::NoteShard]);
        (self.changed.dataset, self.changed.trace, self.changed.pad) = (true, true, true);
        self.bar_changed();
        self.fetch_data(CachePolicy::Kept);
    }

    pub(super) fn samples_fetched(&mut self, dataset: Dataset, files: Result<[Vec<u8>; 2], String>) {
        match files {
            _ if dataset != self.link.spec.dataset => {}
            Ok(files) => {
                self.sample_files = Some(files);
                self.ask_for_samples();
            }
            Err(error) => self.no_data(error),
        }
    }

    /// Lets the engine read the files of the sample pictures, once both are there; one that comes after it, once more if it
    /// was lost meanwhile.
    pub(super) fn ask_for_samples(&mut self) {
        if self.run.phase != Phase::Starting
            && let Some([images, labels]) = self.sample_files.clone()
        {
            self.ask(EngineKind::Cpu, Request::Samples(self.link.spec.dataset), vec![images, labels]);
        }
    }

    pub(super) fn samples_failed(&mut self, dataset: Dataset, reason: String) {
        if dataset == self.link.spec.dataset {
            self.no_data(reason);
        }
    }

    pub(super) fn take_samples(&mut self, dataset: Dataset, bytes: Vec<Vec<u8>>) {
        if let (Some(manifest), Ok([images, labels])) = (&self.manifest, <[Vec<u8>; 2]>::try_from(bytes))
            && dataset == self.link.spec.dataset
            && images.len() == labels.len() * manifest.width * manifest.height
        {
            self.sample_files = None;
            self.samples = Some(Digits { width: manifest.width, height: manifest.height, images, labels });
            self.changed.samples = true;
            self.picture_changed();
            if self.opening == Opening::Done {
                self.ask_for_rates();
            }
        }
    }

    /// Says that the data is not here, and fetches it again later.
    fn no_data(&mut self, error: String) {
        self.notify(Phrase::NoteData, vec![("error", error)]);
        self.effect(Effect::After(DATA_AGAIN, Due::Data));
        self.changed.samples |= self.samples.is_none();
        self.show_something();
    }

    pub(super) fn take_manifest(&mut self, dataset: Dataset, manifest: Result<Manifest, String>) {
        if dataset != self.link.spec.dataset {
            return;
        }
        match manifest {
            Ok(manifest) => {
                self.withdraw(&[Phrase::NoteData]);
                self.manifest = Some(manifest);
                self.send_data();
                if self.test_image().is_some() {
                    self.ask_for_trace();
                }
                self.send_manifest_to_gpu();
                if self.opening == Opening::Done && std::mem::take(&mut self.wanted.test) {
                    self.test_all();
                }
            }
            Err(error) => self.no_data(error),
        }
        self.bar_changed();
    }

    /// Without test digits there is something to be seen all the same; a photo cannot be made up.
    fn show_something(&mut self) {
        if !self.has_names() && self.samples.is_none() && matches!(self.link.pad, Pad::Digit(_)) {
            let before = self.wanted.link;
            self.link.pad = Pad::Drawing(three());
            self.picture_changed();
            self.wanted.link = before;
        }
    }

    pub(super) fn fetch_data(&mut self, policy: CachePolicy) {
        if self.learns_drawings() {
            return self.give_drawings();
        }
        self.effect(Effect::FetchData(self.link.spec.dataset, policy));
    }

    /// Sends the engine, if it is there, what data there is.
    pub(super) fn send_data(&mut self) {
        if self.run.phase == Phase::Starting {
            return;
        }
        match &self.manifest {
            None => {}
            Some(_) if self.learns_drawings() => {
                let bytes = vec![self.drawings.digits.images.clone(), self.drawings.digits.labels.clone()];
                self.ask(EngineKind::Cpu, Request::Drawings, bytes);
            }
            Some(manifest) => {
                let manifest = manifest.clone();
                self.ask(EngineKind::Cpu, Request::Data(manifest), Vec::new());
            }
        }
    }

    pub(super) fn fetch_shard(&mut self, engine: EngineKind, split: Split, shard: usize, policy: CachePolicy) {
        let entry = self.manifest.as_ref().and_then(|manifest| manifest.shards(split).get(shard)).cloned();
        if let Some(entry) = entry {
            let dataset = self.link.spec.dataset;
            self.effect(Effect::FetchShard { engine, dataset, split, shard, entry, policy });
        }
    }

    pub(super) fn take_shard(
        &mut self,
        engine: EngineKind,
        dataset: Dataset,
        split: Split,
        shard: usize,
        files: Result<[Vec<u8>; 2], String>,
    ) {
        let is_there = match engine {
            EngineKind::Cpu => self.run.phase != Phase::Starting,
            EngineKind::Gpu => self.gpu.is_started(),
            EngineKind::Photo => false,
        };
        match files {
            _ if dataset != self.link.spec.dataset || !is_there => {}
            Ok(files) => {
                self.ask(engine, Request::Shard(split, shard), files.into());
            }
            Err(error) => self.shard_failed(engine, split, shard, error),
        }
    }

    pub(super) fn shard_failed(&mut self, engine: EngineKind, split: Split, shard: usize, error: String) {
        let shards = if engine == EngineKind::Gpu { &mut self.gpu.shards } else { &mut self.shards };
        let again = shards.failed(split, shard);
        if again.tell {
            self.notify(Phrase::NoteShard, vec![("error", error)]);
        }
        self.effect(Effect::After(again.milliseconds, Due::Shard(engine, split, shard)));
    }
}
