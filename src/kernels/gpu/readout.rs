//! The readouts on the GPU, forward and backward: weighted spike counts, leaky integrators, the loss.

use super::launch::{
    WORKGROUP_SIZE, alloc, check_length, contiguous, dims, invocations, length, upload, workgroup_size, workgroups,
};
use super::product;
use super::spiking::column;
use crate::kernels::{LinearGradients, LinearShape, LossOutput};
use burn::tensor::DType;
use burn_wgpu::CubeBackend;
use burn_wgpu::CubeTensor;
use cubecl::prelude::*;

/// The number of classes whose scores a workgroup sums at once.
const CLASSES: usize = 16;
/// The number of invocations that share the sum of one score.
const SHARES: usize = WORKGROUP_SIZE / CLASSES;
/// The number of counts in shared memory.
const TILE: usize = 4 * WORKGROUP_SIZE;

/// Σ_t c[t]·s[t] of one neuron, from its words, which start at index `start`.
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
fn counts_of(bits: &[u32], coefficients: &[f32], counts: &mut [f32], neurons: usize, time_steps: usize) {
    let neuron = ABSOLUTE_POS;
    if neuron < neurons {
        counts[neuron] = weighted(bits, coefficients, neuron * time_steps.div_ceil(32), time_steps);
    }
}

/// The gradient of counted spikes in factors: the coefficients, then a number for each neuron, [T + B·N].
#[cube(launch_unchecked)]
fn factors_of(by_counts: &[f32], coefficients: &[f32], factors: &mut [f32], neurons: usize, time_steps: usize) {
    let place = ABSOLUTE_POS;
    if place < time_steps {
        factors[place] = coefficients[place];
    } else if place < time_steps + neurons {
        factors[place] = by_counts[place - time_steps];
    }
}

/// The scores [B, C] of leaky integrators, and the counts [B, N] of their input spikes. Workgroup (x, y): 16 classes of
/// sample y.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn integrator_scores(
    bits: &[u32],
    coefficients: &[f32],
    parameters: &[f32],
    counts: &mut [f32],
    scores: &mut [f32],
    inputs: usize,
    classes: usize,
    bias_start: usize,
    time_steps: usize,
    bias_scale: f32,
    #[comptime] width: usize,
) {
    let mut nearby = Shared::<[f32]>::new_slice(TILE);
    let mut partial = Shared::<[f32]>::new_slice(WORKGROUP_SIZE);
    let unit = UNIT_POS as usize;
    let sample = CUBE_POS_Y as usize;
    let class = CUBE_POS_X as usize * CLASSES + unit % CLASSES;
    let share = unit / CLASSES;
    let is_real = class < classes;
    let column = column(select(is_real, class, classes - 1), inputs, width);
    let words = time_steps.div_ceil(32);
    let mut sum = 0.0f32;
    let mut start = 0usize;
    while start < inputs {
        sync_cube();
        for part in 0..comptime!(TILE / WORKGROUP_SIZE) {
            let place = part * WORKGROUP_SIZE + unit;
            let input = start + place;
            if input < inputs {
                let count = weighted(bits, coefficients, (sample * inputs + input) * words, time_steps);
                nearby[place] = count;
                if CUBE_POS_X == 0 {
                    counts[sample * inputs + input] = count;
                }
            }
        }
        sync_cube();
        let mut place = share;
        while place < TILE && start + place < inputs {
            sum += nearby[place] * parameters[column + (start + place) * width];
            place += SHARES;
        }
        start += TILE;
    }
    partial[unit] = sum;
    sync_cube();
    if share == 0 && is_real {
        let mut score = bias_scale * parameters[bias_start + class];
        #[unroll]
        for part in 0..SHARES {
            score += partial[part * CLASSES + unit];
        }
        scores[sample * classes + class] = score;
    }
}

/// Σ_b values[b, input]·by_output[b, output].
#[cube]
fn outer(
    values: &[f32],
    by_output: &[f32],
    input: usize,
    output: usize,
    batch: usize,
    inputs: usize,
    outputs: usize,
) -> f32 {
    let mut sum = 0.0f32;
    for sample in 0..batch {
        sum += values[sample * inputs + input] * by_output[sample * outputs + output];
    }
    sum
}

