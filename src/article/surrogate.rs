//! The spike as a function of the voltage, its derivative, and the slopes that learning borrows for it; below, the
//! untrained network's hidden neurons at the voltages where they stand, and who of them is reached by learning.

use super::coding::{DIGIT, TIME_STEPS};
use super::figure::{Figure, Picture};
use super::knobs::{index, number};
use crate::decimal::Between;
use crate::neuron::NeuronState;
use crate::pictures::csv::Table;
use crate::pictures::marks::{Ink, Mark, Point, Shade, level, line, plain, px};
use crate::pictures::surrogate::as_wide_as;
use crate::random::{Generator, Stream};
use crate::said::say;
use crate::spec::{Neuron, Surrogate};
use crate::spikes::encode::{Pass, rate};

/// Neurons of the hidden layer.
const NEURONS: usize = 256;
/// Where its initial weights and its spikes come from.
const SEED: u64 = 1;
/// The voltages shown, below and above the threshold.
const BELOW: f32 = 2.0;
const ABOVE: f32 = 1.0;
/// A slope of less than this share of the largest is not noticed.
const NOTICEABLE: f32 = 0.1;

const GROUND: f32 = 0.9;
const TOP: f32 = 0.08;
const POINTS: usize = 601;

/// The surrogates of the menu, each with the steepness that it starts with.
const SURROGATES: [Surrogate; 4] =
    [Surrogate::FastSigmoid(10.0), Surrogate::Arctan(2.0), Surrogate::Sigmoid(4.0), Surrogate::Triangle];

/// A surrogate, and the neurons that learn by it.
#[derive(Clone, Debug)]
pub struct Slopes {
    surrogate: Surrogate,
    /// The time step at which the neurons are looked at, counted from 0.
    t: usize,
    /// u - θ of every neuron at every time step, [T, H].
    distances: Vec<f32>,
}

impl Default for Slopes {
    fn default() -> Self {
        Self { surrogate: Surrogate::default(), t: 9, distances: untrained(&Neuron::default()) }
    }
}

/// u - θ of the hidden neurons of the network with its initial weights, while it is shown the digit: [T, H]. The
/// weights are those of the network of this seed (`layer::SynapticWeights::random`).
fn untrained(neuron: &Neuron) -> Vec<f32> {
    let spikes = rate(&[&DIGIT[..]], &[1], SEED, Pass::Drawing, TIME_STEPS);
    let bound = 1.0 / (DIGIT.len() as f32).sqrt();
    let mut generator = Generator::new(SEED, Stream::Weights(0));
    let mut draw = || (generator.unit() * 2.0 - 1.0) * bound;
    let mut currents = vec![[0.0; TIME_STEPS]; NEURONS];
    for current in &mut currents {
        for pixel in 0..DIGIT.len() {
            let weight = draw();
            spikes.times(0, pixel).for_each(|t| current[t] += weight);
        }
    }
    for current in &mut currents {
        let bias = draw();
        current.iter_mut().for_each(|current| *current += bias);
    }
    let mut states = vec![NeuronState::default(); NEURONS];
    let mut distances = Vec::with_capacity(TIME_STEPS * NEURONS);
    for t in 0..TIME_STEPS {
        for (state, current) in states.iter_mut().zip(&currents) {
            let step = neuron.step(*state, current[t]);
            *state = step.state;
            distances.push(step.potential - neuron.threshold);
        }
    }
    distances
}

/// Where a voltage stands, by its distance from the threshold.
fn x(distance: f32) -> f32 {
    ((distance + BELOW) / (BELOW + ABOVE)).between(0.0, 1.0)
}

fn distance_at(x: f32) -> f32 {
    x * (BELOW + ABOVE) - BELOW
}

fn name(surrogate: Surrogate) -> &'static str {
    match surrogate {
        Surrogate::FastSigmoid(_) => "fast-sigmoid",
        Surrogate::Arctan(_) => "arctan",
        Surrogate::Sigmoid(_) => "sigmoid",
        Surrogate::Triangle => "triangle",
    }
}

const fn steepness(surrogate: Surrogate) -> Option<f32> {
    match surrogate {
        Surrogate::FastSigmoid(k) | Surrogate::Arctan(k) | Surrogate::Sigmoid(k) => Some(k),
        Surrogate::Triangle => None,
    }
}

