//! Tensors of the card as the kernels take and give them, and how many cubes a kernel needs.

use burn::tensor::{DType, Shape};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::bytes::Bytes;
use cubecl::prelude::*;

/// Units of a cube: what every adapter has.
pub(super) const UNITS: usize = 64;
/// Cubes along one axis: WebGPU's limit.
const CUBES: usize = 65_535;

/// So many units, as cubes. A kernel asks whether its unit is one of them.
pub(super) fn units(count: usize) -> CubeCount {
    let cubes = count.div_ceil(UNITS).max(1);
    CubeCount::Static(cubes.min(CUBES) as u32, cubes.div_ceil(CUBES) as u32, 1)
}

/// Cubes in two directions.
pub(super) fn grid(x: usize, y: usize) -> CubeCount {
    CubeCount::Static(x as u32, y as u32, 1)
}

/// The units of a cube.
pub(super) fn cube() -> CubeDim {
    CubeDim::new_1d(UNITS as u32)
}

/// The tensor's numbers in the order of its shape.
pub(super) fn whole(tensor: CubeTensor) -> CubeTensor {
    into_contiguous(tensor)
}

pub(super) fn dims<const D: usize>(tensor: &CubeTensor) -> [usize; D] {
    tensor.meta.shape().dims()
}

/// Room for numbers, on the card of another tensor.
pub(super) fn room<const D: usize>(like: &CubeTensor, shape: [usize; D], dtype: DType) -> CubeTensor {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), Shape::from(shape), dtype)
}

/// Numbers, brought to the card of another tensor.
pub(super) fn brought<T: bytemuck::Pod>(like: &CubeTensor, values: &[T], dtype: DType) -> CubeTensor {
    let handle = like.client.create(Bytes::from_bytes_vec(bytemuck::cast_slice(values).to_vec()));
    let shape = Shape::from([values.len()]);
    CubeTensor::new_contiguous(like.client.clone(), like.device.clone(), shape, handle, dtype)
}
