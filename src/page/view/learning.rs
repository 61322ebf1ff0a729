//! How training goes: the numbers in the bar, the curves, the surrogate.

use crate::dom::canvas::Canvas;
use crate::dom::document::{Text, find, numbers, place};
use crate::page::model::state::{Model, Progress};
use crate::pictures::curves::{Chart, Kind, LEFT, RIGHT};
use crate::pictures::numbers::grouped;
use crate::pictures::palette::Palette;
use crate::pictures::progress;
use crate::pictures::surrogate;
use crate::spec::Neuron;
use web_sys::HtmlElement;

/// One chart of the document.
struct ChartView {
    canvas: Canvas,
    numbers: HtmlElement,
    training: HtmlElement,
    test: Option<HtmlElement>,
    axis: HtmlElement,
}

/// The elements that show it.
pub struct LearningView {
    epoch: Text,
    speed: Text,
    accuracy: Text,
    accuracy_beside: Text,
    loss: Text,
    charts: [(Kind, ChartView); 2],
    progress: Canvas,
    progress_numbers: HtmlElement,
    progress_now: Text,
    surrogate: Canvas,
    leak: Canvas,
    slope_name: HtmlElement,
    names: [(HtmlElement, (f32, f32)); 3],
}

impl LearningView {
    /// The elements of the document.
    pub fn find() -> Self {
        let chart = |canvas: &str, numbers: &str, training: &str, test: Option<&str>, axis: &str| ChartView {
            canvas: Canvas::find(canvas),
            numbers: find(numbers),
            training: find(training),
            test: test.map(find),
            axis: find(axis),
        };
        let loss = chart("loss-curve", "loss-numbers", "m-loss-training", None, "m-loss-epoch");
        let accuracy = chart("accuracy-curve", "accuracy-numbers", "m-training", Some("m-test"), "m-accuracy-epoch");
        Self {
            epoch: Text::find("epoch"),
            speed: Text::find("ips"),
            accuracy: Text::find("accuracy"),
            accuracy_beside: Text::find("accuracy-now"),
            loss: Text::find("loss"),
            charts: [(Kind::Loss, loss), (Kind::Accuracy, accuracy)],
            progress: Canvas::find("progress"),
            progress_numbers: find("progress-numbers"),
            progress_now: Text::find("m-progress"),
            surrogate: Canvas::find("surrogate"),
            leak: Canvas::find("leak"),
            slope_name: find("m-slope"),
            names: [(find("m-spike"), (0.8, 0.19)), (find("m-theta"), (0.5, 0.95)), (find("m-voltage"), (0.0, 0.95))],
        }
    }

    /// Writes the numbers.
    pub fn say(&self, progress: &Progress) {
        let none = || "–".to_owned();
        let epochs = if progress.epochs == 0.0 { "0".to_owned() } else { format!("{:.1}", progress.epochs) };
        self.epoch.set(&epochs);
        self.speed.set(&progress.images_per_second.map_or_else(none, |speed| grouped(rounded(speed))));
        let accuracy = progress.test.map_or_else(none, |score| {
            // So many decimals as so many images can tell.
            let decimals = if score.images >= 10_000 { 2 } else { 1 };
            format!("{:.decimals$}\u{202f}%", score.fraction() * 100.0)
        });
        self.accuracy.set(&accuracy);
        self.accuracy_beside.set(&accuracy);
        self.loss.set(&progress.loss.map_or_else(none, |loss| format!("{loss:.3}")));
    }

    /// Draws the curves.
    pub fn draw(&self, model: &Model, palette: &Palette) {
        let history = &model.history;
        self.draw_progress(model, palette);
        for (kind, view) in &self.charts {
            if view.canvas.fit(palette) {
                let chart = history.chart(*kind);
                view.canvas.paint(&chart.marks, palette);
                view.label(&chart);
            }
        }
    }

    /// Draws how well this run reads, and the one before.
    fn draw_progress(&self, model: &Model, palette: &Palette) {
        if !self.progress.fit(palette) {
            return;
        }
        let history = &model.history;
        let picture = progress::picture(history.training(), history.measured(), &model.previous_run, model.goal);
        self.progress.paint(&picture.marks, palette);
        let decades = picture.decades.into_iter().map(|(name, x)| (name, (x, 1.18), ""));
        numbers(&self.progress_numbers, &decades.collect::<Vec<_>>());
        // While nothing was learnt here, the number is that of the trained network.
        let end = picture.end.or(picture.goal);
        let share = end.map(|(_, share)| format!("{:.1}", share * 100.0));
        self.progress_now.set(share.as_deref().unwrap_or(""));
        place(&self.progress_now.element, end.map(|((x, y), _)| (x.max(0.02) + 0.02, y)));
    }

    /// Draws what a neuron's parameters look like: its leak and its surrogate.
    pub fn draw_neuron(&self, neuron: &Neuron, palette: &Palette) {
        if self.surrogate.fit(palette) {
            let (marks, name) = surrogate::picture(neuron.surrogate);
            self.surrogate.paint(&marks, palette);
            place(&self.slope_name, Some(name));
        }
        self.names.iter().for_each(|(name, at)| place(name, Some(*at)));
        if self.leak.fit(palette) {
            self.leak.paint(&[surrogate::leak(neuron.beta)], palette);
        }
    }
}

impl ChartView {
    fn label(&self, chart: &Chart) {
        let rows = chart.rows.iter().map(|(text, y)| (text.clone(), (0.0, *y), "left"));
        let columns = chart.columns.iter().map(|(text, x)| (text.clone(), (*x, 0.94), ""));
        numbers(&self.numbers, &rows.chain(columns).collect::<Vec<_>>());
        place(&self.axis, Some((RIGHT + (1.0 - RIGHT) * 0.25, 0.94)));
        let beside = |at: Option<(f32, f32)>, y: f32| at.map(|(x, _)| (x.max(LEFT) + 0.015, y));
        let (mut training, mut test) =
            (chart.training.map_or(0.0, |point| point.1), chart.test.map_or(0.0, |point| point.1));
        // Two names at one height would cover each other.
        if chart.test.is_some() && (training - test).abs() < 0.11 {
            let middle = (training + test) / 2.0;
            (training, test) =
                if test <= training { (middle + 0.055, middle - 0.055) } else { (middle - 0.055, middle + 0.055) };
        }
        place(&self.training, beside(chart.training, training));
        if let Some(name) = &self.test {
            place(name, beside(chart.test, test));
        }
    }
}

/// A speed with three digits that mean something, so that the number does not flicker.
fn rounded(speed: f64) -> u64 {
    let unit = 10f64.powi((speed.max(1.0).log10().floor() as i32 - 2).max(0));
    ((speed / unit).round() * unit) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_keep_three_digits() {
        assert_eq!([rounded(24_567.0), rounded(873.4), rounded(0.4)], [24_600, 873, 0]);
    }
}
