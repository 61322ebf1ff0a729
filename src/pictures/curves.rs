//! Loss and accuracy over the epochs: is it learning; do test and training part?

use super::marks::{Ink, Mark, Point, line};
use crate::decimal::Between;
use crate::event::{Accuracy, StepDone};

/// More points than that are thinned out.
const MOST_POINTS: usize = 480;
/// The part of the picture's width that the curves take; numbers stand to the left, names to the right.
pub const LEFT: f32 = 0.08;
/// Where the curves end.
pub const RIGHT: f32 = 0.82;
const TOP: f32 = 0.1;
pub(super) const BOTTOM: f32 = 0.84;

/// A curve that gets longer: (epochs, value), with the weight of each point.
#[derive(Clone, Debug, Default, PartialEq)]
struct Curve {
    points: Vec<(f64, f64)>,
}

impl Curve {
    fn push(&mut self, at: f64, value: f64) {
        // A run that was lost goes on from where it was saved: what came after is learnt again.
        let kept = self.points.partition_point(|(before, _)| *before < at);
        self.points.truncate(kept);
        self.points.push((at, value));
        if self.points.len() > MOST_POINTS {
            let pair = |pair: &[(f64, f64)]| {
                let n = pair.len() as f64;
                (pair.iter().map(|p| p.0).sum::<f64>() / n, pair.iter().map(|p| p.1).sum::<f64>() / n)
            };
            self.points = self.points.chunks(2).map(pair).collect();
        }
    }
}

/// What has been learnt so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    loss: Curve,
    training: Curve,
    test: Curve,
    epochs: f64,
    step: u64,
    /// What was reported and is not in a point yet: loss times images, and the score.
    pending: (f64, Accuracy),
}

/// What a whole epoch came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epoch {
    /// Counted from 1.
    pub epoch: u32,
    /// Mean cross entropy over the training images, in nats.
    pub loss: f64,
    /// Accuracy on the training images, 0 to 1.
    pub training: f64,
    /// Accuracy on the test images, 0 to 1; `None` without a test set.
    pub test: Option<f64>,
}

/// Which curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Loss.
    Loss,
    /// Accuracy.
    Accuracy,
}

/// A picture of curves and where its names stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// What to paint.
    pub marks: Vec<Mark>,
    /// Numbers beside the vertical axis: text and height.
    pub rows: Vec<(String, f32)>,
    /// Numbers below the horizontal axis: text and place.
    pub columns: Vec<(String, f32)>,
    /// Where the training curve ends.
    pub training: Option<Point>,
    /// Where the test curve ends.
    pub test: Option<Point>,
}

/// What the axes of a chart show.
pub(super) struct Axes<'a> {
    /// The values at the lower and the upper end.
    pub values: (f64, f64),
    /// Numbers beside the vertical axis: text and value.
    pub rows: &'a [(&'a str, f64)],
    /// The epochs at the left and the right end.
    pub epochs: (f64, f64),
}

impl Axes<'_> {
    /// Where an epoch and a value stand.
    pub fn place(&self, (at, value): (f64, f64)) -> Point {
        let share = |value: f64, (low, high): (f64, f64)| (value - low) / (high - low);
        let x = LEFT + (RIGHT - LEFT) * share(at, self.epochs) as f32;
        (x, TOP + (BOTTOM - TOP) * (1.0 - share(value, self.values).between(0.0, 1.0)) as f32)
    }
}

impl History {
    /// The curves through whole epochs.
    pub fn of_epochs(epochs: &[Epoch]) -> Self {
        let mut history = Self::default();
        for Epoch { epoch, loss, training, test } in epochs {
            let at = f64::from(*epoch);
            history.epochs = at;
            history.loss.push(at, *loss);
            history.training.push(at, *training);
            if let Some(test) = test {
                history.test.push(at, *test);
            }
        }
        history
    }

    /// The curves through (place, training accuracy, test accuracy).
    pub(super) fn of_measurements(points: impl Iterator<Item = (f64, f64, Option<f64>)>) -> Self {
        let mut history = Self::default();
        for (at, training, test) in points {
            history.epochs = at;
            history.training.push(at, training);
            test.into_iter().for_each(|test| history.test.push(at, test));
        }
        history
    }

