//! Values that are turned: how far one notch goes, and how they are written. What is allowed at all says
//! [`crate::spec::FIELDS`]; a knob turns within the part that makes sense on the page, and whatever is allowed can be typed.

use crate::decimal::{self, Between};
use crate::spec::MAX_EPOCHS;

/// Where the notches of a knob are.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Notches {
    /// Evenly, this far apart.
    Even(f64),
    /// Here.
    At(&'static [f64]),
}

/// A value that is turned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Knob {
    /// What it sets.
    pub name: &'static str,
    /// The least value it turns to.
    pub low: f64,
    /// The largest.
    pub high: f64,
    notches: Notches,
    decimals: usize,
    /// The value that means none.
    pub off: Option<f64>,
}

/// A knob whose notches are evenly apart.
pub const fn even(name: &'static str, low: f64, high: f64, notch: f64, decimals: usize) -> Knob {
    Knob { name, low, high, notches: Notches::Even(notch), decimals, off: None }
}

/// A knob that has these notches.
pub const fn at(name: &'static str, notches: &'static [f64]) -> Knob {
    Knob {
        name,
        low: notches[0],
        high: notches[notches.len() - 1],
        notches: Notches::At(notches),
        decimals: 0,
        off: None,
    }
}

/// Neurons of a layer.
const SIZES: &[f64] = &[8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// Every knob of the page.
pub const KNOBS: &[Knob] = &[
    even("time-steps", 1.0, 100.0, 1.0, 0),
    even("noise", 0.0, 1.0, 0.05, 2),
    even("layers", 1.0, 4.0, 1.0, 0),
    at("hidden", SIZES),
    at("hidden-2", SIZES),
    at("hidden-3", SIZES),
    at("hidden-4", SIZES),
    even("beta", 0.0, 1.0, 0.01, 2),
    even("gain", 0.05, 5.0, 0.05, 2),
    even("threshold", 0.05, 5.0, 0.05, 2),
    even("adaptation", 0.0, 5.0, 0.05, 2),
    even("adaptation-decay", 0.0, 1.0, 0.01, 2),
    even("slope", 1.0, 100.0, 1.0, 0),
    at("batch-size", &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0]),
    at(
        "learning-rate",
        &[0.00001, 0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1],
    ),
    Knob { off: Some(0.0), ..at("stop-at", &[0.0, 50.0, 80.0, 90.0, 95.0, 96.0, 97.0, 98.0, 99.0]) },
    Knob {
        off: Some(MAX_EPOCHS as f64),
        ..at("epochs", &[1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0, MAX_EPOCHS as f64])
    },
    even("seed", 0.0, 999.0, 1.0, 0),
    even("speed", 1.0, 25.0, 1.0, 0),
];

/// The knob with that name.
pub fn knob(name: &str) -> Option<&'static Knob> {
    KNOBS.iter().find(|knob| knob.name == name)
}

impl Knob {
    /// The value so many notches further.
    ///
    /// ```
    /// use spiking_playground::page::knob::knob;
    /// let beta = knob("beta").unwrap();
    /// assert_eq!(beta.turn(0.9, 3), 0.93);
    /// assert_eq!(beta.turn(0.9, 99), 1.0);
    /// let rate = knob("learning-rate").unwrap();
    /// assert_eq!(rate.turn(0.001, 1), 0.002);
    /// assert_eq!(rate.turn(0.0012, -1), 0.001); // from between two notches to the nearest in that direction
    /// ```
    pub fn turn(&self, value: f64, by: i32) -> f64 {
        match self.notches {
            Notches::Even(notch) => {
                let turned = ((value / notch).round() + f64::from(by)) * notch;
                // Through text and back, so that 0.93 is 0.93 and not 0.9300000000000001.
                let turned = decimal::parse(&format!("{turned:.*}", self.decimals.max(2))).unwrap_or(turned);
                turned.between(self.low, self.high)
            }
            Notches::At(notches) => {
                let below = notches.iter().filter(|notch| **notch < value - 1e-12).count() as i32;
                let on = notches.iter().any(|notch| (notch - value).abs() < 1e-12);
                // `below` is the index of the value, or of the next notch where the value lies between two.
                let index = below + if on || by < 0 { by } else { by - 1 };
                notches[index.clamp(0, notches.len() as i32 - 1) as usize]
            }
        }
    }

    /// How far it is turned, 0 to 1.
    pub fn share(&self, value: f64) -> f64 {
        let share = match self.notches {
            Notches::Even(_) => (value - self.low) / (self.high - self.low),
            Notches::At(notches) => {
                let below = notches.iter().filter(|notch| **notch < value - 1e-12).count();
                below as f64 / (notches.len() - 1) as f64
            }
        };
        share.between(0.0, 1.0)
    }

    /// The value as it is shown.
    pub fn text(&self, value: f64) -> String {
        let fixed = format!("{value:.*}", self.decimals);
        // What was typed more finely than the notches is shown as it is.
        if decimal::parse(&fixed) == Some(value) { fixed } else { value.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Values, field};

    #[test]
    fn knobs_turn_within_what_is_allowed() {
        for knob in KNOBS {
            let allowed = match field(knob.name).map(|field| field.values) {
                Some(Values::Whole(low, high)) => low as f64..=high as f64,
                Some(Values::Real(low, high)) => low..=high,
                Some(Values::Words(_)) => panic!("{} is no number", knob.name),
                Some(Values::Other(_)) | None => continue,
            };
            assert!(allowed.contains(&knob.low) && allowed.contains(&knob.high), "{}", knob.name);
        }
    }

    #[test]
    fn turning_back_comes_back() {
        for knob in KNOBS {
            let middle = knob.turn(knob.low, 2);
            assert_eq!(knob.turn(knob.turn(middle, 1), -1), middle, "{}", knob.name);
        }
    }
}
