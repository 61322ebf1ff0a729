//! `cargo xtask bench --cards`: where a graphics card pays, natively and in the browser.

use crate::limited::output;
use crate::setup::{Setup, had};
use crate::{Options, report};
use anyhow::{Context, Result};
use duct::cmd;
use std::time::Duration;
use xtask::run::Steps;

/// Those who train on WebGPU, and how they are run.
const BROWSER: [(&str, [&str; 2]); 3] = [
    ("Spiking Playground", ["card", "dist"]),
    ("jax-js", ["jax", "webgpu"]),
    ("TensorFlow.js", ["tensorflow", "webgpu"]),
];

/// Runs both and writes the tables.
///
/// # Errors
/// When one fails, or the file cannot be written.
pub fn run(options: &Options, setup: &Setup, circumstances: &str, steps: &Steps) -> Result<()> {
    steps.begin("The grid: some minutes on a card, longer on a program in its place");
    let (seconds, sizes) = if options.quick { ("0.5", "2") } else { ("3", "5") };
    let grid = cmd(setup.program("cards")?, ["--seconds", seconds, "--sizes", sizes]);
    let grid = output(&grid, Duration::from_secs(1800))?;
    println!("{grid}");
    let mut rows =
        vec!["| on WebGPU, in the browser | images/s | ours ÷ theirs | |".to_owned(), "|---|--:|--:|---|".to_owned()];
    if options.browser {
        let browser = had(&setup.browser)?;
        browser.add_card_engine(steps)?;
        let mut ours = None;
        for (name, how) in BROWSER {
            let node = browser.driver(how.into_iter().chain(["--seconds", "12", "--warm-up", "2", "--limit", "290"]));
            let said = output(&node, Duration::from_secs(300))?;
            let word = |wanted: &str| said.lines().find_map(|line| line.strip_prefix(wanted)).map(str::trim);
            let rate: f64 =
                word("images_per_second ").and_then(|rate| rate.parse().ok()).context("no images per second")?;
            let ours = *ours.get_or_insert(rate);
            let version = word("card ").or(word("version ")).unwrap_or_default();
            rows.push(format!("| {name} | {rate:.0} | {:.1} | {version} |", ours / rate));
        }
    }
    let table = rows.join("\n");
    println!("{table}");
    if options.writes() {
        let body = format!(
            "{circumstances}.\n\n\
             Images per second of training on MNIST, on all cores and on the card that is named. Each size is validated\n\
             first: one step on both, from the same weights, gives the same loss.\n\n{grid}\n\
             In the browser all train 784-256-10, T = 25, batch 64, on the same adapter:\n\n{table}\n",
        );
        report::write("cards", "## Graphics cards", &body)?;
        eprintln!("Written into {}", report::FILE);
    }
    Ok(())
}
