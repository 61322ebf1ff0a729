//! Dense products with a layer's weights on the GPU: tiles of 32 × 32 numbers, 4 × 4 of them per invocation.

use super::launch::{WORKGROUP_SIZE, alloc, check_length, dims, length, row_of_workgroups, workgroup_size, workgroups};
use super::spiking::column;
use crate::kernels::LinearShape;
use burn::tensor::{DType, Shape};
use burn_wgpu::CubeTensor;
use cubecl::prelude::*;

/// Rows and columns of a tile.
const TILE: usize = 32;
/// Rows and columns of an invocation's part.
const PART: usize = 4;
/// Invocations along a side of a tile.
const SIDE: usize = TILE / PART;
/// The number of terms of the sums loaded to shared memory at once.
const DEPTH: usize = 16;

/// left [rows, depth] × the weights [N, H], or if `transposed` [H, N], + `bias_scale`·bias, as [rows, columns].
/// Workgroup (x, y) is a tile, with z where there are more rows of them than an axis has.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn product(
    left: &[f32],
    parameters: &[f32],
    result: &mut [f32],
    rows: usize,
    depth: usize,
    columns: usize,
    bias_start: usize,
    bias_scale: f32,
    #[comptime] transposed: bool,
    #[comptime] width: usize,
) {
    let mut near_left = Shared::<[f32]>::new_slice(TILE * DEPTH);
    let mut near_right = Shared::<[f32]>::new_slice(DEPTH * TILE);
    let unit = UNIT_POS as usize;
    let (first_row, first_column) = (row_of_workgroups() * TILE, CUBE_POS_X as usize * TILE);
    let (down, right) = (unit / SIDE * PART, unit % SIDE * PART);
    let mut sums = Array::<f32>::new(PART * PART);
    #[unroll]
    for place in 0..comptime!(PART * PART) {
        sums[place] = 0.0f32;
    }
    let mut start = 0usize;
    while start < depth {
        sync_cube();
        #[unroll]
        for part in 0..comptime!(TILE * DEPTH / WORKGROUP_SIZE) {
            let place = part * WORKGROUP_SIZE + unit;
            let row = first_row + place / DEPTH;
            let term = start + place % DEPTH;
            let mut value = 0.0f32;
            if row < rows && term < depth {
                value = left[row * depth + term];
            }
            near_left[place] = value;
            let mut value = 0.0f32;
            if comptime!(transposed) {
                // Along the outputs the weights are contiguous.
                let term = start + place % DEPTH;
                let input = first_column + place / DEPTH;
                if term < depth && input < columns {
                    value = parameters[column(term, columns, width) + input * width];
                }
                near_right[place % DEPTH * TILE + place / DEPTH] = value;
            } else {
                let term = start + place / TILE;
                let output = first_column + place % TILE;
                if term < depth && output < columns {
                    value = parameters[column(output, depth, width) + term * width];
                }
                near_right[place] = value;
            }
        }
        sync_cube();
        for term in 0..DEPTH {
            #[unroll]
            for row in 0..PART {
                let factor = near_left[(down + row) * DEPTH + term];
                #[unroll]
                for column in 0..PART {
                    sums[row * PART + column] += factor * near_right[term * TILE + right + column];
                }
            }
        }
        start += DEPTH;
    }
    #[unroll]
    for row in 0..PART {
        #[unroll]
        for column in 0..PART {
            let at_row = first_row + down + row;
            let at_column = first_column + right + column;
            if at_row < rows && at_column < columns {
                let mut sum = sums[row * PART + column];
                if comptime!(!transposed) {
                    sum += bias_scale * parameters[bias_start + at_column];
                }
                result[at_row * columns + at_column] = sum;
            }
        }
    }
}

fn launch(
    left: &CubeTensor,
    parameters: &CubeTensor,
    shape: LinearShape,
    [rows, depth, columns]: [usize; 3],
    bias_scale: Option<f32>,
) -> CubeTensor {
    check_length("the left side of a product", left, rows * depth);
    check_length("the numbers of a linear map", parameters, shape.numbers());
    let result = alloc(left, [rows, columns], DType::F32);
    // SAFETY: rows, terms and columns are below the sizes that are checked above, and those of `result`; depth and columns
    // are the map's two sizes.
    #[allow(unsafe_code)]
    unsafe {
        product::launch_unchecked(
            &left.client,
            workgroups(columns.div_ceil(TILE), rows.div_ceil(TILE)),
            workgroup_size(),
            left.clone().into_buffer_arg(),
            parameters.clone().into_buffer_arg(),
            result.clone().into_buffer_arg(),
            rows,
            depth,
            columns,
            shape.bias_start(),
            bias_scale.unwrap_or(0.0),
            bias_scale.is_none(),
            shape.width(),
        );
    }
    result
}

/// input [B, N] × weights + bias_scale·bias, as [B, H].
///
/// # Panics
/// If the buffers do not have these sizes.
pub(super) fn linear(input: &CubeTensor, parameters: &CubeTensor, shape: LinearShape, bias_scale: f32) -> CubeTensor {
    let [batch, _] = dims(input);
    launch(input, parameters, shape, [batch, shape.inputs, shape.outputs], Some(bias_scale))
}

/// The gradient of a linear map's input, [.., N], from that of its output, [.., H].
///
/// # Panics
/// If the buffers do not have these sizes.
pub(super) fn linear_input_backward<const D: usize>(
    grad_output: &CubeTensor,
    parameters: &CubeTensor,
    shape: LinearShape,
) -> CubeTensor {
    let rows = length(grad_output) / shape.outputs;
    let mut dims: [usize; D] = dims(grad_output);
    dims[D - 1] = shape.inputs;
    let CubeTensor { client, handle, device, dtype, .. } =
        launch(grad_output, parameters, shape, [rows, shape.outputs, shape.inputs], None);
    CubeTensor::new_contiguous(client, device, Shape::from(dims), handle, dtype)
}
