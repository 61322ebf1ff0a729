//! Blame through time: a loss complains about one time step of a neuron, and [`Neuron::derivative`] passes it back to
//! the currents of the time steps before.

use super::current::{Scale, TIME_STEPS, band, ground, path, shape, spikes};
use super::figure::{Figure, Picture, column_at, decimal};
use super::knobs::{index, number};
use crate::decimal::Between;
use crate::neuron::Step;
use crate::pictures::csv::Table;
use crate::pictures::marks::{Ink, Mark, Point, column, level, line};
use crate::said::say;
use crate::spec::{Neuron, Surrogate};

/// Less than this of the largest possible blame is none.
const NOTICEABLE: f32 = 0.01;
/// Where no blame stands, and the most.
const GROUND: f32 = 0.97;
const TOP: f32 = 0.06;

/// A neuron, its current, and the time step that is complained about.
#[derive(Clone, Debug, PartialEq)]
pub struct Blame {
    inputs: [f32; TIME_STEPS],
    neuron: Neuron,
    at: usize,
}

impl Default for Blame {
    fn default() -> Self {
        Self { inputs: shape("pulses").unwrap_or([0.0; TIME_STEPS]), neuron: Neuron::default(), at: 50 }
    }
}

impl Blame {
    fn steps(&self) -> Vec<Step> {
        self.neuron.run(&self.inputs).collect()
    }

    /// The blame of each time step's current: the derivative of the one spike by them.
    fn blames(&self, steps: &[Step]) -> Vec<f32> {
        let potentials: Vec<f32> = steps.iter().map(|step| step.potential).collect();
        let mut upstream = vec![0.0; TIME_STEPS];
        upstream[self.at] = 1.0;
        self.neuron.derivative(&potentials, &upstream)
    }

    fn steepness(&self) -> f32 {
        match self.neuron.surrogate {
            Surrogate::FastSigmoid(k) | Surrogate::Arctan(k) | Surrogate::Sigmoid(k) => k,
            Surrogate::Triangle => 1.0,
        }
    }
}

impl Figure for Blame {
    fn text(&self, control: &str) -> String {
        match control {
            "beta" => self.neuron.beta.to_string(),
            "steepness" => self.steepness().to_string(),
            _ => (self.at + 1).to_string(),
        }
    }

    fn set(&mut self, control: &str, text: &str) -> Option<()> {
        match control {
            "beta" => self.neuron.beta = number(control, text)?,
            "steepness" => self.neuron.surrogate = Surrogate::FastSigmoid(number(control, text)?),
            _ => self.at = index(control, text)?,
        }
        Some(())
    }

    fn touch(&mut self, _canvas: usize, _before: Option<Point>, at: Point) {
        self.at = column_at(at.0, TIME_STEPS);
    }

    fn picture(&self) -> Picture {
        let steps = self.steps();
        let (scale, blames) = (Scale::of(&steps, &self.neuron), self.blames(&steps));
        let mut voltage = vec![band(self.at, TIME_STEPS)];
        voltage.extend(ground(&self.neuron, &scale));
        voltage.push(line(path(&steps, &self.neuron, &scale), Ink::Ink, 2.0));
        voltage.extend(spikes(&steps, &self.neuron, &scale));
        // As high as the slope at the threshold itself would be: 1.
        let (half, y) = (0.36 / TIME_STEPS as f32, |blame: f32| GROUND - (GROUND - TOP) * blame.between(0.0, 1.0));
        let mut bars = vec![band(self.at, TIME_STEPS), level(GROUND, Ink::Rule)];
        for (t, blame) in blames.iter().enumerate().filter(|(_, blame)| **blame > 0.001) {
            let x = column(t, TIME_STEPS);
            bars.push(Mark::Bar { from: (x - half, y(*blame)), to: (x + half, GROUND), ink: Ink::Ink, alpha: 0.85 });
        }
        let reached: Vec<usize> = (0..self.at).filter(|t| blames[*t] > NOTICEABLE).collect();
        let cut = (0..self.at).rev().find(|t| steps[*t].spike);
        let (t, slope) = (("t", (self.at + 1).to_string()), ("slope", decimal(blames[self.at], 2)));
        let mut said = vec![say(if steps[self.at].spike { "blame-spike" } else { "blame" }, &[t, slope])];
        said.push(match (reached.len(), cut) {
            (0, _) => say("blame-alone", &[]),
            (n, Some(cut)) if blames[cut + 1] > NOTICEABLE => {
                say("blame-cut", &[("n", n.to_string()), ("cut", (cut + 1).to_string())])
            }
            (n, _) => say("blame-fades", &[("n", n.to_string())]),
        });
        let tall = blames[self.at] > 0.15;
        let names = vec![
            ("complaint", Some(((column(self.at, TIME_STEPS) + 0.012).min(0.8), 0.07))),
            ("back", (reached.len() > 5 && tall).then(|| (column(self.at.saturating_sub(7), TIME_STEPS), 0.25))),
            ("threshold", Some((0.0, scale.y(self.neuron.threshold) - 0.08))),
        ];
        Picture { canvases: vec![voltage, bars], names, values: Vec::new(), said }
    }

    fn table(&self) -> Table {
        let steps = self.steps();
        let mut table = Table::new("time step,current,potential,spike,blame");
        for (t, blame) in self.blames(&steps).iter().enumerate() {
            table.row(&[&(t + 1), &self.inputs[t], &steps[t].potential, &u8::from(steps[t].spike), blame]);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::super::figure::tests::is_in_document;
    use super::*;

    #[test]
    fn blame_shrinks_by_beta_a_step_until_the_last_reset() {
        let figure = Blame::default();
        let steps = figure.steps();
        let blames = figure.blames(&steps);
        let slope = figure.neuron.surrogate.slope(steps[figure.at].potential - figure.neuron.threshold);
        assert!((blames[figure.at] - slope).abs() < 1e-6);
        assert!((blames[figure.at - 3] - slope * 0.9f32.powi(3)).abs() < 1e-6);
        let cut = (0..figure.at).rev().find(|t| steps[*t].spike).unwrap();
        assert!(blames[..=cut].iter().all(|blame| *blame == 0.0));
        assert!(blames[figure.at + 1..].iter().all(|blame| *blame == 0.0), "later currents are not to blame");
    }

    #[test]
    fn everything_it_says_is_in_the_document() {
        let mut figure = Blame::default();
        for beta in ["0", "0.9", "1"] {
            figure.set("beta", beta).unwrap();
            for at in 0..TIME_STEPS {
                figure.touch(0, None, (column(at, TIME_STEPS), 0.0));
                is_in_document(&figure.picture());
            }
        }
    }
}
