//! The writer of a data set's shards, which a page fetches.

use super::shard::{FileEntry, Manifest, ShardEntry, ShardError};
use super::{Digits, idx, order};
use crate::checksum::sha256;
use flate2::{Compression, GzBuilder};
use std::io::Write;

/// A file's name and its bytes.
pub type NamedFile = (String, Vec<u8>);

/// Splits a data set into a manifest and the files that it names: gzipped idx pairs of [`order::SHARD_SIZE`] images,
/// and a plain pair with the first test image of each class, in the order of the classes. Equal data give equal bytes.
/// A file's name carries the first 8 digits of its hash, so a cache never gives the file of another version.
///
/// # Errors
/// When the two sets differ in the size of their images, or `name` cannot begin a file name.
///
/// ```
/// use spiking_playground::digits::{Digits, shard_writer::write_shards, shard::{self, Split}};
/// let set = Digits { width: 1, height: 1, images: vec![7, 9, 8], labels: vec![1, 0, 0] };
/// let (manifest, files) = write_shards("tiny", &set, &set)?;
/// assert_eq!(manifest.images(Split::Train), 3);
/// assert_eq!(shard::open(&manifest, Split::Train, 0, &files[0].1, &files[1].1)?, set);
/// let [.., images, labels] = &files[..] else { panic!() };
/// assert_eq!(shard::open_samples(&manifest, &images.1, &labels.1)?.images, [9, 7]);
/// # Ok::<(), shard::ShardError>(())
/// ```
pub fn write_shards(name: &str, train: &Digits, test: &Digits) -> Result<(Manifest, Vec<NamedFile>), ShardError> {
    if (train.width, train.height) != (test.width, test.height) {
        let sizes = [train, test].map(|set| format!("{} × {}", set.width, set.height));
        return Err(ShardError::Manifest(format!(
            "the training images have {} pixels, the others {}",
            sizes[0], sizes[1]
        )));
    }
    let mut files = Vec::new();
    let manifest = Manifest {
        name: name.to_owned(),
        width: train.width,
        height: train.height,
        classes: train.classes().max(test.classes()),
        train: shards(&format!("{name}-train"), train, &mut files)?,
        test: shards(&format!("{name}-test"), test, &mut files)?,
        samples: pair(&format!("{name}-samples"), &samples(test), &mut files, |bytes| Ok((bytes, "")))?,
    };
    manifest.check()?;
    Ok((manifest, files))
}

fn shards(name: &str, digits: &Digits, files: &mut Vec<NamedFile>) -> Result<Vec<ShardEntry>, ShardError> {
    let images = digits.images.chunks(order::SHARD_SIZE * digits.pixels().max(1));
    let labels = digits.labels.chunks(order::SHARD_SIZE);
    let parts = images.zip(labels).enumerate();
    parts
        .map(|(index, (images, labels))| {
            let part = Digits { images: images.to_vec(), labels: labels.to_vec(), ..*digits };
            pair(&format!("{name}-{index:02}"), &part, files, gzipped)
        })
        .collect()
}

/// The first image of each class that has any.
fn samples(digits: &Digits) -> Digits {
    let first = |class: usize| digits.labels.iter().position(|label| usize::from(*label) == class);
    let firsts: Vec<usize> = (0..digits.classes()).filter_map(first).collect();
    Digits {
        images: firsts.iter().flat_map(|index| digits.image(*index)).copied().collect(),
        labels: firsts.iter().map(|index| digits.label(*index)).collect(),
        ..*digits
    }
}

/// Appends the two files of `digits`, compressed by `pack`, which also returns their names' suffix.
fn pair(
    name: &str,
    digits: &Digits,
    files: &mut Vec<NamedFile>,
    pack: impl Fn(Vec<u8>) -> Result<(Vec<u8>, &'static str), ShardError>,
) -> Result<ShardEntry, ShardError> {
    let mut add = |kind: &str, idx: Vec<u8>| {
        let (bytes, end) = pack(idx)?;
        let sha256 = sha256([&bytes[..]]);
        let file = format!("{name}-{}.{kind}{end}", &sha256[..8]);
        let entry = FileEntry { file: file.clone(), bytes: bytes.len() as u64, sha256 };
        files.push((file, bytes));
        Ok(entry)
    };
    let images = add("images", idx::write_images(digits.width, digits.height, &digits.images))?;
    let labels = add("labels", idx::write_labels(&digits.labels))?;
    Ok(ShardEntry { count: digits.len(), images, labels })
}

/// Gzip without time and operating system in its header, so that equal data give equal files.
fn gzipped(bytes: Vec<u8>) -> Result<(Vec<u8>, &'static str), ShardError> {
    const UNKNOWN_SYSTEM: u8 = 255;
    let failed = |error: std::io::Error| ShardError::Manifest(error.to_string());
    let mut encoder = GzBuilder::new().operating_system(UNKNOWN_SYSTEM).write(Vec::new(), Compression::best());
    encoder.write_all(&bytes).map_err(failed)?;
    Ok((encoder.finish().map_err(failed)?, ".gz"))
}
