//! A layer of spiking neurons: the bits of its input times its weights, the neurons' equations, and both backwards.
//!
//! A cube is 64 neurons of one sample, a unit one neuron. The input currents of 32 time steps (or of all, where there are
//! fewer) stay in registers: a weight is read once and added wherever its sender's word has a bit. A sender that is silent
//! for so long costs a test, and eight of them together one as well.

use super::launch::UNITS;
use cubecl::prelude::*;

/// How the surrogate falls off; the slope's parameter comes with each launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Surrogate {
    FastSigmoid,
    Arctan,
    Sigmoid,
    Triangle,
}

/// What a kernel is compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    pub(super) to_zero: bool,
    pub(super) attached: bool,
    pub(super) surrogate: Surrogate,
}

/// A neuron's constants; `removed` is ρ.
#[derive(CubeLaunch, CubeType)]
pub(super) struct Cell {
    alpha: f32,
    beta: f32,
    gain: f32,
    threshold: f32,
    removed: f32,
    slope: f32,
    #[cube(comptime)]
    kind: Kind,
}

/// Senders whose words are brought near at once.
const TILE: usize = 256;
/// Senders that are tested at once.
const GROUP: usize = 8;
/// Senders whose weights' gradients a unit sums up at once.
pub(super) const SENDERS: usize = 8;

/// Where the weights of neuron `target` begin in [K, N, W]; those of sender n are n·W further.
#[cube]
pub(super) fn column(target: usize, senders: usize, #[comptime] width: usize) -> usize {
    target / width * senders * width + target % width
}

/// `value` where the bit of time step `t` is set, else 0. (A product with the bit would take a conversion, which cards do
/// slowly.)
#[cube]
fn where_set(value: f32, word: u32, #[comptime] t: u32) -> f32 {
    select(word & comptime!(1u32 << t) != 0, value, 0.0f32.runtime())
}

