//! Products of dense matrices, with every sum in ascending order, multiplied first and then added, so that they give the
//! same bits on every machine: what a library's product does not promise.

use super::lanes::widest;
use super::spiking::for_width;
use super::{storage, threads};
use crate::kernels::blocks;

/// Rows and columns of a tile whose sums stay in registers.
const ROWS: usize = if cfg!(target_arch = "wasm32") { 2 } else { 4 };
const COLUMNS: usize = 16;

/// Numbers in memory as a matrix: one step down, one step right.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    pub(super) numbers: &'a [f32],
    pub(super) down: usize,
    pub(super) right: usize,
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

widest! {
    /// Adds to `out` [M, W] the product of `left` [M, L] and `right` [L, W].
    fn product<const W: usize>(out: &mut [[f32; W]], left: Matrix<'_>, right: &[[f32; W]]) {
        let mut column = 0;
        while column < W {
            // Loops that call nothing of the standard library, which would be compiled for narrower instructions.
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

/// input [B, N] × weight [K, N, W] + times·bias [H], as [B, H].
pub(super) fn affine(input: &[f32], weight: &[f32], bias: &[f32], times: f32) -> Vec<f32> {
    let targets = bias.len();
    let (width, count) = (blocks::width(targets), blocks::count(targets));
    let senders = weight.len() / (count * width).max(1);
    let batch = input.len() / senders.max(1);
    let mut sums = storage::floats(count * batch * width);
    sums.fill(0.0);
    let pieces = sums.chunks_mut((batch * width).max(1)).zip(weight.chunks((senders * width).max(1)));
    threads::each(pieces.collect(), |(sums, weight)| {
        for_width!(width, multiply(sums, Matrix { numbers: input, down: senders, right: 1 }, weight));
    });
    let mut output = vec![0.0; batch * targets];
    for (b, row) in output.chunks_exact_mut(targets.max(1)).enumerate() {
        for (block, (part, bias)) in row.chunks_mut(width).zip(bias.chunks(width)).enumerate() {
            let sums = &sums[(block * batch + b) * width..];
            part.iter_mut().zip(bias.iter().zip(sums)).for_each(|(out, (bias, sum))| *out = sum + times * bias);
        }
    }
    storage::put_back(sums);
    output
}

/// The gradient of the weights, [K, N, W], into `result` (zeros at first), from the input [B, N] and the gradient of the
/// output, [B, H].
pub(super) fn affine_weight_gradient(result: &mut [f32], input: &[f32], gradient: &[f32], targets: usize) {
    let width = blocks::width(targets);
    let batch = gradient.len() / targets.max(1);
    let senders = input.len() / batch.max(1);
    let padded = blocks::pack(gradient, targets); // [K, B, W]
    let pieces = result.chunks_mut((senders * width).max(1)).zip(padded.chunks((batch * width).max(1)));
    threads::each(pieces.collect(), |(result, gradient)| {
        for_width!(width, multiply(result, Matrix { numbers: input, down: 1, right: senders }, gradient));
    });
}

/// The weights the other way round: [K, N, W] as blocks of the matrix [H, N].
fn transposed(weight: &[f32], senders: usize, targets: usize) -> Vec<f32> {
    let (width, back) = (blocks::width(targets), blocks::width(senders));
    let mut result = storage::floats(blocks::count(senders) * targets * back);
    result.fill(0.0);
    for h in 0..targets {
        let column = &weight[h / width * senders * width + h % width..];
        for (n, value) in column.iter().step_by(width).take(senders).enumerate() {
            result[(n / back * targets + h) * back + n % back] = *value;
        }
    }
    result
}

/// The gradient of the input, [B, N], from that of the output, [B, H].
pub(super) fn affine_input_gradient(gradient: &[f32], weight: &[f32], senders: usize, targets: usize) -> Vec<f32> {
    let transposed = transposed(weight, senders, targets);
    let result = affine(gradient, &transposed, &vec![0.0; senders], 0.0);
    storage::put_back(transposed);
    result
}

/// The gradient of the spikes that come in, [B, T, N], from that of the currents, [K, B, T, W].
pub(super) fn spike_gradient(
    currents: &[f32],
    weight: &[f32],
    [batch, time_steps, senders, targets]: [usize; 4],
) -> Vec<f32> {
    let (width, back) = (blocks::width(targets), blocks::width(senders));
    let (count, transposed) = (blocks::count(senders), transposed(weight, senders, targets));
    let mut result = storage::floats(batch * time_steps * senders);
    let pieces = result.chunks_mut((time_steps * senders).max(1)).enumerate();
    threads::each(pieces.collect(), |(sample, result)| {
        let mut sums = vec![0.0; time_steps * back];
        for block in 0..count {
            sums.fill(0.0);
            let columns = &transposed[block * targets * back..(block + 1) * targets * back];
            for (part, rows) in columns.chunks(width * back).enumerate() {
                let numbers = &currents[(part * batch + sample) * time_steps * width..][..time_steps * width];
                for_width!(back, multiply(&mut sums, Matrix { numbers, down: width, right: 1 }, rows));
            }
            let (first, real) = (block * back, back.min(senders - block * back));
            for (row, sums) in result.chunks_exact_mut(senders).zip(sums.chunks_exact(back)) {
                row[first..first + real].copy_from_slice(&sums[..real]);
            }
        }
    });
    storage::put_back(transposed);
    result
}
