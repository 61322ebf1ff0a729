//! The article's neuron: the reader gives pulses of current, [`crate::neuron`] computes what it does.

use super::marks::{Ink, Mark, Point, line, plain, px};
use crate::spec::Neuron;

/// Time steps of the figure.
pub const TIME_STEPS: usize = 64;
/// What each pulse brings.
const PULSE: f32 = 0.4;
const TOP: f32 = 0.05;
const ZERO: f32 = 0.82;
const HIGHEST: f32 = 1.6;

/// The pulses, and the time step on which the keyboard stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    pulses: [bool; TIME_STEPS],
    /// The time step that the keyboard has chosen.
    pub chosen: Option<usize>,
}

impl Default for Bucket {
    fn default() -> Self {
        let mut pulses = [false; TIME_STEPS];
        for t in [4, 8, 11, 14, 30, 46, 48, 50] {
            pulses[t] = true;
        }
        Self { pulses, chosen: None }
    }
}

/// The figure and where its names stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figure {
    /// What to paint.
    pub marks: Vec<Mark>,
    /// The height of the threshold.
    pub threshold: f32,
    /// The first spike.
    pub fires: Option<Point>,
    /// Where it leaks.
    pub leaks: Option<Point>,
    /// Where current comes in.
    pub current: Option<Point>,
    /// How often it fires.
    pub spikes: usize,
}

fn x(t: usize) -> f32 {
    (t as f32 + 0.5) / TIME_STEPS as f32
}

impl Bucket {
    /// Gives a pulse at that place, or takes it away.
    pub fn toggle(&mut self, x: f32) {
        let t = (x.clamp(0.0, 1.0) * TIME_STEPS as f32) as usize;
        let t = t.min(TIME_STEPS - 1);
        self.pulses[t] = !self.pulses[t];
    }

    /// The keyboard moves by so many time steps.
    pub fn step(&mut self, by: isize) {
        let next = self.chosen.map_or(0, |t| t.saturating_add_signed(by));
        self.chosen = Some(next.min(TIME_STEPS - 1));
    }

    /// Gives or takes the pulse on which the keyboard stands.
    pub fn toggle_chosen(&mut self) {
        if let Some(t) = self.chosen {
            self.pulses[t] = !self.pulses[t];
        }
    }

    /// The figure for a neuron like this.
    pub fn figure(&self, neuron: &Neuron) -> Figure {
        let theta = neuron.threshold;
        let scale = HIGHEST * theta.max(0.5);
        let y = |v: f32| ZERO - (ZERO - TOP) * (v / scale).clamp(-0.12, 1.0);
        let currents: Vec<f32> = self.pulses.iter().map(|pulse| if *pulse { PULSE } else { 0.0 }).collect();
        let mut figure = Figure { threshold: y(theta), ..Figure::default() };
        let dashed = vec![(0.0, y(theta)), (1.0, y(theta))];
        figure.marks.push(Mark::Line { points: dashed, ink: Ink::Faint, width: 1.0, dash: Some((2.0, 3.0)) });
        if let Some(t) = self.chosen {
            let (from, to) = ((x(t) - 0.4 / TIME_STEPS as f32, TOP), (x(t) + 0.4 / TIME_STEPS as f32, 1.0));
            figure.marks.push(Mark::Bar { from, to, ink: Ink::Ghost, alpha: 0.6 });
        }
        let (mut path, mut spikes, mut rings) = (vec![(0.0, y(0.0))], Vec::new(), Vec::new());
        let mut before = 0.0;
        for (t, (step, current)) in neuron.run(&currents).zip(&currents).enumerate() {
            // It leaks up to the time step, then the current of the time step comes in at once.
            path.extend([(x(t), y(neuron.beta * before)), (x(t), y(step.potential))]);
            if *current > 0.0 {
                let (from, to) = ((x(t) - 0.003, 0.88), (x(t) + 0.003, 1.0));
                figure.marks.push(Mark::Bar { from, to, ink: Ink::Exc, alpha: 1.0 });
            }
            if step.spike {
                let tip = y(step.potential).min(y(theta) - 0.12).max(0.0);
                spikes.push(line(vec![(x(t), y(theta)), (x(t), tip)], Ink::Spike, 3.5));
                path.push((x(t), y(step.state.potential)));
                let at = (x(t), y(step.state.potential));
                rings.push(Mark::Dot { at, radius: px(3.0), fill: plain(Ink::Paper), rim: Some(Ink::Ink) });
                figure.fires.get_or_insert((x(t), (tip + y(theta)) / 2.0));
                figure.spikes += 1;
            }
            before = step.state.potential;
        }
        figure.current = self.first_gap().map(|t| (x(t), 0.94));
        figure.leaks = self
            .longest_pause()
            .map(|t| (x(t), 0.0))
            .and_then(|(x, _)| path.iter().rev().find(|point| point.0 <= x).map(|point| (x, point.1 - 0.09)));
        figure.marks.push(line(path, Ink::Ink, 2.0));
        figure.marks.extend(spikes);
        figure.marks.extend(rings);
        figure
    }

    /// The first pulse with room for a word behind it.
    fn first_gap(&self) -> Option<usize> {
        let room = |t: &usize| self.pulses[*t] && (1..12).all(|after| self.pulses.get(t + after) != Some(&true));
        (0..TIME_STEPS - 12).find(room)
    }

    /// A little into the longest pause that follows a pulse.
    fn longest_pause(&self) -> Option<usize> {
        let times: Vec<usize> = (0..TIME_STEPS).filter(|t| self.pulses[*t]).chain([TIME_STEPS]).collect();
        let pause = times.windows(2).max_by_key(|pair| pair[1] - pair[0])?;
        (pause[1] - pause[0] > 8).then_some(pause[0] + 3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pulse_given_twice_is_taken_away() {
        let mut bucket = Bucket::default();
        bucket.toggle(0.999);
        assert_ne!(bucket, Bucket::default());
        bucket.toggle(1.0);
        assert_eq!(bucket, Bucket::default());
    }

    #[test]
    fn the_figure_is_what_the_neuron_does() {
        let spikes = |threshold| Bucket::default().figure(&Neuron { threshold, ..Neuron::default() }).spikes;
        assert!(spikes(1.0) >= 2);
        assert_eq!(spikes(3.0), 0);
    }
}
