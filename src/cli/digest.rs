//! The digest of a run's images, which its checkpoint stores: images of the same number and size would make another run
//! of it unnoticed.

use super::data::DataSet;
use crate::checksum::sha256;
use crate::digits::Digits;
use crate::weights::checkpoint::{Notes, WeightsError, note_from_bytes};

const TRAIN: &str = "train_sha256";
const TEST: &str = "test_sha256";

/// The digest of a data set: SHA-256 of its labels and images, in lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDigest {
    /// Of the training set.
    pub train: String,
    /// Of the test set.
    pub test: String,
}

impl DataDigest {
    /// The digest of a data set.
    pub fn new(data: &DataSet) -> Self {
        Self { train: of_digits(&data.train), test: of_digits(&data.test) }
    }

    /// The digest in a checkpoint; `None` if an earlier version wrote it without one.
    ///
    /// # Errors
    /// When the checkpoint is damaged.
    pub fn of(checkpoint: &[u8]) -> Result<Option<Self>, WeightsError> {
        let (train, test) = (note_from_bytes(checkpoint, TRAIN)?, note_from_bytes(checkpoint, TEST)?);
        Ok(train.zip(test).map(|(train, test)| Self { train, test }))
    }

    /// The digest as entries of a header.
    pub fn notes(&self) -> Notes {
        Notes(vec![(TRAIN.to_owned(), self.train.clone()), (TEST.to_owned(), self.test.clone())])
    }
}

fn of_digits(digits: &Digits) -> String {
    let sizes = [digits.len(), digits.height, digits.width].map(|size| (size as u64).to_le_bytes());
    sha256(sizes.iter().map(|size| &size[..]).chain([&digits.labels[..], &digits.images[..]]))
}
