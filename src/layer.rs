//! A layer of spiking neurons, and one that only integrates, as burn modules.

use crate::kernels::{self, Connection, Parameters, SpikeTensor, blocks};
use crate::random::{Generator, Stream};
use crate::spec::Neuron;
use burn::module::{Module, Param};
use burn::tensor::{Device, ExecutionError, Gradients, Tensor, TensorData};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Weights and bias from one layer to the next.
#[derive(Module, Debug)]
pub struct Synapses {
    /// [K, N, W], in [`blocks`]: the row of a neuron that sends, block by block. In files it stands as PyTorch has it.
    pub weight: Param<Tensor<3>>,
    /// [H].
    pub bias: Param<Tensor<1>>,
    /// The gradients of both from the samples of a batch that have passed, where it passes in slices.
    #[module(skip)]
    sums: GradientSums,
}

/// Gradients that wait for more to be added. A copy of a network has none.
#[derive(Debug, Default)]
struct GradientSums(Mutex<Option<(Tensor<3>, Tensor<1>)>>);

impl Clone for GradientSums {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Synapses {
    /// Weights [N, H] and bias [H] as they are.
    ///
    /// # Panics
    /// When there are not N·H weights.
    pub fn new(weight: &[f32], bias: Vec<f32>, device: &Device) -> Self {
        let (targets, senders) = (bias.len(), weight.len() / bias.len().max(1));
        let shape = [blocks::count(targets), senders, blocks::width(targets)];
        Self::of((TensorData::new(blocks::pack(weight, targets), shape), TensorData::new(bias, [targets])), device)
    }

    /// Weights [K, N, W] and bias [H].
    fn of((weight, bias): (TensorData, TensorData), device: &Device) -> Self {
        let plain = device.clone().inner();
        let placed = (Tensor::from_data(weight, &plain), Tensor::from_data(bias, &plain));
        let (weight, bias) = kernels::well_placed(placed);
        let (weight, bias) = match device.is_autodiff() {
            true => (Tensor::from_inner(weight), Tensor::from_inner(bias)),
            false => (weight, bias),
        };
        Self { weight: Param::from_tensor(weight), bias: Param::from_tensor(bias), sums: GradientSums::default() }
    }

    /// The same on another device.
    ///
    /// # Errors
    /// When the device they are on cannot be read.
    pub async fn copied_to(&self, device: &Device) -> Result<Self, ExecutionError> {
        Ok(Self::of(read((self.weight.val().inner(), self.bias.val().inner())).await?, device))
    }

    /// PyTorch's initial values: uniform in ±1/√N, weights and bias, drawn by our own generator in the order of
    /// PyTorch's layout ([H, N], then bias), so that every backend starts from the same.
    pub fn random(senders: usize, targets: usize, seed: u64, layer: u32, device: &Device) -> Self {
        let bound = 1.0 / (senders as f32).sqrt();
        let mut generator = Generator::new(seed, Stream::Weights(layer));
        let mut draw = |n: usize| (0..n).map(|_| (generator.unit() * 2.0 - 1.0) * bound).collect::<Vec<f32>>();
        let rows = draw(targets * senders);
        Self::new(&transposed(&rows, senders), draw(targets), device)
    }

    /// [N, H].
    pub fn dims(&self) -> [usize; 2] {
        let ([_, senders, _], [targets]) = (self.weight.val().dims(), self.bias.val().dims());
        [senders, targets]
    }

    /// As the kernels take them. Gradients that wait go with them: what comes back has them in it.
    pub fn connection(&self) -> Connection {
        let sums = self.sums.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        Connection { weight: self.weight.val(), bias: self.bias.val(), sums }
    }

    /// Lets the gradients wait for those of the batch's next samples, which are added to them.
    pub fn keep(&mut self, gradients: &mut Gradients) {
        let both = self.weight.val().grad_remove(gradients).zip(self.bias.val().grad_remove(gradients));
        self.sums = GradientSums(Mutex::new(both));
    }

