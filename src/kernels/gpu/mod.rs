//! The kernels on a GPU, through wgpu: natively on any of its backends, in a browser on WebGPU.
//!
//! A training step with one hidden layer is eleven dispatches, and nothing of it is read back: images are stored on the
//! GPU, their numbers and labels are uploaded, loss and hits stay there until they are read. A GPU sums in another
//! order than the CPU and may fuse a product with a sum, so it agrees within rounding and not bit for bit; see
//! [`crate::parity`].
//!
//! Each kernel is in the file of its subject, beside the safe function that checks its buffers and launches it; this
//! file is the wiring.

mod adam;
mod adapter;
mod convolution;
mod copy;
mod encode;
mod launch;
mod product;
mod readout;
mod spiking;

pub(super) use adapter::open;

use super::{
    AdamState, AdamStep, Derivatives, LinearGradients, LinearMap, LossOutput, Neurons, Spikes, SpikingOperations,
    UntrackedOperations,
};
use crate::rate_penalty::RatePenalty;
use crate::spec::{Encoding, Neuron};
use burn::backend::DispatchDevice;
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::tensor::{DType, Device};
use burn_wgpu::CubeBackend;
use burn_wgpu::CubeTensor;
use cubecl::bytes::Bytes;
use launch::{alloc, contiguous};

/// Whether this is a device of this backend.
pub(super) fn holds(device: &Device) -> bool {
    matches!(device.clone().inner().as_dispatch(), DispatchDevice::Cube(_))
}

/// Spikes with a carrier that links the graph, whose value is never read.
fn spikes(bits: CubeTensor) -> Spikes<CubeBackend> {
    let carrier = alloc(&bits, [1], DType::F32);
    Spikes { bits, carrier }
}

/// The sum of gradients and those of earlier samples, which are none, [0], if there were none.
fn accumulate(earlier: CubeTensor, gradients: LinearGradients<CubeBackend>) -> LinearGradients<CubeBackend> {
    if launch::length(&earlier) == 0 {
        return gradients;
    }
    LinearGradients { parameters: CubeBackend::float_add(earlier, gradients.parameters), ..gradients }
}

impl SpikingOperations for CubeBackend {
    fn spiking_layer(input: Spikes<Self>, map: LinearMap<Self>, neurons: Neurons, time_steps: usize) -> Spikes<Self> {
        Self::spiking_layer_forward(input, &map, neurons.neuron, time_steps).0
    }

    fn lif_constant_input(currents: FloatTensor<Self>, neurons: Neurons, time_steps: usize) -> Spikes<Self> {
        Self::lif_constant_input_forward(currents, neurons.neuron, time_steps).0
    }

    fn weighted_spike_count(input: Spikes<Self>, coefficients: Vec<f32>) -> FloatTensor<Self> {
        readout::count(&contiguous(input.bits), &coefficients)
    }

    fn among(_: FloatTensor<Self>, all: FloatTensor<Self>, _: usize) -> FloatTensor<Self> {
        all
    }

    fn linear_map(input: FloatTensor<Self>, map: LinearMap<Self>, bias_scale: f32) -> FloatTensor<Self> {
        let [input, parameters] = [input, map.parameters].map(contiguous);
        match map.window {
            Some(window) => convolution::linear(&input, &parameters, (map.shape, window), bias_scale),
            None => product::linear(&input, &parameters, map.shape, bias_scale),
        }
    }

    fn integrators(input: Spikes<Self>, map: LinearMap<Self>, coefficients: Vec<f32>) -> FloatTensor<Self> {
        Self::integrators_forward(input, &map, &coefficients).0
    }

    fn cross_entropy(logits: FloatTensor<Self>, labels: Vec<u8>, batch: usize) -> LossOutput<Self> {
        readout::cross_entropy(&contiguous(logits), &labels, batch)
    }
}

impl Derivatives for CubeBackend {
    /// The spikes of a layer's input, or of its patches, and the values that its neurons save. With constant currents there are no
    /// spikes.
    type Saved = (Option<CubeTensor>, spiking::Saved);

    fn spiking_layer_forward(
        input: Spikes<Self>,
        map: &LinearMap<Self>,
        neuron: Neuron,
        time_steps: usize,
    ) -> (Spikes<Self>, Self::Saved) {
        let (bits, parameters) = (contiguous(input.bits), contiguous(map.parameters.clone()));
        if let Some(window) = map.window {
            let (fired, (patches, saved)) =
                convolution::layer(&bits, &parameters, (map.shape, window), &neuron, time_steps);
            return (spikes(fired), (Some(patches), saved));
        }
        let (fired, saved) = spiking::layer(&bits, &parameters, map.shape, &neuron, time_steps);
        (spikes(fired), (Some(bits), saved))
    }

    #[expect(clippy::expect_used, reason = "what this backward pass gets was saved by the forward pass above")]
    fn spiking_layer_backward(
        (bits, saved): Self::Saved,
        map: LinearMap<Self>,
        grad_spikes: FloatTensor<Self>,
        neurons: Neurons,
        needs_input: bool,
    ) -> LinearGradients<Self> {
        let (saved, earlier) = ((bits.expect("the input's spikes"), saved), map.grad_accum);
        let (parameters, shape) = (contiguous(map.parameters), map.shape);
        let gradients = match map.window {
            Some(window) => {
                let gradient = contiguous(grad_spikes);
                convolution::layer_backward(&saved, &parameters, (shape, window), &gradient, &neurons, needs_input)
            }
            None => {
                let (gradient, currents) =
                    spiking::layer_backward(&saved, &parameters, shape, grad_spikes, &neurons, shape.outputs);
                let input = needs_input.then(|| product::linear_input_backward::<3>(&currents, &parameters, shape));
                LinearGradients { parameters: gradient, input }
            }
        };
        accumulate(earlier, gradients)
    }

