//! What a spiking neuron costs beside an ordinary one, in energy: cited numbers, and a sum that a reader can turn.

use super::figure::{Figure, Picture, decimal};
use super::knobs::number;
use crate::decimal::Between;
use crate::energy::{ADD, CACHE, DRAM, MULTIPLY_ADD};
use crate::pictures::csv::Table;
use crate::pictures::marks::{Ink, Mark, Point, level, line, plain, px};
use crate::said::{Said, say};

const GROUND: f32 = 0.92;
const TOP: f32 = 0.06;
/// The highest energy shown, in those of the ordinary neuron.
const HIGHEST: f32 = 2.0;

/// Where a weight is fetched from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Memory {
    /// It is there already, or not counted.
    Free,
    Cache,
    Dram,
}

impl Memory {
    const ALL: [Self; 3] = [Self::Free, Self::Cache, Self::Dram];

    const fn word(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Cache => "cache",
            Self::Dram => "dram",
        }
    }

    const fn energy(self) -> f32 {
        match self {
            Self::Free => 0.0,
            Self::Cache => CACHE,
            Self::Dram => DRAM,
        }
    }
}

/// One neuron with its inputs, spiking and ordinary.
#[derive(Clone, Debug, PartialEq)]
pub struct Energy {
    /// Share of the time steps in which an input fires.
    firing: f32,
    time_steps: f32,
    inputs: f32,
    memory: Memory,
}

impl Default for Energy {
    fn default() -> Self {
        // An average pixel of MNIST is 13 % bright.
        Self { firing: 0.13, time_steps: 25.0, inputs: 784.0, memory: Memory::Free }
    }
}

impl Energy {
    /// One multiply-add for each input, whether or not there is anything to multiply.
    fn ordinary(&self) -> f32 {
        self.inputs * (MULTIPLY_ADD + self.memory.energy())
    }

    /// One addition for each spike that arrives.
    fn of_spikes(&self, firing: f32) -> f32 {
        self.inputs * firing * self.time_steps * (ADD + self.memory.energy())
    }

    /// A multiplication by β and a comparison with θ at every time step.
    fn of_leak(&self) -> f32 {
        self.time_steps * MULTIPLY_ADD
    }

    fn spiking(&self, firing: f32) -> f32 {
        self.of_spikes(firing) + self.of_leak()
    }

    /// The share of time steps at which both cost the same; none where the leak alone costs more.
    fn break_even(&self) -> Option<f32> {
        let firing = (self.ordinary() - self.of_leak()) / self.of_spikes(1.0);
        (firing > 0.0).then_some(firing)
    }

    fn said(&self) -> Vec<Said> {
        let (spiking, ordinary) = (self.spiking(self.firing), self.ordinary());
        let energies = [("s", nanojoules(spiking)), ("d", nanojoules(ordinary))];
        let even = match self.break_even() {
            None => say("even-never", &[]),
            Some(firing) if firing >= 1.0 => say("even-always", &[]),
            Some(firing) => {
                let spikes = decimal(firing * self.time_steps, 1);
                say("even", &[("p", decimal(100.0 * firing, 1)), ("n", spikes)])
            }
        };
        vec![say(if spiking < ordinary { "spiking-wins" } else { "ordinary-wins" }, &energies), even]
    }
}

/// Picojoules as nanojoules.
fn nanojoules(picojoules: f32) -> String {
    decimal(picojoules / 1000.0, if picojoules < 100_000.0 { 2 } else { 0 })
}

impl Figure for Energy {
    fn text(&self, control: &str) -> String {
        match control {
            "firing" => (self.firing * 100.0).round().to_string(),
            "time-steps" => self.time_steps.to_string(),
            "fan-in" => self.inputs.to_string(),
            _ => self.memory.word().to_owned(),
        }
    }

    fn set(&mut self, control: &str, text: &str) -> Option<()> {
        match control {
            "firing" => self.firing = number(control, text)? / 100.0,
            "time-steps" => self.time_steps = number(control, text)?.round(),
            "fan-in" => self.inputs = number(control, text)?.round(),
            _ => self.memory = Memory::ALL.into_iter().find(|memory| memory.word() == text)?,
        }
        Some(())
    }

    fn touch(&mut self, _canvas: usize, _before: Option<Point>, at: Point) {
        self.firing = (at.0.between(0.0, 1.0) * 100.0).round() / 100.0;
    }

