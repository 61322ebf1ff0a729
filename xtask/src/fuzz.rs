//! `cargo xtask fuzz`: each target of `fuzz/` for a while, with the stable compiler. The sanitizers need another; what is
//! looked for here, panics, memory and time, does not.

use crate::run::{Result, Steps, at, run};
use crate::tools::Tools;
use std::fs;
use std::path::Path;

/// Seconds for each target, where nobody says.
const SECONDS: u32 = 60;
/// The longest input, in bytes: longer ones say little more, and take longer.
const LONGEST: u32 = 16_384;
/// An input that takes more seconds than this is a fault, as is one that takes more memory, in MB.
const LIMITS: (u32, u32) = (20, 2048);
const SEEDS: &str = "fuzz/seeds";
const LOCK: &str = "fuzz/Cargo.lock";

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    seconds: u32,
    only: Option<String>,
}

/// Runs all targets, or one, for so many seconds each; stops at the first fault.
pub fn fuzz(arguments: &[String]) -> Result<()> {
    let wanted = wanted(arguments)?;
    let all = targets()?;
    let names: Vec<&String> = all.iter().filter(|name| wanted.only.as_ref().is_none_or(|only| only == *name)).collect();
    if names.is_empty() {
        return Err(format!("there is no such target; there are {}", all.join(", ")));
    }
    let mut steps = Steps::new(2 + names.len());
    let tools = Tools::bring_fuzzer(&mut steps)?;
    let cargo_fuzz = |command: &str| {
        let mut cargo = tools.command("cargo");
        cargo.args(["fuzz", command, "--sanitizer", "none", "any"]);
        cargo
    };
    // The packages that are tested, and no newer ones.
    fs::copy("Cargo.lock", LOCK).map_err(at(Path::new(LOCK)))?;
    steps.next();
    steps.say("Building the targets: some 20 minutes the first time on two cores");
    run(&mut cargo_fuzz("build"))?;
    for name in names {
        steps.next();
        steps.say(&format!("{name}: {} seconds", wanted.seconds));
        let corpus = format!("fuzz/corpus/{name}");
        fs::create_dir_all(&corpus).map_err(at(Path::new(&corpus)))?;
        let (timeout, memory) = LIMITS;
        let mut fuzzer = cargo_fuzz("run");
        fuzzer.args([corpus, format!("{SEEDS}/{name}"), "--".to_owned()]).args([
            format!("-max_total_time={}", wanted.seconds),
            format!("-max_len={LONGEST}"),
            format!("-timeout={timeout}"),
            format!("-rss_limit_mb={memory}"),
            "-verbosity=0".to_owned(),
            "-print_final_stats=1".to_owned(),
        ]);
        run(fuzzer.env("SPIKING_FUZZ", name)).map_err(|error| {
            format!(
                "{name}: {error}\nThe input is in fuzz/artifacts/any; once it is mended, it belongs to {SEEDS}/{name}"
            )
        })?;
    }
    Ok(())
}

/// The targets: each has a folder of seeds.
fn targets() -> Result<Vec<String>> {
    let folder = Path::new(SEEDS);
    let entries = fs::read_dir(folder).map_err(at(folder))?;
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

fn wanted(arguments: &[String]) -> Result<Wanted> {
    let mut wanted = Wanted { seconds: SECONDS, only: None };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match (word.as_str(), words.next()) {
            ("--seconds", Some(text)) => {
                wanted.seconds = text.parse().map_err(|_| format!("`{text}` is no number of seconds"))?;
            }
            ("--only", Some(name)) => wanted.only = Some(name.clone()),
            _ => return Err(format!("`fuzz` takes --seconds N and --only TARGET, not `{word}`")),
        }
    }
    // To libFuzzer 0 is no limit.
    wanted.seconds = wanted.seconds.max(1);
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_a_target_can_be_said() {
        let says = |words: &[&str]| wanted(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(says(&[]), Ok(Wanted { seconds: 60, only: None }));
        assert_eq!(says(&["--only", "idx", "--seconds", "0"]), Ok(Wanted { seconds: 1, only: Some("idx".to_owned()) }));
        assert!(says(&["--seconds"]).is_err() && says(&["--seconds", "x"]).is_err() && says(&["idx"]).is_err());
    }
}
