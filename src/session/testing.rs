//! A test, slice by slice.

use crate::digits::Shards;
use crate::digits::order::SHARD_SIZE;
use crate::evaluation::evaluate;
use crate::event::Score;
use crate::training::Run;

/// A test under way.
#[derive(Clone, Debug)]
pub(super) struct Testing {
    next: usize,
    images: usize,
    /// How the images before `next` were read.
    pub(super) score: Score,
}

impl Testing {
    /// Over the first `images` images of the test set.
    pub(super) fn whole(images: usize) -> Self {
        Self { next: 0, images, score: Score::default() }
    }

    /// Over the first `images` images of the first shard, if it is there.
    pub(super) fn new(images: usize, test: &Shards) -> Option<Self> {
        test.get(0).map(|digits| Self::whole(images.min(digits.len())))
    }

    /// The next shard, if it is not there.
    pub(super) fn missing(&self, test: &Shards) -> Option<usize> {
        let shard = self.next / SHARD_SIZE;
        (self.next < self.images && test.get(shard).is_none()).then_some(shard)
    }

    /// Reads the next few images; true when they were the last.
    pub(super) fn advance(&mut self, run: &Run, test: &Shards, images: usize) -> bool {
        let (shard, start) = (self.next / SHARD_SIZE, self.next % SHARD_SIZE);
        if let Some(digits) = test.get(shard) {
            let end = digits.len().min(start + images).min(start + self.images.saturating_sub(self.next));
            if end > start {
                self.score += evaluate(&run.network, &run.spec, digits, start..end, shard * SHARD_SIZE);
                self.next += end - start;
                return self.next >= self.images;
            }
        }
        true
    }
}
