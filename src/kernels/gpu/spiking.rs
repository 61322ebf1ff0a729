//! The kernels of a layer of spiking neurons on the GPU: the product of its input's bits and its weights, the neurons'
//! equations, and both backward.
//!
//! A workgroup is 64 neurons of one sample, an invocation one neuron. The input currents of 32 time steps (or of all,
//! if there are fewer) stay in registers: a weight is read once and added wherever its input's word has a bit. An input
//! that is silent for all of them costs one test, and so do eight such inputs together.

use super::launch::{
    WORKGROUP_SIZE, alloc, check_length, contiguous, dims, invocations, row_of_workgroups, workgroup_size, workgroups,
};
use crate::kernels::{LinearShape, Neurons};
use crate::rate_penalty::RatePenalty;
use crate::spec::{self, Neuron};
use crate::spikes::words_for;
use burn::tensor::DType;
use burn_wgpu::CubeTensor;
use cubecl::prelude::*;

/// The kind of surrogate; its parameter is an argument of each launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Surrogate {
    FastSigmoid,
    Arctan,
    Sigmoid,
    Triangle,
}

/// The compile-time parameters of a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Kind {
    to_zero: bool,
    attached: bool,
    adaptive: bool,
    surrogate: Surrogate,
}

/// A neuron's constants; `removed` is r.
#[derive(CubeLaunch, CubeType)]
struct Cell {
    alpha: f32,
    beta: f32,
    gain: f32,
    threshold: f32,
    adaptation: f32,
    adaptation_decay: f32,
    removed: f32,
    slope: f32,
    #[cube(comptime)]
    kind: Kind,
}

/// A neuron's state between two time steps.
#[derive(CubeType, Clone, Copy)]
struct State {
    current: f32,
    after: f32,
    adaptation: f32,
}

/// The number of inputs whose words are loaded to shared memory at once.
const TILE: usize = 256;
/// The number of inputs that are tested at once.
const GROUP: usize = 8;
/// The number of inputs whose weights' gradients an invocation sums at once.
const INPUTS: usize = 8;

/// The index of the first weight of output `output` in [K, N, W]; that of input n is n·W further.
#[cube]
pub(super) fn column(output: usize, inputs: usize, #[comptime] width: usize) -> usize {
    output / width * inputs * width + output % width
}

/// `value` if the bit of time step `t` is set, else 0. (A product with the bit would need a conversion, which is slow
/// on GPUs.)
#[cube]
fn where_set(value: f32, word: u32, #[comptime] t: u32) -> f32 {
    select(word & comptime!(1u32 << t) != 0, value, 0.0f32.runtime())
}

/// One time step of a neuron, with its input current; see [`crate::neuron`]. Returns u; the neuron has fired if u is
/// above the threshold before the step.
#[cube]
fn step(state: &mut State, input: f32, cell: &Cell) -> f32 {
    state.current = cell.alpha * state.current + input;
    let potential = cell.beta * state.after + cell.gain * state.current;
    let spike = potential > threshold(state.adaptation, cell);
    state.after = select(spike, reset(potential, cell), potential);
    if comptime!(cell.kind.adaptive) {
        let raised = cell.adaptation_decay * state.adaptation;
        state.adaptation = select(spike, raised + cell.adaptation, raised);
    }
    potential
}

/// θ + a.
#[cube]
fn threshold(adaptation: f32, cell: &Cell) -> f32 {
    if comptime!(cell.kind.adaptive) { cell.threshold + adaptation } else { cell.threshold }
}