/// The same surrogate with another steepness; the triangle has only one.
const fn with_steepness(surrogate: Surrogate, k: f32) -> Surrogate {
    match surrogate {
        Surrogate::FastSigmoid(_) => Surrogate::FastSigmoid(k),
        Surrogate::Arctan(_) => Surrogate::Arctan(k),
        Surrogate::Sigmoid(_) => Surrogate::Sigmoid(k),
        Surrogate::Triangle => Surrogate::Triangle,
    }
}

/// The steepness with which a surrogate falls to half of its peak at this distance from the threshold.
fn falling_to_half_at(surrogate: Surrogate, distance: f32) -> f32 {
    // (1 + kx)² = 2, (π/2·αx)² = 1, and 4·e/(1 + e)² = ½ with e = exp(-αx).
    let product = match surrogate {
        Surrogate::FastSigmoid(_) => std::f32::consts::SQRT_2 - 1.0,
        Surrogate::Arctan(_) => std::f32::consts::FRAC_2_PI,
        Surrogate::Sigmoid(_) | Surrogate::Triangle => 1.762_747,
    };
    (product / distance.abs().max(0.004)).between(1.0, 100.0)
}

/// A surrogate's slope as a share of its peak.
fn share(surrogate: Surrogate, distance: f32) -> f32 {
    surrogate.slope(distance) / surrogate.slope(0.0).max(1e-6)
}

fn curve(surrogate: Surrogate) -> Vec<Point> {
    let y = |x: f32| GROUND - (GROUND - TOP) * share(surrogate, distance_at(x));
    // The threshold, two thirds of the way, is among the points, so that a narrow peak is not cut off.
    (0..POINTS).map(|i| i as f32 / (POINTS - 1) as f32).map(|x| (x, y(x))).collect()
}

impl Slopes {
    fn now(&self) -> &[f32] {
        &self.distances[self.t * NEURONS..(self.t + 1) * NEURONS]
    }

    /// How many neurons learning reaches at this time step.
    fn reached(&self) -> usize {
        self.now().iter().filter(|distance| share(self.surrogate, **distance) > NOTICEABLE).count()
    }

    fn curves(&self) -> Vec<Mark> {
        let theta = x(0.0);
        let mut marks = vec![
            level(GROUND, Ink::Rule),
            Mark::Line {
                points: vec![(theta, 0.0), (theta, 1.0)],
                ink: Ink::Faint,
                width: 1.0,
                dash: Some((2.0, 3.0)),
            },
        ];
        let others = SURROGATES.into_iter().filter(|other| name(*other) != name(self.surrogate));
        // As wide as the chosen one, or it would be their width that is compared.
        marks.extend(others.map(|other| line(curve(as_wide_as(self.surrogate, other)), Ink::Ghost, 1.0)));
        // The spike itself: nothing, then a cliff, then one.
        marks.push(line(vec![(0.0, GROUND), (theta, GROUND), (theta, TOP), (1.0, TOP)], Ink::Spike, 2.5));
        let chosen = curve(self.surrogate);
        let area = [(0.0, GROUND)].into_iter().chain(chosen.iter().copied()).chain([(1.0, GROUND)]).collect();
        marks.push(Mark::Area { points: area, ink: Ink::Ink, alpha: 0.08 });
        marks.push(line(chosen, Ink::Ink, 2.0));
        // The true derivative is zero on both sides; at the threshold there is none.
        marks.push(Mark::Dot { at: (theta, GROUND), radius: px(3.5), fill: plain(Ink::Paper), rim: Some(Ink::Faint) });
        marks
    }

    fn neurons(&self) -> Vec<Mark> {
        let theta = x(0.0);
        let dashed = Mark::Line {
            points: vec![(theta, 0.0), (theta, 1.0)],
            ink: Ink::Faint,
            width: 1.0,
            dash: Some((2.0, 3.0)),
        };
        let dot = |(i, distance): (usize, &f32)| {
            let share = share(self.surrogate, *distance);
            // The golden ratio spreads them over the height without a pattern.
            let at = (x(*distance), 0.06 + 0.74 * (i as f32 * 0.618_034).fract());
            let hears = share > NOTICEABLE;
            let fill = Shade { from: Ink::Paper, to: Ink::Ink, amount: if hears { 0.2 + 0.8 * share } else { 0.0 } };
            Mark::Dot {
                at,
                radius: px(if hears { 3.2 } else { 2.4 }),
                fill,
                rim: Some(if hears { Ink::Ink } else { Ink::Ghost }),
            }
        };
        let shown = self.now().iter().enumerate().filter(|(_, distance)| **distance >= -BELOW);
        std::iter::once(dashed).chain(shown.map(dot)).collect()
    }
}

