//! The numbers of networks and runs in the layout of files, read in pieces of a bounded size: a large network has tens of
//! millions of them, and their reader may have something else to do in between.

use crate::kernels::{LinearShape, strided_rows};
use crate::layer::ParameterLayout;
use crate::network::Network;
use crate::optimizer::Adam;
use crate::training::{Run, RunSnapshot};
use burn::tensor::Tensor;

/// One tensor of a file.
#[derive(Debug)]
pub(super) struct FileTensor {
    /// As PyTorch would name it.
    pub name: String,
    /// \[out, in\], \[out, in, K, K\] or \[out\].
    pub shape: Vec<usize>,
    values: Values,
}

#[derive(Debug)]
enum Values {
    /// Those of a flat parameter, as [`LinearShape`] says; \[out, in\] in a file.
    Weights(Tensor<1>, LinearShape),
    /// \[out\].
    Bias(Tensor<1>, LinearShape),
}

impl FileTensor {
    /// Those of a layer's flat parameter.
    fn of_flat(layer: &str, layout: ParameterLayout, flat: &Tensor<1>) -> Vec<Self> {
        let shape = layout.shape;
        let values = [Values::Weights(flat.clone(), shape), Values::Bias(flat.clone(), shape)];
        let tensor = |((part, shape), values)| Self { name: format!("{layer}.{part}"), shape, values };
        layout.parts().into_iter().zip(values).map(tensor).collect()
    }

    /// Those of a network.
    pub fn of_network(network: &Network) -> Vec<Self> {
        let flat = network.flat_parameters().map(|flat| flat.val().inner());
        network.layouts().zip(flat).flat_map(|((name, layout), flat)| Self::of_flat(&name, layout, &flat)).collect()
    }

    /// Those of an optimizer: `adam.mean.…` and `adam.square.…`, after its network's.
    pub fn of_adam(adam: &Adam, network: &Network) -> Vec<Self> {
        let layer = |((name, layout), [mean, square]): ((String, _), [&Tensor<1>; 2])| {
            let mean = Self::of_flat(&format!("adam.mean.{name}"), layout, mean);
            mean.into_iter().chain(Self::of_flat(&format!("adam.square.{name}"), layout, square))
        };
        network.layouts().zip(adam.means()).flat_map(layer).collect()
    }

    /// Numbers in memory, those that fill up a block included.
    fn stored(&self) -> usize {
        match &self.values {
            Values::Weights(_, shape) => shape.bias_start(),
            Values::Bias(_, shape) => shape.outputs,
        }
    }

    /// Reads about `most` of the numbers in memory, from number `start` on, and visits each with its place in a file. Returns
    /// how many were read, those that fill up a block included.
    fn read(&self, start: usize, most: usize, mut visit: impl FnMut(usize, f32)) -> usize {
        let (flat, shape) = match &self.values {
            Values::Weights(flat, shape) => (flat, *shape),
            Values::Bias(flat, shape) => {
                let values = strided_rows(flat, shape.bias_start(), 0, [1, shape.outputs]);
                values.iter().enumerate().for_each(|(at, value)| visit(at, *value));
                return values.len();
            }
        };
        let (LinearShape { inputs, outputs }, all, width) = (shape, shape.blocks(), shape.width());
        let (block, input) = (start / (inputs * width), start / width % inputs);
        // Whole blocks, or some inputs of one.
        let whole = (input == 0).then_some(most / (inputs * width)).filter(|blocks| *blocks > 0);
        let (blocks, inputs_read) = match whole {
            Some(blocks) => (block..all.min(block.saturating_add(blocks)), 0..inputs),
            None => (block..block + 1, input..inputs.min(input + (most / width).max(1))),
        };
        let first = (blocks.start * inputs + inputs_read.start) * width;
        let values = strided_rows(flat, first, width, [blocks.len() * inputs_read.len(), width]);
        let in_block = inputs_read.len() * width;
        for (block, values) in blocks.zip(values.chunks_exact(in_block)) {
            let first = block * width;
            for lane in 0..width.min(outputs - first) {
                let column = values.iter().skip(lane).step_by(width);
                let place = (first + lane) * inputs + inputs_read.start;
                column.enumerate().for_each(|(at, value)| visit(place + at, *value));
            }
        }
        values.len()
    }
}

/// The way through some tensors.
#[derive(Debug)]
pub(super) struct Pieces {
    tensors: Vec<FileTensor>,
    tensor: usize,
    /// The first of its numbers in memory that is not read yet.
    start: usize,
}

impl Pieces {
    /// At its start.
    pub const fn new(tensors: Vec<FileTensor>) -> Self {
        Self { tensors, tensor: 0, start: 0 }
    }

    /// Whether all are read.
    pub fn is_done(&self) -> bool {
        self.tensor == self.tensors.len()
    }

    /// Reads about `most` numbers, at least the 64 that one input sends to a block or one bias. `visit` gets the tensor's
    /// number, where in it the number stands, and the number. Returns how many were read.
    pub fn advance(&mut self, most: usize, mut visit: impl FnMut(usize, usize, f32)) -> usize {
        let mut done = 0;
        while done < most
            && let Some(tensor) = self.tensors.get(self.tensor)
        {
            let read = tensor.read(self.start, most - done, |at, value| visit(self.tensor, at, value));
            (done, self.start) = (done + read, self.start + read);
            if self.start >= tensor.stored() {
                (self.tensor, self.start) = (self.tensor + 1, 0);
            }
        }
        done
    }
}

/// Whether all weights of a run and all of its optimizer's means are finite, under way.
#[derive(Debug)]
pub struct FiniteCheck {
    pieces: Pieces,
    is_finite: bool,
}

impl FiniteCheck {
    /// Of a run as it is now.
    pub fn new(run: &Run) -> Self {
        let RunSnapshot { network, adam, .. } = run.snapshot();
        let tensors = FileTensor::of_network(&network).into_iter().chain(FileTensor::of_adam(&adam, &network));
        Self { pieces: Pieces::new(tensors.collect()), is_finite: true }
    }

    /// Reads about `most` numbers, as a [`super::writer::FileWriter`] writes them. Returns how many were read.
    pub fn advance(&mut self, most: usize) -> usize {
        let is_finite = &mut self.is_finite;
        self.pieces.advance(most, |_, _, value| *is_finite &= value.is_finite())
    }

    /// Whether it is known.
    pub fn is_done(&self) -> bool {
        self.pieces.is_done() || !self.is_finite
    }

    /// Whether all are finite that were read.
    pub const fn is_finite(&self) -> bool {
        self.is_finite
    }
}