/// Spikes `fired` [B, H, words] and potentials [B, T, H] of a layer, from its input's `bits` [B, N, words]; for
/// adaptive thresholds also the adaptations [B, T, H]. Samples are along y, and z where they are more than an axis has workgroups.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn forward(
    bits: &[u32],
    parameters: &[f32],
    fired: &mut [u32],
    potentials: &mut [f32],
    adaptations: &mut [f32],
    batch: usize,
    inputs: usize,
    outputs: usize,
    bias_start: usize,
    cell: Cell,
    #[comptime] time_steps: usize,
    #[comptime] width: usize,
) {
    let sample = row_of_workgroups();
    // All invocations of a workgroup are of one sample.
    if sample >= batch {
        terminate!();
    }
    let words = comptime!(time_steps.div_ceil(32));
    let near = comptime!(time_steps.min(32));
    let mut nearby = Shared::<[u32]>::new_slice(TILE);
    let mut any = Shared::<[u32]>::new_slice(TILE / GROUP);
    let unit = UNIT_POS as usize;
    let output = CUBE_POS_X as usize * WORKGROUP_SIZE + unit;
    let is_real = output < outputs;
    // An invocation without a neuron repeats the last one's work: a barrier needs all invocations.
    let output = select(is_real, output, outputs - 1);
    let first = column(output, inputs, width);
    let bias = parameters[bias_start + output];
    let mut state = State { current: 0.0f32, after: 0.0f32, adaptation: 0.0f32 };
    for word in 0..words {
        let mut sums = Sequence::<RuntimeCell<f32>>::new();
        #[unroll]
        for _t in 0..near {
            sums.push(RuntimeCell::<f32>::new(bias));
        }
        let mut start = 0usize;
        while start < inputs {
            sync_cube();
            #[unroll]
            for part in 0..comptime!(TILE / WORKGROUP_SIZE) {
                let place = part * WORKGROUP_SIZE + unit;
                let input = start + place;
                nearby[place] = 0;
                if input < inputs {
                    nearby[place] = bits[(sample * inputs + input) * words + word];
                }
            }
            sync_cube();
            if unit < comptime!(TILE / GROUP) {
                let mut together = 0u32;
                #[unroll]
                for place in 0..GROUP {
                    together |= nearby[unit * GROUP + place];
                }
                any[unit] = together;
            }
            sync_cube();
            for group in 0..comptime!(TILE / GROUP) {
                if any[group] != 0 {
                    for place in 0..GROUP {
                        let word = nearby[group * GROUP + place];
                        if word != 0 {
                            let weight = parameters[first + (start + group * GROUP + place) * width];
                            #[unroll]
                            for t in 0..near {
                                let sum = sums.index(t);
                                sum.store(sum.read() + where_set(weight, word, comptime!(t as u32)));
                            }
                        }
                    }
                }
            }
            start += TILE;
        }
        let mut mask = 0u32;
        #[unroll]
        for t in 0..near {
            let time = word * 32 + t;
            if time < time_steps {
                let adaptation = state.adaptation;
                let potential = self::step(&mut state, sums.index(t).read(), &cell);
                let spike = potential > threshold(adaptation, &cell);
                mask |= select(spike, comptime!(1u32 << t as u32), 0u32);
                if is_real {
                    let place = (sample * time_steps + time) * outputs + output;
                    potentials[place] = potential;
                    if comptime!(cell.kind.adaptive) {
                        adaptations[place] = adaptation;
                    }
                }
            }
        }
        if is_real {
            fired[(sample * outputs + output) * words + word] = mask;
        }
    }
}

/// The potential after a spike.
#[cube]
fn reset(potential: f32, cell: &Cell) -> f32 {
    if comptime!(cell.kind.to_zero) { 0.0f32.runtime() } else { potential - cell.removed }
}

/// The surrogate's slope at x = u - θ.
#[cube]
fn slope(x: f32, cell: &Cell) -> f32 {
    let k = cell.slope;
    if comptime!(cell.kind.surrogate == Surrogate::FastSigmoid) {
        let q = 1.0f32 + k * x.abs();
        1.0f32 / (q * q)
    } else if comptime!(cell.kind.surrogate == Surrogate::Arctan) {
        let q = comptime!(std::f32::consts::FRAC_PI_2) * k * x;
        k / 2.0f32 / (1.0f32 + q * q)
    } else if comptime!(cell.kind.surrogate == Surrogate::Sigmoid) {
        let e = (0.0f32 - (k * x).abs()).exp();
        k * e / ((1.0f32 + e) * (1.0f32 + e))
    } else {
        let height = 1.0f32 - x.abs();
        select(height > 0.0f32, height, 0.0f32.runtime())
    }
}

/// The loss's derivatives by a neuron's state.
#[derive(CubeType, Clone, Copy)]
struct Adjoint {
    potential: f32,
    current: f32,
    adaptation: f32,
}

