//! The ticks of an axis that shows whatever range there is, at round numbers.

/// About `count` round numbers from `low` to `high`, both inside; `low` alone if there is no range.
pub fn ticks(low: f64, high: f64, count: usize) -> Vec<f64> {
    let span = high - low;
    if !span.is_finite() || span <= 0.0 {
        return vec![low];
    }
    let rough = span / count.max(1) as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * power).find(|step| *step >= rough * 0.999);
    let step = step.unwrap_or(rough);
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last).map(|i| i as f64 * step).collect()
}

/// A number with as many digits as the distance between ticks needs.
pub fn label(value: f64, step: f64) -> String {
    let digits = (-step.abs().max(1e-9).log10()).ceil().clamp(0.0, 6.0) as usize;
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(ticks(0.0, 0.23, 4), [0.0, 0.1, 0.2]);
        assert_eq!(ticks(1.0, 10.0, 5), [2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks(93.4, 100.0, 4), [94.0, 96.0, 98.0, 100.0]);
        assert_eq!(ticks(3.0, 3.0, 4), [3.0]);
    }

    #[test]
    fn labels_show_what_differs() {
        assert_eq!([label(0.2, 0.1), label(98.0, 2.0), label(0.025, 0.005)], ["0.2", "98", "0.025"]);
    }
}
