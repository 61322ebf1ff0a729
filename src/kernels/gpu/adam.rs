//! Adam's step on the GPU.

use super::launch::{check_length, contiguous, invocations, length, workgroup_size};
use crate::kernels::{AdamState, AdamStep};
use burn_wgpu::CubeBackend;
use burn_wgpu::CubeTensor;
use cubecl::prelude::*;

#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn adapt(
    parameters: &mut [f32],
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
        parameters[place] -= rate * first / (second.sqrt() + epsilon);
    }
}

/// The tensor in a buffer that may be written to: a copy if another tensor shares it.
fn owned(tensor: CubeTensor) -> CubeTensor {
    let tensor = contiguous(tensor);
    if tensor.can_mut() { tensor } else { tensor.copy() }
}

/// Updates the parameters and their moments.
///
/// # Panics
/// If the tensors differ in length.
pub(super) fn step(state: AdamState<CubeBackend>, gradient: CubeTensor, step: AdamStep) -> AdamState<CubeBackend> {
    let [parameters, mean, square] = [state.parameters, state.mean, state.square].map(owned);
    let gradient = contiguous(gradient);
    let numbers = length(&gradient);
    for tensor in [&parameters, &mean, &square] {
        check_length("Adam's moments", tensor, numbers);
    }
    // SAFETY: an invocation below `numbers`, which all four buffers have (checked above), touches one number of each.
    #[allow(unsafe_code)]
    unsafe {
        adapt::launch_unchecked(
            &gradient.client,
            invocations(numbers),
            workgroup_size(),
            parameters.clone().into_buffer_arg(),
            mean.clone().into_buffer_arg(),
            square.clone().into_buffer_arg(),
            gradient.clone().into_buffer_arg(),
            numbers,
            step.beta_1,
            step.beta_2,
            step.rate,
            step.epsilon,
        );
    }
    AdamState { parameters, mean, square }
}
