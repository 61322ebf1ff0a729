//! The engine for graphics cards: it takes longer to build than all the rest, and the page is usable without it, so it is
//! built beside the page, into a folder of its own, and put into the page from there.
//!
//! Cargo locks a target folder for as long as it builds in it. The engine therefore has one of its own: in that of the
//! other programs it would keep `trunk serve` from building, and so from answering, until it is done. What both engines are
//! made of is compiled once more for that; CONTRIBUTING.md says what it costs.

use crate::build_script::{Build, ENDS};
use crate::minify;
use crate::run::Steps;
use crate::tools::{Tools, WASM, target};
use anyhow::{Context, Result};
use fs_err as fs;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

const ENGINE: &str = "engine_gpu";
/// What a worker starts from, as Trunk writes it for the other engine.
const LOADER: &str = "import init from './engine_gpu.js';await init();";
/// What Trunk locks while it builds a page and puts it in the place of the one before.
const TRUNK_LOCK: &str = ".trunk-lock";
/// The flag of a command that leaves the engine out.
const WITHOUT: &str = "--no-gpu";

/// Takes the flag that leaves the engine out from what is meant for Trunk.
pub fn wanted(arguments: &[OsString]) -> (bool, Vec<OsString>) {
    let rest: Vec<OsString> = arguments.iter().filter(|argument| *argument != WITHOUT).cloned().collect();
    (rest.len() == arguments.len(), rest)
}

/// Where cargo builds the engine.
fn own_target() -> Result<PathBuf> {
    Ok(target()?.join("gpu"))
}

/// The files of the engine in its folder: program, script, loader.
fn files(folder: &Path) -> [PathBuf; 3] {
    ENDS.map(|end| folder.join(format!("{ENGINE}{end}")))
}

/// Builds the engine: one step. [`add_to`] puts it into the page.
///
/// # Errors
/// When it cannot be built.
pub fn build(tools: &Tools, steps: &Steps) -> Result<()> {
    steps.begin("Engine for graphics cards: some 6 minutes the first time on two cores");
    let own = own_target()?;
    let build = ["build", "--target", WASM, "--profile", "web", "--no-default-features", "--features", "web,gpu"];
    let place = [OsString::from("--bin"), ENGINE.into(), "--target-dir".into(), own.clone().into()];
    tools.cmd("cargo", build.map(OsString::from).into_iter().chain(place)).run()?;
    let program = own.join(WASM).join("web").join(ENGINE).with_extension("wasm");
    let folder = fresh()?;
    let bindgen = ["--target", "web", "--no-typescript", "--out-name", ENGINE, "--out-dir"].map(OsString::from);
    tools.cmd("wasm-bindgen", bindgen.into_iter().chain([folder.clone().into(), program.into()])).run()?;
    let [_, script, loader] = files(&folder);
    fs::write(loader, LOADER)?;
    minify::scripts(tools, &folder, &[script], &["--format=esm".to_owned()])
}

/// Where the engine lies that was built and is in no page yet.
fn fresh() -> Result<PathBuf> {
    Ok(target()?.join(format!("{ENGINE}.new")))
}

/// Lays the files of the engine into the folder in which Trunk puts a page together, if it was built.
///
/// # Errors
/// When a file cannot be copied.
pub fn lay_into(folder: &Path) -> Result<()> {
    lay(&target()?.join(ENGINE), folder)
}

fn lay(engine: &Path, folder: &Path) -> Result<()> {
    let files = files(engine);
    if files.iter().any(|file| !file.is_file()) {
        return Ok(());
    }
    files.iter().try_for_each(|file| Ok(fs::copy(file, folder.join(file.file_name().unwrap_or_default())).map(drop)?))
}

/// Puts the engine that was built into the page in dist/, which may be served.
///
/// # Errors
/// When there is no page, or a file cannot be moved.
pub fn add_to(dist: &Path) -> Result<()> {
    add(&fresh()?, &target()?.join(ENGINE), dist)
}

