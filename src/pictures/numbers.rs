//! Numbers as the words beside pictures write them.

/// A number with thin spaces between its thousands.
///
/// ```
/// use spiking_playground::pictures::numbers::grouped;
/// assert_eq!([grouped(7), grouped(1234567)], ["7", "1\u{202f}234\u{202f}567"]);
/// ```
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A share as per cent.
///
/// ```
/// use spiking_playground::pictures::numbers::percent;
/// assert_eq!(percent(0.97), "97\u{202f}%");
/// assert_eq!(percent(0.9996), "over 99.9\u{202f}%");
/// assert_eq!(percent(0.0002), "under 0.1\u{202f}%");
/// ```
pub fn percent(share: f32) -> String {
    let value = share * 100.0;
    match value {
        v if v > 99.9 => "over 99.9\u{202f}%".to_owned(),
        v if v < 0.1 => "under 0.1\u{202f}%".to_owned(),
        v if (1.0..=99.0).contains(&v) => format!("{v:.0}\u{202f}%"),
        v => format!("{v:.1}\u{202f}%"),
    }
}

/// A number with one decimal, and without a sign where it rounds to nothing.
pub fn signed(value: f32) -> String {
    match format!("{value:.1}") {
        zero if zero == "-0.0" => "0.0".to_owned(),
        text => text.strip_prefix('-').map_or_else(|| text.clone(), |value| ["−", value].concat()),
    }
}
