//! The reference of the kernels in plain tensor operations, differentiated by burn: slow and obvious, the oracle of the
//! tests.

use crate::rate_penalty::RatePenalty;
use crate::spec::{FeatureMaps, Neuron, Surrogate, Window};
use burn::tensor::activation::{log_softmax, sigmoid};
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Int, Tensor, TensorData};
use std::f32::consts::FRAC_PI_2;

/// The surrogate's slope at x = u - θ, elementwise.
fn slope<const D: usize>(surrogate: Surrogate, x: Tensor<D>) -> Tensor<D> {
    match surrogate {
        Surrogate::FastSigmoid(k) => x.abs().mul_scalar(k).add_scalar(1.0).square().recip(),
        Surrogate::Arctan(alpha) => {
            x.mul_scalar(FRAC_PI_2 * alpha).square().add_scalar(1.0).recip().mul_scalar(alpha / 2.0)
        }
        Surrogate::Sigmoid(alpha) => {
            let s = sigmoid(x.mul_scalar(alpha));
            s.clone().mul(s.neg().add_scalar(1.0)).mul_scalar(alpha)
        }
        Surrogate::Triangle => x.abs().neg().add_scalar(1.0).clamp_min(0.0),
    }
}

/// 1 where x = u - θ - a is above 0, else 0; its derivative is the surrogate's.
fn spike(x: Tensor<2>, neuron: &Neuron) -> Tensor<2> {
    let fired = x.clone().detach().greater_elem(0.0).float();
    let borrowed = slope(neuron.surrogate, x.clone().detach());
    // The value is exactly that of `fired`, for x - x is 0; the derivative by x is `borrowed`.
    fired + x.clone().sub(x.detach()).mul(borrowed)
}

/// The neurons of a layer: input currents [B, T, H] to spikes and potentials before the reset, both [B, T, H].
pub fn neurons(currents: Tensor<3>, neuron: &Neuron) -> (Tensor<3>, Tensor<3>) {
    let [batch, time_steps, width] = currents.dims();
    let device = currents.device();
    let mut current = Tensor::<2>::zeros([batch, width], &device); // i [B, H]
    let mut after = Tensor::<2>::zeros([batch, width], &device); // v [B, H]
    let mut adaptation = Tensor::<2>::zeros([batch, width], &device); // a [B, H]
    let (mut spikes, mut potentials) = (Vec::new(), Vec::new());
    for t in 0..time_steps {
        let input = currents.clone().slice([0..batch, t..t + 1, 0..width]).reshape([batch, width]);
        current = current.mul_scalar(neuron.alpha).add(input);
        let potential = after.mul_scalar(neuron.beta).add(current.clone().mul_scalar(neuron.gain)); // u [B, H]
        let mut distance = potential.clone().sub_scalar(neuron.threshold);
        if neuron.is_adaptive() {
            distance = distance.sub(adaptation.clone());
        }
        let fired = spike(distance, neuron); // s [B, H]
        adaptation = adaptation.mul_scalar(neuron.adaptation_decay).add(fired.clone().mul_scalar(neuron.adaptation));
        let gate = if neuron.attached_reset { fired.clone() } else { fired.clone().detach() };
        after = match neuron.subtracted() {
            None => potential.clone().mul(gate.neg().add_scalar(1.0)),
            Some(amount) => potential.clone().sub(gate.mul_scalar(amount)),
        };
        spikes.push(fired.reshape([batch, 1, width]));
        potentials.push(potential.reshape([batch, 1, width]));
    }
    (Tensor::cat(spikes, 1), Tensor::cat(potentials, 1))
}

/// A layer of spiking neurons: 0/1 input spikes [B, T, N], weights [N, H], bias \[H\], to spikes and potentials before
/// the reset, both [B, T, H].
pub fn spiking_layer(input: Tensor<3>, weight: Tensor<2>, bias: Tensor<1>, neuron: &Neuron) -> (Tensor<3>, Tensor<3>) {
    let [batch, time_steps, inputs] = input.dims();
    let [_, width] = weight.dims();
    let currents = input.reshape([batch * time_steps, inputs]).matmul(weight).add(bias.unsqueeze());
    neurons(currents.reshape([batch, time_steps, width]), neuron)
}

/// The input currents [B, T, H] of a convolution, by burn's own: input [B, T, N], kernels [taps, C] and bias \[C\]. The neurons are
/// numbered by map, row and column.
pub fn convolution(input: Tensor<3>, kernels: Tensor<2>, bias: Tensor<1>, window: Window) -> Tensor<3> {
    let [batch, time_steps, _] = input.dims();
    let [_, channels] = kernels.dims();
    let Window { input: FeatureMaps { channels: inputs, rows, columns }, kernel, stride, padding } = window;
    let image = input.reshape([batch * time_steps, inputs, rows, columns]);
    let kernels = kernels.transpose().reshape([channels, inputs, kernel, kernel]);
    let options = ConvOptions::new([stride; 2], [padding; 2], [1; 2], 1);
    let maps = conv2d(image, kernels, Some(bias), options);
    maps.reshape([batch, time_steps, channels * window.places()])
}

/// Leaky integrators without spikes: input spikes [B, T, N], weights [N, C], bias \[C\], to their membrane potentials,
/// [B, T, C].
pub fn integrators(input: Tensor<3>, weight: Tensor<2>, bias: Tensor<1>, beta: f32) -> Tensor<3> {
    let [batch, time_steps, inputs] = input.dims();
    let [_, classes] = weight.dims();
    let mut membrane = Tensor::<2>::zeros([batch, classes], &input.device());
    let mut all = Vec::new();
    for t in 0..time_steps {
        let spikes = input.clone().slice([0..batch, t..t + 1, 0..inputs]).reshape([batch, inputs]);
        membrane = membrane.mul_scalar(beta).add(spikes.matmul(weight.clone())).add(bias.clone().unsqueeze());
        all.push(membrane.clone().reshape([batch, 1, classes]));
    }
    Tensor::cat(all, 1)
}

/// What the firing rates of a layer's spikes [B, T, H] add to the loss of a batch, \[1\], for a penalty with λ.
pub fn rate_penalty(spikes: Tensor<3>, penalty: RatePenalty) -> Tensor<1> {
    let rates = spikes.mean_dim(1);
    rates.sub_scalar(penalty.target).clamp_min(0.0).square().mean().mul_scalar(penalty.strength)
}

/// The mean over the samples of `-log softmax(logits)[label]`, \[1\], from logits [B, C].
pub fn cross_entropy(logits: Tensor<2>, labels: &[u8]) -> Tensor<1> {
    let index = TensorData::new::<i32, _>(labels.iter().map(|label| i32::from(*label)).collect(), [labels.len(), 1]);
    let index = Tensor::<2, Int>::from_data(index, &logits.device());
    log_softmax(logits, 1).gather(1, index).mean().neg()
}
