//! What the participants need: our programs, the page, a Python with the peers, npm packages.

use super::Options;
use super::process::{Limit, shown};
use crate::gpu;
use crate::page;
use crate::run::{Result, Steps, at, find};
use crate::tools::{Tools, target};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

/// Where the peers' npm packages are listed.
const NPM: &str = "benches/browser";
/// The peers' Python packages, a `name==version` a line.
const REQUIREMENTS: &str = "benches/peers/requirements.txt";

/// All that is there, and why the rest is not.
pub struct Setup {
    /// Our programs by name.
    programs: BTreeMap<String, PathBuf>,
    /// Node.js and Chromium, with the built page.
    pub browser: Result<Browser>,
    /// npm packages of the peers.
    pub npm: Result<()>,
    /// The Python that has PyTorch.
    pub python: Result<PathBuf>,
    /// Python packages that could not be had, with the reason.
    pub absent: BTreeMap<String, String>,
}

/// What runs a page.
pub struct Browser {
    tools: Tools,
    chromium: PathBuf,
}

impl Browser {
    /// The driver of the benches in the browser.
    pub fn driver(&self) -> Command {
        let mut node = self.tools.command("node");
        node.arg(format!("{NPM}/run.mjs")).env("CHROMIUM", &self.chromium);
        node
    }

    /// Builds the engine for graphics cards and puts it into the page.
    pub fn add_card_engine(&self, steps: &mut Steps) -> Result<()> {
        gpu::build(&self.tools, steps)?;
        gpu::add_to(Path::new("dist"))
    }
}

impl Setup {
    /// Builds and fetches. What fails is noted, and only our own programs are indispensable.
    pub fn bring(options: &Options, steps: &mut Steps) -> Result<Self> {
        steps.next();
        steps.say("Our programs: some minutes where burn is not built yet");
        let programs = programs()?;
        let mut setup = Self {
            programs,
            browser: Err("left out by --no-browser".to_owned()),
            npm: Err("left out by --no-browser".to_owned()),
            python: Err("left out by --no-python".to_owned()),
            absent: BTreeMap::new(),
        };
        if options.grid {
            return Ok(setup);
        }
        steps.next();
        if options.python {
            steps.say("PyTorch and its peers: some gigabytes the first time");
            setup.python = python();
            if let Ok(python) = &setup.python {
                setup.absent = packages(python)?;
            }
        }
        if options.browser {
            setup.browser = browser(steps);
            steps.next();
            steps.say("npm packages of the peers");
            setup.npm = setup.browser.as_ref().map_err(Clone::clone).and_then(|browser| npm(&browser.tools));
        }
        Ok(setup)
    }

    /// One of our programs: `spiking`, or a bench.
    pub fn program(&self, name: &str) -> Result<&Path> {
        self.programs.get(name).map(PathBuf::as_path).ok_or_else(|| format!("cargo built no {name}"))
    }
}

/// Builds the program and the benches and gives their files. With `web`, as the tests are built: one burn serves both.
fn programs() -> Result<BTreeMap<String, PathBuf>> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--features", "web,gpu", "--bin", "spiking", "--benches"]);
    cargo.arg("--message-format=json-render-diagnostics").env_remove("CARGO");
    let output = cargo.stderr(Stdio::inherit()).output().map_err(|error| format!("cargo cannot be run: {error}"))?;
    if !output.status.success() {
        return Err("our programs do not build".to_owned());
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(built).collect())
}

/// The name and the file of a program that a line of cargo's messages speaks of.
fn built(line: &str) -> Option<(String, PathBuf)> {
    let text = |key: &str| {
        let (_, rest) = line.split_once(&format!("\"{key}\":\""))?;
        Some(rest.split('"').next()?.replace("\\\\", "\\"))
    };
    let file = text("executable")?;
    // The target's name follows its kind; the package's own name is not called so.
    Some((text("name")?, PathBuf::from(file)))
}

/// The Python of an environment of our own, with PyTorch in it.
fn python() -> Result<PathBuf> {
    let folder = target().join("peers");
    let programs = [folder.join("bin/python"), folder.join("Scripts/python.exe")];
    let there = || programs.iter().find(|program| program.is_file()).cloned();
    if there().is_none() {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let python =
            ["python3", "python"].iter().find_map(|name| find(name, &path)).ok_or("there is no Python here")?;
        shown(Command::new(python).args(["-m", "venv"]).arg(&folder), Limit::seconds(300.0))?;
    }
    let python = there().ok_or("venv made no Python")?;
    let torch = requirements()?.into_iter().next().ok_or("the list of Python packages is empty")?;
    install(&python, &torch)?;
    Ok(python)
}

fn requirements() -> Result<Vec<String>> {
    let list = fs::read_to_string(REQUIREMENTS).map_err(at(Path::new(REQUIREMENTS)))?;
    Ok(list.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect())
}

/// The packages one by one, so that one that cannot be had stops no other. Gives those.
fn packages(python: &Path) -> Result<BTreeMap<String, String>> {
    let failed = requirements()?.into_iter().filter_map(|package| {
        let reason = install(python, &package).err()?;
        Some((package.split("==").next().unwrap_or_default().to_owned(), reason))
    });
    Ok(failed.collect())
}

fn install(python: &Path, package: &str) -> Result<()> {
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--timeout", "30"]);
    shown(pip.args(["--constraint", REQUIREMENTS, package]), Limit::seconds(3600.0))
}

/// Node.js, Chromium and the page, which is built where it is missing or older than its sources.
fn browser(steps: &mut Steps) -> Result<Browser> {
    let tools = Tools::bring(steps)?;
    let chromium = tools.browser(steps)?;
    let page = Path::new("dist/index.html");
    let sources = ["src", "www", "Cargo.toml", "Cargo.lock"].iter().filter_map(|path| newest(Path::new(path))).max();
    let age = page.metadata().and_then(|file| file.modified()).ok();
    if age.is_none() || sources > age {
        let why = if age.is_none() { "missing" } else { "older than its sources" };
        eprintln!("dist/ is {why}: building the page");
        page::bundle(&tools, &mut Steps::new(2), &[])?;
    }
    Ok(Browser { tools, chromium })
}

/// When the newest file in a folder was changed.
fn newest(path: &Path) -> Option<SystemTime> {
    if path.is_dir() && !path.ends_with("shards") {
        return fs::read_dir(path).ok()?.filter_map(|entry| newest(&entry.ok()?.path())).max();
    }
    path.metadata().ok()?.modified().ok()
}

fn npm(tools: &Tools) -> Result<()> {
    let (lock, stamp) = (format!("{NPM}/package-lock.json"), format!("{NPM}/node_modules/.installed"));
    let wanted = fs::read_to_string(&lock).map_err(at(Path::new(&lock)))?;
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let mut npm = tools.command("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]).current_dir(NPM);
    shown(&mut npm, Limit::seconds(900.0))?;
    fs::write(&stamp, wanted).map_err(at(Path::new(&stamp)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_read_off_cargo() {
        let line = r#"{"reason":"compiler-artifact","package_id":"path+file:///x#p@1","target":{"kind":["bench"],"crate_types":["bin"],"name":"plain","src_path":"/x"},"executable":"C:\\t\\plain-1","fresh":true}"#;
        assert_eq!(built(line), Some(("plain".to_owned(), PathBuf::from("C:\\t\\plain-1"))));
        assert_eq!(built(r#"{"target":{"name":"lib"},"executable":null}"#), None);
    }
}
