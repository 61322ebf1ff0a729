//! The kernels on a graphics card, through wgpu: natively on whatever it offers, in a browser on WebGPU.
//!
//! A training step with one hidden layer is eleven dispatches, and nothing of it is read back: images lie on the card,
//! their numbers and labels go there, loss and score stay there until somebody asks. A card sums in another order than the
//! CPU and may fuse a product with a sum, so it agrees within rounding and not to the bit; see [`crate::parity`].

mod adam;
mod adapter;
mod encode;
mod flat;
mod launch;
mod product;
mod readout;
mod spiking;

pub(super) use adapter::open;

use super::{
    AdamStep, Adaptive, AffineGradients, Derivatives, Fired, Judgement, LayerGradients, Pair, Spikes,
    SpikingOperations, UntrackedOperations, blocks,
};
use crate::spec::{self, Encoding, Neuron};
use crate::spikes::words_for;
use burn::backend::DispatchDevice;
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::tensor::{DType, Device, Shape};
use burn_cubecl::CubeBackend;
use burn_cubecl::tensor::CubeTensor;
use cubecl::bytes::Bytes;
use flat::Flat;
use launch::{brought, cube, dims, grid, room, units, whole};
use spiking::{CellLaunch, Kind, Surrogate};

/// Whether this is a device of ours.
pub(super) fn holds(device: &Device) -> bool {
    matches!(device.clone().inner().as_dispatch(), DispatchDevice::Cube(_))
}

/// What a layer remembers of its forward pass: which of its input's spikes there were, and its potentials, [B, T, H].
#[derive(Clone, Debug)]
pub(crate) struct Record {
    bits: Option<CubeTensor>,
    potentials: CubeTensor,
}

fn cell(neuron: &Neuron) -> CellLaunch {
    let (surrogate, slope) = match neuron.surrogate {
        spec::Surrogate::FastSigmoid(slope) => (Surrogate::FastSigmoid, slope),
        spec::Surrogate::Arctan(slope) => (Surrogate::Arctan, slope),
        spec::Surrogate::Sigmoid(slope) => (Surrogate::Sigmoid, slope),
        spec::Surrogate::Triangle => (Surrogate::Triangle, 0.0),
    };
    let removed = neuron.subtracted();
    let kind = Kind { to_zero: removed.is_none(), attached: neuron.attached_reset, surrogate };
    let Neuron { alpha, beta, gain, threshold, .. } = *neuron;
    CellLaunch::new(alpha, beta, gain, threshold, removed.unwrap_or(0.0), slope, kind)
}

/// One float that links the graph; nobody looks at it.
fn fired(bits: CubeTensor) -> Fired<CubeBackend> {
    let carrier = room(&bits, [1], DType::F32);
    Fired { bits, carrier }
}

/// What is added to gradients of earlier samples, if there are any.
fn onto(sums: Pair<CubeBackend>, gradient: Pair<CubeBackend>) -> Pair<CubeBackend> {
    if sums.bias.meta.num_elements() == 0 {
        return gradient;
    }
    let weight = CubeBackend::float_add(sums.weight, gradient.weight);
    Pair { weight, bias: CubeBackend::float_add(sums.bias, gradient.bias) }
}

fn labels_of(like: &CubeTensor, labels: &[u8]) -> CubeTensor {
    brought(like, &labels.iter().map(|label| u32::from(*label)).collect::<Vec<_>>(), DType::U32)
}

/// left [rows, depth] × the weights, as they are or `transposed`; see [`product::product`].
fn product(
    left: &CubeTensor,
    weight: CubeTensor,
    bias: CubeTensor,
    [rows, depth, columns]: [usize; 3],
    times: Option<f32>,
    width: usize,
) -> CubeTensor {
    let result = room(left, [rows, columns], DType::F32);
    let tiles = grid(columns.div_ceil(product::TILE), rows.div_ceil(product::TILE));
    // SAFETY: units read and write below the numbers of rows and columns only.
    #[allow(unsafe_code)]
    unsafe {
        product::product::launch_unchecked(
            &left.client,
            tiles,
            cube(),
            left.clone().into_buffer_arg(),
            weight.into_buffer_arg(),
            bias.into_buffer_arg(),
            result.clone().into_buffer_arg(),
            rows,
            depth,
            columns,
            times.unwrap_or(0.0),
            times.is_none(),
            width,
        );
    }
    result
}

