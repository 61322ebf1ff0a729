//! The curves of a run as a file: loss and accuracy after each epoch, on axes that show how the epochs differ.

use super::curves::{Axes, BOTTOM, Epoch, History, Kind, LEFT, RIGHT};
use super::marks::{Ink, Mark, line, plain, px};
use super::numbers::grouped;
use super::palette::Palette;
use super::svg::{Anchor, Frame, Label, Sheet};
use super::ticks::{label, ticks};

const WIDTH: f64 = 912.0;
const HEIGHT: f64 = 300.0;
/// The two charts; numbers stand to the left of their curves, names to the right.
const CHARTS: [Frame; 2] =
    [Frame { x: 24.0, y: 32.0, width: 380.0, height: 256.0 }, Frame { x: 460.0, y: 32.0, width: 380.0, height: 256.0 }];
/// The most epochs that have a dot each; of more, only the last has.
const MOST_DOTS: usize = 40;
/// Names are at least so far apart, as a share of the chart's height.
const APART: f32 = 17.0 / 256.0;
/// The baseline of the numbers below the axis, as a share of the chart's height.
const FOOT: f32 = BOTTOM + 22.0 / 256.0;
/// Numbers below the axis are at least so far apart, as a share of the curves' width.
const COLUMNS_APART: f64 = 24.0 / 280.0;

/// The picture of a run after these epochs, as an SVG file.
pub fn picture(epochs: &[Epoch]) -> String {
    let is_whole = |epoch: &Epoch| {
        let values = [epoch.loss, epoch.training, epoch.test.unwrap_or(0.0)];
        values.iter().all(|value| value.is_finite())
    };
    let epochs: Vec<Epoch> = epochs.iter().copied().filter(is_whole).collect();
    let (light, dark) = (Palette::light(), Palette::dark());
    let mut sheet = Sheet::new(WIDTH, HEIGHT, &light, None);
    let last = epochs.last();
    let test = last.and_then(|last| last.test);
    let loss = Words {
        heading: ["Loss", "cross entropy"],
        names: [last.map(|last| format!("training {:.4}", last.loss)), None],
    };
    let training = last.map(|last| format!("training {}", percent(last.training)));
    let names = [training, test.map(|test| format!("test {}", percent(test)))];
    let accuracy = Words { heading: ["Accuracy", "per cent"], names };
    let charts = [(Kind::Loss, loss), (Kind::Accuracy, accuracy)];
    let history = History::of_epochs(&epochs);
    for (frame, (kind, words)) in CHARTS.into_iter().zip(&charts) {
        add_chart(&mut sheet, frame, (&history, *kind), range(&epochs, *kind), epochs_along(&history), words);
    }
    let description = last.map_or_else(
        || "No epoch is over yet.".to_owned(),
        |last| {
            let (epoch, loss, training) = (last.epoch, last.loss, percent(last.training));
            let test = test.map_or_else(String::new, |test| format!(", test accuracy {}", percent(test)));
            format!("After epoch {epoch}: loss {loss:.4}, training accuracy {training}{test}.")
        },
    );
    sheet.finish_described("Loss and accuracy over the epochs", &description, &dark)
}

/// What a layer that learns without labels came to after so many pictures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Pictures that were learnt.
    pub pictures: u64,
    /// The share of the newest that were answered rightly before they were learnt.
    pub live: f64,
    /// The share of the test images that are read rightly; `None` without a test set.
    pub test: Option<f64>,
}

/// The picture of a run without labels, which has no loss, as an SVG file.
pub fn answers(points: &[Measured]) -> String {
    let (light, dark) = (Palette::light(), Palette::dark());
    let mut sheet = Sheet::new(CHARTS[0].width + 120.0, HEIGHT, &light, None);
    let history = History::of_measurements(points.iter().map(|it| (it.pictures as f64, it.live, it.test)));
    let last = points.last();
    let test = last.and_then(|last| last.test);
    let names =
        [last.map(|last| format!("live {}", percent(last.live))), test.map(|it| format!("test {}", percent(it)))];
    let words = Words { heading: ["Accuracy", "per cent"], names };
    let most = last.map_or(1.0, |last| last.pictures as f64).max(1.0);
    let marks = ticks(0.0, most, 4).into_iter().map(|at| (grouped(at as u64), at)).collect();
    let along = Along { ends: (0.0, most), numbers: marks, unit: "pictures" };
    let values = points.iter().flat_map(|it| [Some(it.live), it.test]).flatten();
    add_chart(&mut sheet, CHARTS[0], (&history, Kind::Accuracy), range_of(values), along, &words);
    let description = last.map_or_else(
        || "Nothing is learnt yet.".to_owned(),
        |last| {
            let test = test.map_or_else(String::new, |test| format!(", test accuracy {}", percent(test)));
            format!("After {} pictures: live accuracy {}{test}.", last.pictures, percent(last.live))
        },
    );
    sheet.finish_described("Accuracy over the pictures", &description, &dark)
}

fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// The values at the ends of the vertical axis.
fn range(epochs: &[Epoch], kind: Kind) -> (f64, f64) {
    match kind {
        Kind::Loss => (0.0, 1.05 * epochs.iter().map(|epoch| epoch.loss).fold(1e-6, f64::max)),
        Kind::Accuracy => range_of(epochs.iter().flat_map(|epoch| [Some(epoch.training), epoch.test]).flatten()),
    }
}

/// The accuracies at the ends of an axis that shows these.
fn range_of(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let least = values.fold(0.99, f64::min);
    (least - 0.08 * (1.0 - least), 1.0)
}

/// What stands along the horizontal axis.
struct Along {
    ends: (f64, f64),
    /// Text and place.
    numbers: Vec<(String, f64)>,
    unit: &'static str,
}

/// Epochs along it.
fn epochs_along(history: &History) -> Along {
    let last = history.epochs().max(2.0);
    // The first epoch has a number too, and a round one beside it would touch it.
    let apart = COLUMNS_APART * (last - 1.0);
    let round = ticks(1.0, history.epochs(), 5).into_iter().filter(|at| at.fract() == 0.0 && *at > 1.0 + apart);
    let numbers = std::iter::once(1.0).chain(round).map(|epoch| (epoch.to_string(), epoch)).collect();
    Along { ends: (1.0, last), numbers, unit: "epoch" }
}

/// A chart's heading and unit, and for the curves of training and test their names with the values that they end at.
struct Words<'a> {
    heading: [&'a str; 2],
    names: [Option<String>; 2],
}

fn add_chart(
    sheet: &mut Sheet<'_>,
    frame: Frame,
    (history, kind): (&History, Kind),
    (low, high): (f64, f64),
    along: Along,
    words: &Words<'_>,
) {
    let scale = if kind == Kind::Loss { 1.0 } else { 100.0 };
    let values = ticks(scale * low, scale * high, 5);
    let step = values.windows(2).map(|pair| pair[1] - pair[0]).next().unwrap_or(1.0);
    let texts: Vec<String> = values.iter().map(|value| label(*value, step)).collect();
    let rows: Vec<(&str, f64)> =
        texts.iter().zip(&values).map(|(text, value)| (text.as_str(), value / scale)).collect();
    let Along { ends, numbers, unit } = along;
    let axes = Axes { values: (low, high), rows: &rows, epochs: ends };
    let chart = history.chart_on(kind, &axes, numbers);
    sheet.add(frame, &chart.marks);
    sheet.add(frame, &dots(history, kind, &axes));
    let at = |x: f32, y: f32| (frame.x + f64::from(x) * frame.width, frame.y + f64::from(y) * frame.height);
    let text =
        Label { at: at(0.0, 0.0), anchor: Anchor::Start, text: "", note: "", size: 11.0, bold: false, ink: Ink::Faint };
    let [heading, note] = words.heading;
    sheet.add_label(&Label { text: heading, note, size: 17.0, bold: true, ink: Ink::Ink, ..text });
    for (number, y) in &chart.rows {
        let (x, y) = at(LEFT, *y);
        sheet.add_label(&Label { at: (x - 8.0, y + 4.0), anchor: Anchor::End, text: number, ..text });
    }
    for (number, x) in &chart.columns {
        sheet.add(frame, &[line(vec![(*x, BOTTOM + 0.015), (*x, BOTTOM + 0.03)], Ink::Ghost, 1.0)]);
        sheet.add_label(&Label { at: at(*x, FOOT), anchor: Anchor::Middle, text: number, ..text });
    }
    // Behind the last number, however long that is.
    let ends_at = chart.columns.iter().map(|(number, x)| at(*x, FOOT).0 + 3.2 * number.len() as f64 + 5.0);
    let (x, y) = at(RIGHT, FOOT);
    sheet.add_label(&Label { at: (ends_at.fold(x + 12.0, f64::max), y), text: unit, ..text });
    let ends = apart_if_near([chart.training, chart.test].map(|end| end.map(|(_, y)| y)));
    let inks = if kind == Kind::Loss { [Ink::Ink; 2] } else { [Ink::Faint, Ink::Ink] };
    for ((name, end), ink) in words.names.iter().zip(ends).zip(inks) {
        if let (Some(name), Some(end)) = (name, end) {
            let (x, y) = at(RIGHT, end);
            sheet.add_label(&Label { at: (x + 10.0, y + 4.0), text: name, size: 12.0, bold: true, ink, ..text });
        }
    }
}

