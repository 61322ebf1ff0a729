//! The kernels of convolutions on the CPU, event-driven: a spike adds its kernel's row of weights, one for each feature map, to
//! the places that see it. Maps lie in blocks of W channels, [K, P, T, W] for a sample: a place's channels fill a register, and
//! all that a neuron does over time is a block of [`super::lif`].
//!
//! Threads take samples. The gradients of each sample are summed apart and added in the order of the samples, so the result
//! depends neither on the number of threads nor on how a batch is cut.

use super::events::{self, Events};
use super::spiking::{BlockAt, Buffers, GradSums, LayerArgs, Saved, Upstream, for_width};
use super::storage;
use super::threads;
use super::{lif, spiking};
use crate::kernels::Neurons;
use crate::kernels::linear::{self, LinearShape};
use crate::simd::multiversion;
use crate::spec::Window;
use crate::spikes::{STEPS_PER_WORD, words_for};
use std::iter::zip;

/// Samples of a group for each thread: their gradients wait in memory until they are summed.
const SAMPLES_PER_THREAD: usize = 4;

/// Where a spike of the input goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    /// The first row, [P, T], of the place that sees it.
    row: u32,
    /// The place.
    pub(super) place: u32,
    /// The tap within a channel of the input.
    pub(super) tap: u32,
}

/// Where the spikes of each place of the input go.
pub(super) struct FanOut {
    /// Those of place i are `targets[starts[i]..starts[i + 1]]`.
    starts: Vec<usize>,
    targets: Vec<Target>,
    /// K², the taps within a channel.
    taps: usize,
}

impl FanOut {
    pub(super) fn new(window: Window, time_steps: usize) -> Self {
        let (mut starts, mut targets) = (vec![0], Vec::new());
        for at in 0..window.input.places() {
            let seen = window.targets(at / window.input.columns, at % window.input.columns);
            targets.extend(seen.map(|(place, tap)| Target {
                row: (place * time_steps) as u32,
                place: place as u32,
                tap: tap as u32,
            }));
            starts.push(targets.len());
        }
        Self { starts, targets, taps: window.kernel * window.kernel }
    }

    /// The targets of a neuron of the input, and the first tap of its channel.
    #[inline(always)]
    pub(super) fn of(&self, neuron: u32) -> (&[Target], usize) {
        let places = self.starts.len() - 1;
        let (channel, place) = (neuron as usize / places, neuron as usize % places);
        (&self.targets[self.starts[place]..self.starts[place + 1]], channel * self.taps)
    }
}

/// A row of weights, negated for an input that fires always, except at its events.
#[inline(always)]
fn signed<const W: usize>(row: &[f32; W], is_except: bool) -> [f32; W] {
    let mut signed = *row;
    if is_except {
        signed.iter_mut().for_each(|weight| *weight = -*weight);
    }
    signed
}

multiversion! {
    /// The input currents of one sample into a block of maps, `currents` [P, T, W], from its rows of weights [taps, W] and bias
    /// [W]. `always` [P, W] becomes what flows at every time step.
    fn currents<const W: usize>(
        currents: &mut [[f32; W]],
        always: &mut [[f32; W]],
        events: &Events,
        weight: &[[f32; W]],
        bias: &[f32; W],
        fan_out: &FanOut,
    ) {
        always.fill(*bias);
        for neuron in events.always() {
            let (targets, first) = fan_out.of(*neuron);
            for target in targets {
                events::add(&mut always[target.place as usize], &weight[first + target.tap as usize]);
            }
        }
        let time_steps = currents.len() / always.len();
        for (rows, always) in zip(currents.chunks_exact_mut(time_steps), &*always) {
            rows.fill(*always);
        }
        for (neuron, is_except, words) in events.active() {
            let (targets, first) = fan_out.of(neuron);
            let (pairs, rest) = targets.as_chunks::<2>();
            for targets in pairs {
                // Two places at once walk the events once. Targets are in the order of places.
                let [one, other] = targets.map(|target| signed(&weight[first + target.tap as usize], is_except));
                let [start, behind] = targets.map(|target| target.row as usize);
                let (left, right) = currents.split_at_mut(behind);
                let (left, right) = (&mut left[start..start + time_steps], &mut right[..time_steps]);
                let rows = zip(left.chunks_mut(STEPS_PER_WORD), right.chunks_mut(STEPS_PER_WORD));
                for ((left, right), word) in zip(rows, words) {
                    let mut word = *word;
                    while word != 0 {
                        let t = word.trailing_zeros() as usize;
                        events::add(&mut left[t], &one);
                        events::add(&mut right[t], &other);
                        word &= word - 1;
                    }
                }
            }
            for target in rest {
                let row = signed(&weight[first + target.tap as usize], is_except);
                let rows = &mut currents[target.row as usize..target.row as usize + time_steps];
                for (rows, word) in zip(rows.chunks_mut(STEPS_PER_WORD), words) {
                    let mut word = *word;
                    while word != 0 {
                        events::add(&mut rows[word.trailing_zeros() as usize], &row);
                        word &= word - 1;
                    }
                }
            }
        }
    }
}

