//! Files that are there whole or not at all.

use anyhow::{Context, Result};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

/// Writes a file under a temporary name beside it, makes sure that it is on the disk, and renames it. The folder is
/// made where it is missing.
///
/// # Errors
/// Names the path; what was there before is then still there, and nothing new.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}.partial", std::process::id()));
    let written = (|| {
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    })();
    written.with_context(|| {
        // Whether it could be removed makes no difference to the error that is told.
        let _ = fs::remove_file(&temporary);
        format!("cannot write {}: is the disk full, or the folder read-only?", path.display())
    })
}

/// A file's bytes.
///
/// # Errors
/// Names the file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}
