//! The trace of one picture through the network: every spike and every membrane potential.

use crate::spec::{Connectivity, FeatureMaps, Readout, Window};
use crate::spikes::{SpikeTrain, words_for};

/// The maximal T of a trace ([`crate::spec::FIELDS`]).
const MAX_TIME_STEPS: usize = 256;

/// The activity of one layer of spiking neurons.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerTrace {
    /// Its spikes, [1, H].
    pub spikes: SpikeTrain,
    /// u, the membrane potentials before the reset, [T, H].
    pub potentials: Vec<f32>,
    /// The excitatory part of the input currents, [T, H], at least 0.
    pub excitation: Vec<f32>,
    /// The inhibitory part, [T, H], at most 0.
    pub inhibition: Vec<f32>,
    /// By how much each neuron's threshold is above θ as the picture begins, \[H\]; empty where none is.
    pub raised: Vec<f32>,
    /// The patches of its input that its neurons see, if it is a convolution.
    pub window: Option<Window>,
}

/// The activity of a network for one picture. `output` is one more layer; with the membrane readout it never spikes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// The picture, row by row.
    pub image: Vec<u8>,
    /// T.
    pub time_steps: usize,
    /// The spikes of the encoded picture, [1, N].
    pub input: SpikeTrain,
    /// The hidden layers.
    pub hidden: Vec<LayerTrace>,
    /// The output neurons, one for each class.
    pub output: LayerTrace,
    /// How the output becomes class scores.
    pub readout: Readout,
}

/// Why bytes are not a trace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the trace is damaged: {0}")]
pub struct TraceError(String);

impl LayerTrace {
    /// H, the number of neurons.
    pub fn neurons(&self) -> usize {
        self.spikes.neurons()
    }

    /// Which inputs reach which of its neurons.
    pub fn connectivity(&self) -> Connectivity {
        Connectivity { neurons: self.neurons(), window: self.window }
    }

    /// The shape of its neurons: without places, unless it is a convolution.
    pub fn feature_maps(&self) -> FeatureMaps {
        match self.window {
            None => FeatureMaps::flat(self.neurons()),
            Some(window) => FeatureMaps {
                channels: self.neurons() / window.places().max(1),
                rows: window.rows(),
                columns: window.columns(),
            },
        }
    }

    /// By how much the threshold of this neuron is above θ as the picture begins.
    pub fn raised_of(&self, neuron: usize) -> f32 {
        self.raised.get(neuron).copied().unwrap_or(0.0)
    }

    /// Appends its part of [`Trace::to_bytes`].
    pub(crate) fn write_bytes(&self, bytes: &mut Vec<u8>) {
        let floats = [&self.potentials, &self.excitation, &self.inhibition];
        bytes.extend(self.spikes.words().iter().copied().flat_map(u32::to_le_bytes));
        bytes.extend(floats.into_iter().flatten().copied().flat_map(f32::to_le_bytes));
        let raised = (0..self.neurons()).map(|neuron| self.raised_of(neuron));
        bytes.extend(raised.flat_map(f32::to_le_bytes));
    }
}

