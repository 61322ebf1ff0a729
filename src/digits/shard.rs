//! The shards of a data set for the web, gzipped idx pairs, and the manifest that lists them.

use super::idx::IdxError;
use super::{Digits, MOST_SIDE, idx, order};
use crate::checksum::sha256;
use serde::{Deserialize, Serialize};

/// A part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// The training set.
    Train,
    /// The test set.
    Test,
}

/// One file of a shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Its name, relative to the manifest.
    pub file: String,
    /// Its compressed size in bytes.
    pub bytes: u64,
    /// SHA-256 of the compressed file, in lower-case hexadecimal.
    pub sha256: String,
}

/// One shard: up to [`super::order::SHARD_SIZE`] images and their labels, as a gzipped idx pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardEntry {
    /// The number of images.
    pub count: usize,
    /// The idx file of the images, gzipped.
    pub images: FileEntry,
    /// The idx file of the labels, gzipped.
    pub labels: FileEntry,
}

/// The contents of `manifest.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The data set's name.
    pub name: String,
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// The number of classes.
    pub classes: usize,
    /// The shards of the training set, in the order of the data set.
    pub train: Vec<ShardEntry>,
    /// The shards of the test set.
    pub test: Vec<ShardEntry>,
    /// A plain (not gzipped) idx pair with one test image for each class, for a page that has fetched nothing else.
    pub samples: ShardEntry,
}

/// Why a manifest or a shard is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// The manifest is malformed.
    #[error("the manifest of the data set cannot be used: {0}")]
    Manifest(String),
    /// No shard has that number.
    #[error("there is no shard {index} in the {split:?} set: it has {shards}")]
    NoSuchShard {
        /// The requested part.
        split: Split,
        /// The requested number.
        index: usize,
        /// The number of shards.
        shards: usize,
    },
    /// A file is shorter or longer than the manifest says.
    #[error("{file} has {found} bytes; the manifest says {expected}")]
    WrongSize {
        /// Which file.
        file: String,
        /// The size in the manifest.
        expected: u64,
        /// That of the file.
        found: u64,
    },
    /// A file's contents have another hash than the manifest says.
    #[error("{file} is damaged: its SHA-256 is {found}; the manifest says {expected}")]
    WrongHash {
        /// Which file.
        file: String,
        /// The hash in the manifest.
        expected: String,
        /// That of the file.
        found: String,
    },
    /// A file is no idx file.
    #[error("{file} cannot be read: {error}")]
    Idx {
        /// Which file.
        file: String,
        /// What is wrong with it.
        error: IdxError,
    },
    /// A file is valid, but holds something else than the manifest says.
    #[error("{file} holds {found}; the manifest says {expected}")]
    OtherContents {
        /// Which file.
        file: String,
        /// What the manifest says.
        expected: String,
        /// What it holds.
        found: String,
    },
}

