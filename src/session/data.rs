//! The images that the engine has: what there should be, what came, what was requested.

use super::{Mode, Session};
use crate::digits::order::SHARD_SIZE;
use crate::digits::shard::{self, Manifest, Split};
use crate::digits::{Shards, own};
use crate::network::Network;
use crate::protocol::Report;
use crate::spec::Dataset;
use crate::training::Run;
use std::collections::HashSet;

/// Shards that are requested before they are due.
const SHARDS_AHEAD: usize = 3;

/// The data set as far as it came.
#[derive(Debug, Default)]
pub(super) struct Data {
    pub manifest: Option<Manifest>,
    pub train: Shards,
    pub test: Shards,
    /// Shards that were requested and did not come yet.
    pub requested: HashSet<(Split, usize)>,
}

impl Session {
    pub(super) fn images(&self) -> usize {
        self.data.manifest.as_ref().map_or(0, |manifest| manifest.images(Split::Train))
    }

    pub(super) fn set_manifest(&mut self, manifest: Manifest) {
        if let Err(error) = manifest.check() {
            return self.fail(error);
        }
        if self.data.manifest.as_ref() == Some(&manifest) {
            return;
        }
        let (train, test) = (manifest.train.len(), manifest.test.len());
        self.replace_data(manifest, Shards::new(train), Shards::new(test));
    }

    pub(super) fn set_drawings(&mut self, bytes: Vec<Vec<u8>>) {
        let classes = Dataset::Folder.classes();
        let Ok([pixels, labels]) = <[Vec<u8>; 2]>::try_from(bytes) else {
            return self.fail("Drawings need pixels and labels.");
        };
        match own::drawings(pixels, labels, classes) {
            Ok(drawings) => {
                let sets = own::sets(&drawings);
                let [train, test] = [sets.0, sets.1].map(|digits| {
                    let mut shards = Shards::new(1);
                    shards.insert(0, digits);
                    shards
                });
                self.replace_data(own::manifest(classes), train, test);
            }
            Err(error) => self.fail(error),
        }
    }

    /// Replaces the data.
    fn replace_data(&mut self, manifest: Manifest, train: Shards, test: Shards) {
        let images = manifest.images(Split::Train);
        let (pixels, classes) = (manifest.width * manifest.height, manifest.classes);
        self.data = Data { manifest: Some(manifest), train, test, requested: HashSet::new() };
        // A run that has seen nothing yet learns what it will see.
        let (is_drawn, device) = (self.is_drawn, self.device.clone());
        self.run = self.run.take().map(|run| match run.adam.step() {
            0 if is_drawn && run.network.check_fit(pixels, classes).is_err() => {
                let network = Network::new(&run.spec, pixels, classes, &device);
                Run::new(run.spec, network, images)
            }
            0 => Run::new(run.spec, run.network, images),
            _ => run,
        });
        self.stdp = self.stdp.take().map(|run| Box::new(self.stdp_over(*run, (pixels, classes), images)));
        self.forget_times();
        if !self.is_ready() {
            // Nothing goes on over images that the network does not read.
            let was_training = self.mode != Mode::Idle;
            (self.mode, self.testing) = (Mode::Idle, None);
            if was_training {
                self.pause();
            }
        }
    }

    pub(super) fn add_shard(&mut self, split: Split, shard: usize, bytes: &[Vec<u8>]) {
        let opened = match (&self.data.manifest, bytes) {
            (None, _) => Err("no manifest said what it should be".to_owned()),
            (Some(manifest), [images, labels]) => {
                shard::open(manifest, split, shard, images, labels).map_err(|error| error.to_string())
            }
            (Some(_), _) => Err("it needs images and labels".to_owned()),
        };
        match opened {
            Ok(digits) => {
                self.shards_mut(split).insert(shard, digits);
                self.data.requested.remove(&(split, shard));
                self.report(Report::ShardTaken(split, shard));
                if (split, shard) == (Split::Test, 0)
                    && let Some((request, images)) = self.waiting_stopping_test.take()
                {
                    self.answering(request, |session| session.stopping(images));
                }
            }
            Err(reason) => self.report(Report::ShardRefused { split, shard, reason }),
        }
    }

    pub(super) fn samples(&mut self, dataset: Dataset, bytes: &[Vec<u8>]) {
        let opened = match (&self.data.manifest, bytes) {
            (Some(manifest), [images, labels]) => {
                shard::open_samples(manifest, images, labels).map_err(|error| error.to_string())
            }
            _ => Err("a manifest and two files are needed".to_owned()),
        };
        match opened {
            Ok(digits) => self.send(Report::Samples(dataset), vec![digits.images, digits.labels]),
            Err(reason) => self.report(Report::SamplesRefused(dataset, reason)),
        }
    }

    fn shards_mut(&mut self, split: Split) -> &mut Shards {
        match split {
            Split::Train => &mut self.data.train,
            Split::Test => &mut self.data.test,
        }
    }

    /// Requests a shard, once.
    pub(super) fn request_shard(&mut self, split: Split, shard: usize) {
        if self.shards_mut(split).get(shard).is_none() && self.data.requested.insert((split, shard)) {
            self.report(Report::Need(split, shard));
        }
    }

    /// Requests the images of the quick test, and the shards that are due next.
    pub(super) fn prefetch(&mut self) {
        if !self.is_gpu() {
            self.request_shard(Split::Test, 0);
        }
        let (due, shards) = match (&self.run, &self.stdp) {
            (Some(run), _) => (run.due_shard(), run.due_shards()),
            (None, Some(run)) => (run.due_shard(), run.due_shards()),
            (None, None) => return,
        };
        let ahead = shards.iter().skip_while(|shard| Some(**shard) != due).take(SHARDS_AHEAD);
        for shard in ahead.copied().collect::<Vec<_>>() {
            self.request_shard(Split::Train, shard);
        }
    }

    /// Sends those of the test images that are there, and requests the shards of the others.
    pub(super) fn test_images(&mut self, images: Vec<usize>) {
        let Some(manifest) = &self.data.manifest else { return self.fail("There are no test images.") };
        let all = manifest.images(Split::Test);
        let (mut there, mut pixels) = (Vec::new(), Vec::new());
        for image in images.into_iter().filter(|image| *image < all) {
            match self.data.test.get(image / SHARD_SIZE) {
                Some(digits) => {
                    there.push(image);
                    pixels.extend_from_slice(digits.image(image % SHARD_SIZE));
                }
                None => self.request_shard(Split::Test, image / SHARD_SIZE),
            }
        }
        self.send(Report::TestImages(there), vec![pixels]);
    }
}
