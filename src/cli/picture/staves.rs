//! The tracks of a picture's trace through the network, in which time runs from left to right.

use super::svg::{Anchor, Ink, Point, Svg, Type};
use crate::spec::{Neuron, Readout};
use crate::spikes::SpikeTrain;
use crate::trace::{LayerTrace, Trace};

/// The maximal number of rows of a raster that can be told apart; more neurons share them.
const MAX_ROWS: usize = 112;
/// Height of one output neuron's row.
pub const OUTPUT_ROW: f32 = 13.0;
/// Height of the row of one membrane voltage.
pub const VOLTAGE_ROW: f32 = 54.0;

/// The position and size of a track.
#[derive(Clone, Copy, Debug)]
pub struct Stave {
    /// The left edge.
    pub left: f32,
    /// The upper edge.
    pub top: f32,
    /// Its width.
    pub width: f32,
    /// Its height.
    pub height: f32,
    /// T.
    pub time_steps: usize,
}

impl Stave {
    /// The middle of time step `t`.
    pub fn x(&self, t: usize) -> f32 {
        self.left + self.width * (t as f32 + 0.5) / self.time_steps.max(1) as f32
    }

    fn right(&self) -> f32 {
        self.left + self.width
    }

    fn level(&self, svg: &mut Svg, y: f32, ink: Ink, dash: Option<Point>) {
        svg.line(&[(self.left, y), (self.right(), y)], ink, 1.0, dash);
    }
}

/// The raster of all spikes, one row per neuron in the given order. If neurons share a row, several spikes are a
/// stronger stroke.
pub fn raster(svg: &mut Svg, stave: &Stave, spikes: &SpikeTrain, order: &[usize]) {
    const LEVELS: usize = 4;
    let rows = order.len().clamp(1, MAX_ROWS);
    let mut counts = vec![0usize; rows * stave.time_steps];
    for (place, neuron) in order.iter().enumerate() {
        spikes.times(0, *neuron).for_each(|t| counts[place * rows / order.len() * stave.time_steps + t] += 1);
    }
    let (wide, high) = (stave.width / stave.time_steps as f32 * 0.52, stave.height / rows as f32);
    let most = order.len().div_ceil(rows);
    for level in 1..=LEVELS {
        let here = |count: usize| count > 0 && (count * LEVELS).div_ceil(most).min(LEVELS) == level;
        let places = counts.iter().enumerate().filter(|(_, count)| here(**count)).map(|(i, _)| {
            let (row, t) = (i / stave.time_steps, i % stave.time_steps);
            (stave.x(t) - wide / 2.0, stave.top + (row as f32 + 0.5) * high)
        });
        let opacity = 0.25 + 0.75 * level as f32 / LEVELS as f32;
        svg.strokes(&places.collect::<Vec<_>>(), (wide, 0.0), Ink::Spike, (0.8 * high).max(0.6), opacity);
    }
}

/// A picture encoded as a constant current, without spikes.
pub fn currents(svg: &mut Svg, stave: &Stave, image: &[u8]) {
    let rows = image.len().clamp(1, MAX_ROWS);
    let high = stave.height / rows as f32;
    for row in 0..rows {
        let pixels = &image[row * image.len() / rows..(row + 1) * image.len() / rows];
        let mean = pixels.iter().map(|p| f32::from(*p)).sum::<f32>() / (255.0 * pixels.len().max(1) as f32);
        if mean > 0.0 {
            svg.rect((stave.left, stave.top + row as f32 * high), (stave.width, 0.8 * high), Ink::Strong, mean);
        }
    }
}

