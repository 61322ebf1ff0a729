//! A layer of spiking neurons, for a whole batch: block by block, so that a block's weights stay in the cache while the
//! samples pass, and on all cores. Forwards each thread takes some samples, backwards some blocks: no number is summed by
//! two threads, so the result does not depend on how many there are.

use super::events::{self, Events};
use super::layer;
use super::storage::{self, Shelf};
use super::threads;
use crate::kernels::blocks;
use crate::spec::Neuron;
use crate::spikes::words_for;
use std::iter::zip;

/// Samples that pass a block one after the other.
const SAMPLES: usize = 32;

/// What a layer is.
#[derive(Clone, Copy)]
pub(super) struct Layer<'a> {
    /// [K, N, W].
    pub(super) weight: &'a [f32],
    /// [H].
    pub(super) bias: &'a [f32],
    /// What each neuron is like.
    pub(super) neuron: &'a Neuron,
    /// T.
    pub(super) time_steps: usize,
}

/// What the backward pass needs of the forward pass.
#[derive(Debug, Default)]
struct Buffers {
    /// u, [B, K, T, W]; a piece's own [T, W] where nothing is recorded.
    potentials: Vec<f32>,
    events: Vec<Events>,
}

static SHELF: Shelf<Buffers> = Shelf::new();

/// A recorded forward pass.
#[derive(Debug)]
pub(crate) struct Record {
    buffers: Buffers,
    batch: usize,
    senders: usize,
    targets: usize,
    time_steps: usize,
}

impl Drop for Record {
    fn drop(&mut self) {
        SHELF.put_back(std::mem::take(&mut self.buffers));
    }
}

/// Calls a function for blocks of a width that is known when it is compiled.
macro_rules! for_width {
    ($width:expr, $function:ident($($argument:expr),* $(,)?)) => {
        match $width {
            16 => $function::<16>($($argument),*),
            32 => $function::<32>($($argument),*),
            _ => $function::<{ blocks::WIDEST }>($($argument),*),
        }
    };
}
pub(super) use for_width;

/// The layer's spikes, [B, H, words], for those of its input, [B, N, words].
pub(super) fn forward(words: &[u32], batch: usize, layer: Layer<'_>) -> Vec<u32> {
    run(words, batch, layer, false).0
}

/// The layer's spikes, and what the backward pass needs.
pub(super) fn recorded(words: &[u32], batch: usize, layer: Layer<'_>) -> (Vec<u32>, Record) {
    run(words, batch, layer, true)
}

fn run(words: &[u32], batch: usize, layer: Layer<'_>, recorded: bool) -> (Vec<u32>, Record) {
    let (targets, time_steps) = (layer.bias.len(), layer.time_steps);
    let (width, each) = (blocks::width(targets), words_for(time_steps));
    let senders = layer.weight.len() / (blocks::count(targets) * width).max(1);
    let group = batch.div_ceil(threads::count()).clamp(1, SAMPLES);
    let run = time_steps * width * if recorded { blocks::count(targets) } else { 1 };
    let size = run * if recorded { batch } else { batch.div_ceil(group) };
    let mut buffers = SHELF.take(size, |buffers| buffers.potentials.capacity());
    buffers.potentials.resize(size, 0.0);
    buffers.events.resize_with(buffers.events.len().max(batch), Events::default);
    let mut fired = storage::words(batch * targets * each);
    let pieces = zip(
        zip(
            buffers.potentials.chunks_mut(run * if recorded { group } else { 1 }),
            buffers.events[..batch].chunks_mut(group),
        ),
        zip(fired.chunks_mut(group * targets * each), words.chunks(group * senders * each)),
    );
    threads::each(pieces.collect(), |((potentials, events), (fired, words))| {
        zip(&mut *events, words.chunks_exact(senders * each))
            .for_each(|(events, words)| events::fill(events, words, time_steps));
        for_width!(width, group_forward(potentials, events, fired, layer, recorded));
    });
    (fired, Record { buffers, batch, senders, targets, time_steps })
}

