//! The same training in plain burn operations, for comparison: what the kernels are worth.
//!
//!     cargo bench --bench plain -- --steps 300     # loss and accuracy after 300 steps
//!     cargo bench --bench plain -- --seconds 10    # images per second
//!     cargo bench --bench plain -- --steps 300 --who ours
//!
//! The network is [`reference`], which burn differentiates, and the optimizer is burn's. Before anything else, its loss
//! and gradients are held against the kernels'. `--who ours` trains through the library instead; `cargo xtask bench`
//! judges every other participant by that. Standard output gets one `name value` a line.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "a program of its own"
)]

mod bench;

use bench::{Result, argument, mnist};
use burn::module::{Module, Param};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor, TensorData};
use spiking_playground::accuracy::evaluate;
use spiking_playground::digits::Digits;
use spiking_playground::event::Event;
use spiking_playground::kernels::{self, LinearWeights, SpikeTensor, reference};
use spiking_playground::layer::Linear;
use spiking_playground::network::{EncodedBatch, Network};
use spiking_playground::spec::{Neuron, Schedule, Spec};
use spiking_playground::spikes::SpikeTrain;
use spiking_playground::spikes::encode::Pass;
use spiking_playground::training::{Advance, Run};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// Sizes of the network.
const SIZES: [usize; 3] = [784, 256, 10];
/// Largest difference of two gradients over the largest magnitude; see tests/kernels.rs.
const TOLERANCE: f32 = 1e-4;

/// The network in plain operations.
#[derive(Module, Debug)]
struct Plain {
    /// [N, H].
    hidden: Param<Tensor<2>>,
    /// [H].
    hidden_bias: Param<Tensor<1>>,
    /// [H, C].
    readout: Param<Tensor<2>>,
    /// [C].
    readout_bias: Param<Tensor<1>>,
}

impl Plain {
    /// The same weights as those of the library's network.
    fn of(network: &Network, device: &Device) -> Self {
        let parameters = |linear: &Linear| {
            let ((weight, bias), shape) = (linear.rows(), linear.shape());
            let weight = Param::from_data(TensorData::new(weight, [shape.inputs, shape.outputs]), device);
            (weight, Param::from_data(TensorData::new(bias, [shape.outputs]), device))
        };
        let layer = &network.layers[0];
        let ((hidden, hidden_bias), (readout, readout_bias)) =
            (parameters(&layer.linear), parameters(network.readout.linear()));
        Self { hidden, hidden_bias, readout, readout_bias }
    }

    /// Spikes [B, T, N] to the hidden layer's spikes [B, T, H] and class scores [B, C].
    fn forward(&self, input: Tensor<3>, neuron: &Neuron) -> (Tensor<3>, Tensor<2>) {
        let [batch, ..] = input.dims();
        let (spikes, _) = reference::spiking_layer(input, self.hidden.val(), self.hidden_bias.val(), neuron);
        let readout = (self.readout.val(), self.readout_bias.val());
        let membrane = reference::integrators(spikes.clone(), readout.0, readout.1, neuron.beta);
        (spikes, membrane.mean_dim(1).reshape([batch, SIZES[2]]))
    }
}

/// Spikes as 0/1 floats, [B, T, N].
fn dense(train: &SpikeTrain, device: &Device) -> Tensor<3> {
    let shape = [train.batch(), train.time_steps(), train.neurons()];
    Tensor::from_data(TensorData::new(train.to_dense(), shape), device)
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// The images and labels of a step, in the order of the file, from the front again after the last.
fn batch(digits: &Digits, step: usize, size: usize) -> (Vec<&[u8]>, &[u8], Vec<u64>) {
    let at = step * size % (digits.len() - size + 1);
    let range = at..at + size;
    let images = range.clone().map(|index| digits.image(index)).collect();
    (images, &digits.labels[range.clone()], range.map(|index| index as u64).collect())
}

/// Loss and gradients of the plain network and of the kernels, on the first batch in which no spike differs. (Sums in
/// another order may put a potential on the other side of the threshold.)
fn agree(spec: &Spec, digits: &Digits, device: &Device) -> Result<()> {
    let network = Network::new(spec, SIZES[0], SIZES[2], device);
    let plain = Plain::of(&network, device);
    for step in 0..20 {
        let (images, labels, samples) = batch(digits, step, 16);
        let train = kernels::rate(&images, &samples, spec.seed, Pass::Training(0), spec.time_steps);
        let input = dense(&train, device);
        let (spikes, logits) = plain.forward(input, &spec.neuron);
        let layer = &network.layers[0];
        let inner = SpikeTensor::new(train.clone(), &kernels::cpu());
        let weights = LinearWeights::new(layer.linear.shape(), layer.linear.parameters.val().inner());
        let ours = kernels::spiking_layer(inner, weights, &spec.neuron).train();
        if ours.to_dense() != numbers(spikes.inner()) {
            continue;
        }
        let loss = reference::cross_entropy(logits, labels);
        let (our_loss, _) = kernels::cross_entropy(network.forward(EncodedBatch::Spikes(train)), labels, labels.len());
        let pairs = [numbers(our_loss.clone().inner()), numbers(loss.clone().inner())];
        close("loss", &pairs[0], &pairs[1])?;
        let (our_gradients, gradients) = (our_loss.backward(), loss.backward());
        let linears = [&layer.linear, network.readout.linear()];
        for (linear, (name, theirs)) in
            linears.into_iter().zip([("hidden", &plain.hidden), ("readout", &plain.readout)])
        {
            let ours = linear.parameters.val().grad(&our_gradients).ok_or("no gradient of ours")?;
            let theirs = theirs.val().grad(&gradients).ok_or("no gradient of burn's")?;
            close(name, &linear.shape().unpack(&numbers(ours)).0, &numbers(theirs))?;
        }
        return Ok(());
    }
    Err("spikes differ in every batch".into())
}

fn close(what: &str, ours: &[f32], judge: &[f32]) -> Result<()> {
    let largest = judge.iter().fold(1e-6_f32, |largest, value| largest.max(value.abs()));
    let worst = ours.iter().zip(judge).fold(0.0_f32, |worst, (a, b)| worst.max((a - b).abs())) / largest;
    // NaN is no agreement either.
    if ours.len() == judge.len() && worst <= TOLERANCE {
        return Ok(());
    }
    Err(format!("kernels and plain operations disagree: {what} by {worst} of its largest").into())
}

/// A participant: trains a step, and measures itself.
trait Participant {
    /// Trains the next batch; gives its loss.
    fn step(&mut self) -> Result<f32>;
    /// The share of the first test images that are read rightly.
    fn accuracy(&self, images: usize) -> f64;
}

/// The plain network in training.
struct Composed<'a> {
    spec: Spec,
    digits: &'a [Digits; 2],
    device: Device,
    network: Plain,
    adam: ModuleOptimizer,
    steps: usize,
}

