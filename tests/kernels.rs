//! Parity: the kernels against the reference, over shapes that bite; spikes, potentials and every gradient.

use burn::tensor::{Device, Tensor, TensorData};
use spiking_playground::kernels::{self, SpikeTensor, reference};
use spiking_playground::layer::Integrators;
use spiking_playground::random::{Generator, Stream};
use spiking_playground::spec::{Neuron, Reset, Surrogate};
use spiking_playground::spikes::SpikeTrain;

/// Largest error over largest magnitude: sums of up to some hundred f32 products in another order.
const TOLERANCE: f32 = 1e-4;

/// Batch, input, first layer, second layer, time steps, share of spikes.
type Shape = (usize, usize, usize, usize, usize, f32);

const SHAPES: &[Shape] = &[
    (3, 20, 12, 5, 25, 0.3),
    (1, 7, 3, 2, 1, 0.5),
    (2, 33, 17, 10, 31, 0.2),
    (2, 5, 64, 3, 32, 0.6),
    (4, 16, 9, 4, 33, 0.8),
    (1, 40, 8, 6, 100, 0.1),
    (2, 10, 6, 3, 64, 0.0),
    (2, 10, 6, 3, 40, 1.0),
];

fn neurons() -> Vec<Neuron> {
    let plain = Neuron::default();
    vec![
        plain,
        Neuron { reset: Reset::Subtract, surrogate: Surrogate::Arctan(2.0), ..plain },
        Neuron { reset: Reset::SubtractDelayed, alpha: 0.7, beta: 0.8, ..plain },
        Neuron { attached_reset: true, surrogate: Surrogate::Sigmoid(4.0), ..plain },
        Neuron { attached_reset: true, reset: Reset::SubtractBy(0.6), surrogate: Surrogate::Triangle, ..plain },
        Neuron {
            alpha: 0.8,
            gain: 0.3,
            threshold: 0.4,
            surrogate: Surrogate::FastSigmoid(1.0),
            attached_reset: true,
            ..plain
        },
        Neuron { beta: 0.0, ..plain },
        Neuron { beta: 1.0, reset: Reset::Subtract, ..plain },
    ]
}

fn random(generator: &mut Generator, n: usize, scale: f32) -> Vec<f32> {
    (0..n).map(|_| (generator.unit() * 2.0 - 1.0) * scale).collect()
}

fn read<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

fn close(ours: &[f32], judge: &[f32]) -> bool {
    let largest = judge.iter().fold(1e-6_f32, |largest, value| largest.max(value.abs()));
    ours.len() == judge.len() && ours.iter().zip(judge).all(|(a, b)| (a - b).abs() <= TOLERANCE * largest)
}

/// A two-layer network with an integrating readout, through the kernels and through the reference.
#[test]
fn kernels_agree_with_the_reference() {
    for (case, shape) in SHAPES.iter().enumerate() {
        for (kind, neuron) in neurons().iter().enumerate() {
            check(*shape, neuron, (case * 100 + kind) as u64);
        }
    }
}

fn check((batch, senders, first, second, time_steps, share): Shape, neuron: &Neuron, seed: u64) {
    let device = Device::flex().autodiff();
    let what = format!("B {batch}, N {senders}, H {first}, {second}, T {time_steps}, {neuron:?}");
    let mut generator = Generator::new(seed, Stream::Weights(0));
    let dense: Vec<f32> =
        (0..batch * time_steps * senders).map(|_| f32::from(u8::from(generator.unit() < share))).collect();
    let matrix = |values: Vec<f32>, rows: usize| {
        let columns = values.len() / rows;
        Tensor::<2>::from_data(TensorData::new(values, [rows, columns]), &device).require_grad()
    };
    let vector = |values: Vec<f32>| Tensor::<1>::from_floats(values.as_slice(), &device).require_grad();
    let w1 = matrix(random(&mut generator, senders * first, 1.5), senders);
    let w2 = matrix(random(&mut generator, first * second, 1.5), first);
    let (b1, b2) = (vector(random(&mut generator, first, 0.4)), vector(random(&mut generator, second, 0.4)));
    let weigh = matrix(random(&mut generator, batch * second, 1.0), batch);
    let coefficients = Integrators::coefficients(0.9, time_steps);

    let train = SpikeTrain::from_dense(batch, senders, time_steps, &dense);
    let (spikes, u1) = kernels::spiking_layer(SpikeTensor::new(train, &device), w1.clone(), b1.clone(), neuron);
    let (last, u2) = kernels::spiking_layer(spikes.clone(), w2.clone(), b2.clone(), neuron);
    let ours = kernels::weighted_spike_count(last.clone(), &coefficients);
    let gradients = (ours.clone() * weigh.clone()).sum().backward();

    let input = Tensor::<3>::from_data(TensorData::new(dense, [batch, time_steps, senders]), &device);
    let [r1, rb1, r2, rb2] =
        [read(w1.clone().inner()), read(b1.clone().inner()), read(w2.clone().inner()), read(b2.clone().inner())];
    let (r1, r2, rb1, rb2) = (matrix(r1, senders), matrix(r2, first), vector(rb1), vector(rb2));
    let (judge_spikes, judge_u1) = reference::spiking_layer(input, r1.clone(), rb1.clone(), neuron);
    let (judge_last, judge_u2) = reference::spiking_layer(judge_spikes.clone(), r2.clone(), rb2.clone(), neuron);
    let weights = Tensor::<1>::from_floats(coefficients.as_slice(), &device).reshape([1, time_steps, 1]);
    let judge = (judge_last.clone() * weights).sum_dim(1).reshape([batch, second]);
    let judge_gradients = (judge.clone() * weigh).sum().backward();

    assert_eq!(spikes.into_train().to_dense(), read(judge_spikes.inner()), "spikes of layer 1: {what}");
    assert_eq!(last.into_train().to_dense(), read(judge_last.inner()), "spikes of layer 2: {what}");
    assert!(close(&read(u1.inner()), &read(judge_u1.inner())), "potentials 1: {what}");
    assert!(close(&read(u2.inner()), &read(judge_u2.inner())), "potentials 2: {what}");
    assert!(close(&read(ours.inner()), &read(judge.inner())), "counts: {what}");
    for (name, ours, judge) in [("w1", &w1, &r1), ("w2", &w2, &r2)] {
        let (ours, judge) = (ours.grad(&gradients).unwrap(), judge.grad(&judge_gradients).unwrap());
        assert!(close(&read(ours), &read(judge)), "gradient of {name}: {what}");
    }
    for (name, ours, judge) in [("b1", &b1, &rb1), ("b2", &b2, &rb2)] {
        let (ours, judge) = (ours.grad(&gradients).unwrap(), judge.grad(&judge_gradients).unwrap());
        assert!(close(&read(ours), &read(judge)), "gradient of {name}: {what}");
    }
}

