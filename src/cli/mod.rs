//! The command-line program: flags are parsed once into a [`Spec`](crate::spec::Spec) and paths; each subcommand has a
//! file. Only this folder prints, opens files and reaches the network.

pub mod arguments;
#[cfg(feature = "engine")]
mod claim;
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
#[cfg(all(feature = "engine", feature = "photo"))]
mod fields;
pub mod files;
mod help;
#[cfg(feature = "engine")]
mod interchange;
#[cfg(feature = "engine")]
mod interrupt;
#[cfg(feature = "engine")]
pub mod opened;
#[cfg(feature = "engine")]
mod origin;
#[cfg(feature = "engine")]
mod output;
#[cfg(all(feature = "engine", feature = "photo"))]
mod predict;
#[cfg(feature = "engine")]
mod report;
pub mod shards;
#[cfg(feature = "engine")]
mod train;
#[cfg(feature = "engine")]
mod train_stdp;

use crate::page::model::link::{SETTINGS, Scope};
use std::fmt::Display;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

/// Runs the program with the arguments of the process. The exit code is 0, or 1 after an error, or 2 for wrong usage.
pub fn run() -> ExitCode {
    let matches = arguments::command().get_matches();
    files::hear_of_limits();
    let result = match matches.subcommand() {
        #[cfg(feature = "engine")]
        Some(("train", matches)) => arguments::checked_train(matches).map_err(Into::into).and_then(train::run),
        #[cfg(feature = "engine")]
        Some(("evaluate", matches)) => evaluate::run(arguments::evaluate(matches)),
        #[cfg(all(feature = "engine", feature = "photo"))]
        Some(("predict", matches)) => {
            arguments::predict(matches).map_err(Into::into).and_then(|arguments| predict::run(&arguments))
        }
        #[cfg(feature = "engine")]
        Some(("export", matches)) => interchange::export(&arguments::export(matches)),
        #[cfg(feature = "engine")]
        Some(("import", matches)) => interchange::import(&arguments::import(matches)),
        Some(("shards", matches)) => shards::run(&arguments::shards(matches)),
        Some(("page-settings", _)) => page_settings(),
        Some((other, _)) => Err(anyhow::anyhow!("`{other}` needs a build with `--features engine,photo`")),
        None => Ok(()), // clap asks for a subcommand itself
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // There is no more to say.
        Err(error) if error.is::<Closed>() => ExitCode::SUCCESS,
        #[cfg(feature = "engine")]
        Err(error) if error.is::<interrupt::Interrupted>() => {
            tell(error);
            ExitCode::from(interrupt::EXIT_CODE)
        }
        Err(error) => match error.downcast::<clap::Error>() {
            Ok(wrong_usage) => wrong_usage.exit(),
            Err(error) => {
                tell(format_args!("error: {}", told(&error)));
                ExitCode::FAILURE
            }
        },
    }
}

/// The error when the reader of our output has gone.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("nobody reads standard output any more")]
pub struct Closed;

impl Closed {
    /// The result of a write to standard output.
    fn or(error: std::io::Error) -> anyhow::Error {
        if error.kind() == ErrorKind::BrokenPipe {
            Self.into()
        } else {
            anyhow::Error::from(error).context("standard output cannot be written")
        }
    }
}

/// Prints the names of the page's settings that say how a run looks and not what it is, as JSON.
fn page_settings() -> anyhow::Result<()> {
    let view = SETTINGS.iter().filter(|setting| setting.scope == Scope::View).map(|setting| setting.name);
    say(serde_json::to_string(&view.collect::<Vec<_>>())?)
}

/// Prints a line of results.
fn say(line: impl Display) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}").map_err(Closed::or)
}

/// An error and its causes, each once: many libraries' messages contain their cause already. Empty lines are skipped.
fn told(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain().map(ToString::to_string) {
        let cause = cause.trim();
        if told.contains(cause) {
            continue;
        }
        // The part of the cause that the message before lacks.
        told = if told.is_empty() || cause.contains(&told) { cause.to_owned() } else { format!("{told}: {cause}") };
    }
    told.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Prints a message about the program's progress to standard error.
fn tell(line: impl Display) {
    // If it cannot be printed, there is nothing to do about it.
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn a_cause_is_told_once() {
        let told = |error: anyhow::Error| told(&error);
        assert_eq!(told(anyhow!("b").context("a")), "a: b");
        assert_eq!(
            told(anyhow!("it ends").context("damaged (it ends): fetch it").context("cannot open x")),
            "cannot open x: damaged (it ends): fetch it"
        );
        assert_eq!(told(anyhow!("io: refused").context("io: refused").context("x")), "x: io: refused");
        assert_eq!(told(anyhow!("x failed: no room").context("x failed")), "x failed: no room");
        assert_eq!(told(anyhow!("two\n\n  lines \n")), "two\n  lines");
    }
}