/// One time step back: the loss's derivative by the input current, from u, a and that by the spike; see [`crate::neuron`].
#[cube]
fn step_back(adjoint: &mut Adjoint, potential: f32, adaptation: f32, by_spike: f32, cell: &Cell) -> f32 {
    let after = cell.beta * adjoint.potential;
    let mut by_spike = by_spike;
    if comptime!(cell.kind.attached) {
        let removed = if comptime!(cell.kind.to_zero) { potential } else { cell.removed };
        by_spike -= removed * after;
    }
    if comptime!(cell.kind.adaptive) {
        by_spike += cell.adaptation * adjoint.adaptation;
    }
    let threshold = threshold(adaptation, cell);
    let mut passed = after;
    if comptime!(cell.kind.to_zero) {
        passed = select(potential > threshold, 0.0f32.runtime(), after);
    }
    let by_distance = slope(potential - threshold, cell) * by_spike;
    adjoint.potential = by_distance + passed;
    if comptime!(cell.kind.adaptive) {
        adjoint.adaptation = cell.adaptation_decay * adjoint.adaptation - by_distance;
    }
    adjoint.current = cell.gain * adjoint.potential + cell.alpha * adjoint.current;
    adjoint.current
}

/// The gradient of a spike at time step `t`, at index `place` of [B, T, H]; if `factored`, a coefficient times a number
/// for each neuron.
#[cube]
fn by_spike(
    by_spikes: &[f32],
    t: usize,
    neuron: usize,
    place: usize,
    #[comptime] time_steps: usize,
    #[comptime] factored: bool,
) -> f32 {
    if factored { by_spikes[t] * by_spikes[time_steps + neuron] } else { by_spikes[place] }
}

/// r - r* of a neuron that spiked `count` times; 0 below r*. See [`RatePenalty::excess`].
#[cube]
fn excess(count: f32, time_steps: f32, target: f32) -> f32 {
    let above = count / time_steps - target;
    select(above > 0.0f32, above, 0.0f32.runtime())
}

/// The gradient of the currents, [B, T, H], from that of the spikes: [B, T, H], or if `factored` T coefficients and
/// then a number for each neuron, [T + B·H]. If `summed` over time, as for constant currents, it is [B, H]. If
/// `penalised`, the excess of a neuron's firing rate over `target`, times `factor`, is added to that of each spike.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn scan(
    potentials: &[f32],
    adaptations: &[f32],
    by_spikes: &[f32],
    by_currents: &mut [f32],
    neurons: usize,
    outputs: usize,
    target: f32,
    factor: f32,
    cell: Cell,
    #[comptime] time_steps: usize,
    #[comptime] factored: bool,
    #[comptime] summed: bool,
    #[comptime] penalised: bool,
) {
    let neuron = ABSOLUTE_POS;
    if neuron >= neurons {
        terminate!();
    }
    let start = neuron / outputs * time_steps * outputs + neuron % outputs;
    let mut price = 0.0f32;
    if penalised {
        let mut count = 0.0f32;
        for t in 0..time_steps {
            let place = start + t * outputs;
            let mut adaptation = 0.0f32;
            if comptime!(cell.kind.adaptive) {
                adaptation = adaptations[place];
            }
            count += select(potentials[place] > threshold(adaptation, &cell), 1.0f32, 0.0f32.runtime());
        }
        price = factor * excess(count, f32::cast_from(time_steps as u32), target);
    }
    let mut adjoint = Adjoint { potential: 0.0f32, current: 0.0f32, adaptation: 0.0f32 };
    let mut sum = 0.0f32;
    for back in 0..time_steps {
        let t = time_steps - 1 - back;
        let place = start + t * outputs;
        let mut by_spike = by_spike(by_spikes, t, neuron, place, time_steps, factored);
        if penalised {
            by_spike += price;
        }
        let mut adaptation = 0.0f32;
        if comptime!(cell.kind.adaptive) {
            adaptation = adaptations[place];
        }
        let by_current = step_back(&mut adjoint, potentials[place], adaptation, by_spike, &cell);
        if summed {
            sum += by_current;
        } else {
            by_currents[place] = by_current;
        }
    }
    if summed {
        by_currents[neuron] = sum;
    }
}

