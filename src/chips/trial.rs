//! A network on the chip beside itself in floats, over test pictures: what both answer, and what the chip takes.

use super::loihi::{LoihiNetwork, Outcome, Overflows, PLACE, Runner};
use super::{CannotSay, PlainNetwork};
use crate::neuron::NeuronState;
use crate::plasticity::input::InputSpikes;
use crate::sample::Sample;
use crate::spec::{Encoding, Neuron, Readout, Spec};
use crate::spikes::SpikeTrain;
use crate::spikes::encode::{Pass, at_rate, latency, rate};
use serde::Serialize;

/// Picojoules of a synaptic operation of Loihi 1 at the least, before silicon (Davies and others 2018,
/// doi:10.1109/MM.2018.112130359, table 2).
pub const PICOJOULES: f64 = 23.6;

/// The input spikes of a sample; none where pixels flow in as constant currents.
pub fn input(spec: &Spec, sample: &Sample<'_>, pass: Pass) -> Option<SpikeTrain> {
    let shown = sample.shown(spec, pass);
    match spec.encoding {
        Encoding::Rate => {
            let even = if spec.input_rate < 1.0 { at_rate(&shown, spec.input_rate) } else { shown.into_owned() };
            Some(rate(&[&even], &[sample.number], spec.seed, pass, spec.time_steps))
        }
        Encoding::Latency => Some(latency(&[&shown], spec.time_steps)),
        Encoding::Current => None,
    }
}

/// A network in floats, ready to run: by the neuron's own equations, one spike after the other.
#[derive(Clone, Debug)]
pub struct InFloats<'a> {
    network: &'a PlainNetwork,
    /// The weights out of each input of a layer, [N, H]: a spike adds one row.
    columns: Vec<Vec<f32>>,
}

impl<'a> InFloats<'a> {
    /// Ready to run pictures.
    pub fn new(network: &'a PlainNetwork) -> Self {
        let columns = network.layers.iter().map(|layer| {
            let (inputs, outputs) = (layer.inputs, layer.outputs);
            (0..inputs * outputs).map(|at| layer.weight[at % outputs * inputs + at / outputs]).collect()
        });
        Self { network, columns: columns.collect() }
    }

    /// The spikes of each layer that spikes, and the class scores, \[C\].
    pub fn run(&self, train: &SpikeTrain) -> (Vec<SpikeTrain>, Vec<f32>) {
        let (network, time_steps) = (self.network, train.time_steps());
        let (mut layers, mut before, mut scores) = (Vec::new(), train.clone(), Vec::new());
        let last = network.layers.len().saturating_sub(1);
        for (index, (synapses, columns)) in network.layers.iter().zip(&self.columns).enumerate() {
            let (arriving, outputs) = (InputSpikes::of(&before, 0), synapses.outputs);
            let integrates = index == last && network.spec.readout == Readout::Membrane;
            let neuron = network.spec.neuron;
            let own =
                if integrates { Neuron { alpha: 0.0, gain: 1.0, threshold: f32::INFINITY, ..neuron } } else { neuron };
            let mut states = vec![NeuronState::default(); outputs];
            let mut spikes = SpikeTrain::silent(1, outputs, time_steps);
            scores = vec![0.0; outputs];
            for t in 0..time_steps {
                let mut currents = synapses.bias.clone();
                for input in arriving.at(t) {
                    let column = &columns[*input as usize * outputs..][..outputs];
                    currents.iter_mut().zip(column).for_each(|(current, weight)| *current += weight);
                }
                for (at, (state, current)) in states.iter_mut().zip(currents).enumerate() {
                    let step = own.step(*state, current);
                    *state = step.state;
                    if step.spike {
                        spikes.fire(0, at, t);
                    }
                    let spike = f32::from(u8::from(step.spike));
                    scores[at] += if integrates { step.potential / time_steps as f32 } else { spike };
                }
            }
            if !integrates {
                layers.push(spikes.clone());
            }
            before = spikes;
        }
        (layers, scores)
    }
}

/// The class with the highest score, of equal ones the first.
fn highest(scores: &[f32]) -> Option<u8> {
    let better = |best: usize, class: usize| if scores[class] > scores[best] { class } else { best };
    (0..scores.len()).reduce(better).map(|class| class as u8)
}

