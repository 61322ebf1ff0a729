//! Shards of a data set: written, checked, opened.

use spiking_playground::cli::{data::DataSet, shards};
use spiking_playground::digits::{
    Digits,
    order::SHARD_SIZE,
    shard::{self, Manifest, ShardError, Split},
    shard_writer::{NamedFile, write_shards},
};

/// A set of `count` images of 2 × 3 pixels in 10 classes.
fn set(count: usize) -> Digits {
    Digits {
        width: 2,
        height: 3,
        images: (0..count * 6).map(|i| (i * i / 7) as u8).collect(),
        labels: (0..count).map(|i| ((i * 7 + 3) % 10) as u8).collect(),
    }
}

fn cut_set() -> (Manifest, Vec<NamedFile>) {
    write_shards("tiny", &set(SHARD_SIZE * 2 + 5), &set(50)).unwrap()
}

fn bytes<'a>(files: &'a [NamedFile], name: &str) -> &'a [u8] {
    &files.iter().find(|(file, _)| file == name).unwrap().1
}

#[test]
fn the_shards_together_are_the_set() {
    let (manifest, files) = cut_set();
    let counts: Vec<usize> = manifest.train.iter().map(|shard| shard.count).collect();
    assert_eq!(counts, [SHARD_SIZE, SHARD_SIZE, 5]);
    assert_eq!((manifest.images(Split::Train), manifest.images(Split::Test)), (SHARD_SIZE * 2 + 5, 50));
    let mut joined = Digits { width: 2, height: 3, ..Digits::default() };
    for (index, entry) in manifest.train.iter().enumerate() {
        let (images, labels) = (bytes(&files, &entry.images.file), bytes(&files, &entry.labels.file));
        let part = shard::open(&manifest, Split::Train, index, images, labels).unwrap();
        joined.images.extend(part.images);
        joined.labels.extend(part.labels);
    }
    assert_eq!(joined, set(SHARD_SIZE * 2 + 5));
}

