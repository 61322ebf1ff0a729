//! Building and serving the page.

use crate::hook;
use crate::run::{Result, Steps, run};
use crate::sizes;
use crate::tools::{STEPS, Tools};

/// `cargo xtask serve`
pub fn serve(arguments: &[String]) -> Result<()> {
    let mut steps = Steps::new(STEPS + 2);
    let tools = Tools::bring(&mut steps)?;
    shards(&tools, &mut steps)?;
    steps.next();
    steps
        .say("Page and engine: some 6 minutes the first time on two cores; the address stands below when it is served");
    run(tools.wasm_command("trunk").args(["serve", "--release"]).args(arguments))
}

/// `cargo xtask build`
pub fn build(arguments: &[String]) -> Result<()> {
    let mut steps = Steps::new(STEPS + 2);
    let tools = Tools::bring(&mut steps)?;
    bundle(&tools, &mut steps, arguments)?;
    sizes::check(&tools)?;
    eprintln!("The page is in dist/: plain files, for any host.");
    Ok(())
}

/// Shards and page into dist/: two steps.
pub fn bundle(tools: &Tools, steps: &mut Steps, arguments: &[String]) -> Result<()> {
    shards(tools, steps)?;
    steps.next();
    steps.say("Page and engine: building them, some 6 minutes the first time on two cores");
    run(tools.wasm_command("trunk").args(["build", "--release"]).args(arguments))
}

/// The data sets in pieces, by the command-line program without burn, which is built in a minute or two. The page needs
/// the first; another that cannot be had is left out.
fn shards(tools: &Tools, steps: &mut Steps) -> Result<()> {
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
