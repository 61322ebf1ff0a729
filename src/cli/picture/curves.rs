//! The picture `curves.svg`: loss and accuracy over the epochs, which show learning and overfitting.

use super::axis::{label, ticks};
use super::svg::{Anchor, Ink, Point, Svg, Type};

/// The metrics of an epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epoch {
    /// Counted from 1.
    pub epoch: u32,
    /// Mean cross entropy over the training images.
    pub loss: f64,
    /// Accuracy on the training images, 0 to 1.
    pub training: f64,
    /// Accuracy on the test images, 0 to 1; `None` without a test set.
    pub test: Option<f64>,
}

const WIDTH: f32 = 884.0;
const HEIGHT: f32 = 300.0;
const MARGIN: f32 = 28.0;
const TOP: f32 = 64.0;
const BOTTOM: f32 = 246.0;
/// Width of the curves; numbers stand to the left, names to the right.
const PLOT: f32 = 254.0;
const NUMBERS: f32 = 34.0;
/// The maximal number of points drawn as dots; more are a line only.
const MAX_DOTS: usize = 40;
/// The minimal distance of two names.
const APART: f32 = 17.0;

/// One curve: its name at the end, its values in per cent or nats, and its style.
struct Curve {
    name: String,
    points: Vec<(u32, f64)>,
    ink: Ink,
    text: Ink,
    width: f32,
}

/// The picture of a run so far.
pub fn picture(epochs: &[Epoch]) -> String {
    let mut svg = Svg::new(WIDTH, HEIGHT);
    let loss = Curve::new("training", Ink::Strong, epochs.iter().map(|e| (e.epoch, e.loss)), |v| format!("{v:.4}"));
    let percent = |value: f64| format!("{value:.2} %");
    let training = Curve::new("training", Ink::Ghost, epochs.iter().map(|e| (e.epoch, 100.0 * e.training)), percent);
    let tests = epochs.iter().filter_map(|e| Some((e.epoch, 100.0 * e.test?)));
    let test = Curve::new("test", Ink::Strong, tests, percent);
    let most = loss.values().fold(1e-6, f64::max);
    let least = training.values().chain(test.values()).fold(99.0, f64::min);
    let half = WIDTH / 2.0;
    chart(&mut svg, MARGIN, ("Loss", "cross entropy"), (0.0, most * 1.05), &[loss]);
    chart(
        &mut svg,
        half + MARGIN / 2.0,
        ("Accuracy", "per cent"),
        (least - (100.0 - least) * 0.08, 100.0),
        &[training, test],
    );
    let description = epochs.last().map_or_else(
        || "No epoch is over yet.".to_owned(),
        |last| {
            let test = last.test.map_or(String::new(), |test| format!(", test accuracy {}", percent(100.0 * test)));
            format!(
                "After epoch {}: loss {:.4}, training accuracy {}{test}.",
                last.epoch,
                last.loss,
                percent(100.0 * last.training)
            )
        },
    );
    svg.finish("Loss and accuracy over the epochs", &description)
}

impl Curve {
    fn new(name: &str, ink: Ink, points: impl Iterator<Item = (u32, f64)>, say: impl Fn(f64) -> String) -> Self {
        let points: Vec<(u32, f64)> = points.collect();
        let name = points.last().map_or(String::new(), |(_, value)| format!("{name} {}", say(*value)));
        let text = if ink == Ink::Ghost { Ink::Faint } else { ink };
        Self { name, points, ink, text, width: if ink == Ink::Ghost { 1.75 } else { 2.0 } }
    }

    fn values(&self) -> impl Iterator<Item = f64> + '_ {
        self.points.iter().map(|(_, value)| *value)
    }
}

