//! What the participants need: our programs, the page, a Python with the peers, npm packages.

use crate::Options;
use crate::limited::shown;
use anyhow::{Context, Result, anyhow};
use duct::{Expression, cmd};
use fs_err as fs;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use xtask::run::{Steps, find};
use xtask::tools::{Tools, target};
use xtask::{gpu, page};

/// Where the peers' npm packages are listed.
const NPM: &str = "benches/browser";
/// What drives them in the browser.
const SCRIPT: &str = "benches/browser/run.mjs";
/// The peers' Python packages, a `name==version` a line.
const REQUIREMENTS: &str = "benches/peers/requirements.txt";

/// Something that is there, or why it is not.
pub type Had<T> = std::result::Result<T, String>;

/// What is there.
///
/// # Errors
/// Why it is not.
pub fn had<T>(it: &Had<T>) -> Result<&T> {
    it.as_ref().map_err(|reason| anyhow!("{reason}"))
}

fn noted<T>(result: Result<T>) -> Had<T> {
    result.map_err(|error| format!("{error:#}"))
}

/// All that is there, and why the rest is not.
pub struct Setup {
    /// Our programs by name.
    programs: BTreeMap<String, PathBuf>,
    /// Node.js and Chromium, with the built page.
    pub browser: Had<Browser>,
    /// npm packages of the peers.
    pub npm: Had<()>,
    /// The Python that has PyTorch.
    pub python: Had<PathBuf>,
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
    pub fn driver<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Expression {
        self.tools.cmd("node", [SCRIPT].into_iter().chain(arguments)).env("CHROMIUM", &self.chromium)
    }

    /// Builds the engine for graphics cards and puts it into the page.
    ///
    /// # Errors
    /// When it cannot be built, or there is no page.
    pub fn add_card_engine(&self, steps: &Steps) -> Result<()> {
        gpu::build(&self.tools, steps)?;
        gpu::add_to(Path::new("dist"))
    }
}

impl Setup {
    /// Builds and fetches. What fails is noted.
    ///
    /// # Errors
    /// When our own programs cannot be built: only they are indispensable.
    pub fn bring(options: &Options, steps: &Steps) -> Result<Self> {
        steps.begin("Our programs: some minutes where burn is not built yet");
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
        if options.python {
            steps.begin("PyTorch and its peers: some gigabytes the first time");
            setup.python = noted(python());
            if let Ok(python) = &setup.python {
                setup.absent = packages(python)?;
            }
        }
        if options.browser {
            setup.browser = noted(browser(steps));
            steps.begin("npm packages of the peers");
            setup.npm = setup.browser.as_ref().map_err(Clone::clone).and_then(|browser| noted(npm(&browser.tools)));
        }
        Ok(setup)
    }

    /// One of our programs: `spiking`, or a bench.
    ///
    /// # Errors
    /// When cargo built none of that name.
    pub fn program(&self, name: &str) -> Result<&Path> {
        self.programs.get(name).map(PathBuf::as_path).with_context(|| format!("cargo built no {name}"))
    }
}

/// Builds the program and the benches and gives their files. With `web`, as the tests are built: one burn serves both.
fn programs() -> Result<BTreeMap<String, PathBuf>> {
    let build = ["build", "--release", "--features", "web,gpu", "--bin", "spiking", "--benches"];
    let messages = build.into_iter().chain(["--message-format=json-render-diagnostics"]);
    let said = cmd("cargo", messages).env_remove("CARGO").read().context("our programs do not build")?;
    Ok(said.lines().filter_map(built).collect())
}

/// The name and the file of a program that a line of cargo's messages speaks of.
fn built(line: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(line).ok()?;
    Some((message["target"]["name"].as_str()?.to_owned(), message["executable"].as_str()?.into()))
}

/// The Python of an environment of our own, with PyTorch in it.
fn python() -> Result<PathBuf> {
    let folder = target()?.join("peers");
    let programs = [folder.join("bin/python"), folder.join("Scripts/python.exe")];
    let there = || programs.iter().find(|program| program.is_file()).cloned();
    if there().is_none() {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let python =
            ["python3", "python"].iter().find_map(|name| find(name, &path)).context("there is no Python here")?;
        let venv = ["-m".into(), "venv".into(), folder.clone().into_os_string()];
        shown(&cmd(python, venv), Duration::from_secs(300))?;
    }
    let python = there().context("venv made no Python")?;
    let torch = requirements()?.into_iter().next().context("the list of Python packages is empty")?;
    install(&python, &torch)?;
    Ok(python)
}

fn requirements() -> Result<Vec<String>> {
    let list = fs::read_to_string(REQUIREMENTS)?;
    Ok(list.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect())
}

/// The packages one by one, so that one that cannot be had stops no other. Gives those.
fn packages(python: &Path) -> Result<BTreeMap<String, String>> {
    let failed = requirements()?.into_iter().filter_map(|package| {
        let reason = install(python, &package).err()?;
        Some((package.split("==").next().unwrap_or_default().to_owned(), format!("{reason:#}")))
    });
    Ok(failed.collect())
}

fn install(python: &Path, package: &str) -> Result<()> {
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--timeout", "30"];
    shown(&cmd(python, pip.iter().chain(&["--constraint", REQUIREMENTS, package])), Duration::from_secs(3600))
}

/// Node.js, Chromium and the page, which is built where it is missing or older than its sources.
fn browser(steps: &Steps) -> Result<Browser> {
    let tools = Tools::bring(steps)?;
    let chromium = tools.browser(steps)?;
    let page = Path::new("dist/index.html");
    let sources = ["src", "www", "Cargo.toml", "Cargo.lock"].iter().filter_map(|path| newest(Path::new(path))).max();
    let age = page.metadata().and_then(|file| file.modified()).ok();
    if age.is_none() || sources > age {
        let why = if age.is_none() { "missing" } else { "older than its sources" };
        eprintln!("dist/ is {why}: building the page");
        page::bundle(&tools, &Steps::new(2))?;
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
    let wanted = fs::read_to_string(&lock)?;
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let npm = tools.cmd("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]).dir(NPM);
    shown(&npm, Duration::from_secs(900))?;
    Ok(fs::write(&stamp, wanted)?)
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
