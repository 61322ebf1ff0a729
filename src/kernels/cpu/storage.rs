//! Tensors aligned to cache lines, and pools of buffers for reuse.

use burn::backend::TensorMetadata;
use burn::tensor::{Bytes, DType, Element, Shape};
use burn_flex::{FlexTensor, Layout};
use std::sync::{Arc, Mutex, PoisonError};

/// The size of a cache line, in bytes.
const LINE: usize = 64;

/// A buffer of numbers aligned to a cache line: a row of weights across two lines costs 40 % more.
pub(super) struct Aligned {
    values: Vec<f32>,
    start: usize,
    length: usize,
}

/// The pool of used buffers.
static FLOATS: BufferPool<Vec<f32>> = BufferPool::new();

/// A buffer of this number of numbers, with unspecified contents.
pub(super) fn floats(length: usize) -> Vec<f32> {
    let mut values = FLOATS.take(length, Vec::capacity);
    values.resize(length, 0.0);
    values
}

/// Returns a buffer to the pool.
pub(super) fn release(values: Vec<f32>) {
    FLOATS.release(values);
}

impl Aligned {
    /// A buffer of this number of numbers, with unspecified contents.
    pub(super) fn with_length(length: usize) -> Self {
        let values = floats(length + LINE / size_of::<f32>());
        // If the alignment cannot be computed (never, on our targets), the numbers are not aligned.
        let start = values.as_ptr().align_offset(LINE).min(LINE / size_of::<f32>());
        Self { values, start, length }
    }

    /// A buffer with a copy of these numbers.
    fn copied(from: &[f32]) -> Self {
        let mut aligned = Self::with_length(from.len());
        aligned.as_mut_slice().copy_from_slice(from);
        aligned
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [f32] {
        &mut self.values[self.start..self.start + self.length]
    }

    /// A tensor that shares the buffer.
    pub(super) fn into_tensor(self) -> FlexTensor {
        let length = self.length;
        self.with_shape(Shape::from([length]))
    }

    fn with_shape(self, shape: Shape) -> FlexTensor {
        let strides = Layout::contiguous(shape.clone()).strides().to_vec();
        FlexTensor::new(Bytes::from_elems(self.values), Layout::new(shape, strides, self.start), DType::F32)
    }
}

/// The pool of words of spike trains that have been read.
static WORDS: BufferPool<Vec<u32>> = BufferPool::new();

/// A buffer of this number of words, with unspecified contents.
pub(super) fn words(length: usize) -> Vec<u32> {
    let mut words = WORDS.take(length, Vec::capacity);
    words.resize(length, 0);
    words
}

/// Returns the buffer of a gradient to the pool, if no other tensor shares it.
pub(super) fn reclaim(gradient: FlexTensor) {
    if let Some(values) = memory(gradient) {
        FLOATS.release(values);
    }
}

/// Returns the buffer of spikes to the pool, if no other tensor shares it.
pub(super) fn reclaim_words(bits: FlexTensor) {
    if let Some(words) = memory(bits) {
        WORDS.release(words);
    }
}

fn memory<E: Element>(tensor: FlexTensor) -> Option<Vec<E>> {
    let bytes = tensor.data_arc();
    drop(tensor);
    Arc::try_unwrap(bytes).ok()?.try_into_vec().ok()
}

/// The tensor in contiguous memory. (burn's own function copies any that does not start at the beginning of its
/// buffer.)
pub(super) fn contiguous(tensor: FlexTensor) -> FlexTensor {
    if tensor.layout().contiguous_offsets().is_some() { tensor } else { tensor.to_contiguous() }
}

/// The numbers of a contiguous tensor of floats.
#[expect(clippy::expect_used, reason = "the kernels make their tensors contiguous, and burn keeps their kinds apart")]
pub(super) fn numbers(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().expect("contiguous floats")
}

/// The words of a contiguous tensor of packed spikes or images.
#[expect(clippy::expect_used, reason = "the kernels make their tensors contiguous, and all integers of theirs are u32")]
pub(super) fn words_of(tensor: &FlexTensor) -> &[u32] {
    tensor.as_slice().expect("contiguous words")
}

/// The tensor, aligned to a cache line.
pub(super) fn aligned(tensor: FlexTensor) -> FlexTensor {
    let tensor = contiguous(tensor);
    if numbers(&tensor).as_ptr().align_offset(LINE) == 0 {
        return tensor;
    }
    Aligned::copied(numbers(&tensor)).with_shape(tensor.shape())
}

/// The mutable numbers of an aligned tensor: in place if no other tensor shares them, else a copy.
#[expect(clippy::expect_used, reason = "aligned tensors are contiguous")]
pub(super) fn numbers_mut(tensor: &mut FlexTensor) -> &mut [f32] {
    if !tensor.is_unique() {
        *tensor = Aligned::copied(numbers(tensor)).with_shape(tensor.shape());
    }
    let (start, end) = tensor.layout().contiguous_offsets().expect("a contiguous tensor");
    &mut tensor.storage_mut()[start..end]
}

/// A pool of buffers for reuse, so that a step allocates no memory.
pub(super) struct BufferPool<T>(Mutex<Vec<T>>);

/// The maximal number of buffers in a pool: enough for the layers of the deepest network.
const MAX_BUFFERS: usize = 32;

impl<T: Default> BufferPool<T> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// The smallest buffer of at least the requested size, or else an empty one. Its contents are unspecified. One that is much
    /// larger waits for who needs it: shortened for a small use, it would be filled with zeros when it grows again.
    pub(super) fn take(&self, wanted: usize, size: impl Fn(&T) -> usize) -> T {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sizes = wanted..=wanted.saturating_mul(2);
        let fitting = waiting.iter().enumerate().filter(|(_, buffer)| sizes.contains(&size(buffer)));
        let best = fitting.min_by_key(|(_, buffer)| size(buffer)).map(|(place, _)| place);
        best.map(|place| waiting.swap_remove(place)).unwrap_or_default()
    }

    pub(super) fn release(&self, buffer: T) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The oldest is dropped: a buffer that no longer fits any request must not stay forever.
        if waiting.len() == MAX_BUFFERS {
            waiting.remove(0);
        }
        waiting.push(buffer);
    }
}
