//! `cargo xtask fuzz`: each target of `fuzz/` for a while, with the stable compiler. The sanitizers need another; what is
//! looked for here, panics, memory and time, does not.

use crate::build_script;
use crate::run::Steps;
use crate::tools::Tools;
use anyhow::{Context, Result, ensure};
use fs_err as fs;
use std::path::Path;

/// The longest input, in bytes: longer ones say little more, and take longer.
const LONGEST: u32 = 16_384;
/// An input that takes more seconds than this is a fault, as is one that takes more memory, in MB.
const LIMITS: (u32, u32) = (20, 2048);
const SEEDS: &str = "fuzz/seeds";
const LOCK: &str = "fuzz/Cargo.lock";

/// Runs all targets, or one, for that many seconds each; stops at the first fault.
///
/// # Errors
/// When there is no such target; at a fault, with where the input is.
pub fn fuzz(seconds: u32, only: Option<&str>) -> Result<()> {
    // To libFuzzer 0 is no limit.
    let seconds = seconds.max(1);
    let all = targets()?;
    let names: Vec<&String> = all.iter().filter(|name| only.is_none_or(|only| only == *name)).collect();
    ensure!(!names.is_empty(), "there is no such target; there are {}", all.join(", "));
    let steps = Steps::new(2 + names.len());
    let tools = Tools::bring_fuzzer(&steps)?;
    let cargo_fuzz = |command: &str, rest: &[String]| {
        let all = ["fuzz", command, "--sanitizer", "none", "any"].into_iter();
        tools.cmd("cargo", all.chain(rest.iter().map(String::as_str)))
    };
    // The packages that are tested, and no newer ones.
    fs::copy("Cargo.lock", LOCK)?;
    steps.begin("Building the targets: some 20 minutes the first time on two cores");
    cargo_fuzz("build", &[]).run()?;
    for name in names {
        steps.begin(&format!("{name}: {seconds} seconds"));
        let corpus = format!("fuzz/corpus/{name}");
        fs::create_dir_all(&corpus)?;
        let (timeout, memory) = LIMITS;
        let arguments = [
            corpus,
            format!("{SEEDS}/{name}"),
            "--".to_owned(),
            format!("-max_total_time={seconds}"),
            format!("-max_len={LONGEST}"),
            format!("-timeout={timeout}"),
            format!("-rss_limit_mb={memory}"),
            "-verbosity=0".to_owned(),
            "-print_final_stats=1".to_owned(),
        ];
        cargo_fuzz("run", &arguments).env("SPIKING_FUZZ", name).run().with_context(|| {
            format!("{name}: the input is in fuzz/artifacts/any; once it is mended, it belongs to {SEEDS}/{name}")
        })?;
    }
    Ok(())
}

/// The targets: each has a folder of seeds.
fn targets() -> Result<Vec<String>> {
    let folders = build_script::files(Path::new(SEEDS))?;
    Ok(folders.iter().filter_map(|folder| Some(folder.file_name()?.to_string_lossy().into_owned())).collect())
}
