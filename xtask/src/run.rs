//! Other programs, and what is said while they run.

use duct::Expression;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a command says, trimmed; nothing if it fails or is not there.
pub fn says(command: &Expression) -> Option<String> {
    Some(command.stdin_null().stderr_null().read().ok()?.trim().to_owned())
}

/// The program's file in one of the folders of `path`.
pub fn find(program: &str, path: &OsStr) -> Option<PathBuf> {
    let names = [program.to_owned(), format!("{program}.exe"), format!("{program}.cmd")];
    let candidates = std::env::split_paths(path).flat_map(|folder| names.clone().map(|name| folder.join(name)));
    candidates.into_iter().find(|file| file.is_file())
}

/// Writes a file that may be read meanwhile: who reads it gets the older one or this, never half of it.
///
/// # Errors
/// Names the file that cannot be written.
pub fn write_whole(path: &Path, text: &str) -> anyhow::Result<()> {
    let partial = path.with_file_name(format!(".{}.partial", path.file_name().unwrap_or_default().to_string_lossy()));
    fs_err::write(&partial, text)?;
    Ok(fs_err::rename(&partial, path)?)
}

/// Says in one line each what is being done: `[2/5] Trunk 0.22.1: …`. Some of it is done at the same time.
pub struct Steps {
    begun: AtomicUsize,
    total: usize,
}

impl Steps {
    /// That many steps are to be done.
    pub fn new(total: usize) -> Self {
        Self { begun: AtomicUsize::new(0), total }
    }

    /// Says nothing.
    pub fn silent() -> Self {
        Self::new(0)
    }

    /// Begins the next step, and says what it is.
    pub fn begin(&self, what: &str) {
        let step = self.begun.fetch_add(1, Ordering::Relaxed) + 1;
        if self.total > 0 {
            eprintln!("[{step}/{}] {what}", self.total);
        }
    }

    /// Says more of what has begun.
    pub fn note(&self, what: &str) {
        if self.total > 0 {
            eprintln!("      {what}");
        }
    }
}
