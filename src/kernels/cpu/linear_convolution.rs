//! Convolutions of numbers instead of spikes: constant currents. They pass once for all time steps, so plain loops do.

use super::convolution::{FanOut, add_samples};
use super::{storage, threads};
use crate::kernels::linear::LinearShape;
use crate::spec::Window;
use std::iter::zip;

/// The rows of weights and the bias of a block of maps.
fn block_of(numbers: &[f32], shape: LinearShape, block: usize) -> (&[f32], &[f32]) {
    let (weight, bias) = numbers.split_at(shape.bias_start());
    let size = shape.inputs * shape.width();
    (&weight[block * size..][..size], &bias[block * shape.width()..])
}

/// input [B, N] through the kernels, + bias_scale·bias, as [B, C·P].
pub(super) fn forward(
    input: &[f32],
    parameters: &[f32],
    shape: LinearShape,
    window: Window,
    bias_scale: f32,
) -> Vec<f32> {
    let (inputs, places) = (window.input.neurons(), window.places());
    let fan_out = FanOut::new(window, 1);
    let mut output = vec![0.0; input.len() / inputs * shape.outputs * places];
    let pieces = zip(output.chunks_mut(shape.outputs * places), input.chunks(inputs));
    threads::par_for_each(pieces.collect(), |(output, input)| {
        for (block, maps) in output.chunks_mut(shape.width() * places).enumerate() {
            let (weight, bias) = block_of(parameters, shape, block);
            for (map, bias) in zip(maps.chunks_exact_mut(places), bias) {
                map.fill(bias_scale * bias);
            }
            for (neuron, value) in input.iter().enumerate().filter(|(_, value)| **value != 0.0) {
                let (targets, first) = fan_out.of(neuron as u32);
                for target in targets {
                    let row = &weight[(first + target.tap as usize) * shape.width()..];
                    let at = maps.iter_mut().skip(target.place as usize).step_by(places);
                    zip(at, row).for_each(|(at, weight)| *at += value * weight);
                }
            }
        }
    });
    output
}

/// Adds the gradients of weights and bias to `numbers`, from that of the output, [B, C·P]; returns that of the input, [B, N], if it
/// is wanted.
pub(super) fn backward(
    input: &[f32],
    (parameters, shape, window): (&[f32], LinearShape, Window),
    grad_output: &[f32],
    numbers: &mut [f32],
    bias_scale: f32,
    needs_input: bool,
) -> Option<Vec<f32>> {
    let (inputs, places) = (window.input.neurons(), window.places());
    let batch = input.len() / inputs;
    let fan_out = FanOut::new(window, 1);
    let mut sums = storage::floats(batch * shape.numbers());
    let mut by_input = needs_input.then(|| vec![0.0; input.len()]);
    let mut kept = by_input.as_mut().map(|by_input| by_input.chunks_mut(inputs));
    let samples = zip(input.chunks(inputs), grad_output.chunks(shape.outputs * places));
    let pieces =
        zip(sums.chunks_mut(shape.numbers()), samples).map(|piece| (piece, kept.as_mut().and_then(Iterator::next)));
    threads::par_for_each(pieces.collect(), |((sums, (input, gradient)), mut by_input)| {
        sums.fill(0.0);
        let (weights, bias) = sums.split_at_mut(shape.bias_start());
        for (bias, map) in zip(bias, gradient.chunks_exact(places)) {
            *bias = bias_scale * map.iter().sum::<f32>();
        }
        for (block, maps) in gradient.chunks(shape.width() * places).enumerate() {
            let (weight, _) = block_of(parameters, shape, block);
            let sums = &mut weights[block * weight.len()..][..weight.len()];
            for (neuron, value) in input.iter().enumerate() {
                let (targets, first) = fan_out.of(neuron as u32);
                for target in targets {
                    let start = (first + target.tap as usize) * shape.width();
                    let maps = maps.iter().skip(target.place as usize).step_by(places);
                    let rows = zip(&mut sums[start..], &weight[start..]);
                    for ((sum, weight), gradient) in zip(rows, maps) {
                        *sum += value * gradient;
                        if let Some(by_input) = &mut by_input {
                            by_input[neuron] += weight * gradient;
                        }
                    }
                }
            }
        }
    });
    add_samples(numbers, &sums);
    storage::release(sums);
    by_input
}
