//! The subcommand `spiking shards`: writes the shards of data sets, which the page fetches.

use super::arguments::Shards;
use super::data::{self, DataSet};
use super::files::write_whole;
use super::tell;
use crate::digits::shard::{Manifest, Split};
use crate::digits::shard_writer::write_shards;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// Writes the manifest and the shards of every data set, unless they exist.
///
/// # Errors
/// When the data cannot be loaded or a file cannot be written; an earlier manifest and its shards are then unchanged.
pub fn run(arguments: &Shards) -> Result<()> {
    let dataset = arguments.dataset;
    let (name, folder) = (dataset.word(), arguments.output.join(dataset.word()));
    if let Some(manifest) = whole(&folder).filter(|manifest| manifest.name == name) {
        let images = manifest.images(Split::Train) + manifest.images(Split::Test);
        tell(format_args!("{} is up to date: {images} images", folder.display()));
        return Ok(());
    }
    write(&folder, name, &data::load(&arguments.data_dir, dataset)?)
}

/// Writes the manifest and the shards of a data set called `name` into `folder`, the manifest last, and removes the
/// shards of earlier manifests.
///
/// # Errors
/// When a file cannot be written.
pub fn write(folder: &Path, name: &str, data: &DataSet) -> Result<()> {
    tell(format_args!("Cutting {name} into {}", folder.display()));
    let (manifest, files) = write_shards(name, &data.train, &data.test)?;
    for (file, bytes) in &files {
        write_whole(&folder.join(file), bytes)?;
    }
    let json = serde_json::to_string_pretty(&manifest).context("the manifest cannot be written")?;
    write_whole(&folder.join("manifest.json"), format!("{json}\n").as_bytes())?;
    remove_others(folder, &manifest)?;
    let bytes: u64 = manifest.files().map(|entry| entry.bytes).sum();
    tell(format_args!("Wrote {} shards, {:.1} MB", manifest.train.len() + manifest.test.len(), bytes as f64 / 1e6));
    Ok(())
}

/// The manifest in `folder`, if it is valid and all its files exist in their full sizes.
pub fn whole(folder: &Path) -> Option<Manifest> {
    let manifest = Manifest::parse(&fs::read_to_string(folder.join("manifest.json")).ok()?).ok()?;
    let there = |file: &str, bytes| fs::metadata(folder.join(file)).is_ok_and(|found| found.len() == bytes);
    let complete = manifest.files().all(|entry| there(&entry.file, entry.bytes));
    complete.then_some(manifest)
}

/// Removes the data set's files that the manifest does not name.
fn remove_others(folder: &Path, manifest: &Manifest) -> Result<()> {
    let prefix = format!("{}-", manifest.name);
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(&prefix) && manifest.files().all(|kept| kept.file != name) {
            fs::remove_file(entry.path()).with_context(|| format!("cannot remove {}", entry.path().display()))?;
        }
    }
    Ok(())
}