/// The gradient of the weights, [K, N, W], and of the bias, [H], from `bias_start` on; the bias is the weight of an
/// input that always spikes. Workgroup (x, y): 64 neurons, and [`INPUTS`] inputs, the last of them only the bias.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn weight_gradient(
    bits: &[u32],
    by_currents: &[f32],
    gradient: &mut [f32],
    batch: usize,
    inputs: usize,
    outputs: usize,
    bias_start: usize,
    #[comptime] time_steps: usize,
    #[comptime] width: usize,
) {
    let words = comptime!(time_steps.div_ceil(32));
    let near = comptime!(time_steps.min(32));
    let output = CUBE_POS_X as usize * WORKGROUP_SIZE + UNIT_POS as usize;
    let first = CUBE_POS_Y as usize * INPUTS;
    if output < outputs {
        let mut sums = Sequence::<RuntimeCell<f32>>::new();
        #[unroll]
        for _place in 0..INPUTS {
            sums.push(RuntimeCell::<f32>::new(0.0f32));
        }
        let is_bias = first >= inputs;
        for sample in 0..batch {
            for word in 0..words {
                let mut spikes = Sequence::<u32>::new();
                let mut together = 0u32;
                #[unroll]
                for place in 0..INPUTS {
                    let input = first + place;
                    let mut own = 0u32;
                    if input < inputs {
                        own = bits[(sample * inputs + input) * words + word];
                    }
                    if comptime!(place == 0) {
                        own = select(is_bias, 0xffff_ffffu32.runtime(), own);
                    }
                    spikes.push(own);
                    together |= own;
                }
                if together != 0 {
                    let mut gradients = Sequence::<f32>::new();
                    #[unroll]
                    for t in 0..near {
                        let step = word * 32 + t;
                        let mut by_current = 0.0f32;
                        if step < time_steps {
                            by_current = by_currents[(sample * time_steps + step) * outputs + output];
                        }
                        gradients.push(by_current);
                    }
                    #[unroll]
                    for place in 0..INPUTS {
                        let own = *spikes.index(place);
                        if own != 0 {
                            let mut sum = sums.index(place).read();
                            #[unroll]
                            for t in 0..near {
                                sum += where_set(*gradients.index(t), own, comptime!(t as u32));
                            }
                            sums.index(place).store(sum);
                        }
                    }
                }
            }
        }
        if is_bias {
            gradient[bias_start + output] = sums.index(0usize).read();
        } else {
            let column = column(output, inputs, width);
            #[unroll]
            for place in 0..INPUTS {
                if first + place < inputs {
                    gradient[column + (first + place) * width] = sums.index(place).read();
                }
            }
        }
    }
    // The lanes that pad the last block stay zero, as their weights must.
    let blocks = outputs.div_ceil(width);
    if output >= outputs && output < blocks * width && first < inputs {
        let column = column(output, inputs, width);
        #[unroll]
        for place in 0..INPUTS {
            if first + place < inputs {
                gradient[column + (first + place) * width] = 0.0f32;
            }
        }
    }
}

/// Spikes, potentials and, for adaptive thresholds, adaptations of neurons under constant input currents. An invocation
/// is a neuron.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn constant_input(
    currents: &[f32],
    fired: &mut [u32],
    potentials: &mut [f32],
    adaptations: &mut [f32],
    neurons: usize,
    outputs: usize,
    cell: Cell,
    #[comptime] time_steps: usize,
) {
    let words = comptime!(time_steps.div_ceil(32));
    let neuron = ABSOLUTE_POS;
    if neuron >= neurons {
        terminate!();
    }
    let start = neuron / outputs * time_steps * outputs + neuron % outputs;
    let input = currents[neuron];
    let mut state = State { current: 0.0f32, after: 0.0f32, adaptation: 0.0f32 };
    for word in 0..words {
        let mut mask = 0u32;
        let mut t = 0u32;
        while t < 32 {
            let time = word * 32 + t as usize;
            if time < time_steps {
                let adaptation = state.adaptation;
                let potential = step(&mut state, input, &cell);
                let spike = potential > threshold(adaptation, &cell);
                mask |= select(spike, 1u32 << t, 0u32);
                potentials[start + time * outputs] = potential;
                if comptime!(cell.kind.adaptive) {
                    adaptations[start + time * outputs] = adaptation;
                }
            }
            t += 1;
        }
        fired[neuron * words + word] = mask;
    }
}

/// What the firing rates of spikes [B, H, words] add to the loss, [1]. One workgroup.
#[cube(launch_unchecked)]
fn rates_over(bits: &[u32], sum: &mut [f32], neurons: usize, share: f32, target: f32, #[comptime] time_steps: usize) {
    let words = comptime!(time_steps.div_ceil(32));
    let mut sums = Shared::<[f32]>::new_slice(WORKGROUP_SIZE);
    let unit = UNIT_POS as usize;
    let mut own = 0.0f32;
    let mut neuron = unit;
    while neuron < neurons {
        let mut count = 0u32;
        for word in 0..words {
            count += bits[neuron * words + word].count_ones();
        }
        let above = excess(f32::cast_from(count), f32::cast_from(time_steps as u32), target);
        own += above * above;
        neuron += WORKGROUP_SIZE;
    }
    sums[unit] = own;
    sync_cube();
    if unit == 0 {
        let mut all = 0.0f32;
        for place in 0..WORKGROUP_SIZE {
            all += sums[place];
        }
        sum[0] = share * all;
    }
}

