//! What a network does inside: the trace of one image, the firing rates of its neurons, their incoming weights.
//!
//! Each of them can take long in a large network, so each is also a value that advances by a bounded number of
//! *operations*: a weight that is read, or a weight that is added to an input current.

use crate::digits::Digits;
use crate::layer::SynapticWeights;
use crate::network::{EncodedBatch, Network, ReadoutLayer};
use crate::neuron::NeuronState;
use crate::pipeline::{encode, transform};
use crate::sample::Sample;
use crate::spec::{Neuron, Spec};
use crate::spikes::SpikeTrain;
use crate::spikes::encode::Pass;
use crate::trace::{LayerTrace, Stopping, Trace};
use burn::module::Module;
use std::collections::VecDeque;
use std::ops::Range;

/// What a layer does with a neuron's input current.
#[derive(Clone, Copy, Debug)]
enum Cell {
    /// It spikes.
    Spiking(Neuron),
    /// It only integrates, with this β.
    Integrating(f32),
}

/// The synapses of a network's layers and what their neurons do, from the first hidden layer to the readout.
fn layers(network: &Network) -> VecDeque<(SynapticWeights, Cell)> {
    let hidden = network.layers.iter().map(|layer| (SynapticWeights::of(&layer.linear), Cell::Spiking(layer.neuron)));
    let readout = match &network.readout {
        ReadoutLayer::Membrane(integrators) => Cell::Integrating(integrators.beta as f32),
        ReadoutLayer::SpikeCount(layer) => Cell::Spiking(layer.neuron),
    };
    hidden.chain([(SynapticWeights::of(network.readout.linear()), readout)]).collect()
}

/// Neurons of a block, which are traced together.
const BLOCK: usize = 64;

/// How one image runs through the network, time step by time step, by the equations of [`crate::neuron`].
///
/// # Panics
/// When the image has another number of pixels than the network takes.
pub fn trace(network: &Network, spec: &Spec, image: &[u8], pass: Pass, sample: u64) -> Trace {
    let mut tracer = Tracer::new(network, spec, image, pass, sample);
    tracer.advance(usize::MAX);
    tracer.into_trace()
}

/// A trace under way: layer by layer, in each of them block of neurons by block of neurons.
#[derive(Debug)]
pub struct Tracer {
    /// The layers that are not traced yet.
    layers: VecDeque<(SynapticWeights, Cell)>,
    /// The currents into the first layer, if its input is no spikes.
    currents: Option<Vec<f32>>,
    /// What is traced so far.
    trace: Trace,
    /// Those of the layer under way.
    layer: LayerTrace,
    /// Its first neuron that is not traced yet.
    neuron: usize,
    /// The first of its inputs that is not yet added to the currents of that neuron's block.
    input: usize,
}

impl Tracer {
    /// At its start; it has the network as it is now.
    ///
    /// # Panics
    /// When the image has another number of pixels than the network takes.
    pub fn new(network: &Network, spec: &Spec, image: &[u8], pass: Pass, sample: u64) -> Self {
        assert_eq!(image.len(), network.pixels(), "the picture has another size");
        let samples = [Sample { pixels: image, label: None, number: sample }];
        let seen = transform(spec, &samples, pass).and_then(|mut images| images.pop());
        let time_steps = spec.time_steps;
        let (input, currents) = match encode(spec, &samples, pass) {
            EncodedBatch::Spikes(train) => (train, None),
            EncodedBatch::Currents { values, .. } => (SpikeTrain::silent(1, image.len(), time_steps), Some(values)),
        };
        let trace = Trace {
            image: seen.unwrap_or_else(|| image.to_vec()),
            time_steps,
            input,
            hidden: Vec::new(),
            output: LayerTrace::default(),
            readout: spec.readout,
        };
        let layers = layers(&network.valid());
        Self { layers, currents, trace, layer: LayerTrace::default(), neuron: 0, input: 0 }
    }