#[test]
fn the_samples_are_one_image_of_each_class() {
    let (manifest, files) = cut_set();
    let (images, labels) = (&manifest.samples.images.file, &manifest.samples.labels.file);
    let samples = shard::open_samples(&manifest, bytes(&files, images), bytes(&files, labels)).unwrap();
    assert_eq!(samples.labels, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let test = set(50);
    let first_four = test.labels.iter().position(|label| *label == 4).unwrap();
    assert_eq!(samples.image(4), test.image(first_four));
}

#[test]
fn the_same_data_make_the_same_bytes_and_names_that_tell_them_apart() {
    assert_eq!(cut_set(), cut_set());
    let (manifest, _) = cut_set();
    for entry in manifest.files() {
        assert!(entry.file.contains(&entry.sha256[..8]), "{}", entry.file);
    }
    assert!(manifest.train[0].images.file.starts_with("tiny-train-00-"));
    assert!(manifest.train[0].images.file.ends_with(".images.gz"));
}

#[test]
fn a_manifest_survives_its_file() {
    let (manifest, _) = cut_set();
    let json = serde_json::to_string(&manifest).unwrap();
    assert_eq!(Manifest::parse(&json), Ok(manifest));
}

#[test]
fn a_manifest_that_cannot_be_is_refused() {
    let refused = |change: fn(&mut Manifest), text: &str| {
        let (mut manifest, _) = cut_set();
        change(&mut manifest);
        let error = Manifest::parse(&serde_json::to_string(&manifest).unwrap()).unwrap_err().to_string();
        assert!(error.contains(text), "{error:?} does not say {text:?}");
    };
    refused(|m| m.train.clear(), "Train set");
    refused(|m| m.test[0].count = 0, "Test set");
    refused(|m| m.train[0].count = 1999, "2000 images each");
    refused(|m| m.train[0].count = usize::MAX, "2000 images each");
    refused(|m| m.width = 0, "0 × 3 pixels");
    refused(|m| m.height = 100_000, "2 × 100000 pixels");
    refused(|m| m.classes = 1000, "1000 classes");
    refused(|m| m.samples.count = 11, "11 samples");
    refused(|m| m.train[1].labels.file = "../secret".to_owned(), "`../secret` is not a plain file name");
    refused(|m| m.train[1].labels.file = "//host/a".to_owned(), "plain file name");
    refused(|m| m.train[1].labels.file = String::new(), "plain file name");
    refused(|m| m.samples.images.sha256.truncate(63), "is not a SHA-256");
    assert!(Manifest::parse("<html>").unwrap_err().to_string().contains("expected value"));
}

#[test]
fn a_shard_that_is_not_what_the_manifest_says_is_refused_by_name() {
    let (manifest, files) = cut_set();
    let entry = manifest.test[0].clone();
    let (images, labels) = (bytes(&files, &entry.images.file), bytes(&files, &entry.labels.file));
    let open = |manifest: &Manifest, images: &[u8], labels: &[u8]| {
        shard::open(manifest, Split::Test, 0, images, labels).unwrap_err()
    };
    let size = open(&manifest, &images[1..], labels);
    assert!(matches!(&size, ShardError::WrongSize { file, .. } if *file == entry.images.file), "{size}");
    let mut changed = labels.to_vec();
    changed[12] ^= 1;
    let hash = open(&manifest, images, &changed);
    assert!(matches!(&hash, ShardError::WrongHash { file, .. } if *file == entry.labels.file), "{hash}");
    assert!(hash.to_string().contains("is damaged"), "{hash}");
    let number = shard::open(&manifest, Split::Test, 1, images, labels);
    assert_eq!(number, Err(ShardError::NoSuchShard { split: Split::Test, index: 1, shards: 1 }));
}

#[test]
fn a_manifest_that_lies_about_sound_files_is_found_out() {
    let (manifest, files) = cut_set();
    let entry = manifest.test[0].clone();
    let (images, labels) = (bytes(&files, &entry.images.file), bytes(&files, &entry.labels.file));
    let says = |change: fn(&mut Manifest), text: &str| {
        let mut lying = manifest.clone();
        change(&mut lying);
        let error = shard::open(&lying, Split::Test, 0, images, labels).unwrap_err().to_string();
        assert!(error.contains(text), "{error:?} does not say {text:?}");
    };
    says(|m| m.test[0].count = 51, "holds 50 images of 2 × 3 pixels; the manifest says 51 images");
    says(|m| m.width = 28, "the manifest says 50 images of 28 × 3 pixels");
    says(|m| m.classes = 9, "holds a label 9; the manifest says 9 classes");
    // Labels where images should be, with the right hash.
    let mut swapped = manifest.clone();
    swapped.test[0].images = swapped.test[0].labels.clone();
    let error = shard::open(&swapped, Split::Test, 0, labels, labels).unwrap_err();
    assert!(matches!(error, ShardError::Idx { .. }), "{error}");
}

#[test]
fn sets_that_do_not_fit_together_are_not_cut() {
    let wide = Digits { width: 3, height: 2, ..set(10) };
    assert!(write_shards("tiny", &set(10), &wide).unwrap_err().to_string().contains("2 × 3"));
    assert!(write_shards("tiny", &set(10), &set(0)).is_err());
    assert!(write_shards("../tiny", &set(10), &set(10)).unwrap_err().to_string().contains("plain file name"));
}

#[test]
fn shards_on_the_disk_replace_older_ones() {
    let folder = tempfile::TempDir::new().unwrap();
    let write = |count: usize| {
        let data = DataSet { train: set(count), test: set(50) };
        shards::write(folder.path(), "tiny", &data).unwrap();
        shards::whole(folder.path()).unwrap()
    };
    let old = write(100);
    std::fs::write(folder.path().join("note.txt"), "mine").unwrap();
    let new = write(101);
    let there = |file: &str| folder.path().join(file).exists();
    assert!(!there(&old.train[0].images.file) && there(&new.train[0].images.file));
    assert!(there(&new.test[0].images.file) && there("note.txt"));
    let path = folder.path().join(&new.train[0].labels.file);
    std::fs::write(path, "short").unwrap();
    assert_eq!(shards::whole(folder.path()), None, "a file of another size is noticed");
}