    fn lif_constant_input_forward(
        currents: FloatTensor<Self>,
        neuron: Neuron,
        time_steps: usize,
    ) -> (Spikes<Self>, Self::Saved) {
        let (fired, saved) = spiking::lif_constant_input(&contiguous(currents), &neuron, time_steps);
        (spikes(fired), (None, saved))
    }

    fn lif_constant_input_backward(
        (_, saved): Self::Saved,
        grad_spikes: FloatTensor<Self>,
        neurons: Neurons,
    ) -> FloatTensor<Self> {
        let [_, _, outputs] = launch::dims(&saved.potentials);
        spiking::lif_backward(&saved, grad_spikes, (&neurons, outputs), true)
    }

    fn weighted_spike_count_backward(grad_counts: FloatTensor<Self>, coefficients: &[f32]) -> FloatTensor<Self> {
        readout::count_backward(grad_counts, coefficients)
    }

    fn linear_map_backward(
        input: FloatTensor<Self>,
        map: LinearMap<Self>,
        grad_output: FloatTensor<Self>,
        bias_scale: f32,
        needs_input: bool,
    ) -> LinearGradients<Self> {
        let earlier = map.grad_accum;
        let [input, parameters, grad_output] = [input, map.parameters, grad_output].map(contiguous);
        let gradients = match map.window {
            Some(window) => {
                let map = (map.shape, window);
                convolution::linear_backward(&input, &parameters, map, &grad_output, bias_scale, needs_input)
            }
            None => readout::linear_backward(&input, &parameters, map.shape, &grad_output, bias_scale, needs_input),
        };
        accumulate(earlier, gradients)
    }

    fn integrators_forward(
        input: Spikes<Self>,
        map: &LinearMap<Self>,
        coefficients: &[f32],
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        readout::integrators(&contiguous(input.bits), &contiguous(map.parameters.clone()), map.shape, coefficients)
    }

    fn integrators_backward(
        counts: FloatTensor<Self>,
        map: LinearMap<Self>,
        grad_output: FloatTensor<Self>,
        coefficients: &[f32],
        _: bool,
    ) -> LinearGradients<Self> {
        let earlier = map.grad_accum;
        let [counts, parameters, grad_output] = [counts, map.parameters, grad_output].map(contiguous);
        let gradients = readout::integrators_backward(&counts, &parameters, map.shape, &grad_output, coefficients);
        accumulate(earlier, gradients)
    }

    fn cross_entropy_backward(
        logits: FloatTensor<Self>,
        labels: &[u8],
        batch: usize,
        grad_loss: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        readout::cross_entropy_backward(&contiguous(logits), labels, batch, grad_loss)
    }
}

impl UntrackedOperations for CubeBackend {
    fn membrane_potentials(
        input: Spikes<Self>,
        map: LinearMap<Self>,
        neuron: Neuron,
        time_steps: usize,
    ) -> FloatTensor<Self> {
        let (_, (_, saved)) = Self::spiking_layer_forward(input, &map, neuron, time_steps);
        map.window.map_or_else(|| saved.potentials.clone(), |window| convolution::potentials(&saved, window))
    }

    fn rate_penalty(bits: IntTensor<Self>, penalty: RatePenalty, time_steps: usize) -> FloatTensor<Self> {
        spiking::rate_penalty(&contiguous(bits), penalty, time_steps)
    }

    fn to_kernel_layout(parameters: FloatTensor<Self>) -> FloatTensor<Self> {
        contiguous(parameters)
    }

    fn adam(state: AdamState<Self>, gradient: FloatTensor<Self>, step: AdamStep) -> AdamState<Self> {
        adam::step(state, gradient, step)
    }

    fn strided_rows(
        numbers: FloatTensor<Self>,
        first: usize,
        stride: usize,
        rows: usize,
        columns: usize,
    ) -> FloatTensor<Self> {
        copy::strided_rows(&contiguous(numbers), first, stride, rows, columns)
    }

    fn write_bytes(images: IntTensor<Self>, first: usize, bytes: Vec<u8>) -> IntTensor<Self> {
        let images = contiguous(images);
        let behind = launch::length(&images) * images.dtype.size() - first - bytes.len();
        let part = images.handle.clone().offset_start(first as u64).offset_end(behind as u64);
        images.client.write(&part, Bytes::from_bytes_vec(bytes));
        images
    }

    fn encode_spikes(
        images: IntTensor<Self>,
        batch: IntTensor<Self>,
        coding: Encoding,
        pixels: usize,
        time_steps: usize,
    ) -> IntTensor<Self> {
        encode::spikes(images, batch, coding, pixels, time_steps)
    }

    fn encode_currents(images: IntTensor<Self>, batch: IntTensor<Self>, pixels: usize) -> FloatTensor<Self> {
        encode::currents(images, batch, pixels)
    }
}
