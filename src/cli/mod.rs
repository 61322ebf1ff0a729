//! The command-line program: flags as typed become a [`Spec`](crate::spec::Spec) and paths, once; then one file a
//! subcommand. Only this folder prints, opens files and reaches the network.

pub mod arguments;
pub mod data;
#[cfg(feature = "engine")]
mod digest;
#[cfg(feature = "engine")]
pub mod drawings;
#[cfg(feature = "engine")]
mod evaluate;
#[cfg(feature = "engine")]
mod export;
mod fetch;
pub mod files;
#[cfg(feature = "engine")]
mod interrupt;
#[cfg(feature = "engine")]
mod origin;
#[cfg(feature = "engine")]
mod output;
#[cfg(feature = "engine")]
mod picture;
#[cfg(feature = "engine")]
mod predict;
#[cfg(feature = "engine")]
mod report;
pub mod shards;
#[cfg(feature = "engine")]
mod train;

use std::fmt::Display;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

/// Runs the program with the arguments of the process: exit code 0, 1 when something went wrong, 2 for wrong usage.
pub fn run() -> ExitCode {
    let matches = arguments::command().get_matches();
    let result = match matches.subcommand() {
        #[cfg(feature = "engine")]
        Some(("train", matches)) => train::run(arguments::train(matches)),
        #[cfg(feature = "engine")]
        Some(("evaluate", matches)) => evaluate::run(arguments::evaluate(matches)),
        #[cfg(feature = "engine")]
        Some(("predict", matches)) => predict::run(&arguments::predict(matches)),
        Some(("shards", matches)) => shards::run(&arguments::shards(matches)),
        Some((other, _)) => Err(anyhow::anyhow!("`{other}` needs a build with `--features engine`")),
        None => Ok(()), // clap asks for a subcommand itself
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has gone: nothing is left to be said.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        #[cfg(feature = "engine")]
        Err(error) if error.is::<interrupt::Interrupted>() => {
            tell(error);
            ExitCode::from(interrupt::EXIT_CODE)
        }
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
#[cfg(feature = "engine")]
fn say(line: impl Display) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}").map_err(anyhow::Error::from)
}

/// Tells what the program is doing, beside its results.
fn tell(line: impl Display) {
    // Where nobody can hear it there is nothing to do about it.
    let _ = writeln!(std::io::stderr(), "{line}");
}