    /// Whether all is traced.
    pub fn is_done(&self) -> bool {
        self.layers.is_empty()
    }

    /// Does about `operations` operations, at least those of one input of one block, at most 64 for each time step. Returns
    /// their number.
    pub fn advance(&mut self, operations: usize) -> usize {
        let mut done = 0;
        while done < operations && !self.is_done() {
            done += self.piece(operations - done);
        }
        done
    }

    /// Some inputs of a block; after the last of them its neurons' time steps.
    fn piece(&mut self, operations: usize) -> usize {
        let Some((synapses, cell)) = self.layers.front() else { return 0 };
        let (inputs, width, time_steps) = (synapses.inputs(), synapses.neurons(), self.trace.time_steps);
        let block = self.neuron..(self.neuron + BLOCK).min(width);
        if self.neuron == 0 && self.input == 0 {
            self.layer = LayerTrace { window: synapses.patches(), ..silent_layer(width, time_steps) };
        }
        let source = match (self.trace.hidden.last(), &self.currents) {
            (Some(before), _) => Source::Spikes(&before.spikes),
            (None, Some(currents)) => Source::Currents(currents, time_steps),
            (None, None) => Source::Spikes(&self.trace.input),
        };
        let mut currents = Currents { layer: &mut self.layer, width, block: block.clone() };
        let mut done = 0;
        if self.input == 0 {
            let bias = synapses.bias(block.clone());
            (0..time_steps).for_each(|t| currents.add(t, 1.0, &bias));
            done += time_steps * block.len();
        }
        let mut end = self.input;
        while end < inputs && (done < operations || end == self.input) {
            done += (1 + source.count(end)) * block.len();
            end += 1;
        }
        let weights = synapses.between(self.input..end, block.clone());
        for (n, row) in (self.input..end).zip(weights.chunks_exact(block.len())) {
            source.add(n, row, &mut currents);
        }
        self.input = end;
        if self.input < inputs {
            return done;
        }
        step_neurons(&mut self.layer, *cell, block.clone(), width, time_steps);
        (self.neuron, self.input) = (block.end, 0);
        if self.neuron == width {
            self.neuron = 0;
            self.layers.pop_front();
            let layer = std::mem::take(&mut self.layer);
            if self.layers.is_empty() { self.trace.output = layer } else { self.trace.hidden.push(layer) }
        }
        done + time_steps * block.len()
    }

    /// What is traced so far.
    pub const fn trace(&self) -> &Trace {
        &self.trace
    }

    /// What is traced: all of it once that is done.
    pub fn into_trace(self) -> Trace {
        self.trace
    }
}

fn silent_layer(width: usize, time_steps: usize) -> LayerTrace {
    let zeros = || vec![0.0; time_steps * width];
    LayerTrace {
        spikes: SpikeTrain::silent(1, width, time_steps),
        potentials: zeros(),
        excitation: zeros(),
        inhibition: zeros(),
        raised: Vec::new(),
        window: None,
    }
}

/// The input of a layer.
enum Source<'a> {
    Spikes(&'a SpikeTrain),
    /// The same currents at each of T time steps.
    Currents(&'a [f32], usize),
}

impl Source<'_> {
    /// At how many time steps something comes from input `n`.
    fn count(&self, n: usize) -> usize {
        match self {
            Self::Spikes(train) => train.count_of(0, n) as usize,
            Self::Currents(values, time_steps) => {
                if values[n] > 0.0 {
                    *time_steps
                } else {
                    0
                }
            }
        }
    }

    /// Adds what comes from input `n`, whose weights into the block are `row`.
    fn add(&self, n: usize, row: &[f32], to: &mut Currents<'_>) {
        match self {
            Self::Spikes(train) => train.times(0, n).for_each(|t| to.add(t, 1.0, row)),
            Self::Currents(values, time_steps) if values[n] > 0.0 => {
                (0..*time_steps).for_each(|t| to.add(t, values[n], row));
            }
            Self::Currents(..) => {}
        }
    }
}

