//! A small parser of decimal numbers, and a clamp of floats. The standard library parses every float exactly, with
//! tables that would be a twelfth of what the page has to fetch; a setting needs less. The clamp has no panic that
//! formats floats.

/// Floats that can be clamped. The standard library's `clamp` panics if `low` is above `high`, and so links the
/// formatting of floats into every program that uses it.
pub trait Between: PartialOrd + Sized {
    /// The value clamped to the range; NaN if it is NaN.
    ///
    /// ```
    /// use spiking_playground::decimal::Between;
    /// assert_eq!((1.5f32.between(0.0, 1.0), (-0.5f64).between(0.0, 1.0), 0.25f32.between(0.0, 1.0)), (1.0, 0.0, 0.25));
    /// ```
    fn between(self, low: Self, high: Self) -> Self {
        if self < low {
            low
        } else if self > high {
            high
        } else {
            self
        }
    }
}

impl Between for f32 {}
impl Between for f64 {}

/// Below this, a whole number and its powers of ten up to [`EXACT_POWER`] are floats without rounding.
const EXACT_INTEGER: u64 = 1 << 53;
/// 10 to this power is a float without rounding.
const EXACT_POWER: i32 = 22;
/// Numbers with exponents beyond this are zero or infinite.
const MAX_EXPONENT: i32 = 1000;
/// The error of the float of a longer text, in units of its last place.
const MAX_ERROR: i64 = 4;

/// The float that a decimal text denotes; `None` if the text is no decimal number. It is the nearest float for texts of
/// up to 15 digits with an exponent within ±15, for what `to_string` writes of any `f32`, and of an `f64` between 1e-30
/// and 1e30. For other texts the error is some units in the last place, up to 16 for exponents up to ±300. No setting
/// is written so.
///
/// ```
/// use spiking_playground::decimal::parse;
/// assert_eq!(parse("-0.125"), Some(-0.125));
/// assert_eq!(parse("1e-3"), Some(0.001));
/// assert_eq!(parse("1.2.3"), None);
/// ```
pub fn parse(text: &str) -> Option<f64> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let unsigned = mantissa.strip_prefix(['+', '-']).unwrap_or(mantissa);
    let (integer, exponent) = digits(unsigned, exponent.clamp(-MAX_EXPONENT, MAX_EXPONENT))?;
    let near = scaled(integer as f64, exponent);
    let near = if mantissa.starts_with('-') { -near } else { near };
    if integer < EXACT_INTEGER && exponent.abs() <= EXACT_POWER {
        return Some(near);
    }
    // The float whose shortest form is this text is meant.
    let neighbours = (-MAX_ERROR..=MAX_ERROR).map(|by| f64::from_bits(near.to_bits().wrapping_add_signed(by)));
    Some(neighbours.into_iter().find(|value| value.to_string() == text).unwrap_or(near))
}

/// Digits with at most one point among them, as an integer and the power of ten by which to multiply it. Digits beyond
/// the nineteenth are dropped.
fn digits(text: &str, mut exponent: i32) -> Option<(u64, i32)> {
    let (mut integer, mut after_point, mut any) = (0u64, false, false);
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => {
                any = true;
                let kept = integer < u64::MAX / 10;
                if kept {
                    integer = integer * 10 + u64::from(byte - b'0');
                }
                // A digit kept behind the point and a digit dropped before it both move the point.
                exponent += i32::from(!kept) - i32::from(after_point);
            }
            b'.' if !after_point => after_point = true,
            _ => return None,
        }
    }
    any.then_some((integer, exponent))
}

fn scaled(mut value: f64, mut exponent: i32) -> f64 {
    while exponent != 0 && value != 0.0 && value.is_finite() {
        let step = exponent.clamp(-EXACT_POWER, EXACT_POWER);
        let power = (0..step.abs()).fold(1.0, |power, _| power * 10.0);
        value = if step < 0 { value / power } else { value * power };
        exponent -= step;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pseudorandom bits.
    fn bits() -> impl Iterator<Item = u64> {
        std::iter::successors(Some(1u64), |bits| {
            Some(bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
        })
        .map(|bits| bits ^ (bits >> 29))
        .take(20_000)
    }

    #[test]
    fn what_a_float_is_written_as_is_that_float() {
        let usual = |value: &f64| value.is_normal() && (1e-30..1e30).contains(&value.abs());
        let mut seen = 0;
        for value in bits().map(f64::from_bits).chain(bits().map(|bits| (bits >> 11) as f64 / 9e15)).filter(usual) {
            assert_eq!(parse(&value.to_string()), Some(value));
            let single = value as f32;
            assert_eq!(parse(&single.to_string()).map(|value| value as f32), Some(single));
            seen += 1;
        }
        assert!(seen > 20_000);
    }

    #[test]
    fn short_texts_are_read_as_the_standard_library_reads_them() {
        for bits in bits() {
            let text = format!("{}.{}e{}", bits % 1000, bits >> 40, (bits >> 20) % 12);
            assert_eq!(parse(&text), text.parse().ok(), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["", ".", "-", "e5", "1e", "1e5.0", "0x1", "1,5", "--1", "nan", "inf", " 1"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!((parse(".5"), parse("5."), parse("1e9999999")), (Some(0.5), Some(5.0), Some(f64::INFINITY)));
        assert_eq!(parse(&format!("0.{}1", "0".repeat(2000))), Some(0.0));
    }
}