    fn picture(&self) -> Picture {
        let y = |energy: f32| GROUND - (GROUND - TOP) * (energy / (HIGHEST * self.ordinary())).min(1.0);
        let ordinary = y(self.ordinary());
        // The line leaves the picture where it reaches its top.
        let (start, end) = (self.spiking(0.0), self.spiking(1.0));
        let leaves = ((HIGHEST * self.ordinary() - start) / (end - start)).between(0.0, 1.0);
        let mut marks = vec![level(GROUND, Ink::Rule)];
        let even = self.break_even();
        if let Some(even) = even.map(|even| even.min(1.0)) {
            let points = vec![(0.0, y(start)), (even, y(self.spiking(even))), (even, ordinary), (0.0, ordinary)];
            marks.push(Mark::Area { points, ink: Ink::Spike, alpha: 0.14 });
        }
        marks.push(line(vec![(0.0, ordinary), (1.0, ordinary)], Ink::Ink, 2.0));
        marks.push(line(vec![(0.0, y(start)), (leaves, y(self.spiking(leaves)))], Ink::Spike, 2.5));
        let crossing = even.filter(|even| *even < 1.0).map(|even| (even, ordinary));
        let here = (self.firing, y(self.spiking(self.firing)));
        let upright = vec![(here.0, GROUND), here];
        marks.push(Mark::Line { points: upright, ink: Ink::Faint, width: 1.0, dash: Some((2.0, 3.0)) });
        marks.extend(crossing.map(|at| Mark::Dot {
            at,
            radius: px(4.0),
            fill: plain(Ink::Paper),
            rim: Some(Ink::Ink),
        }));
        marks.push(Mark::Dot { at: here, radius: px(5.0), fill: plain(Ink::Spike), rim: None });
        let names = vec![
            ("ordinary", Some((1.0, ordinary - 0.05))),
            ("even", crossing.filter(|at| at.0 < 0.7).map(|at| (at.0 + 0.014, at.1 + 0.06))),
            ("spiking", Some(((leaves + 0.012).min(0.86), y(self.spiking(leaves)) + 0.04))),
            ("none", Some((0.0, GROUND + 0.05))),
            ("share", Some((0.5, GROUND + 0.05))),
            ("full", Some((1.0, GROUND + 0.05))),
        ];
        Picture { canvases: vec![marks], names, values: Vec::new(), said: self.said() }
    }

    fn table(&self) -> Table {
        let mut table = Table::new("per cent of time steps with a spike,spiking neuron (pJ),ordinary neuron (pJ)");
        for percent in 0..=100 {
            table.row(&[&percent, &self.spiking(percent as f32 / 100.0), &self.ordinary()]);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::super::figure::tests::is_in_document;
    use super::*;

    #[test]
    fn arithmetic_alone_breaks_even_at_five_spikes_an_input() {
        // With many inputs the leak is nothing: 4.6/0.9 spikes.
        let figure = Energy { inputs: 1e9, ..Energy::default() };
        let spikes = figure.break_even().unwrap() * figure.time_steps;
        assert!((spikes - 4.6 / 0.9).abs() < 1e-3);
        // When weights are fetched from far, a spike may come about once.
        let figure = Energy { memory: Memory::Dram, ..figure };
        assert!((figure.break_even().unwrap() * figure.time_steps - 654.6 / 650.9).abs() < 1e-3);
    }

    #[test]
    fn at_the_break_even_both_cost_the_same() {
        for memory in Memory::ALL {
            let figure = Energy { memory, ..Energy::default() };
            let even = figure.break_even().unwrap();
            assert!((figure.spiking(even) / figure.ordinary() - 1.0).abs() < 1e-4);
        }
        assert_eq!(Energy { inputs: 8.0, ..Energy::default() }.break_even(), None);
    }

    #[test]
    fn everything_it_says_is_in_the_document() {
        for (inputs, time_steps, firing) in
            [("8", "25", "1"), ("784", "25", "13"), ("784", "2", "90"), ("4096", "100", "0")]
        {
            for memory in Memory::ALL {
                let mut figure = Energy { memory, ..Energy::default() };
                for (control, text) in [("fan-in", inputs), ("time-steps", time_steps), ("firing", firing)] {
                    figure.set(control, text).unwrap();
                }
                is_in_document(&figure.picture());
            }
        }
    }
}