/// One number of a linear map's gradient: of the weights [K, N, W], and of the bias from `bias_start` on.
#[cube]
#[allow(clippy::too_many_arguments)]
fn by_parameter(
    values: &[f32],
    by_output: &[f32],
    place: usize,
    batch: usize,
    inputs: usize,
    outputs: usize,
    bias_start: usize,
    bias_scale: f32,
    #[comptime] width: usize,
) -> f32 {
    let mut result = 0.0f32;
    if place < bias_start {
        let block = place / (inputs * width);
        let output = block * width + place % width;
        if output < outputs {
            result = outer(values, by_output, place / width % inputs, output, batch, inputs, outputs);
        }
    } else {
        for sample in 0..batch {
            result += bias_scale * by_output[sample * outputs + place - bias_start];
        }
    }
    result
}

/// The gradient of a linear map's parameters.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn linear_gradient(
    values: &[f32],
    by_output: &[f32],
    gradient: &mut [f32],
    batch: usize,
    inputs: usize,
    outputs: usize,
    bias_start: usize,
    bias_scale: f32,
    #[comptime] width: usize,
) {
    let place = ABSOLUTE_POS;
    if place < bias_start + outputs {
        gradient[place] = by_parameter(values, by_output, place, batch, inputs, outputs, bias_start, bias_scale, width);
    }
}

/// The gradients of leaky integrators: that of their parameters, and that of the spikes in factors, [T + B·N].
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn integrators_gradient(
    counts: &[f32],
    coefficients: &[f32],
    parameters: &[f32],
    by_scores: &[f32],
    gradient: &mut [f32],
    factors: &mut [f32],
    batch: usize,
    inputs: usize,
    classes: usize,
    bias_start: usize,
    time_steps: usize,
    bias_scale: f32,
    #[comptime] width: usize,
) {
    let length = bias_start + classes;
    if ABSOLUTE_POS < length {
        let place = ABSOLUTE_POS;
        gradient[place] = by_parameter(counts, by_scores, place, batch, inputs, classes, bias_start, bias_scale, width);
    } else {
        let place = ABSOLUTE_POS - length;
        if place < time_steps {
            factors[place] = coefficients[place];
        } else if place < time_steps + batch * inputs {
            let neuron = place - time_steps;
            let (sample, input) = (neuron / inputs, neuron % inputs);
            let mut sum = 0.0f32;
            for class in 0..classes {
                let weight = parameters[column(class, inputs, width) + input * width];
                sum += by_scores[sample * classes + class] * weight;
            }
            factors[place] = sum;
        }
    }
}

/// The largest score of a row and the first index of it.
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

/// The loss, [1], and the number of rows whose largest score is their label's, [1]. One workgroup.
#[cube(launch_unchecked)]
fn loss_and_hits(
    scores: &[f32],
    labels: &[u32],
    loss: &mut [f32],
    correct: &mut [u32],
    rows: usize,
    classes: usize,
    batch: f32,
) {
    let mut losses = Shared::<[f32]>::new_slice(WORKGROUP_SIZE);
    let mut right = Shared::<[u32]>::new_slice(WORKGROUP_SIZE);
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
        row += WORKGROUP_SIZE;
    }
    losses[unit] = sum;
    right[unit] = read;
    sync_cube();
    if unit == 0 {
        let mut sum = 0.0f32;
        let mut read = 0u32;
        for place in 0..WORKGROUP_SIZE {
            sum += losses[place];
            read += right[place];
        }
        loss[0] = sum / batch;
        correct[0] = read;
    }
}

