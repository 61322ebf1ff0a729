//! The output of a run: a progress bar during an epoch, a line after it.

use super::{Closed, say, tell};
use crate::event::{EpochDone, StepDone};
use crate::pictures::curves::Epoch;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::{Duration, Instant};

/// An epoch's metrics with its time.
#[derive(Clone, Copy, Debug)]
pub struct EpochReport {
    /// Its metrics.
    pub done: EpochDone,
    /// Epochs in the run.
    pub epochs: u32,
    /// Time spent in training, without the test.
    pub time: Duration,
}

impl EpochReport {
    /// The names of the columns of [`EpochReport::csv`].
    pub const CSV_HEADER: &str = "epoch,loss,training_accuracy,test_accuracy,seconds,images_per_second";

    fn images_per_second(&self) -> f64 {
        self.done.score.images as f64 / self.time.as_secs_f64().max(1e-9)
    }

    /// One line of `metrics.csv`.
    pub fn csv(&self) -> String {
        let EpochDone { epoch, loss, score, test } = self.done;
        let test = test.map_or(String::new(), |score| format!("{:.6}", score.fraction()));
        let (seconds, rate) = (self.time.as_secs_f64(), self.images_per_second());
        format!("{},{loss:.6},{:.6},{test},{seconds:.2},{rate:.0}", epoch + 1, score.fraction())
    }

    /// The metrics in a line of `metrics.csv`; `None` if it is not such a line.
    pub fn read(line: &str) -> Option<Epoch> {
        let mut columns = line.split(',');
        let epoch = columns.next()?.parse().ok()?;
        let mut number = || columns.next()?.parse().ok();
        Some(Epoch { epoch, loss: number()?, training: number()?, test: number() })
    }

    /// One line for the terminal.
    pub fn line(&self) -> String {
        let EpochDone { epoch, loss, score, test } = self.done;
        let width = self.epochs.to_string().len();
        let test = test.map_or(String::new(), |score| format!("  test {:.2} %", 100.0 * score.fraction()));
        format!(
            "Epoch {:>width$}/{}  loss {loss:.4}  training {:.2} %{test}  {:.1} s  {:.0} images/s",
            epoch + 1,
            self.epochs,
            100.0 * score.fraction(),
            self.time.as_secs_f64(),
            self.images_per_second(),
        )
    }
}

/// The lines of a run, which continues whether or not they can be printed.
#[derive(Debug, Default)]
pub struct Lines {
    failed: Option<anyhow::Error>,
}

impl Lines {
    /// Prints a line. The first failure is reported, and no further line is tried.
    pub fn say(&mut self, line: String) {
        if self.failed.is_some() {
            return;
        }
        if let Err(error) = say(line) {
            tell(format_args!("{}; training goes on, and metrics.csv has every epoch", super::told(&error)));
            self.failed = Some(error);
        }
    }

    /// Ends the output.
    ///
    /// # Errors
    /// When a line could not be printed, unless the reader has gone.
    pub fn end(self) -> anyhow::Result<()> {
        self.failed.filter(|error| !error.is::<Closed>()).map_or(Ok(()), Err)
    }
}

/// The progress bar of the current epoch, and its clock.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    start: Instant,
    seen: usize,
    loss: f64,
    correct: usize,
}

impl Progress {
    /// The bar of a new epoch over `images` images, of which some were shown before.
    pub fn new(epoch: u32, epochs: u32, images: usize, shown: usize) -> Self {
        let bar =
            ProgressBar::new(images as u64).with_position(shown as u64).with_prefix(format!("{}/{epochs}", epoch + 1));
        let template = "Epoch {prefix} {bar:30} {pos}/{len}  {msg}  {per_sec:.0} images/s  {eta} left";
        // The template is a constant: if it were wrong, the default style would do.
        if let Ok(style) = ProgressStyle::with_template(&template.replace("{per_sec:.0} images/s", "{per_sec}")) {
            bar.set_style(style.progress_chars("━╸ "));
        }
        Self { bar, start: Instant::now(), seen: 0, loss: 0.0, correct: 0 }
    }

    /// Advances the bar after a step.
    pub fn step(&mut self, done: &StepDone) {
        self.seen += done.score.images;
        self.loss += f64::from(done.loss) * done.score.images as f64;
        self.correct += done.score.correct;
        let (loss, share) = (self.loss / self.seen as f64, 100.0 * self.correct as f64 / self.seen as f64);
        self.show(done.images, format!("loss {loss:.4}  accuracy {share:.2} %"));
    }

    /// Advances the bar to so many images.
    pub fn show(&self, images: usize, message: String) {
        self.bar.set_position(images as u64);
        self.bar.set_message(message);
    }

    /// The time since the epoch began.
    pub fn time(&self) -> Duration {
        self.start.elapsed()
    }

    /// Removes the bar.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Accuracy;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        for test in [None, Some(Accuracy { correct: 1, images: 4 })] {
            let done = EpochDone { epoch: 4, loss: 0.5, score: Accuracy { correct: 1, images: 2 }, test };
            let report = EpochReport { done, epochs: 9, time: Duration::from_secs(1) };
            let test = test.map(Accuracy::fraction);
            assert_eq!(EpochReport::read(&report.csv()), Some(Epoch { epoch: 5, loss: 0.5, training: 0.5, test }));
        }
        assert_eq!(EpochReport::read(EpochReport::CSV_HEADER), None);
    }
}
