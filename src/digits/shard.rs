//! Pieces of a data set for the web: a manifest that lists them, and gzipped idx pairs.

use serde::{Deserialize, Serialize};

/// The part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// What is learnt from.
    Train,
    /// What is measured on.
    Test,
}

/// One file of a shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Its name, beside the manifest.
    pub file: String,
    /// Its size, compressed.
    pub bytes: u64,
    /// SHA-256 of the compressed file, in lower-case hexadecimal.
    pub sha256: String,
}

/// One shard: up to [`super::order::SHARD_SIZE`] images and their labels, as a gzipped idx pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardEntry {
    /// Images in it.
    pub count: usize,
    /// The idx file of the images, gzipped.
    pub images: FileEntry,
    /// The idx file of the labels, gzipped.
    pub labels: FileEntry,
}

/// What `manifest.json` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The data set's name.
    pub name: String,
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// How many kinds of images there are.
    pub classes: usize,
    /// The shards of the training set, in the order of the data set.
    pub train: Vec<ShardEntry>,
    /// The shards of the test set.
    pub test: Vec<ShardEntry>,
    /// A plain (not gzipped) idx pair with one test image for each class, for a page that has fetched nothing else.
    pub samples: ShardEntry,
}