/// The input currents of a block of a layer's neurons, what excites and what inhibits apart.
struct Currents<'a> {
    layer: &'a mut LayerTrace,
    width: usize,
    block: Range<usize>,
}

impl Currents<'_> {
    fn add(&mut self, t: usize, scale: f32, row: &[f32]) {
        let start = t * self.width;
        let range = start + self.block.start..start + self.block.end;
        let (excitation, inhibition) = (&mut self.layer.excitation[range.clone()], &mut self.layer.inhibition[range]);
        for ((excitation, inhibition), value) in excitation.iter_mut().zip(inhibition).zip(row) {
            let side = if *value > 0.0 { excitation } else { inhibition };
            *side += scale * value;
        }
    }
}

/// The time steps of a block's neurons.
fn step_neurons(layer: &mut LayerTrace, cell: Cell, block: Range<usize>, width: usize, time_steps: usize) {
    let mut states = vec![NeuronState::default(); block.len()];
    for t in 0..time_steps {
        for (h, state) in block.clone().zip(&mut states) {
            let current = layer.excitation[t * width + h] + layer.inhibition[t * width + h];
            layer.potentials[t * width + h] = match cell {
                Cell::Integrating(beta) => {
                    state.potential = beta * state.potential + current;
                    state.potential
                }
                Cell::Spiking(neuron) => {
                    let step = neuron.step(*state, current);
                    *state = step.state;
                    if step.spike {
                        layer.spikes.fire(0, h, t);
                    }
                    step.potential
                }
            };
        }
    }
}

/// The traces of some images, under way one after the other.
#[derive(Debug)]
struct Traces {
    network: Network,
    spec: Spec,
    images: usize,
    begun: usize,
    tracer: Option<Tracer>,
}

impl Traces {
    /// At their start; they have the network as it is now.
    fn new(network: &Network, spec: &Spec, images: usize) -> Self {
        Self { network: network.clone(), spec: spec.clone(), images, begun: 0, tracer: None }
    }

    fn is_done(&self) -> bool {
        self.tracer.is_none() && self.begun == self.images
    }

    /// Does about `operations` operations, as [`Tracer::advance`] does, on the images that `image` gives by their index, each
    /// with the pass and the number of its sample; `finished` gets each of them with its trace. Returns the operations' number.
    fn advance<'a>(
        &mut self,
        operations: usize,
        image: impl Fn(usize) -> (&'a [u8], Pass, u64),
        mut finished: impl FnMut(usize, &Trace),
    ) -> usize {
        let mut done = 0;
        while done < operations && !self.is_done() {
            let tracer = self.tracer.get_or_insert_with(|| {
                let (pixels, pass, sample) = image(self.begun);
                self.begun += 1;
                Tracer::new(&self.network, &self.spec, pixels, pass, sample)
            });
            done += tracer.advance(operations - done);
            if tracer.is_done()
                && let Some(tracer) = self.tracer.take()
            {
                finished(self.begun - 1, tracer.trace());
            }
        }
        done
    }
}

/// The firing rates of the hidden neurons over some images, under way image by image.
#[derive(Debug)]
pub struct FiringRates {
    /// One image after the other, [images, N].
    pixels: Vec<u8>,
    traces: Traces,
    /// Spikes of each neuron so far, [layers][H].
    spikes: Vec<Vec<u32>>,
}

impl FiringRates {
    /// At their start, over `pixels`, [images, N]; they have the network as it is now.
    ///
    /// # Panics
    /// When these are no whole images of the network's size.
    pub fn new(network: &Network, spec: &Spec, pixels: Vec<u8>) -> Self {
        let size = network.pixels();
        assert!(pixels.len().is_multiple_of(size), "an image has another size");
        let traces = Traces::new(network, spec, pixels.len() / size);
        Self { pixels, traces, spikes: Vec::new() }
    }