/// The membrane potential of one neuron: excitatory currents up, inhibitory currents down, the threshold dashed, a tick
/// for a spike, a ring where the reset puts the potential.
pub fn voltage(svg: &mut Svg, stave: &Stave, layer: &LayerTrace, neuron: &Neuron, index: usize) {
    let (count, theta) = (layer.neurons(), neuron.threshold);
    let value = |values: &[f32], t: usize| values[t * count + index] / theta;
    let fired = |t: usize| layer.spikes.fires(0, index, t);
    let before: Vec<f32> = (0..stave.time_steps).map(|t| value(&layer.potentials, t)).collect();
    let after = |t: usize| neuron.reset(before[t] * theta, fired(t)) / theta;
    let potentials: Vec<f32> = before.iter().map(|u| u * theta).collect();
    let threshold: Vec<f32> = neuron.adaptations(&potentials).iter().map(|a| 1.0 + a / theta).collect();
    let low = (0..stave.time_steps).fold(-0.35, |low: f32, t| low.min(before[t]).min(after(t))).max(-2.0);
    let high = before.iter().copied().chain(threshold.iter().map(|theta| theta + 0.3)).fold(1.3, f32::max).min(2.5);
    let y = |v: f32| stave.top + stave.height * (0.93 - 0.86 * (v.clamp(low, high) - low) / (high - low));
    stave.level(svg, y(0.0), Ink::Rule, None);
    let sides = [(&layer.excitation, Ink::Exc), (&layer.inhibition, Ink::Inh)];
    let steps = 0..stave.time_steps;
    let most = steps.clone().flat_map(|t| sides.map(|(side, _)| value(side, t).abs())).fold(1e-6, f32::max);
    let bar = (stave.width / stave.time_steps as f32 * 0.12).min(2.5);
    for (side, ink) in sides {
        for t in steps.clone().filter(|t| value(side, *t) != 0.0) {
            let long =
                (value(side, t) / most * 0.3 * stave.height).clamp(y(0.0) - stave.top - stave.height, stave.height);
            svg.strokes(&[(stave.x(t) - 2.0 * bar, y(0.0))], (0.0, -long), ink, bar, 0.75);
        }
    }
    if neuron.is_adaptive() {
        let points = steps.clone().map(|t| (stave.x(t), y(threshold[t])));
        let points: Vec<_> = std::iter::once((stave.left, y(1.0))).chain(points).collect();
        svg.line(&points, Ink::Faint, 1.0, Some((2.0, 3.0)));
    } else {
        stave.level(svg, y(1.0), Ink::Faint, Some((2.0, 3.0)));
    }
    let path = steps.clone().flat_map(|t| {
        let fall = fired(t).then(|| (stave.x(t), y(after(t))));
        std::iter::once((stave.x(t), y(before[t]))).chain(fall)
    });
    svg.line(&std::iter::once((stave.left, y(0.0))).chain(path).collect::<Vec<_>>(), Ink::Strong, 1.5, None);
    for t in steps.filter(|t| fired(*t)) {
        // Long enough to be visible if the potential hardly passed the threshold.
        let tip = y(before[t]).min(y(threshold[t]) - stave.height / 7.0).max(stave.top);
        svg.line(&[(stave.x(t), y(threshold[t])), (stave.x(t), tip)], Ink::Spike, 2.2, None);
        svg.dot((stave.x(t), y(after(t))), 2.0, Ink::Paper, Ink::Strong);
    }
}

/// The margin of each class over the mean of all, which the growth of the raw sums would hide. The winner is black, the
/// runner-up grey, the rest pale.
pub fn race(svg: &mut Svg, stave: &Stave, trace: &Trace, [first, second]: [Option<usize>; 2]) {
    let (classes, evidence) = (trace.classes().max(1), trace.evidence());
    let mean = |t: usize| evidence[t * classes..(t + 1) * classes].iter().sum::<f32>() / classes as f32;
    let lead = |t: usize, class: usize| evidence[t * classes + class] - mean(t);
    let all = (0..stave.time_steps).flat_map(|t| (0..classes).map(move |class| (t, class)));
    let (low, high) = all.map(|(t, class)| lead(t, class)).fold((0.0f32, 1e-6f32), |(l, h), v| (l.min(v), h.max(v)));
    let y = |v: f32| stave.top + stave.height * (0.04 + 0.92 * (1.0 - (v - low) / (high - low)));
    stave.level(svg, y(0.0), Ink::Rule, None);
    let path = |class: usize| {
        let points = (0..stave.time_steps).map(|t| (stave.x(t), y(lead(t, class))));
        std::iter::once((stave.left, y(0.0))).chain(points).collect::<Vec<_>>()
    };
    let rest = (0..classes).filter(|class| ![first, second].contains(&Some(*class)));
    rest.for_each(|class| svg.line(&path(class), Ink::Ghost, 1.25, None));
    let mut floor = f32::INFINITY;
    for (class, ink, width) in [(second, Ink::Faint, 1.5), (first, Ink::Strong, 2.4)] {
        let Some(class) = class else { continue };
        let points = path(class);
        svg.line(&points, ink, width, None);
        // The leader's name stands above that of the runner-up.
        let at = points.last().map_or(0.0, |point| point.1).min(floor - 14.0);
        svg.text((stave.right() + 4.0, at + 4.0), Anchor::Start, Type::Name, ink, &class.to_string());
        floor = at;
    }
}

