//! `cargo xtask test --peers`: other simulators compute the same, from the same files.

use crate::run::{Steps, says};
use crate::tools::{STEPS, Tools, cache, target};
use anyhow::{Result, bail};
use fs_err as fs;
use std::ffi::OsStr;
use std::path::PathBuf;

const REQUIREMENTS: &str = "tests/peers/requirements.txt";
const PYTORCH: &str = "tests/peers/pytorch.py";
const INTERCHANGE: &str = "tests/peers/interchange.py";
/// A Python that has the packages already.
const PYTHON: &str = "SPIKING_PYTHON";

/// Brings the tools and runs nothing but this check.
///
/// # Errors
/// When Python is missing, or the two do not agree.
pub fn alone() -> Result<()> {
    let steps = Steps::new(STEPS + 1);
    let tools = Tools::bring(&steps)?;
    check(&tools, &steps)
}

/// Runs the scripts that hold PyTorch and other simulators against the program.
///
/// # Errors
/// When Python is missing, or the two do not agree.
pub fn check(tools: &Tools, steps: &Steps) -> Result<()> {
    let python = python(tools, steps)?;
    steps.note("PyTorch opens our files and we open its");
    tools.cmd("cargo", ["build", "--release", "--quiet"]).run()?;
    let program = target()?.join("release").join(if cfg!(windows) { "spiking.exe" } else { "spiking" });
    let arguments = [OsStr::new(PYTORCH), program.as_os_str(), "models/mnist.safetensors".as_ref(), "data".as_ref()];
    tools.cmd(&python.to_string_lossy(), arguments).run()?;
    steps.note(
        "snnTorch, Norse and SpikingJelly fire as our networks do, and the programs that we write give our scores",
    );
    let arguments = [OsStr::new(INTERCHANGE), program.as_os_str(), "data".as_ref()];
    tools.cmd(&python.to_string_lossy(), arguments).run()?;
    Ok(())
}

/// A Python with the packages: in an environment of its own in the cache, made once for these versions.
fn python(tools: &Tools, steps: &Steps) -> Result<PathBuf> {
    if let Some(python) = std::env::var_os(PYTHON).filter(|python| !python.is_empty()) {
        steps.begin(&format!("PyTorch: that of {}", python.display()));
        return Ok(python.into());
    }
    let wanted = fs::read_to_string(REQUIREMENTS)?;
    let folder = std::path::absolute(cache().join("pytorch"))?;
    let (stamp, programs) = (folder.join("installed.txt"), if cfg!(windows) { "Scripts" } else { "bin" });
    let python = folder.join(programs).join(if cfg!(windows) { "python.exe" } else { "python" });
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        steps.begin("PyTorch: there");
        return Ok(python);
    }
    if says(&tools.cmd("python3", ["-c", "import venv, ensurepip"])).is_none() {
        bail!(
            "the peers need Python 3 with venv: install python3-venv (on Debian: sudo apt-get install python3-venv), \
             or set {PYTHON} to a Python that has the packages of {REQUIREMENTS}"
        );
    }
    let place = folder.display();
    steps.begin(&format!("PyTorch: installing it into {place}, some 4 minutes and 7 GB (1 GB without CUDA)"));
    tools.cmd("python3", ["-m".as_ref(), "venv".as_ref(), "--clear".as_ref(), folder.as_os_str()]).run()?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS];
    tools.cmd(&python.to_string_lossy(), pip).run()?;
    fs::write(&stamp, wanted)?;
    Ok(python)
}
