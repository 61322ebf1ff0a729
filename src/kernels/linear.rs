//! The memory layout of a linear map's weights and bias in the kernels: one flat array, so that code that treats all
//! numbers alike (Adam, copies, sums of gradients) knows nothing of layers.
//!
//! First the weights, [K, N, W]: K blocks of W outputs each. A block's row, the weights of one input, fits the
//! registers, and a block fits the cache. The last block is padded with zeros, which stay zeros. Then the bias, \[H\].
//! In files weights are [H, N], as PyTorch has them; only [`crate::layer`] turns the one into the other.

/// The maximal width of a block, by measurement the fastest (more numbers than registers spill, fewer leave them idle).
pub(super) const MAX_WIDTH: usize = if cfg!(target_arch = "wasm32") { 32 } else { 64 };

/// W, the width of the blocks for `outputs` outputs: 16, 32 or 64.
pub(super) const fn width(outputs: usize) -> usize {
    match outputs {
        0..=16 => 16,
        17..=32 => 32,
        _ => MAX_WIDTH,
    }
}

/// K, the number of blocks for `outputs` outputs.
pub(super) const fn blocks(outputs: usize) -> usize {
    outputs.div_ceil(width(outputs))
}

/// The sizes of a linear map, which determine the layout of its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinearShape {
    /// N.
    pub inputs: usize,
    /// H.
    pub outputs: usize,
}

impl LinearShape {
    /// W, the number of outputs in a block.
    ///
    /// ```
    /// use spiking_playground::kernels::LinearShape;
    /// let shape = LinearShape { inputs: 3, outputs: 10 };
    /// assert_eq!((shape.width(), shape.blocks(), shape.numbers()), (16, 1, 3 * 16 + 10));
    /// ```
    pub const fn width(self) -> usize {
        width(self.outputs)
    }

    /// K, the number of blocks.
    pub const fn blocks(self) -> usize {
        blocks(self.outputs)
    }

    /// The index of the bias: K·N·W.
    pub const fn bias_start(self) -> usize {
        self.blocks() * self.inputs * self.width()
    }

    /// The length of the flat array, with the padding of the last block: K·N·W + H.
    pub const fn numbers(self) -> usize {
        self.bias_start() + self.outputs
    }

    /// The flat array of weights [N, H] and bias \[H\].
    ///
    /// # Panics
    /// If there are not N·H weights, or not H numbers of the bias.
    pub fn pack(self, weight: &[f32], bias: &[f32]) -> Vec<f32> {
        let is_whole = weight.len() == self.inputs * self.outputs && bias.len() == self.outputs;
        assert!(is_whole, "a linear map has {} × {} weights and as many biases", self.inputs, self.outputs);
        let mut numbers = pack_rows(weight, self.outputs);
        numbers.extend_from_slice(bias);
        numbers
    }

    /// The weights [N, H] and bias \[H\] of a flat array.
    ///
    /// ```
    /// use spiking_playground::kernels::LinearShape;
    /// let shape = LinearShape { inputs: 3, outputs: 70 };
    /// let weight: Vec<f32> = (0..3 * 70).map(|n| n as f32).collect();
    /// let bias = vec![0.5; 70];
    /// assert_eq!(shape.unpack(&shape.pack(&weight, &bias)), (weight, bias));
    /// ```
    ///
    /// # Panics
    /// If there are not [`LinearShape::numbers`] numbers.
    pub fn unpack(self, numbers: &[f32]) -> (Vec<f32>, Vec<f32>) {
        assert!(numbers.len() == self.numbers(), "a linear map has {} numbers", self.numbers());
        let (blocks, bias) = numbers.split_at(self.bias_start());
        let width = self.width();
        let mut weight = Vec::with_capacity(self.inputs * self.outputs);
        for input in 0..self.inputs {
            for block in 0..self.blocks() {
                let (start, real) = ((block * self.inputs + input) * width, width.min(self.outputs - block * width));
                weight.extend_from_slice(&blocks[start..start + real]);
            }
        }
        (weight, bias.to_vec())
    }
}

/// Rows [N, H] as blocks [K, N, W]. `outputs` is H.
pub(super) fn pack_rows(rows: &[f32], outputs: usize) -> Vec<f32> {
    let (width, inputs) = (width(outputs), rows.len() / outputs.max(1));
    let mut packed = vec![0.0; blocks(outputs) * inputs * width];
    for (row, values) in rows.chunks_exact(outputs.max(1)).enumerate() {
        for (block, values) in values.chunks(width).enumerate() {
            let start = (block * inputs + row) * width;
            packed[start..start + values.len()].copy_from_slice(values);
        }
    }
    packed
}
