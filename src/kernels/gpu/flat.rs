//! A layer's weights and bias in one buffer, so that one dispatch reaches both: their gradients and Adam's means too.

use super::launch::{cube, dims, room, units, whole};
use crate::kernels::Pair;
use burn::tensor::{DType, Shape};
use burn_cubecl::CubeBackend;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;
use std::ptr;

/// Numbers after which a view of a buffer may start: WebGPU's 256 bytes.
const ALIGNMENT: usize = 64;

/// Where the bias stands behind so many weights.
pub(super) const fn bias_at(weights: usize) -> usize {
    weights.next_multiple_of(ALIGNMENT)
}

/// Weights [K, N, W] and a bias [H] in one buffer.
#[derive(Debug)]
pub(super) struct Flat {
    /// All of it, [`bias_at`] numbers and then H.
    pub(super) numbers: CubeTensor,
    shape: [usize; 3],
    targets: usize,
}

impl Flat {
    /// Room for them.
    pub(super) fn room(like: &CubeTensor, shape: [usize; 3], targets: usize) -> Self {
        let length = bias_at(shape.iter().product()) + targets;
        Self { numbers: room(like, [length], DType::F32), shape, targets }
    }

    /// How many numbers, with those between that stand for nothing.
    pub(super) fn len(&self) -> usize {
        bias_at(self.shape.iter().product()) + self.targets
    }

    /// Where the bias stands.
    pub(super) fn bias_at(&self) -> usize {
        bias_at(self.shape.iter().product())
    }

    /// Weights and bias as tensors of their own, which are views.
    pub(super) fn split(self) -> Pair<CubeBackend> {
        let (end, start, weights) = (self.len(), self.bias_at(), self.shape.iter().product::<usize>());
        let CubeTensor { client, handle, device, dtype, .. } = self.numbers;
        let bytes = |numbers: usize| (numbers * dtype.size()) as u64;
        let view = |shape: Shape, from: usize, until: usize| {
            let handle = handle.clone().offset_start(bytes(from)).offset_end(bytes(end - until));
            CubeTensor::new_contiguous(client.clone(), device.clone(), shape, handle, dtype)
        };
        let weight = view(Shape::from(self.shape), 0, weights);
        Pair { weight, bias: view(Shape::from([self.targets]), start, end) }
    }

    /// Both in one buffer: as they are, where they are views of one already; else copied there.
    pub(super) fn join(pair: Pair<CubeBackend>) -> Self {
        let (weight, bias) = (whole(pair.weight), whole(pair.bias));
        let (shape, [targets]) = (dims(&weight), dims(&bias));
        let start = bias_at(shape.iter().product());
        let (first, second) = (&weight.handle, &bias.handle);
        let from = |start: Option<u64>| start.unwrap_or(0);
        let one = ptr::eq(first.memory.descriptor(), second.memory.descriptor())
            && from(second.offset_start) == from(first.offset_start) + (start * weight.dtype.size()) as u64;
        if !one {
            return copied(&weight, &bias, shape, targets);
        }
        let mut handle = weight.handle.clone();
        handle.offset_end = second.offset_end;
        let shape_of_all = Shape::from([start + targets]);
        let numbers = CubeTensor::new_contiguous(
            weight.client.clone(),
            weight.device.clone(),
            shape_of_all,
            handle,
            weight.dtype,
        );
        Self { numbers, shape, targets }
    }

    /// Both, in a buffer that may be written to.
    pub(super) fn owned(pair: Pair<CubeBackend>) -> Self {
        // Whoever else looks at them goes on seeing what they were.
        let flat = Self::join(pair);
        if flat.numbers.can_mut() {
            return flat;
        }
        let (shape, targets) = (flat.shape, flat.targets);
        let Pair { weight, bias } = flat.split();
        copied(&weight, &bias, shape, targets)
    }
}

fn copied(weight: &CubeTensor, bias: &CubeTensor, shape: [usize; 3], targets: usize) -> Flat {
    let flat = Flat::room(weight, shape, targets);
    let arguments = [weight, bias, &flat.numbers].map(|tensor| tensor.clone().into_buffer_arg());
    let [from_weight, from_bias, to] = arguments;
    let weights = shape.iter().product::<usize>();
    // SAFETY: a unit reads and writes within the three buffers, by their lengths.
    #[allow(unsafe_code)]
    unsafe {
        copy::launch_unchecked(
            &weight.client,
            units(flat.len()),
            cube(),
            from_weight,
            from_bias,
            to,
            weights,
            flat.bias_at(),
            targets,
        );
    }
    flat
}

#[cube(launch_unchecked)]
fn copy(weight: &[f32], bias: &[f32], both: &mut [f32], weights: usize, bias_at: usize, targets: usize) {
    let place = ABSOLUTE_POS;
    if place < weights {
        both[place] = weight[place];
    } else if place >= bias_at && place < bias_at + targets {
        both[place] = bias[place - bias_at];
    }
}
