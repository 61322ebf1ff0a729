//! The cliff, and the slope that learning pretends it has.

use super::marks::{Ink, Mark, Point, line};
use crate::spec::Surrogate;

const GROUND: f32 = 0.85;
const TOP: f32 = 0.1;
/// Voltages shown to each side of the threshold.
const REACH: f32 = 1.0;
const POINTS: usize = 241;

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
    let marks = vec![
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
    (marks, (name.0 - 0.03, name.1))
}

/// A small picture of how a voltage leaks away: one pulse, then β, β², …
pub fn leak(beta: f32) -> Mark {
    let mut points = vec![(0.0, 0.95), (0.1, 0.95)];
    points.extend((0..=24).map(|t| (0.1 + 0.9 * t as f32 / 24.0, 0.95 - 0.85 * beta.powi(t))));
    line(points, Ink::Ink, 1.5)
}
