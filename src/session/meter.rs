//! How fast and how well training goes, between two reports.

use crate::event::{Accuracy, StepDone};
use crate::protocol::Report;

/// Milliseconds between two reports: 30 a second.
const INTERVAL: f64 = 1000.0 / 30.0;
/// Milliseconds of training over which the speed is measured.
const SPEED_WINDOW: f64 = 1000.0;

/// Steps since the last report, and the speed.
#[derive(Clone, Debug, Default)]
pub(super) struct Meter {
    newest: Option<StepDone>,
    loss: f64,
    score: Accuracy,
    reported: f64,
    images: f64,
    time: f64,
}

impl Meter {
    /// A step was taken, in `time` milliseconds.
    pub(super) fn add(&mut self, done: StepDone, time: f64) {
        self.newest = Some(done);
        self.loss += f64::from(done.loss) * done.score.images as f64;
        self.score += done.score;
        // Older steps count half as much each second.
        if self.time > SPEED_WINDOW {
            self.images /= 2.0;
            self.time /= 2.0;
        }
        self.images += done.score.images as f64;
        self.time += time;
    }

    /// Whether the last report is long enough ago.
    pub(super) fn is_due(&self, now: f64) -> bool {
        now - self.reported >= INTERVAL
    }

    /// The report, if there is something to tell.
    pub(super) fn take(&mut self, now: f64) -> Option<Report> {
        let done = self.newest.take()?;
        let score = std::mem::take(&mut self.score);
        let loss = (std::mem::take(&mut self.loss) / score.images.max(1) as f64) as f32;
        self.reported = now;
        let images_per_second = if self.time > 0.0 { self.images / self.time * 1000.0 } else { 0.0 };
        Some(Report::Step { done, loss, score, images_per_second })
    }
}
