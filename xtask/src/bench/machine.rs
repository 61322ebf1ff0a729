//! Where and when: what a figure is worth nothing without.

use crate::run::says;
use std::fs;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

/// Processor and cores, as the system says.
fn name() -> String {
    let cores = cores();
    let plural = if cores == 1 { "" } else { "s" };
    let linux = || {
        let info = fs::read_to_string("/proc/cpuinfo").ok()?;
        let line = info.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let mac = || says(Command::new("sysctl").args(["-n", "machdep.cpu.brand_string"]));
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

/// Today in UTC, as 2026-01-31.
fn today() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    date(seconds / 86_400)
}

/// The date so many days after 1970-01-01.
fn date(mut days: u64) -> String {
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let mut month = 1;
    for length in [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}", days + 1)
}

/// What stands above each table: where, when, of what and by which command.
pub fn circumstances(arguments: &[String], busy: Option<&str>) -> String {
    let command = ["cargo xtask bench"].into_iter().chain(arguments.iter().map(String::as_str));
    let command = format!("`{}`", command.collect::<Vec<_>>().join(" "));
    let parts = [name(), today(), commit(), command].into_iter().chain(busy.map(str::to_owned));
    parts.collect::<Vec<_>>().join("; ")
}

/// The commit, with a mark where files differ from it.
fn commit() -> String {
    let commit = says(Command::new("git").args(["rev-parse", "--short", "HEAD"]));
    let clean = says(Command::new("git").args(["status", "--porcelain"])).is_some_and(|said| said.is_empty());
    match commit {
        Some(commit) if clean => format!("commit {commit}"),
        Some(commit) => format!("commit {commit} with changes"),
        None => "no commit".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_make_dates() {
        let dates = [0, 59, 11_016, 11_017, 20_088].map(date);
        assert_eq!(dates, ["1970-01-01", "1970-03-01", "2000-02-29", "2000-03-01", "2024-12-31"].map(str::to_owned));
    }
}