impl Participant for Composed<'_> {
    fn step(&mut self) -> Result<f32> {
        let (images, labels, samples) = batch(&self.digits[0], self.steps, self.spec.batch_size);
        let pass = Pass::Training(self.steps as u32);
        let train = kernels::rate(&images, &samples, self.spec.seed, pass, self.spec.time_steps);
        let (_, logits) = self.network.forward(dense(&train, &self.device), &self.spec.neuron);
        let loss = reference::cross_entropy(logits, labels);
        let value = numbers(loss.clone().inner())[0];
        let gradients = GradientsParams::from_grads(loss.backward(), &self.network);
        self.network = self.adam.step(self.spec.learning_rate, self.network.clone(), gradients);
        self.steps += 1;
        Ok(value)
    }

    fn accuracy(&self, images: usize) -> f64 {
        let (test, mut right) = (&self.digits[1], 0);
        for start in (0..images).step_by(100) {
            let range = start..(start + 100).min(images);
            let pixels: Vec<&[u8]> = range.clone().map(|index| test.image(index)).collect();
            let samples: Vec<u64> = range.clone().map(|index| index as u64).collect();
            let train = kernels::rate(&pixels, &samples, self.spec.seed, Pass::Evaluation, self.spec.time_steps);
            let (_, logits) = self.network.valid().forward(dense(&train, &kernels::cpu()), &self.spec.neuron);
            right += spiking_playground::event::Accuracy::of(&numbers(logits), &test.labels[range]).correct;
        }
        right as f64 / images as f64
    }
}

/// The library in training, by its own run.
struct Ours<'a> {
    run: Run,
    digits: &'a [Digits; 2],
}

impl Participant for Ours<'_> {
    fn step(&mut self) -> Result<f32> {
        let mut loss = f32::NAN;
        let mut listener = |event: &Event| {
            if let Event::Step(done) = event {
                loss = done.loss;
            }
            ControlFlow::Continue(())
        };
        match self.run.advance(&self.digits[0], None, &mut listener) {
            Advance::Stepped => Ok(loss),
            stopped => Err(format!("the run stands still: {stopped:?}").into()),
        }
    }

    fn accuracy(&self, images: usize) -> f64 {
        evaluate(&self.run.network, &self.run.spec, &self.digits[1], 0..images, 0).fraction()
    }
}

fn participant<'a>(who: &str, spec: Spec, digits: &'a [Digits; 2]) -> Result<Box<dyn Participant + 'a>> {
    let device = kernels::cpu().autodiff();
    let network = Network::new(&spec, SIZES[0], SIZES[2], &device);
    match who {
        "ours" => Ok(Box::new(Ours { run: Run::new(spec, network, digits[0].len()), digits })),
        "plain" => {
            agree(&spec, &digits[0], &device)?;
            println!("agrees with the kernels");
            let network = Plain::of(&network, &device);
            // PyTorch's ε, as everywhere here.
            let adam = AdamConfig::new().with_epsilon(1e-8).init();
            Ok(Box::new(Composed { spec, digits, device, network, adam, steps: 0 }))
        }
        other => Err(format!("--who {other}: expected plain or ours").into()),
    }
}

fn main() -> Result<()> {
    let digits = mnist()?;
    let (steps, tests) = (argument("steps", "0").parse::<usize>()?, argument("tests", "1000").parse::<usize>()?);
    let seconds = Duration::from_secs_f64(argument("seconds", "0").parse()?);
    let mut spec = Spec { schedule: Schedule::Constant, epochs: 1000, ..Spec::default() };
    spec.set("hidden", &argument("hidden", "256"))?;
    let batch_size = spec.batch_size;
    let mut participant = participant(&argument("who", "plain"), spec, &digits)?;
    if steps > 0 {
        let losses = (0..steps).map(|_| participant.step()).collect::<Result<Vec<f32>>>()?;
        let last = &losses[steps - (steps / 5).max(1)..];
        println!("loss {}", last.iter().sum::<f32>() / last.len() as f32);
        println!("accuracy {}", participant.accuracy(tests));
    }
    if seconds > Duration::ZERO {
        for _ in 0..20 {
            participant.step()?;
        }
        let (start, mut done) = (Instant::now(), 0);
        while start.elapsed() < seconds {
            participant.step()?;
            done += batch_size;
        }
        println!("images_per_second {}", done as f64 / start.elapsed().as_secs_f64());
    }
    Ok(())
}
