//! What reads the last layer: weighted counts of its spikes, leaky integrators, the loss; and all of it backwards.

use super::launch::UNITS;
use super::spiking::column;
use cubecl::prelude::*;

/// Classes whose scores a cube sums up at once.
pub(super) const CLASSES: usize = 16;
/// Units that share the sum of one score.
const SHARES: usize = UNITS / CLASSES;
/// Counts that are kept near.
const TILE: usize = 4 * UNITS;

/// Σ_t c[t]·s[t] of one neuron, from its words, which begin at `start`.
#[cube]
fn weighted(bits: &[u32], coefficients: &[f32], start: usize, time_steps: usize) -> f32 {
    let mut sum = 0.0f32;
    let mut t = 0usize;
    while t < time_steps {
        let mut word = bits[start + t / 32];
        let mut step = t;
        while word != 0 && step < time_steps {
            if word & 1 == 1 {
                sum += coefficients[step];
            }
            word >>= 1;
            step += 1;
        }
        t += 32;
    }
    sum
}

/// The weighted counts, [B·N].
#[cube(launch_unchecked)]
pub(super) fn count(bits: &[u32], coefficients: &[f32], counts: &mut [f32], neurons: usize, time_steps: usize) {
    let neuron = ABSOLUTE_POS;
    if neuron < neurons {
        counts[neuron] = weighted(bits, coefficients, neuron * time_steps.div_ceil(32), time_steps);
    }
}

/// The gradient of counted spikes as coefficients and then a number for each neuron, [T + B·N].
#[cube(launch_unchecked)]
pub(super) fn spread(by_counts: &[f32], coefficients: &[f32], factors: &mut [f32], neurons: usize, time_steps: usize) {
    let place = ABSOLUTE_POS;
    if place < time_steps {
        factors[place] = coefficients[place];
    } else if place < time_steps + neurons {
        factors[place] = by_counts[place - time_steps];
    }
}

/// Scores [B, C] of leaky integrators and the counts [B, N] that they read. Cube (x, y): 16 classes of sample y.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
pub(super) fn integrators(
    bits: &[u32],
    coefficients: &[f32],
    weight: &[f32],
    bias: &[f32],
    counts: &mut [f32],
    scores: &mut [f32],
    senders: usize,
    classes: usize,
    time_steps: usize,
    times: f32,
    #[comptime] width: usize,
) {
    let mut nearby = Shared::<[f32]>::new_slice(TILE);
    let mut partial = Shared::<[f32]>::new_slice(UNITS);
    let unit = UNIT_POS as usize;
    let sample = CUBE_POS_Y as usize;
    let class = CUBE_POS_X as usize * CLASSES + unit % CLASSES;
    let share = unit / CLASSES;
    let is_real = class < classes;
    let column = column(select(is_real, class, classes - 1), senders, width);
    let words = time_steps.div_ceil(32);
    let mut sum = 0.0f32;
    let mut start = 0usize;
    while start < senders {
        sync_cube();
        for part in 0..comptime!(TILE / UNITS) {
            let place = part * UNITS + unit;
            let sender = start + place;
            if sender < senders {
                let count = weighted(bits, coefficients, (sample * senders + sender) * words, time_steps);
                nearby[place] = count;
                if CUBE_POS_X == 0 {
                    counts[sample * senders + sender] = count;
                }
            }
        }
        sync_cube();
        let mut place = share;
        while place < TILE && start + place < senders {
            sum += nearby[place] * weight[column + (start + place) * width];
            place += SHARES;
        }
        start += TILE;
    }
    partial[unit] = sum;
    sync_cube();
    if share == 0 && is_real {
        let mut score = times * bias[class];
        #[unroll]
        for part in 0..SHARES {
            score += partial[part * CLASSES + unit];
        }
        scores[sample * classes + class] = score;
    }
}

/// Σ_b input[b, sender]·gradient[b, target].
#[cube]
fn outer(
    input: &[f32],
    by_output: &[f32],
    sender: usize,
    target: usize,
    batch: usize,
    senders: usize,
    targets: usize,
) -> f32 {
    let mut sum = 0.0f32;
    for sample in 0..batch {
        sum += input[sample * senders + sender] * by_output[sample * targets + target];
    }
    sum
}

/// One number of an affine map's gradient: weights [K, N, W], and from `bias_at` on the bias.
#[cube]
#[allow(clippy::too_many_arguments)]
fn by_parameter(
    input: &[f32],
    by_output: &[f32],
    place: usize,
    batch: usize,
    senders: usize,
    targets: usize,
    bias_at: usize,
    times: f32,
    #[comptime] width: usize,
) -> f32 {
    let mut result = 0.0f32;
    if place < bias_at {
        let block = place / (senders * width);
        let target = block * width + place % width;
        if target < targets {
            result = outer(input, by_output, place / width % senders, target, batch, senders, targets);
        }
    } else {
        for sample in 0..batch {
            result += times * by_output[sample * targets + place - bias_at];
        }
    }
    result
}

