//! A folder that one run at a time writes into.

use super::files;
use anyhow::{Context, Result, bail};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A folder that is ours as long as this lives, or the program: the system takes the lock away from one that is killed.
#[derive(Debug)]
pub struct Claim {
    /// None where the system has no locks for such folders. Then nobody is kept away, and the run goes on.
    _lock: Option<File>,
}

impl Claim {
    /// Makes the folder where it is missing, sees to it that nobody else writes a run into it and that files can be written
    /// there, and removes what was half-written when a run was killed.
    ///
    /// # Errors
    /// When another run writes into it, or it cannot be written.
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

/// Makes a new folder called `name` in `parent`, or where that is there already, `name-2`, `name-3` and so on. Of programs
/// that ask at the same moment each gets its own.
///
/// # Errors
/// When it cannot be made.
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