impl Trace {
    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.output.neurons()
    }

    /// The evidence for each class up to and including each time step, [T, classes]: with the membrane readout the sum
    /// of the output's potentials so far, over T; with the spike count the spikes so far. The last row is the logits.
    pub fn evidence(&self) -> Vec<f32> {
        let classes = self.classes();
        let mut evidence = vec![0.0; self.time_steps * classes];
        for t in 0..self.time_steps {
            for class in 0..classes {
                let before = if t == 0 { 0.0 } else { evidence[(t - 1) * classes + class] };
                let now = match self.readout {
                    Readout::Membrane => self.output.potentials[t * classes + class] / self.time_steps as f32,
                    Readout::SpikeCount => f32::from(u8::from(self.output.spikes.fires(0, class, t))),
                };
                evidence[t * classes + class] = before + now;
            }
        }
        evidence
    }

    /// The class with the most evidence at each time step, \[T\]; `None` while all have the same. A tie goes to the
    /// class with the higher potential, then to the lower number.
    pub fn leaders(&self) -> Vec<Option<usize>> {
        let (classes, evidence) = (self.classes(), self.evidence());
        (0..self.time_steps)
            .map(|t| {
                let row = &evidence[t * classes..(t + 1) * classes];
                let potentials = &self.output.potentials[t * classes..(t + 1) * classes];
                let better = |a: usize, b: usize| (row[a], potentials[a]) > (row[b], potentials[b]);
                let best = (0..classes).reduce(|best, class| if better(class, best) { class } else { best })?;
                row.iter().any(|value| *value != row[best]).then_some(best)
            })
            .collect()
    }

    /// The predicted class: the one with the most evidence at the end.
    pub fn answer(&self) -> Option<usize> {
        self.leaders().last().copied().flatten()
    }

    /// The time step, from 0, at which the network has settled: from there on the leading class never changed again and
    /// had more than half of the probability, by softmax of the evidence so far; `None` if it has not even at the end.
    /// That is seen only in looking back; whether the class is the right one is another question.
    pub fn settled_at(&self) -> Option<usize> {
        settled_at(&self.leaders(), &self.shares(&self.evidence()), self.classes())
    }

    /// The softmax of the evidence at each time step, both [T, classes].
    pub fn shares(&self, evidence: &[f32]) -> Vec<f32> {
        evidence.chunks(self.classes().max(1)).flat_map(softmax).collect()
    }

    /// The softmax of the logits, \[classes\].
    pub fn probabilities(&self) -> Vec<f32> {
        let (classes, evidence) = (self.classes(), self.evidence());
        let logits = &evidence[evidence.len().saturating_sub(classes)..];
        softmax(logits)
    }

    /// The synaptic operations up to and including each time step, \[T\]: each spike adds one weight to every neuron of
    /// the next layer that it reaches.
    pub fn synaptic_operations(&self) -> Vec<u64> {
        let mut operations = vec![0; self.time_steps];
        for (spikes, to) in self.senders().zip(self.layers()) {
            let connectivity = to.connectivity();
            for input in (0..spikes.neurons()).filter(|input| spikes.count_of(0, *input) > 0) {
                let reached = connectivity.fan_out(input) as u64;
                spikes.times(0, input).for_each(|t| operations[t] += reached);
            }
        }
        let mut sum = 0;
        for all in &mut operations {
            sum += *all;
            *all = sum;
        }
        operations
    }

    /// The spikes that each layer reads: those of the input and of all layers but the last.
    fn senders(&self) -> impl Iterator<Item = &SpikeTrain> {
        std::iter::once(&self.input).chain(self.hidden.iter().map(|layer| &layer.spikes))
    }

    /// The number of multiply-adds of a not spiking network of the same shape.
    pub fn dense_operations(&self) -> u64 {
        self.senders().zip(self.layers()).map(|(input, to)| to.connectivity().synapses(input.neurons())).sum()
    }

    /// The trace as bytes for a message: 32-bit words, little-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.head_bytes();
        self.layers().for_each(|layer| layer.write_bytes(&mut bytes));
        bytes
    }

    /// The hidden layers and the output.
    pub(crate) fn layers(&self) -> impl Iterator<Item = &LayerTrace> {
        self.hidden.iter().chain([&self.output])
    }

    /// What stands in [`Trace::to_bytes`] before the layers.
    pub(crate) fn head_bytes(&self) -> Vec<u8> {
        let mut words = vec![
            self.time_steps as u32,
            self.image.len() as u32,
            u32::from(self.readout == Readout::SpikeCount),
            self.hidden.len() as u32,
        ];
        words
            .extend(self.layers().flat_map(|layer| [layer.neurons() as u32].into_iter().chain(to_words(layer.window))));
        words.extend(self.image.iter().map(|pixel| u32::from(*pixel)));
        words.extend(self.input.words());
        words.into_iter().flat_map(u32::to_le_bytes).collect()
    }

    /// The trace that [`Trace::to_bytes`] wrote.
    ///
    /// # Errors
    /// When there are too few or too many bytes, T is 0, or a spike is after the last time step.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TraceError> {
        let mut words = bytes.chunks_exact(4).map(|c| u32::from_le_bytes([c[0], c[1], c[2], c[3]]));
        let mut take = |n: usize| {
            let taken: Vec<u32> = words.by_ref().take(n).collect();
            if taken.len() == n { Ok(taken) } else { Err(TraceError("it ends too early".into())) }
        };
        let head = take(4)?;
        let [time_steps, pixels, layers] = [head[0] as usize, head[1] as usize, head[3] as usize];
        // With T = 0 any number of neurons takes no bytes.
        if time_steps == 0 {
            return Err(TraceError("it has no time steps".into()));
        }
        let product = |neurons: usize, each: usize| {
            neurons.checked_mul(each).ok_or_else(|| TraceError("it promises more than there can be".into()))
        };
        let sizes = take(SIZES * layers.saturating_add(1).min(1 << 16))?;
        let image = take(pixels)?.into_iter().map(|pixel| pixel as u8).collect();
        let train = |neurons: usize, take: &mut dyn FnMut(usize) -> Result<Vec<u32>, TraceError>| {
            SpikeTrain::from_words(1, neurons, time_steps, take(product(neurons, words_for(time_steps))?)?)
                .map_err(|error| TraceError(error.to_string()))
        };
        let input = train(pixels, &mut take)?;
        let mut read = Vec::new();
        for size in sizes.chunks_exact(SIZES) {
            let neurons = size[0] as usize;
            let window = from_words(&size[1..], neurons)?;
            let spikes = train(neurons, &mut take)?;
            let mut floats = |each: usize| {
                Ok::<Vec<f32>, TraceError>(take(product(neurons, each)?)?.into_iter().map(f32::from_bits).collect())
            };
            let [potentials, excitation, inhibition] = [floats(time_steps)?, floats(time_steps)?, floats(time_steps)?];
            let mut raised = floats(1)?;
            if raised.iter().all(|by| *by == 0.0) {
                raised.clear();
            }
            read.push(LayerTrace { spikes, potentials, excitation, inhibition, raised, window });
        }
        let output = read.pop().unwrap_or_default();
        if words.next().is_some() {
            return Err(TraceError("it goes on after its end".into()));
        }
        // Without neurons, any number of time steps takes no bytes.
        if time_steps > MAX_TIME_STEPS {
            return Err(TraceError("it has too many time steps".into()));
        }
        let readout = if head[2] == 1 { Readout::SpikeCount } else { Readout::Membrane };
        Ok(Self { image, time_steps, input, hidden: read, output, readout })
    }
}

