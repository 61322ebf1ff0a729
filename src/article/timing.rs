//! Two spikes that meet at a synapse, and the weight that their order changes: the STDP window, as an equation says it and as the
//! running rule has it.

use super::figure::{Figure, Key, Picture, column_at, decimal};
use super::knobs::number;
use crate::decimal::Between;
use crate::pictures::csv::Table;
use crate::pictures::marks::{Ink, Mark, Point, level, line, plain, px};
use crate::plasticity::Mode;
use crate::plasticity::input::InputSpikes;
use crate::plasticity::layer::StdpLayer;
use crate::said::{Said, say};
use crate::spec::{Neuron, Stdp};
use crate::spikes::SpikeTrain;

/// Time steps shown.
const TIME_STEPS: usize = 41;
/// The spikes are at most so far apart.
const APART: isize = 20;
/// The learning rate of a neuron that does not age, so that each pair does the same.
const RATE: f32 = 0.3;

/// Tops of the three lanes, and their height.
const LANES: [f32; 3] = [0.03, 0.36, 0.69];
const LANE: f32 = 0.26;
/// The level of no change, and how far the largest is from it.
const ZERO: f32 = 0.5;
const REACH: f32 = 0.42;

/// A synapse, and when its two neurons fire.
#[derive(Clone, Debug, PartialEq)]
pub struct Timing {
    /// w.
    weight: f32,
    /// When the input fires, and when the neuron does.
    input: usize,
    neuron: usize,
    /// τ of both traces, in time steps.
    decay: f32,
    /// d.
    depression: f32,
}

impl Default for Timing {
    fn default() -> Self {
        Self { weight: 0.4, input: 16, neuron: 20, decay: 5.0, depression: 0.5 }
    }
}

/// Where a time step stands.
fn x(t: usize) -> f32 {
    (t as f32 + 0.5) / TIME_STEPS as f32
}

/// Where a time between the two spikes stands in the window.
fn across(between: isize) -> f32 {
    0.5 + between as f32 / (2.0 * APART as f32 + 2.0)
}

impl Timing {
    fn stdp(&self) -> Stdp {
        Stdp {
            learning_rate: RATE,
            youth: 0.0,
            depression: self.depression,
            presynaptic_decay: self.decay,
            postsynaptic_decay: self.decay,
            mean_weight: 0.0,
            ..Stdp::default()
        }
    }

    /// Δt, from the input's spike to the neuron's.
    const fn between(&self) -> isize {
        self.neuron as isize - self.input as isize
    }

    /// What the running rule makes of two spikes that are so far apart: another input makes the neuron fire.
    fn measured(&self, between: isize) -> f32 {
        let neuron = Neuron { beta: 0.0, gain: 1.0, threshold: 1.5, ..Neuron::default() };
        let mut layer = StdpLayer::with_weights(neuron, self.stdp(), 2, &[vec![self.weight, 2.0]]);
        let middle = APART as usize;
        let mut train = SpikeTrain::silent(1, 2, 2 * middle + 1);
        train.fire(0, 1, middle);
        train.fire(0, 0, middle.saturating_add_signed(-between).min(2 * middle));
        layer.show(&InputSpikes::of(&train, 0), Mode::Learning);
        layer.incoming(0).first().map_or(0.0, |weight| weight - self.weight)
    }

    fn change(&self) -> f32 {
        self.measured(self.between())
    }

    /// Sets the time between the spikes, around the middle.
    fn set_between(&mut self, between: isize) {
        let between = between.clamp(-APART, APART);
        self.input = (TIME_STEPS / 2).saturating_add_signed(-between / 2);
        self.neuron = self.input.saturating_add_signed(between);
    }

    fn move_input(&mut self, to: usize) {
        let (neuron, apart) = (self.neuron, APART as usize);
        self.input = to.clamp(neuron.saturating_sub(apart), (neuron + apart).min(TIME_STEPS - 1));
    }

    fn move_neuron(&mut self, to: usize) {
        let (input, apart) = (self.input, APART as usize);
        self.neuron = to.clamp(input.saturating_sub(apart), (input + apart).min(TIME_STEPS - 1));
    }

