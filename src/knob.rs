//! Values that are turned in notches: how far one goes, and how they are written.

use crate::decimal::{self, Between};

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

impl Knob {
    /// The same knob with a value that means none.
    #[must_use]
    pub const fn with_off(self, value: f64) -> Self {
        Self { off: Some(value), ..self }
    }

    /// The value so many notches further.
    ///
    /// ```
    /// use spiking_playground::knob::{at, even};
    /// let beta = even("beta", 0.0, 1.0, 0.01, 2);
    /// assert_eq!(beta.turn(0.9, 3), 0.93);
    /// assert_eq!(beta.turn(0.9, 99), 1.0);
    /// let rate = at("learning-rate", &[0.0005, 0.001, 0.002, 0.005]);
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
