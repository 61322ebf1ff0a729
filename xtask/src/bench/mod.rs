//! `cargo xtask bench`: how fast we are, beside others who train the same network.
//!
//! Everyone is validated first: who does not learn is not measured. Then all are measured in turn, several rounds, so
//! that a slow minute of the machine meets everyone alike.

mod cards;
mod growth;
mod machine;
mod participants;
mod process;
mod report;
mod setup;

use crate::run::{Result, Steps};
use crate::tools::STEPS;
use participants::{Figures, Participant};
use setup::Setup;

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
    /// Leave out whatever needs a browser.
    browser: bool,
    /// Leave out whatever needs Python.
    python: bool,
    /// Only participants whose name has this in it; nothing is written.
    only: Option<String>,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            rounds: 3,
            seconds: 10.0,
            quick: false,
            grid: false,
            cards: false,
            browser: true,
            python: true,
            only: None,
        };
        let mut rounds = None;
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--quick" => options.quick = true,
                "--grid" => options.grid = true,
                "--cards" => (options.cards, options.python) = (true, false),
                "--no-browser" => options.browser = false,
                "--no-python" => options.python = false,
                "--only" => options.only = Some(words.next().ok_or("--only needs a part of a name")?.clone()),
                "--rounds" => {
                    let given = words.next().and_then(|number| number.parse().ok()).filter(|number| *number > 0);
                    rounds = Some(given.ok_or("--rounds needs a number above 0")?);
                }
                other => return Err(format!("`bench` does not know {other}")),
            }
        }
        if options.quick {
            (options.rounds, options.seconds) = (1, 2.0);
        }
        options.rounds = rounds.unwrap_or(options.rounds);
        Ok(options)
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

/// Runs the benchmark.
pub fn run(arguments: &[String]) -> Result<()> {
    let options = Options::parse(arguments)?;
    let mut steps = Steps::new(if options.grid { 2 } else { 3 + if options.browser { STEPS + 2 } else { 0 } });
    let circumstances = machine::circumstances(arguments, machine::busy().as_deref());
    let setup = Setup::bring(&options, &mut steps)?;
    if options.grid {
        return growth::run(&options, &setup, &circumstances, &mut steps);
    }
    if options.cards {
        return cards::run(&options, &setup, &circumstances, &mut steps);
    }
    steps.next();
    steps.say("Validation: who does not learn is not measured");
    let wanted = participants::all(&setup, &options).into_iter().filter(|one| options.wants(&one.name));
    let mut rows: Vec<Row> = wanted.map(|participant| validate(participant, &setup)).collect();
    for round in 1..=options.rounds {
        eprintln!("Round {round} of {}", options.rounds);
        rows.iter_mut().filter(|row| row.missing.is_none()).for_each(|row| measure(row, &setup));
    }
    let table = report::table(&rows);
    println!("\n{table}");
    if options.writes() {
        report::write("speed", "## Speed", &report::section(&rows, &table, &circumstances))?;
        eprintln!("Written into {}", report::FILE);
    }
    match rows.iter().find(|row| row.participant.ours && row.missing.is_some()) {
        Some(row) => Err(format!("no figure for {}", row.participant.name)),
        None => Ok(()),
    }
}

fn validate(participant: Participant, setup: &Setup) -> Row {
    eprintln!("  {}", participant.name);
    let judged = participant.validated(setup);
    let (figures, missing) = match judged {
        Ok(figures) => (figures, None),
        Err(reason) => (Figures::default(), Some(reason)),
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
            eprintln!("  {:<44} failed: {reason}", row.participant.name);
            row.missing = Some(reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Options> {
        Options::parse(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_read() {
        assert!(parsed(&[]).is_ok_and(|options| options.rounds == 3 && options.writes()));
        assert!(parsed(&["--quick"]).is_ok_and(|options| options.rounds == 1 && !options.writes()));
        assert!(parsed(&["--quick", "--rounds", "2"]).is_ok_and(|options| options.rounds == 2));
        assert!(parsed(&["--only", "jax"]).is_ok_and(|options| options.wants("jax-js") && !options.wants("Norse")));
        assert!(["--rounds", "--fast", "--only"].iter().all(|word| parsed(&[word]).is_err()));
        assert!(parsed(&["--rounds", "0"]).is_err());
    }
}