/// The gradient of the scores, [B, C]. An invocation is a row.
#[cube(launch_unchecked)]
fn loss_gradient(
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

/// The weighted spike counts [B, N] of spikes [B, N, words].
///
/// # Panics
/// If there are more coefficients than the spikes have time steps.
pub(super) fn count(bits: &CubeTensor, coefficients: &[f32]) -> CubeTensor {
    let [batch, neurons, _] = dims(bits);
    check_length("spikes", bits, batch * neurons * coefficients.len().div_ceil(32));
    let counts = alloc(bits, [batch, neurons], DType::F32);
    // SAFETY: an invocation below B·N reads its neuron's words and the T coefficients, and writes one number.
    #[allow(unsafe_code)]
    unsafe {
        counts_of::launch_unchecked(
            &counts.client,
            invocations(batch * neurons),
            workgroup_size(),
            bits.clone().into_buffer_arg(),
            upload(bits, coefficients, DType::F32).into_buffer_arg(),
            counts.clone().into_buffer_arg(),
            batch * neurons,
            coefficients.len(),
        );
    }
    counts
}

/// The gradient of the spikes in factors, [T + B·N], from that of their counts.
pub(super) fn count_backward(grad_counts: CubeTensor, coefficients: &[f32]) -> CubeTensor {
    let gradient = contiguous(grad_counts);
    let (neurons, time_steps) = (length(&gradient), coefficients.len());
    let factors = alloc(&gradient, [time_steps + neurons], DType::F32);
    // SAFETY: an invocation below T + B·N reads one number of either buffer and writes one.
    #[allow(unsafe_code)]
    unsafe {
        factors_of::launch_unchecked(
            &factors.client,
            invocations(time_steps + neurons),
            workgroup_size(),
            gradient.clone().into_buffer_arg(),
            upload(&gradient, coefficients, DType::F32).into_buffer_arg(),
            factors.clone().into_buffer_arg(),
            neurons,
            time_steps,
        );
    }
    factors
}

/// The gradients of a linear map's parameters and, if needed, of its input, from that of its output.
///
/// # Panics
/// If the buffers do not have these sizes.
pub(super) fn linear_backward(
    input: &CubeTensor,
    parameters: &CubeTensor,
    shape: LinearShape,
    grad_output: &CubeTensor,
    bias_scale: f32,
    needs_input: bool,
) -> LinearGradients<CubeBackend> {
    let [batch, outputs] = dims(grad_output);
    assert_eq!(outputs, shape.outputs, "the output of a linear map");
    check_length("the input of a linear map", input, batch * shape.inputs);
    let gradient = alloc(parameters, [shape.numbers()], DType::F32);
    // SAFETY: an invocation below the map's numbers writes one of `gradient`; samples, inputs and outputs are below the sizes
    // that are checked above.
    #[allow(unsafe_code)]
    unsafe {
        linear_gradient::launch_unchecked(
            &parameters.client,
            invocations(shape.numbers()),
            workgroup_size(),
            input.clone().into_buffer_arg(),
            grad_output.clone().into_buffer_arg(),
            gradient.clone().into_buffer_arg(),
            batch,
            shape.inputs,
            outputs,
            shape.bias_start(),
            bias_scale,
            shape.width(),
        );
    }
    let input = needs_input.then(|| product::linear_input_backward::<2>(grad_output, parameters, shape));
    LinearGradients { parameters: gradient, input }
}

/// The scores [B, C] of leaky integrators that read spikes [B, N, words], and the weighted counts [B, N].
///
/// # Panics
/// If the buffers do not have these sizes.
pub(super) fn integrators(
    bits: &CubeTensor,
    parameters: &CubeTensor,
    shape: LinearShape,
    coefficients: &[f32],
) -> (CubeTensor, CubeTensor) {
    let LinearShape { inputs, outputs: classes } = shape;
    let [batch, _, _] = dims(bits);
    check_length("spikes", bits, batch * inputs * coefficients.len().div_ceil(32));
    check_length("the numbers of a linear map", parameters, shape.numbers());
    let (counts, scores) = (alloc(bits, [batch, inputs], DType::F32), alloc(bits, [batch, classes], DType::F32));
    // SAFETY: samples, inputs, classes and time steps are below the sizes that are checked above, and of which the buffers
    // are that are written.
    #[allow(unsafe_code)]
    unsafe {
        integrator_scores::launch_unchecked(
            &bits.client,
            workgroups(classes.div_ceil(CLASSES), batch),
            workgroup_size(),
            bits.clone().into_buffer_arg(),
            upload(bits, coefficients, DType::F32).into_buffer_arg(),
            parameters.clone().into_buffer_arg(),
            counts.clone().into_buffer_arg(),
            scores.clone().into_buffer_arg(),
            inputs,
            classes,
            shape.bias_start(),
            coefficients.len(),
            coefficients.iter().sum::<f32>(),
            shape.width(),
        );
    }
    (scores, counts)
}

/// The gradients of leaky integrators' parameters and, in factors, of their input spikes.
///
/// # Panics
/// If the buffers do not have these sizes.
pub(super) fn integrators_backward(
    counts: &CubeTensor,
    parameters: &CubeTensor,
    shape: LinearShape,
    grad_output: &CubeTensor,
    coefficients: &[f32],
) -> LinearGradients<CubeBackend> {
    let LinearShape { inputs, outputs: classes } = shape;
    let ([batch, outputs], time_steps) = (dims(grad_output), coefficients.len());
    assert_eq!(outputs, classes, "the output of integrators");
    check_length("counts", counts, batch * inputs);
    check_length("the numbers of a linear map", parameters, shape.numbers());
    let gradient = alloc(parameters, [shape.numbers()], DType::F32);
    let factors = alloc(parameters, [time_steps + batch * inputs], DType::F32);
    // SAFETY: an invocation below the lengths of `gradient` and `factors` together writes one number; samples, inputs and
    // classes are below the sizes that are checked above.
    #[allow(unsafe_code)]
    unsafe {
        integrators_gradient::launch_unchecked(
            &factors.client,
            invocations(shape.numbers() + time_steps + batch * inputs),
            workgroup_size(),
            counts.clone().into_buffer_arg(),
            upload(parameters, coefficients, DType::F32).into_buffer_arg(),
            parameters.clone().into_buffer_arg(),
            grad_output.clone().into_buffer_arg(),
            gradient.clone().into_buffer_arg(),
            factors.clone().into_buffer_arg(),
            batch,
            inputs,
            classes,
            shape.bias_start(),
            time_steps,
            coefficients.iter().sum::<f32>(),
            shape.width(),
        );
    }
    LinearGradients { parameters: gradient, input: Some(factors) }
}

fn upload_labels(like: &CubeTensor, labels: &[u8], rows: usize, classes: usize) -> CubeTensor {
    assert_eq!(labels.len(), rows, "a label for each row");
    assert!(labels.iter().all(|label| usize::from(*label) < classes), "labels are below the number of classes");
    upload(like, &labels.iter().map(|label| u32::from(*label)).collect::<Vec<_>>(), DType::U32)
}

/// The loss and the number of correct rows, from logits [B, C].
///
/// # Panics
/// If there are not B labels, or one is not below C.
pub(super) fn cross_entropy(logits: &CubeTensor, labels: &[u8], batch: usize) -> LossOutput<CubeBackend> {
    let [rows, classes] = dims(logits);
    let labels = upload_labels(logits, labels, rows, classes);
    let (loss, correct) = (alloc(logits, [1], DType::F32), alloc(logits, [1], DType::U32));
    // SAFETY: rows are below B and labels below C, as `upload_labels` has checked.
    #[allow(unsafe_code)]
    unsafe {
        loss_and_hits::launch_unchecked(
            &logits.client,
            workgroups(1, 1),
            workgroup_size(),
            logits.clone().into_buffer_arg(),
            labels.into_buffer_arg(),
            loss.clone().into_buffer_arg(),
            correct.clone().into_buffer_arg(),
            rows,
            classes,
            batch as f32,
        );
    }
    LossOutput { loss, correct }
}

/// The gradient of the logits, [B, C], from that of the loss, [1].
///
/// # Panics
/// As for [`cross_entropy`].
pub(super) fn cross_entropy_backward(
    logits: &CubeTensor,
    labels: &[u8],
    batch: usize,
    grad_loss: CubeTensor,
) -> CubeTensor {
    let [rows, classes] = dims(logits);
    let labels = upload_labels(logits, labels, rows, classes);
    let grad_loss = contiguous(grad_loss);
    check_length("the gradient of the loss", &grad_loss, 1);
    let result = alloc(logits, [rows, classes], DType::F32);
    // SAFETY: an invocation below B reads and writes its row; labels are below C, as `upload_labels` has checked.
    #[allow(unsafe_code)]
    unsafe {
        loss_gradient::launch_unchecked(
            &logits.client,
            invocations(rows),
            workgroup_size(),
            logits.clone().into_buffer_arg(),
            labels.into_buffer_arg(),
            grad_loss.into_buffer_arg(),
            result.clone().into_buffer_arg(),
            rows,
            classes,
            batch as f32,
        );
    }
    result
}