/// What the firing rates of spikes [B, H, words] add to the loss, [1].
///
/// # Panics
/// If the spikes have not the words of T time steps.
pub(super) fn rate_penalty(bits: &CubeTensor, penalty: RatePenalty, time_steps: usize) -> CubeTensor {
    let [batch, neurons, words] = dims(bits);
    assert_eq!(words, words_for(time_steps), "words of a neuron");
    let sum = alloc(bits, [1], DType::F32);
    // SAFETY: an invocation reads the words of neurons below B·H, which `bits` has, and one writes the only number of `sum`.
    #[allow(unsafe_code)]
    unsafe {
        rates_over::launch_unchecked(
            &bits.client,
            workgroups(1, 1),
            workgroup_size(),
            bits.clone().into_buffer_arg(),
            sum.clone().into_buffer_arg(),
            batch * neurons,
            penalty.strength / neurons as f32,
            penalty.target,
            time_steps,
        );
    }
    sum
}

/// The values saved by the forward pass: the potentials, [B, T, H], and, for adaptive thresholds, the adaptations, of
/// the same shape (else one number that is never read).
#[derive(Clone, Debug)]
pub(crate) struct Saved {
    pub(super) potentials: CubeTensor,
    adaptations: CubeTensor,
}

impl Saved {
    fn alloc(like: &CubeTensor, [batch, time_steps, outputs]: [usize; 3], neuron: &Neuron) -> Self {
        let all = [batch, time_steps, outputs];
        let adaptations = if neuron.is_adaptive() { all } else { [1, 1, 1] };
        Self { potentials: alloc(like, all, DType::F32), adaptations: alloc(like, adaptations, DType::F32) }
    }
}

fn cell(neuron: &Neuron) -> CellLaunch {
    let (surrogate, slope) = match neuron.surrogate {
        spec::Surrogate::FastSigmoid(slope) => (Surrogate::FastSigmoid, slope),
        spec::Surrogate::Arctan(slope) => (Surrogate::Arctan, slope),
        spec::Surrogate::Sigmoid(slope) => (Surrogate::Sigmoid, slope),
        spec::Surrogate::Triangle => (Surrogate::Triangle, 0.0),
    };
    let removed = neuron.subtracted();
    let attached = neuron.attached_reset;
    let kind = Kind { to_zero: removed.is_none(), attached, adaptive: neuron.is_adaptive(), surrogate };
    let Neuron { alpha, beta, gain, threshold, adaptation, adaptation_decay, .. } = *neuron;
    let removed = removed.unwrap_or(0.0);
    CellLaunch::new(alpha, beta, gain, threshold, adaptation, adaptation_decay, removed, slope, kind)
}

/// The spikes [B, H, words] of a layer, and the values saved for the backward pass, from the spikes [B, N, words] of
/// its inputs.
///
/// # Panics
/// If the buffers do not have these sizes.
pub(super) fn layer(
    bits: &CubeTensor,
    parameters: &CubeTensor,
    shape: LinearShape,
    neuron: &Neuron,
    time_steps: usize,
) -> (CubeTensor, Saved) {
    let LinearShape { inputs, outputs } = shape;
    let [batch, _, words] = dims(bits);
    assert_eq!(words, words_for(time_steps), "words of a neuron");
    check_length("the input's spikes", bits, batch * inputs * words);
    check_length("the numbers of a linear map", parameters, shape.numbers());
    let spikes = alloc(bits, [batch, outputs, words], DType::U32);
    let saved = Saved::alloc(bits, [batch, time_steps, outputs], neuron);
    // SAFETY: samples, inputs, outputs and time steps are below the sizes that are checked above, and of which the buffers
    // are that are written.
    #[allow(unsafe_code)]
    unsafe {
        forward::launch_unchecked(
            &bits.client,
            workgroups(outputs.div_ceil(WORKGROUP_SIZE), batch),
            workgroup_size(),
            bits.clone().into_buffer_arg(),
            parameters.clone().into_buffer_arg(),
            spikes.clone().into_buffer_arg(),
            saved.potentials.clone().into_buffer_arg(),
            saved.adaptations.clone().into_buffer_arg(),
            batch,
            inputs,
            outputs,
            shape.bias_start(),
            cell(neuron),
            time_steps,
            shape.width(),
        );
    }
    (spikes, saved)
}