/// The linear readout by counts is the mean over time of integrators that are stepped.
#[test]
fn counted_readout_is_the_stepped_one() {
    let device = Device::flex();
    for time_steps in [1, 25, 40] {
        let mut generator = Generator::new(time_steps as u64, Stream::Weights(9));
        let dense: Vec<f32> = (0..2 * time_steps * 6).map(|_| f32::from(u8::from(generator.unit() < 0.4))).collect();
        let weight = Tensor::<2>::from_data(TensorData::new(random(&mut generator, 18, 1.0), [6, 3]), &device);
        let bias = Tensor::<1>::from_floats(random(&mut generator, 3, 1.0).as_slice(), &device);
        let coefficients = Integrators::coefficients(0.9, time_steps);
        let total: f32 = coefficients.iter().sum();
        let train = SpikeTrain::from_dense(2, 6, time_steps, &dense);
        let counts = kernels::weighted_spike_count(SpikeTensor::new(train, &device), &coefficients);
        let ours = counts.matmul(weight.clone()) + bias.clone().mul_scalar(total).unsqueeze();
        let input = Tensor::<3>::from_data(TensorData::new(dense, [2, time_steps, 6]), &device);
        let stepped = reference::integrators(input, weight, bias, 0.9).mean_dim(1).reshape([2, 3]);
        assert!(close(&read(ours), &read(stepped)), "T {time_steps}");
    }
}

/// Neurons under constant currents, against the same currents brought at every time step.
#[test]
fn driven_neurons_agree_with_the_reference() {
    let device = Device::flex().autodiff();
    for (case, (batch, width, time_steps)) in [(1, 5, 1), (3, 8, 25), (2, 17, 40), (1, 4, 100)].into_iter().enumerate()
    {
        for neuron in neurons() {
            let mut generator = Generator::new(case as u64, Stream::Weights(1));
            let values = random(&mut generator, batch * width, 1.2);
            let tensor =
                || Tensor::<2>::from_data(TensorData::new(values.clone(), [batch, width]), &device).require_grad();
            let (ours, judge) = (tensor(), tensor());
            let coefficients = Integrators::coefficients(0.8, time_steps);
            let (spikes, potentials) = kernels::driven_neurons(ours.clone(), &neuron, time_steps);
            let gradients = kernels::weighted_spike_count(spikes.clone(), &coefficients).sum().backward();
            let currents = judge.clone().reshape([batch, 1, width]).repeat_dim(1, time_steps);
            let (judge_spikes, judge_potentials) = reference::neurons(currents, &neuron);
            let weights = Tensor::<1>::from_floats(coefficients.as_slice(), &device).reshape([1, time_steps, 1]);
            let judge_gradients = (judge_spikes.clone() * weights).sum().backward();
            let what = format!("B {batch}, H {width}, T {time_steps}, {neuron:?}");
            assert_eq!(spikes.into_train().to_dense(), read(judge_spikes.inner()), "spikes: {what}");
            assert!(close(&read(potentials.inner()), &read(judge_potentials.inner())), "potentials: {what}");
            let (ours, judge) = (ours.grad(&gradients).unwrap(), judge.grad(&judge_gradients).unwrap());
            assert!(close(&read(ours), &read(judge)), "gradient: {what}");
        }
    }
}
