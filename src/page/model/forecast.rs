//! How long training will take: to the accuracy that was aimed at, where the curve says so, or to the end of an epoch. Where
//! it cannot be known, nothing is said.

/// So many measurements of the accuracy say something about where the curve goes.
const FEWEST_POINTS: usize = 4;
/// A forecast reaches at most so many times as far as what is behind.
const REACH: f64 = 4.0;
/// The errors measured so far lie around the line that is drawn through their decimal logarithms by at most so much: a
/// quarter up or down.
const SCATTER: f64 = 0.11;

/// What is known of a running training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Going<'a> {
    /// The test accuracy, 0 to 1, as it was measured: (epochs, accuracy).
    pub measured: &'a [(f64, f64)],
    /// Epochs so far, the running one in part.
    pub epochs: f64,
    /// Seconds for one.
    pub epoch: f64,
    /// The accuracy at which it stops, 0 to 1.
    pub target: Option<f64>,
    /// The epoch after which it stops.
    pub last: Option<u32>,
}

/// What comes next, and in how many seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Forecast {
    /// The aimed at accuracy.
    Target(f64),
    /// The end of the epoch with this number, from 1.
    Epoch(u32, f64),
}

/// What can be said; nothing before the speed is known.
///
/// ```
/// use spiking_playground::page::model::forecast::{Forecast, Going, forecast};
/// let going = Going { measured: &[], epochs: 0.25, epoch: 8.0, target: Some(0.97), last: None };
/// assert_eq!(forecast(&going), Some(Forecast::Epoch(1, 6.0))); // of the accuracy nothing is known yet
/// ```
pub fn forecast(going: &Going<'_>) -> Option<Forecast> {
    if !(going.epoch.is_finite() && going.epoch > 0.0) {
        return None;
    }
    let seconds = |at: f64| (at - going.epochs).max(0.0) * going.epoch;
    let next = going.epochs.floor() as u32 + 1;
    let end = going.last.filter(|last| *last >= next).unwrap_or(next);
    let target = going.target.and_then(|target| reached(going.measured, target));
    Some(match target {
        Some(at) if going.last.is_none() || at <= f64::from(end) => Forecast::Target(seconds(at)),
        _ => Forecast::Epoch(end, seconds(f64::from(end))),
    })
}

/// After how many epochs the accuracy will be what was aimed at: errors fall about as a power of the images seen, so their
/// logarithms lie near a straight line, which is drawn through the newer half of them.
fn reached(measured: &[(f64, f64)], target: f64) -> Option<f64> {
    let newer = &measured[measured.len() / 2..];
    let points: Vec<(f64, f64)> = newer
        .iter()
        .filter(|(at, accuracy)| *at > 0.0 && *accuracy < 1.0)
        .map(|(at, accuracy)| (at.log10(), (1.0 - accuracy).log10()))
        .collect();
    let (last, _) = newer.last()?;
    if points.len() < FEWEST_POINTS || target >= 1.0 {
        return None;
    }
    let n = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|point| (point.0 - x) * (point.0 - x)).sum();
    let slope = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>() / spread;
    let off = |point: &(f64, f64)| point.1 - y - slope * (point.0 - x);
    let scatter = (points.iter().map(|point| off(point) * off(point)).sum::<f64>() / n).sqrt();
    // A curve that does not fall, or jumps about, leads nowhere that could be named.
    if !(slope < -0.05 && scatter < SCATTER) {
        return None;
    }
    // As f32, whose exponential the page has anyway.
    let power = (x + ((1.0 - target).log10() - y) / slope) * std::f64::consts::LN_10;
    let at = f64::from((power as f32).exp());
    (at <= last * REACH).then_some(at)
}

/// Seconds as they are said: no finer than is known.
///
/// ```
/// use spiking_playground::page::model::forecast::said;
/// assert_eq!([3.4, 43.0, 200.0, 9000.0].map(said), ["4\u{202f}s", "45\u{202f}s", "3\u{202f}min", "150\u{202f}min"]);
/// ```
pub fn said(seconds: f64) -> String {
    if seconds < 10.0 {
        format!("{}\u{202f}s", seconds.ceil() as u32)
    } else if seconds < 90.0 {
        format!("{}\u{202f}s", (seconds / 5.0).round() as u32 * 5)
    } else {
        format!("{}\u{202f}min", (seconds / 60.0).round() as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn going<'a>(measured: &'a [(f64, f64)], target: f64, last: Option<u32>) -> Going<'a> {
        let epochs = measured.last().map_or(0.0, |(at, _)| *at);
        Going { measured, epochs, epoch: 10.0, target: Some(target), last }
    }

    /// Errors of 0.08·epochs^-0.5, which are 3 % after 7.1 epochs and 4 % after 4.
    fn power() -> Vec<(f64, f64)> {
        (1..=20).map(|i| f64::from(i) / 10.0).map(|at| (at, 1.0 - 0.08 * at.powf(-0.5))).collect()
    }

    #[test]
    fn a_power_law_is_followed() {
        let Some(Forecast::Target(seconds)) = forecast(&going(&power(), 0.96, None)) else { panic!() };
        assert!((seconds - 20.0).abs() < 1e-3, "{seconds}");
        // Already reached: any moment.
        assert_eq!(forecast(&going(&power(), 0.9, None)), Some(Forecast::Target(0.0)));
    }

    #[test]
    fn what_comes_first_is_said() {
        assert_eq!(forecast(&going(&power(), 0.96, Some(3))), Some(Forecast::Epoch(3, 10.0)));
        assert!(matches!(forecast(&going(&power(), 0.96, Some(5))), Some(Forecast::Target(_))));
        assert_eq!(forecast(&Going { target: None, ..going(&power(), 0.0, None) }), Some(Forecast::Epoch(3, 10.0)));
    }

    #[test]
    fn where_it_cannot_be_known_nothing_is_said_of_it() {
        let only_epoch = |measured: &[(f64, f64)], target| {
            matches!(forecast(&going(measured, target, None)), Some(Forecast::Epoch(..)))
        };
        assert!(only_epoch(&power(), 0.999), "too far");
        assert!(only_epoch(&power(), 1.0));
        assert!(only_epoch(&power()[..3], 0.9), "too few points");
        let flat: Vec<_> = (1..20).map(|i| (f64::from(i), 0.1)).collect();
        assert!(only_epoch(&flat, 0.9), "it does not learn");
        let wild: Vec<_> = (1..20).map(|i| (f64::from(i), if i % 2 == 0 { 0.9 } else { 0.2 })).collect();
        assert!(only_epoch(&wild, 0.95), "it jumps about");
        assert_eq!(forecast(&Going { epoch: f64::INFINITY, ..going(&power(), 0.9, None) }), None);
    }
}
