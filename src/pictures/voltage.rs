//! The membrane voltage of three neurons, one row each: why did it fire? Current comes in (up what excites, down what
//! inhibits), the line climbs to the dashed threshold, a tick is the spike, a ring where the reset puts it.

use super::marks::{Ink, Mark, Point, Scene, column, cursor, glowing, level, line, plain, px};
use crate::decimal::Between;
use crate::spec::Neuron;
use crate::trace::LayerTrace;

/// Rows of the picture on the page.
pub const ROWS: usize = 3;

/// The highest voltage that is in its place, in units of the threshold at rest.
const MOST: f32 = 2.5;

/// The length of the longest bar of current, as a share of a row.
const CURRENT: f32 = 0.3;

/// One neuron's row: its values in units of the threshold, and where they stand.
struct Row {
    top: f32,
    height: f32,
    low: f32,
    high: f32,
    steps: Vec<Step>,
    /// Whether spikes raise the threshold.
    is_adaptive: bool,
}

/// A time step: u, the threshold that it is compared with, whether it fired, v after the reset, excitation, inhibition.
struct Step {
    before: f32,
    threshold: f32,
    fired: bool,
    after: f32,
    excitation: f32,
    inhibition: f32,
}

impl Row {
    fn new(layer: &LayerTrace, neuron: &Neuron, index: usize, (row, rows): (usize, usize)) -> Self {
        let (count, theta, raised) = (layer.neurons().max(1), neuron.threshold, layer.raised_of(index));
        let value = |values: &[f32], t: usize| values.get(t * count + index).copied().unwrap_or(0.0) / theta;
        let potentials: Vec<f32> = layer.potentials.iter().skip(index).step_by(count).copied().collect();
        let adaptations = neuron.adaptations(&potentials);
        let steps: Vec<Step> = (0..layer.potentials.len() / count)
            .map(|t| {
                let (before, fired) = (value(&layer.potentials, t), layer.spikes.fires(0, index, t));
                Step {
                    before,
                    threshold: 1.0 + (raised + adaptations.get(t).copied().unwrap_or(0.0)) / theta,
                    fired,
                    after: neuron.reset(before * theta, fired) / theta,
                    excitation: value(&layer.excitation, t),
                    inhibition: value(&layer.inhibition, t),
                }
            })
            .collect();
        let low = steps.iter().fold(-0.35, |low: f32, step| low.min(step.before).min(step.after)).max(-2.0);
        // A voltage may leave the row, the threshold may not.
        let most = |high: f32, step: &Step| high.max(step.before.min(MOST)).max(step.threshold + 0.3);
        let high = steps.iter().fold(1.3, most);
        let is_adaptive = neuron.is_adaptive() || raised != 0.0;
        Self { top: row as f32 / rows as f32, height: 1.0 / rows as f32, low, high, steps, is_adaptive }
    }

    /// Where a voltage stands; what is beyond the row ends at its rim.
    fn y(&self, value: f32) -> f32 {
        let share = (value.between(self.low, self.high) - self.low) / (self.high - self.low);
        self.top + self.height * (0.93 - 0.86 * share)
    }

    /// Whether a voltage has left the row.
    fn is_out(&self, value: f32) -> bool {
        !(self.low..=self.high).contains(&value)
    }

    /// The line through all time steps in the pieces that are in the row: along its rim there would be a level line, as if the
    /// voltage stood still.
    fn pieces(&self) -> Vec<Vec<Point>> {
        let time_steps = self.steps.len();
        let (mut pieces, mut piece, mut was_out) = (Vec::new(), vec![(0.0, self.y(0.0))], false);
        for (t, step) in self.steps.iter().enumerate() {
            let (x, is_out) = (column(t, time_steps), self.is_out(step.before));
            if was_out && is_out {
                pieces.push(std::mem::take(&mut piece));
            }
            piece.push((x, self.y(step.before)));
            if step.fired {
                piece.push((x, self.y(step.after)));
            }
            was_out = is_out && !step.fired;
        }
        pieces.push(piece);
        pieces
    }

