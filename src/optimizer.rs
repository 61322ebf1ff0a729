//! Adam (Kingma and Ba 2015, arXiv:1412.6980) with PyTorch's constants, and the schedule of its step size.

use crate::kernels::{self, AdamStep, Parameters, blocks};
use crate::layer::{Synapses, numbers, read};
use crate::network::{Network, Parameter, file_layout};
use crate::spec::{Schedule, Spec};
use burn::module::Param;
use burn::tensor::{Device, ExecutionError, Gradients, Tensor};

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// The step size at step `step` (from 0) of `steps`.
///
/// ```
/// use spiking_playground::{optimizer::learning_rate, spec::{Schedule, Spec}};
/// let spec = Spec { learning_rate: 0.5, schedule: Schedule::Cosine, ..Spec::default() };
/// assert_eq!(learning_rate(&spec, 0, 100), 0.5);
/// assert!((learning_rate(&spec, 50, 100) - 0.25).abs() < 1e-12);
/// ```
pub fn learning_rate(spec: &Spec, step: u64, steps: u64) -> f64 {
    match spec.schedule {
        Schedule::Constant => spec.learning_rate,
        Schedule::Cosine => {
            let done = step.min(steps) as f64 / steps.max(1) as f64;
            spec.learning_rate * 0.5 * (1.0 + libm::cos(std::f64::consts::PI * done))
        }
    }
}

/// The running means of one layer's gradient and of its square.
#[derive(Clone, Debug)]
struct Means {
    mean: Parameters,
    square: Parameters,
}

/// Adam's state: the running means of the gradient and of its square, for every parameter.
#[derive(Clone, Debug)]
pub struct Adam {
    step: u64,
    means: Vec<Means>,
}

impl Adam {
    /// At the start: all means are zero.
    pub fn new(network: &Network) -> Self {
        let start = |synapses: &Synapses| {
            let device = synapses.weight.val().device().inner();
            let zeros = || {
                let weight = Tensor::zeros(synapses.weight.val().dims(), &device);
                kernels::well_placed((weight, Tensor::zeros(synapses.bias.val().dims(), &device)))
            };
            Means { mean: zeros(), square: zeros() }
        };
        Self { step: 0, means: network.synapses().into_iter().map(start).collect() }
    }

    /// The same on another device.
    ///
    /// # Errors
    /// When the device it is on cannot be read.
    pub async fn copied_to(&self, device: &Device) -> Result<Self, ExecutionError> {
        let plain = device.clone().inner();
        let copied = async |numbers: &Parameters| {
            let (weight, bias) = read(numbers.clone()).await?;
            Ok(kernels::well_placed((Tensor::from_data(weight, &plain), Tensor::from_data(bias, &plain))))
        };
        let mut means = Vec::new();
        for Means { mean, square } in &self.means {
            means.push(Means { mean: copied(mean).await?, square: copied(square).await? });
        }
        Ok(Self { step: self.step, means })
    }

    /// Steps taken.
    pub const fn step(&self) -> u64 {
        self.step
    }

    /// Whether all means are finite numbers.
    pub fn is_finite(&self) -> bool {
        let finite = |(weight, bias): &Parameters| {
            let bias = numbers(bias.clone());
            // What fills up a block is nobody's mean.
            let weight = blocks::unpack(&numbers(weight.clone()), bias.len());
            weight.iter().chain(&bias).all(|value| value.is_finite())
        };
        self.means.iter().all(|means| finite(&means.mean) && finite(&means.square))
    }

    /// One step: moves the network's parameters against their gradients.
    pub fn update(&mut self, network: &mut Network, gradients: &mut Gradients, learning_rate: f64) {
        self.step += 1;
        let (correction_1, correction_2) = (1.0 - power(BETA_1, self.step), (1.0 - power(BETA_2, self.step)).sqrt());
        let step = AdamStep {
            beta_1: BETA_1 as f32,
            beta_2: BETA_2 as f32,
            rate: (learning_rate * correction_2 / correction_1) as f32,
            epsilon: (EPSILON * correction_2) as f32,
        };
        for (synapses, means) in network.synapses_mut().into_iter().zip(&mut self.means) {
            move_against(synapses, means, gradients, step);
        }
    }

    /// The means as parameters of a file, named `adam.mean.…` and `adam.square.…` after the network's.
    pub fn parameters(&self, network: &Network) -> Vec<Parameter> {
        let layer = |(means, name): (&Means, String)| {
            let [mean, square] = [&means.mean, &means.square].map(|(weight, bias)| {
                let bias = numbers(bias.clone());
                (blocks::unpack(&numbers(weight.clone()), bias.len()), bias)
            });
            let mean = file_layout(&format!("adam.mean.{name}"), &mean.0, mean.1);
            mean.into_iter().chain(file_layout(&format!("adam.square.{name}"), &square.0, square.1))
        };
        self.means.iter().zip(network.names()).flat_map(layer).collect()
    }

    /// The layers' means: for each layer that of weights and bias, then that of their squares.
    pub(crate) fn means(&self) -> impl Iterator<Item = [&Parameters; 2]> {
        self.means.iter().map(|means| [&means.mean, &means.square])
    }

    /// The state after `step` steps, from the layers' means: for each layer those of weight and bias, then those of their
    /// squares. They live on an autodiff device, as parameters do.
    pub fn restored(step: u64, layers: &[[Synapses; 2]]) -> Self {
        let both = |synapses: &Synapses| (synapses.weight.val().inner(), synapses.bias.val().inner());
        let means = layers.iter().map(|[mean, square]| Means { mean: both(mean), square: both(square) });
        Self { step, means: means.collect() }
    }
}

/// base^exponent by repeated squaring, so that it is the same on every machine.
fn power(mut base: f64, mut exponent: u64) -> f64 {
    let mut result = 1.0;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result *= base;
        }
        base *= base;
        exponent >>= 1;
    }
    result
}

fn move_against(synapses: &mut Synapses, means: &mut Means, gradients: &mut Gradients, step: AdamStep) {
    let gradient = synapses.weight.val().grad_remove(gradients).zip(synapses.bias.val().grad_remove(gradients));
    let Some(gradient) = gradient else { return };
    // What is moved is held by nobody else, so that it is moved where it lies.
    let device = gradient.1.device();
    let nothing = || (Tensor::empty([0; 3], &device), Tensor::empty([0], &device));
    let nothing = || Means { mean: nothing(), square: nothing() };
    let Means { mean, square } = std::mem::replace(means, nothing());
    let (weight, back_weight) = taken(&mut synapses.weight);
    let (bias, back_bias) = taken(&mut synapses.bias);
    let [(weight, bias), mean, square] = kernels::adam([(weight, bias), mean, square], gradient, step);
    *means = Means { mean, square };
    synapses.weight = back_weight(weight);
    synapses.bias = back_bias(bias);
}

/// The numbers of a parameter, which is left empty, and how they become that parameter again.
fn taken<const D: usize>(parameter: &mut Param<Tensor<D>>) -> (Tensor<D>, impl FnOnce(Tensor<D>) -> Param<Tensor<D>>) {
    let nothing = Tensor::empty([0; D], &parameter.val().device().inner());
    let placeholder = Param::initialized(parameter.id, Tensor::from_inner(nothing));
    let (id, value, mapper) = std::mem::replace(parameter, placeholder).consume();
    let back = move |moved| Param::from_mapped_value(id, Tensor::from_inner(moved).require_grad(), mapper);
    (value.inner(), back)
}
