//! Adam's step on the CPU, in one pass over the numbers.

use super::threads;
use crate::kernels::AdamStep;
use crate::simd::multiversion;
use std::iter::zip;

/// The number of parameters that a thread updates at once.
const NUMBERS: usize = 1 << 14;

multiversion! {
    fn some(parameter: &mut [f32], mean: &mut [f32], square: &mut [f32], gradient: &[f32], step: AdamStep) {
        let AdamStep { beta_1, beta_2, rate, epsilon } = step;
        for ((parameter, gradient), (mean, square)) in zip(zip(parameter, gradient), zip(mean, square)) {
            *mean = beta_1 * *mean + (1.0 - beta_1) * gradient;
            *square = beta_2 * *square + (1.0 - beta_2) * (gradient * gradient);
            *parameter -= rate * *mean / (square.sqrt() + epsilon);
        }
    }
}

/// Updates the parameters and their means.
pub(super) fn adapt(parameter: &mut [f32], mean: &mut [f32], square: &mut [f32], gradient: &[f32], step: AdamStep) {
    let pieces = zip(
        zip(parameter.chunks_mut(NUMBERS), gradient.chunks(NUMBERS)),
        zip(mean.chunks_mut(NUMBERS), square.chunks_mut(NUMBERS)),
    );
    threads::par_for_each(pieces.collect(), |((parameter, gradient), (mean, square))| {
        some(parameter, mean, square, gradient, step);
    });
}
