//! `cargo xtask bench --grid`: how the cost of a training step grows.

use crate::limited::output;
use crate::setup::Setup;
use crate::{Options, report};
use anyhow::Result;
use duct::cmd;
use std::time::Duration;
use xtask::run::Steps;

/// Runs the grid and each kernel; writes both tables.
///
/// # Errors
/// When one fails, or the file cannot be written.
pub fn run(options: &Options, setup: &Setup, circumstances: &str, steps: &Steps) -> Result<()> {
    steps.begin("The grid and the kernels: some three minutes");
    let seconds = if options.quick { "0.2" } else { "4" };
    let bench = |name: &str, seconds: &str| {
        let program = setup.program(name)?;
        output(&cmd(program, ["--seconds", seconds]), Duration::from_secs(1800))
    };
    let grid = bench("grid", seconds)?;
    println!("{grid}");
    let kernels = bench("kernels", seconds)?;
    println!("{kernels}");
    if !options.writes() {
        return Ok(());
    }
    let body = format!(
        "{circumstances}.\n\n\
         A whole training step, from encoding to Adam, on noise in which every input neuron fires at the share of the\n\
         time steps given, 784-H-10, all cores. One quantity is varied at a time. A synaptic operation is an input spike\n\
         that meets a hidden neuron.\n\n{grid}\n\
         Each kernel on a batch of MNIST, 784-256-10, T = 25, batch 64, all cores (median of a call):\n\n```text\n{kernels}```",
    );
    report::write("grid", "## How the cost grows", &body)?;
    eprintln!("Written into {}", report::FILE);
    Ok(())
}