/// The words that say of what size a layer is: its neurons, and a window's numbers, which are 0 if there is none.
const SIZES: usize = 7;

fn to_words(window: Option<Window>) -> [u32; SIZES - 1] {
    let Some(Window { input, kernel, stride, padding }) = window else { return [0; SIZES - 1] };
    [input.channels, input.rows, input.columns, kernel, stride, padding].map(|number| number as u32)
}

/// The window of a layer of so many neurons in the words that [`to_words`] made.
fn from_words(words: &[u32], neurons: usize) -> Result<Option<Window>, TraceError> {
    if words.iter().all(|word| *word == 0) {
        return Ok(None);
    }
    let too_large = words.iter().any(|word| *word > 1 << 16);
    let number = |at: usize| words.get(at).map_or(0, |word| *word as usize);
    let input = FeatureMaps { channels: number(0), rows: number(1), columns: number(2) };
    let window = Window { input, kernel: number(3), stride: number(4), padding: number(5) };
    if too_large || input.neurons() == 0 || window.places() == 0 || !neurons.is_multiple_of(window.places()) {
        return Err(TraceError("a layer's neurons have no places".into()));
    }
    Ok(Some(window))
}

/// The time step, from 0, from which the class that leads at the end always led, with more than half of the
/// probability; `None` if there is none. `leaders` is \[T\], `shares` [T, classes].
pub fn settled_at(leaders: &[Option<usize>], shares: &[f32], classes: usize) -> Option<usize> {
    let answer = leaders.last().copied().flatten()?;
    let sure = |t: &usize| leaders[*t] == Some(answer) && shares[*t * classes + answer] > 0.5;
    (0..leaders.len()).rev().take_while(sure).last()
}

/// The time step, from 0, at which a network that stops as soon as one class has more than this probability stops, and that
/// class; `None` if it goes on to the end. `leaders` is \[T\], `shares` [T, classes].
pub fn stops_at(leaders: &[Option<usize>], shares: &[f32], certainty: f32) -> Option<(usize, usize)> {
    let classes = shares.len() / leaders.len().max(1);
    let is_sure = |(t, leader): (usize, &Option<usize>)| {
        leader.filter(|leader| shares[t * classes + leader] > certainty).map(|leader| (t, leader))
    };
    leaders.iter().enumerate().find_map(is_sure)
}

