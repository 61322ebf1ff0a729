//! The kernels of a layer of spiking neurons on the CPU: block by block, so that a block's weights stay in the cache
//! for a group of samples, and on all cores. In the backward pass each thread takes some blocks, in the forward pass too where
//! all threads get as many, else some samples: no number is summed by two threads, so the result does not depend on their number.

use super::events::{self, Events};
use super::lif;
use super::storage::{self, BufferPool};
use super::threads;
use crate::kernels::Neurons;
use crate::kernels::linear::{self, LinearShape};
use crate::spec::Neuron;
use crate::spikes::words_for;
use std::iter::zip;

/// The maximal number of samples in a group.
const SAMPLES: usize = 32;

/// A layer of neurons behind a linear map.
#[derive(Clone, Copy)]
pub(super) struct LayerArgs<'a> {
    pub(super) shape: LinearShape,
    /// Weights and bias, in the layout of [`LinearShape`].
    pub(super) parameters: &'a [f32],
    /// The neurons' parameters.
    pub(super) neuron: &'a Neuron,
    /// T.
    pub(super) time_steps: usize,
}

/// The buffers of a forward pass.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    /// u, [B, K, P, T, W], with one place where the layer is dense; [P, T, W] for each piece of work if nothing is saved.
    pub(super) potentials: Vec<f32>,
    /// a, of the same shape; empty for constant thresholds, or if nothing is saved.
    pub(super) adaptations: Vec<f32>,
    pub(super) events: Vec<Events>,
}

impl Buffers {
    /// Buffers of these lengths, with unspecified contents.
    pub(super) fn take(potentials: usize, adaptations: usize) -> Self {
        let mut buffers = BUFFERS.take(potentials, |buffers: &Self| buffers.potentials.capacity());
        buffers.potentials.resize(potentials, 0.0);
        buffers.adaptations.resize(adaptations, 0.0);
        buffers
    }
}

static BUFFERS: BufferPool<Buffers> = BufferPool::new();

/// The values saved by the forward pass for the backward pass.
#[derive(Debug)]
pub(crate) struct Saved {
    pub(super) buffers: Buffers,
    pub(super) batch: usize,
    /// N.
    pub(super) inputs: usize,
    /// The channels of the layer's feature maps: H, if it is dense.
    pub(super) channels: usize,
    /// P, the places of a map: 1, if it is dense.
    pub(super) places: usize,
    pub(super) time_steps: usize,
    /// Whether the buffers are [K, B, T, W] instead; then there is one place.
    pub(super) is_by_block: bool,
}

impl Drop for Saved {
    fn drop(&mut self) {
        BUFFERS.release(std::mem::take(&mut self.buffers));
    }
}

/// Calls a function generic over the width of a block.
macro_rules! for_width {
    ($width:expr, $function:ident($($argument:expr),* $(,)?)) => {
        match $width {
            16 => $function::<16>($($argument),*),
            32 => $function::<32>($($argument),*),
            _ => $function::<{ linear::MAX_WIDTH }>($($argument),*),
        }
    };
}
pub(super) use for_width;

/// The layer's spikes, [B, H, words], for those of its input, [B, N, words], and the values saved for the backward pass, if
/// `is_saved`.
pub(super) fn run(words: &[u32], batch: usize, layer: LayerArgs<'_>, is_saved: bool) -> (Vec<u32>, Saved) {
    let LayerArgs { shape: LinearShape { inputs, outputs }, neuron, time_steps, .. } = layer;
    let (width, blocks) = (layer.shape.width(), layer.shape.blocks());
    let size = time_steps * width * if is_saved { blocks * batch } else { batch.div_ceil(group(batch)) };
    let mut buffers = Buffers::take(size, if is_saved && neuron.is_adaptive() { size } else { 0 });
    buffers.events.resize_with(buffers.events.len().max(batch), Events::default);
    let mut fired = storage::words(batch * outputs * words_for(time_steps));
    // Where each thread gets as many blocks as the others, it takes those whose gradients it sums in the backward pass, so that
    // their weights stay in its core's cache.
    let is_by_block = is_saved && threads::count() > 1 && blocks.is_multiple_of(threads::count());
    if is_by_block {
        run_by_blocks(&mut buffers, words, &mut fired, layer, batch);
    } else {
        run_by_samples(&mut buffers, words, &mut fired, layer, (batch, is_saved));
    }
    (fired, Saved { buffers, batch, inputs, channels: outputs, places: 1, time_steps, is_by_block })
}