multiversion! {
    /// Adds one sample's contribution to the gradient of a block's weights, [taps, W]: for each spike the derivative of its time
    /// step at each place that sees it, [P, T, W]. `sums` [P, W] are the sums of the derivative over all time steps.
    fn weight_gradient<const W: usize>(
        gradient: &mut [[f32; W]],
        events: &Events,
        derivative: &[[f32; W]],
        sums: &[[f32; W]],
        fan_out: &FanOut,
    ) {
        let time_steps = derivative.len() / sums.len();
        for (neuron, is_except, words) in events.active() {
            let (targets, first) = fan_out.of(neuron);
            let (pairs, rest) = targets.as_chunks::<2>();
            let mut add = |target: &Target, own: &[f32; W]| {
                let at = &mut gradient[first + target.tap as usize];
                if is_except {
                    events::add(at, &sums[target.place as usize]);
                    events::subtract(at, own);
                } else {
                    events::add(at, own);
                }
            };
            for targets in pairs {
                let [left, right] = targets.each_ref().map(|target| &derivative[target.row as usize..][..time_steps]);
                let (mut one, mut other) = ([0.0; W], [0.0; W]);
                let rows = zip(left.chunks(STEPS_PER_WORD), right.chunks(STEPS_PER_WORD));
                for ((left, right), word) in zip(rows, words) {
                    let mut word = *word;
                    while word != 0 {
                        let t = word.trailing_zeros() as usize;
                        events::add(&mut one, &left[t]);
                        events::add(&mut other, &right[t]);
                        word &= word - 1;
                    }
                }
                add(&targets[0], &one);
                add(&targets[1], &other);
            }
            for target in rest {
                let mut own = [0.0; W];
                let rows = &derivative[target.row as usize..][..time_steps];
                for (rows, word) in zip(rows.chunks(STEPS_PER_WORD), words) {
                    let mut word = *word;
                    while word != 0 {
                        events::add(&mut own, &rows[word.trailing_zeros() as usize]);
                        word &= word - 1;
                    }
                }
                add(target, &own);
            }
        }
    }
}

/// The spikes, [B, C·P, words], and the values saved for the backward pass, if `is_saved`.
pub(super) fn run(
    words: &[u32],
    batch: usize,
    layer: LayerArgs<'_>,
    window: Window,
    is_saved: bool,
) -> (Vec<u32>, Saved) {
    let LayerArgs { shape: LinearShape { outputs: channels, .. }, neuron, time_steps, .. } = layer;
    let (places, inputs, words_per_neuron) = (window.places(), window.input.neurons(), words_for(time_steps));
    let group = batch.div_ceil(threads::count() * SAMPLES_PER_THREAD).max(1);
    let block = places * time_steps * layer.shape.width();
    let sample = block * layer.shape.blocks();
    let size = if is_saved { batch * sample } else { batch.div_ceil(group) * block };
    let mut buffers = Buffers::take(size, if is_saved && neuron.is_adaptive() { size } else { 0 });
    buffers.events.resize_with(buffers.events.len().max(batch), Events::default);
    let mut fired = storage::words(batch * channels * places * words_per_neuron);
    let fan_out = FanOut::new(window, time_steps);
    let piece = if is_saved { group * sample } else { block };
    let mut adaptations = buffers.adaptations.chunks_mut(piece);
    let pieces = zip(
        zip(buffers.potentials.chunks_mut(piece), buffers.events[..batch].chunks_mut(group)),
        zip(
            fired.chunks_mut(group * channels * places * words_per_neuron),
            words.chunks(group * inputs * words_per_neuron),
        ),
    );
    let pieces = pieces.map(|piece| (piece, adaptations.next().unwrap_or_default()));
    threads::par_for_each(pieces.collect(), |(((potentials, events), (fired, words)), adaptations)| {
        let samples = zip(
            zip(events, words.chunks_exact(inputs * words_per_neuron)),
            fired.chunks_exact_mut(channels * places * words_per_neuron),
        );
        for (number, ((events, words), fired)) in samples.enumerate() {
            events::fill_unlisted(events, words, time_steps);
            let own = if is_saved { number * sample..(number + 1) * sample } else { 0..block };
            let adaptations = adaptations.get_mut(own.clone()).unwrap_or_default();
            let numbers = (&mut potentials[own], adaptations);
            for_width!(layer.shape.width(), sample_forward(numbers, events, fired, layer, &fan_out, is_saved));
        }
    });
    (fired, Saved { buffers, batch, inputs, channels, places, time_steps, is_by_block: false })
}

