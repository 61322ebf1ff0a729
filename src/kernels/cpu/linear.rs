//! Products of dense matrices, with every sum in ascending order, multiplied first and then added, so that they are
//! bit-identical on every machine, which a library's product does not promise.

use super::spiking::for_width;
use super::{storage, threads};
use crate::kernels::linear::{self, LinearShape};
use crate::simd::multiversion;

/// Rows and columns of a tile whose sums stay in registers.
const ROWS: usize = if cfg!(target_arch = "wasm32") { 2 } else { 4 };
const COLUMNS: usize = 16;

/// A view of numbers as a matrix, with the strides of rows and of columns.
#[derive(Clone, Copy)]
struct Matrix<'a> {
    numbers: &'a [f32],
    down: usize,
    right: usize,
}

/// Adds to a tile of `R` rows, [M, W] from `row` and `column` on, the product of `left` and `right` [L, W].
#[inline(always)]
fn tile<const W: usize, const R: usize>(
    out: &mut [[f32; W]],
    left: Matrix<'_>,
    right: &[[f32; W]],
    (row, column): (usize, usize),
) {
    let mut sums = [[0.0_f32; COLUMNS]; R];
    for (r, sums) in sums.iter_mut().enumerate() {
        sums.copy_from_slice(&out[row + r][column..column + COLUMNS]);
    }
    for (l, right) in right.iter().enumerate() {
        let Some(right) = right[column..].first_chunk::<COLUMNS>() else { return };
        for (r, sums) in sums.iter_mut().enumerate() {
            let factor = left.numbers[(row + r) * left.down + l * left.right];
            sums.iter_mut().zip(right).for_each(|(sum, right)| *sum += factor * right);
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        out[row + r][column..column + COLUMNS].copy_from_slice(sums);
    }
}

multiversion! {
    /// Adds to `out` [M, W] the product of `left` [M, L] and `right` [L, W].
    fn product<const W: usize>(out: &mut [[f32; W]], left: Matrix<'_>, right: &[[f32; W]]) {
        let mut column = 0;
        while column < W {
            // The loops call no function of the standard library, which would be compiled for narrower instructions.
            let mut row = 0;
            while row + ROWS <= out.len() {
                tile::<W, ROWS>(out, left, right, (row, column));
                row += ROWS;
            }
            while row < out.len() {
                tile::<W, 1>(out, left, right, (row, column));
                row += 1;
            }
            column += COLUMNS;
        }
    }
}

fn multiply<const W: usize>(out: &mut [f32], left: Matrix<'_>, right: &[f32]) {
    product(out.as_chunks_mut::<W>().0, left, right.as_chunks::<W>().0);
}

/// input [B, N] × weights + bias_scale·bias, as [B, H].
pub(super) fn forward(input: &[f32], parameters: &[f32], shape: LinearShape, bias_scale: f32) -> Vec<f32> {
    let (weight, bias) = parameters.split_at(shape.bias_start());
    product_with(input, weight, shape, Some((bias, bias_scale)))
}

/// input [B, N] × weights [K, N, W], + scale·bias [H] if there is one, as [B, H].
fn product_with(input: &[f32], weight: &[f32], shape: LinearShape, bias: Option<(&[f32], f32)>) -> Vec<f32> {
    let LinearShape { inputs, outputs } = shape;
    let (width, count) = (shape.width(), shape.blocks());
    let batch = input.len() / inputs.max(1);
    let mut sums = storage::floats(count * batch * width);
    sums.fill(0.0);
    let pieces = sums.chunks_mut((batch * width).max(1)).zip(weight.chunks((inputs * width).max(1)));
    threads::par_for_each(pieces.collect(), |(sums, weight)| {
        for_width!(width, multiply(sums, Matrix { numbers: input, down: inputs, right: 1 }, weight));
    });
    let mut output = vec![0.0; batch * outputs];
    for (b, row) in output.chunks_exact_mut(outputs.max(1)).enumerate() {
        for (block, part) in row.chunks_mut(width).enumerate() {
            let sums = &sums[(block * batch + b) * width..];
            match bias {
                Some((bias, scale)) => part
                    .iter_mut()
                    .zip(bias[block * width..].iter().zip(sums))
                    .for_each(|(out, (bias, sum))| *out = sum + scale * bias),
                None => part.iter_mut().zip(sums).for_each(|(out, sum)| *out = *sum),
            }
        }
    }
    storage::release(sums);
    output
}

/// The gradient of the weights, [K, N, W], into `result` (zeros at first), from the input [B, N] and the gradient of the
/// output, [B, H].
pub(super) fn weight_backward(result: &mut [f32], input: &[f32], gradient: &[f32], outputs: usize) {
    let width = linear::width(outputs);
    let batch = gradient.len() / outputs.max(1);
    let inputs = input.len() / batch.max(1);
    let padded = linear::pack_rows(gradient, outputs); // [K, B, W]
    let pieces = result.chunks_mut((inputs * width).max(1)).zip(padded.chunks((batch * width).max(1)));
    threads::par_for_each(pieces.collect(), |(result, gradient)| {
        for_width!(width, multiply(result, Matrix { numbers: input, down: 1, right: inputs }, gradient));
    });
}

/// The transposed weights: [K, N, W] as blocks of the matrix [H, N].
fn transposed(weight: &[f32], inputs: usize, outputs: usize) -> Vec<f32> {
    let (width, back) = (linear::width(outputs), linear::width(inputs));
    let mut result = storage::floats(linear::blocks(inputs) * outputs * back);
    result.fill(0.0);
    for h in 0..outputs {
        let column = &weight[h / width * inputs * width + h % width..];
        for (n, value) in column.iter().step_by(width).take(inputs).enumerate() {
            result[(n / back * outputs + h) * back + n % back] = *value;
        }
    }
    result
}

/// The gradient of the input, [B, N], from that of the output, [B, H].
pub(super) fn input_backward(gradient: &[f32], weight: &[f32], shape: LinearShape) -> Vec<f32> {
    let transposed = transposed(weight, shape.inputs, shape.outputs);
    let back = LinearShape { inputs: shape.outputs, outputs: shape.inputs };
    let result = product_with(gradient, &transposed, back, None);
    storage::release(transposed);
    result
}

/// The gradient of the input spikes, [B, T, N], from that of the currents, [K, B, T, W].
pub(super) fn spikes_backward(
    currents: &[f32],
    weight: &[f32],
    [batch, time_steps, inputs, outputs]: [usize; 4],
) -> Vec<f32> {
    let (width, back) = (linear::width(outputs), linear::width(inputs));
    let (count, transposed) = (linear::blocks(inputs), transposed(weight, inputs, outputs));
    let mut result = storage::floats(batch * time_steps * inputs);
    let pieces = result.chunks_mut((time_steps * inputs).max(1)).enumerate();
    threads::par_for_each(pieces.collect(), |(sample, result)| {
        let mut sums = vec![0.0; time_steps * back];
        for block in 0..count {
            sums.fill(0.0);
            let columns = &transposed[block * outputs * back..(block + 1) * outputs * back];
            for (part, rows) in columns.chunks(width * back).enumerate() {
                let numbers = &currents[(part * batch + sample) * time_steps * width..][..time_steps * width];
                for_width!(back, multiply(&mut sums, Matrix { numbers, down: width, right: 1 }, rows));
            }
            let (first, real) = (block * back, back.min(inputs - block * back));
            for (row, sums) in result.chunks_exact_mut(inputs).zip(sums.chunks_exact(back)) {
                row[first..first + real].copy_from_slice(&sums[..real]);
            }
        }
    });
    storage::release(transposed);
    result
}