/// The samples in groups, one for each thread or more: their events, and their numbers of words.
fn groups<'a>(
    events: &'a mut [Events],
    words: &'a [u32],
    LayerArgs { shape, time_steps, .. }: LayerArgs<'_>,
) -> impl Iterator<Item = (&'a mut [Events], &'a [u32])> {
    let group = group(events.len());
    zip(events.chunks_mut(group), words.chunks(group * shape.inputs * words_for(time_steps)))
}

/// The samples that pass a block one after the other.
fn group(batch: usize) -> usize {
    batch.div_ceil(threads::count()).clamp(1, SAMPLES)
}

/// Sorts what the inputs of some samples do.
fn fill(events: &mut [Events], words: &[u32], LayerArgs { shape, time_steps, .. }: LayerArgs<'_>) {
    zip(events, words.chunks_exact(shape.inputs * words_for(time_steps)))
        .for_each(|(events, words)| events::fill(events, words, time_steps));
}

/// All events first, and then a thread takes some blocks.
fn run_by_blocks(buffers: &mut Buffers, words: &[u32], fired: &mut [u32], layer: LayerArgs<'_>, batch: usize) {
    let LayerArgs { shape, time_steps, .. } = layer;
    let (width, words_per_neuron) = (shape.width(), words_for(time_steps));
    let pieces = groups(&mut buffers.events[..batch], words, layer);
    threads::par_for_each(pieces.collect(), |(events, words)| fill(events, words, layer));
    let events = &buffers.events[..batch];
    let mut parts: Vec<Vec<&mut [u32]>> = (0..shape.blocks()).map(|_| Vec::with_capacity(batch)).collect();
    for fired in fired.chunks_mut(shape.outputs * words_per_neuron) {
        zip(&mut parts, fired.chunks_mut(width * words_per_neuron)).for_each(|(part, fired)| part.push(fired));
    }
    let piece = batch * time_steps * width;
    let mut adaptations = buffers.adaptations.chunks_mut(piece);
    let pieces = zip(buffers.potentials.chunks_mut(piece), parts).enumerate();
    let pieces = pieces.map(|piece| (piece, adaptations.next().unwrap_or_default()));
    threads::par_for_each(pieces.collect(), |((block, (potentials, fired)), adaptations)| {
        for_width!(width, block_forward((potentials, adaptations), events, fired, layer, block));
    });
}

/// A thread takes some samples through all blocks.
fn run_by_samples(
    buffers: &mut Buffers,
    words: &[u32],
    fired: &mut [u32],
    layer: LayerArgs<'_>,
    (batch, is_saved): (usize, bool),
) {
    let LayerArgs { shape, time_steps, .. } = layer;
    let width = shape.width();
    let piece = time_steps * width * if is_saved { shape.blocks() * group(batch) } else { 1 };
    let mut adaptations = buffers.adaptations.chunks_mut(piece);
    let samples = groups(&mut buffers.events[..batch], words, layer);
    let fired = fired.chunks_mut(group(batch) * shape.outputs * words_for(time_steps));
    let pieces = zip(zip(buffers.potentials.chunks_mut(piece), samples), fired);
    let pieces = pieces.map(|piece| (piece, adaptations.next().unwrap_or_default()));
    threads::par_for_each(pieces.collect(), |(((potentials, (events, words)), fired), adaptations)| {
        fill(events, words, layer);
        for_width!(width, group_forward((potentials, adaptations), events, fired, layer, is_saved));
    });
}

/// Whether plain neurons fire while their currents are summed. WebAssembly has too few registers for both at once: there two
/// passes take half the time.
const IS_FUSED: bool = !cfg!(target_arch = "wasm32");

