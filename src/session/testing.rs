//! A test under way, slice by slice.

use crate::digits::order::SHARD_SIZE;
use crate::digits::{Digits, Shards};
use crate::event::Accuracy;
use crate::protocol::RequestId;
use std::ops::Range;

/// A test under way.
#[derive(Clone, Debug)]
pub(super) struct Testing {
    images: usize,
    /// The request whose answer it is; `None` for a quick test.
    pub(super) request: Option<RequestId>,
    /// What the images so far were classified as.
    pub(super) predictions: Vec<u8>,
    /// What they are.
    pub(super) labels: Vec<u8>,
}

impl Testing {
    /// Over the first `images` images of the test set.
    pub(super) fn whole(images: usize) -> Self {
        Self { images, request: None, predictions: Vec::new(), labels: Vec::new() }
    }

    /// The same, for that request.
    pub(super) fn for_request(self, request: Option<RequestId>) -> Self {
        Self { request, ..self }
    }

    /// Over the first `images` images of the first shard, if it is there.
    pub(super) fn new(images: usize, test: &Shards) -> Option<Self> {
        test.get(0).map(|digits| Self::whole(images.min(digits.len())))
    }

    /// The accuracy on the images so far.
    pub(super) fn score(&self) -> Accuracy {
        Accuracy::of_predictions(&self.predictions, &self.labels)
    }

    /// The same from its start.
    pub(super) fn again(&self) -> Self {
        Self::whole(self.images).for_request(self.request)
    }

    /// The next shard, if it is not there.
    pub(super) fn missing(&self, test: &Shards) -> Option<usize> {
        let shard = self.predictions.len() / SHARD_SIZE;
        (self.predictions.len() < self.images && test.get(shard).is_none()).then_some(shard)
    }

    /// Classifies the next few images, at least one, by what `read` says of the images in a range of a shard, whose first is that
    /// number of the set; true when they were the last.
    pub(super) fn advance(
        &mut self,
        test: &Shards,
        images: usize,
        read: impl FnOnce(&Digits, Range<usize>, usize) -> Vec<u8>,
    ) -> bool {
        let next = self.predictions.len();
        let (shard, start) = (next / SHARD_SIZE, next % SHARD_SIZE);
        if let Some(digits) = test.get(shard) {
            let end = digits.len().min(start + images).min(start + self.images.saturating_sub(next));
            if end > start {
                self.predictions.extend(read(digits, start..end, shard * SHARD_SIZE));
                self.labels.extend(&digits.labels[start..end]);
                return self.predictions.len() >= self.images;
            }
        }
        true
    }
}
