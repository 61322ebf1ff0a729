//! One neuron and the current that flows into it, which the reader draws: [`crate::neuron`] computes what it does.

use super::figure::{Figure, Key, Picture, column_at, decimal};
use super::knobs::{number, reset};
use crate::decimal::Between;
use crate::neuron::Step;
use crate::pictures::csv::Table;
use crate::pictures::marks::{Ink, Mark, Point, column, level, line, plain, px};
use crate::said::{Said, say};
use crate::spec::Neuron;

/// Time steps of the figure.
pub const TIME_STEPS: usize = 64;
/// The strongest current that can be drawn, and the strongest that inhibits.
const MOST: f32 = 0.6;
const LEAST: f32 = -0.3;
/// What a click brings, and an arrow key.
const PULSE: f32 = 0.4;
const NOTCH: f32 = 0.05;
/// Weaker than this is none: zero can be hit.
const SLACK: f32 = 0.025;

/// The highest voltage shown, in units of the threshold, and the rims of the picture.
const HIGHEST: f32 = 1.4;
const TOP: f32 = 0.04;
const BOTTOM: f32 = 0.97;
/// Points of the curve between two time steps.
const FINE: usize = 4;

/// The canvases.
const VOLTAGE: usize = 0;
const CURRENT: usize = 1;

/// The time step that is looked at first.
const CHOSEN: usize = 14;

/// Currents that come ready-made, by the word that the menu has for them.
pub const SHAPES: [&str; 4] = ["pulses", "steady", "rising", "pushed"];

/// The ready-made currents.
pub fn shape(name: &str) -> Option<[f32; TIME_STEPS]> {
    let pulses = |times: &[usize]| std::array::from_fn(|t| if times.contains(&t) { PULSE } else { 0.0 });
    Some(match name {
        "pulses" => pulses(&[4, 8, 11, 14, 30, 46, 48, 50]),
        // Twice what leaks away at the threshold.
        "steady" => [0.2; TIME_STEPS],
        "rising" => std::array::from_fn(|t| 0.4 * t as f32 / (TIME_STEPS - 1) as f32),
        // The same push all the time, and a pull against it for a while.
        "pushed" => std::array::from_fn(|t| if (20..40).contains(&t) { -0.15 } else { 0.2 }),
        _ => return None,
    })
}

/// A neuron and its current.
#[derive(Clone, Debug, PartialEq)]
pub struct Current {
    inputs: [f32; TIME_STEPS],
    neuron: Neuron,
    /// The time step on which the keyboard stands, or that was touched last.
    chosen: usize,
}

impl Default for Current {
    fn default() -> Self {
        Self { inputs: shape(SHAPES[0]).unwrap_or([0.0; TIME_STEPS]), neuron: Neuron::default(), chosen: CHOSEN }
    }
}

/// The height of a current in its canvas, and back.
fn height_of(current: f32) -> f32 {
    TOP + (BOTTOM - TOP) * (MOST - current) / (MOST - LEAST)
}

fn current_at(y: f32) -> f32 {
    let current = MOST - (MOST - LEAST) * ((y - TOP) / (BOTTOM - TOP)).between(0.0, 1.0);
    if current.abs() < SLACK { 0.0 } else { current }
}

/// How voltages stand in their canvas.
pub(super) struct Scale {
    low: f32,
    high: f32,
}

impl Scale {
    /// Room for all of these.
    pub fn of(steps: &[Step], neuron: &Neuron) -> Self {
        let high = HIGHEST * neuron.threshold;
        let lowest = steps.iter().fold(-0.1 * high, |low, step| low.min(step.potential).min(step.state.potential));
        Self { low: lowest.max(-0.9 * high), high }
    }

    /// The height of a voltage.
    pub fn y(&self, voltage: f32) -> f32 {
        let share = (voltage.between(self.low, self.high) - self.low) / (self.high - self.low);
        BOTTOM - (BOTTOM - TOP) * share
    }
}

