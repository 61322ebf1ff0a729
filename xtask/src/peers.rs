//! `cargo xtask test --peers`: other simulators compute the same, from the same files.

use crate::run::{Result, Steps, at, run, says};
use crate::tools::{STEPS, Tools, cache};
use std::fs;
use std::path::{Path, PathBuf};

const REQUIREMENTS: &str = "tests/peers/requirements.txt";
const SCRIPT: &str = "tests/peers/pytorch.py";
/// A Python that has the packages already.
const PYTHON: &str = "SPIKING_PYTHON";

/// Brings the tools and runs nothing but this check.
pub fn alone() -> Result<()> {
    let mut steps = Steps::new(STEPS + 1);
    let tools = Tools::bring(&mut steps)?;
    check(&tools, &mut steps)
}

/// Runs the script that holds PyTorch against the program.
pub fn check(tools: &Tools, steps: &mut Steps) -> Result<()> {
    let python = python(tools, steps)?;
    steps.say("PyTorch opens our files and we open its");
    run(tools.command("cargo").args(["build", "--release", "--quiet"]))?;
    let target = says(tools.command("cargo").args(["metadata", "--format-version", "1", "--no-deps"]));
    let target = target.as_deref().and_then(target_folder).ok_or("cargo does not say where it builds")?;
    let program = target.join("release").join(if cfg!(windows) { "spiking.exe" } else { "spiking" });
    run(tools.command(&python.to_string_lossy()).arg(SCRIPT).arg(program).args(["models/mnist.safetensors", "data"]))
}

/// The folder in what `cargo metadata` says.
fn target_folder(metadata: &str) -> Option<PathBuf> {
    let (_, rest) = metadata.split_once("\"target_directory\":\"")?;
    let (folder, _) = rest.split_once('"')?;
    Some(PathBuf::from(folder.replace("\\\\", "\\")))
}

/// A Python with the packages: in an environment of its own in the cache, made once for these versions.
fn python(tools: &Tools, steps: &mut Steps) -> Result<PathBuf> {
    steps.next();
    if let Some(python) = std::env::var_os(PYTHON).filter(|python| !python.is_empty()) {
        steps.say(&format!("PyTorch: that of {}", python.display()));
        return Ok(python.into());
    }
    let wanted = fs::read_to_string(REQUIREMENTS).map_err(at(Path::new(REQUIREMENTS)))?;
    let folder = cache().join("pytorch");
    let (stamp, programs) = (folder.join("installed.txt"), if cfg!(windows) { "Scripts" } else { "bin" });
    let python = folder.join(programs).join(if cfg!(windows) { "python.exe" } else { "python" });
    let python = std::path::absolute(&python).map_err(at(&python))?;
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        steps.say("PyTorch: there");
        return Ok(python);
    }
    if says(tools.command("python3").args(["-c", "import venv, ensurepip"])).is_none() {
        return Err(format!(
            "the peers need Python 3 with venv: install python3-venv (on Debian: sudo apt-get install python3-venv), \
             or set {PYTHON} to a Python that has the packages of {REQUIREMENTS}"
        ));
    }
    steps
        .say(&format!("PyTorch: installing it into {}, some 4 minutes and 7 GB (1 GB without CUDA)", folder.display()));
    run(tools.command("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut pip = tools.command(&python.to_string_lossy());
    run(pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS]))?;
    fs::write(&stamp, wanted).map_err(at(&stamp))?;
    Ok(python)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_folder_is_found() {
        let said = r#"{"packages":[],"target_directory":"/a b/target","version":1}"#;
        assert_eq!(target_folder(said), Some(PathBuf::from("/a b/target")));
        assert_eq!(target_folder(r#"{"target_directory":"C:\\t"}"#), Some(PathBuf::from("C:\\t")));
        assert_eq!(target_folder("{}"), None);
    }
}
