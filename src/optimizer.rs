//! The optimizer Adam (Kingma and Ba 2015, arXiv:1412.6980) with PyTorch's constants, and the schedule of its learning
//! rate.

use crate::kernels::{self, AdamStep};
use crate::layer::{ParameterGradients, numbers, to_device};
use crate::network::{Network, Parameter};
use crate::spec::{Schedule, Spec};
use burn::module::Param;
use burn::tensor::{Device, ExecutionError, Tensor};

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// The learning rate at step `step` (from 0) of `steps`.
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

/// The running means of one parameter's gradient and of its square: tensors of the parameter's length.
#[derive(Clone, Debug)]
struct Moments {
    mean: Tensor<1>,
    square: Tensor<1>,
}

/// Adam's state: the running means of the gradient and of its square, for every flat parameter of a network. It is
/// independent of the kinds of layers.
#[derive(Clone, Debug)]
pub struct Adam {
    step: u64,
    moments: Vec<Moments>,
}

impl Adam {
    /// The initial state: all means are zero.
    pub fn new(network: &Network) -> Self {
        let start = |parameter: &Param<Tensor<1>>| {
            let parameter = parameter.val();
            let ([length], device) = (parameter.dims(), parameter.device().inner());
            let zeros = || kernels::parameters_on(vec![0.0; length], &device);
            Moments { mean: zeros(), square: zeros() }
        };
        Self { step: 0, moments: network.flat_parameters().map(start).collect() }
    }

    /// The same on another device.
    ///
    /// # Errors
    /// When its device cannot be read.
    pub async fn to_device(&self, device: &Device) -> Result<Self, ExecutionError> {
        let plain = device.clone().inner();
        let mut moments = Vec::new();
        for Moments { mean, square } in &self.moments {
            let mean = to_device(mean.clone(), &plain).await?;
            moments.push(Moments { mean, square: to_device(square.clone(), &plain).await? });
        }
        Ok(Self { step: self.step, moments })
    }

    /// The number of steps taken.
    pub const fn step(&self) -> u64 {
        self.step
    }

    /// Whether all means are finite.
    pub fn is_finite(&self) -> bool {
        let finite = |means: &Tensor<1>| numbers(means.clone()).iter().all(|value| value.is_finite());
        self.moments.iter().all(|moments| finite(&moments.mean) && finite(&moments.square))
    }

    /// One step: updates the network's parameters by their gradients. A parameter without a gradient stays.
    pub fn update(&mut self, network: &mut Network, gradients: ParameterGradients, learning_rate: f64) {
        self.step += 1;
        let (correction_1, correction_2) = (1.0 - power(BETA_1, self.step), (1.0 - power(BETA_2, self.step)).sqrt());
        let step = AdamStep {
            beta_1: BETA_1 as f32,
            beta_2: BETA_2 as f32,
            rate: (learning_rate * correction_2 / correction_1) as f32,
            epsilon: (EPSILON * correction_2) as f32,
        };
        let moved = network.flat_parameters_mut().zip(&mut self.moments).zip(gradients.0);
        for ((parameter, moments), gradient) in moved {
            if let Some(gradient) = gradient {
                move_against(parameter, moments, gradient, step);
            }
        }
    }

    /// The means as parameters of a file, called `adam.mean.…` and `adam.square.…` after the network's.
    pub fn parameters(&self, network: &Network) -> Vec<Parameter> {
        let layer = |(moments, (name, layout)): (&Moments, (String, _))| {
            let [mean, square] = [("mean", &moments.mean), ("square", &moments.square)].map(|(which, flat)| {
                Parameter::from_flat(&format!("adam.{which}.{name}"), layout, &numbers(flat.clone()))
            });
            mean.into_iter().chain(square)
        };
        self.moments.iter().zip(network.layouts()).flat_map(layer).collect()
    }

    /// The running means of each parameter's gradient, and of its square.
    pub(crate) fn means(&self) -> impl Iterator<Item = [&Tensor<1>; 2]> {
        self.moments.iter().map(|moments| [&moments.mean, &moments.square])
    }

    /// The state after `step` steps, from the flat numbers of the means of each parameter's gradient and of its square.
    pub fn restored(step: u64, moments: Vec<[Vec<f32>; 2]>, device: &Device) -> Self {
        let plain = device.clone().inner();
        let on_device = |[mean, square]: [Vec<f32>; 2]| Moments {
            mean: kernels::parameters_on(mean, &plain),
            square: kernels::parameters_on(square, &plain),
        };
        Self { step, moments: moments.into_iter().map(on_device).collect() }
    }
}

/// base^exponent by repeated squaring, which is bit-identical on every machine.
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

fn move_against(parameter: &mut Param<Tensor<1>>, moments: &mut Moments, gradient: Tensor<1>, step: AdamStep) {
    // The tensors are taken out of their owners, so that they are not shared and are updated in place.
    let nothing = || Tensor::empty([0], &gradient.device());
    let placeholder = Param::initialized(parameter.id, Tensor::from_inner(nothing()));
    let (id, value, mapper) = std::mem::replace(parameter, placeholder).consume();
    let [mean, square] = [&mut moments.mean, &mut moments.square].map(|means| std::mem::replace(means, nothing()));
    let [moved, mean, square] = kernels::adam([value.inner(), mean, square], gradient, step);
    *moments = Moments { mean, square };
    *parameter = Param::from_mapped_value(id, Tensor::from_inner(moved).require_grad(), mapper);
}