/// One sample through all blocks.
fn sample_forward<const W: usize>(
    (potentials, adaptations): (&mut [f32], &mut [f32]),
    events: &Events,
    fired: &mut [u32],
    layer: LayerArgs<'_>,
    fan_out: &FanOut,
    is_saved: bool,
) {
    let LayerArgs { shape, parameters, neuron, time_steps } = layer;
    let LinearShape { inputs: taps, outputs: channels } = shape;
    let (weight, bias) = parameters.split_at(shape.bias_start());
    let (potentials, adaptations) = (potentials.as_chunks_mut::<W>().0, adaptations.as_chunks_mut::<W>().0);
    let words_per_neuron = words_for(time_steps);
    let places = fired.len() / (channels * words_per_neuron);
    let (mut masks, mut always) = (vec![[0; W]; words_per_neuron], vec![[0.0; W]; places]);
    for (block, weight) in weight.as_chunks::<W>().0.chunks_exact(taps).enumerate() {
        let first = block * W;
        let real = W.min(channels - first);
        let mut block_bias = [0.0; W];
        block_bias[..real].copy_from_slice(&bias[first..first + real]);
        let start = if is_saved { block * places * time_steps } else { 0 };
        let maps = &mut potentials[start..start + places * time_steps];
        currents(maps, &mut always, events, weight, &block_bias, fan_out);
        let fired = &mut fired[first * places * words_per_neuron..];
        for place in 0..places {
            let rows = place * time_steps..(place + 1) * time_steps;
            let adaptations = adaptations.get_mut(start + rows.start..start + rows.end).unwrap_or_default();
            lif::neurons(&mut maps[rows], adaptations, &mut masks, neuron);
            for (w, mask) in masks.iter().enumerate() {
                let own = fired.iter_mut().skip(place * words_per_neuron + w).step_by(places * words_per_neuron);
                zip(own.take(real), mask).for_each(|(word, mask)| *word = *mask);
            }
        }
    }
}

/// The channels of the input whose gradients stay in registers.
const COLUMNS: usize = if cfg!(target_arch = "wasm32") { 8 } else { 16 };
/// The time steps of a tile, a divisor of the usual 25.
const ROWS: usize = 5;

/// The weights as they lead back, [columns, K², C, 16]: for 16 (or `COLUMNS`) channels of the input and each tap within a channel a matrix
/// from the maps to these.
struct Back {
    numbers: Vec<f32>,
    /// C, that of a matrix's rows.
    channels: usize,
    /// Channels of the input, in blocks of so many.
    width: usize,
    blocks: usize,
}

impl Back {
    fn new(parameters: &[f32], shape: LinearShape, window: Window) -> Self {
        let (inputs, taps) = (window.input.channels, window.kernel * window.kernel);
        let channels = shape.outputs;
        let (width, blocks) = (linear::width(inputs), linear::blocks(inputs));
        let mut numbers = storage::floats(blocks * width * taps * channels);
        numbers.fill(0.0);
        for input in 0..inputs {
            for tap in 0..taps {
                for channel in 0..channels {
                    let (block, lane) = (channel / shape.width(), channel % shape.width());
                    let from = (block * shape.inputs + input * taps + tap) * shape.width() + lane;
                    let to = ((input / COLUMNS * taps + tap) * channels + channel) * COLUMNS + input % COLUMNS;
                    numbers[to] = parameters[from];
                }
            }
        }
        Self { numbers, channels, width, blocks }
    }
}

