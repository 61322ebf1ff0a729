//! Which images a run was over, as its checkpoint says it: other images of the same number and size would make another
//! run of it, and nothing else would tell.

use super::data::DataSet;
use crate::checksum::sha256;
use crate::digits::Digits;
use crate::weights::checkpoint::{Notes, WeightsError, note_from_bytes};

const TRAIN: &str = "train_sha256";
const TEST: &str = "test_sha256";

/// What a data set is recognised by: SHA-256 of its labels and images, in lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDigest {
    /// Of what is learnt from.
    pub train: String,
    /// Of what is measured on.
    pub test: String,
}

impl DataDigest {
    /// That of a data set.
    pub fn new(data: &DataSet) -> Self {
        Self { train: of_digits(&data.train), test: of_digits(&data.test) }
    }

    /// What a checkpoint says of it; `None` if it is one of before this was written down.
    ///
    /// # Errors
    /// When the checkpoint is damaged.
    pub fn of(checkpoint: &[u8]) -> Result<Option<Self>, WeightsError> {
        let (train, test) = (note_from_bytes(checkpoint, TRAIN)?, note_from_bytes(checkpoint, TEST)?);
        Ok(train.zip(test).map(|(train, test)| Self { train, test }))
    }

    /// As entries of a header.
    pub fn notes(&self) -> Notes {
        Notes(vec![(TRAIN.to_owned(), self.train.clone()), (TEST.to_owned(), self.test.clone())])
    }
}

fn of_digits(digits: &Digits) -> String {
    let sizes = [digits.len(), digits.height, digits.width].map(|size| (size as u64).to_le_bytes());
    sha256(sizes.iter().map(|size| &size[..]).chain([&digits.labels[..], &digits.images[..]]))
}