/// Some samples through all blocks.
fn group_forward<const W: usize>(
    (potentials, adaptations): (&mut [f32], &mut [f32]),
    events: &[Events],
    fired: &mut [u32],
    layer: LayerArgs<'_>,
    is_saved: bool,
) {
    let LayerArgs { shape: LinearShape { outputs, .. }, time_steps, .. } = layer;
    let (potentials, adaptations) = (potentials.as_chunks_mut::<W>().0, adaptations.as_chunks_mut::<W>().0);
    let (count, words_per_neuron) = (outputs.div_ceil(W), words_for(time_steps));
    let mut masks = vec![[0; W]; words_per_neuron];
    for number in 0..count {
        let block = Block::<W>::of(layer, number);
        for (sample, events) in events.iter().enumerate() {
            let place = if is_saved { (sample * count + number) * time_steps } else { 0 };
            let rows = place..place + time_steps;
            let adaptations = adaptations.get_mut(rows.clone()).unwrap_or_default();
            block.forward(&mut potentials[rows], adaptations, &mut masks, events);
            let fired = &mut fired[(sample * outputs + number * W) * words_per_neuron..];
            scatter(&mut fired[..block.real * words_per_neuron], &masks);
        }
    }
}

/// All samples through one block.
fn block_forward<const W: usize>(
    (potentials, adaptations): (&mut [f32], &mut [f32]),
    events: &[Events],
    fired: Vec<&mut [u32]>,
    layer: LayerArgs<'_>,
    number: usize,
) {
    let mut masks = vec![[0; W]; words_for(layer.time_steps)];
    let block = Block::<W>::of(layer, number);
    let potentials = potentials.as_chunks_mut::<W>().0.chunks_exact_mut(layer.time_steps);
    let mut adaptations = adaptations.as_chunks_mut::<W>().0.chunks_exact_mut(layer.time_steps);
    for ((potentials, events), fired) in zip(zip(potentials, events), fired) {
        block.forward(potentials, adaptations.next().unwrap_or_default(), &mut masks, events);
        scatter(fired, &masks);
    }
}

/// A block of a layer's neurons.
struct Block<'a, const W: usize> {
    /// [N, W].
    weight: &'a [[f32; W]],
    bias: [f32; W],
    /// How many of them there are; the others are padding.
    real: usize,
    neuron: &'a Neuron,
}

impl<'a, const W: usize> Block<'a, W> {
    fn of(LayerArgs { shape, parameters, neuron, .. }: LayerArgs<'a>, number: usize) -> Self {
        let (weight, bias) = parameters.split_at(shape.bias_start());
        let real = W.min(shape.outputs - number * W);
        let mut block_bias = [0.0; W];
        block_bias[..real].copy_from_slice(&bias[number * W..][..real]);
        let weight = &weight.as_chunks::<W>().0[number * shape.inputs..][..shape.inputs];
        Self { weight, bias: block_bias, real, neuron }
    }

    /// The potentials and adaptations of a sample, [T, W], and the bits of its spikes, [words, W].
    fn forward(
        &self,
        potentials: &mut [[f32; W]],
        adaptations: &mut [[f32; W]],
        masks: &mut [[u32; W]],
        events: &Events,
    ) {
        if self.neuron.is_plain() && IS_FUSED {
            events::plain_neurons(potentials, masks, events, self.weight, &self.bias, self.neuron);
        } else {
            events::currents(potentials, events, self.weight, &self.bias);
            lif::neurons(potentials, adaptations, masks, self.neuron);
        }
    }
}

