//! Adam's step over all numbers of a layer.

use cubecl::prelude::*;

#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
pub(super) fn adapt(
    parameter: &mut [f32],
    mean: &mut [f32],
    square: &mut [f32],
    gradient: &[f32],
    numbers: usize,
    beta_1: f32,
    beta_2: f32,
    rate: f32,
    epsilon: f32,
) {
    let place = ABSOLUTE_POS;
    if place < numbers {
        let by = gradient[place];
        let first = beta_1 * mean[place] + (1.0f32 - beta_1) * by;
        let second = beta_2 * square[place] + (1.0f32 - beta_2) * (by * by);
        mean[place] = first;
        square[place] = second;
        parameter[place] -= rate * first / (second.sqrt() + epsilon);
    }
}
