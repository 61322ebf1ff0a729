//! The knobs of the figures. They look and turn as those of the page do, and set nothing of it.

use crate::decimal;
use crate::knob::{Knob, at, even};
use crate::spec::Reset;

/// Every knob of the figures.
pub const KNOBS: &[Knob] = &[
    even("beta", 0.0, 1.0, 0.01, 2),
    even("threshold", 0.1, 3.0, 0.05, 2),
    even("moment", 1.0, 64.0, 1.0, 0),
    even("column", 1.0, 28.0, 1.0, 0),
    even("pixel", 1.0, 28.0, 1.0, 0),
    even("brightness", 0.0, 255.0, 5.0, 0),
    even("steepness", 1.0, 100.0, 1.0, 0),
    even("time-step", 1.0, 25.0, 1.0, 0),
    even("firing", 0.0, 100.0, 1.0, 0),
    even("time-steps", 1.0, 100.0, 1.0, 0),
    even("weight", 0.0, 1.0, 0.01, 2),
    even("decay", 1.0, 20.0, 1.0, 0),
    even("depression", 0.0, 1.0, 0.05, 2),
    at("fan-in", &[8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 784.0, 1024.0, 2048.0, 4096.0]),
];

/// The knob with that name.
pub fn knob(name: &str) -> Option<&'static Knob> {
    KNOBS.iter().find(|knob| knob.name == name)
}

/// The number that a text means for that knob; none where it does not go so far.
pub fn number(name: &str, text: &str) -> Option<f32> {
    let knob = knob(name)?;
    decimal::parse(text.trim()).filter(|value| (knob.low..=knob.high).contains(value)).map(|value| value as f32)
}

/// The same, for what is counted from 1: counted from 0.
pub fn index(name: &str, text: &str) -> Option<usize> {
    Some(number(name, text)?.round() as usize - 1)
}

/// A reset by the word that the menu has for it.
pub fn reset(text: &str) -> Option<Reset> {
    [Reset::Zero, Reset::Subtract, Reset::SubtractDelayed].into_iter().find(|reset| reset.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_beyond_a_knob_is_refused() {
        assert_eq!(number("beta", "0.95"), Some(0.95));
        assert_eq!(number("beta", "1.05"), None);
        assert_eq!(index("pixel", "28"), Some(27));
        assert_eq!(index("pixel", "0"), None);
        assert_eq!(reset("subtract"), Some(Reset::Subtract));
    }
}