impl SpikingOperations for CubeBackend {
    fn spiking_layer(
        input: Spikes<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        _: Pair<Self>,
        neuron: Neuron,
        time_steps: usize,
    ) -> Fired<Self> {
        Self::recorded_spiking_layer(input, weight, bias, neuron, time_steps).0
    }

    fn driven_neurons(currents: FloatTensor<Self>, neuron: Neuron, time_steps: usize) -> Fired<Self> {
        Self::recorded_driven_neurons(currents, neuron, time_steps).0
    }

    fn weighted_spike_count(input: Spikes<Self>, coefficients: Vec<f32>) -> FloatTensor<Self> {
        let bits = whole(input.bits);
        let [batch, neurons, _] = dims(&bits);
        let counts = room(&bits, [batch, neurons], DType::F32);
        // SAFETY: a unit stays within its neuron's words and below T.
        #[allow(unsafe_code)]
        unsafe {
            readout::count::launch_unchecked(
                &counts.client,
                units(batch * neurons),
                cube(),
                bits.clone().into_buffer_arg(),
                brought(&bits, &coefficients, DType::F32).into_buffer_arg(),
                counts.clone().into_buffer_arg(),
                batch * neurons,
                coefficients.len(),
            );
        }
        counts
    }

    fn affine(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        _: Pair<Self>,
        times: f32,
    ) -> FloatTensor<Self> {
        let (input, weight, bias) = (whole(input), whole(weight), whole(bias));
        let ([batch, senders], [targets]) = (dims(&input), dims(&bias));
        product(&input, weight, bias, [batch, senders, targets], Some(times), blocks::width(targets))
    }

    fn integrators(
        input: Spikes<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        _: Pair<Self>,
        coefficients: Vec<f32>,
    ) -> FloatTensor<Self> {
        Self::recorded_integrators(input, weight, bias, &coefficients).0
    }

    fn cross_entropy(logits: FloatTensor<Self>, labels: Vec<u8>, batch: usize) -> Judgement<Self> {
        let logits = whole(logits);
        let [rows, classes] = dims(&logits);
        let (loss, correct) = (room(&logits, [1], DType::F32), room(&logits, [1], DType::U32));
        // SAFETY: a unit reads its rows only; labels are below the number of classes, as the caller has seen to.
        #[allow(unsafe_code)]
        unsafe {
            readout::cross_entropy::launch_unchecked(
                &logits.client,
                grid(1, 1),
                cube(),
                logits.clone().into_buffer_arg(),
                labels_of(&logits, &labels).into_buffer_arg(),
                loss.clone().into_buffer_arg(),
                correct.clone().into_buffer_arg(),
                rows,
                classes,
                batch as f32,
            );
        }
        Judgement { loss, correct }
    }
}

impl Derivatives for CubeBackend {
    type Record = Record;

    fn recorded_spiking_layer(
        input: Spikes<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        neuron: Neuron,
        time_steps: usize,
    ) -> (Fired<Self>, Self::Record) {
        let (bits, weight, bias) = (whole(input.bits), whole(weight), whole(bias));
        let ([batch, senders, _], [targets]) = (dims(&bits), dims(&bias));
        let spikes = room(&bits, [batch, targets, words_for(time_steps)], DType::U32);
        let potentials = room(&bits, [batch, time_steps, targets], DType::F32);
        // SAFETY: units read and write below B, N, T and H only.
        #[allow(unsafe_code)]
        unsafe {
            spiking::forward::launch_unchecked(
                &bits.client,
                grid(targets.div_ceil(launch::UNITS), batch),
                cube(),
                bits.clone().into_buffer_arg(),
                weight.into_buffer_arg(),
                bias.into_buffer_arg(),
                spikes.clone().into_buffer_arg(),
                potentials.clone().into_buffer_arg(),
                senders,
                targets,
                cell(&neuron),
                time_steps,
                blocks::width(targets),
            );
        }
        (fired(spikes), Record { bits: Some(bits), potentials })
    }

