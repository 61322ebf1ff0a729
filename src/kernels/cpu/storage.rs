//! Tensors whose numbers start at a cache line, and buffers that are used again.

use burn::backend::TensorMetadata;
use burn::tensor::{Bytes, DType, Shape};
use burn_flex::{FlexTensor, Layout};
use std::sync::{Mutex, PoisonError};

/// Bytes of a cache line.
const LINE: usize = 64;

/// Numbers that start at a cache line: a row of weights that lies across two costs 40 % more.
pub(super) struct Aligned {
    values: Vec<f32>,
    start: usize,
    length: usize,
}

impl Aligned {
    /// So many zeros.
    pub(super) fn zeros(length: usize) -> Self {
        let values = vec![0.0_f32; length + LINE / size_of::<f32>()];
        // Where that cannot be told (never, on what we build for), the numbers start where they may.
        let start = values.as_ptr().align_offset(LINE).min(LINE / size_of::<f32>());
        Self { values, start, length }
    }

    /// These numbers.
    fn copied(from: &[f32]) -> Self {
        let mut aligned = Self::zeros(from.len());
        aligned.as_mut_slice().copy_from_slice(from);
        aligned
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [f32] {
        &mut self.values[self.start..self.start + self.length]
    }

    /// A tensor that looks at them.
    pub(super) fn into_tensor<const D: usize>(self, shape: [usize; D]) -> FlexTensor {
        self.with_shape(Shape::from(shape))
    }

    fn with_shape(self, shape: Shape) -> FlexTensor {
        let strides = Layout::contiguous(shape.clone()).strides().to_vec();
        FlexTensor::new(Bytes::from_elems(self.values), Layout::new(shape, strides, self.start), DType::F32)
    }
}

/// The tensor, its numbers one after the other. (burn's own copies one that starts anywhere but at the beginning.)
pub(super) fn dense(tensor: FlexTensor) -> FlexTensor {
    if tensor.layout().contiguous_offsets().is_some() { tensor } else { tensor.to_contiguous() }
}

/// The numbers of a dense tensor.
pub(super) fn numbers(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().unwrap_or_default()
}

/// The tensor with its numbers at a cache line.
pub(super) fn aligned(tensor: FlexTensor) -> FlexTensor {
    let tensor = dense(tensor);
    if numbers(&tensor).as_ptr().align_offset(LINE) == 0 {
        return tensor;
    }
    Aligned::copied(numbers(&tensor)).with_shape(tensor.shape())
}

/// The numbers of an aligned tensor, to be changed: in place where nobody else holds them, else as a copy.
pub(super) fn numbers_mut(tensor: &mut FlexTensor) -> &mut [f32] {
    if !tensor.is_unique() {
        *tensor = Aligned::copied(numbers(tensor)).with_shape(tensor.shape());
    }
    let (start, end) = tensor.layout().contiguous_offsets().unwrap_or_default();
    &mut tensor.storage_mut()[start..end]
}

/// Where buffers wait to be used again, so that a step asks for no new memory.
pub(super) struct Shelf<T>(Mutex<Vec<T>>);

/// Buffers that may wait: enough for the layers of the deepest network.
const KEPT: usize = 8;

impl<T: Default> Shelf<T> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// A buffer, with whatever was in it.
    pub(super) fn take(&self) -> T {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    pub(super) fn put_back(&self, buffer: T) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < KEPT {
            waiting.push(buffer);
        }
    }
}