/// Some samples through all blocks.
fn group_forward<const W: usize>(
    potentials: &mut [f32],
    events: &[Events],
    fired: &mut [u32],
    layer: Layer<'_>,
    recorded: bool,
) {
    let Layer { weight, bias, neuron, time_steps } = layer;
    let (weight, potentials) = (weight.as_chunks::<W>().0, potentials.as_chunks_mut::<W>().0);
    let (count, each, targets) = (bias.len().div_ceil(W), words_for(time_steps), bias.len());
    let senders = weight.len() / count;
    let mut masks = vec![[0; W]; each];
    for (block, weight) in weight.chunks_exact(senders).enumerate() {
        let first = block * W;
        let real = W.min(targets - first);
        let mut block_bias = [0.0; W];
        block_bias[..real].copy_from_slice(&bias[first..first + real]);
        for (sample, events) in events.iter().enumerate() {
            let place = if recorded { (sample * count + block) * time_steps } else { 0 };
            let potentials = &mut potentials[place..place + time_steps];
            events::currents(potentials, events, weight, &block_bias);
            layer::neurons(potentials, &mut masks, neuron);
            scatter(&mut fired[(sample * targets + first) * each..][..real * each], &masks);
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
}

impl Upstream<'_> {
    /// The part of a sample and a block, whose first neuron is `first`, into `part` [T, W].
    fn write<const W: usize>(&self, part: &mut [[f32; W]], sample: usize, first: usize, targets: usize) {
        let real = W.min(targets - first);
        match self {
            Self::Dense(gradient) => {
                let gradient = &gradient[sample * part.len() * targets..];
                for (part, row) in zip(part, gradient.chunks_exact(targets)) {
                    part[..real].copy_from_slice(&row[first..first + real]);
                    part[real..].fill(0.0);
                }
            }
            Self::Factors(coefficients, gradient) => {
                let mut row = [0.0; W];
                row[..real].copy_from_slice(&gradient[sample * targets + first..][..real]);
                layer::spread(part, &row, coefficients);
            }
        }
    }
}

/// Where a layer's gradients are summed up.
pub(super) struct Sums<'a> {
    /// [K, N, W].
    pub(super) weight: &'a mut [f32],
    /// [H].
    pub(super) bias: &'a mut [f32],
    /// Whether there is something to add to. Otherwise the weights' begin with zeros, which each thread writes itself.
    pub(super) onto: bool,
}

/// Adds the gradients of weights and bias to what is there, from that of the layer's spikes; gives that of the input
/// currents, [K, B, T, W], where asked for.
pub(super) fn backward(
    record: &Record,
    neuron: &Neuron,
    upstream: Upstream<'_>,
    Sums { weight, bias, onto }: Sums<'_>,
    with_currents: bool,
) -> Option<Vec<f32>> {
    let Record { batch, senders, targets, time_steps, .. } = *record;
    let (width, count) = (blocks::width(targets), blocks::count(targets));
    let run = batch * time_steps * width;
    let mut currents = with_currents.then(|| storage::floats(count * run));
    let mut kept = currents.as_mut().map(|currents| currents.chunks_mut(run));
    let pieces = zip(weight.chunks_mut((senders * width).max(1)), bias.chunks_mut(width)).enumerate();
    let pieces = pieces.map(|(block, (weight, bias))| {
        (block, weight, bias, kept.as_mut().and_then(Iterator::next).unwrap_or_default())
    });
    threads::each(pieces.collect(), |(block, weight, bias, currents)| {
        if !onto {
            weight.fill(0.0);
        }
        for_width!(width, block_backward(record, neuron, upstream, (block, weight, bias, currents)));
    });
    currents
}

/// A block, and the gradients of its weights [N, W], bias [W or less] and currents [B, T, W], if these are wanted.
type BlockGradients<'a> = (usize, &'a mut [f32], &'a mut [f32], &'a mut [f32]);

/// All samples, one after the other, through one block.
fn block_backward<const W: usize>(
    record: &Record,
    neuron: &Neuron,
    upstream: Upstream<'_>,
    (block, weight, bias, currents): BlockGradients<'_>,
) {
    let Record { buffers, batch, targets, time_steps, .. } = record;
    let (weight, potentials) = (weight.as_chunks_mut::<W>().0, buffers.potentials.as_chunks::<W>().0);
    let count = targets.div_ceil(W);
    let mut derivative = vec![[0.0; W]; *time_steps];
    let mut kept = currents.as_chunks_mut::<W>().0.chunks_exact_mut(*time_steps);
    for (sample, events) in buffers.events[..*batch].iter().enumerate() {
        let potentials = &potentials[(sample * count + block) * time_steps..][..*time_steps];
        let mut sum = [0.0; W];
        upstream.write(&mut derivative, sample, block * W, *targets);
        layer::derivative(&mut derivative, &mut sum, potentials, neuron);
        events::weight_gradient(weight, events, &derivative, &sum);
        zip(&mut *bias, &sum).for_each(|(bias, sum)| *bias += sum);
        if let Some(kept) = kept.next() {
            kept.copy_from_slice(&derivative);
        }
    }
}