    /// Batches were trained: their mean loss and score.
    pub fn step(&mut self, done: &StepDone, loss: f32, score: Accuracy) {
        self.epochs = f64::from(done.epoch) + done.images as f64 / done.images_in_epoch.max(1) as f64;
        self.step = done.step;
        self.pending.0 += f64::from(loss) * score.images.max(1) as f64;
        self.pending.1 += score;
        // A slow engine tells of each batch, and a batch is noise: a point stands for its share of the run.
        let trained = self.epochs * done.images_in_epoch as f64;
        if self.pending.1.images as f64 >= trained / MOST_POINTS as f64 || self.loss.points.is_empty() {
            let (loss, score) = std::mem::take(&mut self.pending);
            self.loss.push(self.epochs, loss / score.images.max(1) as f64);
            self.training.push(self.epochs, score.fraction());
        }
    }

    /// The run goes on after that many steps, a little later than what was last told of it.
    pub fn is_at(&mut self, step: u64) {
        if self.step > 0 {
            self.epochs *= step as f64 / self.step as f64;
            self.step = step;
        }
    }

    /// The newest training loss.
    pub fn loss(&self) -> Option<f32> {
        self.loss.points.last().map(|(_, loss)| *loss as f32)
    }

    /// All of it, to be kept: numbers as f64, little-endian, how many points each curve has before the points.
    pub fn to_bytes(&self) -> Vec<u8> {
        let curves = [&self.loss, &self.training, &self.test];
        let (loss, score) = self.pending;
        let mut numbers = vec![self.epochs, self.step as f64, loss, score.correct as f64, score.images as f64];
        numbers.extend(curves.iter().map(|curve| curve.points.len() as f64));
        numbers.extend(curves.iter().flat_map(|curve| &curve.points).flat_map(|(at, value)| [*at, *value]));
        numbers.into_iter().flat_map(f64::to_le_bytes).collect()
    }

    /// What [`History::to_bytes`] wrote; nothing where these bytes are something else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let numbers: Vec<f64> = bytes.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
        let (head, mut points) = numbers.split_at_checked(8)?;
        let mut curve = |count: f64| {
            let (own, rest) = points.split_at_checked(2 * (count as usize).min(MOST_POINTS))?;
            points = rest;
            Some(Curve { points: own.as_chunks().0.iter().map(|[at, value]| (*at, *value)).collect() })
        };
        let (loss, training, test) = (curve(head[5])?, curve(head[6])?, curve(head[7])?);
        let score = Accuracy { correct: head[3] as usize, images: head[4] as usize };
        let all = Self { loss, training, test, epochs: head[0], step: head[1] as u64, pending: (head[2], score) };
        (points.is_empty() && numbers.iter().all(|number| number.is_finite())).then_some(all)
    }

    /// The test set was measured after that many steps.
    pub fn tested(&mut self, score: Accuracy, step: u64) {
        // A measurement of an older step than the newest report is placed in proportion.
        let share = if self.step == 0 { 0.0 } else { step as f64 / self.step as f64 };
        self.test.push(self.epochs * share.min(1.0), score.fraction());
    }

    /// All points of all curves: which (0 loss, 1 training accuracy, 2 test accuracy), epochs, and value.
    pub fn points(&self) -> impl Iterator<Item = (u8, f64, f64)> + '_ {
        let curves = [(0, &self.loss), (1, &self.training), (2, &self.test)];
        curves.into_iter().flat_map(|(curve, of)| of.points.iter().map(move |(at, value)| (curve, *at, *value)))
    }

    /// The test accuracy as it was measured: (epochs, accuracy).
    pub fn measured(&self) -> &[(f64, f64)] {
        &self.test.points
    }

    /// The accuracy on the pictures that it learns from: (epochs, accuracy).
    pub fn training(&self) -> &[(f64, f64)] {
        &self.training.points
    }

    /// Epochs trained, the running one in part.
    pub fn epochs(&self) -> f64 {
        self.epochs
    }

    /// The picture of one kind of curve, on axes that stay while it grows.
    pub fn chart(&self, kind: Kind) -> Chart {
        let (rows, high): (&[(&str, f64)], f64) = match kind {
            Kind::Loss => (&[("0", 0.0), ("1", 1.0), ("2", 2.0)], 2.5),
            Kind::Accuracy => (&[("0", 0.0), ("50", 0.5), ("100", 1.0)], 1.0),
        };
        let (span, tick) = span(self.epochs);
        let ticks = (0..=(span / tick).round() as usize).map(|i| i as f64 * tick);
        let columns = ticks.map(|at| (format!("{}", (at * 100.0).round() / 100.0), at)).collect();
        self.chart_on(kind, &Axes { values: (0.0, high), rows, epochs: (0.0, span) }, columns)
    }

    /// The same on other axes, with these numbers below the horizontal one: text and epoch.
    pub(super) fn chart_on(&self, kind: Kind, axes: &Axes<'_>, columns: Vec<(String, f64)>) -> Chart {
        let path = |curve: &Curve| curve.points.iter().map(|point| axes.place(*point)).collect::<Vec<_>>();
        let mut chart = Chart::default();
        for (text, value) in axes.rows {
            let y = axes.place((0.0, *value)).1;
            chart.rows.push(((*text).to_owned(), y));
            chart.marks.push(line(vec![(LEFT, y), (RIGHT, y)], Ink::Rule, 1.0));
        }
        let (first, second) = match kind {
            Kind::Loss => (path(&self.loss), Vec::new()),
            Kind::Accuracy => (path(&self.training), path(&self.test)),
        };
        chart.training = first.last().copied();
        chart.test = second.last().copied();
        chart.columns = columns.into_iter().map(|(text, at)| (text, axes.place((at, 0.0)).0)).collect();
        let ink = if kind == Kind::Loss { Ink::Ink } else { Ink::Ghost };
        chart.marks.push(line(first, ink, if kind == Kind::Loss { 2.0 } else { 1.5 }));
        chart.marks.push(line(second, Ink::Ink, 2.0));
        chart
    }
}