    /// The line through all time steps, up to the moment `now`.
    fn path(&self, now: f32) -> Vec<Point> {
        let time_steps = self.steps.len();
        let (mut points, mut from) = (vec![(0.0, self.y(0.0))], (0.0, 0.0));
        for (t, step) in self.steps.iter().enumerate() {
            let x = column(t, time_steps);
            if now < t as f32 + 1.0 {
                let share = (cursor(now, time_steps) - from.0) / (x - from.0);
                points.push((cursor(now, time_steps), self.y(from.1 + (step.before - from.1) * share)));
                return points;
            }
            points.push((x, self.y(step.before)));
            if step.fired {
                points.push((x, self.y(step.after)));
            }
            from = (x, step.after);
        }
        points
    }

    /// Currents have a scale of their own: the two that meet are each many times what is left of them.
    fn currents(&self, alpha: f32, marks: &mut Vec<Mark>) {
        let (time_steps, zero) = (self.steps.len(), self.y(0.0));
        let most = self.steps.iter().fold(1e-6f32, |most, step| most.max(step.excitation).max(-step.inhibition));
        let (unit, half) = (CURRENT * self.height / most, (0.09 / time_steps as f32).min(0.0022));
        for (t, step) in self.steps.iter().enumerate() {
            let x = column(t, time_steps) - 3.0 * half;
            for (value, ink) in [(step.excitation, Ink::Exc), (step.inhibition, Ink::Inh)] {
                if value != 0.0 {
                    let tip = (zero - value * unit).min(self.top + self.height);
                    let (from, to) = ((x - half, tip.min(zero)), (x + half, tip.max(zero)));
                    marks.push(Mark::Bar { from, to, ink, alpha });
                }
            }
        }
    }

    fn spikes(&self, ink: Ink, width: f32, marks: &mut Vec<Mark>) {
        for (t, step) in self.steps.iter().enumerate().filter(|(_, step)| step.fired) {
            let x = column(t, self.steps.len());
            marks.push(line(vec![(x, self.y(step.threshold)), (x, self.tip(step))], ink, width));
        }
    }

    /// Where a spike ends: at least a seventh of the row above the threshold, so that it is seen where the voltage hardly
    /// passed that.
    fn tip(&self, step: &Step) -> f32 {
        self.y(step.before).min(self.y(step.threshold) - self.height / 7.0).max(self.top)
    }

    /// A small arrow at the rim wherever the voltage has left the row: what is drawn there is not where it stands.
    fn cuts(&self, ink: Ink, marks: &mut Vec<Mark>) {
        let (top, bottom) = (self.y(self.high), self.y(self.low));
        let half = (0.2 / self.steps.len().max(1) as f32).min(0.006);
        let size = self.height * 0.07;
        for (t, step) in self.steps.iter().enumerate() {
            let x = column(t, self.steps.len());
            for (is_out, rim, way) in [(step.before > self.high, top, -1.0), (step.before < self.low, bottom, 1.0)] {
                if is_out {
                    let points = vec![(x - half, rim), (x, rim + way * size), (x + half, rim)];
                    marks.push(Mark::Area { points, ink, alpha: 1.0 });
                }
            }
        }
    }

    fn rings(&self, marks: &mut Vec<Mark>) {
        for (t, step) in self.steps.iter().enumerate().filter(|(_, step)| step.fired) {
            let at = (column(t, self.steps.len()), self.y(step.after));
            marks.push(Mark::Dot { at, radius: px(2.0), fill: plain(Ink::Paper), rim: Some(Ink::Ink) });
        }
    }

    fn ground(&self, marks: &mut Vec<Mark>) {
        marks.push(level(self.y(0.0), Ink::Rule));
        let first = self.steps.first().map_or(1.0, |step| step.threshold);
        let mut threshold = vec![(0.0, self.y(first))];
        if self.is_adaptive {
            let at = |(t, step): (usize, &Step)| (column(t, self.steps.len()), self.y(step.threshold));
            threshold.extend(self.steps.iter().enumerate().map(at));
        }
        threshold.push((1.0, threshold.last().map_or(0.0, |last| last.1)));
        marks.push(Mark::Line { points: threshold, ink: Ink::Faint, width: 1.0, dash: Some((2.0, 3.0)) });
    }
}

fn rows(layer: &LayerTrace, neuron: &Neuron, chosen: &[usize]) -> Vec<Row> {
    chosen.iter().enumerate().map(|(row, index)| Row::new(layer, neuron, *index, (row, chosen.len()))).collect()
}