    /// The trace that a spike at `t` leaves, as an outline in a lane.
    fn trace(&self, t: usize, top: f32) -> Vec<Point> {
        let ground = top + LANE;
        let left = |t: usize, since: usize| (x(t), ground - LANE * libm::expf(-(since as f32) / self.decay));
        let curve = (t..TIME_STEPS).map(|now| left(now, now - t));
        [(x(t), ground)].into_iter().chain(curve).chain([(x(TIME_STEPS - 1), ground)]).collect()
    }

    fn time(&self) -> Vec<Mark> {
        let (when, change) = (self.input.max(self.neuron), self.change());
        let y = |weight: f32| LANES[2] + LANE * (1.0 - weight.between(0.0, 1.0));
        let dashed = vec![(x(when), 0.0), (x(when), y(self.weight))];
        let mut marks = vec![Mark::Line { points: dashed, ink: Ink::Ghost, width: 1.0, dash: Some((2.0, 3.0)) }];
        for (t, top, ink) in [(self.input, LANES[0], Ink::Exc), (self.neuron, LANES[1], Ink::Inh)] {
            marks.push(level(top + LANE, Ink::Rule));
            marks.push(Mark::Area { points: self.trace(t, top), ink, alpha: 0.16 });
            marks.push(line(vec![(x(t), top), (x(t), top + LANE)], Ink::Spike, 3.0));
        }
        marks.push(level(y(0.0), Ink::Rule));
        let (before, after) = (y(self.weight), y(self.weight + change));
        marks.push(line(vec![(0.0, before), (x(when), before)], Ink::Ink, 2.0));
        marks.push(line(vec![(x(when), before), (x(when), after), (1.0, after)], ink_of(change), 2.0));
        marks
    }

    fn changes(&self) -> Vec<Mark> {
        let most = RATE.max(1e-6);
        let y = |change: f32| ZERO - REACH * (change / most).between(-1.0, 1.0);
        let stdp = self.stdp();
        let middle =
            Mark::Line { points: vec![(across(0), 0.02), (across(0), 0.98)], ink: Ink::Rule, width: 1.0, dash: None };
        let mut marks = vec![level(ZERO, Ink::Rule), middle];
        let curve = |from: isize, to: isize| {
            (from..=to).map(|between| (across(between), y(stdp.change(between, self.weight)))).collect()
        };
        marks.push(line(curve(0, APART), Ink::Exc, 2.0));
        marks.push(line(curve(-APART, -1), Ink::Inh, 2.0));
        let dot = |between: isize, radius: f32, fill: Ink| Mark::Dot {
            at: (across(between), y(self.measured(between))),
            radius: px(radius),
            fill: plain(fill),
            rim: Some(Ink::Ink),
        };
        marks.extend((-APART..=APART).map(|between| dot(between, 2.0, Ink::Paper)));
        marks.push(dot(self.between(), 5.0, Ink::Spike));
        marks
    }

    fn said(&self) -> Said {
        let (between, change) = (self.between(), self.change());
        let apart = between.unsigned_abs();
        let values = [
            ("by", decimal(change.abs(), 3)),
            ("from", decimal(self.weight, 2)),
            ("to", decimal(self.weight + change, 2)),
        ];
        let numbered: Vec<_> = [("n", apart.to_string())].into_iter().chain(values.clone()).collect();
        match (between, apart) {
            (0, _) => say("timing-together", &values),
            (1.., 1) => say("timing-up-one", &values),
            (1.., _) => say("timing-up", &numbered),
            (_, 1) => say("timing-down-one", &values),
            (_, _) => say("timing-down", &numbered),
        }
    }
}

fn ink_of(change: f32) -> Ink {
    if change < 0.0 { Ink::Inh } else { Ink::Exc }
}

impl Figure for Timing {
    fn text(&self, control: &str) -> String {
        match control {
            "weight" => self.weight,
            "decay" => self.decay,
            _ => self.depression,
        }
        .to_string()
    }