    /// Forgets gradients that wait.
    pub fn forget(&mut self) {
        self.sums = GradientSums::default();
    }

    /// The weights, [N, H]: the row of a neuron that sends.
    pub fn rows(&self) -> Vec<f32> {
        blocks::unpack(&values(&self.weight), self.dims()[1])
    }

    /// The bias, [H].
    pub fn biases(&self) -> Vec<f32> {
        values(&self.bias)
    }
}

/// The numbers of weights and bias, from a device that may take its time.
///
/// # Errors
/// When it cannot be read.
pub async fn read((weight, bias): Parameters) -> Result<(TensorData, TensorData), ExecutionError> {
    Ok((weight.into_data_async().await?, bias.into_data_async().await?))
}

/// The numbers of a parameter.
fn values<const D: usize>(parameter: &Param<Tensor<D>>) -> Vec<f32> {
    numbers(parameter.val().inner())
}

/// The numbers of a tensor.
pub fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// A matrix with rows of `width` numbers, with rows and columns exchanged.
///
/// ```
/// assert_eq!(spiking_playground::layer::transposed(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
/// ```
pub fn transposed(matrix: &[f32], width: usize) -> Vec<f32> {
    let height = matrix.len() / width.max(1);
    (0..width).flat_map(|column| (0..height).map(move |row| matrix[row * width + column])).collect()
}

/// A layer of spiking neurons.
#[derive(Module, Debug)]
pub struct SpikingLayer {
    /// From the layer before.
    pub synapses: Synapses,
    /// What each neuron is like.
    #[module(skip)]
    pub neuron: Neuron,
}

impl SpikingLayer {
    /// Spikes [B, N] to spikes [B, H].
    pub fn forward(&self, input: SpikeTensor) -> SpikeTensor {
        kernels::spiking_layer(input, self.synapses.connection(), &self.neuron)
    }

    /// Constant currents [B, N], for T time steps, to spikes [B, H]: the layer's weights and bias meet them once.
    pub fn driven(&self, input: Tensor<2>, time_steps: usize) -> SpikeTensor {
        let currents = kernels::affine(input, self.synapses.connection(), 1.0);
        kernels::driven_neurons(currents, &self.neuron, time_steps)
    }
}

/// Leaky integrators that never spike: y[t] = β·y[t-1] + W·s[t] + b. Their mean over time is linear in the spikes, so it
/// is a product with a weighted spike count, exactly: mean(y) = W·Σ_t c[t]·s[t] + b·Σ_t c[t].
#[derive(Module, Debug)]
pub struct Integrators {
    /// From the last hidden layer.
    pub synapses: Synapses,
    /// β, the share of the potential that stays.
    pub beta: f64,
}

impl Integrators {
    /// c[t], what a spike at time step t adds to the mean: (1 + β + … + β^(T-1-t))/T.
    ///
    /// ```
    /// assert_eq!(spiking_playground::layer::Integrators::coefficients(0.5, 2), [0.75, 0.5]);
    /// ```
    pub fn coefficients(beta: f64, time_steps: usize) -> Vec<f32> {
        let mut sum = 0.0;
        let mut backwards: Vec<f32> = (0..time_steps)
            .map(|_| {
                sum = 1.0 + beta * sum;
                (sum / time_steps as f64) as f32
            })
            .collect();
        backwards.reverse();
        backwards
    }

    /// Spikes [B, N] to the mean over time of the potentials, [B, C].
    pub fn forward(&self, input: SpikeTensor) -> Tensor<2> {
        let coefficients = Self::coefficients(self.beta, input.time_steps());
        kernels::integrators(input, self.synapses.connection(), &coefficients)
    }
}

/// Part of a tensor that lies in [`blocks`], [K, N, W], in its own order: of some blocks some inputs, of each some neurons.
/// No more than that is copied, so a large layer can be read part by part.
pub fn part(weight: Tensor<3>, range: [Range<usize>; 3]) -> Vec<f32> {
    numbers(weight.slice(range))
}