impl Record {
    /// The potentials, [B, T, H].
    pub(super) fn potentials(&self) -> Vec<f32> {
        let (width, count) = (blocks::width(self.targets), blocks::count(self.targets));
        let mut potentials = vec![0.0; self.batch * self.time_steps * self.targets];
        for (row, values) in self.buffers.potentials.chunks_exact(width).enumerate() {
            let (t, block, sample) =
                (row % self.time_steps, row / self.time_steps % count, row / self.time_steps / count);
            let (first, real) = (block * width, width.min(self.targets - block * width));
            let start = (sample * self.time_steps + t) * self.targets + first;
            potentials[start..start + real].copy_from_slice(&values[..real]);
        }
        potentials
    }
}

impl Record {
    /// B, T, H.
    pub(super) const fn shape(&self) -> [usize; 3] {
        [self.batch, self.time_steps, self.targets]
    }
}

/// The spikes, [B, H, words], of neurons into which the same currents, [B, H], flow at every time step, and what the
/// backward pass needs.
pub(super) fn driven(currents: &[f32], targets: usize, neuron: &Neuron, time_steps: usize) -> (Vec<u32>, Record) {
    let (width, count, each) = (blocks::width(targets), blocks::count(targets), words_for(time_steps));
    let batch = currents.len() / targets.max(1);
    let size = batch * count * time_steps * width;
    let mut buffers = SHELF.take(size, |buffers| buffers.potentials.capacity());
    buffers.potentials.resize(size, 0.0);
    let mut fired = storage::words(batch * targets * each);
    let pieces = zip(
        buffers.potentials.chunks_mut((count * time_steps * width).max(1)),
        zip(fired.chunks_mut((targets * each).max(1)), currents.chunks(targets.max(1))),
    );
    threads::each(pieces.collect(), |(potentials, (fired, currents))| {
        for_width!(width, sample_driven(potentials, fired, currents, neuron, time_steps));
    });
    (fired, Record { buffers, batch, senders: 0, targets, time_steps })
}

fn sample_driven<const W: usize>(
    potentials: &mut [f32],
    fired: &mut [u32],
    currents: &[f32],
    neuron: &Neuron,
    time_steps: usize,
) {
    let each = words_for(time_steps);
    let mut masks = vec![[0; W]; each];
    let blocks = zip(potentials.as_chunks_mut::<W>().0.chunks_exact_mut(time_steps), currents.chunks(W));
    for ((potentials, currents), fired) in zip(blocks, fired.chunks_mut(W * each)) {
        let mut current = [0.0; W];
        current[..currents.len()].copy_from_slice(currents);
        potentials.fill(current);
        layer::neurons(potentials, &mut masks, neuron);
        scatter(fired, &masks);
    }
}

/// The gradient of the constant currents, [B, H], from that of the spikes.
pub(super) fn driven_backward(record: &Record, neuron: &Neuron, upstream: Upstream<'_>) -> Vec<f32> {
    let [batch, _, targets] = record.shape();
    let mut result = vec![0.0; batch * targets];
    let pieces = result.chunks_mut(targets.max(1)).enumerate();
    threads::each(pieces.collect(), |(sample, result)| {
        for_width!(blocks::width(targets), sample_driven_backward(result, record, neuron, upstream, sample));
    });
    result
}

fn sample_driven_backward<const W: usize>(
    result: &mut [f32],
    record: &Record,
    neuron: &Neuron,
    upstream: Upstream<'_>,
    sample: usize,
) {
    let Record { buffers, targets, time_steps, .. } = record;
    let mut derivative = vec![[0.0; W]; *time_steps];
    let count = targets.div_ceil(W);
    let potentials = &buffers.potentials.as_chunks::<W>().0[sample * count * time_steps..];
    for (block, (result, potentials)) in zip(result.chunks_mut(W), potentials.chunks_exact(*time_steps)).enumerate() {
        let mut sum = [0.0; W];
        upstream.write(&mut derivative, sample, block * W, *targets);
        layer::derivative(&mut derivative, &mut sum, potentials, neuron);
        zip(result, &sum).for_each(|(result, sum)| *result = *sum);
    }
}

/// A block's spikes, [words, W], as those of its neurons, [W or less, words].
fn scatter<const W: usize>(fired: &mut [u32], masks: &[[u32; W]]) {
    let each = masks.len();
    for (w, mask) in masks.iter().enumerate() {
        zip(fired.iter_mut().skip(w).step_by(each), mask).for_each(|(word, mask)| *word = *mask);
    }
}
