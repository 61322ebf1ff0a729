//! The engine for graphics cards: it takes longer to build than all the rest, and the page is usable without it, so it is
//! built beside the page, into a folder of its own, and put into the page from there.

use crate::hook;
use crate::html::content;
use crate::offline;
use crate::run::{Result, Steps, at, run};
use crate::tools::{Tools, WASM, target};
use std::fs;
use std::path::{Path, PathBuf};

const ENGINE: &str = "engine_gpu";
/// What a worker starts from, as Trunk writes it for the other engine.
const LOADER: &str = "import init from './engine_gpu.js';await init();";
/// The flag of a command that leaves the engine out.
const WITHOUT: &str = "--no-gpu";

/// Takes the flag that leaves the engine out from what is meant for Trunk.
pub fn wanted(arguments: &[String]) -> (bool, Vec<String>) {
    let rest: Vec<String> = arguments.iter().filter(|argument| *argument != WITHOUT).cloned().collect();
    (rest.len() == arguments.len(), rest)
}

/// The files of the engine, as it was last built: program, script, loader.
fn files() -> [PathBuf; 3] {
    let folder = target().join(ENGINE);
    [format!("{ENGINE}_bg.wasm"), format!("{ENGINE}.js"), format!("{ENGINE}_loader.js")].map(|name| folder.join(name))
}

/// Builds the engine: one step.
pub fn build(tools: &Tools, steps: &mut Steps) -> Result<()> {
    steps.next();
    steps.say("Engine for graphics cards: some 6 minutes the first time on two cores");
    let mut cargo = tools.wasm_command("cargo");
    cargo.args(["build", "--target", WASM, "--profile", "web", "--no-default-features", "--features", "web,gpu"]);
    run(cargo.args(["--bin", ENGINE]))?;
    let program = target().join(WASM).join("web").join(ENGINE).with_extension("wasm");
    let folder = target().join(format!("{ENGINE}.new"));
    let mut bindgen = tools.command("wasm-bindgen");
    bindgen.args(["--target", "web", "--no-typescript", "--out-name", ENGINE, "--out-dir"]).arg(&folder).arg(program);
    run(&mut bindgen)?;
    let loader = folder.join(format!("{ENGINE}_loader.js"));
    fs::write(&loader, LOADER).map_err(at(&loader))?;
    // Half of an engine must not be put into a page.
    let place = target().join(ENGINE);
    if place.exists() {
        fs::remove_dir_all(&place).map_err(at(&place))?;
    }
    fs::rename(&folder, &place).map_err(at(&place))
}

/// Lays the files of the engine into a folder, if it was built.
pub fn lay_into(folder: &Path) -> Result<()> {
    if files().iter().any(|file| !file.is_file()) {
        return Ok(());
    }
    files().iter().try_for_each(|file| {
        fs::copy(file, folder.join(file.file_name().unwrap_or_default())).map(drop).map_err(at(file))
    })
}

/// Puts the engine into the page in dist/, which is there and may be served.
pub fn add_to(dist: &Path) -> Result<()> {
    lay_into(dist)?;
    hook::place_engines(dist)?;
    // The page and its list have changed; a build without a list has none still.
    let page = dist.join("index.html");
    let html = fs::read_to_string(&page).map_err(at(&page))?;
    match content(&html, "service") {
        Some("none") | None => Ok(()),
        Some(_) => offline::list_files(dist),
    }
}