/// Spikes `fired` [B, H, words] and potentials [B, T, H] of a layer, from its input's `bits` [B, N, words].
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
pub(super) fn forward(
    bits: &[u32],
    weight: &[f32],
    bias: &[f32],
    fired: &mut [u32],
    potentials: &mut [f32],
    senders: usize,
    targets: usize,
    cell: Cell,
    #[comptime] time_steps: usize,
    #[comptime] width: usize,
) {
    let words = comptime!(time_steps.div_ceil(32));
    let near = comptime!(time_steps.min(32));
    let mut nearby = Shared::<[u32]>::new_slice(TILE);
    let mut any = Shared::<[u32]>::new_slice(TILE / GROUP);
    let unit = UNIT_POS as usize;
    let sample = CUBE_POS_Y as usize;
    let target = CUBE_POS_X as usize * UNITS + unit;
    let is_real = target < targets;
    // What has no neuron computes along with the last one: a barrier needs everybody.
    let target = select(is_real, target, targets - 1);
    let first = column(target, senders, width);
    let bias = bias[target];
    let mut current = 0.0f32;
    let mut after = 0.0f32;
    for word in 0..words {
        let mut sums = Sequence::<RuntimeCell<f32>>::new();
        #[unroll]
        for _t in 0..near {
            sums.push(RuntimeCell::<f32>::new(bias));
        }
        let mut start = 0usize;
        while start < senders {
            sync_cube();
            #[unroll]
            for part in 0..comptime!(TILE / UNITS) {
                let place = part * UNITS + unit;
                let sender = start + place;
                nearby[place] = 0;
                if sender < senders {
                    nearby[place] = bits[(sample * senders + sender) * words + word];
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
                            let weight = weight[first + (start + group * GROUP + place) * width];
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
            let step = word * 32 + t;
            if step < time_steps {
                current = cell.alpha * current + sums.index(t).read();
                let potential = cell.beta * after + cell.gain * current;
                let spike = potential > cell.threshold;
                after = select(spike, reset(potential, &cell), potential);
                mask |= select(spike, comptime!(1u32 << t as u32), 0u32);
                if is_real {
                    potentials[(sample * time_steps + step) * targets + target] = potential;
                }
            }
        }
        if is_real {
            fired[(sample * targets + target) * words + word] = mask;
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

/// One time step back: the loss's derivative by the potential, from that by the spike and `later`, that by the next time
/// step's potential; see [`crate::neuron`].
#[cube]
fn step_back(potential: f32, by_spike: f32, later: f32, cell: &Cell) -> f32 {
    let after = cell.beta * later;
    let mut by_spike = by_spike;
    if comptime!(cell.kind.attached) {
        let removed = if comptime!(cell.kind.to_zero) { potential } else { cell.removed };
        by_spike -= removed * after;
    }
    let mut passed = after;
    if comptime!(cell.kind.to_zero) {
        passed = select(potential > cell.threshold, 0.0f32.runtime(), after);
    }
    slope(potential - cell.threshold, cell) * by_spike + passed
}

/// The gradient of a spike at time step `t`, at `place` in [B, T, H]; where `factored`, a coefficient times a number for
/// each neuron.
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

/// The gradient of the currents, [B, T, H], from that of the spikes: [B, T, H], or where `factored` T coefficients and
/// then a number for each neuron, [T + B·H]. Where `summed` over time, as for constant currents, it is [B, H].
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
pub(super) fn scan(
    potentials: &[f32],
    by_spikes: &[f32],
    by_currents: &mut [f32],
    neurons: usize,
    targets: usize,
    cell: Cell,
    #[comptime] time_steps: usize,
    #[comptime] factored: bool,
    #[comptime] summed: bool,
) {
    let neuron = ABSOLUTE_POS;
    if neuron >= neurons {
        terminate!();
    }
    let start = neuron / targets * time_steps * targets + neuron % targets;
    let mut by_potential = 0.0f32;
    let mut by_current = 0.0f32;
    let mut sum = 0.0f32;
    for back in 0..time_steps {
        let t = time_steps - 1 - back;
        let place = start + t * targets;
        let by_spike = by_spike(by_spikes, t, neuron, place, time_steps, factored);
        by_potential = step_back(potentials[place], by_spike, by_potential, &cell);
        by_current = cell.gain * by_potential + cell.alpha * by_current;
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

/// The gradient of the weights, [K, N, W], and from `bias_at` on of the bias, [H]; the bias is the weight of a sender that
/// always spikes. Cube (x, y): 64 neurons, and [`SENDERS`] senders, the last of them only the bias.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
pub(super) fn weight_gradient(
    bits: &[u32],
    by_currents: &[f32],
    gradient: &mut [f32],
    batch: usize,
    senders: usize,
    targets: usize,
    bias_at: usize,
    #[comptime] time_steps: usize,
    #[comptime] width: usize,
) {
    let words = comptime!(time_steps.div_ceil(32));
    let near = comptime!(time_steps.min(32));
    let target = CUBE_POS_X as usize * UNITS + UNIT_POS as usize;
    let first = CUBE_POS_Y as usize * SENDERS;
    if target < targets {
        let mut sums = Sequence::<RuntimeCell<f32>>::new();
        #[unroll]
        for _place in 0..SENDERS {
            sums.push(RuntimeCell::<f32>::new(0.0f32));
        }
        let is_bias = first >= senders;
        for sample in 0..batch {
            for word in 0..words {
                let mut spikes = Sequence::<u32>::new();
                let mut together = 0u32;
                #[unroll]
                for place in 0..SENDERS {
                    let sender = first + place;
                    let mut own = 0u32;
                    if sender < senders {
                        own = bits[(sample * senders + sender) * words + word];
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
                            by_current = by_currents[(sample * time_steps + step) * targets + target];
                        }
                        gradients.push(by_current);
                    }
                    #[unroll]
                    for place in 0..SENDERS {
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
            gradient[bias_at + target] = sums.index(0usize).read();
        } else {
            let column = column(target, senders, width);
            #[unroll]
            for place in 0..SENDERS {
                if first + place < senders {
                    gradient[column + (first + place) * width] = sums.index(place).read();
                }
            }
        }
    }
    // The lanes that fill up the last block stay zero, for their weights must.
    let blocks = targets.div_ceil(width);
    if target >= targets && target < blocks * width && first < senders {
        let column = column(target, senders, width);
        #[unroll]
        for place in 0..SENDERS {
            if first + place < senders {
                gradient[column + (first + place) * width] = 0.0f32;
            }
        }
    }
}

/// Spikes and potentials of neurons into which the same current flows at every time step. A unit is a neuron.
#[cube(launch_unchecked)]
pub(super) fn driven(
    currents: &[f32],
    fired: &mut [u32],
    potentials: &mut [f32],
    neurons: usize,
    targets: usize,
    cell: Cell,
    #[comptime] time_steps: usize,
) {
    let words = comptime!(time_steps.div_ceil(32));
    let neuron = ABSOLUTE_POS;
    if neuron >= neurons {
        terminate!();
    }
    let start = neuron / targets * time_steps * targets + neuron % targets;
    let input = currents[neuron];
    let mut current = 0.0f32;
    let mut after = 0.0f32;
    for word in 0..words {
        let mut mask = 0u32;
        let mut t = 0u32;
        while t < 32 {
            let step = word * 32 + t as usize;
            if step < time_steps {
                current = cell.alpha * current + input;
                let potential = cell.beta * after + cell.gain * current;
                let spike = potential > cell.threshold;
                after = select(spike, reset(potential, &cell), potential);
                mask |= select(spike, 1u32 << t, 0u32);
                potentials[start + step * targets] = potential;
            }
            t += 1;
        }
        fired[neuron * words + word] = mask;
    }
}
