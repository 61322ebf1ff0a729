//! Running other programs, and saying so.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What went wrong, in words for the person at the terminal.
pub type Result<T> = std::result::Result<T, String>;

/// Runs a command to its end, its output on the terminal.
pub fn run(command: &mut Command) -> Result<()> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{}` failed ({status})", text(command))),
        Err(error) => Err(format!("`{}` cannot be run: {error}", text(command))),
    }
}

/// What a command says, trimmed; nothing when it fails or is not there.
pub fn says(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let said = || String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then(said)
}

/// The command as one would type it.
pub fn text(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// The program's file in one of the folders of `path`.
pub fn find(program: &str, path: &OsStr) -> Option<PathBuf> {
    let names = [program.to_owned(), format!("{program}.exe"), format!("{program}.cmd")];
    let candidates = std::env::split_paths(path).flat_map(|folder| names.clone().map(|name| folder.join(name)));
    candidates.into_iter().find(|file| file.is_file())
}

/// The error of a file operation, with the file.
pub fn at<E: std::fmt::Display>(path: &Path) -> impl FnOnce(E) -> String {
    let path = path.display().to_string();
    move |error| format!("{path}: {error}")
}

/// Writes a file that may be read meanwhile: who reads it gets the older one or this, never half of it.
pub fn write_whole(path: &Path, text: &str) -> Result<()> {
    let partial = path.with_file_name(format!(".{}.partial", path.file_name().unwrap_or_default().to_string_lossy()));
    fs::write(&partial, text).and_then(|()| fs::rename(&partial, path)).map_err(at(path))
}

/// Says in one line each what is being done: `[2/5] Trunk 0.22.1: …`.
pub struct Steps {
    done: usize,
    total: usize,
}

impl Steps {
    /// So many steps are to be done.
    pub fn new(total: usize) -> Self {
        Self { done: 0, total }
    }

    /// Says nothing.
    pub fn silent() -> Self {
        Self::new(0)
    }

    /// Begins the next step.
    pub fn next(&mut self) {
        self.done += 1;
    }

    /// Says something about the step in hand.
    pub fn say(&self, what: &str) {
        if self.total > 0 {
            eprintln!("[{}/{}] {what}", self.done, self.total);
        }
    }
}
