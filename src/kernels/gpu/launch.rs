//! The buffers and workgroups of a kernel's launch.

use burn::tensor::{DType, Shape};
use burn_wgpu::CubeTensor;
use cubecl::bytes::Bytes;
use cubecl::ir::{ElemType, FloatKind, UIntKind};
use cubecl::prelude::*;

/// The number of invocations of a workgroup, which every adapter supports.
pub(super) const WORKGROUP_SIZE: usize = 64;
/// The maximal number of workgroups along one axis: WebGPU's limit.
const MAX_WORKGROUPS: usize = crate::kernels::MAX_BATCH;

/// The workgroups for this number of invocations. A kernel tests whether its invocation is one of them.
pub(super) fn invocations(count: usize) -> CubeCount {
    let groups = count.div_ceil(WORKGROUP_SIZE).max(1);
    workgroups(groups.min(MAX_WORKGROUPS), groups.div_ceil(MAX_WORKGROUPS))
}

/// The workgroups along two axes. Where there are more rows of them than an axis has, the rest are along a third, and some may
/// be too many: see [`row_of_workgroups`].
///
/// # Panics
/// If there are more than [`MAX_WORKGROUPS`] in a row, or that many times as many rows, which the public functions rule out.
pub(super) fn workgroups(x: usize, y: usize) -> CubeCount {
    let z = y.div_ceil(MAX_WORKGROUPS).max(1);
    assert!(x.max(z) <= MAX_WORKGROUPS, "{x} × {y} workgroups");
    CubeCount::Static(x as u32, y.min(MAX_WORKGROUPS) as u32, z as u32)
}

/// The row that a workgroup is in; a kernel that may have more rows than an axis has workgroups tests whether it is one of them.
#[cube]
pub(super) fn row_of_workgroups() -> usize {
    CUBE_POS_Z as usize * MAX_WORKGROUPS + CUBE_POS_Y as usize
}

/// The invocations of a workgroup.
pub(super) fn workgroup_size() -> CubeDim {
    CubeDim::new_1d(WORKGROUP_SIZE as u32)
}

/// The tensor in contiguous memory.
pub(super) fn contiguous(tensor: CubeTensor) -> CubeTensor {
    if tensor.is_contiguous() {
        return tensor;
    }
    // All tensors of the kernels are of one of these types.
    let element =
        if tensor.dtype == DType::F32 { ElemType::Float(FloatKind::F32) } else { ElemType::UInt(UIntKind::U32) };
    let (client, device, dtype, shape) =
        (tensor.client.clone(), tensor.device.clone(), tensor.dtype, tensor.meta.shape().clone());
    let copied = cubecl::std::tensor::into_contiguous(&client, tensor.binding(), element);
    CubeTensor::new_contiguous(client, device, shape, copied.handle, dtype)
}

pub(super) fn dims<const D: usize>(tensor: &CubeTensor) -> [usize; D] {
    tensor.meta.shape().dims()
}

/// The number of a tensor's elements.
pub(super) fn length(tensor: &CubeTensor) -> usize {
    tensor.meta.num_elements()
}

/// Checks that a buffer has as many numbers as a kernel reads or writes there: launches do not check.
///
/// # Panics
/// If it has fewer.
pub(super) fn check_length(what: &str, tensor: &CubeTensor, needed: usize) {
    assert!(length(tensor) >= needed, "{what}: {} numbers, and the kernel needs {needed}", length(tensor));
}

/// An uninitialised tensor on the device of another.
pub(super) fn alloc<const D: usize>(like: &CubeTensor, shape: [usize; D], dtype: DType) -> CubeTensor {
    let shape = Shape::from(shape);
    let handle = like.client.empty(shape.num_elements() * dtype.size());
    CubeTensor::new_contiguous(like.client.clone(), like.device.clone(), shape, handle, dtype)
}

/// Numbers, uploaded to the device of another tensor.
pub(super) fn upload<T: bytemuck::Pod>(like: &CubeTensor, values: &[T], dtype: DType) -> CubeTensor {
    let handle = like.client.create(Bytes::from_bytes_vec(bytemuck::cast_slice(values).to_vec()));
    let shape = Shape::from([values.len()]);
    CubeTensor::new_contiguous(like.client.clone(), like.device.clone(), shape, handle, dtype)
}