/// The voltage over time: it leaks up to each time step, then what comes in is added at once, then the reset.
pub(super) fn path(steps: &[Step], neuron: &Neuron, scale: &Scale) -> Vec<Point> {
    // β for a part of a time step: β to the power of 1/FINE.
    let part = neuron.beta.sqrt().sqrt();
    let (mut path, mut voltage) = (vec![(0.0, scale.y(0.0))], 0.0);
    for (t, step) in steps.iter().enumerate() {
        let x = column(t, steps.len());
        let leaking = (1..=FINE).map(|i| {
            voltage *= part;
            (x - (1.0 - i as f32 / FINE as f32) / steps.len() as f32, scale.y(voltage))
        });
        path.extend(leaking.filter(|(x, _)| *x > 0.0));
        path.push((x, scale.y(step.potential)));
        if step.spike {
            path.push((x, scale.y(step.state.potential)));
        }
        voltage = step.state.potential;
    }
    path
}

/// Spikes and where their resets land.
pub(super) fn spikes(steps: &[Step], neuron: &Neuron, scale: &Scale) -> Vec<Mark> {
    let theta = scale.y(neuron.threshold);
    let fired = || steps.iter().enumerate().filter(|(_, step)| step.spike);
    let tick = |(t, step): (usize, &Step)| {
        let tip = scale.y(step.potential).min(theta - 0.13).max(0.0);
        line(vec![(column(t, steps.len()), theta), (column(t, steps.len()), tip)], Ink::Spike, 3.0)
    };
    let ring = |(t, step): (usize, &Step)| {
        let at = (column(t, steps.len()), scale.y(step.state.potential));
        Mark::Dot { at, radius: px(3.0), fill: plain(Ink::Paper), rim: Some(Ink::Ink) }
    };
    fired().map(tick).chain(fired().map(ring)).collect()
}

/// The dashed threshold and the line of no voltage.
pub(super) fn ground(neuron: &Neuron, scale: &Scale) -> Vec<Mark> {
    let theta = scale.y(neuron.threshold);
    let dashed = vec![(0.0, theta), (1.0, theta)];
    vec![
        level(scale.y(0.0), Ink::Rule),
        Mark::Line { points: dashed, ink: Ink::Faint, width: 1.0, dash: Some((2.0, 3.0)) },
    ]
}

/// A band behind a time step.
pub(super) fn band(t: usize, time_steps: usize) -> Mark {
    let (from, to) = (t as f32 / time_steps as f32, (t + 1) as f32 / time_steps as f32);
    Mark::Bar { from: (from, 0.0), to: (to, 1.0), ink: Ink::Wash, alpha: 1.0 }
}

/// How long a voltage that is left alone takes to fall by half, in time steps.
fn half_life(beta: f32) -> f32 {
    0.5f32.ln() / beta.ln()
}

impl Current {
    fn steps(&self) -> Vec<Step> {
        self.neuron.run(&self.inputs).collect()
    }

    fn put(&mut self, t: usize, current: f32) {
        self.inputs[t] = current.between(LEAST, MOST);
        self.chosen = t;
    }

    /// Gives a pulse, or takes away what flows there.
    fn toggle(&mut self, t: usize) {
        self.put(t, if self.inputs[t] == 0.0 { PULSE } else { 0.0 });
    }

    /// The pen has moved between two places of the current's canvas.
    fn draw(&mut self, before: Point, at: Point) {
        let (from, to) = (column_at(before.0, TIME_STEPS), column_at(at.0, TIME_STEPS));
        let steps = from.abs_diff(to).max(1) as f32;
        for t in from.min(to)..=from.max(to) {
            let share = if from == to { 1.0 } else { t.abs_diff(from) as f32 / steps };
            self.put(t, current_at(before.1 + (at.1 - before.1) * share));
        }
        self.chosen = to;
    }

    fn currents(&self) -> Vec<Mark> {
        let (zero, half) = (height_of(0.0), 0.36 / TIME_STEPS as f32);
        let mut marks = vec![band(self.chosen, TIME_STEPS), level(zero, Ink::Rule)];
        for (t, current) in self.inputs.iter().enumerate().filter(|(_, current)| **current != 0.0) {
            let (x, y) = (column(t, TIME_STEPS), height_of(*current));
            let ink = if *current > 0.0 { Ink::Exc } else { Ink::Inh };
            marks.push(Mark::Bar { from: (x - half, y.min(zero)), to: (x + half, y.max(zero)), ink, alpha: 1.0 });
        }
        marks
    }

