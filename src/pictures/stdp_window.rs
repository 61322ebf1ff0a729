//! The STDP window: by how much weights change, by the time between the two spikes. What a running layer did as points, and the rule
//! as a line.

use super::marks::{Ink, Mark, Point, level, line, plain, px};
use crate::decimal::Between;

/// The spikes that are shown are at most so many time steps apart.
pub const APART: i32 = 20;
/// The level of no change, and how far the largest change is from it.
const ZERO: f32 = 0.6;
const REACH: f32 = 0.5;

/// Where a time between the two spikes stands.
pub fn across(between: i32) -> f32 {
    0.5 + between as f32 / (2.0 * APART as f32 + 2.0)
}

/// e^(-|Δt|/τ).
fn trace(between: i32, decay: f32) -> f32 {
    if decay > 0.0 { libm::expf(-(between.abs() as f32) / decay) } else { f32::from(u8::from(between == 0)) }
}

/// The height at which e^(-|Δt|/τ) lies nearest to these points, by least squares; 0 where there are none.
fn height(points: &[(i32, f32)], decay: f32) -> f32 {
    let sums = points.iter().fold((0.0, 0.0), |(product, square), (between, change)| {
        let trace = trace(*between, decay);
        (product + trace * change, square + trace * trace)
    });
    if sums.1 > 0.0 { sums.0 / sums.1 } else { 0.0 }
}

/// The picture of (Δt, mean Δw), where traces decay with these constants: the presynaptic one, which potentiation reads, and the
/// postsynaptic one. The lines are the rule's exponentials; weights and ages differ from pair to pair, so their heights are fitted.
pub fn marks(window: &[(i32, f32)], [presynaptic, postsynaptic]: [f32; 2]) -> Vec<Mark> {
    let near: Vec<(i32, f32)> = window.iter().filter(|(between, _)| between.abs() <= APART).copied().collect();
    let (after, before): (Vec<_>, Vec<_>) = near.iter().partition::<Vec<(i32, f32)>, _>(|(between, _)| *between >= 0);
    let heights = [height(&after, presynaptic), height(&before, postsynaptic)];
    let most = near.iter().map(|(_, change)| change.abs()).chain(heights.map(f32::abs)).fold(1e-9, f32::max);
    let y = |change: f32| ZERO - REACH * (change / most).between(-1.0, 1.0);
    let middle = Mark::Line { points: vec![(0.5, 0.02), (0.5, 0.98)], ink: Ink::Rule, width: 1.0, dash: None };
    let mut marks = vec![level(ZERO, Ink::Rule), middle];
    let curve = |from: i32, to: i32, height: f32, decay: f32| -> Vec<Point> {
        (from..=to).map(|between| (across(between), y(height * trace(between, decay)))).collect()
    };
    if !near.is_empty() {
        marks.push(line(curve(0, APART, heights[0], presynaptic), Ink::Exc, 2.0));
        marks.push(line(curve(-APART, -1, heights[1], postsynaptic), Ink::Inh, 2.0));
    }
    marks.extend(near.iter().map(|(between, change)| Mark::Dot {
        at: (across(*between), y(*change)),
        radius: px(2.2),
        fill: plain(Ink::Paper),
        rim: Some(Ink::Ink),
    }));
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_goes_through_points_that_are_its_own() {
        let own = |between: i32| if between < 0 { -0.3 * trace(between, 4.0) } else { 0.7 * trace(between, 9.0) };
        let points: Vec<(i32, f32)> = (-10..=10).map(|between| (between, own(between))).collect();
        assert!((height(&points[10..], 9.0) - 0.7).abs() < 1e-6);
        assert!((height(&points[..10], 4.0) + 0.3).abs() < 1e-6);
        assert_eq!(marks(&points, [9.0, 4.0]).len(), 4 + 21);
        assert_eq!(marks(&[], [9.0, 4.0]).len(), 2);
        // Traces that last for no time.
        assert!(marks(&[(0, 0.5), (1, 0.0)], [0.0, 0.0]).len() == 6);
        assert!(marks(&[(-60, 0.5)], [1.0, 1.0]).len() == 2);
    }
}
