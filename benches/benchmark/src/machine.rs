//! Where and when: what a figure is worth nothing without.

use duct::cmd;
use jiff::Timestamp;
use std::fs;
use xtask::run::says;

/// Processor and cores, as the system says.
fn name() -> String {
    let cores = cores();
    let plural = if cores == 1 { "" } else { "s" };
    let linux = || {
        let info = fs::read_to_string("/proc/cpuinfo").ok()?;
        let line = info.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let mac = || says(&cmd("sysctl", ["-n", "machdep.cpu.brand_string"]));
    let windows = || std::env::var("PROCESSOR_IDENTIFIER").ok();
    let model = linux().or_else(mac).or_else(windows).unwrap_or_else(|| "unknown processor".to_owned());
    format!("{model}, {cores} core{plural}, {}", std::env::consts::OS)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Says so, and gives words for the report, when the machine does something else already.
pub fn busy() -> Option<String> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    let load = text.split(' ').next()?.parse::<f64>().ok().filter(|load| *load > 0.5 * cores() as f64)?;
    eprintln!("The machine is busy (load {load}): figures will be low and uneven.");
    Some(format!("busy with something else (load {load} at the start)"))
}

/// What stands above each table: where, when, of what and by which command.
pub fn circumstances(arguments: &[String], busy: Option<&str>) -> String {
    let command = ["cargo xtask bench"].into_iter().chain(arguments.iter().map(String::as_str));
    let command = format!("`{}`", command.collect::<Vec<_>>().join(" "));
    let today = Timestamp::now().strftime("%Y-%m-%d").to_string();
    let parts = [name(), today, commit(), command].into_iter().chain(busy.map(str::to_owned));
    parts.collect::<Vec<_>>().join("; ")
}

/// The commit, with a mark where files differ from it.
fn commit() -> String {
    let commit = says(&cmd("git", ["rev-parse", "--short", "HEAD"]));
    let clean = says(&cmd("git", ["status", "--porcelain"])).is_some_and(|said| said.is_empty());
    match commit {
        Some(commit) if clean => format!("commit {commit}"),
        Some(commit) => format!("commit {commit} with changes"),
        None => "no commit".to_owned(),
    }
}