    /// Words beside the marks: the first spike, the first reset with room behind it, the longest leak.
    fn names(&self, steps: &[Step], scale: &Scale) -> Vec<(&'static str, Option<Point>)> {
        let beside = |t: usize, y: f32| Some(((column(t, TIME_STEPS) + 0.012).min(0.86), y));
        let theta = scale.y(self.neuron.threshold);
        let fires = steps.iter().position(|step| step.spike);
        let quiet = |t: usize| self.inputs[t] == 0.0 && !steps[t].spike;
        let leaks = (0..TIME_STEPS - 8).find(|t| {
            !quiet(*t) && (t + 1..t + 8).all(quiet) && steps[*t].state.potential > 0.3 * self.neuron.threshold
        });
        vec![
            ("threshold", Some((0.0, theta - 0.055))),
            ("fires", fires.and_then(|t| beside(t, (theta - 0.09).max(0.03)))),
            ("leaks", leaks.and_then(|t| beside(t + 2, scale.y(steps[t + 2].potential) - 0.05))),
            ("reset", fires.and_then(|t| beside(t, (scale.y(steps[t].state.potential) + 0.06).min(0.95)))),
        ]
    }

    fn said(&self, steps: &[Step]) -> Vec<Said> {
        let count = match steps.iter().filter(|step| step.spike).count() {
            0 => say("fires-never", &[]),
            1 => say("fires-once", &[]),
            n => say("fires", &[("n", n.to_string())]),
        };
        let leak = match self.neuron.beta {
            beta if beta >= 1.0 => say("leaks-never", &[]),
            beta if beta < 0.1 => say("leaks-at-once", &[]),
            beta => say("leaks", &[("n", decimal(half_life(beta), 1))]),
        };
        let (t, step) = (self.chosen, &steps[self.chosen]);
        let (i, u) = (decimal(self.inputs[t], 2), decimal(step.potential, 2));
        let here =
            say(if step.spike { "here-fires" } else { "here" }, &[("t", (t + 1).to_string()), ("i", i), ("u", u)]);
        vec![count, leak, here]
    }
}

impl Figure for Current {
    fn text(&self, control: &str) -> String {
        match control {
            "beta" => self.neuron.beta.to_string(),
            "threshold" => self.neuron.threshold.to_string(),
            "reset" => self.neuron.reset.to_string(),
            _ => SHAPES.into_iter().find(|name| shape(name) == Some(self.inputs)).unwrap_or("own").to_owned(),
        }
    }

    fn set(&mut self, control: &str, text: &str) -> Option<()> {
        match control {
            "beta" => self.neuron.beta = number(control, text)?,
            "threshold" => self.neuron.threshold = number(control, text)?,
            "reset" => self.neuron.reset = reset(text)?,
            _ => self.inputs = shape(text)?,
        }
        Some(())
    }

    fn touch(&mut self, canvas: usize, before: Option<Point>, at: Point) {
        match (canvas, before) {
            (CURRENT, before) => self.draw(before.unwrap_or(at), at),
            (_, None) => self.toggle(column_at(at.0, TIME_STEPS)),
            (_, Some(_)) => {}
        }
    }

    fn key(&mut self, _canvas: usize, key: Key) {
        let t = self.chosen;
        // In whole notches, so that up and down again is what it was.
        let turned = |by: f32| ((self.inputs[t] / NOTCH).round() + by) * NOTCH;
        match key {
            Key::Left => self.chosen = t.saturating_sub(1),
            Key::Right => self.chosen = (t + 1).min(TIME_STEPS - 1),
            Key::Home => self.chosen = 0,
            Key::End => self.chosen = TIME_STEPS - 1,
            Key::Up => self.put(t, turned(1.0)),
            Key::Down => self.put(t, turned(-1.0)),
            Key::Space => self.toggle(t),
        }
    }

    fn press(&mut self, button: &str) {
        match button {
            "stop" => self.inputs = [0.0; TIME_STEPS],
            _ => *self = Self::default(),
        }
    }

