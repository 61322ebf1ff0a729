//! Convolutions on the GPU: a dense layer over the patches of each image. What the patches see is copied apart, [B·P, taps], and
//! their neurons are those of B·P samples; spikes, potentials and gradients then change places with those of feature maps, [B,
//! C·P]. Only the gradient of the input, which patches share, is a kernel of its own.
//!
//! Numbers that only change their places are copied as words.

use super::launch::{alloc, check_length, dims, invocations, length, workgroup_size};
use super::{product, readout, spiking};
use crate::kernels::{LinearGradients, LinearShape, Neurons};
use crate::spec::{Neuron, Window};
use burn::tensor::DType;
use burn_wgpu::{CubeBackend, CubeTensor};
use cubecl::prelude::*;

/// A window's numbers.
#[derive(CubeLaunch, CubeType)]
struct Way {
    /// Channels, rows and columns of the input.
    channels: usize,
    rows: usize,
    columns: usize,
    /// Rows and columns of places.
    down: usize,
    right: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
}

fn way(window: Window) -> WayLaunch {
    let Window { input, kernel, stride, padding } = window;
    let (down, right) = (window.rows(), window.columns());
    WayLaunch::new(input.channels, input.rows, input.columns, down, right, kernel, stride, padding)
}

/// The patches [B, P, taps, S] of an input [B, N, S]. An invocation is a tap of a patch.
#[cube(launch_unchecked)]
fn copy_patches(input: &[u32], patches: &mut [u32], count: usize, size: usize, way: Way) {
    let at = ABSOLUTE_POS;
    if at < count {
        let square = way.kernel * way.kernel;
        let taps = way.channels * square;
        let (tap, place) = (at % taps, at / taps % (way.down * way.right));
        let sample = at / taps / (way.down * way.right);
        // From the padding's corner on.
        let row = place / way.right * way.stride + tap % square / way.kernel;
        let column = place % way.right * way.stride + tap % way.kernel;
        let mut is_inside = row >= way.padding && column >= way.padding;
        is_inside = is_inside && row < way.padding + way.rows && column < way.padding + way.columns;
        let mut from = 0usize;
        if is_inside {
            let map = sample * way.channels + tap / square;
            from = ((map * way.rows + row - way.padding) * way.columns + column - way.padding) * size;
        }
        for word in 0..size {
            let mut value = 0u32;
            if is_inside {
                value = input[from + word];
            }
            patches[at * size + word] = value;
        }
    }
}

/// From places to maps: [B, P, M, C, S] to [B, M, C, P, S]; if `back`, from maps to places. The first `kept` words stay where they
/// are.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn exchange(
    from: &[u32],
    to: &mut [u32],
    count: usize,
    kept: usize,
    places: usize,
    middle: usize,
    channels: usize,
    size: usize,
    #[comptime] back: bool,
) {
    if ABSOLUTE_POS < count {
        if ABSOLUTE_POS < kept {
            to[ABSOLUTE_POS] = from[ABSOLUTE_POS];
        } else {
            // The place in [B, M, C, P, S].
            let at = ABSOLUTE_POS - kept;
            let (word, place) = (at % size, at / size % places);
            let (channel, rest) = (at / size / places % channels, at / size / places / channels);
            let (outer, sample) = (rest % middle, rest / middle);
            let other = (((sample * places + place) * middle + outer) * channels + channel) * size + word;
            if comptime!(back) {
                to[kept + other] = from[kept + at];
            } else {
                to[kept + at] = from[kept + other];
            }
        }
    }
}

/// The gradient of the input, [B, M, N], from that of what patches gave, [B, P, M, C]: an invocation is one of its numbers.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn input_gradient(
    by_places: &[f32],
    parameters: &[f32],
    result: &mut [f32],
    count: usize,
    middle: usize,
    channels: usize,
    way: Way,
    #[comptime] width: usize,
) {
    let at = ABSOLUTE_POS;
    if at < count {
        let (map_size, places) = (way.rows * way.columns, way.down * way.right);
        let taps = way.channels * way.kernel * way.kernel;
        let row = at / way.columns % way.rows + way.padding;
        let column = at % way.columns + way.padding;
        let input = at / map_size % way.channels;
        let rest = at / map_size / way.channels;
        let (outer, sample) = (rest % middle, rest / middle);
        let mut first_down = 0usize;
        if row >= way.kernel {
            first_down = (row - way.kernel) / way.stride + 1;
        }
        let mut first_right = 0usize;
        if column >= way.kernel {
            first_right = (column - way.kernel) / way.stride + 1;
        }
        let mut sum = 0.0f32;
        let mut down = first_down;
        while down < way.down && down * way.stride <= row {
            let mut right = first_right;
            while right < way.right && right * way.stride <= column {
                let tap = (input * way.kernel + row - down * way.stride) * way.kernel + column - right * way.stride;
                let place = sample * places + down * way.right + right;
                let start = (place * middle + outer) * channels;
                for channel in 0..channels {
                    sum += by_places[start + channel] * parameters[spiking::column(channel, taps, width) + tap * width];
                }
                right += 1;
            }
            down += 1;
        }
        result[at] = sum;
    }
}

