//! The exclusive lock of a run on its folder.

use super::files;
use anyhow::{Context, Result, bail};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A folder locked as long as this value, or the process, lives: the system releases the lock of a killed process.
#[derive(Debug)]
pub struct Claim {
    /// `None` if the system has no locks for such folders. Then other runs are not excluded, and the run continues.
    _lock: Option<File>,
}

impl Claim {
    /// Creates the folder if it is missing, locks it against other runs, checks that files can be written there, and
    /// removes what a killed run left half-written.
    ///
    /// # Errors
    /// When another run has the lock, or the folder cannot be written.
    pub fn new(folder: &Path) -> Result<Self> {
        files::make_writable(folder)?;
        let lock = lock(folder)?;
        files::remove_left_over(folder);
        Ok(Self { _lock: lock })
    }
}

fn lock(folder: &Path) -> Result<Option<File>> {
    // A lock on the folder itself leaves nothing behind. Windows locks files only.
    let opened = if cfg!(windows) {
        OpenOptions::new().write(true).create(true).truncate(false).open(folder.join(".lock"))
    } else {
        File::open(folder)
    };
    let Ok(file) = opened else { return Ok(None) };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => {
            bail!("another run writes into {}: wait for its end, or name another --output", folder.display())
        }
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

/// Creates a new folder called `name` in `parent`, or if that exists already, `name-2`, `name-3` and so on. Concurrent
/// programs get different ones.
///
/// # Errors
/// When it cannot be created.
pub fn new_folder(parent: &Path, name: &str) -> Result<PathBuf> {
    fs::create_dir_all(parent).with_context(|| format!("cannot make the folder {}", parent.display()))?;
    let mut folder = parent.join(name);
    for number in 2.. {
        match fs::create_dir(&folder) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => folder = parent.join(format!("{name}-{number}")),
            made => {
                made.with_context(|| format!("cannot make the folder {}", folder.display()))?;
                break;
            }
        }
    }
    Ok(folder)
}