/// The gradient of a layer's spikes.
#[derive(Clone, Copy)]
pub(super) enum Upstream<'a> {
    /// [B, T, H].
    Dense(&'a [f32]),
    /// A coefficient for each time step, times [B, H].
    Factors(&'a [f32], &'a [f32]),
    /// That of feature maps: numbers [B, K, P, T, W], with K, P and W.
    Maps(&'a [f32], [usize; 3]),
}

/// A block of a sample's neurons: W channels at a place of their maps.
#[derive(Clone, Copy)]
pub(super) struct BlockAt {
    pub(super) sample: usize,
    pub(super) block: usize,
    pub(super) place: usize,
}

impl BlockAt {
    /// Writes the numbers of the block's neurons, of all of a batch's, [B, H], to `row`.
    fn neurons<const W: usize>(self, saved: &Saved, all: &[f32], row: &mut [f32; W]) {
        let Self { sample, block, place } = self;
        let Saved { channels, places, .. } = *saved;
        let (first, neurons) = (block * W, channels * places);
        let own = all[sample * neurons + first * places + place..].iter().step_by(places);
        zip(&mut row[..W.min(channels - first)], own).for_each(|(row, own)| *row = *own);
    }

    /// Writes the block's part of a gradient [B, T, H] to `part` [T, W].
    fn write_dense<const W: usize>(self, part: &mut [[f32; W]], saved: &Saved, gradient: &[f32]) {
        let Self { sample, block, place } = self;
        let Saved { channels, places, .. } = *saved;
        let first = block * W;
        let (real, neurons) = (W.min(channels - first), channels * places);
        let gradient = &gradient[sample * part.len() * neurons..];
        for (part, row) in zip(part, gradient.chunks_exact(neurons)) {
            if places == 1 {
                part[..real].copy_from_slice(&row[first..first + real]);
            } else {
                let own = row[first * places + place..].iter().step_by(places);
                zip(&mut part[..real], own).for_each(|(part, own)| *part = *own);
            }
            part[real..].fill(0.0);
        }
    }

    /// Writes the block's part of the gradient of feature maps, [B, K, P, T, W], with K, P and W, to `part` [T, W]. The block's
    /// own neurons are those of constant currents, which lie one after the other.
    fn write_maps<const W: usize>(
        self,
        part: &mut [[f32; W]],
        saved: &Saved,
        (gradient, [blocks, places, width]): (&[f32], [usize; 3]),
    ) {
        let first = self.block * W;
        part.as_flattened_mut().fill(0.0);
        for lane in 0..W.min(saved.channels - first) {
            let (channel, place) = ((first + lane) / places, (first + lane) % places);
            let map = (self.sample * blocks + channel / width) * places + place;
            let own = gradient[map * part.len() * width + channel % width..].iter().step_by(width);
            zip(&mut *part, own).for_each(|(part, own)| part[lane] = *own);
        }
    }
}

/// The derivative by the currents of a block, [T, W], and its sum over time, from the gradient of the layer's spikes, to which
/// that of the penalty on firing rates is added. It is there already if `upstream` is `None`.
pub(super) fn derivative<const W: usize>(
    derivative: &mut [[f32; W]],
    sum: &mut [f32; W],
    saved: &Saved,
    neurons: &Neurons,
    upstream: Option<Upstream<'_>>,
    at: BlockAt,
) {
    let [potentials, adaptations] = saved.block::<W>(at);
    match upstream {
        Some(Upstream::Factors(coefficients, gradient)) => {
            let mut row = [0.0; W];
            at.neurons(saved, gradient, &mut row);
            // A penalty is added to each gradient, which then has to be written out.
            if neurons.penalty.is_none() && neurons.neuron.is_plain() {
                return lif::plain_derivative(derivative, sum, potentials, &neurons.neuron, (coefficients, &row));
            }
            lif::spread(derivative, &row, coefficients);
        }
        Some(Upstream::Dense(gradient)) => at.write_dense(derivative, saved, gradient),
        Some(Upstream::Maps(gradient, sizes)) => at.write_maps(derivative, saved, (gradient, sizes)),
        None => {}
    }
    penalise(derivative, potentials, adaptations, neurons, saved.channels * saved.places);
    lif::derivative(derivative, sum, potentials, adaptations, &neurons.neuron);
}

/// The buffer in which the gradients of weights and bias are summed.
pub(super) struct GradSums<'a> {
    /// In the layout of the parameters.
    pub(super) numbers: &'a mut [f32],
    /// Whether the buffer holds gradients to add to. Otherwise whoever adds sets its part to zero first.
    pub(super) accumulate: bool,
}

impl<'a> GradSums<'a> {
    /// The numbers to add to.
    pub(super) fn started(self) -> &'a mut [f32] {
        if !self.accumulate {
            self.numbers.fill(0.0);
        }
        self.numbers
    }
}

