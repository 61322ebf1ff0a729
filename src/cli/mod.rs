//! The command-line program: flags as typed become a [`Spec`](crate::spec::Spec) and paths, once; then one file a
//! subcommand. Only this folder prints, opens files and reaches the network.

mod arguments;
mod data;
mod evaluate;
mod files;
mod output;
mod report;
mod train;

use anyhow::Context;
use std::fmt::Display;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

/// Runs the program with the arguments of the process: exit code 0, 1 when something went wrong, 2 for wrong usage.
pub fn run() -> ExitCode {
    let matches = arguments::command().get_matches();
    let result = match matches.subcommand() {
        Some(("train", matches)) => arguments::train(matches).and_then(train::run),
        Some(("evaluate", matches)) => evaluate::run(arguments::evaluate(matches)),
        _ => Ok(()), // clap lets nothing else through
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has gone: nothing is left to be said.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// Prints a line of results.
fn say(line: impl Display) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}").map_err(anyhow::Error::from)
}

/// Tells what the program is doing, beside its results.
fn tell(line: impl Display) {
    // Where nobody can hear it there is nothing to do about it.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A file's bytes.
fn read(path: &std::path::Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}
