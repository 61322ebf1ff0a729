//! `cargo xtask bench`: how fast we are, beside others who train the same network.
//!
//! Everyone is validated first: who does not learn is not measured. Then all are measured in turn, several rounds, so
//! that a slow minute of the machine meets everyone alike.

mod cards;
mod growth;
mod limited;
mod machine;
mod participants;
mod report;
mod setup;

use anyhow::{Context, Result, bail};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use participants::{Figures, Participant};
use setup::Setup;
use std::process::ExitCode;
use xtask::run::Steps;
use xtask::tools::STEPS;

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// How often everyone is measured.
    rounds: usize,
    /// Seconds of one measurement.
    seconds: f64,
    /// A try-out: everything is short, and nothing is written.
    quick: bool,
    /// Measure how the cost grows instead.
    grid: bool,
    /// Measure where a graphics card pays instead.
    cards: bool,
    /// Measure a network of convolutions instead.
    convolutions: bool,
    /// Leave out whatever needs a browser.
    browser: bool,
    /// Leave out whatever needs Python.
    python: bool,
    /// Only participants whose name has this in it; nothing is written.
    only: Option<String>,
}

impl Options {
    fn new(matches: &ArgMatches) -> Self {
        let (quick, cards) = (matches.get_flag("quick"), matches.get_flag("cards"));
        let (rounds, seconds) = if quick { (1, 2.0) } else { (3, 10.0) };
        Self {
            rounds: matches.get_one("rounds").map_or(rounds, |rounds: &u16| usize::from(*rounds)),
            seconds,
            quick,
            grid: matches.get_flag("grid"),
            cards,
            convolutions: matches.get_flag("convolutions"),
            browser: !matches.get_flag("no-browser"),
            python: !cards && !matches.get_flag("no-python"),
            only: matches.get_one("only").cloned(),
        }
    }

    /// Whether BENCHMARKS.md gets the result.
    fn writes(&self) -> bool {
        !self.quick && self.only.is_none()
    }

    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|part| name.contains(part))
    }
}

/// What is known of a participant.
pub struct Row {
    participant: Participant,
    /// Of the validation.
    figures: Figures,
    /// Images per second, one a round.
    rates: Vec<f64>,
    /// Why there is no figure.
    missing: Option<String>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&Options::new(&command().get_matches()), &arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// All that can be typed.
fn command() -> Command {
    let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    Command::new("benchmark")
        .bin_name("cargo xtask bench")
        .about("How fast we train, beside others, validated first; into BENCHMARKS.md")
        .arg(
            Arg::new("rounds")
                .long("rounds")
                .value_name("N")
                .value_parser(value_parser!(u16).range(1..))
                .help("How often everyone is measured [default: 3, with --quick 1]"),
        )
        .arg(flag("quick", "A try-out: everything is short, and nothing is written"))
        .arg(flag("grid", "Measure how the cost grows instead").conflicts_with("cards"))
        .arg(flag("convolutions", "Measure a network of convolutions instead").conflicts_with_all(["grid", "cards"]))
        .arg(flag("cards", "Measure where a graphics card pays instead"))
        .arg(flag("no-browser", "Leave out whatever needs a browser"))
        .arg(flag("no-python", "Leave out whatever needs Python"))
        .arg(
            Arg::new("only")
                .long("only")
                .value_name("PART-OF-A-NAME")
                .help("Only participants whose name has this in it; nothing is written"),
        )
}

/// Runs the benchmark.
fn run(options: &Options, arguments: &[String]) -> Result<()> {
    let root = xtask::root();
    std::env::set_current_dir(&root).with_context(|| format!("cannot enter {}", root.display()))?;
    let steps = Steps::new(if options.grid { 2 } else { 3 + if options.browser { STEPS + 2 } else { 0 } });
    let circumstances = machine::circumstances(arguments, machine::busy().as_deref());
    let setup = Setup::bring(options, &steps)?;
    if options.grid {
        return growth::run(options, &setup, &circumstances, &steps);
    }
    if options.cards {
        return cards::run(options, &setup, &circumstances, &steps);
    }
    steps.begin("Validation: who does not learn is not measured");
    let wanted = participants::all(&setup, options).into_iter().filter(|one| options.wants(&one.name));
    let mut rows: Vec<Row> = wanted.map(|participant| validate(participant, &setup)).collect();
    for round in 1..=options.rounds {
        eprintln!("Round {round} of {}", options.rounds);
        rows.iter_mut().filter(|row| row.missing.is_none()).for_each(|row| measure(row, &setup));
    }
    let table = report::table(&rows);
    println!("\n{table}");
    if options.writes() {
        let section = report::section(&rows, &table, &circumstances, options.convolutions);
        match options.convolutions {
            false => report::write("speed", "## Speed", &section)?,
            true => report::write("convolutions", "## Convolutions", &section)?,
        }
        eprintln!("Written into {}", report::FILE);
    }
    match rows.iter().find(|row| row.participant.ours && row.missing.is_some()) {
        Some(row) => bail!("no figure for {}", row.participant.name),
        None => Ok(()),
    }
}

fn validate(participant: Participant, setup: &Setup) -> Row {
    eprintln!("  {}", participant.name);
    let judged = participant.validated(setup);
    let (figures, missing) = match judged {
        Ok(figures) => (figures, None),
        Err(reason) => (Figures::default(), Some(format!("{reason:#}"))),
    };
    match &missing {
        None => eprintln!("      learns: {}", figures.text()),
        Some(reason) => eprintln!("      left out: {reason}"),
    }
    Row { participant, figures, rates: Vec::new(), missing }
}

fn measure(row: &mut Row, setup: &Setup) {
    match row.participant.measured(setup, &row.figures) {
        Ok(rate) => {
            eprintln!("  {:<44} {rate:>9.0} images/s", row.participant.name);
            row.rates.push(rate);
        }
        Err(reason) => {
            eprintln!("  {:<44} failed: {reason:#}", row.participant.name);
            row.missing = Some(format!("{reason:#}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Option<Options> {
        let matches = command().try_get_matches_from(["bench"].iter().chain(words)).ok()?;
        Some(Options::new(&matches))
    }

    #[test]
    fn options_are_read() {
        command().debug_assert();
        assert!(parsed(&[]).is_some_and(|options| options.rounds == 3 && options.writes() && options.python));
        assert!(parsed(&["--quick"]).is_some_and(|options| options.rounds == 1 && !options.writes()));
        assert!(parsed(&["--quick", "--rounds", "2"]).is_some_and(|options| options.rounds == 2));
        assert!(parsed(&["--cards"]).is_some_and(|options| options.cards && !options.python && options.browser));
        assert!(parsed(&["--convolutions"]).is_some_and(|options| options.convolutions && options.writes()));
        assert!(parsed(&["--only", "jax"]).is_some_and(|options| options.wants("jax-js") && !options.wants("Norse")));
        assert!(["--rounds", "--fast", "--only"].iter().all(|word| parsed(&[word]).is_none()));
        assert!(parsed(&["--rounds", "0"]).is_none());
    }
}
