//! Parts of a tensor, copied.

use super::launch::{alloc, check_length, invocations, workgroup_size};
use burn::tensor::DType;
use burn_wgpu::CubeTensor;
use cubecl::prelude::*;

#[cube(launch_unchecked)]
fn rows_of(numbers: &[f32], part: &mut [f32], first: usize, stride: usize, columns: usize, count: usize) {
    let place = ABSOLUTE_POS;
    if place < count {
        part[place] = numbers[first + place / columns * stride + place % columns];
    }
}

/// Rows of numbers, \[rows·columns\]: those of row r begin at `first` + r·`stride`.
///
/// # Panics
/// If there are no such numbers.
pub(super) fn strided_rows(
    numbers: &CubeTensor,
    first: usize,
    stride: usize,
    rows: usize,
    columns: usize,
) -> CubeTensor {
    check_length("the numbers of a part", numbers, first + (rows - 1) * stride + columns);
    let part = alloc(numbers, [rows * columns], DType::F32);
    // SAFETY: an invocation below rows·columns reads a number below the length that is checked above, and writes one.
    #[allow(unsafe_code)]
    unsafe {
        rows_of::launch_unchecked(
            &part.client,
            invocations(rows * columns),
            workgroup_size(),
            numbers.clone().into_buffer_arg(),
            part.clone().into_buffer_arg(),
            first,
            stride,
            columns,
            rows * columns,
        );
    }
    part
}
