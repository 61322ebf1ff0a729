//! How fast pictures pass, for somebody who watches a layer learn.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Pictures a second at the start of a run that begins slowly.
const FIRST: f64 = 4.0;
/// Pictures after which they pass e times as fast: so all that there are would have passed ten seconds after the start.
const FASTER: f64 = 40.0;
/// Pictures a second from which on nobody could tell them apart: they pass as fast as they can.
const UNSEEN: f64 = 2000.0;
/// The most pictures a second that can be asked for.
const MOST: u32 = 1000;

/// How fast pictures pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pace {
    /// Slowly at first, so that one sees each picture become a neuron's; then faster and faster.
    #[default]
    Rising,
    /// So many a second.
    Steady(u32),
    /// As fast as they can.
    Full,
}

impl Pace {
    /// The milliseconds from one picture to the next after `shown` pictures; none where they pass as fast as they can.
    ///
    /// ```
    /// use spiking_playground::plasticity::pace::Pace;
    /// assert_eq!((Pace::Rising.interval(0), Pace::Steady(10).interval(7)), (Some(250.0), Some(100.0)));
    /// assert!(Pace::Rising.interval(100).unwrap() < 25.0);
    /// assert_eq!((Pace::Rising.interval(1000), Pace::Full.interval(0)), (None, None));
    /// ```
    pub fn interval(self, shown: u64) -> Option<f64> {
        let rate = match self {
            Self::Rising => FIRST * libm::exp(shown as f64 / FASTER),
            Self::Steady(rate) => f64::from(rate.clamp(1, MOST)),
            Self::Full => return None,
        };
        (rate < UNSEEN).then(|| 1000.0 / rate)
    }

    /// The pace of this word.
    ///
    /// ```
    /// use spiking_playground::plasticity::pace::Pace;
    /// for pace in [Pace::Rising, Pace::Steady(1), Pace::Steady(1000), Pace::Full] {
    ///     assert_eq!(Pace::from_word(&pace.to_string()), Some(pace));
    /// }
    /// assert_eq!((Pace::from_word("0"), Pace::from_word("1001"), Pace::from_word("slow")), (None, None, None));
    /// ```
    pub fn from_word(text: &str) -> Option<Self> {
        match text {
            "rising" => Some(Self::Rising),
            "full" => Some(Self::Full),
            rate => rate.parse().ok().filter(|rate| (1..=MOST).contains(rate)).map(Self::Steady),
        }
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rising => f.write_str("rising"),
            Self::Steady(rate) => rate.fmt(f),
            Self::Full => f.write_str("full"),
        }
    }
}
