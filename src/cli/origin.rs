//! The origin of a run's weights, if they were not drawn from its seed.

use crate::checksum::sha256;
use crate::weights::checkpoint::{Notes, WeightsError, note_from_bytes};
use std::path::Path;

const FILE: &str = "weights_file";
const HASH: &str = "weights_sha256";

/// The file that a run started from. The headers of the run's model and checkpoint contain it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its name, without the folder.
    pub file: String,
    /// SHA-256 of its bytes, in lower-case hexadecimal.
    pub sha256: String,
}

impl Origin {
    /// The origin that is a file with these bytes.
    pub fn new(path: &Path, bytes: &[u8]) -> Self {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { file, sha256: sha256([bytes]) }
    }

    /// The origin in a checkpoint; `None` if its run started from the seed's weights.
    ///
    /// # Errors
    /// When the checkpoint is damaged.
    pub fn of(checkpoint: &[u8]) -> Result<Option<Self>, WeightsError> {
        let (file, sha256) = (note_from_bytes(checkpoint, FILE)?, note_from_bytes(checkpoint, HASH)?);
        Ok(file.zip(sha256).map(|(file, sha256)| Self { file, sha256 }))
    }

    /// The origin as entries of a header.
    pub fn notes(&self) -> Notes {
        Notes(vec![(FILE.to_owned(), self.file.clone()), (HASH.to_owned(), self.sha256.clone())])
    }
}
