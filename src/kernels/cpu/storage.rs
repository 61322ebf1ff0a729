//! Tensors whose numbers start at a cache line, and buffers that are used again.

use burn::backend::TensorMetadata;
use burn::tensor::{Bytes, DType, Element, Shape};
use burn_flex::{FlexTensor, Layout};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of a cache line.
const LINE: usize = 64;

/// Numbers that start at a cache line: a row of weights that lies across two costs 40 % more.
pub(super) struct Aligned {
    values: Vec<f32>,
    start: usize,
    length: usize,
}

/// Those that have been used.
static FLOATS: Shelf<Vec<f32>> = Shelf::new();

/// So many numbers, whichever.
pub(super) fn floats(length: usize) -> Vec<f32> {
    let mut values = FLOATS.take(length, Vec::capacity);
    values.resize(length, 0.0);
    values
}

/// Takes numbers back that are needed no more.
pub(super) fn put_back(values: Vec<f32>) {
    FLOATS.put_back(values);
}

impl Aligned {
    /// So many numbers, whichever.
    pub(super) fn with_length(length: usize) -> Self {
        let values = floats(length + LINE / size_of::<f32>());
        // Where that cannot be told (never, on what we build for), the numbers start where they may.
        let start = values.as_ptr().align_offset(LINE).min(LINE / size_of::<f32>());
        Self { values, start, length }
    }

    /// These numbers.
    fn copied(from: &[f32]) -> Self {
        let mut aligned = Self::with_length(from.len());
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

/// Those of spike trains that have been read.
static WORDS: Shelf<Vec<u32>> = Shelf::new();

/// So many words for a spike train, whichever.
pub(super) fn words(length: usize) -> Vec<u32> {
    let mut words = WORDS.take(length, Vec::capacity);
    words.resize(length, 0);
    words
}

/// Takes back the memory of a gradient that is needed no more, if nobody else holds it.
pub(super) fn reclaim(gradient: FlexTensor) {
    if let Some(values) = memory(gradient) {
        FLOATS.put_back(values);
    }
}

/// Takes back the memory of spikes that have been read, if nobody else holds it.
pub(super) fn reclaim_words(bits: FlexTensor) {
    if let Some(words) = memory(bits) {
        WORDS.put_back(words);
    }
}

fn memory<E: Element>(tensor: FlexTensor) -> Option<Vec<E>> {
    let bytes = tensor.data_arc();
    drop(tensor);
    Arc::try_unwrap(bytes).ok()?.try_into_vec().ok()
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
const KEPT: usize = 32;

impl<T: Default> Shelf<T> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// The smallest buffer that is as large as it is wanted, or else an empty one. What was in it is still there.
    pub(super) fn take(&self, wanted: usize, size: impl Fn(&T) -> usize) -> T {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = waiting.iter().enumerate().filter(|(_, buffer)| size(buffer) >= wanted);
        let best = fitting.min_by_key(|(_, buffer)| size(buffer)).map(|(place, _)| place);
        best.map(|place| waiting.swap_remove(place)).unwrap_or_default()
    }

    pub(super) fn put_back(&self, buffer: T) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The oldest goes: what fits nowhere any more must not stay for ever.
        if waiting.len() == KEPT {
            waiting.remove(0);
        }
        waiting.push(buffer);
    }
}