/// The probabilities at which stopping is measured.
pub const CERTAINTIES: [f32; 8] = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999];

/// What a network that stops early comes to, over some images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stopping {
    /// The number of images.
    pub images: usize,
    /// For each of the [`CERTAINTIES`] and, at last, without stopping: the sum of the time steps that the images took, and
    /// how many of them were classified correctly.
    pub at: [(usize, usize); CERTAINTIES.len() + 1],
}

impl Stopping {
    /// Another image: what happened in the network, and what it shows.
    pub fn add(&mut self, trace: &Trace, label: u8) {
        let (leaders, shares) = (trace.leaders(), trace.shares(&trace.evidence()));
        let end = (trace.time_steps.saturating_sub(1), leaders.last().copied().flatten());
        let stop = |certainty: &f32| stops_at(&leaders, &shares, *certainty).map(|(t, class)| (t, Some(class)));
        let stops = CERTAINTIES.iter().map(|certainty| stop(certainty).unwrap_or(end)).chain([end]);
        for ((steps, correct), (t, class)) in self.at.iter_mut().zip(stops) {
            *steps += t + 1;
            *correct += usize::from(class == Some(label.into()));
        }
        self.images += 1;
    }
}

/// exp(x) over the sum of all exp(x).
fn softmax(values: &[f32]) -> Vec<f32> {
    let largest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let shares: Vec<f32> = values.iter().map(|value| (value - largest).exp()).collect();
    let sum: f32 = shares.iter().sum();
    shares.into_iter().map(|share| share / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Spec;

    #[test]
    fn time_steps_are_as_many_as_a_spec_can_have() {
        let mut spec = Spec::default();
        assert!(spec.set("time-steps", &MAX_TIME_STEPS.to_string()).is_ok());
        assert!(spec.set("time-steps", &(MAX_TIME_STEPS + 1).to_string()).is_err());
        let trace = |time_steps: u32, neurons: u32| {
            let words = [time_steps, 0, 0, 0, neurons, 0, 0, 0, 0, 0, 0];
            Trace::from_bytes(&words.into_iter().flat_map(u32::to_le_bytes).collect::<Vec<u8>>())
        };
        assert!(trace(1, 0).is_ok());
        assert!(trace(0, u32::MAX).is_err() && trace(u32::MAX, 0).is_err());
    }

    #[test]
    fn who_stops_early_saves_time_steps_and_now_and_then_an_answer_is_lost() {
        // Output 1 is ahead at first, output 0 in the end; softmax of ±2.2 is 0.9 and 0.1.
        let potentials = vec![0.0, 8.0, 6.0, 0.0, 20.0, 0.0, 20.0, 0.0];
        let output = LayerTrace { spikes: SpikeTrain::silent(1, 2, 4), potentials, ..LayerTrace::default() };
        let trace = Trace { time_steps: 4, output, ..Trace::default() };
        let mut stopping = Stopping::default();
        stopping.add(&trace, 0);
        assert_eq!(stopping.images, 1);
        // At 0.5 it stops at the first time step, wrongly; at 0.9 at the third, rightly; without stopping after all.
        assert_eq!((stopping.at[0], stopping.at[4], stopping.at[8]), ((1, 0), (3, 1), (4, 1)));
    }

    #[test]
    fn it_has_settled_once_the_leader_stays_and_is_likely() {
        let leaders = [Some(1), Some(0), Some(0), Some(0)];
        let shares = [0.4, 0.6, 0.5, 0.5, 0.6, 0.4, 0.9, 0.1];
        assert_eq!(settled_at(&leaders, &shares, 2), Some(2));
        assert_eq!(settled_at(&leaders[..2], &shares, 2), None);
        // One that stops early may answer what it would not have answered in the end.
        assert_eq!(stops_at(&leaders, &shares, 0.55), Some((0, 1)));
        assert_eq!(stops_at(&leaders, &shares, 0.8), Some((3, 0)));
        assert_eq!(stops_at(&leaders, &shares, 0.95), None);
    }
}