/// What each patch of the input [B, N, S] sees, [B·P, taps, S].
///
/// # Panics
/// If the input is not of the window's size.
fn patches(input: &CubeTensor, size: usize, window: Window) -> CubeTensor {
    let batch = length(input) / (window.input.neurons() * size);
    check_length("the input of a convolution", input, batch * window.input.neurons() * size);
    let patches = alloc(input, [batch * window.places(), window.taps(), size], input.dtype);
    let count = batch * window.places() * window.taps();
    // SAFETY: an invocation below B·P·taps writes the words of a tap and reads those of a neuron of the input, whose
    // row and column are tested.
    #[allow(unsafe_code)]
    unsafe {
        copy_patches::launch_unchecked(
            &input.client,
            invocations(count),
            workgroup_size(),
            input.clone().into_buffer_arg(),
            patches.clone().into_buffer_arg(),
            count,
            size,
            way(window),
        );
    }
    patches
}

/// The sizes of numbers that change their places: P, M, C, S, and how many stay in front of them.
#[derive(Clone, Copy)]
struct Exchange {
    places: usize,
    middle: usize,
    channels: usize,
    size: usize,
    kept: usize,
}

impl Exchange {
    /// From places to maps, or if `back` from maps to places, as a tensor of this shape.
    ///
    /// # Panics
    /// If the shape has another number of elements.
    fn apply<const D: usize>(self, from: &CubeTensor, shape: [usize; D], back: bool) -> CubeTensor {
        let to = alloc(from, shape, from.dtype);
        let count = length(from);
        let group = self.places * self.middle * self.channels * self.size;
        let is_whole = count >= self.kept && (count - self.kept).is_multiple_of(group) && length(&to) == count;
        assert!(is_whole, "{count} numbers for {} and {group} each", self.kept);
        // SAFETY: an invocation below the number of elements reads one and writes one: the places in both orders are below it,
        // since they fill groups, as is checked above.
        #[allow(unsafe_code)]
        unsafe {
            exchange::launch_unchecked(
                &from.client,
                invocations(count),
                workgroup_size(),
                from.clone().into_buffer_arg(),
                to.clone().into_buffer_arg(),
                count,
                self.kept,
                self.places,
                self.middle,
                self.channels,
                self.size,
                back,
            );
        }
        to
    }
}

/// The spikes [B, C·P, words] of a convolution, and what the neurons of its patches save, with the patches of its input, from the
/// spikes [B, N, words] of that.
pub(super) fn layer(
    bits: &CubeTensor,
    parameters: &CubeTensor,
    (shape, window): (LinearShape, Window),
    neuron: &Neuron,
    time_steps: usize,
) -> (CubeTensor, (CubeTensor, spiking::Saved)) {
    let [batch, _, words] = dims(bits);
    let patches = patches(bits, words, window);
    let (fired, saved) = spiking::layer(&patches, parameters, shape, neuron, time_steps);
    let exchange = Exchange { places: window.places(), middle: 1, channels: shape.outputs, size: words, kept: 0 };
    let spikes = exchange.apply(&fired, [batch, shape.outputs * window.places(), words], false);
    (spikes, (patches, saved))
}

/// The potentials of a convolution's neurons, [B, T, C·P], from those of its patches' [B·P, T, C].
pub(super) fn potentials(saved: &spiking::Saved, window: Window) -> CubeTensor {
    let [patches, time_steps, channels] = dims(&saved.potentials);
    let places = window.places();
    let exchange = Exchange { places, middle: time_steps, channels, size: 1, kept: 0 };
    exchange.apply(&saved.potentials, [patches / places, time_steps, channels * places], false)
}

