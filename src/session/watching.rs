//! Who watches a layer learn: how fast pictures pass for them, and what they have seen.

use crate::plasticity::glimpse::{Onlooker, Recorder};
use crate::plasticity::pace::Pace;

/// The milliseconds that pictures may be late for their pace, and then pass at once: a worker is not woken to the millisecond.
const LATE: f64 = 100.0;

/// The pace of pictures, and who looks at them.
#[derive(Clone, Debug)]
pub(super) struct Watching {
    pub(super) pace: Pace,
    /// When the next picture may pass, in milliseconds.
    due: f64,
    pub(super) onlooker: Onlooker,
    /// Whether the next picture is to be recorded.
    pub(super) wants_picture: bool,
}

impl Default for Watching {
    fn default() -> Self {
        // Pictures are slow for those who ask for it.
        Self { pace: Pace::Full, due: 0.0, onlooker: Onlooker::default(), wants_picture: false }
    }
}

impl Watching {
    /// The milliseconds until the next picture may pass after `shown` of them; none if it may pass now.
    pub(super) fn rest(&self, shown: u64, now: f64) -> Option<f64> {
        self.pace.interval(shown).map(|_| self.due - now).filter(|rest| *rest > 0.0)
    }

    /// Another picture passes now, after `shown` of them.
    pub(super) fn pass(&mut self, shown: u64, now: f64) {
        if let Some(interval) = self.pace.interval(shown) {
            self.due = self.due.max(now - LATE) + interval;
        }
    }

    /// What records the next picture, if somebody looks.
    pub(super) fn recorder(&mut self) -> Option<&mut Recorder> {
        std::mem::take(&mut self.wants_picture).then_some(&mut self.onlooker.recorder)
    }
}
