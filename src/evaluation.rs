//! The accuracy over a set, and the trace of one picture.

use crate::digits::Digits;
use crate::digits::noise::noisy;
use crate::event::{self, Score};
use crate::kernels;
use crate::layer::{SynapticWeights, numbers};
use crate::network::{EncodedBatch, Network, ReadoutLayer};
use crate::neuron::NeuronState;
use crate::spec::{Encoding, Neuron, Spec};
use crate::spikes::SpikeTrain;
use crate::spikes::encode::Pass;
use crate::trace::{LayerTrace, Trace};
use burn::module::Module;
use std::ops::Range;

/// Images that are read at once: enough to be fast, few enough to answer soon.
const SLICE: usize = 200;

/// The images with the spec's noise; none where they stay as they are. `samples` are their numbers in the data set.
pub fn with_noise(spec: &Spec, images: &[&[u8]], samples: &[u64], pass: Pass) -> Option<Vec<Vec<u8>>> {
    let noisy = |(image, sample): (&&[u8], &u64)| noisy(image, spec.noise, spec.seed, pass.number(), *sample);
    (spec.noise > 0.0).then(|| images.iter().zip(samples).map(noisy).collect())
}

/// Images as the spec codes them, its noise included. `samples` are their numbers in the data set.
pub fn encode(spec: &Spec, images: &[&[u8]], samples: &[u64], pass: Pass) -> EncodedBatch {
    let time_steps = spec.time_steps;
    let noisy = with_noise(spec, images, samples, pass);
    let noisy: Option<Vec<&[u8]>> = noisy.as_ref().map(|images| images.iter().map(Vec::as_slice).collect());
    let images = noisy.as_deref().unwrap_or(images);
    match spec.encoding {
        Encoding::Rate => EncodedBatch::Spikes(kernels::rate(images, samples, spec.seed, pass, time_steps)),
        Encoding::Latency => EncodedBatch::Spikes(kernels::latency(images, time_steps)),
        Encoding::Current => {
            let values = images.iter().flat_map(|image| image.iter().map(|pixel| f32::from(*pixel) / 255.0)).collect();
            EncodedBatch::Currents { values, time_steps }
        }
    }
}

/// How the images in `range` of a test set are read. `first` is the number of its image 0 in the whole set.
///
/// # Panics
/// When the set has fewer images.
pub fn evaluate(network: &Network, spec: &Spec, digits: &Digits, range: Range<usize>, first: usize) -> Score {
    Score::of_predictions(&answers(network, spec, digits, range.clone(), first), &digits.labels[range])
}

/// The class that the network reads in each image of `range`, [B]; the arguments are those of [`evaluate`].
///
/// # Panics
/// When the set has fewer images.
pub fn answers(network: &Network, spec: &Spec, digits: &Digits, range: Range<usize>, first: usize) -> Vec<u8> {
    let network = network.valid();
    let mut answers = Vec::with_capacity(range.len());
    for start in range.clone().step_by(SLICE) {
        let slice = start..(start + SLICE).min(range.end);
        let images: Vec<&[u8]> = slice.clone().map(|index| digits.image(index)).collect();
        let samples: Vec<u64> = slice.clone().map(|index| (first + index) as u64).collect();
        let input = encode(spec, &images, &samples, Pass::Evaluation);
        answers.extend(event::predictions(&numbers(network.forward(input)), slice.len()));
    }
    answers
}

/// What a layer does with a neuron's input current.
enum Cell<'a> {
    /// It spikes.
    Spiking(&'a Neuron),
    /// It only integrates, with this β.
    Integrating(f32),
}

/// How one picture runs through the network, time step by time step, by the equations of [`crate::neuron`].
///
/// # Panics
/// When the picture has another number of pixels than the network takes.
pub fn trace(network: &Network, spec: &Spec, image: &[u8], pass: Pass, sample: u64) -> Trace {
    assert_eq!(image.len(), network.pixels(), "the picture has another size");
    let input = encode(spec, &[image], &[sample], pass);
    let seen = with_noise(spec, &[image], &[sample], pass).and_then(|mut images| images.pop());
    let mut hidden: Vec<LayerTrace> = Vec::new();
    for layer in &network.layers {
        let sides = match (&input, hidden.last()) {
            (_, Some(before)) => Sides::of_spikes(&before.spikes, &layer.synapses()),
            (EncodedBatch::Spikes(train), None) => Sides::of_spikes(train, &layer.synapses()),
            (EncodedBatch::Currents { values, time_steps }, None) => {
                Sides::of_currents(values, *time_steps, &layer.synapses())
            }
        };
        hidden.push(trace_layer(sides, spec.time_steps, Cell::Spiking(layer.neuron())));
    }
    let input = match input {
        EncodedBatch::Spikes(train) => train,
        EncodedBatch::Currents { time_steps, .. } => SpikeTrain::silent(1, image.len(), time_steps),
    };
    let last = hidden.last().map_or(&input, |layer| &layer.spikes);
    let cell = match &network.readout {
        ReadoutLayer::Membrane(integrators) => Cell::Integrating(integrators.beta as f32),
        ReadoutLayer::SpikeCount(layer) => Cell::Spiking(&layer.neuron),
    };
    let output =
        trace_layer(Sides::of_spikes(last, &SynapticWeights::of(network.readout.linear())), spec.time_steps, cell);
    Trace {
        image: seen.unwrap_or_else(|| image.to_vec()),
        time_steps: spec.time_steps,
        input,
        hidden,
        output,
        readout: spec.readout,
    }
}

