//! Building and serving the page.

use crate::gpu;
use crate::hook;
use crate::run::{Result, Steps, run};
use crate::sizes;
use crate::tools::{STEPS, Tools};
use std::path::Path;
use std::process::Child;
use std::thread::sleep;
use std::time::Duration;

/// Where Trunk puts the page.
const DIST: &str = "dist";
/// How long to wait before the engine for graphics cards is put once more into a page that was not there.
const PAUSE: Duration = Duration::from_secs(2);

/// `cargo xtask serve`: the page first, then the engine for graphics cards while it is served.
pub fn serve(arguments: &[String]) -> Result<()> {
    let (with_gpu, arguments) = gpu::wanted(arguments);
    let mut steps = Steps::new(STEPS + 2 + usize::from(with_gpu));
    let tools = Tools::bring(&mut steps)?;
    bundle(&tools, &mut steps, &[])?;
    let mut server = tools.wasm_command("trunk");
    let server = server.args(["serve", "--release"]).args(arguments);
    let mut served = server.spawn().map_err(|error| format!("`trunk serve` cannot be run: {error}"))?;
    if with_gpu {
        // The page is served whether or not this succeeds.
        let added = gpu::build(&tools, &mut steps).and_then(|()| add_while_served(&mut served));
        match added {
            Ok(true) => steps.say("Load the page again: the engine for graphics cards is there"),
            Ok(false) => {}
            Err(error) => steps.say(&format!("The page goes without an engine for graphics cards: {error}")),
        }
    }
    match served.wait() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`trunk serve` ended ({status})")),
        Err(error) => Err(format!("`trunk serve`: {error}")),
    }
}

/// Puts the engine for graphics cards into the page that is served, as soon as there is one: a page that cannot be built
/// because of an error in it has to be mended first. False if the server ended before.
fn add_while_served(served: &mut Child) -> Result<bool> {
    let mut told = false;
    while served.try_wait().map_err(|error| format!("`trunk serve`: {error}"))?.is_none() {
        match gpu::add_to(Path::new(DIST)) {
            Ok(()) => return Ok(true),
            Err(error) if !told => {
                eprintln!("The engine for graphics cards waits for a page: {error}");
                told = true;
            }
            Err(_) => {}
        }
        sleep(PAUSE);
    }
    Ok(false)
}

/// `cargo xtask build`
pub fn build(arguments: &[String]) -> Result<()> {
    let (with_gpu, arguments) = gpu::wanted(arguments);
    let mut steps = Steps::new(STEPS + 2 + usize::from(with_gpu));
    let tools = Tools::bring(&mut steps)?;
    bundle(&tools, &mut steps, &arguments)?;
    if with_gpu {
        gpu::build(&tools, &mut steps)?;
        gpu::add_to(Path::new(DIST))?;
    }
    sizes::check(&tools)?;
    eprintln!("The page is in dist/: plain files, for any host.");
    Ok(())
}

/// Shards and page into dist/: two steps.
pub fn bundle(tools: &Tools, steps: &mut Steps, arguments: &[String]) -> Result<()> {
    shards(tools, steps)?;
    programs(tools, steps, arguments)
}

/// The page, its data being there, into dist/: one step.
pub fn programs(tools: &Tools, steps: &mut Steps, arguments: &[String]) -> Result<()> {
    steps.next();
    steps.say("Page and engine: building them, some 4 minutes the first time on two cores");
    run(tools.wasm_command("trunk").args(["build", "--release"]).args(arguments))
}

/// The data sets in pieces, by the command-line program without burn, which is built in a minute or two. The page needs
/// the first; another that cannot be had is left out.
pub fn shards(tools: &Tools, steps: &mut Steps) -> Result<()> {
    steps.next();
    steps.say("Data for the page");
    let spiking =
        ["run", "--quiet", "--release", "--no-default-features", "--features", "cli", "--", "shards", "--dataset"];
    for (index, set) in hook::sets()?.iter().enumerate() {
        match run(tools.command("cargo").args(spiking).arg(set)) {
            Err(_) if index > 0 => steps.say(&format!("The page goes without {set}, which cannot be had here.")),
            other => other?,
        }
    }
    Ok(())
}