    fn spiking_layer_gradients(
        record: Self::Record,
        weight: FloatTensor<Self>,
        sums: Pair<Self>,
        gradient: FloatTensor<Self>,
        neuron: Neuron,
        with_input: bool,
    ) -> LayerGradients<Self> {
        let weight = whole(weight);
        let ([batch, time_steps, targets], shape) = (dims(&record.potentials), dims::<3>(&weight));
        let (senders, width) = (shape[1], shape[2]);
        let currents = scanned(&record, gradient, &neuron, false);
        let flat = Flat::room(&weight, shape, targets);
        let bits = record.bits.unwrap_or_else(|| room(&weight, [1], DType::U32));
        // SAFETY: units read and write below B, N, T and H only.
        #[allow(unsafe_code)]
        unsafe {
            spiking::weight_gradient::launch_unchecked(
                &weight.client,
                grid(targets.div_ceil(launch::UNITS), senders.div_ceil(spiking::SENDERS) + 1),
                cube(),
                bits.into_buffer_arg(),
                currents.clone().into_buffer_arg(),
                flat.numbers.clone().into_buffer_arg(),
                batch,
                senders,
                targets,
                flat.bias_at(),
                time_steps,
                width,
            );
        }
        let input = with_input.then(|| {
            let sizes = [batch * time_steps, targets, senders];
            let CubeTensor { client, handle, device, dtype, .. } =
                product(&currents, weight.clone(), weight.clone(), sizes, None, width);
            CubeTensor::new_contiguous(client, device, Shape::from([batch, time_steps, senders]), handle, dtype)
        });
        let Pair { weight, bias } = onto(sums, flat.split());
        LayerGradients { weight, bias, input }
    }

    fn recorded_driven_neurons(
        currents: FloatTensor<Self>,
        neuron: Neuron,
        time_steps: usize,
    ) -> (Fired<Self>, Self::Record) {
        let currents = whole(currents);
        let [batch, targets] = dims(&currents);
        let spikes = room(&currents, [batch, targets, words_for(time_steps)], DType::U32);
        let potentials = room(&currents, [batch, time_steps, targets], DType::F32);
        // SAFETY: a unit reads and writes what belongs to its neuron.
        #[allow(unsafe_code)]
        unsafe {
            spiking::driven::launch_unchecked(
                &currents.client,
                units(batch * targets),
                cube(),
                currents.clone().into_buffer_arg(),
                spikes.clone().into_buffer_arg(),
                potentials.clone().into_buffer_arg(),
                batch * targets,
                targets,
                cell(&neuron),
                time_steps,
            );
        }
        (fired(spikes), Record { bits: None, potentials })
    }

    fn driven_neurons_gradient(record: Self::Record, gradient: FloatTensor<Self>, neuron: Neuron) -> FloatTensor<Self> {
        scanned(&record, gradient, &neuron, true)
    }

    fn spread_over_time(gradient: FloatTensor<Self>, coefficients: &[f32]) -> FloatTensor<Self> {
        let gradient = whole(gradient);
        let neurons = gradient.meta.num_elements();
        let factors = room(&gradient, [coefficients.len() + neurons], DType::F32);
        // SAFETY: a unit below T + B·N writes one number.
        #[allow(unsafe_code)]
        unsafe {
            readout::spread::launch_unchecked(
                &factors.client,
                units(coefficients.len() + neurons),
                cube(),
                gradient.clone().into_buffer_arg(),
                brought(&gradient, coefficients, DType::F32).into_buffer_arg(),
                factors.clone().into_buffer_arg(),
                neurons,
                coefficients.len(),
            );
        }
        factors
    }

    fn affine_gradients(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        sums: Pair<Self>,
        gradient: FloatTensor<Self>,
        times: f32,
        wanted: [bool; 3],
    ) -> AffineGradients<Self> {
        let (input, weight, gradient) = (whole(input), whole(weight), whole(gradient));
        let ([batch, targets], shape) = (dims(&gradient), dims::<3>(&weight));
        let (senders, width) = (shape[1], shape[2]);
        let by_input = wanted[0]
            .then(|| product(&gradient, weight.clone(), weight.clone(), [batch, targets, senders], None, width));
        let flat = Flat::room(&weight, shape, targets);
        // SAFETY: a unit below the length of the buffer writes one number.
        #[allow(unsafe_code)]
        unsafe {
            readout::affine_gradient::launch_unchecked(
                &weight.client,
                units(flat.len()),
                cube(),
                input.into_buffer_arg(),
                gradient.into_buffer_arg(),
                flat.numbers.clone().into_buffer_arg(),
                batch,
                senders,
                targets,
                flat.bias_at(),
                times,
                width,
            );
        }
        let Pair { weight, bias } = onto(sums, flat.split());
        AffineGradients { input: by_input, weight: wanted[1].then_some(weight), bias: wanted[2].then_some(bias) }
    }