/// How often each hidden neuron fires on the average over some pictures, as shares of the time steps, [layers][H].
///
/// # Panics
/// When a picture has another number of pixels than the network takes.
pub fn rates(network: &Network, spec: &Spec, images: &[&[u8]]) -> Vec<Vec<f32>> {
    let mut spikes: Vec<Vec<u32>> = Vec::new();
    for image in images {
        let trace = trace(network, spec, image, Pass::Drawing, 0);
        spikes.resize(trace.hidden.len(), Vec::new());
        for (layer, sums) in trace.hidden.iter().zip(&mut spikes) {
            sums.resize(layer.neurons(), 0);
            sums.iter_mut().enumerate().for_each(|(neuron, sum)| *sum += layer.spikes.count_of(0, neuron));
        }
    }
    let all = (images.len() * spec.time_steps).max(1) as f32;
    spikes.into_iter().map(|sums| sums.into_iter().map(|sum| sum as f32 / all).collect()).collect()
}

/// The input currents of a layer, [T, H], what excites and what inhibits apart.
struct Sides {
    width: usize,
    excitation: Vec<f32>,
    inhibition: Vec<f32>,
}

impl Sides {
    /// The bias at every time step.
    fn new(time_steps: usize, bias: &[f32]) -> Self {
        let zeros = vec![0.0; time_steps * bias.len()];
        let mut sides = Self { width: bias.len(), excitation: zeros.clone(), inhibition: zeros };
        (0..time_steps).for_each(|t| sides.add(t, 1.0, bias));
        sides
    }

    fn add(&mut self, t: usize, times: f32, row: &[f32]) {
        for (h, value) in row.iter().enumerate() {
            let side = if *value > 0.0 { &mut self.excitation } else { &mut self.inhibition };
            side[t * self.width + h] += times * value;
        }
    }

    fn of_spikes(input: &SpikeTrain, synapses: &SynapticWeights) -> Self {
        let mut sides = Self::new(input.time_steps(), synapses.bias());
        for n in 0..input.neurons() {
            input.times(0, n).for_each(|t| sides.add(t, 1.0, synapses.outgoing(n)));
        }
        sides
    }

    fn of_currents(input: &[f32], time_steps: usize, synapses: &SynapticWeights) -> Self {
        let mut sides = Self::new(time_steps, synapses.bias());
        for (n, current) in input.iter().enumerate().filter(|(_, current)| **current > 0.0) {
            (0..time_steps).for_each(|t| sides.add(t, *current, synapses.outgoing(n)));
        }
        sides
    }
}

fn trace_layer(sides: Sides, time_steps: usize, cell: Cell<'_>) -> LayerTrace {
    let Sides { width, excitation, inhibition } = sides;
    let mut spikes = SpikeTrain::silent(1, width, time_steps);
    let mut potentials = vec![0.0; time_steps * width];
    let mut states = vec![NeuronState::default(); width];
    for t in 0..time_steps {
        for (h, state) in states.iter_mut().enumerate() {
            let current = excitation[t * width + h] + inhibition[t * width + h];
            let potential = match cell {
                Cell::Integrating(beta) => {
                    state.potential = beta * state.potential + current;
                    state.potential
                }
                Cell::Spiking(neuron) => {
                    let step = neuron.step(*state, current);
                    *state = step.state;
                    if step.spike {
                        spikes.fire(0, h, t);
                    }
                    step.potential
                }
            };
            potentials[t * width + h] = potential;
        }
    }
    LayerTrace { spikes, potentials, excitation, inhibition }
}

/// The weights by which a layer's inputs reach these neurons of it, [neurons, N]; the layer after the hidden ones is
/// the output. Unknown neurons are left out.
pub fn fields(network: &Network, layer: usize, neurons: &[usize]) -> Vec<f32> {
    let Some(synapses) = network.synapses(layer) else { return Vec::new() };
    let known = neurons.iter().filter(|neuron| **neuron < synapses.neurons());
    known.flat_map(|neuron| synapses.incoming(*neuron)).collect()
}

/// The number of neurons of a layer, by the same numbers; 0 if there is no such layer.
pub fn width(network: &Network, layer: usize) -> usize {
    network.neurons(layer)
}