/// Accumulates the gradients of weights and bias from that of the layer's spikes; returns that of the input currents,
/// [K, B, T, W], if needed.
pub(super) fn backward(
    saved: &Saved,
    neurons: &Neurons,
    upstream: Upstream<'_>,
    GradSums { numbers, accumulate }: GradSums<'_>,
    needs_currents: bool,
) -> Option<Vec<f32>> {
    let Saved { batch, inputs, channels: outputs, time_steps, .. } = *saved;
    let shape = LinearShape { inputs, outputs };
    let (width, count) = (shape.width(), shape.blocks());
    let run = batch * time_steps * width;
    let mut currents = needs_currents.then(|| storage::floats(count * run));
    let mut kept = currents.as_mut().map(|currents| currents.chunks_mut(run));
    let (weight, bias) = numbers.split_at_mut(shape.bias_start());
    let pieces = zip(weight.chunks_mut(inputs * width), bias.chunks_mut(width)).enumerate();
    let pieces = pieces.map(|(block, (weight, bias))| {
        (block, weight, bias, kept.as_mut().and_then(Iterator::next).unwrap_or_default())
    });
    threads::par_for_each(pieces.collect(), |(block, weight, bias, currents)| {
        if !accumulate {
            weight.fill(0.0);
            bias.fill(0.0);
        }
        for_width!(width, block_backward(saved, neurons, upstream, (block, weight, bias, currents)));
    });
    currents
}

/// A block's index, and the gradients of its weights [N, W], bias [W or less] and currents [B, T, W], which are empty
/// if not needed.
type BlockGradients<'a> = (usize, &'a mut [f32], &'a mut [f32], &'a mut [f32]);

/// All samples, one after the other, through one block.
fn block_backward<const W: usize>(
    saved: &Saved,
    neurons: &Neurons,
    upstream: Upstream<'_>,
    (block, weight, bias, currents): BlockGradients<'_>,
) {
    let Saved { buffers, batch, time_steps, .. } = saved;
    let weight = weight.as_chunks_mut::<W>().0;
    let mut derivative = vec![[0.0; W]; *time_steps];
    let mut kept = currents.as_chunks_mut::<W>().0.chunks_exact_mut(*time_steps);
    for (sample, events) in buffers.events[..*batch].iter().enumerate() {
        let mut sum = [0.0; W];
        self::derivative(
            &mut derivative,
            &mut sum,
            saved,
            neurons,
            Some(upstream),
            BlockAt { sample, block, place: 0 },
        );
        events::weight_gradient(weight, events, &derivative, &sum);
        zip(&mut *bias, &sum).for_each(|(bias, sum)| *bias += sum);
        if let Some(kept) = kept.next() {
            kept.copy_from_slice(&derivative);
        }
    }
}

/// Adds the gradient of the penalty on firing rates, if there is one, to that of a block's spikes [T, W] in a layer of
/// `outputs` neurons.
fn penalise<const W: usize>(
    gradient: &mut [[f32; W]],
    potentials: &[[f32; W]],
    adaptations: &[[f32; W]],
    Neurons { neuron, penalty }: &Neurons,
    outputs: usize,
) {
    if !penalty.is_none() {
        let [potentials, adaptations] = [potentials, adaptations].map(|rows| rows.as_flattened());
        lif::penalise(gradient.as_flattened_mut(), potentials, adaptations, W, neuron, *penalty, outputs);
    }
}

impl Saved {
    /// Potentials and adaptations, [T, W] (or none), of a block.
    fn block<const W: usize>(&self, BlockAt { sample, block, place }: BlockAt) -> [&[[f32; W]]; 2] {
        let blocks = self.channels.div_ceil(W);
        let number = if self.is_by_block {
            block * self.batch + sample
        } else {
            (sample * blocks + block) * self.places + place
        };
        let rows = number * self.time_steps..(number + 1) * self.time_steps;
        [&self.buffers.potentials, &self.buffers.adaptations]
            .map(|numbers| numbers.as_chunks::<W>().0.get(rows.clone()).unwrap_or_default())
    }

    /// The potentials, [B, T, H].
    pub(super) fn potentials(&self) -> Vec<f32> {
        let mut potentials = vec![0.0; self.batch * self.time_steps * self.channels * self.places];
        for_width!(linear::width(self.channels), potentials_into(self, &mut potentials));
        potentials
    }

    /// B, T, H.
    pub(super) const fn shape(&self) -> [usize; 3] {
        [self.batch, self.time_steps, self.channels * self.places]
    }
}

/// Writes the potentials, [B, T, H].
fn potentials_into<const W: usize>(saved: &Saved, potentials: &mut [f32]) {
    let Saved { batch, channels, places, time_steps, .. } = *saved;
    for (sample, potentials) in (0..batch).zip(potentials.chunks_exact_mut(time_steps * channels * places)) {
        for (block, first) in (0..channels).step_by(W).enumerate() {
            for place in 0..places {
                let [rows, _] = saved.block::<W>(BlockAt { sample, block, place });
                for (rows, potentials) in zip(rows, potentials.chunks_exact_mut(channels * places)) {
                    let own = potentials[first * places + place..].iter_mut().step_by(places);
                    zip(own, rows).for_each(|(potential, value)| *potential = *value);
                }
            }
        }
    }
}

