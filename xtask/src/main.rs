//! `cargo xtask`: the command line.

use anyhow::{Context, Result};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use std::ffi::OsString;
use std::process::ExitCode;
use xtask::{check, fuzz, hook, page, peers, tools};

const AFTER: &str = "\
Each command brings what it needs and is not there: WebAssembly for the compiler (by rustup), Trunk, wasm-bindgen, a few npm
packages, the data sets. Tools go into a cache of this project's own, ~/.cache/spiking-playground. System packages (Node.js,
for `test` Chromium and a Vulkan driver) are installed only as root in a container; elsewhere it is said which are missing.
The first time takes 10 to 15 minutes on two cores; what was interrupted goes on where it stopped.";

fn main() -> ExitCode {
    match dispatch(&command().get_matches()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// All that can be typed.
fn command() -> Command {
    let rest = |help: &'static str| {
        Arg::new("ARGS")
            .num_args(0..)
            .trailing_var_arg(true)
            .allow_hyphen_values(true)
            .value_parser(value_parser!(OsString))
            .help(help)
    };
    let no_gpu =
        "--no-gpu leaves out the engine for graphics cards, which takes longest; what else there is goes to Trunk";
    Command::new("xtask")
        .bin_name("cargo xtask")
        .about("What the page of Spiking Playground is built, served and tested with.")
        .after_help(AFTER)
        .subcommand(
            Command::new("serve")
                .about("Build the page and serve it here, anew when a file changes (--port 9000, --open)")
                .arg(rest(no_gpu)),
        )
        .subcommand(
            Command::new("build")
                .about("Build the page into dist/, plain files for any host (--url https://example.org/spikes/ where it will be)")
                .arg(rest(no_gpu)),
        )
        .subcommand(
            Command::new("test")
                .about("Format, lints, tests, the page and its tests in a browser: what continuous integration runs")
                .arg(
                    Arg::new("peers")
                        .long("peers")
                        .action(ArgAction::SetTrue)
                        .help("PyTorch too, which is installed into a folder of its own in the cache"),
                ),
        )
        .subcommand(Command::new("peers").about("Only what `test --peers` adds"))
        .subcommand(
            Command::new("bench")
                .about("How fast we train, beside others, validated first; into BENCHMARKS.md (`bench --help`)")
                .disable_help_flag(true)
                .arg(rest("what the benchmark takes")),
        )
        .subcommand(
            Command::new("fuzz")
                .about("What is read from files, links and messages, with inputs that a fuzzer thinks of")
                .arg(
                    Arg::new("seconds")
                        .long("seconds")
                        .value_name("N")
                        .value_parser(value_parser!(u32))
                        .default_value("60")
                        .help("For each target"),
                )
                .arg(Arg::new("only").long("only").value_name("TARGET").help("One target of fuzz/")),
        )
        .subcommand(Command::new("setup").about("Only bring the tools that the others need, a browser included"))
        .subcommand(Command::new("hook").hide(true))
}

fn dispatch(matches: &ArgMatches) -> Result<()> {
    let root = xtask::root();
    std::env::set_current_dir(&root).with_context(|| format!("cannot enter {}", root.display()))?;
    let rest = |matches: &ArgMatches| -> Vec<OsString> {
        matches.get_many("ARGS").map(|all| all.cloned().collect()).unwrap_or_default()
    };
    match matches.subcommand() {
        Some(("serve", matches)) => page::serve(&rest(matches)),
        Some(("build", matches)) => page::build(&rest(matches)),
        Some(("hook", _)) => hook::run(),
        Some(("test", matches)) => check::test(matches.get_flag("peers")),
        Some(("peers", _)) => peers::alone(),
        Some(("bench", matches)) => bench(rest(matches)),
        Some(("fuzz", matches)) => fuzz::fuzz(
            matches.get_one("seconds").copied().unwrap_or_default(),
            matches.get_one("only").map(String::as_str),
        ),
        Some(("setup", _)) => tools::setup(),
        _ => Ok(command().print_help()?),
    }
}

/// The benchmark is a program of its own, which only those build who measure.
fn bench(arguments: Vec<OsString>) -> Result<()> {
    let cargo = ["run", "--quiet", "--package", "benchmark", "--"].map(OsString::from);
    duct::cmd("cargo", cargo.into_iter().chain(arguments)).env_remove("CARGO").run()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<ArgMatches, clap::Error> {
        command().try_get_matches_from(["xtask"].iter().chain(words))
    }

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn what_is_meant_for_trunk_goes_through() {
        for words in
            [&["serve", "--port", "9000", "--no-gpu", "--open"][..], &["build", "--public-url=/a/", "--no-gpu"]]
        {
            let matches = parsed(words).unwrap();
            let (_, matches) = matches.subcommand().unwrap();
            let all: Vec<&OsString> = matches.get_many("ARGS").unwrap().collect();
            assert_eq!(all, words[1..].iter().map(OsString::from).collect::<Vec<_>>().iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn seconds_and_a_target_can_be_said() {
        let of = |words: &[&str]| {
            let matches = parsed(words).ok()?;
            let (_, matches) = matches.subcommand()?;
            Some((matches.get_one::<u32>("seconds").copied()?, matches.get_one::<String>("only").cloned()))
        };
        assert_eq!(of(&["fuzz"]), Some((60, None)));
        assert_eq!(of(&["fuzz", "--only", "idx", "--seconds", "5"]), Some((5, Some("idx".to_owned()))));
        for wrong in
            [&["fuzz", "--seconds"][..], &["fuzz", "--seconds", "x"], &["fuzz", "idx"], &["test", "x"], &["no"]]
        {
            assert!(parsed(wrong).is_err(), "{wrong:?}");
        }
    }
}
