//! How well a network reads while it learns, on one small picture: the test accuracy over the epochs, which are few at first and
//! many later, so the axis counts their decades. The run before stands behind it, and a network that has learnt all marks a goal.

use super::marks::{Ink, Mark, Point, Shade, line, px};
use crate::decimal::Between;

/// Where the axis begins, in epochs: before the first test.
const FIRST: f64 = 0.003;
/// It ends here at least.
const LAST: f64 = 1.0;
const TOP: f32 = 0.08;
const BOTTOM: f32 = 0.92;
/// The curves end here: beside them stands the newest number.
const RIGHT: f32 = 0.84;

/// The picture, and where its words stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// What to paint.
    pub marks: Vec<Mark>,
    /// Where the curve of this run ends, and the accuracy there.
    pub end: Option<(Point, f64)>,
    /// Where the accuracy of the trained network stands.
    pub goal: Option<(Point, f64)>,
    /// Where a decade of epochs begins: its name and its place across.
    pub decades: Vec<(String, f32)>,
}

/// The picture of a run's accuracies, (epochs, share), in the order of the epochs: on the pictures that it learns from, which are
/// known from the first step on, and on the test pictures; of the latter of the run before; and of the accuracy of a network
/// that is trained.
pub fn picture(training: &[(f64, f64)], now: &[(f64, f64)], before: &[(f64, f64)], goal: Option<f64>) -> Progress {
    let longest =
        [training, now, before].into_iter().filter_map(|curve| curve.last()).fold(LAST, |most, (at, _)| most.max(*at));
    let x = |at: f64| RIGHT * ((at / FIRST).ln() / (longest / FIRST).ln()).between(0.0, 1.0) as f32;
    let y = |share: f64| TOP + (BOTTOM - TOP) * (1.0 - share.between(0.0, 1.0)) as f32;
    let mut marks = vec![line(vec![(0.0, BOTTOM), (RIGHT, BOTTOM)], Ink::Rule, 1.0)];
    let decades: Vec<(String, f32)> = [(0.01, "1/100"), (0.1, "1/10"), (1.0, "1"), (10.0, "10"), (100.0, "100")]
        .into_iter()
        .filter(|(at, _)| *at <= longest)
        .map(|(at, name)| (name.to_owned(), x(at)))
        .collect();
    marks.extend(decades.iter().map(|(_, x)| line(vec![(*x, TOP), (*x, BOTTOM)], Ink::Rule, 1.0)));
    if let Some(goal) = goal {
        let points = vec![(0.0, y(goal)), (RIGHT, y(goal))];
        marks.push(Mark::Line { points, ink: Ink::Faint, width: 1.0, dash: Some((2.0, 3.0)) });
    }
    let path = |curve: &[(f64, f64)]| curve.iter().map(|(at, share)| (x(*at), y(*share))).collect::<Vec<_>>();
    marks.push(line(path(before), Ink::Ghost, 2.0));
    marks.push(line(path(training), Ink::Faint, 1.0));
    marks.push(line(path(now), Ink::Ink, 2.0));
    let end = now.last().or(training.last()).map(|(at, share)| ((x(*at), y(*share)), *share));
    if let Some((at, _)) = end {
        let fill = Shade { from: Ink::Ink, to: Ink::Ink, amount: 0.0 };
        marks.push(Mark::Dot { at, radius: px(3.0), fill, rim: None });
    }
    Progress { marks, end, goal: goal.map(|goal| ((RIGHT, y(goal)), goal)), decades }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_steps_have_as_much_room_as_the_many_after_them() {
        let curve = [(0.005, 0.3), (0.05, 0.7), (0.5, 0.95)];
        let Progress { end, decades, .. } = picture(&[(0.001, 0.1)], &curve, &[], Some(0.98));
        assert_eq!(end.map(|(_, share)| share), Some(0.95));
        let x: Vec<f32> = decades.iter().map(|(_, x)| *x).collect();
        assert_eq!(x.len(), 3);
        assert!((x[1] - x[0] - (x[2] - x[1])).abs() < 1e-6 && (x[2] - RIGHT).abs() < 1e-6, "{x:?}");
    }

    #[test]
    fn a_run_that_goes_on_for_long_stays_in_the_picture() {
        let long: Vec<(f64, f64)> = (1..40).map(|epoch| (f64::from(epoch), 0.9)).collect();
        let Progress { end, decades, .. } = picture(&[], &long, &[(0.01, 0.5)], None);
        assert!(end.is_some_and(|((x, _), _)| (x - RIGHT).abs() < 1e-6) && decades.len() == 4);
        assert_eq!(picture(&[], &[], &[], None).end, None);
        assert_eq!(
            picture(&[(0.01, 0.2)], &[], &[], None).end.map(|(_, share)| share),
            Some(0.2),
            "before the first test"
        );
    }
}
