//! Building and serving the page.

use crate::gpu;
use crate::hook;
use crate::run::{Result, Steps, run};
use crate::sizes;
use crate::tools::{STEPS, Tools};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

/// How often, two seconds apart, the engine for graphics cards is put into a page that is being served.
const TRIES: u32 = 30;

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
        match gpu::build(&tools, &mut steps).and_then(|()| add_while_served()) {
            Ok(()) => steps.say("Load the page again: the engine for graphics cards is there"),
            Err(error) => steps.say(&format!("The page goes without an engine for graphics cards: {error}")),
        }
    }
    match served.wait() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`trunk serve` ended ({status})")),
        Err(error) => Err(format!("`trunk serve`: {error}")),
    }
}

/// The server builds the page once more when it starts, and then puts another folder in the place of this one: what is
/// lost on the way is added again.
fn add_while_served() -> Result<()> {
    for _ in 0..TRIES {
        if gpu::add_to(Path::new("dist")).is_ok() {
            return Ok(());
        }
        sleep(Duration::from_secs(2));
    }
    gpu::add_to(Path::new("dist"))
}

/// `cargo xtask build`
pub fn build(arguments: &[String]) -> Result<()> {
    let (with_gpu, arguments) = gpu::wanted(arguments);
    let mut steps = Steps::new(STEPS + 2 + usize::from(with_gpu));
    let tools = Tools::bring(&mut steps)?;
    bundle(&tools, &mut steps, &arguments)?;
    if with_gpu {
        gpu::build(&tools, &mut steps)?;
        gpu::add_to(Path::new("dist"))?;
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