/// The engine in `fresh`, if one is there, takes the place of that in `engine`, from where it goes into the page.
fn add(fresh: &Path, engine: &Path, dist: &Path) -> Result<()> {
    // Trunk builds no page meanwhile: it would find half of an engine, or take away the folder in which the page is.
    let lock = dist.join(TRUNK_LOCK);
    let held = File::options().create(true).truncate(false).write(true).open(&lock);
    let _held = held.and_then(|held| held.lock().map(|()| held)).with_context(|| lock.display().to_string())?;
    if files(fresh).iter().all(|file| file.is_file()) {
        if engine.exists() {
            fs::remove_dir_all(engine)?;
        }
        fs::rename(fresh, engine)?;
    }
    lay(engine, dist)?;
    // Documents, scripts and the list of files name another build now.
    let mut build = Build::read(dist)?;
    build.place_programs(dist)?;
    build.write(dist)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build_script::tests::{Folder, unbuilt};
    use std::sync::mpsc;
    use std::thread;

    /// A page that was built, in place of another.
    fn build_page(dist: &Path) {
        fs::create_dir_all(dist).unwrap();
        for folder in ["parts", "programs"] {
            drop(fs::remove_dir_all(dist.join(folder)));
        }
        unbuilt(dist);
        Build::new(dist, true).write(dist).unwrap();
    }

    fn build_engine(folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        files(folder).iter().for_each(|file| fs::write(file, "engine").unwrap());
    }

    fn has_engine(dist: &Path) -> bool {
        let build = Build::read(dist).unwrap();
        let stem = build.programs.get(ENGINE).and_then(|stem| stem.as_str());
        let list = fs::read_to_string(dist.join("files.js")).unwrap();
        stem.is_some_and(|stem| list.contains(stem) && dist.join(format!("{stem}_loader.js")).is_file())
    }

    #[test]
    fn the_engine_waits_for_a_page_that_is_being_replaced() {
        let folder = Folder::new("gpu-lock");
        let (fresh, engine, dist) = (folder.0.join("new"), folder.0.join("engine"), folder.0.join("dist"));
        build_engine(&fresh);
        fs::create_dir_all(&dist).unwrap();
        // Trunk holds its lock, and has taken the older page away.
        let lock = File::create(dist.join(TRUNK_LOCK)).unwrap();
        lock.lock().unwrap();
        let (done, is_done) = mpsc::channel();
        let adding = thread::spawn({
            let (fresh, engine, dist) = (fresh.clone(), engine.clone(), dist.clone());
            move || done.send(add(&fresh, &engine, &dist))
        });
        assert!(is_done.try_recv().is_err() && fresh.exists() && !engine.exists(), "nothing is touched meanwhile");
        build_page(&dist);
        lock.unlock().unwrap();
        is_done.recv().unwrap().unwrap();
        adding.join().unwrap().unwrap();
        assert!(has_engine(&dist) && engine.exists() && !fresh.exists());
    }

    #[test]
    fn an_engine_takes_the_place_of_an_older_one_and_stays_for_the_next_page() {
        let folder = Folder::new("gpu-older");
        let (fresh, engine, dist) = (folder.0.join("new"), folder.0.join("engine"), folder.0.join("dist"));
        fs::create_dir_all(&dist).unwrap();
        for text in ["older", "newer"] {
            build_engine(&fresh);
            fs::write(fresh.join("engine_gpu.js"), text).unwrap();
            build_page(&dist);
            add(&fresh, &engine, &dist).unwrap();
            assert!(has_engine(&dist));
        }
        assert_eq!(fs::read_to_string(engine.join("engine_gpu.js")).unwrap(), "newer");
        assert_eq!(fs::read_dir(dist.join("programs")).unwrap().count(), 1, "the older one is gone");
        // What Trunk puts together next has it from its hook.
        let staging = folder.0.join("staging");
        fs::create_dir_all(&staging).unwrap();
        lay(&engine, &staging).unwrap();
        assert!(files(&staging).iter().all(|file| file.is_file()));
    }

    #[test]
    fn a_page_that_is_not_there_is_said_and_nothing_is_lost() {
        let folder = Folder::new("gpu-missing");
        let (fresh, engine, dist) = (folder.0.join("new"), folder.0.join("engine"), folder.0.join("dist"));
        build_engine(&fresh);
        assert!(add(&fresh, &engine, &dist).is_err_and(|error| error.to_string().contains("dist")));
        fs::create_dir_all(&dist).unwrap();
        assert!(add(&fresh, &engine, &dist).is_err_and(|error| format!("{error:#}").contains("parts")));
        build_page(&dist);
        add(&fresh, &engine, &dist).unwrap();
        assert!(has_engine(&dist));
    }
}