/// A dot for each epoch of each curve of this kind; of many epochs, for the last alone.
fn dots(history: &History, kind: Kind, axes: &Axes<'_>) -> Vec<Mark> {
    let dot = |points: Vec<(f64, f64)>, ink: Ink, radius: f32| {
        let first = if points.len() > MOST_DOTS { points.len() - 1 } else { 0 };
        let dot =
            |point: &(f64, f64)| Mark::Dot { at: axes.place(*point), radius: px(radius), fill: plain(ink), rim: None };
        points[first..].iter().map(dot).collect::<Vec<_>>()
    };
    let of = |curve: u8| history.points().filter(|(of, ..)| *of == curve).map(|(_, at, value)| (at, value)).collect();
    match kind {
        Kind::Loss => dot(of(0), Ink::Ink, 2.2),
        Kind::Accuracy => [dot(of(1), Ink::Ghost, 1.6), dot(of(2), Ink::Ink, 2.2)].concat(),
    }
}

/// The heights of two names: at the ends of their curves, but not over each other.
fn apart_if_near([first, second]: [Option<f32>; 2]) -> [Option<f32>; 2] {
    match (first, second) {
        (Some(a), Some(b)) if (a - b).abs() < APART => {
            let (middle, half) = ((a + b) / 2.0, if a <= b { APART / 2.0 } else { -APART / 2.0 });
            [Some(middle - half), Some(middle + half)]
        }
        ends => ends.into(),
    }
}

#[cfg(test)]
mod tests {
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
        for (epochs, test) in [(0, true), (1, true), (2, false), (10, true), (300, true), (2000, true)] {
            let file = picture(&run(epochs, test));
            let dots = if epochs <= 40 { epochs as usize } else { 1 };
            assert_eq!(file.matches("<circle").count(), dots * if test { 3 } else { 2 }, "{epochs} epochs");
            assert!(!file.contains("NaN") && !file.contains("inf"), "{file}");
        }
        let file = picture(&run(10, true));
        assert!(file.contains("test 99.00 %<") && file.contains("training 0.1000<"), "{file}");
        assert!(
            file.contains("After epoch 10: loss 0.1000, training accuracy 99.00 %, test accuracy 99.00 %."),
            "{file}"
        );
    }

    #[test]
    fn an_epoch_that_is_no_number_is_left_out() {
        let mut epochs = run(3, true);
        epochs[1].loss = f64::NAN;
        assert_eq!(picture(&epochs).matches("<circle").count(), 6);
    }

    #[test]
    fn answers_have_one_chart() {
        let point = |pictures| Measured { pictures, live: 0.9, test: Some(0.92) };
        for points in [vec![], vec![point(10_000)], (1..=60).map(|k| point(k * 1000)).collect()] {
            let file = answers(&points);
            assert!(!file.contains("NaN") && !file.contains("inf") && !file.contains("Loss"), "{file}");
        }
        let file = answers(&[point(10_000), point(60_000)]);
        assert!(file.contains("After 60000 pictures: live accuracy 90.00 %, test accuracy 92.00 %."), "{file}");
    }

    #[test]
    fn names_do_not_touch() {
        let [Some(higher), Some(lower)] = apart_if_near([Some(0.5), Some(0.51)]) else { panic!("two names") };
        assert!(higher < 0.5 && lower - higher > APART - 0.001, "{higher} {lower}");
        assert_eq!(apart_if_near([Some(0.9), Some(0.1)]), [Some(0.9), Some(0.1)]);
        assert_eq!(apart_if_near([Some(0.9), None]), [Some(0.9), None]);
    }
}