impl Figure for Slopes {
    fn text(&self, control: &str) -> String {
        match control {
            "surrogate" => name(self.surrogate).to_owned(),
            "steepness" => steepness(self.surrogate).unwrap_or(1.0).to_string(),
            _ => (self.t + 1).to_string(),
        }
    }

    fn set(&mut self, control: &str, text: &str) -> Option<()> {
        match control {
            "surrogate" if text == name(self.surrogate) => {}
            "surrogate" => self.surrogate = SURROGATES.into_iter().find(|surrogate| name(*surrogate) == text)?,
            "steepness" => self.surrogate = with_steepness(self.surrogate, number(control, text)?),
            _ => self.t = index(control, text)?,
        }
        Some(())
    }

    fn touch(&mut self, _canvas: usize, _before: Option<Point>, at: Point) {
        let k = falling_to_half_at(self.surrogate, distance_at(at.0));
        self.surrogate = with_steepness(self.surrogate, if k < 10.0 { (k * 10.0).round() / 10.0 } else { k.round() });
    }

    fn picture(&self) -> Picture {
        let theta = x(0.0);
        let n = self.reached();
        let all = ("all", NEURONS.to_string());
        let mut said = vec![match n {
            0 => say("reached-none", &[all]),
            n => say("reached", &[("n", n.to_string()), all]),
        }];
        if steepness(self.surrogate).is_none() {
            said.push(say("triangle-fixed", &[]));
        }
        let beyond = self.now().iter().filter(|distance| **distance < -BELOW).count();
        let right = |x: f32| if x > 0.72 { None } else { Some(x) };
        let half =
            curve(self.surrogate).into_iter().filter(|(x, _)| *x > theta).find(|(_, y)| *y > (GROUND + TOP) / 2.0);
        let names = vec![
            ("spike", Some((1.0, TOP + 0.09))),
            ("zero", Some((0.0, GROUND + 0.06))),
            ("borrowed", half.and_then(|(x, y)| Some((right(x)? + 0.02, y)))),
            ("theta", Some((theta + 0.012, 0.97))),
            ("beyond", (beyond > 0).then_some((0.0, 0.94))),
        ];
        Picture {
            canvases: vec![self.curves(), self.neurons()],
            names,
            values: vec![("beyond", beyond.to_string())],
            said,
        }
    }

    fn table(&self) -> Table {
        let mut table = Table::new("neuron,potential less the threshold,spike,borrowed slope as a share of its peak");
        for (neuron, distance) in self.now().iter().enumerate() {
            table.row(&[&neuron, distance, &u8::from(*distance > 0.0), &share(self.surrogate, *distance)]);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::super::figure::tests::is_in_document;
    use super::*;

    #[test]
    fn a_narrow_slope_reaches_few_and_a_wide_one_many() {
        let reached = |k| Slopes { surrogate: Surrogate::FastSigmoid(k), ..Slopes::default() }.reached();
        let counts = [reached(100.0), reached(10.0), reached(1.0)];
        assert!(counts[0] < counts[1] && counts[1] < counts[2], "{counts:?}");
        assert!(counts[0] > 0 && counts[2] < NEURONS, "{counts:?}");
    }

    #[test]
    fn a_drag_puts_half_of_the_peak_under_the_pointer() {
        for surrogate in [Surrogate::FastSigmoid(10.0), Surrogate::Arctan(2.0), Surrogate::Sigmoid(4.0)] {
            for distance in [0.1, -0.3] {
                let dragged = with_steepness(surrogate, falling_to_half_at(surrogate, distance));
                assert!((share(dragged, distance) - 0.5).abs() < 1e-3, "{dragged:?}");
            }
        }
        let mut figure = Slopes::default();
        figure.touch(0, None, (x(0.05), 0.5));
        assert_eq!(figure.surrogate, Surrogate::FastSigmoid(8.3));
    }

    #[test]
    fn a_steepness_is_kept_until_another_surrogate_is_chosen() {
        let mut figure = Slopes::default();
        figure.set("steepness", "25").unwrap();
        figure.set("surrogate", "fast-sigmoid").unwrap();
        assert_eq!(figure.surrogate, Surrogate::FastSigmoid(25.0));
        figure.set("surrogate", "triangle").unwrap();
        is_in_document(&figure.picture());
        figure.set("surrogate", "sigmoid").unwrap();
        assert_eq!(figure.surrogate, Surrogate::Sigmoid(4.0));
        assert_eq!(figure.set("surrogate", "tanh"), None);
    }
}
