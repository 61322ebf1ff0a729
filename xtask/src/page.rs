//! Building and serving the page.

use crate::build_script::SETS;
use crate::gpu;
use crate::hook;
use crate::html::{attribute, links};
use crate::published;
use crate::run::Steps;
use crate::sizes;
use crate::tools::{STEPS, Tools, WASM};
use anyhow::{Context, Result};
use duct::Handle;
use std::ffi::OsString;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

/// Where Trunk puts the page.
const DIST: &str = "dist";
/// The profile of the page's programs, where index.html names no other: that of Trunk.toml.
const PROFILE: &str = "web";
/// How long to wait before the engine for graphics cards is put once more into a page that was not there.
const PAUSE: Duration = Duration::from_secs(2);

/// `cargo xtask serve`: the page first, then the engine for graphics cards while it is served.
///
/// # Errors
/// When a tool cannot be had, the page cannot be built, or Trunk fails.
pub fn serve(arguments: &[OsString]) -> Result<()> {
    let (with_gpu, arguments) = gpu::wanted(arguments);
    let steps = Steps::new(STEPS + 2 + usize::from(with_gpu));
    let tools = prepare(&steps)?;
    programs(&tools, &steps, &[], None)?;
    let server = ["serve", "--release"].map(OsString::from).into_iter().chain(arguments);
    let served = tools.cmd("trunk", server).start()?;
    if with_gpu {
        // The page is served whether or not this succeeds.
        let added = gpu::build(&tools, &steps).and_then(|()| add_while_served(&served, &steps));
        match added {
            Ok(true) => steps.note("Load the page again: the engine for graphics cards is there"),
            Ok(false) => {}
            Err(error) => steps.note(&format!("The page goes without an engine for graphics cards: {error:#}")),
        }
    }
    served.wait()?;
    Ok(())
}

/// Puts the engine for graphics cards into the page that is served, as soon as there is one: a page that cannot be built
/// because of an error in it has to be mended first. False if the server ended before.
fn add_while_served(served: &Handle, steps: &Steps) -> Result<bool> {
    let mut told = false;
    while served.try_wait()?.is_none() {
        match gpu::add_to(Path::new(DIST)) {
            Ok(()) => return Ok(true),
            Err(error) if !told => {
                steps.note(&format!("The engine for graphics cards waits for a page: {error:#}"));
                told = true;
            }
            Err(_) => {}
        }
        sleep(PAUSE);
    }
    Ok(false)
}

/// `cargo xtask build`
///
/// # Errors
/// When a tool cannot be had, the page cannot be built, or is too large.
pub fn build(arguments: &[OsString]) -> Result<()> {
    let (url, arguments) = published::wanted(arguments)?;
    let (with_gpu, arguments) = gpu::wanted(&arguments);
    let steps = Steps::new(STEPS + 2 + usize::from(with_gpu));
    let tools = prepare(&steps)?;
    programs(&tools, &steps, &arguments, url.as_deref())?;
    if with_gpu {
        gpu::build(&tools, &steps)?;
        gpu::add_to(Path::new(DIST))?;
    }
    sizes::check(&tools)?;
    eprintln!("The page is in dist/: plain files, for any host.");
    Ok(())
}

/// Tools and data: all steps of [`Tools::bring`] and one more. The page needs no tool before its programs are compiled, so
/// while tools are built, cargo compiles what Trunk will ask it for.
fn prepare(steps: &Steps) -> Result<Tools> {
    Tools::bring_beside(steps, |tools, takes_long| {
        shards(tools, steps)?;
        if takes_long {
            steps.note("Page and engine: their programs are compiled meanwhile");
            compile(tools)?;
        }
        Ok(())
    })
}

/// Compiles the programs that index.html names, as Trunk does.
fn compile(tools: &Tools) -> Result<()> {
    let html = fs_err::read_to_string(hook::PAGE)?;
    for link in links(&html).filter(|link| attribute(link, "rel") == Some("rust")) {
        tools.cmd("cargo", build_of(link)?).run()?;
    }
    Ok(())
}

/// What Trunk tells cargo about a `<link data-trunk rel="rust">`.
fn build_of(link: &str) -> Result<Vec<String>> {
    let bin = attribute(link, "data-bin").with_context(|| format!("{} has a program without a name", hook::PAGE))?;
    let profile = attribute(link, "data-cargo-profile").unwrap_or(PROFILE);
    let mut arguments = vec!["build", "--target", WASM, "--profile", profile, "--bin", bin];
    if attribute(link, "data-cargo-no-default-features").is_some() {
        arguments.push("--no-default-features");
    }
    if let Some(features) = attribute(link, "data-cargo-features") {
        arguments.extend(["--features", features]);
    }
    Ok(arguments.into_iter().map(str::to_owned).collect())
}

/// Shards and page into dist/: two steps.
///
/// # Errors
/// When data cannot be had or the page cannot be built.
pub fn bundle(tools: &Tools, steps: &Steps) -> Result<()> {
    shards(tools, steps)?;
    programs(tools, steps, &[], None)
}

/// The page, its data being there, into dist/: one step. `url` is where it will be published, if that is known.
///
/// # Errors
/// When it cannot be built.
pub fn programs(tools: &Tools, steps: &Steps, arguments: &[OsString], url: Option<&str>) -> Result<()> {
    steps.begin("Page and engine: building them, some 4 minutes on two cores where they are not compiled yet");
    let build = ["build", "--release"].map(OsString::from);
    let trunk = tools.cmd("trunk", build.iter().chain(arguments));
    let trunk = match url {
        Some(url) => trunk.env(published::VARIABLE, url),
        None => trunk.env_remove(published::VARIABLE),
    };
    trunk.run()?;
    Ok(())
}

/// What runs the command-line program without burn, which is soon built.
pub(crate) const SPIKING: [&str; 8] =
    ["run", "--quiet", "--profile", "shards", "--no-default-features", "--features", "cli", "--"];

/// The data sets in pieces, by the command-line program without burn, which is soon built: one step. The page
/// needs the first; another that cannot be had is left out.
///
/// # Errors
/// When the first cannot be had.
pub fn shards(tools: &Tools, steps: &Steps) -> Result<()> {
    steps.begin("Data for the page");
    let spiking = SPIKING.into_iter().chain(["shards", "--dataset"]);
    for (index, set) in SETS.into_iter().enumerate() {
        match tools.cmd("cargo", spiking.clone().chain([set])).run() {
            Err(_) if index > 0 => steps.note(&format!("The page goes without {set}, which cannot be had here.")),
            other => drop(other?),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_are_built_as_trunk_builds_them() {
        let html = fs_err::read_to_string(crate::root().join(hook::PAGE)).unwrap();
        let rust = links(&html).filter(|link| attribute(link, "rel") == Some("rust"));
        let builds: Vec<String> = rust.map(|link| build_of(link).unwrap().join(" ")).collect();
        let of = |bin: &str| builds.iter().find(|build| build.contains(&format!("--bin {bin} "))).unwrap();
        assert!(of("page").ends_with("--profile page --bin page --no-default-features --features web"));
        assert!(of("article").ends_with("--profile page --bin article --no-default-features --features web"));
        assert!(
            of("engine_cpu").ends_with("--profile web --bin engine_cpu --no-default-features --features web,engine")
        );
        assert!(
            of("photo_reader").ends_with("--profile web --bin photo_reader --no-default-features --features web,photo")
        );
        let trunk = fs_err::read_to_string(crate::root().join("Trunk.toml")).unwrap();
        assert!(trunk.contains(&format!("cargo_profile = \"{PROFILE}\"")));
    }
}