    fn set(&mut self, control: &str, text: &str) -> Option<()> {
        let value = number(control, text)?;
        match control {
            "weight" => self.weight = value,
            "decay" => self.decay = value,
            _ => self.depression = value,
        }
        Some(())
    }

    fn touch(&mut self, canvas: usize, before: Option<Point>, at: Point) {
        if canvas == 1 {
            let apart = 2.0 * APART as f32 + 2.0;
            return self.set_between(((at.0.between(0.0, 1.0) - 0.5) * apart).round() as isize);
        }
        // Whoever drags a spike may leave its lane.
        let to = column_at(at.0, TIME_STEPS);
        if before.unwrap_or(at).1 < LANES[1] { self.move_input(to) } else { self.move_neuron(to) }
    }

    fn key(&mut self, _canvas: usize, key: Key) {
        match key {
            Key::Left => self.move_input(self.input.saturating_sub(1)),
            Key::Right => self.move_input(self.input + 1),
            Key::Up => self.move_neuron(self.neuron + 1),
            Key::Down => self.move_neuron(self.neuron.saturating_sub(1)),
            Key::Home => self.set_between(-APART),
            Key::End => self.set_between(APART),
            Key::Space => self.press("again"),
        }
    }

    fn press(&mut self, button: &str) {
        match button {
            "again" => self.weight = (self.weight + self.change()).between(0.0, 1.0),
            _ => *self = Self::default(),
        }
    }

    fn picture(&self) -> Picture {
        let beside = |t: usize, top: f32| {
            // What would leave the picture on the right stands on the left.
            let right = x(t) + 0.015;
            (if right > 0.8 { 0.0 } else { right }, top + 0.07)
        };
        let names = vec![
            ("timing-input", Some(beside(self.input, LANES[0]))),
            ("timing-neuron", Some(beside(self.neuron, LANES[1]))),
            ("timing-weight", Some((0.0, LANES[2] + 0.05))),
            ("timing-after", Some((0.0, 0.92))),
            ("timing-before", Some((1.0, 0.92))),
        ];
        Picture { canvases: vec![self.time(), self.changes()], names, values: Vec::new(), said: vec![self.said()] }
    }

    fn table(&self) -> Table {
        let mut table =
            Table::new("time steps from the input to the neuron,change by the equation,change by the running rule");
        for between in -APART..=APART {
            table.row(&[&(between as f32), &self.stdp().change(between, self.weight), &self.measured(between)]);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::super::figure::tests::is_in_document;
    use super::*;

    #[test]
    fn the_running_rule_lies_on_its_equation() {
        for (weight, decay, depression) in [(0.4, 5.0, 0.5), (0.0, 1.0, 1.0), (1.0, 20.0, 0.1), (0.9, 3.0, 0.0)] {
            let figure = Timing { weight, decay, depression, ..Timing::default() };
            for between in -APART..=APART {
                let (equation, run) = (figure.stdp().change(between, weight), figure.measured(between));
                assert!((equation - run).abs() < 1e-6, "{between}: {equation} and {run}");
            }
        }
    }

    #[test]
    fn the_order_of_two_spikes_decides_and_again_moves_the_weight_on() {
        let mut figure = Timing::default();
        assert!(figure.change() > 0.0);
        is_in_document(&figure.picture());
        let before = figure.weight;
        (0..50).for_each(|_| figure.press("again"));
        assert!(figure.weight > 0.99 && figure.weight <= 1.0 && before < 0.5, "soft bounds: {}", figure.weight);
        // The neuron's spike is dragged before the input's.
        figure.touch(0, Some((0.5, 0.5)), (0.2, 0.1));
        assert!(figure.between() < 0 && figure.change() < 0.0, "{figure:?}");
        is_in_document(&figure.picture());
        for between in -30..=30 {
            figure.set_between(between);
            assert_eq!(figure.between(), between.clamp(-APART, APART));
            is_in_document(&figure.picture());
        }
        figure.press("restore");
        assert_eq!(figure, Timing::default());
    }
}
