//! The accuracy over a set, and the trace of one picture.

use crate::digits::Digits;
use crate::event::Score;
use crate::kernels::SpikeTensor;
use crate::layer::Synapses;
use crate::loss;
use crate::network::{Network, Output, numbers, values};
use crate::neuron::State;
use crate::spec::{Encoding, Neuron, Spec};
use crate::spikes::SpikeTrain;
use crate::spikes::encode::{self, Pass};
use crate::trace::{LayerTrace, Trace};
use burn::module::Module;
use std::ops::Range;

/// Images that are read at once: enough to be fast, few enough to answer soon.
const SLICE: usize = 200;

/// The spikes of images, as the spec says. `samples` are their numbers in the data set.
pub fn encode(spec: &Spec, images: &[&[u8]], samples: &[u64], pass: Pass) -> SpikeTrain {
    match spec.encoding {
        Encoding::Rate => encode::rate(images, samples, spec.seed, pass, spec.time_steps),
    }
}

/// How the images in `range` of a test set are read. `first` is the number of its image 0 in the whole set.
///
/// # Panics
/// When the set has fewer images.
pub fn evaluate(network: &Network, spec: &Spec, digits: &Digits, range: Range<usize>, first: usize) -> Score {
    let network = network.valid();
    let device = network.hidden[0].synapses.weight.val().device();
    let mut total = Score::default();
    for start in range.clone().step_by(SLICE) {
        let slice = start..(start + SLICE).min(range.end);
        let images: Vec<&[u8]> = slice.clone().map(|index| digits.image(index)).collect();
        let samples: Vec<u64> = slice.clone().map(|index| (first + index) as u64).collect();
        let spikes = encode(spec, &images, &samples, Pass::Evaluation);
        let logits = numbers(network.forward(SpikeTensor::new(spikes, &device)));
        total += loss::score(&logits, &digits.labels[slice]);
    }
    total
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
    let mut hidden: Vec<LayerTrace> = Vec::new();
    for layer in &network.hidden {
        let from = hidden.last().map_or(&input, |layer| &layer.spikes);
        hidden.push(trace_layer(from, &layer.synapses, Cell::Spiking(&layer.neuron)));
    }
    let last = hidden.last().map_or(&input, |layer| &layer.spikes);
    let output = match &network.output {
        Output::Membrane(layer) => trace_layer(last, &layer.synapses, Cell::Integrating(layer.beta as f32)),
        Output::SpikeCount(layer) => trace_layer(last, &layer.synapses, Cell::Spiking(&layer.neuron)),
    };
    Trace { image: image.to_vec(), time_steps: spec.time_steps, input, hidden, output, readout: spec.readout }
}

fn trace_layer(input: &SpikeTrain, synapses: &Synapses, cell: Cell<'_>) -> LayerTrace {
    let ([senders, width], time_steps) = (synapses.dims(), input.time_steps());
    let (weight, bias) = (values(&synapses.weight), values(&synapses.bias));
    let mut excitation = vec![0.0; time_steps * width];
    let mut inhibition = vec![0.0; time_steps * width];
    let mut add = |t: usize, row: &[f32]| {
        for (h, value) in row.iter().enumerate() {
            let side = if *value > 0.0 { &mut excitation } else { &mut inhibition };
            side[t * width + h] += value;
        }
    };
    (0..time_steps).for_each(|t| add(t, &bias));
    for n in 0..senders {
        input.times(0, n).for_each(|t| add(t, &weight[n * width..(n + 1) * width]));
    }
    let mut spikes = SpikeTrain::silent(1, width, time_steps);
    let mut potentials = vec![0.0; time_steps * width];
    let mut states = vec![State::default(); width];
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

/// The weights by which the input reaches these neurons of the first hidden layer, [neurons, N]. Unknown neurons are
/// left out.
pub fn fields(network: &Network, neurons: &[usize]) -> Vec<f32> {
    let Some(layer) = network.hidden.first() else { return Vec::new() };
    let ([_, width], weight) = (layer.synapses.dims(), values(&layer.synapses.weight));
    let known = neurons.iter().filter(|neuron| **neuron < width);
    known.flat_map(|neuron| weight.iter().skip(*neuron).step_by(width).copied()).collect()
}
