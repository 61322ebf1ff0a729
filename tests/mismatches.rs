//! Arguments that do not belong together: every public function of the kernels refuses them before anything is launched,
//! on every device, and takes those that do.

use burn::tensor::{Device, Tensor, TensorData};
use spiking_playground::kernels::{self, AdamStep, ImageStore, LinearShape, LinearWeights, SpikeTensor};
use spiking_playground::random::{Generator, Stream};
use spiking_playground::spec::{Encoding, Neuron};
use spiking_playground::spikes::SpikeTrain;
use spiking_playground::spikes::encode::Pass;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Small sizes, 0 among them.
struct Sizes(Generator);

impl Sizes {
    fn size(&mut self) -> usize {
        [1, 2, 3, 5, 17, 33, 0][(self.0.unit() * 6.3) as usize]
    }

    /// The size, or sometimes another.
    fn like(&mut self, size: usize) -> usize {
        if self.0.unit() < 0.25 { self.size() } else { size }
    }
}

/// One call, and whether its arguments belong together.
struct Call {
    what: String,
    fits: bool,
    result: bool,
}

fn call<T>(what: &str, sizes: &[usize], fits: bool, call: impl FnOnce() -> T) -> Call {
    let result = catch_unwind(AssertUnwindSafe(call)).is_ok();
    Call { what: format!("{what} {sizes:?}"), fits, result }
}

fn vector(length: usize, device: &Device) -> Tensor<1> {
    Tensor::from_data(TensorData::new(vec![0.5_f32; length], [length]), device)
}

fn matrix(rows: usize, columns: usize, device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(vec![0.5_f32; rows * columns], [rows, columns]), device)
}