    /// Whether all images have passed.
    pub fn is_done(&self) -> bool {
        self.traces.is_done()
    }

    /// Does about `operations` operations, as [`Tracer::advance`] does. Returns their number.
    pub fn advance(&mut self, operations: usize) -> usize {
        let Self { pixels, traces, spikes } = self;
        let size = traces.network.pixels();
        let image = |index: usize| (&pixels[index * size..(index + 1) * size], Pass::Drawing, 0);
        traces.advance(operations, image, |_, trace| count_spikes(trace, spikes))
    }

    /// The share of the time steps in which each hidden neuron fires, `[layers][H]`, over the images that have passed.
    pub fn rates(&self) -> Vec<Vec<f32>> {
        let all = (self.traces.images * self.traces.spec.time_steps).max(1) as f32;
        self.spikes.iter().map(|sums| sums.iter().map(|sum| *sum as f32 / all).collect()).collect()
    }
}

/// Adds the spikes of each hidden neuron to `spikes`, [layers][H].
fn count_spikes(trace: &Trace, spikes: &mut Vec<Vec<u32>>) {
    spikes.resize(trace.hidden.len(), Vec::new());
    for (layer, sums) in trace.hidden.iter().zip(spikes) {
        sums.resize(layer.neurons(), 0);
        sums.iter_mut().enumerate().for_each(|(neuron, sum)| *sum += layer.spikes.count_of(0, neuron));
    }
}

/// What stopping early comes to over some labelled images, under way image by image.
#[derive(Debug)]
pub struct StoppingTest {
    images: Digits,
    traces: Traces,
    stopping: Stopping,
}

impl StoppingTest {
    /// At its start, over the first of the test images; it has the network as it is now.
    pub fn new(network: &Network, spec: &Spec, images: Digits) -> Self {
        let traces = Traces::new(network, spec, images.len());
        Self { images, traces, stopping: Stopping::default() }
    }

    /// Whether all images have passed.
    pub fn is_done(&self) -> bool {
        self.traces.is_done()
    }

    /// Does about `operations` operations, as [`Tracer::advance`] does. Returns their number.
    pub fn advance(&mut self, operations: usize) -> usize {
        let Self { images, traces, stopping } = self;
        let image = |index: usize| (images.image(index), Pass::Evaluation, index as u64);
        traces.advance(operations, image, |index, trace| stopping.add(trace, images.label(index)))
    }

    /// What came of it, over the images that have passed.
    pub const fn stopping(&self) -> &Stopping {
        &self.stopping
    }
}

/// The weights by which a layer's inputs reach some of its neurons, read neuron by neuron.
#[derive(Debug)]
pub struct IncomingWeights {
    synapses: Option<SynapticWeights>,
    neurons: Vec<usize>,
    read: usize,
}

impl IncomingWeights {
    /// Those of the `neurons` that the layer has. The layer after the hidden ones is the output; any other has none. They
    /// are read of the network as it is now.
    pub fn new(network: &Network, layer: usize, neurons: Vec<usize>) -> Self {
        let synapses = network.synaptic_weights(layer);
        let width = synapses.as_ref().map_or(0, SynapticWeights::neurons);
        let neurons = neurons.into_iter().filter(|neuron| *neuron < width).collect();
        Self { synapses, neurons, read: 0 }
    }

    /// Whether all are read.
    pub fn is_done(&self) -> bool {
        self.read == self.neurons.len()
    }

    /// Reads about `operations` weights, at least those of one neuron, and returns them, [neurons, N].
    pub fn advance(&mut self, operations: usize) -> Vec<f32> {
        let mut weights = Vec::new();
        if let Some(synapses) = &self.synapses {
            while weights.len() < operations && !self.is_done() {
                weights.extend(synapses.incoming(self.neurons[self.read]));
                self.read += 1;
            }
        }
        weights
    }

    /// The neurons, in the order in which they were asked for.
    pub fn into_neurons(self) -> Vec<usize> {
        self.neurons
    }
}
