//! What stopping early saves and loses: the share of test pictures that are read rightly, against the time steps that they take
//! on average, for each probability at which a network may stop.

use super::marks::{Ink, Mark, Point, level, line, plain, px};
use crate::decimal::Between;
use crate::trace::{CERTAINTIES, Stopping};

const TOP: f32 = 0.1;
const BOTTOM: f32 = 0.9;
/// The least difference in accuracy that takes the whole height.
const LEAST: f32 = 0.02;

/// Mean time steps and accuracy: for each of the [`CERTAINTIES`], and at last without stopping.
pub fn points(stopping: &Stopping) -> Vec<(f32, f32)> {
    let all = stopping.images.max(1) as f32;
    stopping.at.iter().map(|(steps, correct)| (*steps as f32 / all, *correct as f32 / all)).collect()
}

/// Which of the [`CERTAINTIES`] is nearest.
pub fn nearest(certainty: f32) -> usize {
    let away = |index: &usize| (CERTAINTIES[*index] - certainty).abs();
    (0..CERTAINTIES.len()).min_by(|a, b| away(a).total_cmp(&away(b))).unwrap_or(0)
}

/// The picture, with a dot where a network stops at about this probability.
pub fn picture(stopping: &Stopping, time_steps: usize, certainty: f32) -> Vec<Mark> {
    let points = points(stopping);
    let best = points.iter().fold(0.0, |best: f32, (_, share)| best.max(*share));
    let worst = points.iter().fold(best - LEAST, |worst, (_, share)| worst.min(*share));
    let place = |(steps, share): (f32, f32)| -> Point {
        let height = ((share - worst) / (best - worst)).between(0.0, 1.0);
        (steps / time_steps.max(1) as f32, BOTTOM - (BOTTOM - TOP) * height)
    };
    let at = points.get(nearest(certainty)).copied().map_or((0.0, 0.0), place);
    vec![
        level(BOTTOM, Ink::Rule),
        line(points.into_iter().map(place).collect(), Ink::Ghost, 2.0),
        Mark::Dot { at, radius: px(4.0), fill: plain(Ink::Ink), rim: None },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dot_stands_where_the_network_stops() {
        let mut stopping = Stopping { images: 10, ..Stopping::default() };
        for (index, (steps, correct)) in stopping.at.iter_mut().enumerate() {
            (*steps, *correct) = (10 * (index + 1), 8 + index / 5);
        }
        assert_eq!(points(&stopping)[0], (1.0, 0.8));
        assert_eq!([0.1, 0.89, 0.96, 1.0].map(nearest), [0, 4, 5, 7]);
        let dot = |certainty| match picture(&stopping, 10, certainty).pop() {
            Some(Mark::Dot { at, .. }) => at,
            _ => panic!("no dot"),
        };
        let close = |a: Point, b: Point| (a.0 - b.0).abs() < 1e-6 && (a.1 - b.1).abs() < 1e-6;
        assert!(close(dot(0.5), (0.1, BOTTOM)) && close(dot(0.95), (0.6, TOP)), "{:?}", dot(0.95));
    }
}