/// Adds to `R` rows of `out`, so many numbers apart, the product of rows `left` [R, W] and `right` [W or less, `COLUMNS`]; if it is
/// the first, what was there is overwritten.
#[inline(always)]
fn tile<const W: usize, const R: usize>(
    out: &mut [f32],
    (stride, is_first): (usize, bool),
    left: &[[f32; W]],
    right: &[[f32; COLUMNS]],
) {
    let mut sums = [[0.0_f32; COLUMNS]; R];
    if !is_first {
        for (r, sums) in sums.iter_mut().enumerate() {
            sums.copy_from_slice(&out[r * stride..][..COLUMNS]);
        }
    }
    let Some(left) = left.first_chunk::<R>() else { return };
    for (l, right) in right[..right.len().min(W)].iter().enumerate() {
        for (sums, left) in zip(&mut sums, left) {
            let factor = left[l];
            zip(sums, right).for_each(|(sum, right)| *sum += factor * right);
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        out[r * stride..][..COLUMNS].copy_from_slice(sums);
    }
}

multiversion! {
    /// Adds to `COLUMNS` columns of `out`, rows of `stride` numbers, the product of `left` [T, W] and `right` [W or less, `COLUMNS`]; if it is
    /// the first, what was there is overwritten.
    fn product<const W: usize>(
        out: &mut [f32],
        stride: usize,
        is_first: bool,
        left: &[[f32; W]],
        right: &[[f32; COLUMNS]],
    ) {
        // The loops call no function of the standard library, which would be compiled for narrower instructions.
        let mut row = 0;
        while row + ROWS <= left.len() {
            tile::<W, ROWS>(&mut out[row * stride..], (stride, is_first), &left[row..], right);
            row += ROWS;
        }
        while row < left.len() {
            tile::<W, 1>(&mut out[row * stride..], (stride, is_first), &left[row..], right);
            row += 1;
        }
    }
}

/// The gradient of the spikes of a convolution.
pub(super) enum MapUpstream<'a> {
    /// In a form of its own.
    Elsewhere(Upstream<'a>),
    /// As the maps lie, [B, K, P, T, W], to be turned into the derivative by the currents.
    InPlace(&'a mut [f32]),
}

/// Accumulates the gradients of weights and bias from that of the layer's spikes; returns that of its input's spikes, [B, Kin,
/// Pin, T, Win], with W, if it is wanted.
pub(super) fn backward(
    saved: &Saved,
    neurons: &Neurons,
    upstream: MapUpstream<'_>,
    sums: GradSums<'_>,
    (parameters, window): (&[f32], Window),
    needs_input: bool,
) -> Option<(Vec<f32>, [usize; 5])> {
    let shape = LinearShape { inputs: window.taps(), outputs: saved.channels };
    let fan_out = FanOut::new(window, saved.time_steps);
    let back = needs_input.then(|| Back::new(parameters, shape, window));
    let input = back.as_ref().map(|back| back.blocks * window.input.places() * saved.time_steps * back.width);
    let mut by_input = input.map(|size| storage::floats(size * saved.batch));
    let group = if threads::count() == 1 { 1 } else { threads::count() * SAMPLES_PER_THREAD };
    let numbers = sums.started();
    let mut sums = storage::floats(group.min(saved.batch) * shape.numbers());
    let mut inputs = by_input.as_mut().zip(input).map(|(numbers, size)| numbers.chunks_mut(size));
    let (upstream, mut derivatives) = match upstream {
        MapUpstream::Elsewhere(upstream) => (Some(upstream), None),
        MapUpstream::InPlace(maps) => {
            let size = shape.blocks() * saved.places * saved.time_steps * shape.width();
            (None, Some(maps.chunks_mut(size)))
        }
    };
    for first in (0..saved.batch).step_by(group) {
        let samples = first..saved.batch.min(first + group);
        let pieces = zip(samples.clone(), sums.chunks_mut(shape.numbers()));
        let pieces = pieces.map(|(sample, sums)| {
            let [input, derivative] =
                [&mut inputs, &mut derivatives].map(|parts| parts.as_mut().and_then(Iterator::next));
            (sample, sums, derivative, input)
        });
        threads::par_for_each(pieces.collect(), |(sample, sums, derivative, input)| {
            let gradients = (sums, derivative, back.as_ref().zip(input));
            for_width!(shape.width(), sample_backward(saved, neurons, upstream, (sample, gradients), &fan_out));
        });
        add_samples(numbers, &sums[..samples.len() * shape.numbers()]);
    }
    storage::release(sums);
    let sizes = back.map(|back| {
        let sizes = [saved.batch, back.blocks, window.input.places(), saved.time_steps, back.width];
        storage::release(back.numbers);
        sizes
    });
    by_input.zip(sizes)
}

/// Adds the gradients of some samples, one after the other, to `sums`; threads take parts of the numbers.
pub(super) fn add_samples(sums: &mut [f32], samples: &[f32]) {
    let length = sums.len();
    let part = length.div_ceil(threads::count()).next_multiple_of(STEPS_PER_WORD);
    let pieces = sums.chunks_mut(part).enumerate();
    threads::par_for_each(pieces.collect(), |(piece, sums)| {
        for sample in samples.chunks_exact(length) {
            zip(&mut *sums, &sample[piece * part..]).for_each(|(sum, own)| *sum += own);
        }
    });
}

/// The gradients that a sample makes: of the layer's numbers; of its own spikes, if they are in place; and of its input's spikes,
/// if that is wanted.
type SampleGradients<'a> = (&'a mut [f32], Option<&'a mut [f32]>, Option<(&'a Back, &'a mut [f32])>);

fn sample_backward<const W: usize>(
    saved: &Saved,
    neurons: &Neurons,
    upstream: Option<Upstream<'_>>,
    (sample, (sums, in_place, back)): (usize, SampleGradients<'_>),
    fan_out: &FanOut,
) {
    let Saved { buffers, channels, places, time_steps, .. } = saved;
    let (blocks, map) = (channels.div_ceil(W), places * time_steps);
    let mut own = if in_place.is_some() { Vec::new() } else { storage::floats(blocks * map * W) };
    let numbers = in_place.unwrap_or(&mut own);
    let derivative = numbers.as_chunks_mut::<W>().0;
    let mut totals = vec![[0.0; W]; *places];
    sums.fill(0.0);
    let bias_start = sums.len() - channels;
    let (weight, bias) = sums.split_at_mut(bias_start);
    let taps = weight.len() / (blocks * W);
    let weights = weight.as_chunks_mut::<W>().0.chunks_exact_mut(taps);
    for (block, (derivative, (weight, bias))) in
        zip(derivative.chunks_exact_mut(map), zip(weights, bias.chunks_mut(W))).enumerate()
    {
        for (place, (derivative, total)) in zip(derivative.chunks_exact_mut(*time_steps), &mut totals).enumerate() {
            spiking::derivative(derivative, total, saved, neurons, upstream, BlockAt { sample, block, place });
            zip(&mut *bias, &*total).for_each(|(bias, sum)| *bias += sum);
        }
        weight_gradient(weight, &buffers.events[sample], derivative, &totals, fan_out);
    }
    if let Some((back, result)) = back {
        input_gradient(result, numbers.as_chunks::<W>().0, back, fan_out, [*places, *time_steps]);
    }
    storage::release(own);
}

/// The gradient of the input's spikes of one sample, [Kin, Pin, T, V], from the derivative by the currents, [K, P, T, W].
fn input_gradient<const W: usize>(
    result: &mut [f32],
    derivative: &[[f32; W]],
    back: &Back,
    fan_out: &FanOut,
    [places, time_steps]: [usize; 2],
) {
    let input_places = fan_out.starts.len() - 1;
    let matrices = back.numbers.as_chunks::<COLUMNS>().0;
    let groups = back.width / COLUMNS;
    for (number, rows) in result.chunks_exact_mut(time_steps * back.width).enumerate() {
        let (block, place) = (number / input_places, number % input_places);
        let (targets, _) = fan_out.of(place as u32);
        if targets.is_empty() {
            rows.fill(0.0);
        }
        for (nth, target) in targets.iter().enumerate() {
            for group in 0..groups {
                let matrix = ((block * groups + group) * fan_out.taps + target.tap as usize) * back.channels;
                let matrix = &matrices[matrix..][..back.channels];
                for (maps, matrix) in matrix.chunks(W).enumerate() {
                    let left = &derivative[maps * places * time_steps + target.row as usize..][..time_steps];
                    let is_first = nth + maps == 0;
                    product(&mut rows[group * COLUMNS..], back.width, is_first, left, matrix);
                }
            }
        }
    }
}