    fn recorded_integrators(
        input: Spikes<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        coefficients: &[f32],
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (bits, weight, bias) = (whole(input.bits), whole(weight), whole(bias));
        let ([batch, senders, _], [classes]) = (dims(&bits), dims(&bias));
        let (counts, scores) = (room(&bits, [batch, senders], DType::F32), room(&bits, [batch, classes], DType::F32));
        // SAFETY: units read and write below B, N, T and H only.
        #[allow(unsafe_code)]
        unsafe {
            readout::integrators::launch_unchecked(
                &bits.client,
                grid(classes.div_ceil(readout::CLASSES), batch),
                cube(),
                bits.clone().into_buffer_arg(),
                brought(&bits, coefficients, DType::F32).into_buffer_arg(),
                weight.into_buffer_arg(),
                bias.into_buffer_arg(),
                counts.clone().into_buffer_arg(),
                scores.clone().into_buffer_arg(),
                senders,
                classes,
                coefficients.len(),
                coefficients.iter().sum::<f32>(),
                blocks::width(classes),
            );
        }
        (scores, counts)
    }

    fn integrators_gradients(
        counts: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        sums: Pair<Self>,
        gradient: FloatTensor<Self>,
        coefficients: &[f32],
        wanted: [bool; 3],
    ) -> AffineGradients<Self> {
        let (weight, gradient) = (whole(weight), whole(gradient));
        let ([batch, classes], shape) = (dims(&gradient), dims::<3>(&weight));
        let (senders, time_steps) = (shape[1], coefficients.len());
        let flat = Flat::room(&weight, shape, classes);
        let factors = room(&weight, [time_steps + batch * senders], DType::F32);
        // SAFETY: a unit below the lengths of both buffers writes one number.
        #[allow(unsafe_code)]
        unsafe {
            readout::integrators_gradient::launch_unchecked(
                &factors.client,
                units(flat.len() + time_steps + batch * senders),
                cube(),
                counts.into_buffer_arg(),
                brought(&weight, coefficients, DType::F32).into_buffer_arg(),
                weight.into_buffer_arg(),
                gradient.into_buffer_arg(),
                flat.numbers.clone().into_buffer_arg(),
                factors.clone().into_buffer_arg(),
                batch,
                senders,
                classes,
                flat.bias_at(),
                time_steps,
                coefficients.iter().sum::<f32>(),
                shape[2],
            );
        }
        let Pair { weight, bias } = onto(sums, flat.split());
        let [of_input, of_weight, of_bias] = wanted;
        AffineGradients {
            input: of_input.then_some(factors),
            weight: of_weight.then_some(weight),
            bias: of_bias.then_some(bias),
        }
    }

    fn cross_entropy_gradient(
        logits: FloatTensor<Self>,
        labels: &[u8],
        batch: usize,
        gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (logits, by_loss) = (whole(logits), whole(gradient));
        let [rows, classes] = dims(&logits);
        let result = room(&logits, [rows, classes], DType::F32);
        // SAFETY: a unit reads and writes its row; labels are below the number of classes.
        #[allow(unsafe_code)]
        unsafe {
            readout::cross_entropy_gradient::launch_unchecked(
                &logits.client,
                units(rows),
                cube(),
                logits.clone().into_buffer_arg(),
                labels_of(&logits, labels).into_buffer_arg(),
                by_loss.into_buffer_arg(),
                result.clone().into_buffer_arg(),
                rows,
                classes,
                batch as f32,
            );
        }
        result
    }
}