/// Calls of everything with sizes that belong together or not.
fn calls(sizes: &mut Sizes, device: &Device) -> Vec<Call> {
    let tracked = device.clone().autodiff();
    let [batch, inputs, outputs, time_steps] = [0; 4].map(|_| sizes.size());
    let spikes = || SpikeTensor::new(SpikeTrain::silent(batch, inputs, time_steps), device);
    let are_spikes = batch * inputs * time_steps > 0;
    let mut calls = vec![call("spikes", &[batch, inputs, time_steps], are_spikes, spikes)];

    let shape = LinearShape { inputs: sizes.like(inputs), outputs };
    let numbers = sizes.like(shape.numbers());
    let accumulated = sizes.like(shape.numbers());
    let weights = |device: &Device| LinearWeights {
        window: None,
        shape,
        parameters: vector(numbers, device),
        grad_accum: Some(vector(accumulated, &device.clone().inner())),
    };
    let is_map = shape.inputs == inputs
        && inputs * outputs * batch > 0
        && numbers == shape.numbers()
        && accumulated == shape.numbers();
    let all = [batch, inputs, shape.inputs, outputs, time_steps, numbers, accumulated];
    let neuron = Neuron::default();
    if are_spikes {
        calls.push(call("layer", &all, is_map, || kernels::spiking_layer(spikes(), weights(device), &neuron)));
        calls.push(call("potentials", &all, is_map, || {
            kernels::membrane_potentials(spikes(), weights(device), &neuron)
        }));
        let coefficients = vec![1.0; sizes.like(time_steps)];
        let is_count = coefficients.len() == time_steps;
        let sizes_of_count = [time_steps, coefficients.len()];
        calls.push(call("count", &sizes_of_count, is_count, || kernels::weighted_spike_count(spikes(), &coefficients)));
        calls.push(call("integrators", &all, is_map && is_count, || {
            kernels::integrators(spikes(), weights(device), &coefficients)
        }));
        calls.push(call("layer and back", &all, is_map && is_count, || {
            let spikes = SpikeTensor::new(SpikeTrain::silent(batch, inputs, time_steps), &tracked);
            let mut weights = weights(&tracked);
            weights.parameters = weights.parameters.require_grad();
            let spikes = kernels::spiking_layer(spikes, weights, &neuron);
            kernels::weighted_spike_count(spikes, &coefficients).sum().backward()
        }));
    }
    calls.push(call("linear", &all, is_map, || kernels::linear(matrix(batch, inputs, device), weights(device), 1.0)));
    calls.push(call("constant", &[batch, inputs, time_steps], are_spikes, || {
        kernels::lif_constant_input(matrix(batch, inputs, device), &neuron, time_steps)
    }));

    let labels = vec![sizes.size() as u8; sizes.like(batch)];
    let whole = sizes.like(batch);
    let is_loss = batch * outputs * whole > 0
        && labels.len() == batch
        && labels.iter().all(|label| usize::from(*label) < outputs);
    let sizes_of_loss = [batch, outputs, whole, labels.len(), usize::from(labels.first().copied().unwrap_or(0))];
    calls.push(call("loss", &sizes_of_loss, is_loss, || {
        kernels::cross_entropy(matrix(batch, outputs, device), &labels, whole)
    }));

    let moments = [0; 4].map(|_| sizes.like(outputs));
    let are_moments = moments[0] > 0 && moments.iter().all(|length| *length == moments[0]);
    calls.push(call("adam", &moments, are_moments, || {
        let step = AdamStep { beta_1: 0.9, beta_2: 0.999, rate: 1e-3, epsilon: 1e-8 };
        let [parameters, mean, square, gradient] = moments.map(|length| vector(length, device));
        kernels::adam([parameters, mean, square], gradient, step)
    }));

    let part = [sizes.size(), sizes.size(), sizes.size(), sizes.size()];
    let [first, stride, rows, columns] = part;
    let is_part = rows * columns > 0 && first + (rows - 1) * stride + columns <= outputs;
    calls.push(call("part", &[first, stride, rows, columns, outputs], is_part, || {
        kernels::strided_rows(&vector(outputs, device), first, stride, [rows, columns])
    }));

    let (images, first, put) = (sizes.size(), sizes.size(), sizes.size());
    let stores = images * inputs > 0;
    calls.push(call("store", &[images, inputs], stores, || ImageStore::new(images, inputs, device)));
    if stores {
        let bytes = (put * inputs).next_multiple_of(4);
        let has_room = first.is_multiple_of(4) && first * inputs + bytes <= (images * inputs).next_multiple_of(4);
        calls.push(call("put", &[images, inputs, first, put], has_room, || {
            ImageStore::new(images, inputs, device).put(first, &vec![9; put * inputs]);
        }));
        let shown: Vec<(usize, u64)> = (0..batch).map(|sample| (sizes.size(), sample as u64)).collect();
        let known = batch > 0 && shown.iter().all(|(image, _)| *image < images);
        let coding = [Encoding::Rate, Encoding::Latency, Encoding::Current][images % 3];
        let coded = known && time_steps > 0 && coding != Encoding::Current;
        let sizes_of_store = [images, inputs, batch, time_steps, images % 3];
        calls.push(call("coding", &sizes_of_store, coded, || {
            ImageStore::new(images, inputs, device).spikes(&shown, coding, 1, Pass::Evaluation, time_steps)
        }));
        calls.push(call("currents", &sizes_of_store, known, || {
            ImageStore::new(images, inputs, device).currents(&shown)
        }));
    }
    calls
}

/// Asserts it of a device, for this number of draws.
pub fn are_refused(device: &Device, draws: u64) {
    let mut counts = [0, 0];
    for draw in 0..draws {
        let mut sizes = Sizes(Generator::new(draw, Stream::Weights(0)));
        for Call { what, fits, result } in calls(&mut sizes, device) {
            assert_eq!(result, fits, "draw {draw}: {what} was {}", if result { "taken" } else { "refused" });
            counts[usize::from(fits)] += 1;
        }
    }
    assert!(counts.iter().all(|count| *count > 3 * draws), "refused and taken: {counts:?}");
}

#[test]
fn the_cpu_refuses_what_does_not_belong_together() {
    are_refused(&kernels::cpu(), 300);
}

#[test]
fn a_spike_train_has_no_more_time_steps_than_a_layer_takes() {
    let device = kernels::cpu();
    let takes = |time_steps| {
        let spikes = SpikeTensor::new(SpikeTrain::silent(1, 2, time_steps), &device);
        let shape = LinearShape { inputs: 2, outputs: 3 };
        let parameters = vector(shape.numbers(), &device);
        let weights = LinearWeights { window: None, shape, parameters, grad_accum: None };
        catch_unwind(AssertUnwindSafe(|| kernels::spiking_layer(spikes, weights, &Neuron::default()))).is_ok()
    };
    assert_eq!([kernels::MAX_TIME_STEPS, kernels::MAX_TIME_STEPS + 1].map(takes), [true, false]);
}
