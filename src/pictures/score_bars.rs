//! The evidence for each class so far as bars from zero.

use super::analysis::Analysis;
use super::numbers::signed;
use crate::spec::Readout;

/// One bar: where it starts and ends, 0 to 1, and its number.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// The left end.
    pub start: f32,
    /// The right end.
    pub end: f32,
    /// What stands beside it.
    pub text: String,
}

/// The evidence up to time step `t` as bars, on a scale that stays while time runs.
pub fn bars(reading: &Analysis, t: usize) -> Vec<Bar> {
    let counts = reading.trace.readout == Readout::SpikeCount;
    let least = if counts { 8.0 } else { 1e-6 };
    let (low, high) = reading
        .evidence
        .iter()
        .fold((0.0, least), |(low, high): (f32, f32), value| (low.min(*value), high.max(*value)));
    let place = |value: f32| (value - low) / (high - low);
    let bar = |value: &f32| Bar {
        start: place(value.min(0.0)),
        end: place(value.max(0.0)),
        text: if counts && *value == 0.0 {
            String::new()
        } else if counts {
            value.to_string()
        } else {
            signed(*value)
        },
    };
    reading.evidence_at(t).iter().map(bar).collect()
}