/// One row for each chosen neuron, before and after the cursor has passed.
pub fn scene(layer: &LayerTrace, neuron: &Neuron, chosen: &[usize]) -> Scene {
    let mut scene = Scene::default();
    for row in rows(layer, neuron, chosen) {
        for marks in [&mut scene.past, &mut scene.future] {
            row.ground(marks);
        }
        row.currents(0.75, &mut scene.past);
        row.currents(0.22, &mut scene.future);
        for piece in row.pieces().into_iter().filter(|piece| piece.len() > 1) {
            scene.past.push(line(piece.clone(), Ink::Ink, 1.5));
            scene.future.push(line(piece, Ink::Ghost, 1.5));
        }
        row.spikes(Ink::Spike, 2.0, &mut scene.past);
        row.spikes(Ink::Ghost, 2.0, &mut scene.future);
        row.cuts(Ink::Ink, &mut scene.past);
        row.cuts(Ink::Ghost, &mut scene.future);
        row.rings(&mut scene.past);
    }
    scene
}

/// What the cursor adds: a dot on each line, and the spikes that have just happened.
pub fn now(layer: &LayerTrace, neuron: &Neuron, chosen: &[usize], now: f32) -> Vec<Mark> {
    let mut marks = Vec::new();
    for row in rows(layer, neuron, chosen) {
        for (t, glow) in glowing(now, row.steps.len()) {
            let step = &row.steps[t];
            if step.fired {
                let x = column(t, row.steps.len());
                marks.push(line(vec![(x, row.y(step.threshold)), (x, row.tip(step))], Ink::Spike, 2.0 + 1.5 * glow));
            }
        }
        if let Some(at) = row.path(now).last().copied() {
            marks.push(Mark::Dot { at, radius: px(2.6), fill: plain(Ink::Ink), rim: None });
        }
    }
    marks
}

/// Where the threshold of the first row ends, for its name.
pub fn threshold_place(layer: &LayerTrace, neuron: &Neuron, chosen: &[usize]) -> f32 {
    let row = Row::new(layer, neuron, chosen.first().copied().unwrap_or(0), (0, chosen.len().max(1)));
    row.y(row.steps.last().map_or(1.0, |step| step.threshold))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spikes::SpikeTrain;

    #[test]
    fn a_voltage_beyond_its_row_is_marked_as_cut_off_and_is_no_level_line() {
        let potentials = vec![0.5, -3.0, -4.0, -5.0, -1.0];
        let zeros = || vec![0.0; 5];
        let layer = LayerTrace {
            window: None,
            spikes: SpikeTrain::silent(1, 1, 5),
            potentials,
            excitation: zeros(),
            inhibition: zeros(),
            raised: Vec::new(),
        };
        let marks = scene(&layer, &Neuron::default(), &[0]).past;
        assert_eq!(marks.iter().filter(|mark| matches!(mark, Mark::Area { .. })).count(), 3);
        let is_voltage = |mark: &&Mark| matches!(mark, Mark::Line { ink: Ink::Ink, .. });
        let count = |mark: &Mark| if let Mark::Line { points, .. } = mark { points.len() } else { 0 };
        let lines: Vec<usize> = marks.iter().filter(is_voltage).map(count).collect();
        assert_eq!(lines, [3, 2], "down to the rim, and up from it");
    }

    #[test]
    fn a_threshold_far_above_its_rest_stands_in_its_row_and_has_its_name() {
        let neuron = Neuron { adaptation: 4.0, adaptation_decay: 1.0, ..Neuron::default() };
        let mut spikes = SpikeTrain::silent(1, 1, 3);
        spikes.fire(0, 0, 0);
        let potentials = vec![1.5, 0.5, 0.5];
        let layer = LayerTrace {
            spikes,
            potentials,
            excitation: vec![0.0; 3],
            inhibition: vec![0.0; 3],
            raised: Vec::new(),
            window: None,
        };
        let rest = threshold_place(&layer, &Neuron::default(), &[0]);
        let moved = threshold_place(&layer, &neuron, &[0]);
        assert!(moved < rest && moved > 0.07, "{moved} above {rest}, below the rim");
        let marks = scene(&layer, &neuron, &[0]).past;
        let is_threshold = |mark: &&Mark| matches!(mark, Mark::Line { dash: Some(_), .. });
        let Some(Mark::Line { points, .. }) = marks.iter().find(is_threshold) else { panic!("no threshold") };
        assert_eq!(points.last(), Some(&(1.0, moved)));
    }
}