/// How many epochs the axis shows, and how far apart its numbers are.
fn span(epochs: f64) -> (f64, f64) {
    const SPANS: [(f64, f64); 6] = [(0.1, 0.05), (0.25, 0.05), (0.5, 0.1), (1.0, 0.25), (2.0, 0.5), (5.0, 1.0)];
    let small = SPANS.into_iter().find(|(span, _)| epochs <= *span);
    small.unwrap_or_else(|| {
        let tick = (epochs / 5.0).ceil();
        (tick * 5.0, tick)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(step: u64, images: usize) -> StepDone {
        StepDone { step, epoch: 0, images, images_in_epoch: 1000, loss: 1.0, score: Accuracy::default() }
    }

    #[test]
    fn a_long_run_keeps_a_bounded_number_of_points() {
        let mut history = History::default();
        let batch = Accuracy { correct: 1, images: 2 };
        (1..=5000).for_each(|step| history.step(&done(step, step as usize * 2), 1.0, batch));
        assert!((200..=MOST_POINTS).contains(&history.loss.points.len()), "{}", history.loss.points.len());
    }

    #[test]
    fn a_run_that_was_lost_goes_on_from_where_it_was_saved() {
        let mut history = History::default();
        let batch = Accuracy { correct: 50, images: 100 };
        (1..=5).for_each(|step| history.step(&done(step, step as usize * 100), 1.0, batch));
        history.step(&done(3, 300), 0.5, batch);
        let ends: Vec<f64> = history.loss.points.iter().map(|(at, _)| *at).collect();
        assert_eq!(ends, [0.1, 0.2, 0.3]);
    }

    #[test]
    fn what_is_kept_is_read_back() {
        let mut history = History::default();
        let batch = Accuracy { correct: 50, images: 100 };
        (1..=7).for_each(|step| history.step(&done(step, step as usize * 100), 1.0 / step as f32, batch));
        history.tested(Accuracy { correct: 9, images: 10 }, 6);
        let bytes = history.to_bytes();
        assert_eq!(History::from_bytes(&bytes), Some(history));
        for broken in [&bytes[..bytes.len() - 16], &bytes[..40], &[], &[255; 64]] {
            assert_eq!(History::from_bytes(broken), None);
        }
    }

    #[test]
    fn a_run_that_is_resumed_stands_where_its_checkpoint_does() {
        let mut history = History::default();
        history.step(&done(4, 400), 1.0, Accuracy { correct: 50, images: 100 });
        history.is_at(5);
        assert_eq!((history.epochs(), history.loss()), (0.5, Some(1.0)));
    }

    #[test]
    fn the_axis_grows_with_the_run() {
        assert_eq!([span(0.0), span(0.7), span(12.0)], [(0.1, 0.05), (1.0, 0.25), (15.0, 3.0)]);
    }

    #[test]
    fn curves_end_where_training_stands() {
        let mut history = History::default();
        history.step(&done(10, 1000), 0.5, Accuracy { correct: 1, images: 2 });
        history.tested(Accuracy { correct: 9, images: 10 }, 10);
        let chart = history.chart(Kind::Accuracy);
        assert_eq!(chart.training.map(|p| p.0), Some(RIGHT));
        assert!(chart.test.map(|p| p.1) < chart.training.map(|p| p.1));
    }
}