fn chart(svg: &mut Svg, left: f32, (name, unit): (&str, &str), (low, high): (f64, f64), curves: &[Curve]) {
    let from = left + NUMBERS;
    let last = curves.iter().flat_map(|curve| curve.points.last()).map(|(epoch, _)| *epoch).max().unwrap_or(1);
    let x = |epoch: f64| from + PLOT * ((epoch - 1.0) / f64::from(last.max(2) - 1)) as f32;
    let y = |value: f64| BOTTOM - (BOTTOM - TOP) * ((value - low) / (high - low)).clamp(0.0, 1.0) as f32;
    svg.caption((left, 32.0), Type::Heading, name, unit);
    let rows = ticks(low, high, 5);
    let step = rows.windows(2).map(|pair| pair[1] - pair[0]).next().unwrap_or(1.0);
    for value in rows {
        svg.line(&[(from, y(value)), (from + PLOT, y(value))], Ink::Rule, 1.0, None);
        svg.text((from - 8.0, y(value) + 4.0), Anchor::End, Type::Axis, Ink::Faint, &label(value, step));
    }
    // The first epoch is a tick too, unless a round number is next to it.
    let columns =
        ticks(1.0, f64::from(last), 5).into_iter().filter(|epoch| epoch.fract() == 0.0 && x(*epoch) > x(1.0) + 24.0);
    for epoch in std::iter::once(1.0).chain(columns) {
        svg.line(&[(x(epoch), BOTTOM + 4.0), (x(epoch), BOTTOM + 8.0)], Ink::Ghost, 1.0, None);
        svg.text((x(epoch), BOTTOM + 22.0), Anchor::Middle, Type::Axis, Ink::Faint, &format!("{epoch}"));
    }
    svg.text((from + PLOT + 12.0, BOTTOM + 22.0), Anchor::Start, Type::Axis, Ink::Faint, "epoch");
    for curve in curves {
        let points: Vec<Point> = curve.points.iter().map(|(epoch, value)| (x(f64::from(*epoch)), y(*value))).collect();
        if points.len() > 1 {
            svg.line(&points, curve.ink, curve.width, None);
        }
        let shown = if points.len() <= MAX_DOTS { &points[..] } else { &points[points.len() - 1..] };
        shown
            .iter()
            .for_each(|point| svg.dot(*point, if curve.ink == Ink::Ghost { 1.6 } else { 2.2 }, curve.ink, curve.ink));
    }
    for (curve, height) in curves.iter().zip(places(curves, y)) {
        svg.text((from + PLOT + 10.0, height + 4.0), Anchor::Start, Type::Name, curve.text, &curve.name);
    }
}

/// The positions of the names of at most two curves: at their ends, but apart.
fn places(curves: &[Curve], y: impl Fn(f64) -> f32) -> Vec<f32> {
    let mut places: Vec<f32> =
        curves.iter().map(|curve| curve.points.last().map_or(BOTTOM, |(_, value)| y(*value))).collect();
    if let [first, second] = &mut places[..]
        && (*first - *second).abs() < APART
    {
        let (middle, upper) = ((*first + *second) / 2.0, *first <= *second);
        let half = if upper { APART / 2.0 } else { -APART / 2.0 };
        (*first, *second) = (middle - half, middle + half);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::super::svg::tests::elements;
    use super::*;

    fn run(epochs: u32, test: bool) -> Vec<Epoch> {
        let share = |e: u32| 1.0 - 0.1 / f64::from(e);
        let one = |epoch| Epoch {
            epoch,
            loss: 1.0 / f64::from(epoch),
            training: share(epoch),
            test: test.then(|| share(epoch)),
        };
        (1..=epochs).map(one).collect()
    }

    #[test]
    fn every_run_has_a_picture() {
        for (epochs, test) in [(0, true), (1, true), (2, false), (10, true), (300, true)] {
            let file = picture(&run(epochs, test));
            let curves = elements(&file).iter().filter(|name| *name == "circle").count();
            let dots = if epochs <= 40 { epochs as usize } else { 1 };
            assert_eq!(curves, dots * if test { 3 } else { 2 }, "{epochs} epochs");
        }
        let file = picture(&run(10, true));
        assert!(file.contains("test 99.00 %") && file.contains("training 0.1000"), "{file}");
    }

    #[test]
    fn a_higher_value_stands_higher_and_names_do_not_touch() {
        let curve = |value| Curve::new("c", Ink::Strong, [(1, 90.0), (2, value)].into_iter(), |v| v.to_string());
        let y = |value: f64| 200.0 - value as f32;
        let apart = places(&[curve(99.0), curve(98.0)], y);
        assert!(apart[0] < apart[1] && apart[1] - apart[0] >= APART - 0.01, "{apart:?}");
        assert_eq!(places(&[curve(50.0), curve(98.0)], y), [150.0, 102.0]);
    }
}
