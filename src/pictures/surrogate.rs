//! The cliff, and the slope that learning pretends it has.

use super::marks::{Ink, Mark, Point, Shade, line, px};
use crate::decimal::Between;
use crate::spec::Surrogate;

const GROUND: f32 = 0.85;
const TOP: f32 = 0.1;
/// Voltages shown to each side of the threshold.
const REACH: f32 = 1.0;
const POINTS: usize = 241;

/// The steepness at which the surrogate has half of its height at this share of the picture's width; none for one that
/// has no steepness.
///
/// ```
/// use spiking_playground::pictures::surrogate::steepness_at;
/// use spiking_playground::spec::Surrogate;
/// assert_eq!(steepness_at(Surrogate::FastSigmoid(1.0), 0.55), Some(4.1));
/// assert_eq!(steepness_at(Surrogate::FastSigmoid(1.0), 0.45), Some(4.1)); // on either side
/// assert_eq!(steepness_at(Surrogate::Triangle, 0.6), None);
/// ```
pub fn steepness_at(surrogate: Surrogate, share: f32) -> Option<f64> {
    let away = f64::from((2.0 * share - 1.0).abs() * REACH).max(0.004);
    let steepness = half(surrogate)? / away;
    // As many digits as a hand can mean.
    let unit = if steepness < 10.0 { 10.0 } else { 1.0 };
    Some(((steepness * unit).round() / unit).between(0.1, 100.0))
}

/// The steepness times the distance from the threshold at which half of the height is left.
fn half(surrogate: Surrogate) -> Option<f64> {
    Some(match surrogate {
        Surrogate::FastSigmoid(_) => std::f64::consts::SQRT_2 - 1.0,
        Surrogate::Arctan(_) => std::f64::consts::FRAC_2_PI,
        // 4·σ(x)·(1 - σ(x)) = 1/2 at x = ln(3 + √8).
        Surrogate::Sigmoid(_) => 1.762_747_174_039_086,
        Surrogate::Triangle => return None,
    })
}

/// `other` as wide as `one`: at half of its height. One that has no steepness stays as it is.
///
/// ```
/// use spiking_playground::pictures::surrogate::as_wide_as;
/// use spiking_playground::spec::Surrogate::{Arctan, FastSigmoid, Triangle};
/// let Arctan(steepness) = as_wide_as(FastSigmoid(10.0), Arctan(2.0)) else { panic!("it keeps its shape") };
/// assert!((Arctan(steepness).slope(0.041_421_36) / Arctan(steepness).slope(0.0) - 0.5).abs() < 1e-4);
/// assert_eq!(as_wide_as(FastSigmoid(10.0), Triangle), Triangle);
/// ```
pub fn as_wide_as(one: Surrogate, other: Surrogate) -> Surrogate {
    // The triangle falls to a half of its height at a half.
    let away = half(one).zip(one.steepness()).map_or(0.5, |(half, steepness)| half / f64::from(steepness));
    let Some(steepness) = half(other).map(|half| (half / away) as f32) else { return other };
    match other {
        Surrogate::FastSigmoid(_) => Surrogate::FastSigmoid(steepness),
        Surrogate::Arctan(_) => Surrogate::Arctan(steepness),
        Surrogate::Sigmoid(_) => Surrogate::Sigmoid(steepness),
        Surrogate::Triangle => other,
    }
}

/// The picture, and where the slope's name stands.
pub fn picture(surrogate: Surrogate) -> (Vec<Mark>, Point) {
    let peak = surrogate.slope(0.0).max(1e-6);
    let y = |x: f32| GROUND - (GROUND - TOP) * surrogate.slope(x) / peak;
    let curve: Vec<Point> = (0..POINTS)
        .map(|i| i as f32 / (POINTS - 1) as f32)
        .map(|share| (share, y((2.0 * share - 1.0) * REACH)))
        .collect();
    let mut area = vec![(0.0, GROUND)];
    area.extend(&curve);
    area.push((1.0, GROUND));
    let name = curve.iter().find(|(_, y)| *y < (TOP + GROUND) / 2.0).copied().unwrap_or((0.5, TOP));
    let mut marks = vec![
        line(vec![(0.0, GROUND), (1.0, GROUND)], Ink::Rule, 1.0),
        Mark::Line {
            points: vec![(0.5, GROUND), (0.5, TOP / 2.0)],
            ink: Ink::Faint,
            width: 1.0,
            dash: Some((2.0, 3.0)),
        },
        line(vec![(0.0, GROUND), (0.5, GROUND), (0.5, TOP), (1.0, TOP)], Ink::Ghost, 2.0),
        Mark::Area { points: area, ink: Ink::Ink, alpha: 0.07 },
        line(curve, Ink::Ink, 2.0),
    ];
    // What can be dragged: the place where half of the height is left.
    let grip = half(surrogate).zip(surrogate.steepness()).map(|(half, k)| (half / f64::from(k)) as f32);
    if let Some(away) = grip.filter(|away| *away < REACH) {
        let fill = Shade { from: Ink::Paper, to: Ink::Paper, amount: 0.0 };
        let at = (0.5 + away / (2.0 * REACH), y(away));
        marks.push(Mark::Dot { at, radius: px(4.5), fill, rim: Some(Ink::Ink) });
    }
    (marks, (name.0 - 0.03, name.1))
}

/// A small picture of how a voltage leaks away: one pulse, then β, β², …
pub fn leak(beta: f32) -> Mark {
    let mut points = vec![(0.0, 0.95), (0.1, 0.95)];
    points.extend((0..=24).map(|t| (0.1 + 0.9 * t as f32 / 24.0, 0.95 - 0.85 * beta.powi(t))));
    line(points, Ink::Ink, 1.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dragged_point_is_where_half_of_the_height_is_left() {
        for (surrogate, of) in [
            (Surrogate::FastSigmoid(1.0), Surrogate::FastSigmoid as fn(f32) -> Surrogate),
            (Surrogate::Arctan(1.0), Surrogate::Arctan),
            (Surrogate::Sigmoid(1.0), Surrogate::Sigmoid),
        ] {
            for share in [0.53, 0.6, 0.9] {
                let dragged = of(steepness_at(surrogate, share).unwrap() as f32);
                let left = dragged.slope((2.0 * share - 1.0) * REACH) / dragged.slope(0.0);
                // The steepness is rounded to two digits or so.
                assert!((left - 0.5).abs() < 0.03, "{dragged:?} at {share}: {left}");
            }
            assert!(steepness_at(surrogate, 0.5).is_some_and(f64::is_finite));
        }
    }
}