/// The spikes [B, H, words] of neurons under constant input currents, [B, H], and the values saved for the backward
/// pass.
pub(super) fn lif_constant_input(currents: &CubeTensor, neuron: &Neuron, time_steps: usize) -> (CubeTensor, Saved) {
    let [batch, outputs] = dims(currents);
    let spikes = alloc(currents, [batch, outputs, words_for(time_steps)], DType::U32);
    let saved = Saved::alloc(currents, [batch, time_steps, outputs], neuron);
    // SAFETY: an invocation below B·H reads and writes what belongs to its neuron, in buffers of these sizes.
    #[allow(unsafe_code)]
    unsafe {
        constant_input::launch_unchecked(
            &currents.client,
            invocations(batch * outputs),
            workgroup_size(),
            currents.clone().into_buffer_arg(),
            spikes.clone().into_buffer_arg(),
            saved.potentials.clone().into_buffer_arg(),
            saved.adaptations.clone().into_buffer_arg(),
            batch * outputs,
            outputs,
            cell(neuron),
            time_steps,
        );
    }
    (spikes, saved)
}

/// The gradient of a layer's currents, [B, T, H], from that of its spikes in either form; if `summed` over time, [B,
/// H]. A penalty is for firing rates in a layer of `all` neurons.
///
/// # Panics
/// If the gradient has another number of elements.
pub(super) fn lif_backward(
    saved: &Saved,
    grad_spikes: CubeTensor,
    (neurons, all): (&Neurons, usize),
    summed: bool,
) -> CubeTensor {
    let Neurons { neuron, penalty } = neurons;
    let [batch, time_steps, outputs] = dims(&saved.potentials);
    let factored = grad_spikes.meta.num_dims() == 1;
    let gradient = contiguous(grad_spikes);
    let needed = if factored { time_steps + batch * outputs } else { batch * time_steps * outputs };
    check_length("the gradient of the spikes", &gradient, needed);
    if neuron.is_adaptive() {
        check_length("the adaptations", &saved.adaptations, batch * time_steps * outputs);
    }
    let currents = match summed {
        true => alloc(&gradient, [batch, outputs], DType::F32),
        false => alloc(&gradient, [batch, time_steps, outputs], DType::F32),
    };
    // SAFETY: an invocation below B·H reads and writes what belongs to its neuron, in buffers of the sizes checked above.
    #[allow(unsafe_code)]
    unsafe {
        scan::launch_unchecked(
            &currents.client,
            invocations(batch * outputs),
            workgroup_size(),
            saved.potentials.clone().into_buffer_arg(),
            saved.adaptations.clone().into_buffer_arg(),
            gradient.into_buffer_arg(),
            currents.clone().into_buffer_arg(),
            batch * outputs,
            outputs,
            penalty.target,
            penalty.factor(all, time_steps),
            cell(neuron),
            time_steps,
            factored,
            summed,
            !penalty.is_none(),
        );
    }
    currents
}

/// The gradients of a layer's parameters and of its currents, [B, T, H], from that of its own spikes. A penalty is for firing rates
/// in a layer of `all` neurons.
///
/// # Panics
/// If the sizes of the buffers do not match.
pub(super) fn layer_backward(
    (bits, saved): &(CubeTensor, Saved),
    parameters: &CubeTensor,
    shape: LinearShape,
    grad_spikes: CubeTensor,
    neurons: &Neurons,
    all: usize,
) -> (CubeTensor, CubeTensor) {
    let LinearShape { inputs, outputs } = shape;
    let [batch, time_steps, width] = dims(&saved.potentials);
    assert_eq!(width, outputs, "the neurons of a layer");
    check_length("the input's spikes", bits, batch * inputs * words_for(time_steps));
    let currents = lif_backward(saved, grad_spikes, (neurons, all), false);
    let gradient = alloc(parameters, [shape.numbers()], DType::F32);
    // SAFETY: samples, inputs, outputs and time steps are below the sizes that are checked above, and those of
    // `currents`; all indices written are below the number of the map's parameters.
    #[allow(unsafe_code)]
    unsafe {
        weight_gradient::launch_unchecked(
            &parameters.client,
            workgroups(outputs.div_ceil(WORKGROUP_SIZE), inputs.div_ceil(INPUTS) + 1),
            workgroup_size(),
            bits.clone().into_buffer_arg(),
            currents.clone().into_buffer_arg(),
            gradient.clone().into_buffer_arg(),
            batch,
            inputs,
            outputs,
            shape.bias_start(),
            time_steps,
            shape.width(),
        );
    }
    (gradient, currents)
}