/// How far a trial is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Standing {
    /// Pictures so far.
    pub images: usize,
    /// How many of them are read rightly in floats, and on the chip.
    pub floats: usize,
    /// The same on the chip.
    pub chip: usize,
    /// To how many both give the same answer.
    pub same: usize,
    /// Synaptic operations of all of them.
    pub operations: u64,
    /// Currents that came back on the other side.
    pub wraps: u64,
    /// Voltages that were held at their bound.
    pub saturations: u64,
}

impl Standing {
    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            images: self.images + other.images,
            floats: self.floats + other.floats,
            chip: self.chip + other.chip,
            same: self.same + other.same,
            operations: self.operations + other.operations,
            wraps: self.wraps + other.wraps,
            saturations: self.saturations + other.saturations,
        }
    }
}

/// A network and itself on the chip.
#[derive(Clone, Debug)]
pub struct Trial {
    /// In floats, convolutions written out.
    pub network: PlainNetwork,
    /// On the chip.
    pub chip: LoihiNetwork,
    /// How far it is.
    pub standing: Standing,
}

impl Trial {
    /// A trial at its start, of weights of so many bits.
    ///
    /// # Errors
    /// As [`LoihiNetwork::of`].
    pub fn new(network: PlainNetwork, bits: u32) -> Result<Self, CannotSay> {
        let chip = LoihiNetwork::of(&network, bits)?;
        let network = network.written_out(PLACE)?;
        Ok(Self { network, chip, standing: Standing::default() })
    }

    /// Shows some labelled test pictures, each with its number in the set.
    pub fn show<'a>(&mut self, pictures: impl Iterator<Item = (Sample<'a>, u8)>) {
        let (mut runner, floats) = (self.chip.runner(), InFloats::new(&self.network));
        for (sample, label) in pictures {
            let Some(train) = input(&self.network.spec, &sample, Pass::Evaluation) else { continue };
            let (_, scores) = floats.run(&train);
            let standing = &mut self.standing;
            let outcome = runner.run(&train);
            standing.operations += self.chip.synaptic_operations(&outcome);
            add(standing, &outcome, (highest(&scores), label));
        }
    }

    /// The spikes of each layer for one picture, in floats and on the chip, and what both answer.
    pub fn compare(&self, sample: &Sample<'_>, pass: Pass) -> Option<Comparison> {
        let train = input(&self.network.spec, sample, pass)?;
        let (floats, scores) = InFloats::new(&self.network).run(&train);
        let mut runner: Runner<'_> = self.chip.runner();
        let outcome = runner.run(&train);
        let answers = [highest(&scores), outcome.answer().map(|class| class as u8)];
        let chip = outcome.spikes.into_iter().skip(1).take(floats.len()).collect();
        Some(Comparison { floats, chip, answers })
    }
}

fn add(standing: &mut Standing, outcome: &Outcome, (floats, label): (Option<u8>, u8)) {
    let chip = outcome.answer().map(|class| class as u8);
    let Overflows { wraps, saturations } = outcome.overflows;
    standing.images += 1;
    standing.floats += usize::from(floats == Some(label));
    standing.chip += usize::from(chip == Some(label));
    standing.same += usize::from(floats == chip);
    standing.wraps += wraps;
    standing.saturations += saturations;
}

/// One picture in floats and on the chip.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The spikes of each layer that spikes, in floats.
    pub floats: Vec<SpikeTrain>,
    /// The same on the chip, without the delay of the layers.
    pub chip: Vec<SpikeTrain>,
    /// What both answer.
    pub answers: [Option<u8>; 2],
}

impl Comparison {
    /// Spikes that are there in both, only in floats, and only on the chip.
    pub fn counts(&self) -> [u64; 3] {
        let mut counts = [0; 3];
        for (floats, chip) in self.floats.iter().zip(&self.chip) {
            for (a, b) in floats.words().iter().zip(chip.words()) {
                for (count, word) in counts.iter_mut().zip([a & b, a & !b, b & !a]) {
                    *count += u64::from(word.count_ones());
                }
            }
        }
        counts
    }
}