/// The gradient of a layer's currents, [B, T, H], from that of its spikes; where `summed` over time, [B, H].
fn scanned(record: &Record, gradient: CubeTensor, neuron: &Neuron, summed: bool) -> CubeTensor {
    let [batch, time_steps, targets] = dims(&record.potentials);
    let factored = gradient.meta.num_dims() == 1;
    let gradient = whole(gradient);
    let currents = match summed {
        true => room(&gradient, [batch, targets], DType::F32),
        false => room(&gradient, [batch, time_steps, targets], DType::F32),
    };
    // SAFETY: a unit reads and writes what belongs to its neuron.
    #[allow(unsafe_code)]
    unsafe {
        spiking::scan::launch_unchecked(
            &currents.client,
            units(batch * targets),
            cube(),
            record.potentials.clone().into_buffer_arg(),
            gradient.into_buffer_arg(),
            currents.clone().into_buffer_arg(),
            batch * targets,
            targets,
            cell(neuron),
            time_steps,
            factored,
            summed,
        );
    }
    currents
}

impl UntrackedOperations for CubeBackend {
    fn membrane_potentials(
        input: Spikes<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        neuron: Neuron,
        time_steps: usize,
    ) -> FloatTensor<Self> {
        Self::recorded_spiking_layer(input, weight, bias, neuron, time_steps).1.potentials
    }

    fn well_placed(pair: Pair<Self>) -> Pair<Self> {
        Flat::join(pair).split()
    }

    fn adam(adaptive: Adaptive<Self>, gradient: Pair<Self>, step: AdamStep) -> Adaptive<Self> {
        let Adaptive { parameter, mean, square } = adaptive;
        let [parameter, mean, square] = [parameter, mean, square].map(Flat::owned);
        let gradient = Flat::join(gradient);
        // SAFETY: a unit below the length, which all four buffers have, reads and writes one number of each.
        #[allow(unsafe_code)]
        unsafe {
            adam::adapt::launch_unchecked(
                &gradient.numbers.client,
                units(parameter.len()),
                cube(),
                parameter.numbers.clone().into_buffer_arg(),
                mean.numbers.clone().into_buffer_arg(),
                square.numbers.clone().into_buffer_arg(),
                gradient.numbers.clone().into_buffer_arg(),
                parameter.len(),
                step.beta_1,
                step.beta_2,
                step.rate,
                step.epsilon,
            );
        }
        Adaptive { parameter: parameter.split(), mean: mean.split(), square: square.split() }
    }

    fn written(images: IntTensor<Self>, first: usize, bytes: Vec<u8>) -> IntTensor<Self> {
        let images = whole(images);
        let behind = images.meta.num_elements() * images.dtype.size() - first - bytes.len();
        let part = images.handle.clone().offset_start(first as u64).offset_end(behind as u64);
        images.client.write(&part, Bytes::from_bytes_vec(bytes));
        images
    }

    fn coded_spikes(
        images: IntTensor<Self>,
        batch: IntTensor<Self>,
        coding: Encoding,
        pixels: usize,
        time_steps: usize,
    ) -> IntTensor<Self> {
        let [count, _] = dims(&batch);
        let bits = room(&images, [count, pixels, words_for(time_steps)], DType::U32);
        let arguments = [images, batch, bits.clone()].map(CubeTensor::into_buffer_arg);
        let [images, batch, result] = arguments;
        let all = count * pixels;
        // SAFETY: a unit below B·N writes its pixel's words; images of the batch are among those of the store.
        #[allow(unsafe_code)]
        unsafe {
            match coding {
                Encoding::Latency => encode::latency::launch_unchecked(
                    &bits.client,
                    units(all),
                    cube(),
                    images,
                    batch,
                    result,
                    all,
                    pixels,
                    time_steps,
                ),
                Encoding::Rate | Encoding::Current => encode::rate::launch_unchecked(
                    &bits.client,
                    units(all),
                    cube(),
                    images,
                    batch,
                    result,
                    all,
                    pixels,
                    time_steps,
                ),
            }
        }
        bits
    }

    fn coded_currents(images: IntTensor<Self>, batch: IntTensor<Self>, pixels: usize) -> FloatTensor<Self> {
        let [count, _] = dims(&batch);
        let currents = room(&images, [count, pixels], DType::F32);
        // SAFETY: a unit below B·N writes one number; images of the batch are among those of the store.
        #[allow(unsafe_code)]
        unsafe {
            encode::current::launch_unchecked(
                &currents.client,
                units(count * pixels),
                cube(),
                images.into_buffer_arg(),
                batch.into_buffer_arg(),
                currents.clone().into_buffer_arg(),
                count * pixels,
                pixels,
            );
        }
        currents
    }
}