    fn picture(&self) -> Picture {
        let steps = self.steps();
        let scale = Scale::of(&steps, &self.neuron);
        let mut voltage = vec![band(self.chosen, TIME_STEPS)];
        voltage.extend(ground(&self.neuron, &scale));
        voltage.push(line(path(&steps, &self.neuron, &scale), Ink::Ink, 2.0));
        voltage.extend(spikes(&steps, &self.neuron, &scale));
        let mut canvases = vec![Vec::new(); 2];
        (canvases[VOLTAGE], canvases[CURRENT]) = (voltage, self.currents());
        let mut names = self.names(&steps, &scale);
        names.push(("excites", Some((1.0, height_of(0.5)))));
        names.push(("inhibits", Some((1.0, height_of(-0.2)))));
        Picture { canvases, names, values: Vec::new(), said: self.said(&steps) }
    }

    fn table(&self) -> Table {
        let mut table = Table::new("time step,current,potential,spike,potential after the reset");
        for (t, (current, step)) in self.inputs.iter().zip(self.steps()).enumerate() {
            table.row(&[&(t + 1), current, &step.potential, &u8::from(step.spike), &step.state.potential]);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::super::figure::tests::is_in_document;
    use super::*;

    fn count(figure: &Current) -> usize {
        figure.steps().iter().filter(|step| step.spike).count()
    }

    #[test]
    fn the_figure_is_what_the_neuron_does() {
        let mut figure = Current::default();
        assert!(count(&figure) >= 2);
        figure.set("threshold", "3").unwrap();
        assert_eq!(count(&figure), 0);
        figure.set("threshold", "0.5").unwrap();
        let rings = |marks: &[Mark]| marks.iter().filter(|mark| matches!(mark, Mark::Dot { .. })).count();
        assert_eq!(rings(&figure.picture().canvases[VOLTAGE]), count(&figure));
    }

    #[test]
    fn a_steady_current_fires_only_above_what_leaks() {
        // v settles at I/(1 - β), so what is needed is more than θ·(1 - β).
        for (current, fires) in [(0.095, false), (0.105, true)] {
            let figure = Current { inputs: [current; TIME_STEPS], ..Current::default() };
            assert_eq!(count(&figure) > 0, fires, "{current}");
        }
    }

    #[test]
    fn a_drag_draws_through_all_time_steps_between() {
        let mut figure = Current::default();
        figure.press("stop");
        figure.touch(CURRENT, None, (0.1, height_of(0.0)));
        figure.touch(CURRENT, Some((0.1, height_of(0.0))), (0.9, height_of(0.5)));
        assert!(figure.inputs.windows(2).take(57).all(|pair| pair[0] <= pair[1]));
        assert!((figure.inputs[57] - 0.5).abs() < 1e-4 && figure.inputs[63] == 0.0);
        assert_eq!(figure.text("shape"), "own");
        assert!(count(&figure) > 0);
        figure.touch(CURRENT, Some((0.5, 1.0)), (0.0, 1.0));
        assert_eq!(figure.inputs[0], LEAST);
    }

    #[test]
    fn a_pulse_given_twice_is_taken_away() {
        let mut figure = Current::default();
        figure.touch(VOLTAGE, None, (0.999, 0.5));
        assert_ne!(figure.inputs, Current::default().inputs);
        figure.touch(VOLTAGE, None, (1.0, 0.1));
        assert_eq!(figure.inputs, Current::default().inputs);
    }

    #[test]
    fn keys_do_what_the_pointer_does() {
        let mut figure = Current::default();
        for key in [Key::Home, Key::Right, Key::Up, Key::Up, Key::Down] {
            figure.key(CURRENT, key);
        }
        assert_eq!(figure.inputs[1], NOTCH);
        figure.key(CURRENT, Key::Space);
        assert_eq!(figure.inputs[1], 0.0);
    }

    #[test]
    fn half_is_gone_after_the_half_life() {
        assert!((half_life(0.5) - 1.0).abs() < 1e-6);
        assert!((0.9f32.powf(half_life(0.9)) - 0.5).abs() < 1e-4);
    }

    #[test]
    fn everything_it_says_is_in_the_document() {
        for beta in ["0", "0.5", "1"] {
            for shape in SHAPES {
                let mut figure = Current::default();
                figure.set("beta", beta).unwrap();
                figure.set("shape", shape).unwrap();
                is_in_document(&figure.picture());
                figure.touch(VOLTAGE, None, (0.3, 0.5));
                is_in_document(&figure.picture());
            }
        }
    }
}