impl Manifest {
    /// Reads `manifest.json` and checks it.
    ///
    /// # Errors
    /// When it is not JSON of that form, or [`Manifest::check`] fails.
    pub fn parse(json: &str) -> Result<Self, ShardError> {
        let manifest: Self = serde_json::from_str(json).map_err(|error| ShardError::Manifest(error.to_string()))?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Checks that sizes are within bounds, that all shards but the last of a split are full, and that file names and
    /// hashes are well-formed.
    ///
    /// # Errors
    /// Names the first violation.
    pub fn check(&self) -> Result<(), ShardError> {
        let ensure = |right: bool, what: &dyn Fn() -> String| right.then_some(()).ok_or_else(|| bad(what()));
        ensure((1..=MOST_SIDE).contains(&self.width) && (1..=MOST_SIDE).contains(&self.height), &|| {
            format!("images of {} × {} pixels", self.width, self.height)
        })?;
        ensure((1..=256).contains(&self.classes), &|| format!("{} classes", self.classes))?;
        ensure((1..=self.classes).contains(&self.samples.count), &|| format!("{} samples", self.samples.count))?;
        for split in [Split::Train, Split::Test] {
            let full = |shard: &ShardEntry| shard.count == order::SHARD_SIZE;
            let right = self
                .shards(split)
                .split_last()
                .is_some_and(|(last, others)| others.iter().all(full) && (1..=order::SHARD_SIZE).contains(&last.count));
            ensure(right, &|| {
                let size = order::SHARD_SIZE;
                format!("the shards of the {split:?} set are not of {size} images each, the last one at most")
            })?;
        }
        self.files().try_for_each(|entry| {
            ensure(is_plain(&entry.file), &|| format!("`{}` is not a plain file name", entry.file))?;
            ensure(is_hash(&entry.sha256), &|| format!("`{}` is not a SHA-256", entry.sha256))
        })
    }

    /// The shards of one split, in the order of the data set.
    pub fn shards(&self, split: Split) -> &[ShardEntry] {
        match split {
            Split::Train => &self.train,
            Split::Test => &self.test,
        }
    }

    /// The number of images of one split.
    pub fn images(&self, split: Split) -> usize {
        self.shards(split).iter().map(|shard| shard.count).fold(0, usize::saturating_add)
    }

    /// All files named in the manifest.
    pub fn files(&self) -> impl Iterator<Item = &FileEntry> {
        let shards = self.train.iter().chain(&self.test).chain(std::iter::once(&self.samples));
        shards.flat_map(|shard| [&shard.images, &shard.labels])
    }
}

/// The images of one shard, from its two files as they were fetched.
///
/// # Errors
/// Names the file whose size, hash, form or contents differ from the manifest.
pub fn open(
    manifest: &Manifest,
    split: Split,
    index: usize,
    images: &[u8],
    labels: &[u8],
) -> Result<Digits, ShardError> {
    let shards = manifest.shards(split);
    let entry = shards.get(index).ok_or(ShardError::NoSuchShard { split, index, shards: shards.len() })?;
    open_pair(manifest, entry, [images, labels], (idx::read_images, idx::read_labels))
}

/// The sample images, one of each class, from their two files as they were fetched.
///
/// # Errors
/// As for [`open`].
pub fn open_samples(manifest: &Manifest, images: &[u8], labels: &[u8]) -> Result<Digits, ShardError> {
    open_pair(manifest, &manifest.samples, [images, labels], (idx::read_plain_images, idx::read_plain_labels))
}

/// The decoders of images and labels.
type Readers = (fn(&[u8]) -> Result<idx::Images, IdxError>, fn(&[u8]) -> Result<Vec<u8>, IdxError>);

fn open_pair(
    manifest: &Manifest,
    entry: &ShardEntry,
    [images, labels]: [&[u8]; 2],
    (read_images, read_labels): Readers,
) -> Result<Digits, ShardError> {
    let file = |entry: &FileEntry| entry.file.clone();
    verify(&entry.images, images)?;
    verify(&entry.labels, labels)?;
    let images = read_images(images).map_err(|error| ShardError::Idx { file: file(&entry.images), error })?;
    let labels = read_labels(labels).map_err(|error| ShardError::Idx { file: file(&entry.labels), error })?;
    let other = |entry: &FileEntry, expected: String, found: String| {
        Err(ShardError::OtherContents { file: file(entry), expected, found })
    };
    let form = |count, width, height| format!("{count} images of {width} × {height} pixels");
    let expected = (entry.count, manifest.width, manifest.height);
    if (images.count, images.width, images.height) != expected {
        let found = form(images.count, images.width, images.height);
        return other(&entry.images, form(expected.0, expected.1, expected.2), found);
    }
    if labels.len() != entry.count {
        return other(&entry.labels, format!("{} labels", entry.count), format!("{} labels", labels.len()));
    }
    if let Some(label) = labels.iter().find(|label| usize::from(**label) >= manifest.classes) {
        return other(&entry.labels, format!("{} classes", manifest.classes), format!("a label {label}"));
    }
    Ok(Digits { width: images.width, height: images.height, images: images.pixels, labels })
}

/// Compares a file's size and hash with what the manifest says.
fn verify(entry: &FileEntry, bytes: &[u8]) -> Result<(), ShardError> {
    let (file, found) = (entry.file.clone(), bytes.len() as u64);
    if found != entry.bytes {
        return Err(ShardError::WrongSize { file, expected: entry.bytes, found });
    }
    let found = sha256([bytes]);
    if found != entry.sha256 {
        return Err(ShardError::WrongHash { file, expected: entry.sha256.clone(), found });
    }
    Ok(())
}

fn bad(what: String) -> ShardError {
    ShardError::Manifest(what)
}

/// Whether a name can only be that of a file beside the manifest.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(plain)
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}
