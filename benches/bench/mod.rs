//! What the benches share: arguments, MNIST, and the clock.

#![allow(dead_code, reason = "each bench uses its part")]

pub mod clock;

use spiking_playground::digits::Digits;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// What a bench's `main` gives.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The value of `--name` on the command line, or `default`. What cargo adds of its own is passed over.
pub fn argument(name: &str, default: &str) -> String {
    let words: Vec<String> = std::env::args().collect();
    let at = words.iter().position(|word| word.strip_prefix("--") == Some(name));
    at.and_then(|at| words.get(at + 1)).map_or(default, String::as_str).to_owned()
}

/// The training set and the test set of MNIST, as raw idx files in the folder that `--data` names.
pub fn mnist() -> Result<[Digits; 2]> {
    let folder = PathBuf::from(argument("data", "data"));
    Ok([part(&folder, "train")?, part(&folder, "t10k")?])
}

fn part(folder: &Path, name: &str) -> Result<Digits> {
    let read = |file: String| {
        let path = folder.join(file);
        fs::read(&path).map_err(|error| format!("{}: {error}; `spiking train` fetches it", path.display()))
    };
    let (images, labels) = (read(format!("{name}-images-idx3-ubyte"))?, read(format!("{name}-labels-idx1-ubyte"))?);
    Ok(Digits::from_idx(&images, &labels)?)
}
