//! Files that are there whole or not at all.

use anyhow::Context;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

/// Writes a file under a temporary name beside its place, brings it to the disk, and only then gives it its name: who
/// looks finds the old file or the new one, whole.
///
/// # Errors
/// When the folder cannot be written or the disk is full; what was there before is still there then.
pub fn write_whole(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.part", std::process::id()));
    let temporary = Path::new(&temporary);
    let written = File::create(temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(temporary, path)).or_else(|error| {
        // The first error is the one to tell.
        let _ = fs::remove_file(temporary);
        Err(error)
            .with_context(|| format!("cannot write {}: is the disk full, or the folder read-only?", path.display()))
    })
}