/// The output neurons: their membrane potentials with the membrane readout, their spikes with the spike count.
pub fn outputs(svg: &mut Svg, stave: &Stave, trace: &Trace, first: Option<usize>) {
    let (classes, output) = (trace.classes(), &trace.output);
    let most = output.potentials.iter().fold(1e-6f32, |most, value| most.max(value.abs()));
    for class in 0..classes {
        let middle = stave.top + (class as f32 + 0.5) * OUTPUT_ROW;
        let (set, ink) = if Some(class) == first { (Type::Name, Ink::Strong) } else { (Type::Axis, Ink::Faint) };
        svg.text((stave.left - 10.0, middle + 4.0), Anchor::End, set, ink, &class.to_string());
        stave.level(svg, middle, Ink::Rule, None);
        match trace.readout {
            Readout::SpikeCount => {
                let places = output.spikes.times(0, class).map(|t| (stave.x(t), middle - 4.5));
                svg.strokes(&places.collect::<Vec<_>>(), (0.0, 9.0), Ink::Spike, 2.6, 1.0);
            }
            Readout::Membrane => {
                let scale = 0.95 * OUTPUT_ROW / most;
                let points = (0..stave.time_steps)
                    .map(|t| (stave.x(t), middle - output.potentials[t * classes + class] * scale));
                let points: Vec<Point> = std::iter::once((stave.left, middle)).chain(points).collect();
                let (ink, width) = if Some(class) == first { (Ink::Strong, 2.0) } else { (Ink::Faint, 1.0) };
                svg.line(&points, ink, width, None);
            }
        }
    }
}

/// The final evidence of each class: bars from zero, right of the tracks, in line with their rows.
pub fn scores(svg: &mut Svg, stave: &Stave, trace: &Trace, first: Option<usize>) {
    let (classes, evidence) = (trace.classes(), trace.evidence());
    let scores = &evidence[evidence.len() - classes..];
    let low = scores.iter().copied().fold(0.0, f32::min);
    let high = scores.iter().copied().fold(1e-6, f32::max);
    let (from, wide) = (stave.left + 16.0, stave.width - 58.0);
    let x = |value: f32| from + wide * (value - low) / (high - low);
    for (class, score) in scores.iter().enumerate() {
        let middle = stave.top + (class as f32 + 0.5) * OUTPUT_ROW;
        let won = Some(class) == first;
        let (set, text) = if won { (Type::Name, Ink::Strong) } else { (Type::Axis, Ink::Faint) };
        svg.text((stave.left, middle + 4.0), Anchor::Start, set, text, &class.to_string());
        let (a, b) = (x(score.min(0.0)), x(score.max(0.0)));
        svg.rect((a, middle - 4.0), ((b - a).max(1.0), 8.0), if won { Ink::Spike } else { Ink::Ghost }, 1.0);
        let number = match trace.readout {
            Readout::Membrane => format!("{score:.2}").replace('-', "\u{2212}"),
            Readout::SpikeCount => format!("{score:.0}"),
        };
        svg.text((stave.right(), middle + 4.0), Anchor::End, set, text, &number);
    }
}