/// The spikes, [B, H, words], of neurons under constant input currents, [B, H], and the values saved for the backward
/// pass.
pub(super) fn constant_input(
    currents: &[f32],
    outputs: usize,
    neuron: &Neuron,
    time_steps: usize,
) -> (Vec<u32>, Saved) {
    let (width, count, words_per_neuron) = (linear::width(outputs), linear::blocks(outputs), words_for(time_steps));
    let batch = currents.len() / outputs.max(1);
    let sample = count * time_steps * width;
    let mut buffers = Buffers::take(batch * sample, if neuron.is_adaptive() { batch * sample } else { 0 });
    let mut fired = storage::words(batch * outputs * words_per_neuron);
    let mut adaptations = buffers.adaptations.chunks_mut(sample.max(1));
    let pieces = zip(
        buffers.potentials.chunks_mut(sample.max(1)),
        zip(fired.chunks_mut((outputs * words_per_neuron).max(1)), currents.chunks(outputs.max(1))),
    );
    let pieces = pieces.map(|piece| (piece, adaptations.next().unwrap_or_default()));
    threads::par_for_each(pieces.collect(), |((potentials, (fired, currents)), adaptations)| {
        for_width!(width, sample_forward((potentials, adaptations), fired, currents, neuron, time_steps));
    });
    (fired, Saved { buffers, batch, inputs: 0, channels: outputs, places: 1, time_steps, is_by_block: false })
}

fn sample_forward<const W: usize>(
    (potentials, adaptations): (&mut [f32], &mut [f32]),
    fired: &mut [u32],
    currents: &[f32],
    neuron: &Neuron,
    time_steps: usize,
) {
    let words_per_neuron = words_for(time_steps);
    let mut masks = vec![[0; W]; words_per_neuron];
    let mut adaptations = adaptations.as_chunks_mut::<W>().0.chunks_exact_mut(time_steps);
    let blocks = zip(potentials.as_chunks_mut::<W>().0.chunks_exact_mut(time_steps), currents.chunks(W));
    for ((potentials, currents), fired) in zip(blocks, fired.chunks_mut(W * words_per_neuron)) {
        let mut current = [0.0; W];
        current[..currents.len()].copy_from_slice(currents);
        potentials.fill(current);
        lif::neurons(potentials, adaptations.next().unwrap_or_default(), &mut masks, neuron);
        scatter(fired, &masks);
    }
}

/// The gradient of the constant currents, [B, H], from that of the spikes.
pub(super) fn constant_input_backward(saved: &Saved, neurons: &Neurons, upstream: Upstream<'_>) -> Vec<f32> {
    let [batch, _, outputs] = saved.shape();
    let mut result = vec![0.0; batch * outputs];
    let pieces = result.chunks_mut(outputs.max(1)).enumerate();
    threads::par_for_each(pieces.collect(), |(sample, result)| {
        for_width!(linear::width(outputs), sample_backward(result, saved, neurons, upstream, sample));
    });
    result
}

fn sample_backward<const W: usize>(
    result: &mut [f32],
    saved: &Saved,
    neurons: &Neurons,
    upstream: Upstream<'_>,
    sample: usize,
) {
    let mut derivative = vec![[0.0; W]; saved.time_steps];
    for (block, result) in result.chunks_mut(W).enumerate() {
        let mut sum = [0.0; W];
        self::derivative(
            &mut derivative,
            &mut sum,
            saved,
            neurons,
            Some(upstream),
            BlockAt { sample, block, place: 0 },
        );
        zip(result, &sum).for_each(|(result, sum)| *result = *sum);
    }
}

/// Transposes a block's spikes, [words, W], to those of its neurons, [W or less, words].
fn scatter<const W: usize>(fired: &mut [u32], masks: &[[u32; W]]) {
    let words_per_neuron = masks.len();
    for (w, mask) in masks.iter().enumerate() {
        zip(fired.iter_mut().skip(w).step_by(words_per_neuron), mask).for_each(|(word, mask)| *word = *mask);
    }
}