/// The gradient of an affine map's weights and bias, in one buffer.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
pub(super) fn affine_gradient(
    input: &[f32],
    by_output: &[f32],
    gradient: &mut [f32],
    batch: usize,
    senders: usize,
    targets: usize,
    bias_at: usize,
    times: f32,
    #[comptime] width: usize,
) {
    let place = ABSOLUTE_POS;
    if place < bias_at + targets {
        gradient[place] = by_parameter(input, by_output, place, batch, senders, targets, bias_at, times, width);
    }
}

/// The gradients of leaky integrators: of weights and bias in one buffer of `length` numbers, and of the spikes as
/// factors, [T + B·N].
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
pub(super) fn integrators_gradient(
    counts: &[f32],
    coefficients: &[f32],
    weight: &[f32],
    by_scores: &[f32],
    gradient: &mut [f32],
    factors: &mut [f32],
    batch: usize,
    senders: usize,
    classes: usize,
    bias_at: usize,
    time_steps: usize,
    times: f32,
    #[comptime] width: usize,
) {
    let length = bias_at + classes;
    if ABSOLUTE_POS < length {
        let place = ABSOLUTE_POS;
        gradient[place] = by_parameter(counts, by_scores, place, batch, senders, classes, bias_at, times, width);
    } else {
        let place = ABSOLUTE_POS - length;
        if place < time_steps {
            factors[place] = coefficients[place];
        } else if place < time_steps + batch * senders {
            let neuron = place - time_steps;
            let (sample, sender) = (neuron / senders, neuron % senders);
            let mut sum = 0.0f32;
            for class in 0..classes {
                let weight = weight[column(class, senders, width) + sender * width];
                sum += by_scores[sample * classes + class] * weight;
            }
            factors[place] = sum;
        }
    }
}

/// The largest score of a row and where it stands first.
#[derive(CubeType, Clone, Copy)]
struct Largest {
    score: f32,
    class: usize,
}

#[cube]
fn largest(scores: &[f32], start: usize, classes: usize) -> Largest {
    let mut score = scores[start];
    let mut class = 0usize;
    for other in 1..classes {
        let value = scores[start + other];
        if value > score {
            score = value;
            class = other;
        }
    }
    Largest { score, class }
}

/// The loss, [1], and how many rows have their label's score as the largest, [1]. One cube.
#[cube(launch_unchecked)]
pub(super) fn cross_entropy(
    scores: &[f32],
    labels: &[u32],
    loss: &mut [f32],
    correct: &mut [u32],
    rows: usize,
    classes: usize,
    batch: f32,
) {
    let mut losses = Shared::<[f32]>::new_slice(UNITS);
    let mut right = Shared::<[u32]>::new_slice(UNITS);
    let unit = UNIT_POS as usize;
    let mut sum = 0.0f32;
    let mut read = 0u32;
    let mut row = unit;
    while row < rows {
        let start = row * classes;
        let label = labels[row] as usize;
        let best = largest(scores, start, classes);
        let mut total = 0.0f32;
        for class in 0..classes {
            total += (scores[start + class] - best.score).exp();
        }
        sum += total.ln() + best.score - scores[start + label];
        read += select(best.class == label, 1u32, 0u32);
        row += UNITS;
    }
    losses[unit] = sum;
    right[unit] = read;
    sync_cube();
    if unit == 0 {
        let mut sum = 0.0f32;
        let mut read = 0u32;
        for place in 0..UNITS {
            sum += losses[place];
            read += right[place];
        }
        loss[0] = sum / batch;
        correct[0] = read;
    }
}

/// The gradient of the scores, [B, C]. A unit is a row.
#[cube(launch_unchecked)]
pub(super) fn cross_entropy_gradient(
    scores: &[f32],
    labels: &[u32],
    by_loss: &[f32],
    gradient: &mut [f32],
    rows: usize,
    classes: usize,
    batch: f32,
) {
    let row = ABSOLUTE_POS;
    if row < rows {
        let start = row * classes;
        let label = labels[row] as usize;
        let best = largest(scores, start, classes);
        let mut total = 0.0f32;
        for class in 0..classes {
            total += (scores[start + class] - best.score).exp();
        }
        let share = by_loss[0] / batch;
        for class in 0..classes {
            let part = (scores[start + class] - best.score).exp() / total;
            gradient[start + class] = (part - select(class == label, 1.0f32, 0.0f32)) * share;
        }
    }
}