/// The gradients of a convolution's parameters and, if needed, of its input's spikes [B, T, N], from that of its own spikes.
pub(super) fn layer_backward(
    saved: &(CubeTensor, spiking::Saved),
    parameters: &CubeTensor,
    (shape, window): (LinearShape, Window),
    grad_spikes: &CubeTensor,
    neurons: &Neurons,
    needs_input: bool,
) -> LinearGradients<CubeBackend> {
    let [patches, time_steps, channels] = dims(&saved.1.potentials);
    let places = window.places();
    let factored = grad_spikes.meta.num_dims() == 1;
    let middle = if factored { 1 } else { time_steps };
    let kept = if factored { time_steps } else { 0 };
    let exchange = Exchange { places, middle, channels, size: 1, kept };
    let by_spikes = match factored {
        true => exchange.apply(grad_spikes, [time_steps + patches * channels], true),
        false => exchange.apply(grad_spikes, [patches, time_steps, channels], true),
    };
    // A penalty is for the neurons of the whole layer.
    let (gradients, by_currents) =
        spiking::layer_backward(saved, parameters, shape, by_spikes, neurons, channels * places);
    let batch = patches / places;
    let input = needs_input.then(|| {
        input_backward(&by_currents, parameters, (shape, window), [batch, time_steps, window.input.neurons()])
    });
    LinearGradients { parameters: gradients, input }
}

/// The gradient of a convolution's input, [B, M, N], from that of what its patches gave, [B·P, M, C].
fn input_backward<const D: usize>(
    by_places: &CubeTensor,
    parameters: &CubeTensor,
    (shape, window): (LinearShape, Window),
    sizes: [usize; D],
) -> CubeTensor {
    let result = alloc(by_places, sizes, DType::F32);
    let count = length(&result);
    let samples_and_middle = count / window.input.neurons();
    let middle = if D == 3 { sizes[1] } else { 1 };
    check_length("the gradient of patches", by_places, samples_and_middle * window.places() * shape.outputs);
    check_length("the numbers of a linear map", parameters, shape.numbers());
    // SAFETY: an invocation below the number of elements writes one; it reads the numbers of places and taps below those of the
    // window, in buffers of the sizes that are checked above.
    #[allow(unsafe_code)]
    unsafe {
        input_gradient::launch_unchecked(
            &result.client,
            invocations(count),
            workgroup_size(),
            by_places.clone().into_buffer_arg(),
            parameters.clone().into_buffer_arg(),
            result.clone().into_buffer_arg(),
            count,
            middle,
            shape.outputs,
            way(window),
            shape.width(),
        );
    }
    result
}

/// Numbers [B, N] through a convolution: + bias_scale·bias, [B, C·P].
pub(super) fn linear(
    input: &CubeTensor,
    parameters: &CubeTensor,
    (shape, window): (LinearShape, Window),
    bias_scale: f32,
) -> CubeTensor {
    let [batch, _] = dims(input);
    let output = product::linear(&flat_patches(input, shape, window), parameters, shape, bias_scale);
    let (places, channels) = (window.places(), shape.outputs);
    Exchange { places, middle: 1, channels, size: 1, kept: 0 }.apply(&output, [batch, channels * places], false)
}

/// The patches of numbers, [B·P, taps].
fn flat_patches(input: &CubeTensor, shape: LinearShape, window: Window) -> CubeTensor {
    let patches = patches(input, 1, window);
    let [count, _, _] = dims(&patches);
    let CubeTensor { client, handle, device, dtype, .. } = patches;
    CubeTensor::new_contiguous(client, device, burn::tensor::Shape::from([count, shape.inputs]), handle, dtype)
}

/// The gradients of a convolution's parameters and, if needed, of its input [B, N], from that of its output, [B, C·P].
pub(super) fn linear_backward(
    input: &CubeTensor,
    parameters: &CubeTensor,
    (shape, window): (LinearShape, Window),
    grad_output: &CubeTensor,
    bias_scale: f32,
    needs_input: bool,
) -> LinearGradients<CubeBackend> {
    let [batch, _] = dims(grad_output);
    let (places, channels) = (window.places(), shape.outputs);
    let exchange = Exchange { places, middle: 1, channels, size: 1, kept: 0 };
    let by_places = exchange.apply(grad_output, [batch * places, channels], true);
    let patches = flat_patches(input, shape, window);
    let gradients = readout::linear_backward(&patches, parameters, shape, &by_places, bias_scale, false);
    let input =
        needs_input.then(|| input_backward(&by_places, parameters, (shape, window), [batch, window.input.neurons()]));
    LinearGradients { input, ..gradients }
}
